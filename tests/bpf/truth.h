/* SPDX-License-Identifier: MIT */
/* truth.h - what really happened to each thread, for the oracle; see kernel.h. */
#ifndef TEST_TRUTH_H
#define TEST_TRUTH_H

#include "kernel.h"

void truth_begin(struct ktask *t, enum scope_state state, __u64 now_ns);
void truth_move(struct ktask *t, enum scope_state state, __u64 now_ns);
void truth_end(struct ktask *t, __u64 now_ns);
/* execve by a thread that is not the leader: one life ends, one under the leader's name begins. */
void truth_rename(struct ktask *t, __u64 now_ns);

/* Leaves a CPU with this user stack: where it waits until it runs again. */
void truth_leave(struct ktask *t, enum scope_state state, __u64 place, __u64 now_ns);

/* How long a thread that runs waited for its CPU before. */
__u64 truth_last_wait(const struct ktask *t);

/* The run under way began earlier or, where `more_ns` is negative, later than the switch: the wait
 * before it becomes so much shorter or longer, and the time blocked before that no longer. */
void truth_move_border(struct ktask *t, __s64 more_ns);

/* Spans of time in the states that count, clipped to the window; the last one lasts to its end. */
typedef void truth_span_fn(void *context, const struct span *span);
void truth_each_span(const struct truth *truth, __u64 start_ns, __u64 end_ns,
		     truth_span_fn *visit, void *context);

#endif
