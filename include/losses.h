/* SPDX-License-Identifier: MIT */
/*
 * losses.h - one row per enum scope_loss: the key in JSON, and what it means to the reader.
 * Everything that shows losses iterates this table.
 */
#ifndef LOSSES_H
#define LOSSES_H

#include "scope_event.h"

enum loss_cost {
	LOSS_COSTS,    /* stacks, or what the text says */
	LOSS_MENDED,   /* made up for: it costs no time, and no state is given another's */
	LOSS_TIMELINE, /* the timeline alone: sums and totals are what they would be without one */
};

struct loss_info {
	const char *key;
	const char *text;
	enum loss_cost cost;
};

/* clang-format off */
static const struct loss_info loss_table[SCOPE_LOSS_COUNT] = {
	[SCOPE_LOSS_SUMS_FULL]	  = { "sums_full", "table of blocked stacks full", LOSS_COSTS },
	[SCOPE_LOSS_TICKS_FULL]	  = { "ticks_full", "table of on-CPU stacks full", LOSS_COSTS },
	[SCOPE_LOSS_RING_STACK]	  = { "ring_stack", "stack ring full", LOSS_COSTS },
	[SCOPE_LOSS_RING_THREAD]  = { "ring_thread", "thread ring full", LOSS_COSTS },
	[SCOPE_LOSS_THREAD_STATE] = { "thread_state", "no room for a thread's state", LOSS_COSTS },
	[SCOPE_LOSS_STACK_KERNEL] = { "stack_kernel", "kernel stack unreadable", LOSS_COSTS },
	[SCOPE_LOSS_STACK_USER]	  = { "stack_user", "user stack unreadable", LOSS_COSTS },
	[SCOPE_LOSS_EVENT_ORDER]  = { "event_order", "scheduler event missed", LOSS_MENDED },
	[SCOPE_LOSS_CLOCK]	  = { "clock", "clocks of two CPUs apart", LOSS_MENDED },
	[SCOPE_LOSS_MMAP_RING]	  = { "mmap_ring", "mapping records lost", LOSS_COSTS },
	[SCOPE_LOSS_JOIN_FULL]	  = { "join_full", "table of joined processes full", LOSS_COSTS },
	[SCOPE_LOSS_TICK_THREAD]  = { "tick_thread", "tick on a thread without state", LOSS_COSTS },
	[SCOPE_LOSS_SUM_THREAD]	  = { "sum_thread", "wait of a thread without state", LOSS_COSTS },
	[SCOPE_LOSS_RECORD]	  = { "record", "malformed record refused", LOSS_COSTS },
	[SCOPE_LOSS_ACCOUNT_TORN] = { "account_torn", "thread's times read in mid-write", LOSS_COSTS },
	[SCOPE_LOSS_SPACE_FULL]	  = { "space_full", "table of address spaces full", LOSS_COSTS },
	[SCOPE_LOSS_FILE_CUT]	  = { "file_cut", "capture file cut off", LOSS_COSTS },
	[SCOPE_LOSS_FILE_DAMAGED] = { "file_damaged", "capture file damaged", LOSS_COSTS },
	[SCOPE_LOSS_TIMELINE_RING] = { "timeline_ring", "timeline ring full", LOSS_TIMELINE },
	[SCOPE_LOSS_TIMELINE_FULL] = { "timeline_full", "oldest part of the timeline dropped", LOSS_TIMELINE },
	[SCOPE_LOSS_TIMELINE_CUT]  = { "timeline_cut", "no place on the timeline", LOSS_TIMELINE },
};
/* clang-format on */

#endif
