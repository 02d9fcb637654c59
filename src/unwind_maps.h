/* SPDX-License-Identifier: MIT */
/*
 * unwind_maps.h - the memory that the unwinder in the kernel reads: its maps, mapped. What it
 * means is in include/scope_unwind.h.
 *
 * Without a kernel side (tests; -K) the same memory is the process's own.
 *
 * Tables lie in arenas: arrays of elements, one for many images, whose number is the `image` that a
 * mapping names. A table is moved to its place there by user space. One map per image would
 * cost a grace period of the kernel each, some ten milliseconds.
 */
#ifndef UNWIND_MAPS_H
#define UNWIND_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "run_pool.h"
#include "scope_unwind.h"
#include "unwind_walk.h"

/* Descriptors of the kernel side's maps; not owned. */
struct unwind_fds {
	int rules, maps, spaces, images;
	int forget; /* a program: what is remembered of an address space is looked for again */
};

struct unwind_arena {
	unsigned char *bytes;
	uint32_t count; /* elements */
	int fd;		/* -1: no map */
	struct run_pool room;
};

struct unwind_maps {
	bool in_kernel;
	struct unwind_fds fds;
	struct scope_unwind_rule *rules; /* SCOPE_UNWIND_RULES */
	struct scope_unwind_map *maps;	 /* SCOPE_UNWIND_MAPS */
	struct run_pool map_room;
	ARRAY(struct unwind_arena) arenas; /* by image number; the first is none */
	ARRAY(struct unwind_elements) tables; /* the same, for src/unwind_walk.h */
	uint64_t arena_bytes;
};

/* `fds` NULL: no kernel side. 0 or -errno. */
int unwind_maps_open(struct unwind_maps *maps, const struct unwind_fds *fds);
void unwind_maps_close(struct unwind_maps *maps); /* takes a zeroed one */

/* A new arena of `count` elements; its number, or 0: there is no memory or no room for it. */
uint32_t unwind_maps_add_arena(struct unwind_maps *maps, uint32_t count);

/* Tells the kernel side of an address space, or takes it away. 0 or -errno. */
int unwind_maps_set_space(struct unwind_maps *maps, uint64_t owner,
			  const struct scope_unwind_space *space);
void unwind_maps_delete_space(struct unwind_maps *maps, uint64_t owner);

#endif
