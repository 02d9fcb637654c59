// SPDX-License-Identifier: MIT
/*
 * exporters/speedscope.c, read back by a parser of JSON that is not ours. tests/cli/speedscope.sh
 * has speedscope itself.
 */
#include <jansson.h>

#include "check.h"
#include "handmade.h"
#include "written.h"

extern const struct exporter exporter_speedscope;

#define INTERVALS 16

static struct handmade h;
static struct profile_interval intervals[INTERVALS];

/* NULL after a failed check. */
static json_t *parse(const struct profile *p, bool lines)
{
	const struct export_opts opts = { .lines = lines };
	size_t size = 0;
	char *text = written_by(&exporter_speedscope, p, &opts, &size);
	json_error_t error;
	json_t *root = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		check_fail(__FILE__, __LINE__, "line %d: %s", error.line, error.text);
	free(text);
	return root;
}

static json_t *profile_at(json_t *root, size_t i)
{
	return json_array_get(json_object_get(root, "profiles"), i);
}

static const char *text_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t int_of(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static json_t *frame_at(json_t *root, size_t i)
{
	return json_array_get(json_object_get(json_object_get(root, "shared"), "frames"), i);
}

static json_t *frame(json_t *root, json_t *number)
{
	return frame_at(root, (size_t)json_integer_value(number));
}

/* Names from the root on, as "a;b;c". */
static const char *stack_at(json_t *root, json_t *profile, size_t i)
{
	static char text[4096];
	json_t *stack = json_array_get(json_object_get(profile, "samples"), i);

	text[0] = '\0';
	for (size_t at = 0; at < json_array_size(stack); at++) {
		strcat(text, at ? ";" : "");
		strcat(text, text_of(frame(root, json_array_get(stack, at)), "name"));
	}
	return text;
}

static int64_t weight_at(json_t *profile, size_t i)
{
	return json_integer_value(json_array_get(json_object_get(profile, "weights"), i));
}

/* Events as "O:name@at" and "C:name@at". */
static const char *events_of(json_t *root, json_t *profile)
{
	static char text[4096];
	json_t *events = json_object_get(profile, "events");
	size_t size = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(events); i++) {
		json_t *event = json_array_get(events, i);

		size += (size_t)snprintf(
			text + size, sizeof(text) - size, "%s%s:%s@%" PRId64, i ? " " : "",
			text_of(event, "type"),
			text_of(frame(root, json_object_get(event, "frame")), "name"),
			int_of(event, "at"));
	}
	return text;
}

/* Two threads: the second is the busier. */
static const struct profile *make_profile(void)
{
	uint32_t main_, f, poll;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 101, "worker");
	handmade_thread(&h, 102, "absent");
	main_ = handmade_stack(&h, 0, "main");
	f = handmade_stack(&h, main_, "f");
	h.frames[h.stacks[f].frame].file = handmade_string(&h, "/src/f.c");
	h.frames[h.stacks[f].frame].line = 12;
	poll = handmade_stack(&h, main_, "poll");
	handmade_sample(&h, 0, SCOPE_ON, f, 100);
	handmade_sample(&h, 0, SCOPE_RUNQ, f, 7);
	handmade_sample(&h, 0, SCOPE_OFF, poll, 3000)->reason = handmade_string(&h, "poll");
	handmade_sample(&h, 0, SCOPE_OFF, poll, 10);
	handmade_sample(&h, 1, SCOPE_ON, f, 200);
	handmade_sample(&h, 1, SCOPE_ON, main_, 0); /* a tick, but no time */
	handmade_sample(&h, 1, SCOPE_ON, 0, 30);
	return handmade_seal(&h);
}

static void all_threads_come_first_then_the_busiest(void)
{
	json_t *root = parse(make_profile(), false);

	CHECK_TEXT(text_of(root, "$schema"), "https://www.speedscope.app/file-format-schema.json");
	CHECK_TEXT(text_of(root, "name"), "pid 100 (app)");
	CHECK_TEXT(text_of(root, "exporter"), "systemscope test");
	CHECK_INT(int_of(root, "activeProfileIndex"), 0);
	CHECK_INT(json_array_size(json_object_get(root, "profiles")), 3);
	CHECK_TEXT(text_of(profile_at(root, 0), "name"), "all threads, wall clock");
	CHECK_TEXT(text_of(profile_at(root, 1), "name"), "worker-100/101");
	CHECK_TEXT(text_of(profile_at(root, 2), "name"), "app-100/100");
	for (size_t i = 0; i < 3; i++) {
		CHECK_TEXT(text_of(profile_at(root, i), "type"), "sampled");
		CHECK_TEXT(text_of(profile_at(root, i), "unit"), "nanoseconds");
		CHECK_INT(int_of(profile_at(root, i), "startValue"), 0);
	}
	CHECK_INT(int_of(profile_at(root, 0), "endValue"), 3347);
	CHECK_INT(int_of(profile_at(root, 1), "endValue"), 230);
	CHECK_INT(int_of(profile_at(root, 2), "endValue"), 3117);
	json_decref(root);
}

static void the_clock_is_named_by_the_states(void)
{
	json_t *root;

	make_profile();
	h.profile.states[SCOPE_ON] = false;
	root = parse(&h.profile, false);
	CHECK_TEXT(text_of(profile_at(root, 0), "name"), "all threads, off-CPU time");
	json_decref(root);
	h.profile.states[SCOPE_ON] = true;
	h.profile.states[SCOPE_RUNQ] = h.profile.states[SCOPE_OFF] = false;
	root = parse(&h.profile, false);
	CHECK_TEXT(text_of(profile_at(root, 0), "name"), "all threads, on-CPU time");
	json_decref(root);
}

/* By name, and what waits below what it waits in. */
static void stacks_are_sorted_and_merged(void)
{
	static const struct {
		const char *stack;
		int64_t ns;
	} want[] = {
		{ "[no stack]", 30 },
		{ "main;f", 300 },
		{ "main;f;[run queue]", 7 },
		{ "main;poll;[blocked]", 10 },
		{ "main;poll;[blocked: poll]", 3000 },
	};
	json_t *root = parse(make_profile(), false);
	json_t *all = profile_at(root, 0);

	CHECK_INT(json_array_size(json_object_get(all, "samples")), 5);
	CHECK_INT(json_array_size(json_object_get(all, "weights")), 5);
	for (size_t i = 0; i < 5; i++) {
		CHECK_TEXT(stack_at(root, all, i), want[i].stack);
		CHECK_INT(weight_at(all, i), want[i].ns);
	}
	json_decref(root);
}

/* f() at three addresses: two of them in the same line. */
static const struct profile *make_lines(void)
{
	uint32_t again, other;

	make_profile();
	again = handmade_stack(&h, 1, "f");
	other = handmade_stack(&h, 1, "f");
	h.frames[h.stacks[again].frame].file = h.frames[h.stacks[other].frame].file =
		handmade_string(&h, "/src/f.c");
	h.frames[h.stacks[again].frame].line = 12;
	h.frames[h.stacks[other].frame].line = 9;
	handmade_sample(&h, 0, SCOPE_ON, again, 1);
	handmade_sample(&h, 0, SCOPE_ON, other, 2);
	return handmade_seal(&h);
}

static void lines_of_a_function_are_one_frame(void)
{
	json_t *root = parse(make_lines(), false), *all = profile_at(root, 0), *f;

	/* [no stack] main f poll [run queue] [blocked] [blocked: poll] */
	CHECK_INT(json_array_size(json_object_get(json_object_get(root, "shared"), "frames")), 7);
	CHECK_TEXT(stack_at(root, all, 1), "main;f");
	CHECK_TEXT(stack_at(root, all, 2), "main;f;[run queue]");
	CHECK_INT(weight_at(all, 1), 303);
	f = frame(root, json_array_get(json_array_get(json_object_get(all, "samples"), 1), 1));
	CHECK_TEXT(text_of(f, "file"), "/src/f.c");
	CHECK_INT(int_of(f, "line"), 9);
	CHECK(!json_object_get(frame_at(root, 1), "file"));
	CHECK(!json_object_get(frame_at(root, 1), "line"));
	json_decref(root);
}

static void lines_are_frames_where_asked_for(void)
{
	json_t *root = parse(make_lines(), true), *all = profile_at(root, 0);
	int64_t sums[13] = { 0 };

	CHECK_INT(json_array_size(json_object_get(json_object_get(root, "shared"), "frames")), 8);
	for (size_t i = 0; i < json_array_size(json_object_get(all, "samples")); i++) {
		json_t *stack = json_array_get(json_object_get(all, "samples"), i);

		if (json_array_size(stack) == 2) {
			int64_t line = int_of(frame(root, json_array_get(stack, 1)), "line");

			CHECK(line == 9 || line == 12);
			sums[line == 9 ? 9 : 12] += weight_at(all, i);
		}
	}
	CHECK_INT(sums[9], 2);
	CHECK_INT(sums[12], 301);
	json_decref(root);
}

static void files_tell_functions_apart(void)
{
	json_t *root, *all;
	uint32_t one, other;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	one = handmade_stack(&h, 0, "init");
	other = handmade_stack(&h, 0, "init");
	h.frames[h.stacks[one].frame].file = handmade_string(&h, "a.c");
	h.frames[h.stacks[other].frame].file = handmade_string(&h, "b.c");
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, other, "f"), 1);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, one, "f"), 2);
	root = parse(handmade_seal(&h), false);
	all = profile_at(root, 0);
	CHECK_INT(json_array_size(json_object_get(all, "samples")), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *stack = json_array_get(json_object_get(all, "samples"), i);

		CHECK_TEXT(text_of(frame(root, json_array_get(stack, 0)), "file"),
			   weight_at(all, i) == 1 ? "b.c" : "a.c");
	}
	json_decref(root);
}

static void add_interval(enum scope_state state, uint32_t reason, uint32_t stack, nsec_t start_ns,
			 nsec_t ns)
{
	intervals[h.profile.interval_count++] = (struct profile_interval){
		.thread = 0,
		.reason = reason,
		.stack = stack,
		.state = state,
		.start_ns = start_ns,
		.ns = ns,
	};
}

static void a_timeline_is_evented(void)
{
	json_t *root;
	uint32_t reason;

	make_profile();
	reason = handmade_string(&h, "poll");
	h.profile.intervals = intervals;
	h.profile.has_timeline = true;
	add_interval(SCOPE_ON, 0, 2, 5, 10);
	add_interval(SCOPE_RUNQ, 0, 2, 15, 5);
	add_interval(SCOPE_ON, 0, 0, 20, 1);
	add_interval(SCOPE_OFF, reason, 3, 21, 9);
	add_interval(SCOPE_OFF, reason, 3, 40, 10); /* after a gap */
	add_interval(SCOPE_ON, 0, 1, 50, 2);
	root = parse(&h.profile, false);
	CHECK_TEXT(text_of(profile_at(root, 0), "type"), "sampled");
	CHECK_TEXT(text_of(profile_at(root, 1), "type"), "sampled"); /* it has no intervals */
	CHECK_TEXT(text_of(profile_at(root, 2), "type"), "evented");
	CHECK_TEXT(text_of(profile_at(root, 2), "unit"), "nanoseconds");
	CHECK_TEXT(events_of(root, profile_at(root, 2)),
		   "O:main@5 O:f@5 O:[run queue]@15 C:[run queue]@20 C:f@20 C:main@20 "
		   "O:[on-CPU, not sampled]@20 C:[on-CPU, not sampled]@21 "
		   "O:main@21 O:poll@21 O:[blocked: poll]@21 C:[blocked: poll]@30 C:poll@30 "
		   "C:main@30 O:main@40 O:poll@40 O:[blocked: poll]@40 C:[blocked: poll]@50 "
		   "C:poll@50 C:main@52");
	CHECK_INT(int_of(profile_at(root, 2), "startValue"), 0);
	CHECK_INT(int_of(profile_at(root, 2), "endValue"), 1000000000); /* the window's end */
	json_decref(root);
}

static void any_name_is_told(void)
{
	static const char hostile[] = "</script>\"\\;\n\x1b[31m\xe2\x80\xae";
	static char giant[10001];
	uint32_t stack;
	json_t *root;

	memset(giant, 'x', sizeof(giant) - 1);
	handmade_init(&h);
	h.profile.target = hostile;
	handmade_process(&h, 1, hostile);
	handmade_thread(&h, 2, hostile);
	stack = handmade_stack(&h, handmade_stack(&h, 0, hostile), giant);
	h.frames[h.stacks[stack].frame].file = handmade_string(&h, hostile);
	handmade_sample(&h, 0, SCOPE_OFF, stack, 5)->reason = handmade_string(&h, "\xff\n");
	root = parse(handmade_seal(&h), false);
	CHECK_TEXT(text_of(root, "name"), hostile);
	CHECK_TEXT(text_of(profile_at(root, 1), "name"),
		   "</script>\"\\;\n\x1b[31m\xe2\x80\xae-1/2");
	CHECK_TEXT(text_of(frame_at(root, 1), "name"), hostile);
	CHECK_TEXT(text_of(frame_at(root, 2), "name"), giant);
	CHECK_TEXT(text_of(frame_at(root, 2), "file"), hostile);
	CHECK_TEXT(text_of(frame_at(root, 3), "name"), "[blocked: \xef\xbf\xbd\n]");
	json_decref(root);
}

/* Of every two neighbours the first frames may be shared: none may be left from the one before. */
static void stacks_of_any_shape_are_told_apart(void)
{
	enum { STACKS = 300 };
	static char names[STACKS][8];
	char want[4096];
	json_t *root, *all;
	size_t seen = 0;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	for (uint32_t i = 1; i < STACKS; i++) {
		snprintf(names[i], sizeof(names[i]), "f%u", i * 7919 % 1000);
		handmade_stack(&h, (i * 31 + i / 3) % i, names[i]);
		handmade_sample(&h, 0, SCOPE_ON, i, i);
	}
	root = parse(handmade_seal(&h), false);
	all = profile_at(root, 0);
	for (size_t at = 0; at < STACKS - 1; at++) {
		uint32_t stack = (uint32_t)weight_at(all, at);
		size_t size = sizeof(want) - 1;

		want[size] = '\0';
		seen += stack;
		for (; stack; stack = h.stacks[stack].parent) {
			const char *name = h.strings[h.frames[h.stacks[stack].frame].name];

			if (want[size])
				want[--size] = ';';
			size -= strlen(name);
			memcpy(want + size, name, strlen(name));
		}
		CHECK_TEXT(stack_at(root, all, at), want + size);
	}
	CHECK_INT(seen, STACKS * (STACKS - 1) / 2);
	json_decref(root);
}

int main(void)
{
	CHECK_CASE(all_threads_come_first_then_the_busiest);
	CHECK_CASE(the_clock_is_named_by_the_states);
	CHECK_CASE(stacks_are_sorted_and_merged);
	CHECK_CASE(lines_of_a_function_are_one_frame);
	CHECK_CASE(lines_are_frames_where_asked_for);
	CHECK_CASE(files_tell_functions_apart);
	CHECK_CASE(a_timeline_is_evented);
	CHECK_CASE(any_name_is_told);
	CHECK_CASE(stacks_of_any_shape_are_told_apart);
	return check_status();
}
