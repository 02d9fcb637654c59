/* SPDX-License-Identifier: MIT */
/*
 * losses.h - one row per enum scope_loss: the key in JSON, and what it means to the reader.
 * Everything that shows losses iterates this table.
 */
#ifndef LOSSES_H
#define LOSSES_H

#include "scope_event.h"

struct loss_info {
	const char *key;
	const char *text;
};

/* clang-format off */
static const struct loss_info loss_table[SCOPE_LOSS_COUNT] = {
	[SCOPE_LOSS_SUMS_FULL]	  = { "sums_full", "table of blocked stacks full" },
	[SCOPE_LOSS_TICKS_FULL]	  = { "ticks_full", "table of on-CPU stacks full" },
	[SCOPE_LOSS_RING_STACK]	  = { "ring_stack", "stack ring full" },
	[SCOPE_LOSS_RING_THREAD]  = { "ring_thread", "thread ring full" },
	[SCOPE_LOSS_THREAD_STATE] = { "thread_state", "no room for a thread's state" },
	[SCOPE_LOSS_STACK_KERNEL] = { "stack_kernel", "kernel stack unreadable" },
	[SCOPE_LOSS_STACK_USER]	  = { "stack_user", "user stack unreadable" },
	[SCOPE_LOSS_EVENT_ORDER]  = { "event_order", "scheduler event missed" },
	[SCOPE_LOSS_CLOCK]	  = { "clock", "clocks of two CPUs apart" },
	[SCOPE_LOSS_MMAP_RING]	  = { "mmap_ring", "mapping records lost" },
	[SCOPE_LOSS_JOIN_FULL]	  = { "join_full", "table of joined processes full" },
	[SCOPE_LOSS_TICK_THREAD]  = { "tick_thread", "tick on a thread without state" },
	[SCOPE_LOSS_SUM_THREAD]	  = { "sum_thread", "wait of a thread without state" },
	[SCOPE_LOSS_RECORD]	  = { "record", "malformed record refused" },
	[SCOPE_LOSS_ACCOUNT_TORN] = { "account_torn", "thread's times read in mid-write" },
	[SCOPE_LOSS_SPACE_FULL]	  = { "space_full", "table of address spaces full" },
};
/* clang-format on */

#endif
