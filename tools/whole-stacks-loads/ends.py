# SPDX-License-Identifier: MIT
"""Is a stack complete? Judged by the name of its outermost function, for tools/whole-stacks.

What the profiler itself says of its stacks is not looked at. The outermost user frame is where a
thread, a process, a coroutine or a goroutine begins:

 - by the name that the profile gives it, or
 - in stripped files, where _start has no name: at the file's entry point (e_entry), or
 - in stripped libraries, where clone3() and start_thread() have none: by the file's separate debug
   information (libc6-dbg), found by its build-id. Nobody needs that package but this tool.
"""

import functools
import re
import struct

import symbols

ENTRY_BYTES = 64  # _start of glibc, musl and the dynamic linker are shorter

OUTERMOST = re.compile(
    # C's, and what is made with it: a process, a thread, a coroutine of makecontext()
    r"_start|_dl_start_user|_*clone[23]?|__clone_internal|start_thread|thread_start|__start_context"
    # Go's: a process, a goroutine, a thread (with and without libc), and where it leaves a
    # goroutine's stack for good, which its own tracebacks call the top of the stack
    r"|_rt0_\w+|runtime\.(rt0_go|goexit|mstart|clone|mcall|morestack)(\.abi\w+)?")

# Go's, where a thread leaves a goroutine's stack. Counted as outermost, and told apart.
SWITCHED = re.compile(r"runtime\.(mcall|morestack)(\.abi\w+)?")

# The profiler's own marks: roots that are no frames.
MARKS = ("[truncated]", "[broken stack]")

# Who calls main(). A chain of frame pointers ends there at best, since _start begins it.
MAIN_CALLER = re.compile(r"__libc_start_call_main|__libc_start_main(_impl)?|main")


@functools.lru_cache(maxsize=None)
def entry_point(path):
    """e_entry of an ELF file; None where there is none."""
    try:
        with open(path, "rb") as file:
            head = file.read(32)
    except OSError:
        return None
    if len(head) < 32 or head[:5] != b"\x7fELF\x02":
        return None
    return struct.unpack_from("<Q", head, 24)[0] or None


def debug_name(build_id, offset):
    path = symbols.debug_file(build_id)
    return symbols.covering(symbols.functions(path), offset) if path else None


class Ends:
    """The outermost user frames of one profile. `lax`: who reaches main() has done enough."""

    def __init__(self, profile, lax=False):
        self.lax = lax
        self.frames = profile["frames"]
        self.stacks = profile["stacks"]
        self.build_ids = {i["path"]: i["build_id"] or "" for i in profile["images"]}
        # stack -> (outermost, innermost user frame, mark); stacks come after their parents. A
        # label or a kernel function at the root is outermost too, if not one that is an entry.
        self.user_frames = [(0, 0, "")]
        for stack in self.stacks[1:]:
            outer, inner, mark = self.user_frames[stack["parent"]]
            frame = self.frames[stack["frame"]]
            if not stack["parent"] and frame["name"] in MARKS:
                mark = frame["name"]
            else:
                outer = outer or stack["frame"]
                inner = stack["frame"] if frame["kind"] == "user" else inner
            self.user_frames.append((outer, inner, mark))
        self.names = {}

    def name(self, frame):
        """A frame's function, from the debug file where the profile has no name."""
        if frame not in self.names:
            f = self.frames[frame]
            name = f["name"]
            if f["kind"] == "user" and not f["named"] and f["image"]:
                name = debug_name(self.build_ids.get(f["image"], ""), f["offset"]) or name
            self.names[frame] = name
        return self.names[frame]

    def is_outermost(self, frame):
        f = self.frames[frame]
        if not frame or f["kind"] != "user":
            return False
        if OUTERMOST.fullmatch(self.name(frame)):
            return True
        if self.lax and MAIN_CALLER.fullmatch(self.name(frame)):
            return True
        entry = entry_point(f["image"]) if f["image"] and not f["named"] else None
        return entry is not None and entry <= f["offset"] < entry + ENTRY_BYTES

    def outermost(self, stack):
        return self.user_frames[stack][0]

    def leaf(self, stack):
        """The innermost user frame; 0: no user frame."""
        return self.user_frames[stack][1]

    def mark(self, stack):
        """What the profiler says of its end, "" if nothing. Not asked by is_complete()."""
        return self.user_frames[stack][2]

    def is_complete(self, stack):
        return self.is_outermost(self.outermost(stack))

    def is_switched(self, stack):
        return SWITCHED.fullmatch(self.name(self.outermost(stack))) is not None
