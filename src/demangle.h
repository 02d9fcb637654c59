/* SPDX-License-Identifier: MIT */
/*
 * demangle.h - from linker names to what the programmer wrote: C++ (Itanium), Rust (legacy, without
 * its hash, and v0) and D. Names come from the target and are hostile: input, output and recursion
 * are bounded, and what goes beyond stays mangled.
 */
#ifndef DEMANGLE_H_SYSTEMSCOPE
#define DEMANGLE_H_SYSTEMSCOPE

#include <stddef.h>

#define DEMANGLE_ROOM 16384 /* bytes of the longest result with its NUL */

/*
 * Writes the readable form of `mangled` to `buffer` (DEMANGLE_ROOM bytes) and returns its length;
 * 0, with the buffer undefined, when the name is not mangled or goes beyond the bounds.
 */
size_t demangle(const char *mangled, char *buffer);

#endif
