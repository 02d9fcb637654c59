// SPDX-License-Identifier: MIT
/* src/summary.c, src/digest.c: what a person is told, and that no name can tell another thing. */
#include "check.h"
#include "handmade.h"
#include "losses.h"
#include "mem.h"
#include "summary.h"

static struct handmade h;

typedef void printer(const struct profile *, const struct summary_opts *, FILE *);

static char *printed_by(printer *print, const struct profile *p, const struct summary_opts *opts)
{
	static const struct summary_opts plain = { .columns = 100 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	print(p, opts ? opts : &plain, out);
	fclose(out);
	return text;
}

/* Two threads: 2 s alive, half on a CPU, a quarter waiting for one, a quarter blocked. */
static void make_profile(void)
{
	uint32_t main_, work, wait;

	handmade_init(&h);
	h.profile.idle_ns = 500 * NSEC_PER_MSEC;
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 101, "worker");
	main_ = handmade_stack(&h, 0, "main");
	work = handmade_stack(&h, main_, "work");
	wait = handmade_stack(&h, handmade_stack(&h, main_, "lock"), "k:futex_wait");
	handmade_sample(&h, 0, SCOPE_ON, work, 1000 * NSEC_PER_MSEC);
	handmade_sample(&h, 1, SCOPE_RUNQ, wait, 500 * NSEC_PER_MSEC);
	handmade_sample(&h, 1, SCOPE_OFF, wait, 375 * NSEC_PER_MSEC)->reason =
		handmade_string(&h, "futex");
	handmade_sample(&h, 1, SCOPE_OFF, wait, 125 * NSEC_PER_MSEC)->reason =
		handmade_string(&h, "disk");
	h.profile.quality = (struct profile_quality){
		.on_sampled_ns = 750,
		.on_estimated_ns = 150,
		.on_unsampled_ns = 100,
		.stackless_ns = 100 * NSEC_PER_MSEC,
		.user_ns = 1000,
		.end_ns = { [SCOPE_END_COMPLETE] = 900, [SCOPE_END_NO_RULE] = 80,
			    [SCOPE_END_UNMAPPED] = 15 },
		.frames_ns = 1000,
		.unnamed_ns = 20,
		.ticks = 49,
	};
}

static void summary_tells_the_ledger(void)
{
	char *text;

	make_profile();
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "wall-clock profile of pid 100 (app)\n");
	CHECK_CONTAINS(text, "  window      1.00 s at 49 Hz, 2 CPUs, idle 25.0 %\n");
	CHECK_CONTAINS(text, "  threads     2 in 1 process, alive for 2.00 s together\n");
	CHECK_CONTAINS(text, "on CPU 1.00 s (50.0 %), run queue 500 ms (25.0 %), "
			     "blocked 500 ms (25.0 %)\n");
	CHECK_CONTAINS(text, "  coverage    100 % of alive time accounted for, residual 0 ns\n");
	CHECK_CONTAINS(text, "  blocked in  futex 375 ms (75.0 %), disk 125 ms (25.0 %)\n");
	CHECK_CONTAINS(text, "complete for 90.0 % of user threads' time, missing for 5.0 % of all");
	CHECK_CONTAINS(text, "              incomplete: no unwind rule 8.0 %, code not mapped 1.5 %\n");
	CHECK_CONTAINS(text, "missing for 2.0 % of the frames");
	CHECK_CONTAINS(text, "49 ticks; of on-CPU time 75.0 % sampled, 15.0 % borrowed from peers, "
			     "10.0 % unknown\n");
	CHECK_CONTAINS(text, "  losses      none\n");
	CHECK(!strstr(text, "own cost"));
	CHECK(!strchr(text, '\033'));
	free(text);
}

/* One second on CPUs at so many ticks a second, of which so many came. */
static bool tells_of_missing_ticks(uint32_t due, uint64_t came)
{
	char *text;
	bool told;

	make_profile();
	h.profile.frequency_hz = due;
	h.profile.quality.on_sampled_ns = 750 * NSEC_PER_MSEC;
	h.profile.quality.on_estimated_ns = 150 * NSEC_PER_MSEC;
	h.profile.quality.on_unsampled_ns = 100 * NSEC_PER_MSEC;
	h.profile.quality.ticks = came;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	told = strstr(text, "were due");
	CHECK(told == !!strstr(text, "10.0 % unknown\n              "));
	free(text);
	return told;
}

/* More than a quarter of them, and more than chance explains. */
static void missing_ticks_are_told(void)
{
	char *text;

	CHECK(tells_of_missing_ticks(1000, 749));
	CHECK(!tells_of_missing_ticks(1000, 751));
	CHECK(!tells_of_missing_ticks(1000, 2000));
	CHECK(tells_of_missing_ticks(100, 60));
	CHECK(!tells_of_missing_ticks(100, 61));
	CHECK(!tells_of_missing_ticks(15, 0));
	CHECK(tells_of_missing_ticks(17, 0));
	CHECK(!tells_of_missing_ticks(0, 0)); /* as of one that never ran */
	make_profile();
	h.profile.frequency_hz = 199;
	h.profile.quality.on_sampled_ns = 2000 * NSEC_PER_MSEC;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "              398 were due: hardly by chance, so where it ran may be biased\n");
	free(text);
	h.profile.losses[SCOPE_LOSS_TICKS_FULL].count = 200;
	h.profile.losses[SCOPE_LOSS_TICK_THREAD].count = 100;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK(!strstr(text, "were due")); /* they came, and are told of as lost */
	free(text);
}

/* The row of the worst images, and of what it is that they lack, is there when it matters. */
static void incomplete_stacks_have_a_place(void)
{
	static const struct {
		const char *path;
		nsec_t incomplete_ns;
	} images[] = { { "/lib/a.so", 10 }, { "/lib/b.so", 0 }, { "/lib/c.so", 40 },
		       { "/lib/d.so", 20 }, { "/lib/e\033.so", 30 } };
	char *text;

	make_profile();
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		h.images[i + 1].path = handmade_string(&h, images[i].path);
		h.images[i + 1].incomplete_ns = images[i].incomplete_ns;
	}
	h.images[0].incomplete_ns = 5;
	h.profile.image_count = sizeof(images) / sizeof(images[0]) + 1;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "incomplete: no unwind rule 8.0 %, code not mapped 1.5 %; ended in "
			     "/lib/c.so 4.0 %, /lib/e?.so 3.0 %, /lib/d.so 2.0 %\n");
	free(text);
	h.profile.quality.end_ns[SCOPE_END_NO_RULE] = 0;
	h.profile.quality.end_ns[SCOPE_END_UNMAPPED] = 5;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK(!strstr(text, "incomplete:"));
	free(text);
}

/* A residual is never hidden by another of the opposite sign, nor by rounding. */
static void every_residual_is_told(void)
{
	char *text;

	make_profile();
	h.threads[0].residual_ns = 7000;
	h.threads[1].residual_ns = -9000;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, ">99.9 % of alive time accounted for, residual 16.0 us\n"
			     "              unaccounted: worker (tid 101) -9.00 us, "
			     "app (tid 100) 7.00 us\n");
	free(text);
	h.threads[0].residual_ns = INT64_MIN;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "  coverage    <0.1 % of alive time");
	free(text);
}

static void the_largest_residuals_are_named(void)
{
	static const int64_t residuals_us[] = { 3, 1, 4, 1, 5, 9, 2 };
	char *text;

	make_profile();
	for (uint32_t i = 0; i < 7; i++) {
		if (i >= 2)
			handmade_thread(&h, 100 + i, "untracked");
		h.threads[i].residual_ns = residuals_us[i] * 1000;
	}
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "unaccounted: untracked (tid 105) 9.00 us, untracked (tid 104) 5.00 us, "
			     "untracked (tid 102) 4.00 us, app (tid 100) 3.00 us, "
			     "untracked (tid 106) 2.00 us, and 2 more\n");
	free(text);
	make_profile();
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK(!strstr(text, "unaccounted"));
	free(text);
}

static void losses_are_told_by_cause(void)
{
	char *text;

	make_profile();
	h.profile.losses[SCOPE_LOSS_RING_STACK] = (struct profile_loss){ 12, 1230000 };
	h.profile.losses[SCOPE_LOSS_STACK_USER] = (struct profile_loss){ 1, 0 };
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "  losses      stack ring full: 12 times, 1.23 ms without a stack\n"
			     "              user stack unreadable: 1 time\n");
	CHECK(!strstr(text, "none"));
	free(text);
}

static void each_loss_is_told(void)
{
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		char *text;

		make_profile();
		h.profile.has_timeline = true;
		h.profile.losses[i].count = 1;
		text = printed_by(summary_print, handmade_seal(&h), NULL);
		CHECK(strstr(text, loss_table[i].text));
		CHECK(!strstr(text, "none") == (loss_table[i].cost == LOSS_COSTS));
		free(text);
	}
}

/* What the timeline lacks is told with it: the sums lack nothing. */
static void a_timeline_is_told(void)
{
	static const struct profile_interval intervals[2];
	char *text;

	make_profile();
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK(!strstr(text, "timeline"));
	free(text);
	h.profile.has_timeline = true;
	h.profile.intervals = intervals;
	h.profile.interval_count = 2;
	h.profile.losses[SCOPE_LOSS_TIMELINE_FULL] = (struct profile_loss){ 12, 1230000 };
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "  losses      none\n"
			     "  timeline    2 intervals\n"
			     "              oldest part of the timeline dropped: 12 intervals, "
			     "1.23 ms left out of it\n");
	free(text);
}

/* What was made up for is told, and is no loss. */
static void mended_events_are_told_apart(void)
{
	char *text;

	make_profile();
	h.profile.losses[SCOPE_LOSS_EVENT_ORDER].count = 31;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "  losses      none\n"
			     "  mended      scheduler event missed: 31 times\n");
	free(text);
}

static void many_reasons_are_cut_and_their_rest_is_told(void)
{
	static const char *const names[] = { "r1", "r2", "r3", "r4", "r5", "r6", "r7" };
	char *text;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	for (uint32_t i = 0; i < 7; i++)
		handmade_sample(&h, 0, SCOPE_OFF, 0, (i + 1) * NSEC_PER_SEC)->reason =
			handmade_string(&h, names[i]);
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text,
		       "blocked in  r7 7.00 s (25.0 %), r6 6.00 s (21.4 %), r5 5.00 s (17.9 %), "
		       "r4 4.00 s (14.3 %), other 6.00 s (21.4 %)\n");
	free(text);
}

static void threads_that_never_ran_do_not_hide_the_others(void)
{
	char *text;

	make_profile();
	h.profile.system_wide = true;
	handmade_thread(&h, 102, "sleepy");
	handmade_sample(&h, 2, SCOPE_OFF, 1, 100 * NSEC_PER_SEC)->reason =
		handmade_string(&h, "sleep");
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "futex 375 ms (75.0 %), disk 125 ms (25.0 %); "
			     "threads that never ran 100 s\n");
	CHECK_CONTAINS(text, "3 in 1 process, alive for 102 s together; 1 never ran\n");
	free(text);
	text = printed_by(digest_print, &h.profile, NULL);
	CHECK_CONTAINS(text, "Blocked: 500 ms\n");
	CHECK_CONTAINS(text, "Threads that never ran: 100 s\n");
	CHECK(!strstr(text, "sleepy"));
	free(text);
}

static void a_command_tells_only_what_it_measured(void)
{
	char *text;

	make_profile();
	h.profile.states[SCOPE_OFF] = h.profile.states[SCOPE_RUNQ] = false;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "on-CPU profile of");
	CHECK(!strstr(text, "blocked in"));
	free(text);

	make_profile();
	h.profile.states[SCOPE_ON] = false;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "off-CPU profile of");
	CHECK(!strstr(text, "sampling") && !strstr(text, "Hz"));
	free(text);
}

static void own_cost_is_told(void)
{
	char *text;

	make_profile();
	h.profile.self = (struct profile_self){
		.cpu_ns = 312 * NSEC_PER_MSEC,
		.armed_cpu_ns = 4 * NSEC_PER_MSEC,
		.peak_rss_bytes = 5u << 20,
		.kernel_map_bytes = 3u << 20,
		.start_to_armed_ns = 112 * NSEC_PER_MSEC,
	};
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "own cost    312 ms CPU (0.4 % of a core while armed), 5.00 MiB and "
			     "3.00 MiB in the kernel, armed in 112 ms\n");
	free(text);
}

static void overhead_is_told(void)
{
	char *text;

	make_profile();
	h.profile.thinning = (struct profile_thinning){ .max_ppm = 10000, .probe_ns = 3, .on_ns = 200,
							.waits = 5, .taken = 5 };
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "overhead    1.5 % of its time on CPUs, where at most 1 % is asked for; "
			     "all waits got their stacks\n");
	free(text);
	make_profile();
	h.profile.thinning = (struct profile_thinning){ .max_ppm = 250, .probe_ns = 3, .on_ns = 200,
							.waits = 5, .taken = 2,
							.shared_ns = 70 * NSEC_PER_MSEC };
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "overhead    1.5 % of its time on CPUs, where at most 0.025 % is asked for; "
			     "2 of 5 waits got stacks, and share the others' 70.0 ms\n");
	free(text);
}

static void verbose_shows_each_thread(void)
{
	const struct summary_opts verbose = { .verbose = 1 };
	char *text;

	make_profile();
	h.threads[1].residual_ns = -9000;
	text = printed_by(summary_print, handmade_seal(&h), &verbose);
	CHECK_CONTAINS(text,
		       "      100       101      1.00 s        0 ns      500 ms      500 ms    "
		       "-9.00 us         0  worker\n");
	free(text);
}

static void empty_profile_is_told(void)
{
	char *text;

	handmade_init(&h);
	h.profile.cpus = 0;
	text = printed_by(summary_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "blocked in  nothing\n");
	CHECK_CONTAINS(text, "0 in 0 processes");
	free(text);
	text = printed_by(digest_print, &h.profile, NULL);
	CHECK_CONTAINS(text, "flamegraph.pl");
	free(text);
}

static void digest_has_the_largest_first_and_leaf_first(void)
{
	char *text;

	make_profile();
	text = printed_by(digest_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "On CPU: 1.00 s\n"
			     "  100 %  1.00 s  app  work <- main\n"
			     "\n"
			     "Waiting for a CPU: 500 ms\n"
			     "  100 %  500 ms  worker  lock <- main\n"
			     "\n"
			     "Blocked: 500 ms\n"
			     "  75.0 %  375 ms  worker  futex  lock <- main\n"
			     "  25.0 %  125 ms  worker  disk   lock <- main\n"
			     "\n");
	free(text);
}

static void digest_shows_ten_and_the_rest(void)
{
	static const char *const names[] = { "f1", "f2", "f3", "f4",  "f5",  "f6",
					     "f7", "f8", "f9", "f10", "f11", "f12" };
	char *text;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	for (uint32_t i = 0; i < 12; i++)
		handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, names[i]), 1000 * (i + 1));
	text = printed_by(digest_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "   3.8 %  3.00 us  app  f3\n"
			     "  and 3.00 us (3.8 %) in other stacks\n");
	CHECK(!strstr(text, "f2\n") && !strstr(text, "f1\n"));
	free(text);
}

/* Kernel frames say where a thread runs; of a blocked one only if it is all there is. */
static void digest_leaves_out_kernel_frames_of_waits_alone(void)
{
	uint32_t kthread, user;
	char *text;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	kthread = handmade_stack(&h, handmade_stack(&h, 0, "k:kthread"), "k:worker_thread");
	user = handmade_stack(&h, handmade_stack(&h, 0, "main"), "k:page_fault");
	handmade_sample(&h, 0, SCOPE_ON, user, 3000);
	handmade_sample(&h, 0, SCOPE_OFF, kthread, 2000);
	handmade_sample(&h, 0, SCOPE_OFF, user, 1000);
	text = printed_by(digest_print, handmade_seal(&h), NULL);
	CHECK_CONTAINS(text, "app  page_fault <- main\n");
	CHECK_CONTAINS(text, "2.00 us  app  worker_thread <- kthread\n");
	CHECK_CONTAINS(text, "1.00 us  app  main\n");
	free(text);
}

static void digest_keeps_to_the_columns(void)
{
	static const char name[] = "a_function_with_a_name_of_forty_characters";

	for (unsigned columns = 60; columns < 140; columns++) {
		const struct summary_opts opts = { .columns = columns };
		uint32_t stack = 0;
		char *text;

		handmade_init(&h);
		handmade_process(&h, 1, "app");
		handmade_thread(&h, 1, "app");
		for (int i = 0; i < 5; i++)
			stack = handmade_stack(&h, stack, i % 2 ? "short" : name);
		handmade_sample(&h, 0, SCOPE_ON, stack, 1000);
		handmade_sample(&h, 0, SCOPE_ON, h.stacks[stack].parent, 2000);
		text = printed_by(digest_print, handmade_seal(&h), &opts);
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			if (strstr(line, "app"))
				CHECK(strlen(line) <= columns);
		}
		free(text);
	}
}

/* main <- helper <- four frames of the kernel, in fewer and fewer columns. */
static void digest_keeps_the_function_that_called_the_kernel(void)
{
	static const struct {
		unsigned columns;
		const char *path;
	} widths[] = {
		{ 100, "k_leaf <- k_three <- k_two <- k_entry <- helper <- main\n" },
		{ 78, "k_leaf <- k_three <- k_two <- k_entry <- helper <- main\n" },
		{ 77, "k_leaf <- k_three <- k_two <- k_entry <- helper <- ...\n" },
		{ 76, "k_leaf <- k_three <- k_two <- ... <- helper <- main\n" },
		{ 65, "k_leaf <- k_three <- ... <- helper <- main\n" },
		{ 55, "k_leaf <- ... <- helper <- main\n" },
		{ 53, "k_leaf <- ... <- helper <- ...\n" },
		{ 40, "k_leaf <- k_three <- ...\n" }, /* no room for both */
	};
	uint32_t stack;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		const struct summary_opts opts = { .columns = widths[i].columns };
		char *text;

		handmade_init(&h);
		handmade_process(&h, 1, "app");
		handmade_thread(&h, 1, "app");
		stack = handmade_stack(&h, handmade_stack(&h, 0, "main"), "helper");
		stack = handmade_stack(&h, handmade_stack(&h, stack, "k:k_entry"), "k:k_two");
		stack = handmade_stack(&h, handmade_stack(&h, stack, "k:k_three"), "k:k_leaf");
		handmade_sample(&h, 0, SCOPE_ON, stack, 1000);
		text = printed_by(digest_print, handmade_seal(&h), &opts);
		CHECK_CONTAINS(text, widths[i].path);
		free(text);
	}
}

static void names_cannot_steer_the_terminal(void)
{
	static const char hostile[] = "\033]0;x\007\n\r\xc2\x9b"
				      "2J\xff";
	const struct summary_opts verbose = { .verbose = 1 };

	handmade_init(&h);
	h.profile.target = hostile;
	handmade_process(&h, 1, hostile);
	handmade_thread(&h, 1, hostile);
	h.threads[0].residual_ns = 1;
	handmade_sample(&h, 0, SCOPE_OFF, handmade_stack(&h, 0, hostile), 1000)->reason =
		handmade_string(&h, hostile);
	handmade_seal(&h);
	for (int i = 0; i < 2; i++) {
		char *text = printed_by(i ? summary_print : digest_print, &h.profile, &verbose);

		for (const char *c = text; *c; c++)
			CHECK(((unsigned char)*c >= 0x20 && *c != 0x7f) || *c == '\n');
		CHECK(!strstr(text, "\xc2\x9b") && !strchr(text, '\xff'));
		CHECK_CONTAINS(text, "?]0;x???");
		free(text);
	}
}

static void colour_only_when_asked_for(void)
{
	const struct summary_opts color = { .color = true };
	char *text;

	make_profile();
	handmade_seal(&h);
	for (int i = 0; i < 2; i++) {
		printer *print = i ? summary_print : digest_print;

		text = printed_by(print, &h.profile, &color);
		CHECK(strchr(text, '\033') != NULL);
		free(text);
		text = printed_by(print, &h.profile, NULL);
		CHECK(strchr(text, '\033') == NULL);
		free(text);
	}
}

int main(void)
{
	CHECK_CASE(summary_tells_the_ledger);
	CHECK_CASE(missing_ticks_are_told);
	CHECK_CASE(incomplete_stacks_have_a_place);
	CHECK_CASE(every_residual_is_told);
	CHECK_CASE(the_largest_residuals_are_named);
	CHECK_CASE(losses_are_told_by_cause);
	CHECK_CASE(each_loss_is_told);
	CHECK_CASE(a_timeline_is_told);
	CHECK_CASE(mended_events_are_told_apart);
	CHECK_CASE(many_reasons_are_cut_and_their_rest_is_told);
	CHECK_CASE(threads_that_never_ran_do_not_hide_the_others);
	CHECK_CASE(a_command_tells_only_what_it_measured);
	CHECK_CASE(own_cost_is_told);
	CHECK_CASE(overhead_is_told);
	CHECK_CASE(verbose_shows_each_thread);
	CHECK_CASE(empty_profile_is_told);
	CHECK_CASE(digest_has_the_largest_first_and_leaf_first);
	CHECK_CASE(digest_shows_ten_and_the_rest);
	CHECK_CASE(digest_leaves_out_kernel_frames_of_waits_alone);
	CHECK_CASE(digest_keeps_to_the_columns);
	CHECK_CASE(digest_keeps_the_function_that_called_the_kernel);
	CHECK_CASE(names_cannot_steer_the_terminal);
	CHECK_CASE(colour_only_when_asked_for);
	return check_status();
}
