/* SPDX-License-Identifier: MIT */
/*
 * views_facts.h - private to views*.c: the quality of a view (struct profile_quality, and what
 * images and processes have of it), from what a sealed profile's stacks tell of themselves.
 */
#ifndef VIEWS_FACTS_H
#define VIEWS_FACTS_H

#include "profile.h"

struct views_fact; /* of one stack of the whole */

struct views_facts {
	const struct profile *whole;
	struct views_fact *items; /* by the whole's stack */
};

void views_facts_init(struct views_facts *facts, const struct profile *whole);
void views_facts_free(struct views_facts *facts);

/*
 * `from[i]` is the whole's id of the view's stack i. Fills *ret_quality, the `unnamed_ns` and
 * `incomplete_ns` of the view's `images`, which are 0, and `anonymous_ns` of its one `process`.
 */
void views_measure(const struct views_facts *facts, const uint32_t *from,
		   const struct profile *view, struct profile_image *images,
		   struct profile_process *process, struct profile_quality *ret_quality);

#endif
