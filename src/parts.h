/* SPDX-License-Identifier: MIT */
/*
 * parts.h - what one thread's time consists of: where it waited, where it ran.
 *
 * Invariant: the parts of a thread and state sum to the ledger's time of that state, exactly. What
 * no sum and no tick tells of has a label for a stack.
 */
#ifndef PARTS_H
#define PARTS_H

#include "ledger.h"
#include "spread.h"
#include "stacks.h"

struct part {
	enum scope_state state;
	uint32_t reason; /* string; 0 unless state is OFF */
	uint32_t stack;
	bool estimated;
	uint8_t thinning; /* of how many waits these are some: include/scope_event.h */
	nsec_t ns;
	uint64_t count;
};

struct parts {
	struct part *items;
	size_t count, room;
};

/* Indexes grouped by an owner below `owners`: items of owner i are at first[i] .. first[i + 1]. */
struct grouping {
	uint32_t *items;
	size_t *first;
};

/* owner_of[i] is the owner of item i, or LEDGER_NONE: left out. Order within an owner is kept. */
void grouping_init(struct grouping *g, const uint32_t *owner_of, size_t count, size_t owners);
void grouping_free(struct grouping *g);

/* --- blocked and waiting to run: src/parts_waits.c -------------------------------------------- */

struct waits {
	const struct ingest *ingest;
	const struct ledger *ledger;
	struct stacks *stacks;
	struct waits_sum {
		struct stack_pair pair;
		uint32_t reason, thinning;
	} * sums;		  /* what there is to know of the keys of the ingest's sums */
	struct grouping by_thread; /* of the sums */
	uint64_t contradictions; /* times a thread's sums were more than its total, and were cut */
	uint64_t orphan_count;	 /* sums that are nobody's */
	nsec_t orphan_ns;
	nsec_t shared_ns; /* of waits that were given no stack */
};

/* One place where a thread waited: its stacks, and why. */
struct place {
	struct stack_pair pair;
	uint32_t reason;
	bool unproven; /* its stack is not to be had: [waiting since before the window] */
	bool thinned;  /* it was not taken */
	uint32_t thinning;
};

/* Keeps the pointers; `stacks` need not be there yet. The keys of the ingest's sums are not asked for again. */
void waits_init(struct waits *w, const struct ingest *ingest, const struct ledger *ledger,
		const struct frames *frames, struct stacks *stacks);
void waits_free(struct waits *w);
/* Marks the stacks that parts can have. */
void waits_want_stacks(const struct waits *w, struct frames *frames);
void waits_add_parts(struct waits *w, uint32_t thread, struct parts *parts);

/* Where a life was before its first event: where it was seen, if that was before. */
struct place waits_place_before(const struct waits *w, const struct scope_thread *life);
/* Whether its last wait has a place of its own; else it is still where it was before. */
bool waits_has_place(const struct scope_thread *life);
/* What stands in a sample of a wait there: its stack, and why it was blocked (string). */
uint32_t waits_stack(struct waits *w, uint32_t thread, const struct place *place);
uint32_t waits_reason(struct waits *w, const struct place *place);

/* --- on a CPU: src/parts_runs.c --------------------------------------------------------------- */

/*
 * Where a thread's on-CPU time went: its own ticks if it has any; else those of its peers, of the
 * first of these kinds of which any was hit. Kernel threads borrow from kernel threads.
 */
enum peer_kind {
	PEERS_NAMESAKES, /* the process's threads of the same name */
	PEERS_PROCESS,	 /* all of the process's */
	PEERS_PROGRAM,	 /* those with the same executable and name */
	PEER_KINDS,
};

struct peers {
	uint32_t *group_of; /* by thread; LEDGER_NONE: nobody's peer */
	struct grouping threads; /* by group */
	struct peer_group {
		bool hit;	    /* a thread of it has ticks */
		nsec_t borrowed_ns; /* by all of its threads together */
		struct spread_dealer dealer; /* of the groups that are borrowed from */
	} *groups;
	size_t group_count;
};

struct runs {
	const struct ingest *ingest;
	const struct ledger *ledger;
	struct stacks *stacks;
	/* ticks with a stack of the profile, by thread */
	uint32_t *tick_stacks;
	uint64_t *tick_counts;
	size_t *first_tick; /* by thread, and one more */
	uint64_t orphan_count; /* ticks that are nobody's */
	struct peers peers[PEER_KINDS];
};

void runs_init(struct runs *r, const struct ingest *ingest, const struct ledger *ledger,
	       struct stacks *stacks);
void runs_free(struct runs *r);
/* For each thread once, in order. Returns whether the thread had to borrow. */
bool runs_add_parts(struct runs *r, uint32_t thread, struct parts *parts);

#endif
