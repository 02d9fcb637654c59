// SPDX-License-Identifier: MIT
/*
 * aligned.c - functions that align their stack: the frame's address is not a constant away from
 * where the caller left the stack pointer. gcc keeps the latter in r10 and in a slot (the CFA is an
 * expression), clang a frame pointer. NAME is the outermost one's.
 */
#include <alloca.h>
#include <string.h>

#include "unwind.h"

#define PASTE(a, b)	  a##b
#define INNER(name, what) PASTE(name, what)

void INNER(NAME, _alloca)(leaf_fn *leaf, uint64_t bytes);
void INNER(NAME, _args)(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
			uint64_t bytes, leaf_fn *leaf);

FRAME void INNER(NAME, _alloca)(leaf_fn *leaf, uint64_t bytes)
{
	_Alignas(64) volatile char block[64];
	volatile char *more = alloca(bytes);

	block[0] = more[0] = 1;
	leaf();
	more[0] = block[0];
}

/* The last two arguments come on the stack. */
FRAME void INNER(NAME, _args)(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			      uint64_t f, uint64_t bytes, leaf_fn *leaf)
{
	_Alignas(32) volatile uint64_t sums[4] = { a + b, c + d, e + f, bytes };

	INNER(NAME, _alloca)(leaf, bytes);
	sums[0] = sums[1] + sums[2] + bytes;
	KEEP_FRAME();
}

FRAME void NAME(leaf_fn *leaf)
{
	_Alignas(128) volatile char block[128];

	block[0] = 1;
	INNER(NAME, _args)(1, 2, 3, 4, 5, 6, 1000, leaf);
	block[1] = block[0];
}
