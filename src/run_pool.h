/* SPDX-License-Identifier: MIT */
/*
 * run_pool.h - which runs of an array's elements are free. The array is one that a BPF program may be
 * reading: a run that is given back is handed out again only when RUN_GRACE_NS have passed.
 *
 * First fit: the runs are few, and those of one size come and go together.
 */
#ifndef RUN_POOL_H
#define RUN_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "scope_time.h"

#define RUN_GRACE_NS (NSEC_PER_SEC / 2) /* no program runs for that long */

struct run {
	uint32_t first, count;
};

struct dying_run {
	struct run run;
	nsec_t given_ns;
};

/* Zero is a pool without any room. */
struct run_pool {
	ARRAY(struct run) free; /* by `first`, apart from each other */
	ARRAY(struct dying_run) dying; /* in the order of their giving */
};

void run_pool_free(struct run_pool *pool);
/* More room, or a run that nobody has read. */
void run_pool_add(struct run_pool *pool, uint32_t first, uint32_t count);
/* `count` elements, at least 1. False: no run is long enough by `now`. */
bool run_pool_take(struct run_pool *pool, uint32_t count, nsec_t now, uint32_t *ret_first);
void run_pool_give(struct run_pool *pool, uint32_t first, uint32_t count, nsec_t now);

#endif
