# SPDX-License-Identifier: MIT
"""What became of names that try to be something else (tests/html/pages.c, names-when.*).

    hostile.py json JSON            each kind of name is there, in each place that holds names
    hostile.py folded FOLDED JSON   every line is as JSON says
    hostile.py chrome TRACE JSON    every name is a process, a thread, a reason and a frame
    hostile.py text FILE...         UTF-8 in which nothing steers a terminal
    hostile.py report TXT JSON      and each name is there, from its beginning on
    hostile.py captured JSON        the names that tests/cli/hostile.sh gives to a program of its own

Says what is not so, and then exits 1.
"""
import collections
import json
import re
import sys

KINDS = {
    "</script>": lambda name: "</script>" in name,
    "quotes": lambda name: '"' in name and "'" in name,
    ";": lambda name: ";" in name,
    "newlines": lambda name: "\n" in name and "\r" in name,
    "escape sequences": lambda name: "\x1b" in name,
    "invalid UTF-8": lambda name: "\ufffd" in name,
    "10 000 characters": lambda name: len(name) == 10000,
    "right to left": lambda name: "\u202e" in name and "\u05e9" in name,
    "a blank": lambda name: name == " ",
    "a property of JavaScript": lambda name: name == "__proto__",
}


def check(what, have, want):
    if have != want:
        sys.exit(f"{what}: {have!r:.600}, not {want!r:.600}")


def load(path):
    with open(path, "rb") as file:
        return json.loads(file.read().decode("utf-8"))  # strict


def harmless(name):
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", name)


def names_of(profile):
    return [thread["comm"] for thread in profile["threads"]]


def check_json(path):
    profile = load(path)
    names = set(names_of(profile))
    check("kinds", [kind for kind, is_so in KINDS.items() if not any(map(is_so, names))], [])
    places = {
        "processes": [process["comm"] for process in profile["processes"]],
        "programs": [process["exe"] for process in profile["processes"]],
        "mapped files": [image["path"] for image in profile["images"]],
        "functions": [frame["name"] for frame in profile["frames"]],
        "functions' files": [frame["image"] for frame in profile["frames"]],
        "source files": [frame["file"] for frame in profile["frames"]],
        "reasons": [sample["reason"] for sample in profile["samples"]],
        "reasons in time": [interval["reason"] for interval in profile["intervals"]],
    }
    for place, have in places.items():
        check(place, names - set(have), set())


def check_folded(path, json_path):
    profile = load(json_path)
    want = collections.Counter()
    for sample in profile["samples"]:
        frames, at = [], sample["stack"]
        while at:
            frames.append(profile["frames"][profile["stacks"][at]["frame"]]["name"])
            at = profile["stacks"][at]["parent"]
        root = profile["threads"][sample["thread"]]["comm"]
        line = ";".join(harmless(name).replace(";", ":") for name in [root] + frames[::-1])
        state = {"on": "c", "runq": "r", "off": "o"}[sample["state"]]
        want[f"{line}_[{state}]"] += sample["ns"]
    with open(path, encoding="utf-8", newline="\n") as file:
        have = dict(line.rstrip("\n").rsplit(" ", 1) for line in file)
    check("lines", {line: int(us) * 1000 for line, us in have.items()}, dict(want))


def check_chrome(path, json_path):
    names = set(names_of(load(json_path)))
    events = load(path)["traceEvents"]
    have = collections.defaultdict(set)
    for event in events:
        if event["ph"] == "M":
            have[event["name"]].add(event["args"].get("name"))
        if event["ph"] == "E":
            have["reason"].add(event["cat"])
            have["frame"].add(event["args"]["stack"].split(";")[-1])
    for place in ("process_name", "thread_name", "reason"):
        check(place, names - have[place], set())
    check("frames", {name.replace(";", ":") for name in names} - have["frame"], set())


def check_text(*paths):
    for path in paths:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
        check(path, re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), [])


def check_report(path, json_path):
    check_text(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check("names", [name[:40] for name in names_of(load(json_path)) if harmless(name)[:12] not in text], [])


def check_captured(path):
    """A line's end in a mapped file's name is what /proc/PID/maps has for it."""
    profile = load(path)
    frames = {(frame["name"], frame["image"], frame["file"]) for frame in profile["frames"]}
    image = [i["path"] for i in profile["images"]
             if (i["path"] or "").endswith('/<script>;"\\012\x1b[31m\ufffd\u202e/viewed')]
    check("mapped files", len(image), 1)
    for name in ("</script>" + "x" * 9991, 'a;b\n"\'\x1b[31m\ufffd'):
        check(name[:20], {frame[1] for frame in frames if frame[0] == name}, set(image))
    files = {frame[2] for frame in frames if frame[2] and frame[2].endswith('a"; <script>\n.c')}
    check("source files", len(files), 1)
    check("programs", {process["exe"] for process in profile["processes"]}, set(image))


command, paths = sys.argv[1], sys.argv[2:]
{"json": check_json, "folded": check_folded, "chrome": check_chrome, "text": check_text,
 "report": check_report, "captured": check_captured}[command](*paths)
