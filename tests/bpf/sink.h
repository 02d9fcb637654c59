/* SPDX-License-Identifier: MIT */
/*
 * sink.h - takes the records that the programs write, as src/tracer.c and src/ingest.c do, and
 * completes each thread's account to the window's end.
 */
#ifndef TEST_SINK_H
#define TEST_SINK_H

#include "core.bpf.h"
#include "kernel.h"
#include "scope_iter.h"

/* One account: a thread, or one of its lives when it left the target and came back. */
struct life {
	struct scope_thread t;
	__u64 alive_ns;
	__u64 ns[SCOPE_STATES];	  /* total_ns completed to the window's end */
	__u64 tail_ns[SCOPE_STATES]; /* the part that completing added */
	bool no_account;	  /* it ran, but no account could be made for it */
};

struct sent_stack {
	__u64 id;
	__u32 pid;
	__u16 kind, count;
	__u32 end;
	unsigned times; /* how often it was sent */
	bool raw;	/* whole, for user space to walk */
	__u64 ips[SCOPE_MAX_FRAMES];
};

struct seen {
	struct scope_thread t;
	__u64 kstack, task_switches;
	__u64 sp;
	__u32 reason;
};

struct sink {
	struct life lives[4096];
	size_t life_count;
	struct sent_stack stacks[8192];
	size_t stack_count;
	struct scope_sum sums[1 << 16];
	size_t sum_count;
	struct scope_ticks ticks[1 << 14];
	size_t tick_count;
	struct scope_turn turns[1 << 14]; /* the first of them */
	size_t turn_count;
	bool taken; /* from a run: the border of a wait is within it */
	struct scope_hit hits[1 << 12];
	size_t hit_count;
	struct seen seen[512];
	size_t seen_count;
	struct scope_loss_value losses[SCOPE_LOSS_COUNT];
	struct scope_thread lost; /* all threads whose record found no room */
	unsigned nudges, drains, spaces, raws;
	bool collected;
	struct map *sum_tables[2], *tick_tables[2];
};

extern struct sink sink;

void sink_open(size_t sum_entries, size_t tick_entries);
void sink_ask(__u32 cpu);   /* the iterator before the window: all that it tells are answered */
void sink_see(__u32 cpu);   /* the iterator at the start */
void sink_drain(void);	    /* rings, then tables */
void sink_take_rings(void);
void sink_collect(__u32 cpu); /* the iterator at the stop */
void sink_close(void); /* the last drain, losses, completion */
const struct sent_stack *sink_stack(__u64 id); /* NULL: never sent */

#endif
