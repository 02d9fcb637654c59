// SPDX-License-Identifier: MIT
/*
 * plain.c - two functions, built several times with flags that give or withhold what an unwinder
 * goes by; NAME is the first one's. The second keeps an array's address and its end in registers
 * over a call, and the frame pointer's is one of those if it is not needed for frames.
 */
#include "unwind.h"

#define PASTE(a, b) a##b
#define INNER(name) PASTE(name, _inner)

void INNER(NAME)(leaf_fn *leaf, volatile uint64_t *values, uint64_t count);

FRAME void INNER(NAME)(leaf_fn *leaf, volatile uint64_t *values, uint64_t count)
{
	volatile uint64_t copy[24];
	uint64_t sum = 0;

	for (uint64_t i = 0; i < 24; i++)
		copy[i] = values[i % count];
	for (volatile uint64_t *at = copy; at < copy + 24; at++) {
		leaf();
		sum += *at * count;
		*values = sum;
	}
	KEEP_FRAME();
}

FRAME void NAME(leaf_fn *leaf)
{
	/* Zeros and addresses of code, as tables of callbacks have them. */
	volatile uint64_t values[12] = { 0, (uintptr_t)leaf, 0, (uintptr_t)leaf };

	INNER(NAME)(leaf, values, 12);
	KEEP_FRAME();
}
