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
	/* made up for: it costs no time, and no state is given another's. (tests/bpf/ has vmlinux.h's
	 * bool, which does not go together with stdbool.h's.) */
	_Bool mended;
};

/* clang-format off */
static const struct loss_info loss_table[SCOPE_LOSS_COUNT] = {
	[SCOPE_LOSS_SUMS_FULL]	  = { "sums_full", "table of blocked stacks full", 0 },
	[SCOPE_LOSS_TICKS_FULL]	  = { "ticks_full", "table of on-CPU stacks full", 0 },
	[SCOPE_LOSS_RING_STACK]	  = { "ring_stack", "stack ring full", 0 },
	[SCOPE_LOSS_RING_THREAD]  = { "ring_thread", "thread ring full", 0 },
	[SCOPE_LOSS_THREAD_STATE] = { "thread_state", "no room for a thread's state", 0 },
	[SCOPE_LOSS_STACK_KERNEL] = { "stack_kernel", "kernel stack unreadable", 0 },
	[SCOPE_LOSS_STACK_USER]	  = { "stack_user", "user stack unreadable", 0 },
	[SCOPE_LOSS_EVENT_ORDER]  = { "event_order", "scheduler event missed", 1 },
	[SCOPE_LOSS_CLOCK]	  = { "clock", "clocks of two CPUs apart", 1 },
	[SCOPE_LOSS_MMAP_RING]	  = { "mmap_ring", "mapping records lost", 0 },
	[SCOPE_LOSS_JOIN_FULL]	  = { "join_full", "table of joined processes full", 0 },
	[SCOPE_LOSS_TICK_THREAD]  = { "tick_thread", "tick on a thread without state", 0 },
	[SCOPE_LOSS_SUM_THREAD]	  = { "sum_thread", "wait of a thread without state", 0 },
	[SCOPE_LOSS_RECORD]	  = { "record", "malformed record refused", 0 },
	[SCOPE_LOSS_ACCOUNT_TORN] = { "account_torn", "thread's times read in mid-write", 0 },
	[SCOPE_LOSS_SPACE_FULL]	  = { "space_full", "table of address spaces full", 0 },
	[SCOPE_LOSS_FILE_CUT]	  = { "file_cut", "capture file cut off", 0 },
	[SCOPE_LOSS_FILE_DAMAGED] = { "file_damaged", "capture file damaged", 0 },
};
/* clang-format on */

#endif
