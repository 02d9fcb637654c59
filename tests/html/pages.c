// SPDX-License-Identifier: MIT
/*
 * pages.c - profiles through exporters, for the tests of what reads them: pages DIRECTORY writes
 *
 *     STREAM.{html,json,folded,svg}   each of tests/streams
 *     names.*      names that try to be something else, one of 10 000 characters
 *     names-when.* the same with a timeline, through every exporter
 *     deep.*       a stack of 1500 frames
 *     recursion.*  a function that is its own caller's caller
 *     timeline.*   three threads and their intervals
 *     many-N.*     N stacks, 10, 1000 and 100 000; the narrowest is 1 ns of the_narrowest()
 */
#include <dirent.h>
#include <stdlib.h>

#include "exporter.h"
#include "handmade.h"
#include "stream.h"

#define STREAMS TESTS_DIR "/streams"

static const char *directory;

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static void write_with(const struct exporter *exporter, const struct profile *p, const char *name)
{
	static const struct export_opts opts;
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s%s", directory, name, exporter->suffixes[0]);
	out = fopen(path, "w");
	if (!out || exporter->write(p, &opts, out) != 0 || fclose(out) != 0)
		fail(path, "cannot be written");
}

static void write_pages(const struct profile *p, const char *name)
{
	write_with(exporter_by_name("html"), p, name);
	write_with(exporter_by_name("json"), p, name);
	write_with(exporter_by_name("folded"), p, name);
	write_with(exporter_by_name("svg"), p, name);
}

static int is_stream(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".stream") == 0;
}

static void write_streams(void)
{
	struct dirent **entries;
	int count = scandir(STREAMS, &entries, is_stream, alphasort);

	for (int i = 0; i < count; i++) {
		char path[4096];
		struct profile *profile;

		snprintf(path, sizeof(path), STREAMS "/%s", entries[i]->d_name);
		profile = stream_profile(path);
		if (!profile)
			fail(path, "no profile");
		*strrchr(entries[i]->d_name, '.') = '\0';
		write_pages(profile, entries[i]->d_name);
		profile_free(&profile);
		stream_unload();
		free(entries[i]);
	}
	free(entries);
}

static struct handmade h;

static void add_interval(struct profile_interval *intervals, uint32_t thread,
			 enum scope_state state, uint32_t stack, nsec_t ns, uint32_t reason)
{
	struct profile *p = &h.profile;
	struct profile_interval *last = &intervals[p->interval_count - 1];
	nsec_t start_ns = 0;

	if (p->interval_count && last->thread == thread)
		start_ns = last->start_ns + last->ns;
	intervals[p->interval_count++] = (struct profile_interval){
		.thread = thread,
		.reason = reason,
		.stack = stack,
		.state = state,
		.start_ns = start_ns,
		.ns = ns,
	};
}

/* A timeline: each sample, one after the other. */
static void add_interval_a_sample(void)
{
	static struct profile_interval intervals[64];

	for (uint32_t i = 0; i < h.profile.sample_count; i++) {
		const struct profile_sample *s = &h.samples[i];

		add_interval(intervals, s->thread, s->state, s->stack, s->ns, s->reason);
	}
	h.profile.intervals = intervals;
	h.profile.has_timeline = true;
}

/* Each name is a process, a function, a file, a module and a reason. */
static void write_names(void)
{
	static char longest[10001];
	static const char *const names[] = {
		"</script><script>window.pwned = 1</script>",
		"<img src=x onerror=\"window.pwned = 2\">",
		"\"'`\\;${window.pwned = 3}<!--<script>",
		"two\nlines\r\n\t\x01\x1b[31m",
		"bad \xff\xfe\xc0\x80 utf-8 \xed\xa0\x80",
		"\xe2\x80\xae"
		"desrever \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d\xe2\x80\xac \xd8\xb3",
		"__proto__",
		"constructor",
		" ",
		"-->]]>&lt;/script&gt;&amp;",
		"\xe2\x80\xa8\xf0\x9f\x94\xa5 \xef\xbf\xbf",
		longest,
	};

	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "<b>", 3);
	handmade_init(&h);
	h.profile.target = names[0];
	h.profile.version = names[1];
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t stack, string, frame;

		handmade_process(&h, 100 + i, names[i]);
		handmade_thread(&h, 100 + i, names[i]);
		string = handmade_string(&h, names[i]);
		h.processes[i].exe = string;
		h.images[i + 1].path = string;
		stack = handmade_stack(&h, handmade_stack(&h, 0, "main"), names[i]);
		frame = h.stacks[stack].frame;
		h.frames[frame].image = i + 1;
		h.frames[frame].file = string;
		h.frames[frame].line = i ? i : UINT32_MAX;
		handmade_sample(&h, i, SCOPE_ON, stack, NSEC_PER_MSEC * (i + 1));
		handmade_sample(&h, i, SCOPE_OFF, stack, NSEC_PER_MSEC)->reason = string;
	}
	h.profile.image_count = sizeof(names) / sizeof(names[0]) + 1;
	write_pages(handmade_seal(&h), "names");
	add_interval_a_sample();
	for (size_t i = 0; exporter_table[i]; i++)
		write_with(exporter_table[i], &h.profile, "names-when");
}

/* 1500 functions, each called by the one before. */
static void write_deep(void)
{
	static char names[1500][16];
	uint32_t stack = 0;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	for (uint32_t i = 0; i < 1500; i++) {
		snprintf(names[i], sizeof(names[i]), "level_%u", i);
		stack = handmade_stack(&h, stack, names[i]);
	}
	handmade_sample(&h, 0, SCOPE_ON, stack, NSEC_PER_MSEC);
	write_pages(handmade_seal(&h), "deep");
}

/* main calls f, which runs 5 ms, and calls g, which calls f again, for 10 ms. */
static void write_recursion(void)
{
	uint32_t outer, inner;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	outer = handmade_stack(&h, handmade_stack(&h, 0, "main"), "f");
	inner = handmade_stack(&h, handmade_stack(&h, outer, "g"), "f");
	handmade_sample(&h, 0, SCOPE_ON, outer, 5 * NSEC_PER_MSEC);
	handmade_sample(&h, 0, SCOPE_ON, inner, 10 * NSEC_PER_MSEC);
	write_pages(handmade_seal(&h), "recursion");
}

/*
 * A second. First, 100 times: 7 ms on a CPU, of which a tick knows the place each second time,
 * and 3 ms blocked. Second: waits for the first half, runs for the other. Third: only blocked.
 */
static void write_timeline(void)
{
	static struct profile_interval intervals[512];
	uint32_t work, wait, futex;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "first");
	handmade_thread(&h, 101, "second");
	handmade_thread(&h, 102, "third");
	work = handmade_stack(&h, handmade_stack(&h, 0, "main"), "work");
	wait = handmade_stack(&h, h.stacks[work].parent, "wait");
	futex = handmade_string(&h, "futex");
	for (uint32_t i = 0; i < 100; i++) {
		add_interval(intervals, 0, SCOPE_ON, i % 2 ? work : 0, 7 * NSEC_PER_MSEC, 0);
		add_interval(intervals, 0, SCOPE_OFF, wait, 3 * NSEC_PER_MSEC, futex);
	}
	add_interval(intervals, 1, SCOPE_RUNQ, wait, 500 * NSEC_PER_MSEC, 0);
	add_interval(intervals, 1, SCOPE_ON, work, 500 * NSEC_PER_MSEC, 0);
	add_interval(intervals, 2, SCOPE_OFF, wait, NSEC_PER_SEC, futex);
	handmade_sample(&h, 0, SCOPE_ON, work, 700 * NSEC_PER_MSEC)->count = 34;
	handmade_sample(&h, 0, SCOPE_OFF, wait, 300 * NSEC_PER_MSEC)->count = 100;
	handmade_sample(&h, 1, SCOPE_RUNQ, wait, 500 * NSEC_PER_MSEC);
	handmade_sample(&h, 1, SCOPE_ON, work, 500 * NSEC_PER_MSEC);
	handmade_sample(&h, 2, SCOPE_OFF, wait, NSEC_PER_SEC);
	for (uint32_t i = 0; i < h.profile.sample_count; i++) {
		if (h.samples[i].state == SCOPE_OFF)
			h.samples[i].reason = futex;
	}
	h.profile.intervals = intervals;
	h.profile.has_timeline = true;
	h.profile.timeline_lost.count = 2;
	write_pages(handmade_seal(&h), "timeline");
}

/*
 * Each stack is a function of its own. Half of them are called from one a tenth of the way down,
 * a tree whose nodes have a few children each; half from function_7, too many to be seen. Four
 * threads share them.
 */
static void write_many(uint32_t count)
{
	struct profile_stack *stacks = calloc(count + 1, sizeof(*stacks));
	struct profile_frame *frames = calloc(count + 1, sizeof(*frames));
	struct profile_sample *samples = calloc(count, sizeof(*samples));
	const char **strings = calloc(count + 16, sizeof(*strings));
	char name[32];

	if (!stacks || !frames || !samples || !strings)
		fail("many", "no memory");
	handmade_init(&h);
	handmade_process(&h, 100, "app");
	for (uint32_t i = 0; i < 4; i++)
		handmade_thread(&h, 100 + i, i ? "worker" : "app");
	memcpy(strings, h.strings, h.profile.string_count * sizeof(*strings));
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t string = h.profile.string_count++;
		uint32_t thread = (uint32_t)((uint64_t)(i - 1) * 4 / count);

		snprintf(name, sizeof(name), "function_%u", i);
		strings[string] = strdup(i == count ? "the_narrowest" : name);
		frames[i] = (struct profile_frame){ .name = string, .offset = i, .named = true };
		stacks[i].parent = i > 100 && i % 2 == 0 ? 7 : i / 10;
		stacks[i].frame = i;
		samples[i - 1] = (struct profile_sample){
			.thread = thread,
			.stack = i,
			.ns = i == count ? 1 : NSEC_PER_MSEC + i * (uint64_t)7919 % 1000003,
			.count = 1,
		};
		h.threads[thread].ns[SCOPE_ON] += samples[i - 1].ns;
		h.threads[thread].alive_ns += samples[i - 1].ns;
	}
	h.profile.strings = strings;
	h.profile.stacks = stacks;
	h.profile.frames = frames;
	h.profile.samples = samples;
	h.profile.stack_count = h.profile.frame_count = count + 1;
	h.profile.sample_count = count;
	snprintf(name, sizeof(name), "many-%u", count);
	write_pages(&h.profile, name);
	for (uint32_t i = h.profile.string_count - count; i < h.profile.string_count; i++)
		free((char *)strings[i]);
	free(strings);
	free(samples);
	free(frames);
	free(stacks);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		fail("usage", "pages DIRECTORY");
	directory = argv[1];
	write_streams();
	write_names();
	write_deep();
	write_recursion();
	write_timeline();
	write_many(10);
	write_many(1000);
	write_many(100000);
	return 0;
}
