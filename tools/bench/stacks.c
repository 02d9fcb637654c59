// SPDX-License-Identifier: MIT
/*
 * stacks.c - what many distinct stacks cost: memory and time from records to the last byte.
 *
 *     stacks [-n STACKS] [-d DEPTH] [-s SHARED] [NAME]...
 *
 * 1 000 000 stacks of 20 frames if nothing else is said, four of which are the kernel's. The 11
 * outermost are the same in all; below them they branch by sixteen, so that each has 15 in common
 * with 15 others. They come in an order that has nothing to do with where they branch, as records
 * come from the kernel: a stack, and a sum that has it. Eight threads of one process have them, in
 * 20 system calls. Printed are, after each step, the memory that the process has, at the most so
 * far, and its CPU time; the last steps are the exporters that were named.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "exporter.h"
#include "ingest.h"
#include "mem.h"
#include "profile_build.h"
#include "scope_event.h"

#define THREADS	 8u
#define KERNELS	 20u
#define KERNEL_DEPTH 4u
#define BRANCHES 16u
#define KERNEL	 0xffffffff81000000u
#define CODE	 0x555555554000u
#define MIB	 (1 << 20)

static struct ingest *ingest;

static void die(const char *why)
{
	fprintf(stderr, "stacks: %s\n", why);
	exit(1);
}

static void send(void *record, uint32_t type, size_t bytes)
{
	*(struct scope_record *)record = (struct scope_record){ type, (uint32_t)bytes };
	if (ingest_record(ingest, record, bytes))
		die("a record was refused");
}

static void send_stack(uint64_t id, uint32_t pid, const uint64_t *ips, uint32_t count)
{
	struct scope_stack head = {
		.id = id,
		.time_ns = 2,
		.pid = pid,
		.kind = pid ? SCOPE_STACK_USER : SCOPE_STACK_KERNEL,
		.end = SCOPE_END_COMPLETE,
		.count = (uint16_t)count,
	};

	if (ingest_stack(ingest, &head, ips))
		die("a stack was refused");
}

static void send_process(void)
{
	static const char path[] = "/usr/bin/server";
	union {
		struct scope_map map;
		char bytes[sizeof(struct scope_map) + sizeof(path)];
	} record = { 0 };

	record.map = (struct scope_map){ .time_ns = 1, .start = CODE, .end = CODE + (1u << 30),
					 .pid = 100, .executable = 1,
					 .path_len = sizeof(path) - 1 };
	record.map.file.inode = 1;
	memcpy(record.bytes + sizeof(record.map), path, sizeof(path));
	send(&record, SCOPE_REC_MAP, sizeof(record.map) + sizeof(path));
	for (uint32_t i = 0; i < KERNELS; i++) {
		uint64_t ips[KERNEL_DEPTH];

		for (uint32_t n = 0; n < KERNEL_DEPTH; n++)
			ips[n] = KERNEL + 0x1000u * (n < 2 ? i * 8 + n : n);
		send_stack(i + 1, 0, ips, KERNEL_DEPTH);
	}
}

/* The frames below the shared ones are the digits of the stack's number. */
static void send_user(uint32_t number, uint32_t depth, uint32_t shared)
{
	struct scope_sum sum = { .thread = 1 + number % THREADS, .ustack = KERNELS + 1 + number,
				 .kstack = 1 + number % KERNELS, .reason = SCOPE_REASON_SYSCALL,
				 .off_ns = 1000, .off_count = 1 };
	uint64_t ips[SCOPE_MAX_FRAMES];
	uint32_t rest = number;

	for (uint32_t level = 0; level < depth; level++) {
		uint32_t branch = level < shared ? 0 : rest % BRANCHES;

		if (level >= shared)
			rest /= BRANCHES;
		ips[depth - 1 - level] = CODE + 0x10000u * level + 0x100u * branch + 0x10;
	}
	send_stack(sum.ustack, 100, ips, depth);
	send(&sum, SCOPE_REC_SUM, sizeof(sum));
}

static void send_threads(uint32_t stacks)
{
	struct scope_window window = { .start_ns = 1, .end_ns = 1 + stacks * 1000ull, .cpus = 2,
				       .frequency_hz = 49 };

	for (uint32_t i = 0; i < THREADS; i++) {
		struct scope_thread thread = { .thread = 1 + i, .pid = 100, .tid = 100 + i,
					       .start_time_ns = 1, .state = SCOPE_OFF,
					       .first_ns = 2, .since_ns = window.end_ns };

		thread.total_ns[SCOPE_OFF] = window.end_ns - window.start_ns;
		send(&thread, SCOPE_REC_THREAD, sizeof(thread));
	}
	send(&window, SCOPE_REC_WINDOW, sizeof(window));
}

static long resident_bytes(void)
{
	long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file && fscanf(file, "%ld %ld", &pages, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return resident * sysconf(_SC_PAGESIZE);
}

static void show(const char *step)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	printf("%-12s %7.1f MiB, at most %7.1f MiB, %6.2f s of CPU\n", step,
	       (double)resident_bytes() / MIB, (double)usage.ru_maxrss / 1024,
	       (double)clock_read(CLOCK_PROCESS_CPUTIME_ID) / NSEC_PER_SEC);
}

static void write_all(const struct profile *profile, const char *name)
{
	const struct exporter *exporter = exporter_by_name(name);
	struct export_opts opts = { 0 };
	FILE *out = fopen("/dev/null", "we");

	if (!exporter || !out)
		die("no such exporter");
	if (exporter->write(profile, &opts, out))
		die("an exporter failed");
	fclose(out);
	show(name);
}

int main(int argc, char **argv)
{
	uint32_t stacks = 1000000, depth = 20, shared = 11;
	struct profile_config config = { .user_stacks = true, .kernel_stacks = true,
					 .states = { true, true, true } };
	struct profile *profile;
	int option;

	while ((option = getopt(argc, argv, "n:d:s:")) != -1) {
		uint32_t *to = option == 'n' ? &stacks : option == 'd' ? &depth : &shared;

		if (option == '?')
			return 2;
		*to = (uint32_t)strtoul(optarg, NULL, 10);
	}
	if (depth > SCOPE_MAX_FRAMES || depth < KERNEL_DEPTH + shared || !stacks)
		die("that cannot be");
	depth -= KERNEL_DEPTH;
	mem_init();
	ingest = ingest_new();
	send_process();
	for (uint64_t i = 0; i < stacks; i++) /* by steps of a prime: each number once */
		send_user((uint32_t)(i * 2654435761u % stacks), depth, shared);
	send_threads(stacks);
	show("records");
	profile = profile_build(ingest, &config);
	show("profile");
	ingest_free(&ingest); /* as a session does before anything is written */
	for (char **name = argv + optind; *name; name++)
		write_all(profile, *name);
	profile_free(&profile);
	return 0;
}
