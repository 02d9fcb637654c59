/* SPDX-License-Identifier: MIT */
/*
 * intervals.h - from the turns and ticks that the sink kept to the profile's timeline.
 *
 * A turn is up to three intervals: blocked, waiting for a CPU, on it. What interrupts took of a run
 * is spread over the run, and each tick ends a stretch of it. A life's last state reaches to its
 * end or the window's without a turn; a thread that had no event has that alone.
 *
 * Invariant: the intervals of a thread lie within its lives and do not overlap. Those that would
 * are cut, and so are those of threads without a record; what the ledger has of it is counted.
 */
#ifndef INTERVALS_H
#define INTERVALS_H

#include "parts.h"
#include "profile.h"

struct intervals {
	const struct ingest *ingest;
	const struct ledger *ledger;
	struct waits *waits; /* NULL: only what ran is asked for */
	struct stacks *stacks;
	const bool *states;
	struct grouping turns, hits; /* of the ingest, by thread */
	ARRAY(struct profile_interval) found;
	struct profile_loss cut;

	/* of the thread at hand */
	uint32_t thread;
	const struct turn_at *at;	       /* the turn at hand */
	nsec_t floor_ns;		       /* its life begins */
	nsec_t reached_ns;		       /* by the intervals so far ... */
	const struct scope_thread *reached_in; /* ... in this life */
	size_t next_hit;		       /* in hit_order */
	ARRAY(struct turn_at) order;
	ARRAY(const struct scope_hit *) hit_order;
	ARRAY(struct scope_turn) tails;
};

/* Wants the stacks that the timeline shows: before frames_resolve(). */
void intervals_want_waits(const struct ingest *ingest, struct frames *frames);
void intervals_want_runs(const struct ingest *ingest, struct frames *frames);

/* Fills `found` (the caller's to keep) and `cut`. `states`: those that are asked for. */
void intervals_build(struct intervals *v, const struct ledger *ledger, struct waits *waits,
		     struct stacks *stacks, const bool *states);
void intervals_free(struct intervals *v); /* all but `found` */

#endif
