// SPDX-License-Identifier: MIT
#include "sym_ranges.h"

#include <string.h>

#include "mem.h"

int sym_range_compare(const void *a, const void *b)
{
	const struct sym_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->name_length != y->name_length)
		return x->name_length < y->name_length ? -1 : 1;
	return memcmp(x->name, y->name, x->name_length);
}

/* The sweep from low to high addresses, with the ranges that are open there, innermost last. */
struct sweep {
	const struct sym_range **open;
	size_t open_count;
	uint64_t at; /* everything below is cut */
	struct sym_ranges *out;
};

static void sweep_emit(struct sweep *sweep, const struct sym_range *range, uint64_t end)
{
	struct sym_range *out;

	if (sweep->at >= end)
		return;
	out = array_push(sweep->out);
	*out = *range;
	out->start = sweep->at;
	out->end = end;
	sweep->at = end;
}

static void sweep_to(struct sweep *sweep, uint64_t start)
{
	while (sweep->open_count) {
		const struct sym_range *inner = sweep->open[sweep->open_count - 1];

		if (inner->end > start) {
			sweep_emit(sweep, inner, start);
			return;
		}
		sweep_emit(sweep, inner, inner->end);
		sweep->open_count--;
	}
}

void sym_ranges_seal(struct sym_ranges *ranges, const struct sym_range *candidates, size_t count)
{
	struct sweep sweep = { .out = ranges };

	sweep.open = mem_alloc_array(count + 1, sizeof(struct sym_range *));
	for (size_t i = 0; i < count; i++) {
		const struct sym_range *range = &candidates[i];

		if (i && candidates[i - 1].start == range->start &&
		    candidates[i - 1].end == range->end)
			continue; /* an alias; the better name came first */
		sweep_to(&sweep, range->start);
		sweep.at = range->start;
		sweep.open[sweep.open_count++] = range;
	}
	sweep_to(&sweep, UINT64_MAX);
	free(sweep.open);
}

static size_t ranges_find(const struct sym_ranges *ranges, uint64_t vaddr)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].end <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ranges->count && ranges->items[low].start <= vaddr)
		return low;
	return ranges->count;
}

size_t sym_ranges_resolve(const struct sym_ranges *ranges, uint64_t vaddr,
			  struct sym_name *ret_names, size_t max)
{
	size_t at = ranges_find(ranges, vaddr);

	if (at == ranges->count || !max)
		return 0;
	ret_names[0] = (struct sym_name){ .name = ranges->items[at].name,
					  .name_length = ranges->items[at].name_length };
	return 1;
}

void sym_ranges_free(struct sym_ranges *ranges)
{
	free(ranges->items);
	memset(ranges, 0, sizeof(*ranges));
}
