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

/* --- the later wins --------------------------------------------------------------------------- */

/*
 * The candidates' bounds cut the addresses into pieces. From the last candidate to the first, each
 * takes those of its pieces that nobody has taken; `next` leads past what is taken.
 */
struct pieces {
	uint64_t *bounds; /* ascending and unique: piece i is [bounds[i], bounds[i + 1]) */
	uint32_t *next;	  /* a piece at or behind this one: itself where it is free */
	uint32_t *owners; /* candidate + 1; 0: nobody's */
	uint32_t count;	  /* of bounds */
};

static int compare_bounds(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void pieces_init(struct pieces *p, const struct sym_range *candidates, size_t count)
{
	p->bounds = mem_alloc_array(2 * count, sizeof(*p->bounds));
	p->next = mem_alloc_array(2 * count, sizeof(*p->next));
	p->owners = mem_alloc_array(2 * count, sizeof(*p->owners));
	for (size_t i = 0; i < count; i++) {
		p->bounds[2 * i] = candidates[i].start;
		p->bounds[2 * i + 1] = candidates[i].end;
	}
	qsort(p->bounds, 2 * count, sizeof(*p->bounds), compare_bounds);
	p->count = 0;
	for (size_t i = 0; i < 2 * count; i++)
		if (!i || p->bounds[i] != p->bounds[p->count - 1])
			p->bounds[p->count++] = p->bounds[i];
	for (uint32_t i = 0; i < p->count; i++)
		p->next[i] = i;
}

static uint32_t piece_at(const struct pieces *p, uint64_t bound)
{
	uint32_t low = 0, high = p->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (p->bounds[middle] < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last bound begins no piece, so that it is always free. Halves the way for who comes next. */
static uint32_t piece_free(struct pieces *p, uint32_t at)
{
	while (p->next[at] != at) {
		p->next[at] = p->next[p->next[at]];
		at = p->next[at];
	}
	return at;
}

static void pieces_give(struct pieces *p, const struct sym_range *range, uint32_t owner)
{
	uint32_t end = piece_at(p, range->end);

	for (uint32_t at = piece_free(p, piece_at(p, range->start)); at < end;
	     at = piece_free(p, at)) {
		p->owners[at] = owner;
		p->next[at] = at + 1;
	}
}

void sym_ranges_seal_latest(struct sym_ranges *ranges, const struct sym_range *candidates,
			    size_t count)
{
	struct pieces p;

	if (!count)
		return;
	pieces_init(&p, candidates, count);
	for (size_t i = count; i > 0; i--)
		pieces_give(&p, &candidates[i - 1], (uint32_t)i);
	for (uint32_t i = 0; i + 1 < p.count; i++) {
		struct sym_range *out;

		if (!p.owners[i])
			continue;
		if (i && p.owners[i - 1] == p.owners[i]) {
			ranges->items[ranges->count - 1].end = p.bounds[i + 1];
			continue;
		}
		out = array_push(ranges);
		*out = candidates[p.owners[i] - 1];
		out->start = p.bounds[i];
		out->end = p.bounds[i + 1];
	}
	free(p.bounds);
	free(p.next);
	free(p.owners);
}

/* --- the search ------------------------------------------------------------------------------- */

static size_t ranges_find(const struct sym_ranges *ranges, uint64_t vaddr)
{
	size_t low = array_up_to(ranges->items, ranges->count, end, vaddr);

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
