/* SPDX-License-Identifier: MIT */
/* random.h - the same numbers on every machine, for the fuzzed timelines (xorshift, 64 bits). */
#ifndef RANDOM_H
#define RANDOM_H

#include <linux/types.h>

/* Less than n; `state` is never 0. */
static inline __u32 random_below(__u64 *state, __u32 n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (__u32)(*state >> 33) % n;
}

#endif
