/* SPDX-License-Identifier: MIT */
/*
 * unwind_images.h - the unwind tables of images: one a file, shared by all that map it, built on a
 * thread of their own, and loaded into the maps within a bound.
 *
 * An image is asked for with unwind_images_want(); its table is there, or known not to be had, after
 * a later unwind_images_collect(). Images that are the same by build-id share a table.
 *
 * All functions are called by one thread. Only the builder's own (src/unwind_builder.c) runs beside it.
 */
#ifndef UNWIND_IMAGES_H
#define UNWIND_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "mem.h"
#include "scope_time.h"
#include "table.h"
#include "unwind_builder.h"
#include "unwind_maps.h"

enum unwind_image_state {
	UNWIND_IMAGE_NEW,     /* nobody has asked for it, or its file was not to be had yet */
	UNWIND_IMAGE_QUEUED,  /* being built */
	UNWIND_IMAGE_READY,   /* in the maps */
	UNWIND_IMAGE_EVICTED, /* was in the maps; to be built again for who asks next */
	UNWIND_IMAGE_NONE,    /* there is none to be had: not an ELF file, no table in it, no room */
};

struct unwind_image {
	const struct image *image;
	enum unwind_image_state state;
	struct unwind_image *same; /* has the table of this build-id; NULL: this one */
	uint32_t arena, first, count; /* READY: its elements */
	uint64_t first_off;	      /* of the code that the index begins with, in the file */
	uint32_t pages;		      /* that the index has */
	size_t rows;
	nsec_t used_ns;		      /* when somebody last asked for it */
};

struct unwind_images_stats {
	uint64_t tables, rows, bytes; /* in the maps now; bytes of elements */
	uint64_t built;		      /* tables, in all */
	uint64_t evicted;	      /* for want of room */
	uint64_t refused;	      /* tables that found none */
	uint64_t unsupported_rows;    /* that the file tells and the tables cannot */
	uint64_t rules;
	nsec_t build_ns;	      /* in the builder, all tables */
};

struct unwind_images {
	struct unwind_maps *maps; /* not owned */
	uint64_t max_bytes;
	struct unwind_builder *builder;
	struct table by_image; /* const struct image * */
	ARRAY(struct unwind_image *) items; /* the same order */
	struct strings build_ids;
	ARRAY(struct unwind_image *) by_build_id;
	uint64_t version; /* grows whenever an image's state changes */
	struct unwind_images_stats stats;
};

/* `max_bytes`: of arenas. */
void unwind_images_init(struct unwind_images *images, struct unwind_maps *maps, uint64_t max_bytes);
void unwind_images_free(struct unwind_images *images);

/* The entry of an image; lives as long as `images`. */
struct unwind_image *unwind_images_get(struct unwind_images *images, const struct image *image);
/* The image that has the table of this one: itself, or one with the same build-id. */
static inline struct unwind_image *unwind_image_holder(struct unwind_image *image)
{
	return image->same ? image->same : image;
}

/* Begins to build the table unless it is there, or on its way, or not to be had. */
void unwind_images_want(struct unwind_images *images, struct unwind_image *image, nsec_t now);
/* Loads the tables that are ready. `wait`: until all that were asked for are. */
void unwind_images_collect(struct unwind_images *images, bool wait, nsec_t now);
/* Nearly: room is made ahead of its need, since what is freed rests for a while. */
bool unwind_images_full(const struct unwind_images *images);
/*
 * Takes tables away until it is not full, those first that nobody has asked for for longest. Whoever
 * reads them must be told before RUN_GRACE_NS have passed.
 */
void unwind_images_evict(struct unwind_images *images, nsec_t now);
/* Readable when there is something to collect. */
int unwind_images_fd(const struct unwind_images *images);

#endif
