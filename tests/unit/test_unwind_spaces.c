// SPDX-License-Identifier: MIT
/* Processes and their mappings over time, and what the kernel side would be told of them. */
#include "unwind_spaces.h"

#include <string.h>

#include "check.h"
#include "clock.h"
#include "ingest.h"
#include "snapshot.h"

#include <unistd.h>

#define NOBODY (SCOPE_MEMBER_SIZE + 100) /* no process has such a number */

static struct images *images;
static struct unwind_maps maps;
static struct unwind_images tables;
static struct unwind_spaces spaces;

static void open_all(void)
{
	images = images_new();
	CHECK(unwind_maps_open(&maps, NULL) == 0);
	unwind_images_init(&tables, &maps, 64 << 20);
	unwind_spaces_init(&spaces, &maps, &tables, images);
}

static void close_all(void)
{
	unwind_spaces_free(&spaces);
	unwind_images_free(&tables);
	unwind_maps_close(&maps);
	images_free(&images);
}

static void fork_at(nsec_t time_ns, uint32_t parent, uint32_t pid)
{
	struct scope_fork fork = { .rec = { SCOPE_REC_FORK, sizeof(fork) },
				   .time_ns = time_ns,
				   .pid = pid,
				   .tid = pid,
				   .ppid = parent,
				   .ptid = parent };

	unwind_spaces_take(&spaces, &fork);
}

static void exec_at(nsec_t time_ns, uint32_t pid)
{
	struct scope_comm comm = { .rec = { SCOPE_REC_COMM, sizeof(comm) },
				   .time_ns = time_ns,
				   .pid = pid,
				   .tid = pid,
				   .exec = 1 };

	unwind_spaces_take(&spaces, &comm);
}

static void exit_at(nsec_t time_ns, uint32_t pid, uint32_t tid)
{
	struct scope_exit exit = {
		.rec = { SCOPE_REC_EXIT, sizeof(exit) }, .time_ns = time_ns, .pid = pid, .tid = tid
	};

	unwind_spaces_take(&spaces, &exit);
}

static void map_at(nsec_t time_ns, uint32_t pid, uint64_t start)
{
	union {
		struct scope_map map;
		char room[sizeof(struct scope_map) + 8];
	} record = { .map = { .rec = { SCOPE_REC_MAP, sizeof(record) },
			      .time_ns = time_ns,
			      .pid = pid,
			      .start = start,
			      .end = start + 0x1000,
			      .executable = 1 } };

	unwind_spaces_take(&spaces, &record);
}

/* The starts of a process's mappings, of 0x1000 each: "1 2 5". */
static const char *starts(const struct unwind_space *space)
{
	static char line[256];
	size_t used = 0;

	line[0] = '\0';
	for (size_t i = 0; space && i < space->layout->ranges.count; i++) {
		const struct unwind_range *r = &space->layout->ranges.items[i];

		for (uint64_t at = r->start; at < r->end && used < sizeof(line) - 20; at += 0x1000)
			used += (size_t)sprintf(line + used, "%s%d", used ? " " : "",
						(int)(at / 0x1000));
	}
	return space ? line : "none";
}

static const char *at(uint32_t pid, nsec_t time_ns)
{
	return starts(unwind_spaces_find(&spaces, pid, time_ns));
}

static void generations_follow_each_other(void)
{
	open_all();
	CHECK_TEXT(at(NOBODY, 5), "none");
	map_at(0, NOBODY, 0x1000);
	map_at(10, NOBODY, 0x3000);
	CHECK_TEXT(at(NOBODY, 10), "1 3");
	/* what the parent maps later is not the child's, and the other way round */
	fork_at(20, NOBODY, NOBODY + 1);
	map_at(30, NOBODY, 0x5000);
	map_at(31, NOBODY + 1, 0x7000);
	CHECK_TEXT(at(NOBODY, 40), "1 3 5");
	CHECK_TEXT(at(NOBODY + 1, 40), "1 3 7");
	/* another program: the mappings before it are still known */
	exec_at(50, NOBODY + 1);
	map_at(51, NOBODY + 1, 0x9000);
	CHECK_TEXT(at(NOBODY + 1, 60), "9");
	CHECK_TEXT(at(NOBODY + 1, 49), "1 3 7");
	CHECK_TEXT(at(NOBODY + 1, 50), "9");
	/* a thread is no process */
	fork_at(70, NOBODY, NOBODY);
	CHECK_TEXT(at(NOBODY, 80), "1 3 5");
	/* a number is used again */
	fork_at(90, 1, NOBODY + 1);
	CHECK_TEXT(at(NOBODY + 1, 91), "");
	CHECK_TEXT(at(NOBODY + 1, 89), "9");
	close_all();
}

static void the_end_is_remembered_for_a_while(void)
{
	nsec_t begin = clock_now(), end = begin + 10;

	open_all();
	map_at(0, NOBODY, 0x1000);
	exit_at(end, NOBODY, NOBODY + 7); /* another thread */
	exit_at(end, NOBODY, NOBODY);
	unwind_spaces_update(&spaces, end + NSEC_PER_SEC - 1);
	CHECK_INT(spaces.retired.count, 0);
	unwind_spaces_update(&spaces, end + 2 * NSEC_PER_SEC);
	CHECK_INT(spaces.retired.count, 1);
	CHECK_TEXT(at(NOBODY, begin), "1");
	unwind_spaces_update(&spaces, end + 2 * SPACE_GRACE_NS);
	CHECK_TEXT(at(NOBODY, begin), "none");
	/* one whose leader has ended, and that lives on */
	map_at(0, (uint32_t)getpid(), 0x2000);
	exit_at(end, (uint32_t)getpid(), (uint32_t)getpid());
	unwind_spaces_update(&spaces, end + 4 * SPACE_GRACE_NS);
	unwind_spaces_update(&spaces, end + 9 * SPACE_GRACE_NS);
	CHECK_TEXT(at((uint32_t)getpid(), begin), "2");
	close_all();
}

static bool is_told(const struct unwind_space *space, const char *wanted)
{
	const struct scope_unwind_space *told = &space->told;
	char line[256] = "";
	size_t used = 0;

	if (!told->bound)
		return strcmp(wanted, "nothing") == 0;
	for (uint32_t i = told->first; i < told->first + told->count; i++) {
		const struct scope_unwind_map *map = &maps.maps[i];

		for (uint64_t a = map->start; a < map->end; a += 0x1000)
			used += (size_t)sprintf(line + used, "%s%d", used ? " " : "",
						(int)(a / 0x1000));
	}
	return strcmp(line, wanted) == 0;
}

static void the_kernel_side_is_told(void)
{
	struct unwind_space *parent, *child;
	struct scope_unwind_space before;
	nsec_t now = clock_now();

	open_all();
	map_at(0, NOBODY, 0x1000);
	fork_at(now, NOBODY, NOBODY + 1);
	parent = unwind_spaces_find(&spaces, NOBODY, now);
	child = unwind_spaces_find(&spaces, NOBODY + 1, now);
	CHECK(is_told(parent, "nothing"));
	unwind_spaces_bind(&spaces, parent, 77);
	unwind_spaces_bind(&spaces, child, 78);
	unwind_spaces_update(&spaces, clock_now());
	CHECK(is_told(parent, "1") && is_told(child, "1"));
	CHECK_INT(parent->told.first, child->told.first); /* once for both */
	before = parent->told;
	map_at(now + 1, NOBODY, 0x5000);
	CHECK(is_told(parent, "1"));
	unwind_spaces_update(&spaces, clock_now());
	CHECK(is_told(parent, "1 5") && is_told(child, "1"));
	map_at(now + 2, NOBODY + 1, 0x6000);
	map_at(now + 2, NOBODY + 1, 0x2000);
	unwind_spaces_update(&spaces, clock_now());
	CHECK(is_told(parent, "1 5") && is_told(child, "1 2 6"));
	/* who reads the old ones does so undisturbed */
	CHECK_INT(maps.maps[before.first].start, 0x1000);
	/* nothing new: nothing is written */
	before = child->told;
	unwind_spaces_update(&spaces, clock_now());
	CHECK(!memcmp(&before, &child->told, sizeof(before)));
	/* an end, by exec; the new one has not been asked for */
	exec_at(now + 3, NOBODY);
	CHECK_INT(parent->owner, 0);
	CHECK_INT(spaces.bound.count, 1);
	unwind_spaces_update(&spaces, clock_now());
	CHECK_INT(unwind_spaces_find(&spaces, NOBODY, now + 4)->owner, 0);
	/* one that has ended is not bound */
	unwind_spaces_bind(&spaces, parent, 77);
	CHECK_INT(spaces.bound.count, 1);
	close_all();
}

static void maps_that_are_full_are_counted(void)
{
	struct unwind_space *first, *second;
	nsec_t now = clock_now();
	uint32_t taken;

	open_all();
	CHECK(run_pool_take(&maps.map_room, SCOPE_UNWIND_MAPS - 2, now, &taken));
	for (uint64_t i = 0; i < 2; i++)
		map_at(0, NOBODY, (1 + 2 * i) * 0x1000);
	map_at(0, NOBODY + 1, 0x1000);
	first = unwind_spaces_find(&spaces, NOBODY, now);
	second = unwind_spaces_find(&spaces, NOBODY + 1, now);
	unwind_spaces_bind(&spaces, first, 1);
	unwind_spaces_bind(&spaces, second, 2);
	unwind_spaces_update(&spaces, now);
	CHECK(is_told(first, "1 3") && is_told(second, "nothing"));
	CHECK(spaces.no_room > 0);
	/* and tried again, when there is room */
	run_pool_give(&maps.map_room, taken, SCOPE_UNWIND_MAPS - 2, now);
	map_at(now, NOBODY + 1, 0x2000);
	unwind_spaces_update(&spaces, now + RUN_GRACE_NS);
	CHECK(is_told(second, "1 2"));
	close_all();
}

/* --- tables ----------------------------------------------------------------------------------- */

static void listen_to(void *context, const void *record)
{
	(void)context;
	unwind_spaces_take(&spaces, record);
}

/* This program: its own tables, in the maps, by their own numbers. */
static void tables_come_and_go(void)
{
	struct ingest *ingest = ingest_new();
	uint32_t self = (uint32_t)getpid(), with = 0;
	struct unwind_space *space;
	nsec_t now = clock_now();

	open_all();
	ingest_listen(ingest, listen_to, NULL);
	CHECK(snapshot_process(self, 0, images, ingest) == 0);
	space = unwind_spaces_find(&spaces, self, now);
	CHECK(space && space->whole);
	unwind_spaces_bind(&spaces, space, 5);
	unwind_spaces_update(&spaces, now);
	CHECK(space->layout->pending);
	unwind_images_collect(&tables, true, now);
	unwind_spaces_update(&spaces, now);
	CHECK(!space->layout->pending && space->told.bound);
	for (uint32_t i = space->told.first; i < space->told.first + space->told.count; i++)
		with += maps.maps[i].image != 0;
	/* the program, libc, the loader, the vdso ...: at least its own */
	CHECK(with >= 2);
	CHECK(tables.stats.tables >= 2 && tables.stats.rows > 1000 && tables.stats.rules > 10);
	/* nearly full: some go, and whoever reads them is told */
	tables.max_bytes = tables.stats.bytes;
	unwind_spaces_update(&spaces, now);
	CHECK(tables.stats.evicted > 0 && !unwind_images_full(&tables));
	for (uint32_t i = space->told.first; i < space->told.first + space->told.count; i++)
		with -= maps.maps[i].image != 0;
	CHECK(with > 0);
	close_all();
	ingest_free(&ingest);
}

static void a_table_too_many_is_refused(void)
{
	struct ingest *ingest = ingest_new();
	nsec_t now = clock_now();

	open_all();
	tables.max_bytes = 8192;
	ingest_listen(ingest, listen_to, NULL);
	CHECK(snapshot_process((uint32_t)getpid(), 0, images, ingest) == 0);
	/* of a process that is nobody's target no table is built */
	unwind_spaces_want_all(&spaces, now);
	unwind_images_collect(&tables, true, now);
	CHECK(!tables.stats.refused);
	unwind_spaces_bind(&spaces, unwind_spaces_find(&spaces, (uint32_t)getpid(), now), 9);
	unwind_spaces_want_all(&spaces, now);
	unwind_images_collect(&tables, true, now);
	CHECK(tables.stats.refused > 0);
	CHECK(maps.arena_bytes <= 8192);
	close_all();
	ingest_free(&ingest);
}

int main(void)
{
	CHECK_CASE(generations_follow_each_other);
	CHECK_CASE(the_end_is_remembered_for_a_while);
	CHECK_CASE(the_kernel_side_is_told);
	CHECK_CASE(maps_that_are_full_are_counted);
	CHECK_CASE(tables_come_and_go);
	CHECK_CASE(a_table_too_many_is_refused);
	return check_status();
}
