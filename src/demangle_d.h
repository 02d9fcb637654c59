/* SPDX-License-Identifier: MIT */
/*
 * demangle_d.h - D's names, after the ABI's grammar
 * (https://dlang.org/spec/abi.html#name_mangling).
 *
 * In the words of binutils, without its demangler: that one tries what it has tried before, again
 * at every level, and a name of a hundred bytes keeps it busy for years.
 */
#ifndef DEMANGLE_D_H
#define DEMANGLE_D_H

#include <stddef.h>

/*
 * Writes the readable form to `text`, not terminated, and returns its length, less than `room`; 0:
 * it is no name of D, or takes too long.
 */
size_t demangle_d(const char *mangled, char *text, size_t room);

#endif
