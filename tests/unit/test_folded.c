// SPDX-License-Identifier: MIT
/* exporters/folded.c and exporters/paths.c: what a line says, and that all lines add up. */
#include "check.h"
#include "handmade.h"
#include "written.h"

extern const struct exporter exporter_folded;

static struct handmade h;

/* Seals the profile and checks the whole file. */
static void expect(const struct export_opts *opts, const char *want)
{
	char *have = written_by(&exporter_folded, handmade_seal(&h), opts, NULL);

	CHECK_TEXT(have, want);
	free(have);
}

/* One process 100 "app" with one thread of the same name. */
static void begin(void)
{
	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
}

static void nothing_is_an_empty_file(void)
{
	handmade_init(&h);
	expect(NULL, "");
}

static void states_have_their_suffix_on_the_leaf(void)
{
	uint32_t main_, work;

	begin();
	main_ = handmade_stack(&h, 0, "main");
	work = handmade_stack(&h, main_, "work");
	handmade_sample(&h, 0, SCOPE_ON, work, 1000);
	handmade_sample(&h, 0, SCOPE_RUNQ, work, 2000);
	handmade_sample(&h, 0, SCOPE_OFF, work, 3000);
	handmade_sample(&h, 0, SCOPE_OFF, main_, 4000);
	expect(NULL, "app;main_[o] 4\n"
		     "app;main;work_[c] 1\n"
		     "app;main;work_[r] 2\n"
		     "app;main;work_[o] 3\n");
}

/* The same call at two addresses, by two threads of one name, for two reasons: one line. */
static void what_reads_the_same_is_one_line(void)
{
	uint32_t a, b;
	struct profile_sample *sample;

	begin();
	handmade_thread(&h, 101, "app");
	a = handmade_stack(&h, handmade_stack(&h, 0, "main"), "wait");
	b = handmade_stack(&h, handmade_stack(&h, 0, "main"), "wait");
	handmade_sample(&h, 0, SCOPE_OFF, a, 1000)->reason = handmade_string(&h, "futex");
	handmade_sample(&h, 0, SCOPE_OFF, b, 2000)->reason = handmade_string(&h, "epoll");
	sample = handmade_sample(&h, 1, SCOPE_OFF, b, 4000);
	sample->reason = handmade_string(&h, "futex");
	expect(NULL, "app;main;wait_[o] 7\n");
}

/* Children of stacks that read the same are siblings, too. */
static void merged_stacks_have_merged_children(void)
{
	uint32_t a, b;

	begin();
	a = handmade_stack(&h, 0, "f");
	b = handmade_stack(&h, 0, "f");
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, a, "z"), 1000);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, b, "a"), 2000);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, b, "z"), 4000);
	expect(NULL, "app;f;a_[c] 2\n"
		     "app;f;z_[c] 5\n");
}

static void roots_tell_process_and_thread_apart(void)
{
	const struct export_opts per_thread = { .per_thread = true };
	const struct export_opts per_process = { .per_process = true };
	uint32_t f;

	begin();
	handmade_thread(&h, 101, "worker");
	handmade_process(&h, 200, "app");
	handmade_thread(&h, 200, "app");
	f = handmade_stack(&h, 0, "f");
	handmade_sample(&h, 0, SCOPE_ON, f, 1000);
	handmade_sample(&h, 1, SCOPE_ON, f, 2000);
	handmade_sample(&h, 2, SCOPE_ON, f, 4000);
	expect(NULL, "app;f_[c] 5\n"
		     "worker;f_[c] 2\n");
	expect(&per_thread, "app-100/100;f_[c] 1\n"
			    "app-200/200;f_[c] 4\n"
			    "worker-100/101;f_[c] 2\n");
	expect(&per_process, "app-100;f_[c] 3\n"
			     "app-200;f_[c] 4\n");
}

static void a_sample_without_a_stack_keeps_its_time(void)
{
	begin();
	handmade_sample(&h, 0, SCOPE_OFF, 0, 5000);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "l:[on-CPU, not sampled]"), 7000);
	expect(NULL, "app;[no stack]_[o] 5\n"
		     "app;[on-CPU, not sampled]_[c] 7\n");
}

/* ... and the label is the same whether it is a frame or not. */
static void no_stack_and_its_label_are_one_line(void)
{
	begin();
	handmade_sample(&h, 0, SCOPE_OFF, 0, 5000);
	handmade_sample(&h, 0, SCOPE_OFF, handmade_stack(&h, 0, "l:[no stack]"), 6000);
	expect(NULL, "app;[no stack]_[o] 11\n");
}

static void idle_threads_have_a_root_of_their_own_in_a_system_wide_profile(void)
{
	const struct export_opts per_thread = { .per_thread = true };
	uint32_t f;

	begin();
	handmade_process(&h, 200, "sleepy");
	handmade_thread(&h, 200, "sleepy");
	f = handmade_stack(&h, 0, "f");
	handmade_sample(&h, 0, SCOPE_ON, f, 1000);
	handmade_sample(&h, 0, SCOPE_OFF, f, 2000);
	handmade_sample(&h, 1, SCOPE_OFF, f, 4000);
	expect(NULL, "app;f_[c] 1\n"
		     "app;f_[o] 2\n"
		     "sleepy;f_[o] 4\n");
	h.profile.system_wide = true;
	expect(NULL, "[idle];sleepy;f_[o] 4\n"
		     "app;f_[c] 1\n"
		     "app;f_[o] 2\n");
	expect(&per_thread, "[idle];sleepy-200/200;f_[o] 4\n"
			    "app-100/100;f_[c] 1\n"
			    "app-100/100;f_[o] 2\n");
}

static void no_program_passes_for_idle(void)
{
	handmade_init(&h);
	h.profile.system_wide = true;
	handmade_process(&h, 100, "[idle];x");
	handmade_thread(&h, 100, "[idle];x");
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "f"), 1000);
	expect(NULL, "(idle]:x;f_[c] 1\n");
}

static void annotations_tell_kernel_and_inlined_frames(void)
{
	const struct export_opts annotate = { .annotate = true };
	uint32_t inlined, leaf;

	begin();
	inlined = handmade_stack(&h, handmade_stack(&h, 0, "main"), "small");
	h.frames[h.stacks[inlined].frame].inlined = true;
	leaf = handmade_stack(&h, handmade_stack(&h, inlined, "k:do_syscall_64"), "k:schedule");
	handmade_sample(&h, 0, SCOPE_OFF, leaf, 1000);
	handmade_sample(&h, 0, SCOPE_ON, inlined, 2000);
	expect(NULL, "app;main;small_[c] 2\n"
		     "app;main;small;do_syscall_64;schedule_[o] 1\n");
	expect(&annotate, "app;main;small_[i]_[c] 2\n"
			  "app;main;small_[i];do_syscall_64_[k];schedule_[k]_[o] 1\n");
}

static void lines_are_told_apart_where_asked_for(void)
{
	const struct export_opts lines = { .lines = true };
	const struct export_opts both = { .lines = true, .annotate = true };
	uint32_t outer, inlined, unknown;

	begin();
	outer = handmade_stack(&h, 0, "main");
	inlined = handmade_stack(&h, outer, "small");
	h.frames[h.stacks[outer].frame].file = handmade_string(&h, "/src/main.c");
	h.frames[h.stacks[outer].frame].line = 7;
	h.frames[h.stacks[inlined].frame].file = handmade_string(&h, "a;b\n.h");
	h.frames[h.stacks[inlined].frame].line = 4000000000u;
	h.frames[h.stacks[inlined].frame].inlined = true;
	unknown = handmade_stack(&h, 0, "main");
	h.frames[h.stacks[unknown].frame].file = handmade_string(&h, "main.c");
	handmade_sample(&h, 0, SCOPE_ON, inlined, 1000);
	handmade_sample(&h, 0, SCOPE_ON, outer, 2000);
	handmade_sample(&h, 0, SCOPE_ON, unknown, 4000);
	expect(NULL, "app;main_[c] 6\n"
		     "app;main;small_[c] 1\n");
	expect(&lines, "app;main_[c] 4\n"
		       "app;main main.c:7_[c] 2\n"
		       "app;main main.c:7;small a:b?.h:4000000000_[c] 1\n");
	expect(&both, "app;main_[c] 4\n"
		      "app;main main.c:7_[c] 2\n"
		      "app;main main.c:7;small a:b?.h:4000000000_[i]_[c] 1\n");
}

static void hostile_names_cannot_break_a_line(void)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{ "a;b", "a:b" },
		{ "new\nline 12", "new?line 12" },
		{ "\033[31mred\033[0m", "?[31mred?[0m" },
		{ "tab\tdel\x7f", "tab?del?" },
		{ "c1 \xc2\x9b"
		  "31m",
		  "c1 ?31m" },
		{ "", "?" },
		{ " spaces around ", " spaces around " },
		{ "operator new(unsigned long) 5", "operator new(unsigned long) 5" },
		{ "\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "overlong \xc0\xaf", "overlong \xef\xbf\xbd\xef\xbf\xbd" },
		{ "surrogate \xed\xa0\x80", "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "beyond \xf4\x90\x80\x80",
		  "beyond \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5",
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char want[256];

		handmade_init(&h);
		handmade_process(&h, 100, names[i].name);
		handmade_thread(&h, 100, names[i].name);
		handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, names[i].name), 1000);
		snprintf(want, sizeof(want), "%s;%s_[c] 1\n", names[i].shown, names[i].shown);
		expect(NULL, want);
	}
}

/* Two names that become one text are one frame. */
static void names_that_become_equal_are_merged(void)
{
	begin();
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a;b"), 1000);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a:b"), 2000);
	expect(NULL, "app;a:b_[c] 3\n");
}

static void microseconds_go_to_the_largest_remainders(void)
{
	begin();
	/* 1.6 + 2.5 + 0.4 + 0.4 + 0.1 = 5.0 us: floors make 3, so .6 and .5 get one each. */
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a"), 1600);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "b"), 2500);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "c"), 400);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "d"), 400);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "e"), 100);
	expect(NULL, "app;a_[c] 2\n"
		     "app;b_[c] 3\n");
}

static void of_equal_remainders_the_first_line_gets_more(void)
{
	begin();
	/* 4 x 0.4 = 1.6 us, rounded once: 2. */
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "d"), 400);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "c"), 400);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "b"), 400);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a"), 400);
	expect(NULL, "app;a_[c] 1\n"
		     "app;b_[c] 1\n");
}

static void the_total_is_rounded_to_nearest_once(void)
{
	begin();
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a"), 499);
	expect(NULL, "");
	begin();
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a"), 500);
	expect(NULL, "app;a_[c] 1\n");
	begin();
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, 0, "a"), 18446744073709551615u);
	expect(NULL, "app;a_[c] 18446744073709552\n");
}

static uint64_t random_state = 88172645463325252u;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state % limit);
}

static void make_random_profile(nsec_t *ret_total_ns)
{
	static const char *const names[] = { "a",   "b",   "b;",	   "b:",
					     "k:a", "k:k", "l:[no stack]", "\n" };
	/* The scale decides whether remainders, zero lines or neither rule. */
	static const uint32_t scales[] = { 2, 1000, 1500, 1000000, 4000000000u };
	uint32_t scale = scales[random_below(5)];
	uint32_t stacks = random_below(60), samples = random_below(400);

	handmade_init(&h);
	for (uint32_t i = 0; i < 3; i++) {
		handmade_process(&h, 100 + 100 * i, names[random_below(3)]);
		for (uint32_t j = 0; j < 1 + random_below(3); j++)
			handmade_thread(&h, 100 + 100 * i + j, names[random_below(3)]);
	}
	for (uint32_t i = 0; i < stacks; i++)
		handmade_stack(&h, random_below(h.profile.stack_count), names[random_below(8)]);
	*ret_total_ns = 0;
	for (uint32_t i = 0; i < samples; i++) {
		nsec_t ns = random_below(scale);

		handmade_sample(&h, random_below(h.profile.thread_count),
				(enum scope_state)random_below(3),
				random_below(h.profile.stack_count), ns);
		*ret_total_ns += ns;
	}
	h.profile.system_wide = random_below(2);
}

/* Adds up a file's counts; checks that lines are unique and none is 0. */
static uint64_t add_up_lines(char *text)
{
	static char *lines[HANDMADE_MAX];
	size_t count = 0;
	uint64_t sum_us = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *space = strrchr(line, ' ');
		uint64_t us = space ? strtoull(space + 1, NULL, 10) : 0;

		CHECK(us > 0);
		sum_us += us;
		if (space)
			*space = '\0';
		for (size_t i = 0; i < count; i++)
			CHECK(strcmp(lines[i], line) != 0);
		lines[count++] = line;
	}
	return sum_us;
}

static void any_profile_adds_up(void)
{
	for (int round = 0; round < 400; round++) {
		const struct export_opts opts = {
			.per_thread = random_below(3) == 0,
			.annotate = random_below(2),
		};
		nsec_t total_ns;
		char *text;

		make_random_profile(&total_ns);
		text = written_by(&exporter_folded, handmade_seal(&h), &opts, NULL);
		CHECK_INT(add_up_lines(text), (total_ns + 500) / 1000);
		free(text);
	}
}

/* The order of the samples and of the stacks is not the file's. */
static void order_is_by_text_alone(void)
{
	static const char *const names[] = { "a", "a b", "aA", "b", "zz" };
	static const char want[] = "app;a_[c] 1\napp;a b_[c] 1\napp;aA_[c] 1\napp;b_[c] 1\n"
				   "app;zz_[c] 1\n";

	for (int start = 0; start < 5; start++) {
		begin();
		for (int i = 0; i < 5; i++)
			handmade_sample(&h, 0, SCOPE_ON,
					handmade_stack(&h, 0, names[(start + 2 * i) % 5]), 1000);
		expect(NULL, want);
	}
}

int main(void)
{
	CHECK_CASE(nothing_is_an_empty_file);
	CHECK_CASE(states_have_their_suffix_on_the_leaf);
	CHECK_CASE(what_reads_the_same_is_one_line);
	CHECK_CASE(merged_stacks_have_merged_children);
	CHECK_CASE(roots_tell_process_and_thread_apart);
	CHECK_CASE(a_sample_without_a_stack_keeps_its_time);
	CHECK_CASE(no_stack_and_its_label_are_one_line);
	CHECK_CASE(idle_threads_have_a_root_of_their_own_in_a_system_wide_profile);
	CHECK_CASE(no_program_passes_for_idle);
	CHECK_CASE(annotations_tell_kernel_and_inlined_frames);
	CHECK_CASE(lines_are_told_apart_where_asked_for);
	CHECK_CASE(hostile_names_cannot_break_a_line);
	CHECK_CASE(names_that_become_equal_are_merged);
	CHECK_CASE(microseconds_go_to_the_largest_remainders);
	CHECK_CASE(of_equal_remainders_the_first_line_gets_more);
	CHECK_CASE(the_total_is_rounded_to_nearest_once);
	CHECK_CASE(any_profile_adds_up);
	CHECK_CASE(order_is_by_text_alone);
	return check_status();
}
