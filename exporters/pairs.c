// SPDX-License-Identifier: MIT
#include "pairs.h"

#include <stdbool.h>
#include <stdlib.h>

#define PAIRS_FIRST_SLOTS 1024u

/* The slot that holds the pair, or the free one that it would go to. */
static uint32_t find_slot(const struct pairs *pairs, uint32_t first, uint32_t second)
{
	uint64_t hash = ((uint64_t)first << 32 | second) * 0x9e3779b97f4a7c15u;
	uint32_t at = (uint32_t)(hash >> 32) & (pairs->slot_count - 1);

	while (pairs->slots[at]) {
		const struct pair *pair = &pairs->items[pairs->slots[at]];

		if (pair->first == first && pair->second == second)
			break;
		at = (at + 1) & (pairs->slot_count - 1);
	}
	return at;
}

static bool grow(struct pairs *pairs)
{
	uint32_t slot_count = pairs->slot_count ? pairs->slot_count * 2 : PAIRS_FIRST_SLOTS;
	struct pair *items = realloc(pairs->items, ((size_t)slot_count / 2 + 1) * sizeof(*items));
	uint32_t *slots;

	if (!items)
		return false;
	pairs->items = items;
	slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return false;
	free(pairs->slots);
	pairs->slots = slots;
	pairs->slot_count = slot_count;
	for (uint32_t i = 1; i <= pairs->count; i++)
		slots[find_slot(pairs, items[i].first, items[i].second)] = i;
	return true;
}

uint32_t pairs_add(struct pairs *pairs, uint32_t first, uint32_t second)
{
	uint32_t slot;

	if (pairs->count >= pairs->slot_count / 2 && !grow(pairs))
		return 0;
	slot = find_slot(pairs, first, second);
	if (!pairs->slots[slot]) {
		pairs->items[++pairs->count] = (struct pair){ first, second };
		pairs->slots[slot] = pairs->count;
	}
	return pairs->slots[slot];
}

uint32_t pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second)
{
	return pairs->slot_count ? pairs->slots[find_slot(pairs, first, second)] : 0;
}

void pairs_free(struct pairs *pairs)
{
	free(pairs->items);
	free(pairs->slots);
	*pairs = (struct pairs){ 0 };
}
