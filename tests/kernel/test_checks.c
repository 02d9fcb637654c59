// SPDX-License-Identifier: MIT
/*
 * test_checks.c - the checks of the kernel tests must see a profile that is wrong: builds a right
 * one by hand, shows that it passes, then breaks it in one place at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chain.h"
#include "oracle.h"

#define WINDOW 4000000000ll

static int failures;

static json_t *thread(int tid, const char *comm, json_int_t on, json_int_t runq, json_int_t off)
{
	return json_pack("{s:i,s:i,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "pid", 100, "tid", tid,
			 "comm", comm, "born_ns", (json_int_t)0, "alive_ns", on + runq + off,
			 "on_ns", on, "runq_ns", runq, "off_ns", off, "residual_ns", (json_int_t)0,
			 "switches", (json_int_t)10);
}

static json_t *sample(int row, const char *state, const char *reason, int stack, json_int_t ns)
{
	return json_pack("{s:i,s:i,s:i,s:s,s:s?,s:i,s:I,s:i}", "pid", 100, "tid", 100 + row,
			 "thread", row, "state", state, "reason", reason, "stack", stack, "ns", ns,
			 "count", 1);
}

static json_t *frame(const char *name, const char *kind)
{
	return json_pack("{s:s,s:s,s:b}", "name", name, "kind", kind, "named",
			 strcmp(kind, "label") != 0);
}

static json_t *stack(int parent, int of)
{
	return json_pack("{s:i,s:i}", "parent", parent, "frame", of);
}

/* A thread blocked throughout (row 0), a spinner (1), one that does both (2). */
static json_t *right_profile(void)
{
	return json_pack(
		"{s:I,s:I,s:I,s:i,s:[ooo],s:[ooooo],s:[ooooo],s:[oooooo]}", "start_mono_ns",
		(json_int_t)1000, "start_realtime_ns", (json_int_t)2000, "window_ns",
		(json_int_t)WINDOW, "frequency_hz", 49, "threads",
		thread(100, "cond", 0, 0, WINDOW), thread(101, "spin", 2500000400, 1499999600, 0),
		thread(102, "both", 1000000700, 9999300, 2990000000), "frames",
		frame("none", "label"), frame("wait_condition_forever", "user"),
		frame("futex_wait", "kernel"), frame("spin_on_cpu", "user"),
		frame("[no stack]", "label"), "stacks", stack(0, 0), stack(0, 1), stack(1, 2),
		stack(0, 3), stack(0, 4), "samples", sample(0, "off", "futex", 2, WINDOW),
		sample(1, "on", NULL, 3, 2500000400), sample(1, "runq", NULL, 3, 1499999600),
		sample(2, "on", NULL, 3, 1000000700), sample(2, "runq", NULL, 3, 9999300),
		sample(2, "off", "futex", 2, 2990000000));
}

static bool all_checks(json_t *root, const struct folded *folded, struct doc_error *error)
{
	struct doc doc;
	bool ok;

	if (!doc_from_json(root, &doc, error))
		return false;
	ok = check_ledger(&doc, error) && check_folded(&doc, folded, error) &&
	     check_blocked(&doc, &doc.threads[0], "wait_condition_forever", error) &&
	     check_spinner(&doc, &doc.threads[1], "spin_on_cpu", error) &&
	     check_close("on", doc.threads[1].ns[DOC_ON], 2500000000, 10, 0, error) &&
	     check_close("runq", doc.threads[1].ns[DOC_RUNQ], 1500000000, 10, 0, error) &&
	     check_share("spin", doc.threads[1].ns[DOC_ON], WINDOW, 60, 3, error) &&
	     check_stacks(&doc, error) && check_names(&doc, &doc.threads[1], DOC_ON, error) &&
	     check_names(&doc, &doc.threads[2], DOC_OFF, error);
	doc_free(&doc);
	return ok;
}

static const struct folded right_folded = {
	.total_us = 12000000,
	.state_us = { 3500001, 1509999, 6990000 },
	.line_count = 6,
};

/* Sets a number (`text` NULL) or a string at array[row].key. */
struct mutant {
	const char *name;
	const char *array;
	size_t row;
	const char *key;
	json_int_t number;
	const char *text;
	const char *why; /* part of what must be said */
};

static const struct mutant mutants[] = {
	{ "residual_hidden", "threads", 2, "alive_ns", WINDOW - 1, NULL, "is not alive" },
	{ "sample_less", "samples", 3, "ns", 1000000600, NULL, "samples" },
	{ "sample_more", "samples", 0, "ns", WINDOW + 1, NULL, "samples" },
	{ "off_called_runq", "samples", 5, "state", 0, "runq", "samples" },
	{ "preempted_called_off", "samples", 2, "state", 0, "off", "samples" },
	{ "account_shifted", "threads", 2, "on_ns", 970000700, NULL, "is not alive" },
	{ "thread_longer_than_window", "threads", 0, "alive_ns", WINDOW * 2, NULL, "is not alive" },
	{ "window_longer", "", 0, "window_ns", WINDOW * 1002 / 1000, NULL, "alive" },
	{ "no_kernel_frames", "samples", 0, "stack", 1, NULL, "kernel frames" },
	{ "no_function", "frames", 1, "name", 0, "start_thread", "wait_condition_forever" },
	{ "spinner_elsewhere", "samples", 1, "stack", 2, NULL, "spin_on_cpu" },
	{ "nameless", "frames", 3, "named", 0, NULL, "named; spin_on_cpu" },
	{ "nameless_caller", "frames", 1, "named", 0, NULL, "named; wait_condition_forever" },
	{ "unknown_state", "samples", 1, "state", 0, "sleeping", "unknown state" },
	{ "unknown_kind", "frames", 2, "kind", 0, "guest", "unknown kind" },
	{ "parent_after_child", "stacks", 2, "parent", 3, NULL, "'parent' 3" },
	{ "frame_out_of_range", "stacks", 2, "frame", 9, NULL, "'frame' 9" },
	{ "stack_out_of_range", "samples", 1, "stack", 9, NULL, "'stack' 9" },
	{ "kernel_before_user", "frames", 1, "kind", 0, "kernel", "only" },
	{ "foreign_sample", "samples", 1, "tid", 7, NULL, "is not row" },
	{ "negative_time", "samples", 1, "ns", -5, NULL, "negative" },
	{ "key_missing", "threads", 1, "runq_ns", 0, "text", "no integer" },
	{ "no_stacks_at_all", "samples", 5, "stack", 4, NULL, "without a stack" },
};

static void verdict(const char *name, bool right, const char *why)
{
	if (right) {
		printf("ok checks.%s\n", name);
	} else {
		printf("not ok checks.%s - %s\n", name, why);
		failures++;
	}
}

static void try_mutant(const struct mutant *m)
{
	json_t *root = right_profile(), *object = root;
	struct doc_error error = { "passed" };
	bool passed;

	if (*m->array)
		object = json_array_get(json_object_get(root, m->array), m->row);
	json_object_set_new(object, m->key,
			    m->text ? json_string(m->text) : json_integer(m->number));
	passed = all_checks(root, &right_folded, &error);
	verdict(m->name, !passed && strstr(error.text, m->why), error.text);
}

/* Time moved from one state to another in account and samples alike: only the outside view sees it.
 */
static void try_consistent_shift(const char *name, json_int_t on, json_int_t runq, json_int_t off,
				 const char *why)
{
	json_t *root = right_profile(), *row = json_array_get(json_object_get(root, "threads"), 1);
	json_t *samples = json_object_get(root, "samples");
	struct folded folded = right_folded;
	struct doc_error error = { "passed" };
	bool passed;

	json_object_set_new(row, "on_ns", json_integer(on));
	json_object_set_new(row, "runq_ns", json_integer(runq));
	json_object_set_new(row, "off_ns", json_integer(off));
	json_object_set_new(json_array_get(samples, 1), "ns", json_integer(on));
	json_object_set_new(json_array_get(samples, 2), "ns", json_integer(runq));
	json_array_append_new(samples, sample(1, "off", "futex", 2, off));
	folded.state_us[DOC_ON] += (on - 2500000400) / 1000;
	folded.state_us[DOC_RUNQ] += (runq - 1499999600) / 1000;
	folded.state_us[DOC_OFF] += off / 1000;
	passed = all_checks(root, &folded, &error);
	verdict(name, !passed && strstr(error.text, why), error.text);
}

static void try_residual(json_int_t residual, bool expected)
{
	json_t *root = right_profile(), *row = json_array_get(json_object_get(root, "threads"), 2);
	struct folded folded = right_folded;
	struct doc_error error = { "passed" };
	bool passed;

	json_object_set_new(row, "residual_ns", json_integer(residual));
	json_object_set_new(row, "runq_ns", json_integer(9999300 - residual));
	json_object_set_new(json_array_get(json_object_get(root, "samples"), 4), "ns",
			    json_integer(9999300 - residual));
	folded.total_us = (3 * WINDOW - residual + 500) / 1000;
	folded.state_us[DOC_RUNQ] -= residual / 1000;
	passed = all_checks(root, &folded, &error);
	verdict(expected ? "residual_small" : "residual_large", passed == expected, error.text);
}

/* A kernel stack alone is no named one. */
static void try_names_without_user_frames(void)
{
	json_t *root = right_profile();
	struct doc_error error = { "passed" };
	bool passed;
	struct doc doc;

	json_object_set_new(json_array_get(json_object_get(root, "stacks"), 2), "parent",
			    json_integer(0));
	if (!doc_from_json(root, &doc, &error))
		abort();
	passed = check_names(&doc, &doc.threads[2], DOC_OFF, &error);
	verdict("nameless_for_lack_of_frames", !passed && strstr(error.text, "no user frame"),
		error.text);
	doc_free(&doc);
}

static void try_folded(const char *name, struct folded folded, const char *why)
{
	struct doc_error error = { "passed" };
	bool passed = all_checks(right_profile(), &folded, &error);

	verdict(name, !passed && strstr(error.text, why), error.text);
}

static void try_lines(const char *name, const char *lines, const char *why)
{
	char path[] = "/tmp/test-checks.XXXXXX";
	struct doc_error error = { "passed" };
	struct folded folded;
	int fd = mkstemp(path);
	bool passed;

	if (fd < 0 || write(fd, lines, strlen(lines)) != (ssize_t)strlen(lines))
		abort();
	close(fd);
	passed = folded_load(path, &folded, &error);
	unlink(path);
	if (why)
		verdict(name, !passed && strstr(error.text, why), error.text);
	else
		verdict(name, passed && folded.total_us == 12 && folded.state_us[DOC_RUNQ] == 5,
			error.text);
}

static void drop_sample(size_t i)
{
	json_t *root = right_profile();
	struct doc_error error = { "passed" };
	char name[32];
	bool passed;

	json_array_remove(json_object_get(root, "samples"), i);
	passed = all_checks(root, &right_folded, &error);
	snprintf(name, sizeof(name), "sample_dropped_%zu", i);
	verdict(name, !passed && strstr(error.text, "samples"), error.text);
}

/* What oracle.c wants of the driver. */
int64_t known_now_ns(void)
{
	return 0;
}

void known_note(const char *format, ...)
{
	(void)format;
}

void known_fail(const char *format, ...)
{
	puts(format);
	abort();
}

#define READINGS 1000

/*
 * A thread that runs 60 % and waits 40 % of each 10 ms, read every 5 ms; the first counter may be 4
 * ms stale, the second is told only when it gets the CPU, at every multiple of 10 ms.
 */
static void fill_track(struct track *track, struct reading *readings)
{
	*track = (struct track){ .tid = 101, .readings = readings, .count = READINGS };
	for (int i = 0; i < READINGS; i++) {
		int64_t t = i * 5000000ll, periods = t / 10000000, rest = t % 10000000;
		int64_t on = rest < 6000000 ? rest : 6000000;

		readings[i] = (struct reading){
			.before_ns = t,
			.after_ns = t + 1000,
			.on_ns = periods * 6000000 + (on > 4000000 ? on - 4000000 : 0),
			.runq_ns = periods * 4000000,
			.count = periods + 1,
		};
	}
}

static void try_oracle(const char *name, int64_t on, int64_t runq, bool expected_settled,
		       bool expected_edges)
{
	static struct reading readings[READINGS];
	struct doc doc = { .start_mono_ns = 503000000, .window_ns = WINDOW };
	struct doc_thread t = { .tid = 101, .comm = "spin", .ns = { on, runq, 0 } };
	struct doc_error error = { "" };
	struct track track, pair;
	struct reading ends[2] = { { .count = 0 }, { .count = 400 } };
	char full[64];
	bool settled, edges;

	fill_track(&track, readings);
	ends[1].on_ns = 2400000000;
	ends[1].runq_ns = 1600000000;
	pair = (struct track){ .tid = 101, .readings = ends, .count = 2 };
	settled = oracle_check_settled(&t, &pair, 0, &error);
	edges = oracle_check_edges(&doc, &t, &track, 12000000, 0, &error);
	snprintf(full, sizeof(full), "oracle_%s", name);
	verdict(full, settled == expected_settled && edges == expected_edges, error.text);
}

/* `frames`: leaf first, with a space between. */
static void try_chain(const char *name, const char *frames, const char *chain,
		      enum chain_match expected)
{
	static const char *const words[] = { "wrong", "part", "whole" };
	static struct chain_stack stack;
	char text[256], full[64];

	stack.count = 0;
	snprintf(text, sizeof(text), "%s", frames);
	for (char *at = strtok(text, " "); at; at = strtok(NULL, " "))
		stack.names[stack.count++] = at;
	snprintf(full, sizeof(full), "chain_%s", name);
	verdict(full, chain_match(&stack, chain) == expected, words[chain_match(&stack, chain)]);
}

static void try_chains(void)
{
	static const char chain[] = "~,main,unwind_a*3,~,unwind_b,?,unwind_c,~";

	try_chain("right", "read unwind_c [jit] unwind_b unwind_a unwind_a unwind_a main _start",
		  chain, CHAIN_WHOLE);
	try_chain("foreign_between",
		  "unwind_c x unwind_b qsort sort unwind_a unwind_a unwind_a main libc _start",
		  chain, CHAIN_WHOLE);
	try_chain("ends_early", "read unwind_c x unwind_b unwind_a unwind_a", chain, CHAIN_PART);
	try_chain("leaf_only", "read", chain, CHAIN_PART);
	try_chain("nothing", "", chain, CHAIN_PART);
	try_chain("one_less", "unwind_c x unwind_b unwind_a unwind_a main _start", chain,
		  CHAIN_WRONG);
	try_chain("one_more", "unwind_c x unwind_b unwind_a unwind_a unwind_a unwind_a main", chain,
		  CHAIN_WRONG);
	try_chain("another_leaf", "unwind_d unwind_c x unwind_b unwind_a unwind_a unwind_a main",
		  chain, CHAIN_WRONG);
	try_chain("foreign_where_none_is",
		  "unwind_c x unwind_b unwind_a frame_dummy unwind_a unwind_a main", chain,
		  CHAIN_WRONG);
	try_chain("goes_on", "unwind_c x unwind_b unwind_a unwind_a unwind_a main unwind_thread x",
		  chain, CHAIN_WRONG);
}

int main(void)
{
	struct doc_error error = { "" };
	struct folded folded = right_folded;

	verdict("right", all_checks(right_profile(), &right_folded, &error), error.text);
	for (size_t i = 0; i < sizeof(mutants) / sizeof(*mutants); i++)
		try_mutant(&mutants[i]);
	for (size_t i = 0; i < 6; i++)
		drop_sample(i);
	try_residual(WINDOW / 1000, true);
	try_residual(WINDOW / 1000 + 1, false);
	try_names_without_user_frames();
	/* 1 % + 2 us for each of 10 switches is allowed */
	try_consistent_shift("on_to_runq_2_percent", 2450000400, 1549999600, 0, "on:");
	try_consistent_shift("runq_to_on_2_percent", 2530000400, 1469999600, 0, "on:");
	try_consistent_shift("runq_to_off", 2500000400, 1499999599, 1, "never blocks");

	folded.total_us++;
	try_folded("folded_one_more", folded, "folded sum");
	folded = right_folded;
	folded.state_us[DOC_ON] += 40;
	folded.state_us[DOC_OFF] -= 40;
	try_folded("folded_wrong_state", folded, "folded on-CPU");

	try_oracle("right", 2400000000, 1600000000, true, true);
	try_oracle("on_2_percent_less", 2352000000, 1648000000, false, false);
	try_oracle("on_3_percent_more", 2472000000, 1528000000, false, false);
	try_oracle("wait_called_blocked", 2400000000, 0, false, false);
	try_oracle("nothing_counted", 0, 0, false, false);

	try_chains();

	try_lines("lines_right", "a;b c;d_[c] 4\na;b_[r] 5\nx;[no stack]_[o] 3\n", NULL);
	try_lines("lines_zero", "a;b_[c] 0\n", "bad number");
	try_lines("lines_no_state", "a;b 4\n", "no state");
	try_lines("lines_no_number", "a;b_[c]\n", "no number");
	try_lines("lines_control", "a;b\tc_[c] 4\n", "control");
	try_lines("lines_empty_frame", "a;;c_[c] 4\n", "empty frame");
	try_lines("lines_cut", "a;c_[c] 4", "not ended");
	return failures != 0;
}
