// SPDX-License-Identifier: MIT
/* Executable mappings of an address space: the newest wins, and walkers get them with their tables.
 */
#include "unwind_layout.h"

#include <string.h>

#include "check.h"

#define PAGE 4096u

static struct image files[3];
static struct unwind_image images[3];
static struct unwind_images set; /* its version is all that matters here */
static struct unwind_layout *layout;

static void reset(void)
{
	memset(images, 0, sizeof(images));
	for (size_t i = 0; i < 3; i++) {
		files[i] = (struct image){ .kind = IMAGE_FILE, .fd = -1, .path = "" };
		images[i].image = &files[i];
	}
	layout = unwind_layout_new();
}

static void done(void)
{
	unwind_layout_release(&layout);
	CHECK(!layout);
	unwind_layout_release(&layout);
}

/* Pages, not addresses. `image` -1: anonymous. */
static void add(uint64_t first, uint64_t pages, uint64_t file_page, int image)
{
	struct unwind_range range = { first * PAGE, (first + pages) * PAGE, file_page * PAGE,
				      image < 0 ? NULL : &images[image] };

	unwind_layout_add(layout, &range);
}

/* "first-end@file_page:image ..." */
static const char *text(void)
{
	static char line[4096];
	size_t used = 0;

	line[0] = '\0';
	for (size_t i = 0; i < layout->ranges.count; i++) {
		const struct unwind_range *r = &layout->ranges.items[i];
		int n = snprintf(line + used, sizeof(line) - used, "%s%d-%d@%d:%c", i ? " " : "",
				 (int)(r->start / PAGE), (int)(r->end / PAGE),
				 r->image ? (int)(r->file_off / PAGE) : 0,
				 r->image ? "abc"[r->image - images] : '-');

		used += (size_t)n;
	}
	return line;
}

static void the_newest_wins(void)
{
	reset();
	add(10, 10, 0, 0);
	add(30, 5, 7, 1);
	CHECK_TEXT(text(), "10-20@0:a 30-35@7:b");
	add(12, 3, 0, 2); /* in the midst of another */
	CHECK_TEXT(text(), "10-12@0:a 12-15@0:c 15-20@5:a 30-35@7:b");
	add(18, 14, 0, 2); /* over an end, a gap and a beginning */
	CHECK_TEXT(text(), "10-12@0:a 12-15@0:c 15-18@5:a 18-32@0:c 32-35@9:b");
	add(5, 40, 1, 1); /* over all */
	CHECK_TEXT(text(), "5-45@1:b");
	add(5, 40, 2, 1); /* the same place, another part of the file */
	CHECK_TEXT(text(), "5-45@2:b");
	add(5, 1, 0, 0);
	add(44, 1, 0, 0);
	CHECK_TEXT(text(), "5-6@0:a 6-44@3:b 44-45@0:a");
	done();
}

static void what_is_known_changes_nothing(void)
{
	reset();
	add(10, 10, 3, 0);
	add(30, 10, 0, -1);
	unwind_layout_compile(layout, &set);
	add(10, 10, 3, 0);
	add(12, 2, 5, 0);
	add(33, 2, 0, -1);
	CHECK(!layout->changed);
	add(12, 2, 6, 0);
	CHECK(layout->changed);
	done();
}

/* Code made at run time comes page by page. */
static void neighbours_without_a_file_are_one(void)
{
	reset();
	add(10, 1, 0, -1);
	add(12, 1, 0, -1);
	CHECK_TEXT(text(), "10-11@0:- 12-13@0:-");
	add(11, 1, 0, -1);
	CHECK_TEXT(text(), "10-13@0:-");
	add(13, 2, 0, 0);
	add(9, 1, 0, -1);
	add(14, 3, 0, -1);
	CHECK_TEXT(text(), "9-13@0:- 13-14@0:a 14-17@0:-");
	done();
}

static void a_copy_is_apart(void)
{
	struct unwind_layout *parent, *held;

	reset();
	add(1, 1, 0, 0);
	parent = layout;
	held = unwind_layout_hold(parent);
	layout = unwind_layout_copy(parent);
	add(5, 1, 0, 1);
	CHECK_TEXT(text(), "1-2@0:a 5-6@0:b");
	unwind_layout_release(&layout);
	layout = parent;
	CHECK_TEXT(text(), "1-2@0:a");
	unwind_layout_release(&held);
	done();
}

static const struct scope_unwind_map *map(size_t i)
{
	static const struct scope_unwind_map none;

	return i < layout->maps.count ? &layout->maps.items[i] : &none;
}

static void check_map(size_t i, uint64_t first, uint64_t end, uint32_t image, uint32_t page)
{
	CHECK_INT(map(i)->start / PAGE, first);
	CHECK_INT(map(i)->end / PAGE, end);
	CHECK_INT(map(i)->image, image);
	CHECK_INT(map(i)->page, page);
}

static void walkers_get_tables(void)
{
	reset();
	images[0].state = UNWIND_IMAGE_READY;
	images[0].arena = 4;
	images[0].first = 100; /* element */
	images[0].first_off = 3 * PAGE;
	images[0].pages = 10;
	images[1].state = UNWIND_IMAGE_QUEUED;
	images[2].same = &images[0];
	add(20, 20, 0, 0); /* more than the index has, on both sides */
	add(50, 2, 5, 1);
	add(60, 1, 12, 2);
	add(70, 1, 13, 2);
	add(80, 1, 0, -1);
	CHECK(unwind_layout_compile(layout, &set));
	CHECK(layout->pending);
	check_map(0, 20, 23, 0, 0);
	check_map(1, 23, 33, 4, 100 * SCOPE_UNWIND_PAGES);
	check_map(2, 33, 40, 0, 0);
	check_map(3, 50, 52, SCOPE_UNWIND_PENDING, 0);
	check_map(4, 60, 61, 4, 100 * SCOPE_UNWIND_PAGES + 9);
	check_map(5, 70, 71, 0, 0);
	check_map(6, 80, 81, 0, 0);
	CHECK_INT(layout->maps.count, 7);
	CHECK(!unwind_layout_compile(layout, &set));
	/* a table that is not there after all, and nothing else */
	images[1].state = UNWIND_IMAGE_NONE;
	set.version++;
	CHECK(unwind_layout_compile(layout, &set));
	CHECK(!layout->pending);
	check_map(3, 50, 52, 0, 0);
	set.version++;
	CHECK(!unwind_layout_compile(layout, &set));
	done();
}

static void a_hostile_layout_has_an_end(void)
{
	reset();
	for (uint64_t i = 0; i < UNWIND_LAYOUT_MAX + 100; i++)
		add(i * 2, 1, i % 16, 0);
	CHECK(layout->ranges.count <= UNWIND_LAYOUT_MAX);
	add(UINT32_MAX, 1, UINT64_MAX / PAGE, 1);
	done();
	/* offsets at the end of what there is */
	reset();
	images[0].state = UNWIND_IMAGE_READY;
	images[0].pages = UINT32_MAX;
	images[0].first_off = UINT64_MAX - UINT64_MAX % PAGE;
	unwind_layout_add(layout, &(struct unwind_range){ 1, UINT64_MAX, 0, &images[0] });
	unwind_layout_add(layout,
			  &(struct unwind_range){ PAGE, 2 * PAGE, UINT64_MAX - 5, &images[0] });
	unwind_layout_compile(layout, &set);
	CHECK_INT(layout->ranges.count, 3);
	done();
}

int main(void)
{
	CHECK_CASE(the_newest_wins);
	CHECK_CASE(what_is_known_changes_nothing);
	CHECK_CASE(neighbours_without_a_file_are_one);
	CHECK_CASE(a_copy_is_apart);
	CHECK_CASE(walkers_get_tables);
	CHECK_CASE(a_hostile_layout_has_an_end);
	return check_status();
}
