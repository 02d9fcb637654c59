#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a picture of `--output svg` says, read by other means than its own script.

read_svg.py PICTURE FOLDED [AFTER]: the picture is well-formed XML that can reach nothing and run nothing
but its own script; its stacks are those of the folded file, to the microsecond; each frame that is drawn
lies where it should, with the time and the colour that the folded file gives it; and it is at most three
times as large, and 100 kB. With AFTER it is the difference of two. Ends with 0, or with the first thing
that is not so.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
OURS = "{urn:systemscope:svg:1}"
STATES = ["c", "r", "o"]
COLOURS = [(226, 83, 65), (253, 206, 84), (120, 172, 232)]
LESS, SAME, MORE = (120, 172, 232), (226, 226, 222), (226, 106, 40)
ELEMENTS = {"svg", "title", "style", "rect", "g", "text", "tspan", "metadata", "script"}
WIDTH, MARGIN, ROW = 1180, 10, 18


def need(condition, why):
    if not condition:
        sys.exit(why)


def check_reach(root, text):
    """No element that could fetch or run anything is there, and no attribute."""
    scripts = 0
    for element in root.iter():
        if element.tag.startswith(OURS):
            continue
        name = element.tag.replace(SVG, "")
        need(name in ELEMENTS, f"an element {name}")
        scripts += name == "script"
        for attribute in element.attrib:
            need(not re.match(r"(?i)on|.*href|src|style$|.*}", attribute), f"an attribute {attribute}")
    need(scripts == 1, f"{scripts} scripts")
    without = text.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xhtml", "")
    style_and_script = re.sub(r"<metadata>.*</metadata>|<text.*?</text>|<title>.*?</title>", "", without,
                              flags=re.S)
    for word in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttp", "innerHTML", "eval("):
        need(word not in style_and_script, f"{word} in what is not data")


def read_folded(path):
    """{frames: [on, runq, off]}, with what XML cannot say as XML says it"""
    stacks = {}
    for line in open(path, encoding="utf-8", newline="\n"):
        names, us = re.sub("[\ufffe\uffff]", "\ufffd", line.rstrip("\n")).rsplit(" ", 1)
        match = re.fullmatch(r"(.*)_\[([cro])\]", names, re.S)
        times = stacks.setdefault(tuple(match[1].split(";")), [0, 0, 0])
        times[STATES.index(match[2])] += int(us)
    return stacks


def section(profile, tag, idle=None):
    return "".join(e.text or "" for e in profile.iter(OURS + tag)
                   if idle is None or (e.get("idle") is not None) == idle)


def read_stacks(profile, names, idle, columns):
    """[(frames, times)], in the file's order"""
    stacks, last = [], []
    for line in section(profile, "stacks", idle).splitlines():
        path, times = line.split("/")
        kept, *more = [int(number) for number in path.split()]
        last = last[:kept] + [names[number] for number in more]
        times = [int(us or 0) for us in times.split(",")]
        need(len(times) <= columns and sum(times) > 0, f"times in {line!r}")
        stacks.append((tuple(last), times + [0] * (columns - len(times))))
    return stacks


def added(stacks, columns):
    total = {}
    for path, times in stacks:
        sums = total.setdefault(path, [0] * columns)
        for i, us in enumerate(times):
            sums[i] += us
    return total


def make_tree(stacks, columns, weigh):
    """Each frame by its depth and left edge: (name, times, weight)"""
    frames, edge = {}, {}
    x = 0
    for path, times in sorted(stacks):
        for depth in range(len(path) + 1):
            node = path[:depth]
            if node not in frames:
                edge[node] = x
                frames[node] = [0] * columns
            for i, us in enumerate(times):
                frames[node][i] += us
        x += weigh(times)
    return {node: (edge[node], weigh(times), times) for node, times in frames.items()}


def mixed(colours, parts):
    return "#" + "".join(f"{(sum(c[i] * p for c, p in zip(colours, parts)) + 5) // 10:02x}" for i in range(3))


def steps(part, whole):
    return int(part / whole * 10 + 0.5) if whole else 0


def colour(times, weights):
    if len(times) == 6:
        before, after = sum(times[:3]) * weights[0], sum(times[3:]) * weights[1]
        part = steps(abs(after - before), after + before)
        return mixed([MORE if after > before else LESS, SAME], [part, 10 - part])
    on = steps(times[0], sum(times))
    runq = min(steps(times[1], sum(times)), 10 - on)
    return mixed(COLOURS, [on, runq, 10 - on - runq])


def check_drawn(root, names, tree, weights):
    total = tree[()][1]
    height = int(root.get("height"))
    places = {}
    for path, (x, weight, times) in tree.items():
        left = MARGIN + x / total * WIDTH
        places.setdefault((len(path), path[-1] if path else None, tuple(times)), []).append(
            (left, weight / total * WIDTH))
    rects = [e for e in root.iter(SVG + "rect") if e.get("data-us")]
    need(rects, "nothing is drawn")
    bottom = max(float(e.get("y")) for e in rects)
    need(bottom < height, "the lowest frame is outside")
    for rect in rects:
        depth = round((bottom - float(rect.get("y"))) / ROW)
        times = tuple(int(us) for us in rect.get("data-us").split(","))
        name = names[int(rect.get("data-name"))] if rect.get("data-name") else None
        found = places.get((depth, name, times))
        need(found, f"no such frame: {name!r} at depth {depth} with {times}")
        x, width = float(rect.get("x")), float(rect.get("width"))
        need(any(abs(x - left) < 0.02 and abs(width - wide) < 0.52 for left, wide in found),
             f"{name!r} is at {x}, {width} wide, not at {found}")
        need(rect.get("fill") == colour(times, weights), f"{name!r} is {rect.get('fill')}")
    widest = sorted((weight / total * WIDTH for _, weight, _ in tree.values()), reverse=True)
    need(len(rects) >= min(300, sum(width >= 1 for width in widest)), f"only {len(rects)} frames are drawn")


def main():
    picture, *folded = sys.argv[1:]
    text = open(picture, encoding="utf-8", newline="\n").read()
    root = ElementTree.fromstring(text)
    check_reach(root, text)
    profile = root.find(SVG + "metadata")[0]
    names = [line.split("\t")[0] for line in section(profile, "names").split("\n")[:-1]]
    paths = section(profile, "paths").split("\n")[:-1]
    for line in section(profile, "names").split("\n")[:-1]:
        _, kind, *places = line.split("\t")
        need(kind in "tukl", f"kind {kind}")
        for place in places[:2]:
            need(not place or int(place.rstrip("+")) <= len(paths), f"no path {place}")
    columns = 3 * len(folded)
    weights = [1]
    if len(folded) == 2:
        weights = [1e9 / int(profile.get(key)) for key in ("window-ns", "window-after-ns")]
    active = read_stacks(profile, names, False, columns)
    idle = read_stacks(profile, names, True, columns)
    need(len(active) + len(idle) == int(profile.get("stacks")), "the number of stacks")
    need(sum(len(path) for path, _ in active + idle) == int(profile.get("frames")), "the number of frames")

    have, size = added(active + idle, columns), 0
    for i, path in enumerate(folded):
        want = read_folded(path)
        side = {stack: times[3 * i:3 * i + 3] for stack, times in have.items() if any(times[3 * i:3 * i + 3])}
        need(side == want, f"the stacks are not those of {path}: " +
             str([(s, side.get(s), want.get(s)) for s in {**side, **want} if side.get(s) != want.get(s)][:1]))
        size += len(open(path, "rb").read())
    need(len(text.encode()) <= 3 * size + 100_000, f"{len(text.encode())} bytes for {size} of the folded file")
    if have:
        shown = active or idle
        weigh = lambda times: sum(sum(times[3 * i:3 * i + 3]) * w for i, w in enumerate(weights))
        check_drawn(root, names, make_tree(shown, columns, weigh), weights)


main()
