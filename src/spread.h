/* SPDX-License-Identifier: MIT */
/*
 * spread.h - whole nanoseconds, dealt out in proportion without losing or making one.
 *
 * All of it is exact and deterministic: parts always sum to the total.
 */
#ifndef SPREAD_H
#define SPREAD_H

#include <stddef.h>
#include <stdint.h>

#include "scope_time.h"

/*
 * parts[i] is total x weights[i] / sum of weights, rounded so that the parts sum to `total`: first
 * down, then one more to those that lost most by it (the earlier one if equal). The sum of weights
 * is not 0. `parts` may be `weights`.
 */
void spread_proportional(uint64_t total, const uint64_t *weights, size_t count, uint64_t *parts);

/*
 * A dealer holds parts that were spread once over many stacks and hands them on to many takers, in
 * order: each taker gets the next nanoseconds, so that it has exactly what it asks for, all takers
 * together have the distribution, and the pieces are no more than stacks and takers together.
 */
struct spread_dealer {
	uint32_t *stacks;
	uint64_t *parts; /* what is left of each */
	size_t count, at;
};

/* Copies `stacks`; `total` is the sum of all that will be taken. The sum of weights is not 0. */
void spread_dealer_init(struct spread_dealer *dealer, uint64_t total, const uint32_t *stacks,
			const uint64_t *weights, size_t count);
void spread_dealer_free(struct spread_dealer *dealer); /* a zeroed one, too */
/* Takes up to `want_ns` from one stack: returns how much, 0 when nothing is left. */
nsec_t spread_dealer_take(struct spread_dealer *dealer, nsec_t want_ns, uint32_t *ret_stack);

#endif
