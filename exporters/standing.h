/* SPDX-License-Identifier: MIT */
/*
 * standing.h - how a thread, a process, or all of them stand: their times, and what stands out in
 * them; and that in words.
 *
 * Ownership: standings_build() fills, standings_free() frees (a zeroed struct too); the paths must
 * outlive it. 0 or -ENOMEM.
 */
#ifndef STANDING_H
#define STANDING_H

#include "paths.h"

struct standing {
	nsec_t alive_ns;
	nsec_t ns[SCOPE_STATES];
	nsec_t residual_ns; /* sum of the threads' absolute residuals */
	uint32_t thread_count;
	bool estimated;	 /* all its on-CPU stacks are borrowed */
	uint32_t reason; /* string: of most of its waits; 0: not known */
	nsec_t reason_ns;
	uint32_t frame; /* the function that ran longest itself; 0: not known */
	nsec_t frame_ns;
};

struct standings {
	const struct paths *paths;
	struct standing *threads;   /* by thread */
	struct standing *processes; /* by process */
	/* of all; in a system-wide profile of those that ran: there are too many others */
	struct standing all;
};

int standings_build(const struct paths *paths, struct standings *ret_standings);
void standings_free(struct standings *standings);

/* What is known of all of them together: adds the times of `one` to those of `sum`. */
void standing_add(struct standing *sum, const struct standing *one);

/* Accounted for by the three states. */
nsec_t standing_covered(const struct standing *standing);

/*
 * Where clauses are written: "one; another; a third", in lines of up to `columns`, each after the
 * first behind `indent` blanks. `at` is the column of the first.
 */
struct clauses {
	FILE *out;
	unsigned columns, indent, at;
	bool begun; /* what comes next is not the first */
};

/* `text` is the caller's, and clean. */
void clauses_put(struct clauses *clauses, const char *text);

/* The verdict, with the figures that carry it, as clauses. 0 or -ENOMEM. */
int standing_put_verdict(const struct paths *paths, const struct standing *standing,
			 struct clauses *clauses);

#endif
