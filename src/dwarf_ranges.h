/* SPDX-License-Identifier: MIT */
/*
 * dwarf_ranges.h - the addresses that a DIE covers, and which of nested ranges an address is in.
 */
#ifndef DWARF_RANGES_H
#define DWARF_RANGES_H

#include "dwarf_file.h"

/* [start, end) of thing `id`, which lies in things of a smaller depth. */
struct dwarf_range {
	uint64_t start, end;
	uint32_t id, depth;
};

struct dwarf_ranges {
	struct dwarf_range *items;
	size_t count, room;
};

/* From `start` to the next one's it is `id`; DWARF_NOTHING: none. */
struct dwarf_span {
	uint64_t start;
	uint32_t id, pad;
};

#define DWARF_NOTHING UINT32_MAX

struct dwarf_spans {
	struct dwarf_span *items; /* sorted by start */
	size_t count, room;
};

/*
 * Adds what DW_AT_ranges of a DIE in `unit` (opened) leads to. Stops at `max` in all: the same list
 * may be referred to any number of times.
 */
void dwarf_ranges_add_list(struct dwarf_ranges *ranges, const struct dwarf_unit *unit,
			   const struct dwarf_value *value, uint32_t id, uint32_t depth,
			   size_t max);
void dwarf_ranges_add(struct dwarf_ranges *ranges, uint64_t start, uint64_t end, uint32_t id,
		      uint32_t depth, size_t max);

/* Of the ranges that hold an address, the deepest that starts last. Sorts `ranges`. */
void dwarf_spans_make(struct dwarf_spans *spans, struct dwarf_ranges *ranges);
/* The id at an address, or DWARF_NOTHING. */
uint32_t dwarf_spans_find(const struct dwarf_spans *spans, uint64_t address);

#endif
