// SPDX-License-Identifier: MIT
#include "unwind_layout.h"

#include <string.h>

struct unwind_layout *unwind_layout_new(void)
{
	struct unwind_layout *layout = mem_alloc(sizeof(*layout));

	layout->references = 1;
	return layout;
}

struct unwind_layout *unwind_layout_copy(const struct unwind_layout *layout)
{
	struct unwind_layout *copy = unwind_layout_new();

	for (size_t i = 0; i < layout->ranges.count; i++)
		*array_push(&copy->ranges) = layout->ranges.items[i];
	copy->changed = true;
	return copy;
}

struct unwind_layout *unwind_layout_hold(struct unwind_layout *layout)
{
	layout->references++;
	return layout;
}

void unwind_layout_release(struct unwind_layout **layout)
{
	struct unwind_layout *dead = *layout;

	*layout = NULL;
	if (!dead || --dead->references)
		return;
	array_free(&dead->ranges);
	array_free(&dead->maps);
	free(dead);
}

/* --- ranges ------------------------------------------------------------------------------------ */

/* The first range that ends after `address`. */
static size_t find_range(const struct unwind_layout *layout, uint64_t address)
{
	return array_up_to(layout->ranges.items, layout->ranges.count, end, address);
}

const struct unwind_range *unwind_layout_find(const struct unwind_layout *layout, uint64_t address)
{
	size_t i = find_range(layout, address);

	if (i == layout->ranges.count || layout->ranges.items[i].start > address)
		return NULL;
	return &layout->ranges.items[i];
}

/* Is it there already? Code made at run time is mapped, and protected anew, over and over. */
static bool is_known(const struct unwind_range *have, const struct unwind_range *range)
{
	return have->start <= range->start && have->end >= range->end &&
	       have->image == range->image &&
	       (!range->image || have->file_off + (range->start - have->start) == range->file_off);
}

/* Puts `with` in the place of `count` ranges from `at` on. */
static void replace(struct unwind_layout *layout, size_t at, size_t count,
		    const struct unwind_range *with, size_t with_count)
{
	size_t tail = layout->ranges.count - at - count;

	for (size_t i = count; i < with_count; i++)
		array_push(&layout->ranges);
	memmove(&layout->ranges.items[at + with_count], &layout->ranges.items[at + count],
		tail * sizeof(*with));
	memcpy(&layout->ranges.items[at], with, with_count * sizeof(*with));
	layout->ranges.count = at + with_count + tail;
}

/* Neighbours without a file are one: so they stay few. */
static bool joins(const struct unwind_range *low, const struct unwind_range *high)
{
	return !low->image && !high->image && low->end == high->start;
}

void unwind_layout_add(struct unwind_layout *layout, const struct unwind_range *range)
{
	const struct unwind_range *have = layout->ranges.items;
	size_t first = find_range(layout, range->start), last = first, count = layout->ranges.count;
	struct unwind_range with[3];
	size_t with_count = 0;

	if (first < count && is_known(&have[first], range))
		return;
	if (count + 2 > UNWIND_LAYOUT_MAX)
		return;
	if (first < count && have[first].start < range->start) {
		with[with_count] = have[first];
		with[with_count++].end = range->start;
	}
	with[with_count++] = *range;
	while (last < count && have[last].end <= range->end)
		last++;
	if (last < count && have[last].start < range->end) {
		with[with_count] = have[last];
		with[with_count].start = range->end;
		with[with_count++].file_off += range->end - have[last].start;
		last++;
	}
	if (first && joins(&have[first - 1], &with[0])) {
		with[0].start = have[first - 1].start;
		first--;
	}
	if (last < count && joins(&with[with_count - 1], &have[last])) {
		with[with_count - 1].end = have[last].end;
		last++;
	}
	replace(layout, first, last - first, with, with_count);
	layout->changed = true;
}

/* --- for walkers --------------------------------------------------------------------------------
 */

void unwind_layout_want(struct unwind_layout *layout, struct unwind_images *images, nsec_t now)
{
	for (size_t i = 0; i < layout->ranges.count; i++)
		if (layout->ranges.items[i].image)
			unwind_images_want(images, layout->ranges.items[i].image, now);
}

void unwind_layout_touch(const struct unwind_layout *layout, nsec_t now)
{
	for (size_t i = 0; i < layout->ranges.count; i++)
		if (layout->ranges.items[i].image)
			unwind_image_holder(layout->ranges.items[i].image)->used_ns = now;
}

static void push_map(struct unwind_layout *layout, uint64_t start, uint64_t end, uint32_t image,
		     uint32_t page)
{
	if (start < end)
		*array_push(&layout->maps) = (struct scope_unwind_map){
			.start = start,
			.end = end,
			.image = image,
			.page = page,
		};
}

/* What of the range is in the table's index, and what before and after it. */
static void push_table(struct unwind_layout *layout, const struct unwind_range *range,
		       const struct unwind_image *holder)
{
	uint64_t bytes = (uint64_t)holder->pages * SCOPE_UNWIND_PAGE;
	uint64_t last_off = holder->first_off + bytes;
	uint64_t off = range->file_off, end_off = off + (range->end - range->start);
	uint64_t from, to;

	if (end_off < off) /* no file is that large */
		end_off = off;
	from = off > holder->first_off ? off : holder->first_off;
	to = end_off < last_off ? end_off : last_off;
	if (from >= to || from % SCOPE_UNWIND_PAGE) {
		push_map(layout, range->start, range->end, 0, 0);
		return;
	}
	push_map(layout, range->start, range->start + (from - off), 0, 0);
	push_map(layout, range->start + (from - off), range->start + (to - off), holder->arena,
		 holder->first * SCOPE_UNWIND_PAGES +
			 (uint32_t)((from - holder->first_off) / SCOPE_UNWIND_PAGE));
	push_map(layout, range->start + (to - off), range->end, 0, 0);
}

static void push_range(struct unwind_layout *layout, const struct unwind_range *range)
{
	const struct unwind_image *holder = range->image ? unwind_image_holder(range->image) : NULL;

	if (holder && holder->state == UNWIND_IMAGE_READY) {
		push_table(layout, range, holder);
	} else if (holder && holder->state == UNWIND_IMAGE_QUEUED) {
		layout->pending = true;
		push_map(layout, range->start, range->end, SCOPE_UNWIND_PENDING, 0);
	} else {
		push_map(layout, range->start, range->end, 0, 0);
	}
}

bool unwind_layout_compile(struct unwind_layout *layout, const struct unwind_images *images)
{
	struct scope_unwind_map *before = layout->maps.items;
	size_t count = layout->maps.count;
	bool differs;

	if (!layout->changed && layout->version == images->version)
		return false;
	memset(&layout->maps, 0, sizeof(layout->maps));
	layout->pending = false;
	for (size_t i = 0; i < layout->ranges.count; i++)
		push_range(layout, &layout->ranges.items[i]);
	layout->changed = false;
	layout->version = images->version;
	differs = count != layout->maps.count ||
		  (count && memcmp(before, layout->maps.items, count * sizeof(*before)) != 0);
	free(before);
	return differs;
}
