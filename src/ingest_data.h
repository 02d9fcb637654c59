/* SPDX-License-Identifier: MIT */
/*
 * ingest_data.h - what the sink keeps, for those who build the profile and for nobody else.
 *
 * Each table gives dense ids; the array beside it has the same index. Sums and ticks of the same
 * key are added up as they come. All of it belongs to struct ingest.
 */
#ifndef INGEST_DATA_H
#define INGEST_DATA_H

#include "ingest.h"
#include "mem.h"
#include "procs.h"
#include "scope_event.h"
#include "scope_time.h"
#include "table.h"
#include "timeline.h"

struct ingest_stack {
	nsec_t time_ns;
	uint32_t pid;
	uint8_t kind;	/* enum scope_stack_kind */
	uint8_t end;	/* enum scope_stack_end */
	uint16_t count; /* addresses, leaf first, from ingest.ips[first_ip] */
	size_t first_ip;
};

struct ingest_sum_key {
	uint64_t thread, ustack, kstack;
	uint32_t reason, pad;
};

struct ingest_sum {
	nsec_t off_ns;
	uint64_t off_count;
	nsec_t runq_ns;
	uint64_t runq_count;
};

struct ingest_tick_key {
	uint64_t thread, ustack, kstack;
};

struct ingest_seen_key {
	uint64_t start_time_ns;
	uint32_t tid, pad;
};

struct ingest_life {
	struct scope_thread record;
	uint32_t earlier; /* index of the life before it, TABLE_NONE: the first */
};

struct ingest {
	ingest_listener *listener; /* NULL: none */
	void *listener_context;

	struct table stacks; /* by stack id */
	ARRAY(struct ingest_stack) stack_data;
	ARRAY(uint64_t) ips;

	struct table sums;
	ARRAY(struct ingest_sum) sum_data;

	struct table ticks;
	ARRAY(uint64_t) tick_counts;

	struct table threads;	    /* by `thread` */
	ARRAY(uint32_t) last_lives; /* by thread: index into lives */
	ARRAY(struct ingest_life) lives;
	struct scope_thread lost; /* the threads without a record; `rec.size` 0: none */

	struct table seen; /* by tid and start time */
	ARRAY(struct scope_seen) seen_data;

	struct timeline timeline;
	struct procs procs;
	struct scope_window window; /* `rec.size` 0: not there yet */
	struct {
		uint64_t count;
		nsec_t ns;
	} losses[SCOPE_LOSS_COUNT];
};

#endif
