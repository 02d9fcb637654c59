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

/*
 * An address of a stack, and the address that it was called from. Stacks of programs have most of their
 * outer frames in common: as a tree they take a tenth of the room.
 */
struct ingest_address {
	uint32_t caller; /* INGEST_OUTERMOST: none */
	uint32_t low, high;
};

#define INGEST_OUTERMOST UINT32_MAX

struct ingest_stack {
	nsec_t time_ns;
	uint32_t pid;
	uint8_t kind;	/* enum scope_stack_kind */
	uint8_t end;	/* enum scope_stack_end */
	uint16_t count; /* addresses: the leaf, its caller and so on */
	uint32_t leaf;	/* id in ingest.addresses */
};

/* The addresses of the last stack of a kind, outermost first: the next one mostly begins alike. */
struct ingest_path {
	uint32_t ids[SCOPE_MAX_FRAMES];
	uint64_t ips[SCOPE_MAX_FRAMES];
	uint32_t count;
};

struct ingest_sum_key {
	uint64_t thread, ustack, kstack;
	uint32_t reason, thinning;
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
	struct table addresses; /* struct ingest_address */
	struct ingest_path paths[SCOPE_STACK_KERNEL + 1];

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

/* The address of an id, and the id of its caller. */
static inline uint64_t ingest_address(const struct ingest *g, uint32_t id, uint32_t *ret_caller)
{
	const struct ingest_address *address = table_key(&g->addresses, id);

	*ret_caller = address->caller;
	return (uint64_t)address->high << 32 | address->low;
}

#endif
