// SPDX-License-Identifier: MIT
#include "spread.h"

#include <string.h>

#include "mem.h"

typedef unsigned __int128 wide_t;

struct rest {
	wide_t rest;
	size_t index;
};

static int compare_rests(const void *a, const void *b)
{
	const struct rest *s = a, *t = b;

	if (s->rest != t->rest)
		return s->rest > t->rest ? -1 : 1;
	return (s->index > t->index) - (s->index < t->index);
}

void spread_proportional(uint64_t total, const uint64_t *weights, size_t count, uint64_t *parts)
{
	_cleanup_free_ struct rest *rests = NULL;
	uint64_t owed = total;
	wide_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	if (count == 1 || total == 0) {
		memset(parts, 0, count * sizeof(*parts));
		if (count)
			parts[0] = total;
		return;
	}
	rests = mem_alloc_array(count, sizeof(*rests));
	for (size_t i = 0; i < count; i++) {
		wide_t product = (wide_t)total * weights[i];

		rests[i].rest = product % sum;
		rests[i].index = i;
		parts[i] = (uint64_t)(product / sum);
		owed -= parts[i];
	}
	if (!owed)
		return;
	qsort(rests, count, sizeof(*rests), compare_rests);
	for (size_t i = 0; i < owed; i++)
		parts[rests[i].index]++;
}

void spread_dealer_init(struct spread_dealer *dealer, uint64_t total, const uint32_t *stacks,
			const uint64_t *weights, size_t count)
{
	dealer->stacks = mem_alloc_array(count, sizeof(*stacks));
	memcpy(dealer->stacks, stacks, count * sizeof(*stacks));
	dealer->parts = mem_alloc_array(count, sizeof(*weights));
	dealer->count = count;
	dealer->at = 0;
	spread_proportional(total, weights, count, dealer->parts);
}

void spread_dealer_free(struct spread_dealer *dealer)
{
	free(dealer->stacks);
	free(dealer->parts);
	memset(dealer, 0, sizeof(*dealer));
}

nsec_t spread_dealer_take(struct spread_dealer *dealer, nsec_t want_ns, uint32_t *ret_stack)
{
	nsec_t taken;

	while (dealer->at < dealer->count && !dealer->parts[dealer->at])
		dealer->at++;
	if (dealer->at == dealer->count || !want_ns)
		return 0;
	taken = dealer->parts[dealer->at] < want_ns ? dealer->parts[dealer->at] : want_ns;
	dealer->parts[dealer->at] -= taken;
	*ret_stack = dealer->stacks[dealer->at];
	return taken;
}
