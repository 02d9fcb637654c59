// SPDX-License-Identifier: MIT
/* exporters/json.c, read back by a parser that is not ours. */
#include <jansson.h>

#include "check.h"
#include "handmade.h"
#include "losses.h"
#include "written.h"

extern const struct exporter exporter_json;

static struct handmade h;

/* Strict: no duplicate keys, nothing after the end, valid UTF-8. NULL after a failed check. */
static json_t *parse(const struct profile *p)
{
	size_t size = 0;
	char *text = written_by(&exporter_json, p, NULL, &size);
	json_error_t error;
	json_t *root = json_loadb(text ? text : "", size, JSON_REJECT_DUPLICATES, &error);

	if (!root)
		check_fail(__FILE__, __LINE__, "line %d: %s", error.line, error.text);
	free(text);
	return root;
}

/* A value by path: keys, and indexes as numbers, as in "threads", "0", "pid". */
static json_t *at(json_t *root, const char *a, const char *b, const char *c)
{
	const char *path[] = { a, b, c };

	for (size_t i = 0; i < 3 && path[i] && root; i++) {
		if (json_is_array(root))
			root = json_array_get(root, strtoul(path[i], NULL, 10));
		else
			root = json_object_get(root, path[i]);
	}
	return root;
}

#define CHECK_AT_INT(root, a, b, c, want)                                                          \
	do {                                                                                       \
		CHECK(json_is_integer(at(root, a, b, c)));                                         \
		CHECK_INT(json_integer_value(at(root, a, b, c)), want);                            \
	} while (0)
#define CHECK_AT_TEXT(root, a, b, c, want) CHECK_TEXT(json_string_value(at(root, a, b, c)), want)

static const struct profile *make_profile(void)
{
	uint32_t main_, wait;

	handmade_init(&h);
	h.profile.idle_ns = 1234;
	h.profile.min_block_ns = 20000;
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 101, "worker");
	h.processes[0].exe = handmade_string(&h, "/usr/bin/app");
	h.threads[1].residual_ns = -5;
	h.threads[1].switches = 7;
	h.threads[1].born_ns = 99;
	h.threads[1].estimated = true;
	h.images[1].path = handmade_string(&h, "/usr/bin/app");
	h.images[1].build_id = handmade_string(&h, "abcd");
	h.profile.image_count = 2;
	main_ = handmade_stack(&h, 0, "main");
	h.frames[1].image = 1;
	h.frames[1].file = handmade_string(&h, "main.c");
	h.frames[1].line = 42;
	h.frames[1].inlined = true;
	wait = handmade_stack(&h, main_, "k:futex_wait");
	handmade_sample(&h, 0, SCOPE_ON, main_, 1234567)->count = 3;
	handmade_sample(&h, 1, SCOPE_OFF, wait, 7654321)->reason = handmade_string(&h, "futex");
	h.profile.losses[SCOPE_LOSS_CLOCK] = (struct profile_loss){ 2, 30 };
	h.images[1].incomplete_ns = 10;
	h.images[1].unnamed_ns = 21;
	h.images[1].why = handmade_string(&h, "\"gone\"");
	h.images[1].debug_file = handmade_string(&h, "/usr/lib/debug/ab/cd");
	h.processes[0].anonymous_ns = 22;
	h.processes[0].anonymous_why = handmade_string(&h, "/tmp/perf-100.map: not found");
	h.profile.quality.end_ns[SCOPE_END_COMPLETE] = 11;
	h.profile.quality.end_ns[SCOPE_END_UNMAPPED] = 9;
	h.profile.self.unwind_rows = 8;
	h.profile.quality.ticks = 12;
	h.profile.self.cpu_ns = 13;
	h.profile.self.kernel_map_bytes = 14;
	return handmade_seal(&h);
}

static void header_tells_the_run(void)
{
	json_t *root = parse(make_profile());

	CHECK_AT_TEXT(root, "schema", NULL, NULL, "systemscope/1");
	CHECK_AT_TEXT(root, "version", NULL, NULL, "test");
	CHECK_AT_TEXT(root, "target", NULL, NULL, "pid 100 (app)");
	CHECK_AT_INT(root, "start_realtime_ns", NULL, NULL, 1700000000000000001);
	CHECK_AT_INT(root, "start_mono_ns", NULL, NULL, 5000000000);
	CHECK_AT_INT(root, "window_ns", NULL, NULL, 1000000000);
	CHECK_AT_INT(root, "frequency_hz", NULL, NULL, 49);
	CHECK_AT_INT(root, "cpus", NULL, NULL, 2);
	CHECK_AT_INT(root, "min_block_ns", NULL, NULL, 20000);
	CHECK_AT_INT(root, "idle_ns", NULL, NULL, 1234);
	CHECK_INT(json_array_size(at(root, "states", NULL, NULL)), 3);
	CHECK_AT_TEXT(root, "states", "1", NULL, "runq");
	CHECK(json_is_false(at(root, "system_wide", NULL, NULL)));
	json_decref(root);
}

static void states_are_those_asked_for(void)
{
	json_t *root;

	handmade_init(&h);
	h.profile.states[SCOPE_ON] = false;
	root = parse(handmade_seal(&h));
	CHECK_INT(json_array_size(at(root, "states", NULL, NULL)), 2);
	CHECK_AT_TEXT(root, "states", "0", NULL, "runq");
	CHECK_AT_TEXT(root, "states", "1", NULL, "off");
	json_decref(root);
}

static void threads_hold_the_ledger(void)
{
	json_t *root = parse(make_profile());

	CHECK_AT_INT(root, "processes", "0", "pid", 100);
	CHECK_AT_TEXT(root, "processes", "0", "comm", "app");
	CHECK_AT_TEXT(root, "processes", "0", "exe", "/usr/bin/app");
	CHECK_AT_INT(root, "processes", "0", "thread_count", 2);
	CHECK_INT(json_array_size(at(root, "threads", NULL, NULL)), 2);
	CHECK_AT_INT(root, "threads", "1", "pid", 100);
	CHECK_AT_INT(root, "threads", "1", "tid", 101);
	CHECK_AT_TEXT(root, "threads", "1", "comm", "worker");
	CHECK_AT_INT(root, "threads", "1", "born_ns", 99);
	CHECK_AT_INT(root, "threads", "1", "alive_ns", 7654316);
	CHECK_AT_INT(root, "threads", "1", "on_ns", 0);
	CHECK_AT_INT(root, "threads", "1", "runq_ns", 0);
	CHECK_AT_INT(root, "threads", "1", "off_ns", 7654321);
	CHECK_AT_INT(root, "threads", "1", "residual_ns", -5);
	CHECK_AT_INT(root, "threads", "1", "switches", 7);
	CHECK_AT_INT(root, "threads", "0", "on_ns", 1234567);
	CHECK(json_is_true(at(root, "threads", "1", "never_ran")));
	CHECK(json_is_true(at(root, "threads", "1", "estimated")));
	CHECK(json_is_false(at(root, "threads", "0", "never_ran")));
	json_decref(root);
}

static void samples_lead_to_frames(void)
{
	json_t *root = parse(make_profile());

	CHECK_INT(json_array_size(at(root, "samples", NULL, NULL)), 2);
	CHECK_AT_TEXT(root, "samples", "0", "state", "on");
	CHECK(json_is_null(at(root, "samples", "0", "reason")));
	CHECK_AT_INT(root, "samples", "0", "count", 3);
	CHECK_AT_INT(root, "samples", "0", "ns", 1234567);
	CHECK_AT_INT(root, "samples", "1", "pid", 100);
	CHECK_AT_INT(root, "samples", "1", "tid", 101);
	CHECK_AT_INT(root, "samples", "1", "thread", 1);
	CHECK_AT_TEXT(root, "samples", "1", "state", "off");
	CHECK_AT_TEXT(root, "samples", "1", "reason", "futex");
	CHECK_AT_INT(root, "samples", "1", "stack", 2);
	CHECK_AT_INT(root, "stacks", "2", "parent", 1);
	CHECK_AT_INT(root, "stacks", "2", "frame", 2);
	CHECK_AT_INT(root, "stacks", "0", "parent", 0);
	CHECK_AT_TEXT(root, "frames", "2", "name", "futex_wait");
	CHECK_AT_TEXT(root, "frames", "2", "kind", "kernel");
	CHECK(json_is_null(at(root, "frames", "2", "image")));
	CHECK_AT_TEXT(root, "frames", "1", "image", "/usr/bin/app");
	CHECK_AT_INT(root, "frames", "1", "offset", 0x1001);
	CHECK_AT_TEXT(root, "frames", "1", "kind", "user");
	CHECK_AT_TEXT(root, "frames", "1", "file", "main.c");
	CHECK_AT_INT(root, "frames", "1", "line", 42);
	CHECK(json_is_true(at(root, "frames", "1", "inlined")));
	CHECK(json_is_null(at(root, "frames", "2", "line")));
	CHECK_AT_TEXT(root, "images", "1", "path", "/usr/bin/app");
	CHECK_AT_TEXT(root, "images", "1", "build_id", "abcd");
	CHECK_AT_TEXT(root, "frames", "0", "name", "");
	json_decref(root);
}

static void losses_quality_and_cost_are_told(void)
{
	json_t *root = parse(make_profile());

	CHECK_INT(json_object_size(at(root, "losses", NULL, NULL)), SCOPE_LOSS_COUNT);
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++)
		CHECK(json_is_integer(at(root, "losses", loss_table[i].key, "count")));
	CHECK_AT_INT(root, "losses", "clock", "count", 2);
	CHECK_AT_INT(root, "losses", "clock", "ns", 30);
	CHECK_AT_INT(root, "quality", "complete_ns", NULL, 11);
	CHECK_AT_INT(root, "quality", "unmapped_ns", NULL, 9);
	CHECK_AT_INT(root, "quality", "truncated_ns", NULL, 0);
	CHECK_AT_INT(root, "quality", "ticks", NULL, 12);
	CHECK_AT_INT(root, "images", "1", "incomplete_ns", 10);
	CHECK_AT_INT(root, "images", "1", "unnamed_ns", 21);
	CHECK_AT_TEXT(root, "images", "1", "why", "\"gone\"");
	CHECK_AT_TEXT(root, "images", "1", "debug_file", "/usr/lib/debug/ab/cd");
	CHECK(json_is_null(at(root, "images", "1", "debug_package")));
	CHECK(json_is_null(at(root, "images", "0", "why")));
	CHECK_AT_INT(root, "processes", "0", "anonymous_ns", 22);
	CHECK_AT_TEXT(root, "processes", "0", "anonymous_why", "/tmp/perf-100.map: not found");
	CHECK_AT_INT(root, "self", "cpu_ns", NULL, 13);
	CHECK_AT_INT(root, "self", "kernel_map_bytes", NULL, 14);
	CHECK_AT_INT(root, "self", "stop_to_written_ns", NULL, 0);
	CHECK_AT_INT(root, "self", "unwind_rows", NULL, 8);
	json_decref(root);
}

/* 2^64 - 1 does not fit the parser's integers, so the digits are looked for in the text. */
static void integers_are_exact(void)
{
	char *text;

	handmade_init(&h);
	handmade_process(&h, 4294967295u, "app");
	handmade_thread(&h, 4294967295u, "app");
	handmade_stack(&h, 0, "f");
	h.frames[1].offset = UINT64_MAX;
	handmade_sample(&h, 0, SCOPE_ON, 1, 9007199254740993u); /* 2^53 + 1 */
	text = written_by(&exporter_json, handmade_seal(&h), NULL, NULL);
	CHECK_CONTAINS(text, "\"offset\":18446744073709551615,");
	CHECK_CONTAINS(text, "\"ns\":9007199254740993,");
	CHECK_CONTAINS(text, "{\"pid\":4294967295,\"tid\":4294967295,");
	free(text);
	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	h.threads[0].residual_ns = INT64_MIN;
	text = written_by(&exporter_json, &h.profile, NULL, NULL);
	CHECK_CONTAINS(text, "\"residual_ns\":-9223372036854775808,");
	free(text);
}

static void any_name_is_a_json_string(void)
{
	static const struct {
		const char *name, *read;
	} names[] = {
		{ "plain", "plain" },
		{ "quote \" backslash \\ slash /", "quote \" backslash \\ slash /" },
		{ "\n\r\t\b\f\x01\x1f\x7f", "\n\r\t\b\f\x01\x1f\x7f" },
		{ "c1 \xc2\x9b", "c1 \xc2\x9b" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "\xc3(", "\xef\xbf\xbd(" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x94\xa5 </script>", "\xf0\x9f\x94\xa5 </script>" },
		{ "cut \xf0\x9f\x94", "cut \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *root;
		char *text;

		handmade_init(&h);
		handmade_process(&h, 1, names[i].name);
		handmade_thread(&h, 1, names[i].name);
		handmade_stack(&h, 0, names[i].name);
		h.profile.target = names[i].name;
		root = parse(handmade_seal(&h));
		CHECK_AT_TEXT(root, "threads", "0", "comm", names[i].read);
		CHECK_AT_TEXT(root, "processes", "0", "comm", names[i].read);
		CHECK_AT_TEXT(root, "frames", "1", "name", names[i].read);
		CHECK_AT_TEXT(root, "target", NULL, NULL, names[i].read);
		json_decref(root);

		/* No byte of it steers a terminal. */
		text = written_by(&exporter_json, &h.profile, NULL, NULL);
		for (const unsigned char *c = (unsigned char *)text; *c; c++)
			CHECK((*c >= 0x20 || *c == '\n') && *c != 0x7f);
		CHECK(!strstr(text, "\xc2\x9b"));
		free(text);
	}
}

/* Every byte sequence of length 1 to 3 from the bytes at which UTF-8 changes its rules. */
static void no_bytes_break_it(void)
{
	static const unsigned char edges[] = { 0x01, 0x22, 0x5c, 0x7f, 0x80, 0x8f, 0x90,
					       0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
					       0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff };
	enum { EDGES = sizeof(edges) };
	static char names[HANDMADE_MAX][5];
	uint32_t count = 0;

	handmade_init(&h);
	for (size_t i = 0; i < EDGES * EDGES * EDGES; i++) {
		names[count][0] = (char)edges[i % EDGES];
		names[count][1] = (char)edges[i / EDGES % EDGES];
		names[count][2] = (char)edges[i / EDGES / EDGES];
		names[count][3] = '\x80';
		h.strings[h.profile.string_count] = names[count];
		h.frames[h.profile.frame_count].name = h.profile.string_count++;
		h.profile.frame_count++;
		if (++count == HANDMADE_MAX - 2) {
			json_decref(parse(&h.profile));
			handmade_init(&h);
			count = 0;
		}
	}
	json_decref(parse(&h.profile));
}

static void rows_are_lines(void)
{
	char *text = written_by(&exporter_json, make_profile(), NULL, NULL);

	CHECK_CONTAINS(text, "\n\"threads\":[\n{\"pid\":100,\"tid\":100,");
	CHECK_CONTAINS(text, "},\n{\"pid\":100,\"tid\":101,");
	CHECK(text && text[strlen(text) - 1] == '\n');
	free(text);
}

int main(void)
{
	CHECK_CASE(header_tells_the_run);
	CHECK_CASE(states_are_those_asked_for);
	CHECK_CASE(threads_hold_the_ledger);
	CHECK_CASE(samples_lead_to_frames);
	CHECK_CASE(losses_quality_and_cost_are_told);
	CHECK_CASE(integers_are_exact);
	CHECK_CASE(any_name_is_a_json_string);
	CHECK_CASE(no_bytes_break_it);
	CHECK_CASE(rows_are_lines);
	return check_status();
}
