# SPDX-License-Identifier: MIT
"""Is every frame of a stack named? And if not, could it be? For tools/whole-stacks.

Named is what the profile says is. Of a frame that is not, binutils' nm is asked whether the file or
its separate debug file has a function there: if so, the name was to be had, and is missed.
"""

import os

import symbols


class Names:
    """The frames of one profile that have no name."""

    def __init__(self, profile):
        self.frames = profile["frames"]
        self.build_ids = {i["path"]: i["build_id"] or "" for i in profile["images"]}
        self.reasons = {}
        # stack -> (has a user frame, frames without a name); stacks come after their parents
        self.of_stack = [(False, frozenset())]
        for stack in profile["stacks"][1:]:
            has_user, unnamed = self.of_stack[stack["parent"]]
            frame = self.frames[stack["frame"]]
            if not frame["named"]:
                unnamed = unnamed | {stack["frame"]}
            self.of_stack.append((has_user or frame["kind"] == "user", unnamed))

    def is_named(self, stack):
        """It has user frames, and each of its frames a name."""
        has_user, unnamed = self.of_stack[stack]
        return has_user and not unnamed

    def why(self, stack):
        """{(where, why)} of what keeps a stack from being named; where is a file or a label."""
        has_user, unnamed = self.of_stack[stack]
        if not unnamed:
            return set() if has_user else {("-", "no user stack")}
        return {self.reason(frame) for frame in unnamed}

    def reason(self, frame):
        if frame not in self.reasons:
            f = self.frames[frame]
            where = os.path.basename(f["image"] or "") or f["name"]
            self.reasons[frame] = (where, self.judge(f))
        return self.reasons[frame]

    def judge(self, f):
        path = f["image"]
        if f["kind"] == "label" or not path:
            return "no address in a file"
        build_id = self.build_ids.get(path, "")
        debug = symbols.debug_file(build_id)
        if debug and symbols.covering(symbols.functions(debug), f["offset"]):
            return "MISSED: its debug file has it"
        if not path.startswith("/") or symbols.build_id(path) != build_id:
            return "no such file here"
        for options in ((), ("-D",)):
            if symbols.covering(symbols.functions(path, *options), f["offset"]):
                return "MISSED: the file has it"
        if debug or symbols.functions(path):
            return "no symbol there"
        return "stripped"
