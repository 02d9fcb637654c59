# SPDX-License-Identifier: MIT
"""speedscope.py IMPORTED JSON [timeline]
speedscope.py shown PAGE JSON

Compares what speedscope's importer made of a file (tests/lib/speedscope.js) with the same profile as
JSON: every thread, every stack, every nanosecond; of threads with a timeline, their states. Or its page's
table of functions, as text: how many profiles it offers, and what it says of the ten functions with most
time of their own. Says what differs, and then exits 1.
"""
import collections
import json
import re
import sys


def check(what, have, want):
    if have != want:
        sys.exit(f"{what}: {have!r:.600}, not {want!r:.600}")


def stack_of(profile, sample):
    """Frames as (name, file, first line) from the root on; below them, off a CPU, why."""
    frames, at = [], sample["stack"]
    while at:
        frame = profile["frames"][profile["stacks"][at]["frame"]]
        function = (frame["name"], frame["file"])
        frames.append(function + (profile["first line"][function],))
        at = profile["stacks"][at]["parent"]
    frames = frames[::-1] or [("[no stack]", None, None)]
    if sample["state"] == "runq":
        frames.append(("[run queue]", None, None))
    elif sample["state"] == "off":
        reason = sample["reason"]
        frames.append((f"[blocked: {reason}]" if reason else "[blocked]", None, None))
    return frames


def compare(what, imported, profile, samples):
    weights, self_ns, total_ns = (collections.Counter() for _ in range(3))
    for sample in samples:
        stack = stack_of(profile, sample)
        weights[tuple(name for name, _, _ in stack)] += sample["ns"]
        self_ns[stack[-1]] += sample["ns"]
        for frame in set(stack):
            total_ns[frame] += sample["ns"]
    have = collections.Counter()
    for stack in imported["stacks"]:
        have[tuple(stack["stack"])] += stack["weight"]
    check(f"{what}: total", imported["total"], sum(s["ns"] for s in samples))
    check(f"{what}: unit", imported["unit"], "nanoseconds")
    if have != +weights:
        odd = [(k, have[k], weights[k]) for k in set(have) | set(weights) if have[k] != weights[k]]
        sys.exit(f"{what}: {len(odd)} stacks differ, as {odd[0]!r:.600}")
    frames = {(f["name"], f.get("file"), f.get("line")): (f["self"], f["total"])
              for f in imported["frames"]}
    check(f"{what}: frames", frames, {f: (self_ns[f], total_ns[f]) for f in +total_ns})


def compare_timeline(what, imported, profile, thread):
    """Of a timeline the states' sums are the thread's; the track is as long as the window."""
    sums = collections.Counter()
    for stack in imported["stacks"]:
        leaf = stack["stack"][-1]
        state = "runq" if leaf == "[run queue]" else "off" if leaf.startswith("[blocked") else "on"
        sums[state] += stack["weight"]
    check(f"{what}: total", imported["total"], profile["window_ns"])
    check(f"{what}: sums", [sums[state] for state in ("on", "runq", "off")],
          [thread[f"{state}_ns"] for state in ("on", "runq", "off")])


def as_shown(ns):
    for unit, name in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= unit:
            return f"{ns / unit:.2f}{name}"
    return f"{ns:.2f}ns"


def shown(page_path, json_path):
    with open(page_path, encoding="utf-8") as file:
        page = file.read()
    with open(json_path, encoding="utf-8") as file:
        profile = json.load(file)
    profile["first line"] = collections.defaultdict(lambda: None)
    self_ns, total_ns = collections.Counter(), collections.Counter()
    for sample in profile["samples"]:
        stack = [(name, path) for name, path, _ in stack_of(profile, sample)]
        self_ns[stack[-1]] += sample["ns"]
        for frame in set(stack):
            total_ns[frame] += sample["ns"]
    threads = len({s["thread"] for s in profile["samples"]})
    wanted = [rf"all threads, wall clock \(1/{threads + 1}\)"]
    for frame, ns in (+self_ns).most_common(10):
        wanted.append(rf"{as_shown(total_ns[frame])} \([^)]*\) {as_shown(ns)} \([^)]*\) +"
                      + re.escape(frame[0]) + " ")
    for regex in wanted:
        if not re.search(regex, page):
            sys.exit(f"not shown: {regex}, in {page[40:800]}")


def main():
    if sys.argv[1] == "shown":
        return shown(*sys.argv[2:])
    with open(sys.argv[1], encoding="utf-8") as file:
        imported = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        profile = json.load(file)
    samples = profile["samples"]
    profile["first line"] = collections.defaultdict(lambda: None)
    for frame in sorted((f for f in profile["frames"] if f["line"]), key=lambda f: -f["line"]):
        profile["first line"][frame["name"], frame["file"]] = frame["line"]
    clocks = {3: "wall clock", 2: "off-CPU time", 1: "on-CPU time"}
    check("name", imported["name"], profile["target"])
    check("shown first", imported["indexToView"], 0)
    check("first", imported["profiles"][0]["name"],
          f"all threads, {clocks[len(profile['states'])]}")
    compare("all threads", imported["profiles"][0], profile, samples)

    threads = sorted((i for i in {s["thread"] for s in samples}),
                     key=lambda i: (-profile["threads"][i]["on_ns"],
                                    -profile["threads"][i]["runq_ns"], i))
    check("threads", [p["name"] for p in imported["profiles"][1:]],
          [f"{t['comm']}-{t['pid']}/{t['tid']}" for t in map(profile["threads"].__getitem__, threads)])
    for i, thread in zip(threads, imported["profiles"][1:]):
        if "timeline" in sys.argv[3:]:
            compare_timeline(thread["name"], thread, profile, profile["threads"][i])
        else:
            compare(thread["name"], thread, profile, [s for s in samples if s["thread"] == i])


main()
