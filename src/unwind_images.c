// SPDX-License-Identifier: MIT
#include "unwind_images.h"

#include <string.h>

#define ARENA_MIN 512u	/* elements: 2 MiB; each further arena is twice as large, up to */
#define ARENA_MAX 4096u /* unless one table is larger */

void unwind_images_init(struct unwind_images *images, struct unwind_maps *maps, uint64_t max_bytes)
{
	memset(images, 0, sizeof(*images));
	images->maps = maps;
	images->max_bytes = max_bytes;
	images->builder = unwind_builder_new(maps->rules);
	table_init(&images->by_image, sizeof(const struct image *));
	strings_init(&images->build_ids);
}

void unwind_images_free(struct unwind_images *images)
{
	unwind_builder_free(&images->builder);
	for (size_t i = 0; i < images->items.count; i++)
		free(images->items.items[i]);
	array_free(&images->items);
	array_free(&images->by_build_id);
	strings_free(&images->build_ids);
	table_free(&images->by_image);
}

struct unwind_image *unwind_images_get(struct unwind_images *images, const struct image *image)
{
	bool is_new;
	uint32_t id = table_add(&images->by_image, &image, &is_new);

	if (is_new) {
		struct unwind_image *entry = mem_alloc(sizeof(*entry));

		entry->image = image;
		*array_push(&images->items) = entry;
	}
	return images->items.items[id];
}

/* Another image with the build-id of this one, that was asked for before. */
static struct unwind_image *find_same(struct unwind_images *images, struct unwind_image *image)
{
	struct unwind_image **slot;
	uint32_t id;

	if (!image->image->build_id)
		return NULL;
	id = strings_add(&images->build_ids, image->image->build_id);
	while (images->by_build_id.count <= id)
		*array_push(&images->by_build_id) = NULL;
	slot = &images->by_build_id.items[id];
	if (!*slot)
		*slot = image;
	/* a build-id is only a claim */
	return *slot != image && (*slot)->image->size == image->image->size ? *slot : NULL;
}

void unwind_images_want(struct unwind_images *images, struct unwind_image *image, nsec_t now)
{
	if (!image->same && image->state == UNWIND_IMAGE_NEW && image->image->fd >= 0)
		image->same = find_same(images, image);
	image = unwind_image_holder(image);
	image->used_ns = now;
	if (image->state != UNWIND_IMAGE_NEW && image->state != UNWIND_IMAGE_EVICTED)
		return;
	if (image->image->fd < 0 || image->image->kind == IMAGE_KERNEL) {
		/* what is no file will not become one; a file may still be found */
		if (image->image->kind != IMAGE_FILE)
			image->state = UNWIND_IMAGE_NONE;
		return;
	}
	image->state = UNWIND_IMAGE_QUEUED;
	images->version++;
	unwind_builder_add(images->builder, image->image, image);
}

/* --- loading ------------------------------------------------------------------------------------
 */

static uint64_t max_elements(const struct unwind_images *images)
{
	return images->max_bytes / SCOPE_UNWIND_ELEMENT;
}

static bool take_run(struct unwind_images *images, uint32_t count, nsec_t now,
		     struct unwind_image *image)
{
	for (uint32_t id = 1; id < images->maps->arenas.count; id++) {
		if (run_pool_take(&images->maps->arenas.items[id].room, count, now,
				  &image->first)) {
			image->arena = id;
			image->count = count;
			return true;
		}
	}
	return false;
}

/* An arena with room for `count` elements, and for `coming` if it may be that large. */
static bool add_arena(struct unwind_images *images, uint32_t count, uint64_t coming)
{
	uint64_t have = images->maps->arena_bytes / SCOPE_UNWIND_ELEMENT;
	uint64_t left = max_elements(images) > have ? max_elements(images) - have : 0;
	uint64_t wanted = have < ARENA_MIN ? ARENA_MIN : have;

	if (wanted > ARENA_MAX)
		wanted = ARENA_MAX;
	if (wanted < coming)
		wanted = coming;
	if (wanted > left)
		wanted = left;
	return wanted >= count && wanted <= UINT32_MAX &&
	       unwind_maps_add_arena(images->maps, (uint32_t)wanted);
}

/* Tables are built as if their first element were the arena's. */
static void copy_elements(struct unwind_images *images, const struct unwind_image *image,
			  const struct unwind_table *table)
{
	unsigned char *to = images->maps->arenas.items[image->arena].bytes +
			    (size_t)image->first * SCOPE_UNWIND_ELEMENT;
	struct scope_unwind_page *pages = (struct scope_unwind_page *)(void *)to;

	memcpy(to, table->elements, table->element_count * SCOPE_UNWIND_ELEMENT);
	for (uint32_t i = 0; i < table->pages; i++)
		pages[i].element += image->first;
}

/* The table is there; `coming`: how many elements are to be loaded with it. */
static bool load(struct unwind_images *images, struct unwind_image *image,
		 const struct unwind_table *table, uint64_t coming, nsec_t now)
{
	uint32_t count = (uint32_t)table->element_count;

	if (table->element_count > max_elements(images))
		return false;
	if (!take_run(images, count, now, image) &&
	    (!add_arena(images, count, coming) || !take_run(images, count, now, image)))
		return false;
	image->first_off = table->first_off;
	image->pages = table->pages;
	image->rows = table->rows;
	copy_elements(images, image, table);
	return true;
}

static void settle(struct unwind_images *images, struct unwind_built *built, uint64_t coming,
		   nsec_t now)
{
	struct unwind_image *image = built->job;
	struct unwind_images_stats *stats = &images->stats;

	images->version++;
	stats->build_ns += built->build_ns;
	image->state = UNWIND_IMAGE_NONE;
	if (built->error)
		return;
	stats->built++;
	stats->unsupported_rows += built->table.rows_unsupported;
	if (load(images, image, &built->table, coming, now)) {
		image->state = UNWIND_IMAGE_READY;
		stats->tables++;
		stats->rows += image->rows;
		stats->bytes += (uint64_t)image->count * SCOPE_UNWIND_ELEMENT;
	} else {
		stats->refused++;
	}
	unwind_table_free(&built->table);
}

void unwind_images_collect(struct unwind_images *images, bool wait, nsec_t now)
{
	ARRAY(struct unwind_built) all = { 0 };
	struct unwind_built built;
	uint64_t coming = 0;

	/* All of them first: an arena more is a wait for the kernel more. */
	while (unwind_builder_take(images->builder, wait, &built)) {
		*array_push(&all) = built;
		if (!built.error)
			coming += built.table.element_count;
	}
	images->stats.rules = unwind_builder_rules(images->builder);
	for (size_t i = 0; i < all.count; i++) {
		uint64_t elements = all.items[i].error ? 0 : all.items[i].table.element_count;

		settle(images, &all.items[i], coming, now);
		coming -= elements;
	}
	array_free(&all);
}

/* --- room ---------------------------------------------------------------------------------------
 */

bool unwind_images_full(const struct unwind_images *images)
{
	return images->stats.bytes > images->max_bytes / 8 * 7;
}

static struct unwind_image *longest_unused(const struct unwind_images *images)
{
	struct unwind_image *oldest = NULL;

	for (size_t i = 0; i < images->items.count; i++) {
		struct unwind_image *image = images->items.items[i];

		if (image->state == UNWIND_IMAGE_READY &&
		    (!oldest || image->used_ns < oldest->used_ns))
			oldest = image;
	}
	return oldest;
}

void unwind_images_evict(struct unwind_images *images, nsec_t now)
{
	struct unwind_image *image;

	while (unwind_images_full(images) && (image = longest_unused(images))) {
		image->state = UNWIND_IMAGE_EVICTED;
		run_pool_give(&images->maps->arenas.items[image->arena].room, image->first,
			      image->count, now);
		images->version++;
		images->stats.evicted++;
		images->stats.tables--;
		images->stats.rows -= image->rows;
		images->stats.bytes -= (uint64_t)image->count * SCOPE_UNWIND_ELEMENT;
	}
}

int unwind_images_fd(const struct unwind_images *images)
{
	return unwind_builder_fd(images->builder);
}
