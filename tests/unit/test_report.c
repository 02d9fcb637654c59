// SPDX-License-Identifier: MIT
/* exporters/report*.c and what it rests on: known answers in words and figures. */
#include "../../exporters/columns.h"
#include "../../exporters/functions.h"
#include "check.h"
#include "handmade.h"
#include "mem.h"
#include "roles.h"
#include "written.h"

#define MSEC NSEC_PER_MSEC

static struct handmade h;

static char *report(void)
{
	return written_by(exporter_by_name("report"), handmade_seal(&h), NULL, NULL);
}

static void add_wait(uint32_t thread, uint32_t stack, const char *reason, nsec_t ns)
{
	handmade_sample(&h, thread, SCOPE_OFF, stack, ns)->reason = handmade_string(&h, reason);
}

/* One process whose threads each do one thing. */
static void make_kinds(void)
{
	uint32_t main_, work, thread;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	main_ = handmade_stack(&h, 0, "main");
	work = handmade_stack(&h, main_, "work");
	thread = handmade_thread(&h, 100, "app");
	handmade_sample(&h, thread, SCOPE_ON, work, 830 * MSEC);
	handmade_sample(&h, thread, SCOPE_RUNQ, main_, 170 * MSEC);
	thread = handmade_thread(&h, 101, "queues");
	handmade_sample(&h, thread, SCOPE_ON, main_, 300 * MSEC);
	handmade_sample(&h, thread, SCOPE_RUNQ, main_, 700 * MSEC);
	thread = handmade_thread(&h, 102, "sleeps");
	handmade_sample(&h, thread, SCOPE_ON, main_, 4 * MSEC);
	add_wait(thread, main_, "epoll", 996 * MSEC);
	thread = handmade_thread(&h, 103, "mixed");
	handmade_sample(&h, thread, SCOPE_ON, main_, 100 * MSEC);
	add_wait(thread, main_, "futex", 500 * MSEC);
	add_wait(thread, main_, "disk", 400 * MSEC);
	thread = handmade_thread(&h, 104, "lost");
	add_wait(thread, main_, "unknown", 400 * MSEC);
	h.threads[thread].residual_ns = 600 * MSEC;
}

static void the_verdict_is_what_most_of_the_time_was(void)
{
	_cleanup_free_ char *text = (make_kinds(), report());

	CHECK_CONTAINS(text, " app; main thread; computes 83.0 % of its time, 83.0 % in work;");
	CHECK_CONTAINS(text, "83.0 % in work; queues for a CPU 17.0 %\n");
	CHECK_CONTAINS(
		text,
		" queues; queues for a CPU 70.0 % of its time; computes 30.0 %, 30.0 % in main\n");
	CHECK_CONTAINS(text, " sleeps; mostly idle (activity 0.4 %);");
	CHECK_CONTAINS(text, " waits for events (epoll) 99.6 % of its time\n");
	CHECK_CONTAINS(
		text, " mixed; blocked 90.0 % of its time, most for a lock or a condition (futex), "
		      "50.0 %;");
	CHECK_CONTAINS(text, " lost; not accounted for 60.0 % of its time; blocked 40.0 %\n");
	CHECK_CONTAINS(
		text, "  verdict     blocked 45.9 % of its threads' time, most for events (epoll), "
		      "19.9 %;\n");
	/* 870 of 2104 ms: 41.349 % */
	CHECK_CONTAINS(text, "of the time that a CPU was wanted, 41.3 % was waiting for one;");
}

/* mostly idle is said of activity, not of what is accounted for. */
static void coverage_and_activity_are_two_things(void)
{
	_cleanup_free_ char *text = (make_kinds(), report());
	/* on CPU and activity, run queue, blocked, alive and its share, coverage */
	static const char row[] = "\n  104     0 ns     0 %       0 ns     0 %   400 ms  40.0 %  "
				  "1.00 s  20.0 %   40.0 %\n";

	CHECK_CONTAINS(text, row);
	CHECK(text && !strstr(strstr(text, row), "mostly idle"));
}

static void the_busiest_come_first_and_the_rest_is_summed(void)
{
	_cleanup_free_ char *text = NULL;
	uint32_t stack;
	const char *at;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	stack = handmade_stack(&h, 0, "f");
	for (uint32_t i = 0; i < 60; i++) /* 1 to 60 ms, not in order; each with as much waiting */
		handmade_thread(&h, 1 + i, "t");
	for (uint32_t i = 0; i < 60; i++) {
		handmade_sample(&h, i, SCOPE_ON, stack, (1 + i * 7 % 60) * MSEC);
		add_wait(i, stack, "futex", (1 + i * 7 % 60) * MSEC);
	}
	text = report();
	CHECK_CONTAINS(text, "\nThreads, the busiest first: 20 of 60\n");
	/* 1 + ... + 40, and as much waiting */
	CHECK_CONTAINS(
		text,
		"\n  others   820 ms  50.0 %       0 ns  0 %   820 ms  50.0 %   1.64 s  44.8 %");
	CHECK_CONTAINS(text, " 40 more threads, less busy, together\n");
	at = strstr(text, "Threads, the busiest first");
	for (unsigned ms = 60; at && ms > 40; ms--) {
		char cell[32];

		snprintf(cell, sizeof(cell), " %u.0 ms", ms);
		at = strstr(at, cell);
		CHECK(at != NULL);
	}
}

static void a_function_that_calls_itself_counts_once(void)
{
	struct functions f = { 0 };
	struct paths paths = { 0 };
	static const struct export_opts opts;
	uint32_t main_, deep, leaf, kernel;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	main_ = handmade_stack(&h, 0, "main");
	deep = handmade_stack(&h, handmade_stack(&h, main_, "walk"), "walk");
	leaf = handmade_stack(&h, deep, "leaf");
	kernel = handmade_stack(&h, deep, "k:futex_wait");
	handmade_sample(&h, 0, SCOPE_ON, deep, 20);
	handmade_sample(&h, 0, SCOPE_ON, leaf, 70);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, main_, "leaf"), 10);
	add_wait(0, kernel, "futex", 5);
	handmade_seal(&h);
	CHECK_INT(paths_build(&h.profile, &opts, &paths), 0);
	CHECK_INT(functions_build(&paths, SCOPE_ON, &f), 0);
	CHECK_INT(f.sum_ns, 100);
	CHECK_INT(f.count, 3);
	CHECK_TEXT(paths.frames.text[f.items[0].frame], "leaf");
	CHECK_INT(f.items[0].self_ns, 80);
	CHECK_INT(f.items[0].total_ns, 80);
	CHECK_TEXT(paths.frames.text[f.items[1].frame], "walk");
	CHECK_INT(f.items[1].self_ns, 20);
	CHECK_INT(f.items[1].total_ns, 90);
	CHECK_TEXT(paths.frames.text[f.items[2].frame], "main");
	CHECK_INT(f.items[2].self_ns, 0);
	CHECK_INT(f.items[2].total_ns, 100);
	functions_free(&f);
	/* of waits, the user's function that called the kernel */
	CHECK_INT(functions_build(&paths, SCOPE_OFF, &f), 0);
	CHECK_INT(f.count, 2);
	CHECK_TEXT(paths.frames.text[f.items[0].frame], "walk");
	CHECK_INT(f.items[0].self_ns, 5);
	functions_free(&f);
	paths_free(&paths);
}

static const char *role_named(const char *comm)
{
	handmade_init(&h);
	handmade_process(&h, 1, "java");
	handmade_thread(&h, 1, "java");
	handmade_thread(&h, 2, comm);
	return role_of_thread(&h.profile, 1)->name;
}

static void roles_are_told_by_names(void)
{
	CHECK_TEXT(role_named("GC Thread#0"), "gc");
	CHECK_TEXT(role_named("C2 CompilerThre"), "compiler");
	CHECK_TEXT(role_named("V8 DefaultWorke"), "worker");
	CHECK_TEXT(role_named("tokio-runtime-w"), "worker");
	CHECK_TEXT(role_named("libuv-worker"), "io");
	CHECK_TEXT(role_named("bio_lazy_free"), "io");
	CHECK_TEXT(role_named("nioEventLoopGro"), "io");
	CHECK_TEXT(role_named("Timer-0"), "timer");
	CHECK_TEXT(role_named("java"), "");
	CHECK_TEXT(role_named(""), "");
	CHECK_TEXT(role_of_thread(&h.profile, 0)->name, "main");
	h.threads[1].kernel_thread = true;
	CHECK_TEXT(role_of_thread(&h.profile, 1)->name, "kernel");
}

static void check_page(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		_cleanup_free_ char *copy = mem_copy_bytes(line, strcspn(line, "\n"));

		if (columns_of(copy) > 100)
			check_fail(__FILE__, __LINE__, "%u columns: %.200s", columns_of(copy),
				   copy);
		for (const char *c = copy; *c; c++)
			CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
	}
}

/* Names without end, and such that steer a terminal, stay within the page. */
static void hostile_names_stay_on_the_page(void)
{
	static char endless[10001], wide[10001];
	_cleanup_free_ char *text = NULL;
	uint32_t stack;

	memset(endless, 'x', 10000);
	for (size_t i = 0; i < 10000; i += 2)
		memcpy(wide + i, "\xd7\x90", 2); /* a letter that goes from right to left */
	handmade_init(&h);
	handmade_process(&h, 1, endless);
	stack = handmade_stack(&h, handmade_stack(&h, 0, wide), endless);
	handmade_thread(&h, 1, wide);
	handmade_sample(&h, 0, SCOPE_ON, stack, 600 * MSEC);
	handmade_sample(&h, 0, SCOPE_RUNQ, stack, 300 * MSEC);
	add_wait(0, stack, endless, 100 * MSEC);
	handmade_thread(&h, 2, "\033[31m\n</script>\xff");
	add_wait(1, handmade_stack(&h, 0, "a\nb\rc"), "\n\n", NSEC_PER_SEC);
	h.profile.target = endless;
	text = report();
	CHECK(text != NULL);
	if (text)
		check_page(text);
}

static void names_are_cut_between_characters(void)
{
	_cleanup_free_ char *whole = columns_clean("12345", 5), *cut = columns_clean("123456", 5);
	_cleanup_free_ char *letters = columns_clean("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4", 4);

	CHECK_TEXT(whole, "12345");
	CHECK_TEXT(cut, "12...");
	CHECK_TEXT(letters, "\xc3\xa4...");
}

static char *wrapped(const char *text)
{
	char *lines = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&lines, &size);

	columns_write_wrapped(out, text, 10, 2);
	fclose(out);
	return lines;
}

static void lines_are_broken_between_words(void)
{
	_cleanup_free_ char *words = wrapped("one two three four\n  five\n");
	_cleanup_free_ char *share = wrapped("about 12.5 %, or\n");
	_cleanup_free_ char *endless = wrapped("a 12345678901234567890\n");

	CHECK_TEXT(words, "one two\n  three\n  four\n  five\n");
	CHECK_TEXT(share, "about\n  12.5 %,\n  or\n");
	CHECK_TEXT(endless, "a 12345678\n  90123456\n  7890\n");
}

int main(void)
{
	CHECK_CASE(the_verdict_is_what_most_of_the_time_was);
	CHECK_CASE(coverage_and_activity_are_two_things);
	CHECK_CASE(the_busiest_come_first_and_the_rest_is_summed);
	CHECK_CASE(a_function_that_calls_itself_counts_once);
	CHECK_CASE(roles_are_told_by_names);
	CHECK_CASE(hostile_names_stay_on_the_page);
	CHECK_CASE(names_are_cut_between_characters);
	CHECK_CASE(lines_are_broken_between_words);
	return check_status();
}
