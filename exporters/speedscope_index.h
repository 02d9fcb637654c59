/* SPDX-License-Identifier: MIT */
/*
 * speedscope_index.h - what a speedscope file refers to by number, and in which order it tells
 * things.
 *
 * Numbers of frames: 0 is [no stack], then there are those of `places`, and behind them those of
 * `waits`: what hangs below the leaf of a thread that is not on a CPU, and the one frame of a
 * stretch on a CPU whose stack is not known.
 *
 * speedscope_index_build() fills, speedscope_index_free() frees (a zeroed struct too). The profile
 * must outlive it.
 */
#ifndef SPEEDSCOPE_INDEX_H
#define SPEEDSCOPE_INDEX_H

#include "pairs.h"
#include "paths.h"
#include "profile.h"

/* A stack by its frames: those of the profile that differ in addresses alone are one. */
struct speedscope_node {
	uint32_t parent; /* its index is smaller; of no meaning where depth is 1 */
	uint32_t frame;	 /* the number of the innermost one */
	uint32_t depth;	 /* how many frames; [no stack] is one */
};

struct speedscope_index {
	const struct profile *profile;
	struct pairs functions; /* (name, file): strings of the profile */
	struct pairs places;	/* (function, line) */
	struct pairs waits;	/* (state, reason) */
	struct pairs tree;	/* nodes: (parent, frame) */
	struct paths paths;
	struct speedscope_node *nodes; /* in the order of their names */
	uint32_t *node;		       /* by stack */
	uint32_t *samples;	       /* of the profile, ordered */
	uint32_t *first_sample; /* by thread: its first in the profile; thread_count + 1 entries */
	uint32_t *first_interval; /* the same */
	uint32_t *threads;	  /* busiest first */
};

/*
 * `lines`: each line is a frame of its own. 0 or -ENOMEM. `samples` are then by node, and those of
 * a node by wait.
 */
int speedscope_index_build(const struct profile *profile, bool lines,
			   struct speedscope_index *ret_index);
void speedscope_index_free(struct speedscope_index *index);

/* From then on they are by thread, and so on: where the profile has a thread's, there they are too.
 */
int speedscope_index_by_thread(struct speedscope_index *index);

/* Which of `waits` a sample or an interval has; 0: none, it is on a CPU. */
static inline uint32_t speedscope_index_wait(const struct speedscope_index *index,
					     enum scope_state state, uint32_t reason)
{
	return state == SCOPE_ON ? 0 : pairs_find(&index->waits, state, reason);
}

#endif
