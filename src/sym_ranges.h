/* SPDX-License-Identifier: MIT */
/*
 * sym_ranges.h - what the sources that read symbol tables share: sorted ranges of addresses, each
 * with one name, and the search in them.
 */
#ifndef SYM_RANGES_H
#define SYM_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "symsource.h"

/* A symbol that could name [start, end). Not terminated at name_length; owned by the source. */
struct sym_range {
	uint64_t start, end;
	const char *name;
	uint32_t name_length;
	uint8_t rank; /* of several names for the same range the lowest wins */
};

/* Zero is empty. */
struct sym_ranges {
	struct sym_range *items; /* sorted and disjoint; owned */
	size_t count, room;
};

/*
 * Orders candidates by start, then the wider first, then the better name first: rank, then
 * the shorter, then by bytes. For qsort().
 */
int sym_range_compare(const void *a, const void *b);

/*
 * Takes `count` candidates sorted by sym_range_compare(), which may overlap, and cuts them so that
 * every address has at most one: of the ranges that hold it, the one that starts last.
 */
void sym_ranges_seal(struct sym_ranges *ranges, const struct sym_range *candidates, size_t count);
/*
 * The same for candidates in any order, of which the later has what several hold: their addresses
 * were used again. At most half of UINT32_MAX.
 */
void sym_ranges_seal_latest(struct sym_ranges *ranges, const struct sym_range *candidates,
			    size_t count);
/* The contract of symsource.resolve. */
size_t sym_ranges_resolve(const struct sym_ranges *ranges, uint64_t vaddr,
			  struct sym_name *ret_names, size_t max);
void sym_ranges_free(struct sym_ranges *ranges);

#endif
