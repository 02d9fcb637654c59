// SPDX-License-Identifier: MIT
/*
 * weights.c - the factors of the sums that prove a remembered stack (bpf/walk.bpf.h): that no few of them,
 * small times over, add up to nothing, so that no few changes of a stack do either.
 */
#include "kernel.h"
#include "memo.bpf.h"
#include "report.h"
#include "timeline.h"

enum { WEIGHTS = WALK_SLOTS + 2, MOST = 4 };

/*
 * Changes of code addresses and of pointers into a stack have fewer bits than that: times any that is
 * common to them, more bits of the sum are left than they have in all.
 */
#define ZERO_BITS 36

static void check(__u64 sum, const char *what, __u32 a, __u32 b, __u32 c, __u32 d)
{
	if (!(sum & ((1ull << ZERO_BITS) - 1)))
		fail("of %s the factors %u, %u, %u, %u add up to %llx", what, a, b, c, d,
		     (unsigned long long)sum);
}

/* `most` of each: all, for two and three of them. */
static void check_three(__s64 i, __s64 j, __s64 k)
{
	for (__u32 a = 0; a < WEIGHTS; a++)
		for (__u32 b = a + 1; b < WEIGHTS; b++)
			for (__u32 c = k ? b + 1 : WEIGHTS; c <= WEIGHTS - !!k; c++)
				check((__u64)i * slot_weight(a) + (__u64)j * slot_weight(b) +
				      (__u64)k * slot_weight(c), "three", a, b, c, 0);
}

/* Of four, those that make up for each other in pairs, or three for one. */
static void check_four(__s64 i, __s64 j, __s64 k, __s64 l)
{
	__u64 w[WEIGHTS];

	for (__u32 n = 0; n < WEIGHTS; n++)
		w[n] = slot_weight(n);
	for (__u32 a = 0; a < WEIGHTS; a++)
		for (__u32 b = a + 1; b < WEIGHTS; b++)
			for (__u32 c = b + 1; c < WEIGHTS; c++)
				for (__u32 d = c + 1; d < WEIGHTS; d++)
					check((__u64)i * w[a] + (__u64)j * w[b] + (__u64)k * w[c] +
					      (__u64)l * w[d], "four", a, b, c, d);
}

void weights_run(void)
{
	for (__u32 n = 0; n < WEIGHTS; n++)
		if (!(slot_weight(n) & 1))
			fail("factor %u is even", n);
	for (__s64 i = 1; i <= MOST; i++)
		for (__s64 j = -MOST; j <= MOST; j++)
			for (__s64 k = -MOST; k <= MOST; k++)
				if (j)
					check_three(i, j, k);
	for (__u32 signs = 0; signs < 8; signs++)
		check_four(1, signs & 1 ? -1 : 1, signs & 2 ? -1 : 1, signs & 4 ? -1 : 1);
	window_start_ns = window_end_ns = kernel.now_ns;
}
