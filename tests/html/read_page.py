#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a page of `--output html` says, read by other means than its own script.

read_page.py PAGE JSON [FOLDED]: the page is one file that can reach nothing and run nothing but its
own, and its data are the JSON exporter's to the nanosecond. Ends with 0, or with the first thing that
is not so. With FOLDED, also that the page is at most three times as large, and 100 kB.
"""
import base64
import collections
import hashlib
import json
import re
import sys

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
VALUE = {digit: value for value, digit in enumerate(DIGITS)}
KINDS = ["user", "kernel", "label"]
COLOURS = [[226, 83, 65], [253, 206, 84], [120, 172, 232]]  # as those of pictures
STATES = ["on", "runq", "off"]


def fail(why):
    sys.exit(why)


def need(condition, why):
    if not condition:
        fail(why)


class Numbers:
    def __init__(self, text):
        self.text, self.at = text, 0

    def more(self):
        return self.at < len(self.text)

    def next(self):
        value = shift = 0
        while True:
            digit = VALUE[self.text[self.at]]
            self.at += 1
            value |= (digit & 31) << shift
            if digit < 32:
                return value
            shift += 5

    def signed(self):
        value = self.next()
        return -(value + 1) // 2 if value & 1 else value // 2

    def rows(self, columns):
        rows = []
        while self.more():
            rows.append([self.next() for _ in range(columns)])
        return rows


def check_policy(page):
    """Nothing runs but scripts with their hashes in the policy; nothing is fetched."""
    policies = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    need(len(policies) == 1, f"{len(policies)} policies")
    rules = dict(rule.strip().split(" ", 1) for rule in policies[0].split(";"))
    need(rules["default-src"] == "'none'", "default-src is not 'none'")
    for name in ["base-uri", "form-action"]:
        need(rules[name] == "'none'", f"{name} is not 'none'")
    need(set(rules) <= {"default-src", "base-uri", "form-action", "style-src", "script-src",
                        "require-trusted-types-for"}, f"rules are {sorted(rules)}")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    need(scripts and len(styles) == 1, "no scripts, or not one style")
    for rule, texts in [("script-src", scripts), ("style-src", styles)]:
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        hashes = ["'sha256-" + base64.b64encode(digest).decode() + "'" for digest in digests]
        need(rules[rule].split() == hashes, f"{rule} are not the hashes of what is there")
    need(page.index("Content-Security-Policy") < page.index("<script"), "scripts before the policy")
    tags = re.findall(r"<script\b[^>]*>", page, re.I)
    need(tags == ['<script type="application/json" id="profile">'] + ["<script>"] * len(scripts),
         f"other scripts: {tags}")
    markup = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", page, flags=re.S)
    need(not re.search(r"\b(src|href|action|data|poster|srcset|on[a-z]+)\s*=", markup, re.I),
         "an element that fetches, or that runs what an attribute says")
    for text in scripts + styles:
        found = re.search(r"https?:|//[a-z]+\.[a-z]|innerHTML|outerHTML|insertAdjacentHTML|"
                          r"document\.write|\beval\b|new Function|fetch\(|XMLHttpRequest|WebSocket|"
                          r"\bimport\b|@import|url\(", text)
        need(not found, f"a script or a style says {found and found.group()}")


def read_data(page):
    block = re.search(r'<script type="application/json" id="profile">(.*?)</script>', page, re.S).group(1)
    need("<" not in block, "the data block has a '<'")
    return json.loads(block)


def read_frames(data, strings):
    images = [strings[row[0]] for row in Numbers(data["images"]).rows(1)]
    functions = [(strings[name], images[flags >> 3], KINDS[flags & 3], bool(flags & 4))
                 for name, flags in Numbers(data["functions"]).rows(2)]
    rows = Numbers(data["frames"]).rows(3)
    need(len(set(map(tuple, rows))) == len(rows), "a frame is listed twice")
    return [functions[function] + (strings[place >> 1], line, bool(place & 1))
            for function, place, line in rows]


def read_samples(data, strings):
    """(thread, state, reason, node): (ns, count)."""
    numbers, sums = Numbers(data["samples"]), collections.Counter()
    while numbers.more():
        thread, state, reason, left = (numbers.next() for _ in range(4))
        node = 0
        for _ in range(left):
            node += numbers.signed()
            ns, count = numbers.next(), numbers.next()
            key = (thread, STATES[state], strings[reason] if state == 2 else None, node)
            sums[key] += ns
            sums[key + ("count",)] += count
    return sums


def check_threads(data, strings, want):
    processes = [(pid, strings[comm], strings[exe]) for pid, comm, exe in
                 Numbers(data["processes"]).rows(3)]
    need(processes == [(p["pid"], p["comm"], p["exe"] or "") for p in want["processes"]], "processes")
    numbers, threads = Numbers(data["threads"]), []
    while numbers.more():
        process, tid, comm, flags = (numbers.next() for _ in range(4))
        born = numbers.signed()
        alive, on, runq, off = (numbers.next() for _ in range(4))
        residual, switches = numbers.signed(), numbers.next()
        threads.append({
            "pid": processes[process][0], "tid": tid, "comm": strings[comm],
            "born_ns": born + want["start_mono_ns"], "alive_ns": alive, "on_ns": on,
            "runq_ns": runq, "off_ns": off, "residual_ns": residual, "switches": switches,
            "kernel_thread": bool(flags & 1), "never_ran": bool(flags & 2),
            "estimated": bool(flags & 4)})
    for index, (have, wanted) in enumerate(zip(threads, want["threads"])):
        need(have == wanted, f"thread {index} is {have}, not {wanted}")
    need(len(threads) == len(want["threads"]), f"{len(threads)} threads")


def check_samples(data, strings, want):
    """Every sum by thread, state, reason and what the stack reads as: a number, the same in both."""
    frames, nodes, readings = read_frames(data, strings), [0], {}
    for back, frame in Numbers(data["stacks"]).rows(2):
        reading = (nodes[len(nodes) - back], frames[frame])
        nodes.append(readings.setdefault(reading, len(readings) + 1))
    need(len(set(nodes)) == len(nodes), "a stack is listed twice")
    have = collections.Counter()
    for (thread, state, reason, node, *what), value in read_samples(data, strings).items():
        have[(thread, state, reason, nodes[node], *what)] += value

    stacks = [0]
    for stack in want["stacks"][1:]:
        frame = want["frames"][stack["frame"]]
        reading = (stacks[stack["parent"]], (
            frame["name"], frame["image"] or "", frame["kind"], frame["named"], frame["file"] or "",
            frame["line"] or 0, frame["inlined"]))
        stacks.append(readings.setdefault(reading, len(readings) + 1))
    wanted = collections.Counter()
    for sample in want["samples"]:
        reason = (sample["reason"] or "") if sample["state"] == "off" else None
        key = (sample["thread"], sample["state"], reason, stacks[sample["stack"]])
        wanted[key] += sample["ns"]
        wanted[key + ("count",)] += sample["count"]
    for key in set(have) | set(wanted):
        need(have[key] == wanted[key], f"{key}: {have[key]}, not {wanted[key]}")


def check_intervals(data, want):
    """Of a thread: in order, apart, and in each state as long as its samples say."""
    sums, numbers = collections.Counter(), Numbers(data["intervals"])
    while numbers.more():
        thread, left = numbers.next(), numbers.next()
        end = 0
        for _ in range(left):
            gap, ns, what, _ = numbers.next(), numbers.next(), numbers.next(), numbers.signed()
            end += gap + ns
            sums[(thread, STATES[what % 3])] += ns
        need(end <= data["window_ns"], f"thread {thread} ends at {end} ns")
    for index, thread in enumerate(want["threads"]):
        for state in STATES:
            need(sums[(index, state)] == thread[state + "_ns"], f"intervals of thread {index}, {state}")


def main():
    page_bytes = open(sys.argv[1], "rb").read()
    page = page_bytes.decode("utf-8")
    want = json.load(open(sys.argv[2], encoding="utf-8"))
    check_policy(page)
    data = read_data(page)
    strings = data["strings"]
    need(data["schema"] == "systemscope-html/1", f"schema {data['schema']}")
    for key in ["version", "target", "window_ns", "frequency_hz", "cpus", "min_block_ns", "idle_ns"]:
        need(data[key] == want[key], f"{key} is {data[key]}, not {want[key]}")
    need(data["colours"] == COLOURS, f"colours {data['colours']}")
    check_threads(data, strings, want)
    check_samples(data, strings, want)
    if "intervals" in data:
        check_intervals(data, want)
    if len(sys.argv) > 3:
        limit = 3 * len(open(sys.argv[3], "rb").read()) + 100_000
        need(len(page_bytes) <= limit, f"{len(page_bytes)} bytes, more than {limit}")


main()
