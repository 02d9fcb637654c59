// SPDX-License-Identifier: MIT
/* Runs of an array's elements: no two that are in use meet, and none is used again too soon. */
#include "run_pool.h"

#include <string.h>

#include "check.h"

static void runs_are_taken_and_joined(void)
{
	struct run_pool pool = { 0 };
	uint32_t a, b = 0, c, again;

	CHECK(!run_pool_take(&pool, 1, 0, &a));
	run_pool_add(&pool, 0, 100);
	CHECK(run_pool_take(&pool, 60, 0, &a) && run_pool_take(&pool, 30, 0, &b));
	CHECK(!run_pool_take(&pool, 11, 0, &c));
	CHECK(run_pool_take(&pool, 10, 0, &c));
	CHECK(a == 0 && b == 60 && c == 90);
	/* in any order, they are one again */
	run_pool_give(&pool, c, 10, 1);
	run_pool_give(&pool, a, 60, 2);
	run_pool_give(&pool, b, 30, 3);
	CHECK(!run_pool_take(&pool, 100, RUN_GRACE_NS + 2, &again));
	CHECK(run_pool_take(&pool, 100, RUN_GRACE_NS + 3, &again) && again == 0);
	run_pool_free(&pool);
}

static void what_is_given_back_rests(void)
{
	struct run_pool pool = { 0 };
	uint32_t first;

	run_pool_add(&pool, 5, 1);
	CHECK(run_pool_take(&pool, 1, 100, &first) && first == 5);
	run_pool_give(&pool, first, 1, 100);
	CHECK(!run_pool_take(&pool, 1, 100 + RUN_GRACE_NS - 1, &first));
	CHECK(run_pool_take(&pool, 1, 100 + RUN_GRACE_NS, &first) && first == 5);
	run_pool_free(&pool);
}

static void no_two_meet(void)
{
	enum { ROOM = 1000, RUNS = 200 };
	struct run_pool pool = { 0 };
	struct run runs[RUNS] = { 0 };
	unsigned char used[ROOM] = { 0 };
	uint32_t seed = 1;
	nsec_t now = 0;

	run_pool_add(&pool, 0, ROOM);
	for (int i = 0; i < 20000; i++) {
		struct run *run = &runs[(seed = seed * 1103515245 + 12345) >> 16 & 127];

		now += RUN_GRACE_NS / 4;
		if (run->count) {
			run_pool_give(&pool, run->first, run->count, now);
			memset(used + run->first, 0, run->count);
			run->count = 0;
			continue;
		}
		run->count = 1 + (seed >> 8) % 40;
		if (!run_pool_take(&pool, run->count, now, &run->first)) {
			run->count = 0;
			continue;
		}
		CHECK(run->first + run->count <= ROOM);
		CHECK(!memchr(used + run->first, 1, run->count));
		memset(used + run->first, 1, run->count);
	}
	/* nothing was lost on the way */
	for (int i = 0; i < RUNS; i++)
		run_pool_give(&pool, runs[i].first, runs[i].count, now);
	now += RUN_GRACE_NS;
	CHECK(run_pool_take(&pool, ROOM, now, &runs[0].first));
	run_pool_free(&pool);
}

int main(void)
{
	CHECK_CASE(runs_are_taken_and_joined);
	CHECK_CASE(what_is_given_back_rests);
	CHECK_CASE(no_two_meet);
	return check_status();
}
