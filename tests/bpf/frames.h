/* SPDX-License-Identifier: MIT */
/*
 * frames.h - user stacks: laid out as calls lay them out, by what is known of the functions, and
 * walked again by another hand than bpf/'s, for the oracle.
 */
#ifndef TEST_FRAMES_H
#define TEST_FRAMES_H

#include "kernel.h"

struct found {
	__u32 count, end; /* end: enum scope_stack_end */
	__u64 ips[SCOPE_MAX_FRAMES]; /* of a frame that a signal interrupted: one more */
};

/* Writes the thread's memory and registers so that it is in plan->ips[0], called by the next. */
void frames_lay(struct ktask *t, const struct stack_plan *plan);

/* The thread's memory, as one who may read all of it finds it. */
bool frames_read(const struct ktask *t, __u64 address, __u64 *ret_value);

typedef bool frames_read_fn(const void *context, __u64 address, __u64 *ret_value);
void frames_walk(const __u64 regs[SCOPE_RAW_REGS], frames_read_fn *read, const void *context,
		 struct found *ret_found);
/* The same of a thread; none for one that has no user stack. */
void frames_walk_thread(struct ktask *t, struct found *ret_found);
void frames_registers(struct ktask *t, __u64 ret_regs[SCOPE_RAW_REGS]);
/* What a pair of stacks is known by; 0: none. */
__u64 frames_place(const __u64 *user, __u32 user_count, const __u64 *in_kernel, __u32 kernel_count);
__u64 frames_hash(const __u64 *ips, __u32 count); /* 0: no frames */

#endif
