/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * thin.bpf.h - --max-overhead: what events cost, and fewer stacks where that is too much.
 *
 * User space compares the cost with the target's time on CPUs, and sets `thin_step`: then some waits are
 * given stacks and the others are not, by chance. The chance is known before a stack is, and is the same
 * for all that are alike: of those that begin where their thread waited lately, which say the least that
 * is new, fewer are drawn first, then of all; and more of a thread that got none for long. A wait that is
 * drawn with a chance of 1 in 2^thinning stands for as many of its kind. The time of those that are not is
 * added up in the account, exactly, and user space shares it out to those that were (src/parts_waits.c).
 *
 * Without want_thinning none of it is done.
 */
#ifndef THIN_BPF_H
#define THIN_BPF_H

#include "walk.bpf.h"

/* One switch or wake-up in 2^COST_SHIFT is timed; what is seldom and takes long, always. */
#define COST_SHIFT 6

/* What takes longer is a virtual CPU that was halted, which says nothing of the 63 events that are not timed. */
#define COST_MAX_NS (1u << 17)

static __always_inline struct scope_cost *cost_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&costs, &zero);
}

static __always_inline bool in_window(__u64 now)
{
	return now >= window_start_ns && now < window_end_ns;
}

/*
 * What `events` took that took as long as one which began at `began`. Only in the window, as the time on CPUs
 * that it is compared with. Not inlined: it is seldom called.
 */
__noinline int cost_add(__u64 began, __u32 events)
{
	struct scope_cost *cost = cost_here();
	__u64 now = bpf_ktime_get_ns(), took = now - began;

	if (!cost || now < began || !in_window(began))
		return 0;
	if (took > COST_MAX_NS)
		took = COST_MAX_NS;
	cost->probe_ns += took * events;
	return 1;
}

/* An event that began at `began` is over. The clock's digits say by chance whether it is timed. */
static __always_inline void cost_note(__u64 began)
{
	if (want_thinning && !(began * 0x9e3779b97f4a7c15ull >> (64 - COST_SHIFT)))
		cost_add(began, 1u << COST_SHIFT);
}

/* A thread of the target leaves its CPU at `now`, after `on_ns` on it, and what begins is one of `waits` or none. */
__noinline int cost_leave(__u64 now, __u64 on_ns, __u64 waits)
{
	struct scope_cost *cost = cost_here();

	if (!cost)
		return 0;
	cost->on_ns += on_ns;
	if (in_window(now))
		cost->waits += waits;
	return 1;
}

/* It gets its stacks. */
__noinline int cost_take(__u64 now)
{
	struct scope_cost *cost = cost_here();

	if (!cost || !in_window(now))
		return 0;
	cost->taken++;
	return 1;
}

/* True for all but one in 2^`thinning`. */
static __always_inline bool thin_out(__u32 thinning)
{
	return thinning && bpf_get_prandom_u32() >> (32 - (thinning & 31));
}

/* The logarithm of `n`, rounded down: at most 15. */
static __always_inline __u32 log2_of(__u64 n)
{
	__u32 log = 0, more;

	if (n > 0xffff)
		n = 0xffff;
	for (__u32 bits = 8; bits; bits /= 2) {
		more = (n >> bits != 0) * bits;
		n >>= more;
		log += more;
	}
	return log;
}

/*
 * Whether the wait that begins gets no stacks, whatever it is, `ns` after its thread last got some (~0: it never
 * did). Its chance doubles with the milliseconds since: a thread that mostly sleeps has few waits and most of
 * the time, which would else have no stack beside a thread that never does. A global function, as the two
 * above: verified once.
 */
__noinline int thin_out_any(__u32 slot, __u64 ns)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u32 step = *(volatile __u32 *)&thin_step;
	__u32 any = step > SCOPE_THIN_REPEATS ? step - SCOPE_THIN_REPEATS : 0;
	__u32 repeats = step - any, gain;

	if (!walk)
		return 1;
	if (ns >> 21) {
		gain = log2_of(ns >> 20);
		repeats = repeats + any > gain ? repeats + any - gain : 0;
		any = any > gain ? any - gain : 0;
		repeats -= any;
	}
	walk->thinning = any;
	walk->thin_repeats = repeats;
	walk->is_thinned = thin_out(any);
	return walk->is_thinned;
}

/* The same of one that begins where its thread waited lately. */
static __always_inline bool thin_out_repeat(struct walk *walk)
{
	walk->thinning += walk->thin_repeats;
	walk->is_thinned = thin_out(walk->thin_repeats);
	return walk->is_thinned;
}

#endif
