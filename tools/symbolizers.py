# SPDX-License-Identifier: MIT
"""What the scripts about names share: addresses of a file's code, and the tools that name them."""

import os
import random
import shutil
import struct
import subprocess
import sys

PACKAGES = "binutils elfutils llvm time"

# Each is asked for the same: every frame with its function, the address before them.
TOOLS = {
    "systemscope": [os.environ.get("SYSTEMSCOPE", "build/systemscope"), "symbolize", "-a"],
    "addr2line": ["addr2line", "-i", "-f", "-a"],
    "eu-addr2line": ["eu-addr2line", "-i", "-f", "-a"],
    "llvm-symbolizer": ["llvm-symbolizer", "--inlining", "--functions=linkage",
                        "--output-style=GNU", "-f", "-i", "-a"],
}
# How each is asked for functions as they are written, and as the linker has them.
DEMANGLED = {"addr2line": ["-C"], "eu-addr2line": ["-C"], "llvm-symbolizer": ["--demangle"]}
MANGLED = {"systemscope": ["--no-demangle"], "llvm-symbolizer": ["--no-demangle"]}
OURS = "systemscope"
OTHERS = [name for name in TOOLS if name != OURS]


def need_tools(*more):
    """Ends with 77 where one is missing."""
    for tool in [argv[0] for argv in TOOLS.values()] + list(more):
        if not shutil.which(tool):
            print(f"{tool} is missing; the others are in Debian's packages: {PACKAGES}",
                  file=sys.stderr)
            sys.exit(77)


def argv_of(tool, file, options=(), mangled=False):
    names = (MANGLED if mangled else DEMANGLED).get(tool, [])
    return [*TOOLS[tool], *names, "-e", file, *options]


def version_of(tool):
    asked = [TOOLS[tool][0], "--version"]
    lines = subprocess.run(asked, capture_output=True, text=True).stdout.splitlines()
    return next((line.strip() for line in lines if any(c.isdigit() for c in line)), "?")


def named_file(text):
    """NAME=FILE, or FILE alone, which is its own name. Returns both."""
    name, equals, path = text.partition("=")
    return (name, path) if equals and "/" not in name else (text, text)


def code_sections(path):
    """[(vaddr, bytes)] of what is executable; in a debug file the sections have no bytes in it."""
    with open(path, "rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
        offset, = struct.unpack_from("<Q", header, 40)
        entry_bytes, count = struct.unpack_from("<HH", header, 58)
        sections = []
        for i in range(count):
            file.seek(offset + i * entry_bytes)
            _, kind, flags, vaddr, _, size = struct.unpack("<IIQQQQ", file.read(40))
            if kind and flags & 6 == 6 and size:  # SHF_ALLOC, SHF_EXECINSTR
                sections.append((vaddr, size))
    if not sections:
        raise ValueError(f"{path}: no executable section")
    return sections


def random_addresses(path, count, seed, unique=False):
    """Anywhere in the code, in no order: between instructions and in padding, too."""
    sections = code_sections(path)
    generator = random.Random(seed)
    if unique:
        count = min(count, sum(size for _, size in sections) // 2)
    picked = dict() if unique else []
    while len(picked) < count:
        (vaddr, size), = generator.choices(sections, [s for _, s in sections])
        address = vaddr + generator.randrange(size)
        if unique:
            picked[address] = None
        else:
            picked.append(address)
    return list(picked)


def write_addresses(path, addresses):
    """With 0x: llvm-symbolizer takes what has none for decimal."""
    with open(path, "w") as file:
        file.writelines(f"{address:#x}\n" for address in addresses)
