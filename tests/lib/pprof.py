# SPDX-License-Identifier: MIT
"""What readers of profile.proto found in a profile, against the same profile as JSON.

    pprof.py same DECODED JSON      all of what `protoc --decode` printed: samples, stacks, mappings
    pprof.py sums RAW JSON...       the sums of what `go tool pprof -raw` printed; of several: their sum
    pprof.py difference RAW BASE JSON   the same of what -base printed
    pprof.py reports TOP TRACES TAGS LIST JSON  what -top, -traces, -tags and -list printed with -unit=ns:
                                    times of functions, stacks, threads, states, reasons

Says what differs, and then exits 1.
"""
import ast
import collections
import json
import re
import sys

TYPES = [("samples", "count"), ("cpu", "nanoseconds"), ("off_cpu", "nanoseconds"),
         ("run_queue", "nanoseconds"), ("wall", "nanoseconds")]
VALUE = {"on": 1, "off": 2, "runq": 3}  # by state: where in a sample its time is


def parse(lines):
    """A message in protobuf's text format: {key: [value]}, each value a number, a text, a message."""
    message = collections.defaultdict(list)
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith("{"):
            message[line[:-1].strip()].append(parse(lines))
            continue
        key, value = line.split(": ", 1)
        if value.startswith('"'):
            value = ast.literal_eval("b" + value).decode()  # must be UTF-8
        elif value in ("true", "false"):
            value = value == "true"
        else:
            value = int(value)
        message[key].append(value)
    return message


def one(message, key, default=0):
    return message[key][0] if message[key] else default


def harmless(name):
    """A name as every format but JSON shows it: nothing in it steers a terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", name or "") or "?"


class Decoded:
    def __init__(self, path):
        with open(path, encoding="utf-8") as lines:
            self.profile = parse(lines)
        self.strings = self.profile["string_table"]
        self.functions = {one(f, "id"): f for f in self.profile["function"]}
        self.mappings = {one(m, "id"): m for m in self.profile["mapping"]}
        self.locations = {one(l, "id"): l for l in self.profile["location"]}

    def string(self, index):
        return self.strings[index]

    def frames(self, location):
        """(name, file, line, address, mapping's file, its build-id), innermost first."""
        mapping = self.mappings.get(one(location, "mapping_id"))
        where = ("", "")
        if mapping:
            where = (self.string(one(mapping, "filename")), self.string(one(mapping, "build_id")))
        for line in location["line"]:
            function = self.functions[one(line, "function_id")]
            yield (self.string(one(function, "name")), self.string(one(function, "filename")),
                   one(line, "line"), one(location, "address")) + where

    def samples(self):
        for sample in self.profile["sample"]:
            labels = {}
            for label in sample["label"]:
                text = self.string(one(label, "str")) if label["str"] else one(label, "num")
                labels[self.string(one(label, "key"))] = text
            stack = tuple(tuple(self.frames(self.locations[id])) for id in sample["location_id"])
            yield (tuple(sorted(labels.items())), stack, tuple(sample["value"]))


def expected_frame(profile, builds, frame):
    image = frame["image"] or ""
    shown = "[kernel.kallsyms]" if image == "[kernel]" else harmless(image) if image else ""
    return (harmless(frame["name"]), harmless(frame["file"]) if frame["file"] else "",
            frame["line"] or 0, 0 if frame["kind"] == "label" else frame["offset"], shown,
            builds.get(image, ""))


def expected_samples(profile):
    builds = {i["path"]: harmless(i["build_id"]) for i in profile["images"] if i["build_id"]}
    threads, processes = profile["threads"], {}
    for process in profile["processes"]:
        for i in range(process["first_thread"], process["first_thread"] + process["thread_count"]):
            processes[i] = process
    frames = [expected_frame(profile, builds, f) for f in profile["frames"]]
    for sample in profile["samples"]:
        stack, location, at = [], (), sample["stack"]
        while at:
            frame, parent = (profile["stacks"][at][key] for key in ("frame", "parent"))
            location += (frames[frame],)
            if not profile["frames"][frame]["inlined"] or not parent:
                stack.append(location)
                location = ()
            at = parent
        labels = {"pid": sample["pid"], "tid": sample["tid"], "state": sample["state"],
                  "process": harmless(processes[sample["thread"]]["comm"]),
                  "thread": harmless(threads[sample["thread"]]["comm"])}
        if sample["reason"]:
            labels["reason"] = harmless(sample["reason"])
        values = [sample["count"], 0, 0, 0, sample["ns"]]
        values[VALUE[sample["state"]]] = sample["ns"]
        yield (tuple(sorted(labels.items())), tuple(stack) or ((("[no stack]", "", 0, 0, "", ""),),),
               tuple(values))


def check(what, have, want):
    if have != want:
        sys.exit(f"{what}: {have!r:.600}, not {want!r:.600}")


def check_mappings(decoded, profile):
    seen = collections.defaultdict(list)
    for location in decoded.locations.values():
        seen[one(location, "mapping_id")] += [(location, f) for f in decoded.frames(location)]
    named = {(harmless(f["name"]), f["offset"]): f["named"] for f in profile["frames"]}
    for id, mapping in decoded.mappings.items():
        frames = [f for _, f in seen[id]]
        check("memory", (one(mapping, "memory_start"), one(mapping, "memory_limit"),
                         one(mapping, "file_offset")), (0, 2**64 - 1, 0))
        check(f"{mapping} has_functions", one(mapping, "has_functions", False),
              bool(frames) and all(named[f[0], f[3]] for f in frames))
        check(f"{mapping} has_filenames", one(mapping, "has_filenames", False),
              bool(frames) and all(f[1] for f in frames))
        check(f"{mapping} has_line_numbers", one(mapping, "has_line_numbers", False),
              bool(frames) and all(f[2] for f in frames))
        check(f"{mapping} has_inline_frames", one(mapping, "has_inline_frames", False),
              any(len(l["line"]) > 1 for l, _ in seen[id]))
    on = collections.Counter()
    for process in profile["processes"]:
        threads = profile["threads"][process["first_thread"]:][:process["thread_count"]]
        if process["exe"]:
            on[harmless(process["exe"])] = max(on[harmless(process["exe"])],
                                               sum(t["on_ns"] for t in threads))
    if on:
        first = decoded.string(one(decoded.profile["mapping"][0], "filename"))
        check("time of the first mapping's program", on[first], max(on.values()))


def same(decoded_path, json_path):
    decoded = Decoded(decoded_path)
    with open(json_path, encoding="utf-8") as file:
        profile = json.load(file)
    head = decoded.profile
    check("types", [(decoded.string(one(t, "type")), decoded.string(one(t, "unit")))
                    for t in head["sample_type"]], TYPES)
    check("default type", decoded.string(one(head, "default_sample_type")), "wall")
    period = one(head, "period_type", None)
    check("period", (decoded.string(one(period, "type")), decoded.string(one(period, "unit")),
                     one(head, "period")),
          ("cpu", "nanoseconds", 10**9 // profile["frequency_hz"] if profile["frequency_hz"] else 0))
    check("time", one(head, "time_nanos"), profile["start_realtime_ns"])
    check("duration", one(head, "duration_nanos"), profile["window_ns"])
    comments = [decoded.string(c) for c in head["comment"]]
    lost = [l for l in profile["losses"].values() if l["count"] or l["ns"]]
    told = [c for c in comments if re.match("(lost|mended): ", c)]
    check("losses in comments", sorted(tuple(map(int, re.findall(r"(\d+), (\d+) ns$", c)[0]))
                                       for c in told),
          sorted((l["count"], l["ns"]) for l in lost))
    have = collections.Counter(decoded.samples())
    want = collections.Counter(expected_samples(profile))
    # a label that is 0 is none to this format
    want = collections.Counter({(tuple(l for l in key[0] if l[1] != 0),) + key[1:]: count
                                for key, count in want.items()})
    have = collections.Counter({(tuple(l for l in key[0] if l[1] != 0),) + key[1:]: count
                                for key, count in have.items()})
    for name, missing in ("lacks", want - have), ("has besides", have - want):
        if missing:
            sys.exit(f"{name} {sum(missing.values())} samples, as {next(iter(missing))!r:.600}")
    check_mappings(decoded, profile)


def ledger(json_path):
    """The sums of all threads by the five types, counts apart."""
    with open(json_path, encoding="utf-8") as file:
        profile = json.load(file)
    sums = {state: sum(t[f"{state}_ns"] for t in profile["threads"]) if state in profile["states"]
            else 0 for state in VALUE}
    count = sum(s["count"] for s in profile["samples"])
    return [count, sums["on"], sums["off"], sums["runq"], sum(sums.values())]


def raw_sums(path):
    sums = [0] * len(TYPES)
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r"^\s*((?:-?\d+\s+){4}-?\d+): [\d ]+$", line)
            if match:
                sums = [a + int(b) for a, b in zip(sums, match.group(1).split())]
    return sums


def nanoseconds(path, regex):
    """What the regex finds in the file: ((nanoseconds, name))."""
    with open(path, encoding="utf-8") as file:
        return [(int(float(ns)), name) for ns, name in re.findall(regex, file.read(), re.MULTILINE)]


def self_times(profile):
    """By the name that pprof shows."""
    times = collections.Counter()
    for sample in profile["samples"]:
        frame = profile["stacks"][sample["stack"]]["frame"]
        times[harmless(profile["frames"][frame]["name"]) if frame else "[no stack]"] += sample["ns"]
    return +times


def reports(top, traces, tags, listed, json_path):
    with open(json_path, encoding="utf-8") as file:
        profile = json.load(file)
    wall = ledger(json_path)[-1]
    have = collections.Counter()
    share = r" +[\d.e-]+%"
    for ns, name in nanoseconds(top, rf"^ *(\d+)(?:ns)?{share}{share} +\d+(?:ns)?{share}  (.*)$"):
        have[re.sub(r" [(](?:partial-)?inline[)]$", "", name)] += ns
    have, want = +have, self_times(profile)
    check("-top", sorted((have - want).items()), sorted((want - have).items()))
    have = nanoseconds(traces, r"^ *(\d+)(?:ns)?   (.*)$")
    check("-traces", sum(ns for ns, _ in have), wall)
    want = {key: collections.Counter() for key in ("tid", "state", "reason")}
    for sample in profile["samples"]:
        for key in want:
            want[key][str(sample[key])] += sample["ns"]
    with open(tags, encoding="utf-8") as file:
        sections = dict(re.findall(r"^ *(\w+): Total [^\n]*\n(.*?)(?:\n\n|\Z)", file.read(),
                                   re.MULTILINE | re.DOTALL))
    for key, times in want.items():
        times.pop("None", None)
        have = {name: int(float(ns)) for ns, name in
                re.findall(r"^ *([\d.]+)(?:ns)? [(] *[\d.e-]+%[)]: (.*?)(?:ns)?$", sections[key],
                           re.MULTILINE)}
        check(f"-tags, {key}", have, dict(+times))
    check("-list", [ns for ns, _ in nanoseconds(listed, r"^Total: (\d+)ns()$")], [wall])
    with open(listed, encoding="utf-8") as file:
        routines = re.findall(r"^ROUTINE =+ (.*) in .*\n *(\d+)(?:ns)? ", file.read(), re.MULTILINE)
    for name, ns in routines:
        check(f"-list, {name}", int(ns), self_times(profile)[name])


def main():
    command, paths = sys.argv[1], sys.argv[2:]
    if command == "same":
        same(*paths)
    elif command == "sums":
        check("sums", raw_sums(paths[0]), [sum(s) for s in zip(*map(ledger, paths[1:]))])
    elif command == "reports":
        reports(*paths)
    else:
        check("sums", raw_sums(paths[0]),
              [b - a for a, b in zip(ledger(paths[1]), ledger(paths[2]))])


main()
