/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * scope_maps.h - what crosses between the kernel side and user space in maps and constants, not in
 * records: the tables that user space makes and empties, and how targets are told.
 */
#ifndef SCOPE_MAPS_H
#define SCOPE_MAPS_H

#include "scope_event.h"

#ifndef __bpf__
#include <stddef.h>
#endif

/* What stands in programs for calls of the kernel's functions, where helpers have their numbers. */
#define SCOPE_CALL_PREEMPT_DISABLE 0x7fff0001
#define SCOPE_CALL_PREEMPT_ENABLE  0x7fff0002
#define SCOPE_CALL_RDONLY_CAST	   0x7fff0003

/* By what a target is a member: everything is, by process, by thread. */
enum scope_filter { SCOPE_FILTER_ALL, SCOPE_FILTER_TGID, SCOPE_FILTER_TID };

/* Room for sums of hints, by the last bits of an id, and what a member adds to its own: one, and who. */
#define SCOPE_MEMBER_HINTS    2048u
#define SCOPE_MEMBER_HINT(id) ((1ull << 32) + (id))

/* The table of sums. */
struct scope_sum_key {
	__u64 thread;
	__u64 ustack;
	__u64 kstack;
	__u32 reason;
	__u32 thinning; /* as in struct scope_sum */
};

struct scope_sum_value {
	__u64 off_ns;
	__u64 off_count;
	__u64 runq_ns;
	__u64 runq_count;
};

/* The table of ticks; its values are their number. */
struct scope_tick_key {
	__u64 thread;
	__u64 ustack;
	__u64 kstack;
};

/*
 * --max-overhead, one for each CPU, in the window: what events cost, the target's time on CPUs as far as
 * its threads have left them, how many waits began that could get stacks, and how many of those did.
 */
struct scope_cost {
	__u64 probe_ns;
	__u64 on_ns;
	__u64 waits;
	__u64 taken;
};

/*
 * How much is left out then. Each of the first steps halves the waits with stacks of those that begin where
 * their thread waited lately, each other step those of all.
 */
#define SCOPE_THIN_REPEATS 3 /* of SCOPE_THIN_STEPS */

/* By enum scope_loss, one for each CPU. */
struct scope_loss_value {
	__u64 count;
	__u64 ns;
};

#ifndef __bpf__
static_assert(sizeof(struct scope_sum_key) == 32, "map");
static_assert(sizeof(struct scope_sum_value) == 32, "map");
static_assert(sizeof(struct scope_tick_key) == 24, "map");
static_assert(sizeof(struct scope_loss_value) == 16, "map");
static_assert(sizeof(struct scope_cost) == 32, "map");
/* what an account holds for its stacks is added as it is */
static_assert(sizeof(struct scope_waits) - offsetof(struct scope_waits, off_ns) ==
		      sizeof(struct scope_sum_value), "map");
static_assert(offsetof(struct scope_waits, runq_ns) - offsetof(struct scope_waits, off_ns) ==
		      offsetof(struct scope_sum_value, runq_ns), "map");
static_assert(offsetof(struct scope_thread, here) - offsetof(struct scope_thread, thinned_off_ns) ==
		      sizeof(struct scope_sum_value), "map");
#endif

#endif
