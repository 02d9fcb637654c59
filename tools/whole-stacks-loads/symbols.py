# SPDX-License-Identifier: MIT
"""What binutils' nm knows of a file's functions, for tools/whole-stacks: another reader than the
profiler's own, to judge it by."""

import bisect
import functools
import os
import re
import subprocess

NEAREST = 64  # symbols that are looked at: aliases, and functions within functions


def debug_file(build_id):
    """The separate debug file, or None."""
    path = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    return path if build_id and os.path.exists(path) else None


@functools.lru_cache(maxsize=None)
def build_id(path):
    """As in the profile: "" where there is none, or no such file."""
    shown = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]+)", shown)
    return found.group(1) if found else ""


@functools.lru_cache(maxsize=None)
def functions(path, *options):
    """[(start, end, name)], sorted; those that say how long they are."""
    shown = subprocess.run(["nm", "-S", "--defined-only", *options, path],
                           capture_output=True, text=True)
    found = []
    for line in shown.stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tTwWi":
            start = int(words[0], 16)
            found.append((start, start + int(words[1], 16), words[3].split("@")[0]))
    return sorted(found)


def covering(found, offset):
    """The name of the innermost of these that the offset is in, or None."""
    at = bisect.bisect(found, (offset, float("inf")))
    for start, end, name in reversed(found[max(at - NEAREST, 0):at]):
        if start <= offset < end:
            return name
    return None
