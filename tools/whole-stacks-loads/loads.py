# SPDX-License-Identifier: MIT
"""Programs under load, for tools/whole-stacks and tools/bench.

Each load is a generator function in LOADS: it starts what it needs in a directory of its own and
yields the options that make systemscope watch the program, once it is busy. What it has started is
ended by Run.end(), by pid, whatever happened.
"""

import ctypes
import functools
import glob
import importlib.machinery
import importlib.util
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # include/uapi/linux/prctl.h

# What Debian installs, and where; all but the path can be changed by --with NAME=PATH.
PROGRAMS = {
    "redis-server": "/usr/bin/redis-server",
    "redis-benchmark": "/usr/bin/redis-benchmark",
    "postgres": max(glob.glob("/usr/lib/postgresql/*/bin/postgres"), default="postgres"),
    "nginx": "/usr/sbin/nginx",
    "wrk": "/usr/bin/wrk",
    "openssl": "/usr/bin/openssl",
    "python3.11": "/usr/bin/python3.11",
    "perl": "/usr/bin/perl",
    "sqlite3": "/usr/bin/sqlite3",
    "node": "/usr/bin/node",
    "make": "/usr/bin/make",
    "gcc": "/usr/bin/gcc",
    "go": "/usr/bin/go",
    "rustc": "/usr/bin/rustc",
    "g++": "/usr/bin/g++",
    "toolchain": "toolchain",  # tools/symbol-corpus DIR toolchain makes DIR/toolchain
}

PACKAGES = ("redis-server redis-tools postgresql nginx wrk openssl python3.11 perl sqlite3 nodejs "
            "make gcc golang-go rustc g++ libc6-dbg binutils")


class Missing(Exception):
    """A program that the load needs is not there."""


def adopt_orphans():
    """Processes that a started program leaves behind become this process's children."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("PR_SET_CHILD_SUBREAPER")


def end_with_parent():
    """In a child: it is ended even if its parent is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def children_of(pid):
    pids = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            pids += map(int, pathlib.Path(path).read_text().split())
        except OSError:
            continue
    return pids


def program(name, below=""):
    path = os.path.join(PROGRAMS[name], below) if below else PROGRAMS[name]
    found = shutil.which(path)
    if not found:
        raise Missing(f"{path} is missing")
    return found


class Run:
    """One load's directory, and the processes started for it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)  # servers change their user
        self.log = open(self.folder / "log", "w")

    def path(self, name):
        return str(self.folder / name)

    def last_words(self):
        return pathlib.Path(self.path("log")).read_text()[-2000:]

    def start(self, *argv, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", self.log)
        more.setdefault("preexec_fn", end_with_parent)
        return subprocess.Popen([str(a) for a in argv], stderr=self.log, cwd=self.folder, **more)

    def call(self, *argv, **more):
        status = self.start(*argv, **more).wait()
        if status:
            raise RuntimeError(f"{' '.join(map(str, argv))}: exit {status}\n{self.last_words()}")

    def start_ready(self, *argv, **more):
        """Starts a program that writes a line when it is up."""
        process = self.start(*argv, stdout=subprocess.PIPE, **more)
        if not process.stdout.readline():
            raise RuntimeError(f"{argv[0]} ended\n{self.last_words()}")
        return process

    def await_port(self, port):
        end_at = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end_at:
                    raise
                time.sleep(0.05)

    def end(self):
        """Ends the children of this process, and what they leave behind, until none is left."""
        how = signal.SIGTERM
        end_at = time.monotonic() + 10
        while children_of(os.getpid()):
            for pid in children_of(os.getpid()):
                try:
                    os.kill(pid, how)
                    if how == signal.SIGKILL:
                        os.waitpid(pid, 0)
                    else:
                        os.waitpid(pid, os.WNOHANG)
                except (ProcessLookupError, ChildProcessError):
                    continue
            time.sleep(0.05)
            if time.monotonic() > end_at:
                how = signal.SIGKILL
        self.log.close()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def redis_server(run, *options):
    port, = free_ports(1)
    server = run.start(program("redis-server"), "--port", port, "--bind", "127.0.0.1",
                       "--dir", run.folder, *options)
    run.await_port(port)
    return server, port


def redis_clients(run, port, commands):
    return run.start(program("redis-benchmark"), "-p", port, "-q", "-l", "-n", 100000, "-r", 10000,
                     "-t", commands)


def redis(run):
    server, port = redis_server(run)
    redis_clients(run, port, "set,get,incr,lpush,lpop,sadd,hset,zadd,zpopmin,mset")
    yield ["-p", server.pid]


def postgres_server(run):
    """A database with pgbench's tables, and what pgbench is started with."""
    folder = os.path.dirname(program("postgres"))
    user = pwd.getpwnam("postgres")
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    port, = free_ports(1)
    data = run.path("data")
    os.mkdir(data, 0o700)
    os.chown(data, user.pw_uid, user.pw_gid)
    run.call(f"{folder}/initdb", "-D", data, "-A", "trust", "--no-sync", **as_user)
    server = run.start(f"{folder}/postgres", "-D", data, "-p", port,
                       "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                       **as_user)
    run.await_port(port)
    connection = ("-h", "127.0.0.1", "-p", port, "-U", "postgres", "postgres")
    pgbench = shutil.which("pgbench", path=folder)
    deadline = time.monotonic() + 30
    while run.start(pgbench, "-i", "-s", 5, "-q", *connection).wait():
        if time.monotonic() > deadline:  # it listens before it lets clients in
            raise RuntimeError("pgbench -i fails")
        time.sleep(0.2)
    return server, lambda *options: (pgbench, *options, "-T", 100000, *connection)


def postgres(run):
    server, pgbench = postgres_server(run)
    run.start(*pgbench("-c", 8))
    yield ["-p", server.pid, "--children"]


NGINX_CONF = """
daemon off; pid {folder}/pid; error_log stderr; worker_processes 2; user www-data;
events {{ worker_connections 512; }}
http {{
	include /etc/nginx/mime.types;
	access_log {folder}/access.log;
	sendfile on; gzip on; gzip_types text/plain;
	server {{
		listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl; root {folder}/www;
		location = /status {{ stub_status; }}
		ssl_certificate {folder}/certificate; ssl_certificate_key {folder}/key;
	}}
}}
"""


def nginx_server(run):
    plain, tls = free_ports(2)
    run.call(program("openssl"), "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", 2,
             "-subj", "/CN=localhost", "-keyout", run.path("key"), "-out", run.path("certificate"))
    (run.folder / "www").mkdir()
    (run.folder / "www" / "index.html").write_text("<p>systemscope</p>\n" * 20)
    (run.folder / "www" / "long.txt").write_text("many words to send and to squeeze\n" * 500)
    (run.folder / "conf").write_text(NGINX_CONF.format(folder=run.folder, plain=plain, tls=tls))
    server = run.start(program("nginx"), "-c", run.path("conf"), "-p", run.folder, "-e", "stderr")
    run.await_port(plain)
    return server, plain, tls


def nginx(run):
    server, plain, tls = nginx_server(run)
    run.start(program("wrk"), "-t1", "-c32", "-d10h", f"http://127.0.0.1:{plain}/index.html")
    run.start(program("wrk"), "-t1", "-c8", "-d10h", "-H", "Accept-Encoding: gzip",
              f"https://127.0.0.1:{tls}/long.txt")
    run.start(program("wrk"), "-t1", "-c8", "-d10h", "-H", "Connection: close",
              f"https://127.0.0.1:{tls}/")
    yield ["-p", server.pid, "--children"]


def python(run):
    yield ["-p", run.start_ready(program("python3.11"), HERE / "load.py").pid]


def perl(run):
    yield ["-p", run.start_ready(program("perl"), HERE / "load.pl").pid, "--children"]


def sqlite(run):
    feed = run.start("yes", f".read {HERE / 'load.sql'}", stdout=subprocess.PIPE)
    shell = run.start(program("sqlite3"), run.path("database"), stdin=feed.stdout,
                      stdout=subprocess.DEVNULL)
    yield ["-p", shell.pid]


def node(run):
    yield ["-p", run.start_ready(program("node"), HERE / "load.js").pid]


@functools.lru_cache(maxsize=None)
def make_shares():
    path = str(HERE.parent / "bench" / "make-shares")
    loader = importlib.machinery.SourceFileLoader("make_shares", path)
    sys.path.insert(0, os.path.dirname(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_shares", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def build(run, files, make_path, *variables):
    """From `make` itself on: its first instruction, and every compiler's."""
    while True:
        for old in run.folder.glob("part*.o"):
            old.unlink()
        make_shares().make_sources(run.folder, files)
        yield ["--user", "root", "--", make_path, "-s", "-j2", "-C", run.folder, *variables]


def make(run):
    return build(run, 3000, program("make"), f"CC={program('gcc')}")


def make_tcc(run):
    """The same with a compiler, a make and a shell that have symbols, and live shorter."""
    tcc, make_path, shell = (program("toolchain", f"bin/{name}") for name in ("tcc", "make", "dash"))
    return build(run, 12000, make_path, f"SHELL={shell}", f"CC=test -d . && {tcc}")


def go(run):
    run.call(program("go"), "build", "-o", run.path("load"), HERE / "load.go",
             env=os.environ | {"GOCACHE": run.path("cache"), "GOFLAGS": "", "GO111MODULE": "off"})
    yield ["-p", run.start_ready(run.path("load")).pid]


def go_static(run):
    run.call(program("go"), "build", "-o", run.path("load"), HERE / "load.go",
             env=os.environ | {"GOCACHE": run.path("cache"), "GOFLAGS": "", "GO111MODULE": "off",
                               "CGO_ENABLED": "0"})
    yield ["-p", run.start_ready(run.path("load")).pid]


def rust(run):
    run.call(program("rustc"), "-O", "-o", run.path("load"), HERE / "load.rs")
    yield ["-p", run.start_ready(run.path("load")).pid]


def cxx(run):
    run.call(program("g++"), "-O2", "-std=c++17", "-pthread", "-o", run.path("load"),
             HERE / "load.cc")
    yield ["-p", run.start_ready(run.path("load")).pid]


def own_names(run, path="load"):
    """The C++ program with all that has no symbols on Debian linked in; what is left is libc."""
    run.call(program("g++"), "-O2", "-std=c++17", "-pthread", "-static-libstdc++", "-static-libgcc",
             "-o", run.path(path), HERE / "load.cc")
    return run.path(path)


def cxx_symbols(run):
    yield ["-p", run.start_ready(own_names(run)).pid]


def cxx_container(run):
    """Mounts and process numbers of its own, and a root that holds only what it needs."""
    binary = own_names(run)
    root = run.folder / "root"
    shown = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    libraries = [word for line in shown.splitlines() for word in line.split() if word[0] == "/"]
    for path in libraries:
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / path[1:])
    shutil.copy(binary, root / "program")
    outside = run.start_ready("unshare", "--mount", "--pid", "--fork", "--kill-child",
                              f"--root={root}", "/program")
    yield ["-p", children_of(outside.pid)[0]]


def cxx_replaced(run):
    """Another program takes the place of its file a while after it is watched."""
    binary = own_names(run)
    process = run.start_ready(binary)
    shutil.copy(program("make"), run.path("other"))
    run.start("sh", "-c", "sleep 4; mv other load")
    yield ["-p", process.pid]


class Load(typing.NamedTuple):
    start: typing.Callable
    whole: float = 99.5  # the least share of complete stacks in per cent
    named: float = 0  # and of named ones; most of what Debian installs is stripped


LOADS = {
    "redis-server": Load(redis),
    "postgres": Load(postgres),
    "nginx": Load(nginx),
    "python3.11": Load(python),
    "perl": Load(perl),
    "sqlite3": Load(sqlite),
    "node": Load(node, 98),
    "make -j2": Load(make, 98),
    "make -j2, tcc": Load(make_tcc, 98, 99),
    "Go": Load(go),
    "Go without cgo": Load(go_static),
    "Rust -O": Load(rust),
    "C++ -O2": Load(cxx),
    "C++ with symbols": Load(cxx_symbols, named=99),
    "C++ in a container": Load(cxx_container, named=99),
    "C++ replaced": Load(cxx_replaced, named=99),
}
