/* SPDX-License-Identifier: MIT */
/*
 * unwind_layout.h - the executable mappings of an address space: sorted, and apart from each other,
 * since a new mapping replaces what it lies upon. Unmapping is not told; what is gone stays until
 * something else lies there.
 *
 * A layout is shared by reference: after a fork by parent and child, until one of them maps something.
 */
#ifndef UNWIND_LAYOUT_H
#define UNWIND_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "scope_time.h"
#include "unwind_images.h"

#define UNWIND_LAYOUT_MAX 16384u /* ranges; of a hostile process, what is more is not known */

struct unwind_range {
	uint64_t start, end;
	uint64_t file_off;
	struct unwind_image *image; /* NULL: no file */
};

struct unwind_layout {
	uint32_t references;
	ARRAY(struct unwind_range) ranges;

	/* the same for walkers, as of the last unwind_layout_compile() */
	ARRAY(struct scope_unwind_map) maps;
	bool changed;	  /* the ranges have, since */
	bool pending;	  /* the table of an image is still to come */
	uint64_t version; /* of the images, then */

	/* in the maps of the kernel side: src/unwind_spaces.c */
	uint32_t bound; /* how many spaces that the kernel side knows have it */
	bool written;	/* `maps` lie there, at `first` */
	uint32_t first, written_count;
};

struct unwind_layout *unwind_layout_new(void); /* with one reference, empty */
struct unwind_layout *unwind_layout_copy(const struct unwind_layout *layout); /* the ranges */
struct unwind_layout *unwind_layout_hold(struct unwind_layout *layout);
void unwind_layout_release(struct unwind_layout **layout); /* takes NULL */

/* `end` > `start`. `image` NULL: anonymous. */
void unwind_layout_add(struct unwind_layout *layout, const struct unwind_range *range);

/* The range that holds `address`, or NULL; valid until the next is added. */
const struct unwind_range *unwind_layout_find(const struct unwind_layout *layout,
					      uint64_t address);

/* Asks for all tables. */
void unwind_layout_want(struct unwind_layout *layout, struct unwind_images *images, nsec_t now);
/* Tables that are there count as asked for. */
void unwind_layout_touch(const struct unwind_layout *layout, nsec_t now);
/* Brings `maps` up to date; true if they are others than before. */
bool unwind_layout_compile(struct unwind_layout *layout, const struct unwind_images *images);

#endif
