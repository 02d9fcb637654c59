// SPDX-License-Identifier: MIT
/*
 * exporters.c - what the exporters cost: time, memory and bytes for a profile made up here.
 *
 *     exporters [-n SAMPLES] [-s STACKS] [-t THREADS] [-r RUNS] [-d DIRECTORY] [-i] [NAME]...
 *
 * 1 000 000 samples over 100 000 stacks if nothing else is said; all exporters, or those named; -d
 * keeps what they write, -i gives the profile a timeline of as many intervals. Every sample has a
 * thread, a state, a reason and a stack of its own, as in a profile that src/profile_build.c made.
 *
 * Each run of an exporter, of three if nothing else is said, is a process of its own. Printed are
 * the least CPU time, the bytes written, and by how much the process grew, also as a multiple of
 * the profile's own bytes.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exporter.h"

#define MEGA	  1e6
#define IMAGES	  40u
#define FILES	  3000u
#define FUNCTIONS 20000u
#define PLACES	  60000u /* addresses that stacks go through */
#define PROCESSES 10u
#define DEPTH_MAX 48u
#define REASONS	  5u
#define GROUPS	  (2 + REASONS) /* of a thread's samples: on a CPU, run queue, each reason */

static const char *const reasons[REASONS] = { "futex", "epoll", "read pipe", "disk", "sleep" };

struct made {
	struct profile profile;
	char **strings;
	size_t string_bytes;
	uint32_t file, function; /* strings: the first of each */
	uint32_t reason[REASONS];
};

static uint64_t seed = 1;

/* Less than `limit`; the same in each run. */
static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % limit);
}

static void *make_array(size_t count, size_t size)
{
	void *items = calloc(count + 1, size);

	if (!items)
		errx(1, "no memory");
	return items;
}

static uint32_t add_string(struct made *m, const char *format, uint32_t number)
{
	char **string = &m->strings[m->profile.string_count];

	if (asprintf(string, format, number) < 0)
		errx(1, "no memory");
	m->string_bytes += strlen(*string) + 1;
	return m->profile.string_count++;
}

/* --- the profile ------------------------------------------------------------------------------ */

static void make_names(struct made *m)
{
	struct profile *p = &m->profile;

	m->strings = make_array(FILES + FUNCTIONS + IMAGES * 2 + 100, sizeof(*m->strings));
	p->strings = (const char *const *)m->strings;
	add_string(m, "", 0);
	m->file = add_string(m, "/usr/src/server/lib/module/file%u.cc", 0);
	for (uint32_t i = 1; i < FILES; i++)
		add_string(m, "/usr/src/server/lib/module/file%u.cc", i);
	m->function = add_string(m, "server::Pool<unsigned long>::function%u(void*)", 0);
	for (uint32_t i = 1; i < FUNCTIONS; i++)
		add_string(m, i % 3 ? "server::Pool<unsigned long>::function%u(void*)" : "do_%u",
			   i);
	for (uint32_t i = 0; i < REASONS; i++)
		m->reason[i] = add_string(m, reasons[i], 0);
}

static void make_frames(struct made *m)
{
	struct profile *p = &m->profile;
	struct profile_image *images = make_array(IMAGES + 1, sizeof(*images));
	struct profile_frame *frames = make_array(PLACES + 1, sizeof(*frames));

	p->image_count = IMAGES + 1;
	p->images = images;
	images[1].path = add_string(m, "[kernel]", 0);
	for (uint32_t i = 2; i <= IMAGES; i++) {
		images[i].path = add_string(m, "/usr/lib/x86_64-linux-gnu/lib%u.so", i);
		images[i].build_id = add_string(m, "00112233445566778899aabbccddeeff%08x", i);
	}
	p->frame_count = PLACES + 1;
	p->frames = frames;
	for (uint32_t i = 1; i <= PLACES; i++) {
		uint32_t function = random_below(FUNCTIONS);
		bool kernel = function % 8 == 0;

		frames[i] = (struct profile_frame){
			.name = m->function + function,
			.image = kernel ? 1 : 2 + function % (IMAGES - 1),
			.offset = i * 16u,
			.file = function % 2 ? m->file + function % FILES : 0,
			.line = function % 2 ? 1 + random_below(2000) : 0,
			.kind = kernel ? FRAME_KERNEL : FRAME_USER,
			.named = true,
			.inlined = !kernel && function % 5 == 1,
		};
	}
}

/* A tree that mostly goes deeper; user frames come before those of the kernel. */
static void make_stacks(struct made *m, uint32_t count)
{
	struct profile *p = &m->profile;
	struct profile_stack *stacks = make_array(count + 1, sizeof(*stacks));
	uint8_t *depth = make_array(count + 1, sizeof(*depth));

	p->stack_count = count + 1;
	p->stacks = stacks;
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t parent = random_below(4) ? i - 1 : random_below(i);
		uint32_t frame;

		while (depth[parent] >= DEPTH_MAX)
			parent = random_below(i);
		do
			frame = 1 + random_below(PLACES);
		while (p->frames[frame].kind == FRAME_USER &&
		       p->frames[stacks[parent].frame].kind == FRAME_KERNEL);
		stacks[i] = (struct profile_stack){ .parent = parent, .frame = frame };
		depth[i] = (uint8_t)(depth[parent] + 1);
	}
	free(depth);
}

static double mean_depth(const struct profile *p)
{
	uint32_t *depth = make_array(p->stack_count, sizeof(*depth));
	double sum = 0;

	for (uint32_t i = 1; i < p->stack_count; i++) {
		depth[i] = depth[p->stacks[i].parent] + 1;
		sum += depth[i];
	}
	free(depth);
	return sum / (p->stack_count - 1);
}

static void make_threads(struct made *m, uint32_t count)
{
	struct profile *p = &m->profile;
	struct profile_process *processes = make_array(PROCESSES, sizeof(*processes));
	struct profile_thread *threads = make_array(count, sizeof(*threads));

	p->processes = processes;
	p->threads = threads;
	p->thread_count = count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t process = (uint32_t)((uint64_t)i * PROCESSES / count);

		if (!processes[process].thread_count) {
			processes[process] = (struct profile_process){
				.pid = 1000 + process,
				.comm = add_string(m, "server%u", process),
				.exe = p->images[2 + process].path,
				.first_thread = i,
			};
		}
		processes[process].thread_count++;
		threads[i] = (struct profile_thread){
			.process = process,
			.tid = 10000 + i,
			.comm = processes[process].comm,
		};
	}
	p->process_count = threads[count - 1].process + 1;
}

/* Of each group as many, over all stacks: `each` of them, in ascending order. */
static void make_samples(struct made *m, uint32_t wanted)
{
	struct profile *p = &m->profile;
	struct profile_thread *threads = (struct profile_thread *)p->threads;
	struct profile_sample *samples = make_array(wanted, sizeof(*samples));
	uint32_t stacks = p->stack_count - 1, groups = p->thread_count * GROUPS;
	uint32_t each = (wanted + groups - 1) / groups;

	p->samples = samples;
	if (each > stacks)
		each = stacks;
	for (uint32_t group = 0; group < groups; group++) {
		uint32_t thread = group / GROUPS, kind = group % GROUPS;
		enum scope_state state = kind < 2 ? (enum scope_state)kind : SCOPE_OFF;

		for (uint32_t i = 0; i < each && p->sample_count < wanted; i++) {
			uint32_t low = (uint32_t)((uint64_t)i * stacks / each);
			uint32_t high = (uint32_t)((uint64_t)(i + 1) * stacks / each);
			nsec_t ns = 1 + random_below(1u << (10 + random_below(14)));

			samples[p->sample_count++] = (struct profile_sample){
				.thread = thread,
				.state = state,
				.reason = kind < 2 ? 0 : m->reason[kind - 2],
				.stack = 1 + low + random_below(high - low),
				.ns = ns,
				.count = 1 + random_below(9),
			};
			threads[thread].ns[state] += ns;
			threads[thread].alive_ns += ns;
		}
	}
}

/* One interval a sample, in another order, one after the other. */
static void make_intervals(struct made *m)
{
	struct profile *p = &m->profile;
	struct profile_interval *intervals = make_array(p->sample_count, sizeof(*intervals));
	uint32_t first = 0;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (i && s->thread != s[-1].thread)
			first = i;
		intervals[i] = (struct profile_interval){
			.thread = s->thread,
			.reason = s->reason,
			.stack = s->stack,
			.state = s->state,
			.ns = s->ns,
		};
		if (i > first) {
			uint32_t other = first + random_below(i - first);
			struct profile_interval swap = intervals[other];

			intervals[other] = intervals[i];
			intervals[i] = swap;
		}
	}
	for (uint32_t i = 1; i < p->sample_count; i++) {
		const struct profile_interval *before = &intervals[i - 1];

		if (intervals[i].thread == before->thread)
			intervals[i].start_ns = before->start_ns + before->ns;
	}
	p->intervals = intervals;
	p->interval_count = p->sample_count;
	p->has_timeline = true;
}

static size_t profile_bytes(const struct made *m)
{
	const struct profile *p = &m->profile;

	return m->string_bytes + p->string_count * sizeof(*p->strings) +
	       p->image_count * sizeof(*p->images) + p->frame_count * sizeof(*p->frames) +
	       p->stack_count * sizeof(*p->stacks) + p->process_count * sizeof(*p->processes) +
	       p->thread_count * sizeof(*p->threads) + p->sample_count * sizeof(*p->samples) +
	       p->interval_count * sizeof(*p->intervals);
}

/* --- what an exporter costs ------------------------------------------------------------------- */

struct cost {
	double cpu_ms;
	size_t bytes; /* written */
	size_t grown_bytes;
	int error;
};

/* A line of /proc/self/status, in bytes. */
static size_t status_bytes(const char *key)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	size_t kib = 0;

	while (in && fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kib = strtoul(line + strlen(key), NULL, 10);
	}
	if (in)
		fclose(in);
	return kib << 10;
}

static double cpu_ms(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* What is written is counted, and kept if `fd` is not -1. */
struct written {
	size_t bytes;
	int fd;
};

static ssize_t count_bytes(void *cookie, const char *bytes, size_t count)
{
	struct written *written = cookie;

	written->bytes += count;
	return written->fd < 0 ? (ssize_t)count : write(written->fd, bytes, count);
}

static void run(const struct made *m, const struct exporter *exporter, const char *path,
		struct cost *ret_cost)
{
	static const struct export_opts opts;
	struct written written = { .fd = -1 };
	FILE *out = fopencookie(&written, "w", (cookie_io_functions_t){ .write = count_bytes });
	size_t before_bytes;
	double before_ms;
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (path)
		written.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (!out || (path && written.fd < 0))
		err(1, "%s", path ? path : "fopencookie");
	if (fd < 0 || write(fd, "5", 1) != 1) /* the peak so far is forgotten */
		err(1, "/proc/self/clear_refs");
	close(fd);
	before_bytes = status_bytes("VmRSS:");
	before_ms = cpu_ms();
	ret_cost->error = exporter->write(&m->profile, &opts, out);
	ret_cost->cpu_ms = cpu_ms() - before_ms;
	ret_cost->grown_bytes = status_bytes("VmHWM:") - before_bytes;
	fclose(out);
	ret_cost->bytes = written.bytes;
}

static int measure(const struct made *m, const struct exporter *exporter, uint32_t runs,
		   const char *directory)
{
	struct cost *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct cost best = { 0 };
	char path[4096];

	if (shared == MAP_FAILED)
		err(1, "mmap");
	if (directory)
		snprintf(path, sizeof(path), "%s/profile%s", directory, exporter->suffixes[0]);
	for (uint32_t i = 0; i < runs; i++) {
		pid_t pid = fork();
		int status;

		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			run(m, exporter, directory ? path : NULL, shared);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0 || shared->error) {
			printf("%-12s failed: status %d, error %d\n", exporter->name, status,
			       shared->error);
			return 1;
		}
		if (!i || shared->cpu_ms < best.cpu_ms)
			best = *shared;
	}
	printf("%-12s %6.0f ms %8.1f MB written %8.1f MB more memory %6.2f x the profile\n",
	       exporter->name, best.cpu_ms, (double)best.bytes / MEGA,
	       (double)best.grown_bytes / MEGA,
	       (double)best.grown_bytes / (double)profile_bytes(m));
	fflush(stdout);
	munmap(shared, sizeof(*shared));
	return 0;
}

static bool is_wanted(const struct made *m, const struct exporter *exporter, char **names)
{
	if (exporter->needs_timeline && !m->profile.has_timeline)
		return false;
	for (char **name = names; *name; name++) {
		if (strcmp(*name, exporter->name) == 0)
			return true;
	}
	return !*names;
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || !value || value > UINT32_MAX / 2)
		errx(2, "%s: not a number of things", text);
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	static struct made made;
	uint32_t samples = 1000000, stacks = 100000, threads = 200, runs = 3;
	const char *directory = NULL;
	bool timeline = false;
	int option, ret = 0;

	while ((option = getopt(argc, argv, "n:s:t:r:d:i")) != -1) {
		if (option == 'n')
			samples = number(optarg);
		else if (option == 's')
			stacks = number(optarg);
		else if (option == 't')
			threads = number(optarg);
		else if (option == 'r')
			runs = number(optarg);
		else if (option == 'd')
			directory = optarg;
		else if (option == 'i')
			timeline = true;
		else
			return 2;
	}
	made.profile = (struct profile){
		.version = SYSTEMSCOPE_VERSION,
		.start_realtime_ns = 1700000000 * NSEC_PER_SEC,
		.window_ns = 60 * NSEC_PER_SEC,
		.frequency_hz = 49,
		.cpus = 2,
		.target = "made up",
		.states = { true, true, true },
	};
	make_names(&made);
	make_frames(&made);
	make_stacks(&made, stacks);
	make_threads(&made, threads);
	make_samples(&made, samples);
	if (timeline)
		make_intervals(&made);
	printf("%u samples, %u stacks (%.0f frames), %u threads, %u intervals: %.1f MB\n",
	       made.profile.sample_count, stacks, mean_depth(&made.profile), threads,
	       made.profile.interval_count, (double)profile_bytes(&made) / MEGA);
	fflush(stdout);
	for (size_t i = 0; exporter_table[i]; i++) {
		if (is_wanted(&made, exporter_table[i], argv + optind))
			ret |= measure(&made, exporter_table[i], runs, directory);
	}
	return ret;
}
