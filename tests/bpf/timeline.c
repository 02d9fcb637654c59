// SPDX-License-Identifier: MIT
#include "kstack.h"
#include "timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "report.h"
#include "scope_iter.h"
#include "sink.h"
#include "place.bpf.h"
#include "stack.bpf.h"

struct iter_scratch_map;
extern struct iter_scratch_map iter_scratch; /* declared in bpf/edges.bpf.c alone */

enum { SUM_ENTRIES = 4096, TICK_ENTRIES = 1024 };

#define ADD_ARRAY(map)                                                                             \
	map_add(&(map), MAP_NUMBER(map, type), sizeof(*(map).key), sizeof(*(map).value),           \
		MAP_NUMBER(map, max_entries))

#define ADD_SIZED(map)                                                                             \
	map_add(&(map), MAP_NUMBER(map, type), MAP_NUMBER(map, key_size),                          \
		MAP_NUMBER(map, value_size), MAP_NUMBER(map, max_entries))

static void add_maps(void)
{
	ADD_ARRAY(hash_accounts);
	ADD_ARRAY(losses);
	ADD_ARRAY(costs);
	ADD_ARRAY(lost_threads);
	ADD_ARRAY(join_times);
	ADD_ARRAY(raw_scratch);
	ADD_ARRAY(walks);
	ADD_ARRAY(unwind_spaces);
	ADD_ARRAY(found_memos);
	ADD_ARRAY(found_kernel_memos);
	ADD_SIZED(members);
	ADD_SIZED(kernel_memos);
	ADD_SIZED(memos);
	ADD_SIZED(warm_notes);
	ADD_SIZED(unwind_rules);
	ADD_SIZED(unwind_maps);
	map_add(&unwind_images, MAP_NUMBER(unwind_images, type), 4, 4,
		MAP_NUMBER(unwind_images, max_entries));
	map_add(&sum_tables, MAP_NUMBER(sum_tables, type), 4, 4, 1);
	map_add(&tick_tables, MAP_NUMBER(tick_tables, type), 4, 4, 1);
	map_add(&stack_ring, MAP_NUMBER(stack_ring, type), 0, 0, 1 << 20);
	map_add(&thread_ring, MAP_NUMBER(thread_ring, type), 0, 0, 1 << 20);
	map_add(&timeline_ring, MAP_NUMBER(timeline_ring, type), 0, 0, 1 << 20);
	map_add(&iter_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 4,
		sizeof(struct scope_iter_task) + SCOPE_KERNEL_FRAMES * 8 + sizeof(struct pt_regs) +
			sizeof(struct account) + 2 * sizeof(__u64), 1);
}

static void run_line(char *line, int number)
{
	static bool begun; /* settings come before events */
	struct words w;

	words_split(line, &w);
	if (!w.count)
		return;
	if (!strncmp(w.at[0], "expect", 6)) {
		expect_add(&w, number);
		return;
	}
	if (!strncmp(w.at[0], "T+", 2)) {
		begun = true;
		events_take(&w);
	} else if (words_is(&w, "fuzz")) {
		begun = true;
		fuzz_run(&w);
	} else if (words_is(&w, "fuzz-kernel-stacks")) {
		begun = true;
		kstack_run(&w);
	} else if (words_is(&w, "fuzz-walks")) {
		begun = true;
		walks_run(&w);
	} else if (words_is(&w, "check-weights")) {
		begun = true;
		weights_run();
	} else if (words_is(&w, "check-edges")) {
		begun = true;
		edges_run();
	} else if (begun) {
		give_up("%s after the first event", w.at[0]);
	} else {
		settings_take(&w);
	}
	if (!words_end(&w))
		give_up("a word too many: %s", w.at[w.next]);
}

void timeline_run(const char *path, enum timeline_mode mode)
{
	const bool with_turns = mode == TIMELINE_TURNS, with_wakeups = mode != TIMELINE_COUNTS;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		give_up("cannot open it: %s", strerror(errno));
	add_maps();
	sink_open(SUM_ENTRIES, TICK_ENTRIES);
	kernel_boot();
	kernel_set_constant(&want_timeline, &with_turns, sizeof(with_turns));
	kernel_set_constant(&want_wakeups, &with_wakeups, sizeof(with_wakeups));
	for (int number = 1; getline(&line, &room, file) >= 0; number++) {
		report_line(number);
		run_line(line, number);
	}
	report_line(0);
	free(line);
	fclose(file);
	if (window_end_ns == ~0ull)
		give_up("it never stops");
	if (kernel.now_ns < window_end_ns)
		kernel.now_ns = window_end_ns;
	if (!sink.collected)
		sink_collect(0);
	sink_close();
	oracle_check();
	expect_check();
}
