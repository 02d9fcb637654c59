/* SPDX-License-Identifier: MIT */
/*
 * budget.h - --max-overhead: how much is left out (the steps of include/scope_maps.h), by what events cost.
 *
 * It begins with the stacks of all waits. Where the cost is over the budget it takes fewer, until it is within,
 * or until they are as few as shares can still be told from; where it would stay within with twice as many it
 * takes more.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdint.h>

#include "scope_maps.h"
#include "scope_time.h"

struct budget {
	uint32_t max_ppm; /* of the target's time on CPUs, in millionths; 0: there is no budget */
	uint32_t step;
	nsec_t last_ns, next_ns; /* when it was looked at, and when it is to be */
	struct scope_cost last;	 /* in all, at last_ns */
	uint64_t probe_ns, on_ns; /* lately: with each look what was before counts half as much */
};

void budget_begin(struct budget *budget, uint32_t max_ppm, nsec_t now);
/* To be called at next_ns. `total`: what all CPUs have counted so far. Returns the step from here on. */
uint32_t budget_look(struct budget *budget, const struct scope_cost *total, nsec_t now);

#endif
