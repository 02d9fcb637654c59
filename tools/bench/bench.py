# SPDX-License-Identifier: MIT
"""What the measuring scripts share: programs to measure, kernel statistics, medians, tables."""

import argparse
import atexit
import ctypes
import glob
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
SCOPE = os.environ.get("SYSTEMSCOPE", str(BUILD / "systemscope"))

_running = []


def need(*tools):
    """Ends with 77 where something needed to measure is missing, and says what."""
    for tool in tools:
        if not shutil.which(tool):
            print(f"{tool} is missing", file=sys.stderr)
            sys.exit(77)
    if os.geteuid() != 0:
        print("measuring needs root", file=sys.stderr)
        sys.exit(77)


def _end_all():
    for process in _running:
        if process.poll() is None:
            process.kill()
            process.wait()


atexit.register(_end_all)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _prepare_child():
    # a shell's job in the background ignores the signal by which tools are ended, and hands that on
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)


def start(*argv, **more):
    """A program that is ended with this one, whatever happens."""
    more.setdefault("stdout", subprocess.DEVNULL)
    more.setdefault("stderr", subprocess.DEVNULL)
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("preexec_fn", _prepare_child)
    process = subprocess.Popen([str(a) for a in argv], **more)
    _running.append(process)
    return process


def parts_argument(parser, names, text=None):
    """What is named on the command line, as `only`; `text`: the help, where names stand for more."""
    def part(name):
        if name not in names:
            raise argparse.ArgumentTypeError(f"unknown: {name}")
        return name
    parser.add_argument("only", nargs="*", type=part, help=text or "default: " + ", ".join(names))


def raise_limits():
    """As many threads and files as the machine allows."""
    for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
        most = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (most, most))


def end(process, how=signal.SIGINT):
    if process.poll() is None:
        process.send_signal(how)
    process.wait(timeout=300) # bpftrace names all stacks only then
    _running.remove(process)


def wait(process, seconds=600):
    """Until it has ended by itself, well."""
    process.wait(timeout=seconds)
    _running.remove(process)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, process.args))}: exit {process.returncode}")


def enable_statistics():
    """The kernel counts the runs and the time of BPF programs until the descriptor that this returns
    is closed, at the latest with this process.

    The descriptor does it, whatever kernel.bpf_stats_enabled says and others write there; nothing
    is left to restore.
    """
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    run_time = ctypes.c_uint32(0)
    bpf_enable_stats = 32
    fd = ctypes.CDLL(None, use_errno=True).syscall(
        number, bpf_enable_stats, ctypes.byref(run_time), ctypes.sizeof(run_time))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "BPF_ENABLE_STATS")
    return fd


def program_names():
    shown = subprocess.run(["bpftool", "-j", "prog", "show"], capture_output=True, check=True)
    return {p["id"]: p.get("name", "?") for p in json.loads(shown.stdout)}


def program_runs(pid):
    """{program id: (ns, runs)} of the BPF programs that process `pid` holds."""
    runs = {}
    folder = f"/proc/{pid}/fdinfo"
    for fd in os.listdir(folder):
        try:
            text = pathlib.Path(folder, fd).read_text()
        except FileNotFoundError:
            continue
        info = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if "run_time_ns" in info:
            runs[int(info["prog_id"])] = (int(info["run_time_ns"]), int(info["run_cnt"]))
    return runs


def await_programs(process):
    """Waits until a tool's programs run, and a moment more: armed, first stacks seen."""
    end_at = time.monotonic() + 30
    while not any(count for _, count in program_runs(process.pid).values()):
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(process.args)}: exit {process.returncode}")
        if time.monotonic() > end_at:
            raise RuntimeError(f"{' '.join(process.args)}: no program of it runs")
        time.sleep(0.05)
    time.sleep(1)


def runs_between(before, after):
    """{name: (ns, runs)} between two looks."""
    names = program_names()
    between = {}
    for program, (ns, count) in after.items():
        ns0, count0 = before.get(program, (0, 0))
        name = names.get(program, str(program))
        have = between.get(name, (0, 0))
        between[name] = (have[0] + ns - ns0, have[1] + count - count0)
    return between


def switches(pid):
    """How often the threads of process `pid` were switched out."""
    count = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        try:
            text = pathlib.Path(path).read_text()
        except OSError:
            continue
        count += sum(int(n) for n in re.findall(r"ctxt_switches:\t(\d+)", text))
    return count


def cpu_s(pid):
    """CPU time of a process, also of its threads that ended and of children that it waited for."""
    own = time.clock_gettime(~pid << 3 | 2)  # CPUCLOCK_SCHED, include/linux/posix-timers.h
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return own + (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


class Stalled(Exception):
    """The work stands still."""


def let_work(count, seconds, least=1000):
    """Waits until count() has grown by `least`, for that long at the least: others may have the CPU.
    Returns by how much it grew, and how long that took."""
    before, begun = count(), time.monotonic()
    time.sleep(seconds)
    while count() - before < least:
        if time.monotonic() > begun + seconds + 30:
            raise Stalled(f"{count() - before} of {least} were done in {seconds + 30} s")
        time.sleep(0.1)
    return count() - before, time.monotonic() - begun


def look(tool_argv, count, seconds, settle_s=0):
    """Runs a tool and, when it has run for a while, measures for some seconds: (runs by program, by how
    much count() grew, s). Where there is nothing to count, `count` is None."""
    tool = start(*tool_argv)
    try:
        await_programs(tool)
        time.sleep(settle_s)
        before = program_runs(tool.pid)
        counted, took = let_work(count or time.monotonic_ns, seconds)
        runs = runs_between(before, program_runs(tool.pid))
    finally:
        end(tool)
    return runs, counted, took


def best_slice(tool_argv, cost, count, seconds, slice_s=0.05):
    """Runs a tool for some seconds, and returns the least cost(runs by program, by how much count()
    grew) of a short time: that in which others disturbed least. A cost may be None: not to be had."""
    tool = start(*tool_argv)
    costs, end_at = [], None
    try:
        await_programs(tool)
        names, before, counted = program_names(), program_runs(tool.pid), count()
        end_at = time.monotonic() + seconds
        while time.monotonic() < end_at or (not costs and time.monotonic() < end_at + 30):
            time.sleep(slice_s)
            after, now = program_runs(tool.pid), count()
            runs = {names[program]: (after[program][0] - ns, after[program][1] - runs)
                    for program, (ns, runs) in before.items()}
            found = cost(runs, now - counted)
            costs += [] if found is None else [found]
            before, counted = after, now
    finally:
        end(tool)
    if not costs:
        raise Stalled(f"{tool_argv[0]} has nothing to measure in {seconds + 30} s")
    return min(costs)


def scope_argv(*options, output="folded:/dev/null"):
    """Profiles until it is interrupted; for nobody, if no output is named."""
    return (SCOPE, "profile", "-q", "-d", "0", "-o", output, *options)


class Workload:
    """One of tests/workloads, with the facts it writes."""

    def __init__(self, name, **options):
        handle, self.facts_path = tempfile.mkstemp(prefix="bench-", suffix=".facts")
        os.close(handle)
        atexit.register(lambda: pathlib.Path(self.facts_path).unlink(missing_ok=True))
        argv = [BUILD / "workloads" / name, "--facts", self.facts_path]
        for option, value in options.items():
            argv += ["--" + option, value]
        self.process = start(*argv)

    def facts(self, kind):
        rows = []
        for line in pathlib.Path(self.facts_path).read_text().splitlines():
            words = line.split()
            if words and words[0] == kind:
                rows.append(dict(w.split("=", 1) for w in words[1:]))
        return rows

    def await_facts(self, kind, count=1, seconds=60):
        end_at = time.monotonic() + seconds
        ready = False
        while not ready:
            if time.monotonic() > end_at or self.process.poll():
                raise RuntimeError(f"{self.process.args[0]} does not get to '{kind}'")
            lines = pathlib.Path(self.facts_path).read_text().splitlines()
            ready = sum(line.split()[0] == kind for line in lines if line) >= count
            time.sleep(0.05)
        return self.facts(kind)

    def end(self):
        end(self.process, signal.SIGKILL)


def profile(*options, during=None, seconds=600):
    """Runs systemscope with `options`; returns its JSON. `during` is called once it has armed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = os.path.join(folder, "profile.json")
        process = start(SCOPE, *options[:1], "-q", "-o", path, *options[1:])
        if during:
            during(process)
            end(process)
        else:
            wait(process, seconds)
        if not os.path.exists(path):
            raise RuntimeError(f"{' '.join(map(str, process.args))}: exit {process.returncode}")
        with open(path, "rb") as file:
            return json.load(file)


def read_large(path):
    """systemscope's JSON, which has one object a line, of too many samples to keep: without its
    stacks, and in the place of its samples {state: {"ns", "count", "stacks": how many}}."""
    sample = re.compile(r'"state":"(\w+)",.*"stack":(\d+),"ns":(\d+),"count":(\d+)')
    kept, section = [], None
    samples = {state: {"ns": 0, "count": 0, "stacks": set()} for state in ("on", "runq", "off")}
    with open(path) as file:
        for line in file:
            if line[0] in '"]}':
                section = line
            if section == '"stacks":[\n' and line[0] == "{":
                continue
            if section == '"samples":[\n' and line[0] == "{":
                state, stack, ns, count = sample.search(line).groups()
                of_state = samples[state]
                of_state["stacks"].add(stack)
                of_state["ns"] += int(ns)
                of_state["count"] += int(count)
                continue
            kept.append(line)
    for of_state in samples.values():
        of_state["stacks"] = len(of_state["stacks"])
    return json.loads("".join(kept)) | {"samples": samples}


def stolen_s():
    """What a hypervisor took from all CPUs since boot: the scheduler leaves it out of CPU time."""
    return int(open("/proc/stat").readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def summed_up(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "runs": values}


# Student's t for two-sided 95 % by degrees of freedom, from 1 on.
STUDENT = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
           2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
           2.052, 2.048, 2.045, 2.042)


def interval_95(values):
    """Of the mean."""
    half = (STUDENT[min(len(values) - 1, len(STUDENT)) - 1] * statistics.stdev(values)
            / len(values) ** 0.5)
    return statistics.mean(values) - half, statistics.mean(values) + half


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line]
    return {"kernel": os.uname().release, "machine": os.uname().machine, "cpus": os.cpu_count(),
            "cpu": model[0] if model else "?",
            "pmu": any(pathlib.Path("/sys/bus/event_source/devices").glob("cpu*")),
            "load": os.getloadavg()[0]}


class Report:
    """What a script measures: printed at once and, in the end, written as JSON to $BUILD/bench, of
    which tools/bench/table makes the tables of the documents. Bounds are met by medians."""

    def __init__(self, name, title):
        self.name, self.title, self.sections, self.details = name, title, [], {}

    def section(self, title):
        self.sections.append({"title": title, "rows": []})
        print(f"-- {title}", flush=True)

    def row(self, what, values, unit, digits=0, at_most=None, at_least=None, with_interval=False,
            column=None):
        """`values`: of all runs. A bound is told in a line of its own. With `column` the row is one of
        several figures of the same thing."""
        row = {"what": what, "column": column, "unit": unit, "digits": digits, **summed_up(values)}
        low, high = f"{row['min']:.{digits}f}", f"{row['max']:.{digits}f}"
        name = f"{what}: {column}" if column else what
        line = f"{name:<52} {row['median']:>10.{digits}f} {unit:<4} {low:>10} .. {high:<10}"
        if with_interval and len(values) >= 5:  # of fewer it says nothing
            row["interval"] = interval_95(values)
            line += " mean, 95 %: {:.{d}f} .. {:.{d}f}".format(*row["interval"], d=digits)
        print(line.rstrip(), flush=True)
        for sign, bound in (("<=", at_most), (">=", at_least)):
            if bound is not None:
                holds = row["median"] <= bound if sign == "<=" else row["median"] >= bound
                row |= {"sign": sign, "bound": bound, "holds": holds}
                print(f"  bound {sign} {f'{bound:g} {unit}'.rstrip()}, measured "
                      f"{row['median']:.{digits + 1}f}: {'holds' if holds else 'FAILS'}", flush=True)
        self.sections[-1]["rows"].append(row)

    def failed(self):
        return [row for section in self.sections for row in section["rows"]
                if not row.get("holds", True)]

    def write(self):
        """Returns what the script ends with: 1 where a bound does not hold."""
        path = BUILD / "bench" / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), "date": time.strftime("%Y-%m-%d"),
                                    "argv": sys.argv[1:], "title": self.title,
                                    "sections": self.sections, **self.details}, indent=1) + "\n")
        print(f"written to {path}")
        return 1 if self.failed() else 0
