# SPDX-License-Identifier: MIT
"""What profilers are measured on. Each workload is a generator function that starts what it needs
and yields a Running; what it has started is ended when it is closed. WORKLOADS has some by name.

The servers are those of tools/whole-stacks, started by the same code.
"""

import contextlib
import pathlib
import sys
import tempfile
import time
import typing
import urllib.request

import bench

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "whole-stacks-loads"))

import loads  # noqa: E402


class Running(typing.NamedTuple):
    pids: list  # of the target
    others: list  # processes that belong to the work and not to the target
    work: typing.Callable  # work(seconds): how much was done in how many seconds
    unit: str
    options: tuple = ()  # of systemscope, beyond the pids

    def scope_options(self):
        return ("-p", ",".join(map(str, self.pids)), *self.options)

    def switches(self):
        return sum(bench.switches(pid) for pid in self.pids)

    def cpu_s(self):
        return sum(bench.cpu_s(pid) for pid in self.pids + self.others)


def counted(count, least=1000):
    """work() of what goes on by itself and can be asked how far it is."""
    return lambda seconds: bench.let_work(count, seconds, least)


def pipes(program="pingpong", both=False, **options):
    """The target is one of the two, or both."""
    workload = bench.Workload(program, seconds=3000, **options)
    try:
        pid, other = (int(p["pid"]) for p in workload.await_facts("process", 2))
        targets, others = ([pid, other], []) if both else ([pid], [other])
        yield Running(targets, others, counted(lambda: bench.switches(pid)), "switches")
    finally:
        workload.end()


def ring(threads=64, **options):
    workload = bench.Workload("ring", threads=threads, seconds=3000, **options)
    try:
        workload.await_facts("ready")
        pids = [int(p["pid"]) for p in workload.facts("process")]
        yield Running(pids, [], counted(lambda: sum(map(bench.switches, pids))), "switches")
    finally:
        workload.end()


def idle_threads(threads, busy=1):
    """Work is that of one busy thread beside them."""
    workload = bench.Workload("manythreads", threads=threads, busy=busy, seconds=3000)
    try:
        workload.await_facts("ready")
        pid = workload.process.pid

        def steps():
            text = pathlib.Path(f"/proc/{pid}/io").read_text()
            return int(text.split("syscw:")[1].split()[0])

        yield Running([pid], [], counted(steps), "steps")
    finally:
        workload.end()


@contextlib.contextmanager
def servers():
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        loads.adopt_orphans()
        run = loads.Run(folder)
        try:
            yield run
        finally:
            run.end()


def redis():
    with servers() as run:
        server, port = loads.redis_server(run, "--save", "")
        clients = loads.redis_clients(run, port, "get")

        def commands():
            with loads.socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"INFO stats\r\nQUIT\r\n")
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            return int(answer.split(b"total_commands_processed:")[1].split()[0])

        time.sleep(1)
        yield Running([server.pid], [clients.pid], counted(commands), "commands")


def nginx():
    with servers() as run:
        server, port, _ = loads.nginx_server(run)
        clients = run.start(loads.program("wrk"), "-t1", "-c32", "-d10h",
                            f"http://127.0.0.1:{port}/index.html")

        def requests():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status") as answer:
                return int(answer.read().split(b"requests\n")[1].split()[2])

        time.sleep(1)
        yield Running(loads.children_of(server.pid), [clients.pid], counted(requests), "requests")


def pgbench():
    with servers() as run:
        server, argv = loads.postgres_server(run)
        clients = run.start(*argv("-S", "-c", 8, "-P", 1))

        def told():
            """(time, transactions until then), as pgbench tells each second: the next that it tells."""
            lines, seen = [], None
            while seen is None or len(lines) == seen:
                time.sleep(0.01)
                log = pathlib.Path(run.path("log")).read_text().splitlines()
                lines = [line.split() for line in log if line.startswith("progress: ")]
                seen = len(lines) if seen is None else seen
            times = [float(words[1]) for words in lines]
            done = sum(float(words[3]) * (now - before)
                       for words, now, before in zip(lines, times, [0, *times]))
            return times[-1], done

        def work(seconds):
            begun, before = told()
            now = begun
            while now - begun < seconds - 0.5:
                now, done = told()
            return done - before, now - begun

        time.sleep(1)
        yield Running([server.pid, *loads.children_of(server.pid)], [clients.pid], work,
                      "transactions", ("--children",))


PACKAGES = "redis-server redis-tools postgresql nginx wrk openssl make gcc"
BUILD_FILES = 40


def build():
    """`make -j2` of some files, again and again, each time asked for."""
    with servers() as run:
        loads.make_shares().make_sources(run.folder, BUILD_FILES)
        loop = "while read -r again; do make -s clean && make -s -j2; echo done; done"
        shell = run.start("sh", "-c", loop, stdin=loads.subprocess.PIPE,
                          stdout=loads.subprocess.PIPE)

        def work(seconds):
            done, begun = 0, time.monotonic()
            while time.monotonic() < begun + seconds:
                shell.stdin.write(b"again\n")
                shell.stdin.flush()
                if not shell.stdout.readline():
                    raise RuntimeError("the build ended")
                done += BUILD_FILES
            return done, time.monotonic() - begun

        yield Running([shell.pid], [], work, "files", ("--children",))


WORKLOADS = {
    "pipes": pipes,
    "pipes, both": lambda: pipes(both=True),
    "pipes, two CPUs": lambda: pipes(cpus=2),
    "walk": lambda: pipes("stacks", depth=20, distinct=64, scattered=1),
    "ring": lambda: ring(cpus=1),
    "ring, all CPUs": ring,
    "redis": redis,
    "nginx": nginx,
    "pgbench": pgbench,
    "build": build,
    "10 000 idle threads": lambda: idle_threads(10000),
    "1 000 processes": lambda: ring(1000, processes=1, tokens=100),
}


# Those that profilers are compared on.
REAL = [name for name in WORKLOADS if name != "walk"]


@contextlib.contextmanager
def running(what):
    """A name of WORKLOADS, or what starts a workload."""
    generator = (WORKLOADS[what] if isinstance(what, str) else what)()
    try:
        yield next(generator)
    finally:
        generator.close()
