// SPDX-License-Identifier: MIT
/*
 * stages.c - what each stage of user space costs, on input made up here, the same in each run.
 *
 *     stages [-n STACKS] [-i IMAGE]
 *
 * 20 000 stacks of 20 frames, of which those that follow on one another share 15 and more, from 64
 * threads; IMAGE is a file whose functions are named. Printed is a line a stage: its name,
 * nanoseconds of CPU time an item, how many items, and what an item is; and of memory, bytes a
 * stack. Under callgrind each stage is a dump of its own, named as it, which
 * tests/cli/instructions.sh reads.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

#include "exporter.h"
#include "feed.h"
#include "image_path.h"
#include "ingest.h"
#include "profile_build.h"
#include "symbolize.h"

#define PID	      1000u
#define THREADS	      64u
#define DEPTH	      20u
#define CODE	      0x400000ull
#define CODE_BYTES    0x1000000ull
#define KERNEL_DEPTH  8u
#define KERNEL_STACKS 16u
#define KERNEL_CODE   0xffffffff81000000ull
#define WINDOW_NS     (10 * NSEC_PER_SEC)

static struct {
	uint32_t stacks;
	struct ingest *ingest;
	struct feed feed;
	struct profile *profile;
	struct image image;
	nsec_t total_ns[THREADS][SCOPE_STATES];
} made = { .image = { .fd = -1 } };

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "stages: %s\n", what);
	exit(1);
}

static nsec_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec;
}

static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* `stage` says how many items it has done. */
static void measure(const char *name, uint32_t (*stage)(const void *), const void *arg,
		    const char *item)
{
	nsec_t begun_ns = cpu_ns();
	uint32_t count;

	CALLGRIND_ZERO_STATS;
	count = stage(arg);
	CALLGRIND_DUMP_STATS_AT(name);
	printf("%s %.1f %u %s\n", name, (double)(cpu_ns() - begun_ns) / (count ? count : 1), count,
	       item);
	fflush(stdout);
}

static void put(const void *record, size_t bytes)
{
	if (ingest_record(made.ingest, record, bytes))
		fail("a record is refused");
}

/* Innermost first. The innermost five frames are the digits of the stack's number. */
static void make_user_stack(uint32_t number, uint64_t *ret_ips)
{
	for (uint32_t i = 0; i < DEPTH; i++) {
		uint32_t choice = i < 5 ? number >> (2 * i) & 3 : (number >> 10) * 7;

		ret_ips[i] = CODE + (i * 1024 + choice * 64) % CODE_BYTES + 8;
	}
}

static uint32_t take_stacks(const void *arg)
{
	uint64_t ips[DEPTH];

	(void)arg;
	for (uint32_t i = 0; i < made.stacks; i++) {
		struct scope_stack stack = {
			.id = 0x9e3779b97f4a7c15u * (i + 1),
			.time_ns = 1 + i,
			.pid = PID,
			.kind = SCOPE_STACK_USER,
			.count = DEPTH,
		};

		make_user_stack(i, ips);
		if (ingest_stack(made.ingest, &stack, ips))
			fail("a stack is refused");
	}
	return made.stacks;
}

static void take_kernel_stacks(void)
{
	uint64_t ips[KERNEL_DEPTH];

	for (uint32_t i = 0; i < KERNEL_STACKS; i++) {
		struct scope_stack stack = {
			.id = i + 1, .time_ns = 1, .kind = SCOPE_STACK_KERNEL, .count = KERNEL_DEPTH
		};

		for (uint32_t j = 0; j < KERNEL_DEPTH; j++)
			ips[j] = KERNEL_CODE + (i * j) * 64;
		if (ingest_stack(made.ingest, &stack, ips))
			fail("a stack is refused");
	}
}

/* Two entries a stack: a thread that blocked there, and another for another reason. */
static uint32_t take_entries(const void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < 2 * made.stacks; i++) {
		struct scope_sum_key key = {
			.thread = 1 + i % THREADS,
			.ustack = 0x9e3779b97f4a7c15u * (i / 2 + 1),
			.kstack = 1 + i % KERNEL_STACKS,
			.reason = SCOPE_REASON_SYSCALL | (i % 2 ? 202u : 0u),
		};
		struct scope_sum_value value = {
			.off_ns = 1000 + i, .off_count = 3, .runq_ns = 500, .runq_count = 2
		};

		made.total_ns[i % THREADS][SCOPE_OFF] += value.off_ns;
		made.total_ns[i % THREADS][SCOPE_RUNQ] += value.runq_ns;
		feed_sum(&made.feed, &key, &value);
	}
	return 2 * made.stacks;
}

static uint32_t take_ticks(const void *arg)
{
	uint64_t count = 1;

	(void)arg;
	for (uint32_t i = 0; i < made.stacks; i++) {
		struct scope_tick_key key = { .thread = 1 + i % THREADS,
					      .ustack = 0x9e3779b97f4a7c15u * (i + 1) };

		made.total_ns[i % THREADS][SCOPE_ON] += 20000;
		feed_ticks(&made.feed, &key, &count);
	}
	return made.stacks;
}

static void take_frame_of_run(void)
{
	struct scope_window window = {
		.rec = { SCOPE_REC_WINDOW, sizeof(window) },
		.start_ns = 1,
		.end_ns = 1 + WINDOW_NS,
		.frequency_hz = 49,
		.cpus = 2,
	};
	union {
		struct scope_map map;
		char bytes[sizeof(struct scope_map) + 24];
	} map = { .map = { .start = CODE, .end = CODE + CODE_BYTES, .pid = PID, .executable = 1 } };

	map.map.rec = (struct scope_record){ SCOPE_REC_MAP, sizeof(map) };
	map.map.file.inode = 12;
	map.map.path_len = (uint16_t)strlen(strcpy(map.map.path, "/usr/lib/made.so"));
	put(&map, sizeof(map));
	put(&window, sizeof(window));
	for (uint32_t i = 0; i < THREADS; i++) {
		struct scope_thread thread = {
			.rec = { SCOPE_REC_THREAD, sizeof(thread) },
			.thread = 1 + i,
			.pid = PID,
			.tid = PID + i,
			.start_time_ns = 1 + i,
			.state = SCOPE_OFF,
			.since_ns = 1 + WINDOW_NS,
			.first_ns = 1,
			.comm = "made",
		};

		memcpy(thread.total_ns, made.total_ns[i], sizeof(thread.total_ns));
		put(&thread, sizeof(thread));
	}
}

static uint32_t build(const void *arg)
{
	struct profile_config config = {
		.states = { true, true, true },
		.user_stacks = true,
		.kernel_stacks = true,
		.target = "made up",
	};

	(void)arg;
	made.profile = profile_build(made.ingest, &config);
	return made.stacks;
}

static void count_names(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	(void)index;
	if (count && symbols->name)
		++*(uint32_t *)context;
}

/* Every 16th byte of its code. */
static uint32_t name_addresses(const void *arg)
{
	const struct image_segment *code = made.image.segments;
	static const struct symbolize_options options;
	size_t count = code->file_size / 16;
	uint64_t *vaddrs = calloc(count, sizeof(*vaddrs));
	uint32_t named = 0;

	(void)arg;
	if (!vaddrs)
		fail("no memory");
	for (size_t i = 0; i < count; i++)
		vaddrs[i] = code->vaddr + i * 16;
	symbolize_batch(&made.image, vaddrs, count, &options, count_names, &named);
	free(vaddrs);
	return named;
}

static uint32_t export_profile(const void *exporter)
{
	static const struct export_opts opts;
	FILE *out = fopen("/dev/null", "w");

	if (!out || ((const struct exporter *)exporter)->write(made.profile, &opts, out))
		fail(((const struct exporter *)exporter)->name);
	fclose(out);
	return made.profile->sample_count;
}

int main(int argc, char **argv)
{
	const char *image = NULL;
	size_t before_bytes;
	struct err err = { 0 };
	int option;

	made.stacks = 20000;
	while ((option = getopt(argc, argv, "n:i:")) != -1) {
		if (option == 'n')
			made.stacks = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'i')
			image = optarg;
		else
			return 2;
	}
	if (!made.stacks || optind < argc)
		return 2;
	made.ingest = ingest_new();
	made.feed.ingest = made.ingest;
	take_kernel_stacks();
	before_bytes = heap_bytes();
	measure("stack", take_stacks, NULL, "new stack taken");
	printf("stack_memory %.1f %u bytes a stack, of the sink\n",
	       (double)(heap_bytes() - before_bytes) / made.stacks, made.stacks);
	measure("entry", take_entries, NULL, "drained entry of sums");
	measure("tick", take_ticks, NULL, "drained entry of ticks");
	take_frame_of_run();
	if (made.feed.refused)
		fail("an entry is refused");
	measure("build", build, NULL, "stack of the profile that is built");
	ingest_free(&made.ingest);
	if (image && image_path_open(image, &made.image, &err))
		fail(image);
	if (image)
		measure("name", name_addresses, NULL, "address named");
	for (size_t i = 0; exporter_table[i]; i++)
		if (!exporter_table[i]->needs_timeline)
			measure(exporter_table[i]->name, export_profile, exporter_table[i],
				"exported sample");
	before_bytes = heap_bytes();
	profile_free(&made.profile);
	printf("profile_memory %.1f %u bytes a stack, of the profile\n",
	       (double)(before_bytes - heap_bytes()) / made.stacks, made.stacks);
	image_path_close(&made.image);
	return 0;
}
