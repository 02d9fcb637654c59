/* SPDX-License-Identifier: MIT */
/*
 * timeline.h - what the sink keeps of the timeline: turns and ticks, as they came.
 *
 * Bounded: of more than TIMELINE_TURNS_MAX turns the newest are kept, and the same of ticks. A turn
 * comes when it is over, so what is kept is whole from some moment on, with all that began before
 * it and ended after; the opposite would leave out every long wait. Dropped time is the caller's to
 * count; a dropped tick costs none.
 */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "mem.h"
#include "profile.h"
#include "scope_event.h"

#define TIMELINE_TURNS_MAX (1u << 19)
#define TIMELINE_HITS_MAX  (1u << 19)

struct timeline {
	ARRAY(struct scope_turn) turns;
	ARRAY(struct scope_hit) hits;
	/* which the next one replaces; 0 as long as there is room */
	size_t oldest_turn, oldest_hit;
};

void timeline_free(struct timeline *t);

/* Of lengths that can be added to one another and to start_ns. */
bool timeline_turn_is_sound(const struct scope_turn *turn);
nsec_t timeline_turn_ns(const struct scope_turn *turn); /* all states together */

/* Adds to *dropped the intervals that had to make room. */
void timeline_add_turn(struct timeline *t, const struct scope_turn *turn,
		       struct profile_loss *dropped);
void timeline_add_hit(struct timeline *t, const struct scope_hit *hit);

/* Adds a turn that is not on the timeline: as many intervals as it has states. */
void timeline_lose(struct profile_loss *loss, const struct scope_turn *turn);

#endif
