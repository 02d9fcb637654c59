// SPDX-License-Identifier: MIT
#include "run_pool.h"

#include <string.h>

void run_pool_free(struct run_pool *pool)
{
	array_free(&pool->free);
	array_free(&pool->dying);
}

static void remove_free(struct run_pool *pool, size_t at)
{
	memmove(&pool->free.items[at], &pool->free.items[at + 1],
		(pool->free.count - at - 1) * sizeof(*pool->free.items));
	pool->free.count--;
}

void run_pool_add(struct run_pool *pool, uint32_t first, uint32_t count)
{
	struct run *runs;
	size_t at = 0;

	if (!count)
		return;
	while (at < pool->free.count && pool->free.items[at].first < first)
		at++;
	array_push(&pool->free);
	runs = pool->free.items;
	memmove(&runs[at + 1], &runs[at], (pool->free.count - at - 1) * sizeof(*runs));
	runs[at] = (struct run){ first, count };
	if (at + 1 < pool->free.count && first + count == runs[at + 1].first) {
		runs[at].count += runs[at + 1].count;
		remove_free(pool, at + 1);
	}
	if (at && runs[at - 1].first + runs[at - 1].count == first) {
		runs[at - 1].count += runs[at].count;
		remove_free(pool, at);
	}
}

static void bury(struct run_pool *pool, nsec_t now)
{
	size_t done = 0;

	for (; done < pool->dying.count; done++) {
		const struct dying_run *dying = &pool->dying.items[done];

		if (now < dying->given_ns + RUN_GRACE_NS)
			break;
		run_pool_add(pool, dying->run.first, dying->run.count);
	}
	if (!done)
		return;
	pool->dying.count -= done;
	memmove(pool->dying.items, pool->dying.items + done,
		pool->dying.count * sizeof(*pool->dying.items));
}

bool run_pool_take(struct run_pool *pool, uint32_t count, nsec_t now, uint32_t *ret_first)
{
	bury(pool, now);
	for (size_t i = 0; i < pool->free.count; i++) {
		struct run *run = &pool->free.items[i];

		if (run->count < count)
			continue;
		*ret_first = run->first;
		run->first += count;
		run->count -= count;
		if (!run->count)
			remove_free(pool, i);
		return true;
	}
	return false;
}

void run_pool_give(struct run_pool *pool, uint32_t first, uint32_t count, nsec_t now)
{
	if (count)
		*array_push(&pool->dying) = (struct dying_run){ { first, count }, now };
}
