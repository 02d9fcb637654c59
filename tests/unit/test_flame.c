// SPDX-License-Identifier: MIT
/* exporters/flame.c, and what exporters/lines.c tells of idle threads: which stacks come, and when.
 */
#include "../../exporters/flame.h"

#include "check.h"
#include "handmade.h"

static struct handmade h, other;
static const struct export_opts opts;

/* The stacks of a walk, one a line: kept|names|on,runq,off, and those of the other side. */
static void expect(const struct profile *before, const struct profile *after,
		   enum flame_threads threads, const char *want)
{
	struct flame flame;
	struct flame_stack stack;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	CHECK_INT(flame_build(before, after, &opts, &flame), 0);
	flame_rewind(&flame, threads);
	while (flame_next(&flame, &stack)) {
		fprintf(out, "%u|", stack.kept);
		for (uint32_t i = 0; i < stack.depth; i++)
			fprintf(out, "%s%s", i ? ";" : "", flame.names[stack.names[i]].text);
		for (uint32_t side = 0; side < flame.side_count; side++)
			fprintf(out, "|%llu,%llu,%llu",
				(unsigned long long)stack.times.us[side][SCOPE_ON],
				(unsigned long long)stack.times.us[side][SCOPE_RUNQ],
				(unsigned long long)stack.times.us[side][SCOPE_OFF]);
		fputs("\n", out);
	}
	fclose(out);
	CHECK_TEXT(text, want);
	free(text);
	flame_free(&flame);
}

static void begin(struct handmade *made)
{
	handmade_init(made);
	handmade_process(made, 100, "app");
	handmade_thread(made, 100, "app");
}

static void states_of_a_stack_are_one(void)
{
	uint32_t main_, work;

	begin(&h);
	main_ = handmade_stack(&h, 0, "main");
	work = handmade_stack(&h, main_, "work");
	handmade_sample(&h, 0, SCOPE_ON, work, 1000);
	handmade_sample(&h, 0, SCOPE_OFF, work, 3000);
	handmade_sample(&h, 0, SCOPE_RUNQ, main_, 2000);
	handmade_sample(&h, 0, SCOPE_OFF, handmade_stack(&h, main_, "z"), 400);
	expect(handmade_seal(&h), NULL, FLAME_ALL,
	       "0|app;main|0,2,0\n"
	       "2|app;main;work|1,0,3\n");
}

/* The names of one stack stand where the next one's do: a frame of an earlier one must not. */
static void nothing_is_left_of_an_earlier_stack(void)
{
	uint32_t a, b, c, d;

	begin(&h);
	handmade_thread(&h, 101, "b");
	a = handmade_stack(&h, 0, "a");
	b = handmade_stack(&h, a, "b");
	c = handmade_stack(&h, b, "c");
	d = handmade_stack(&h, a, "d");
	handmade_sample(&h, 0, SCOPE_ON, c, 1000);
	handmade_sample(&h, 0, SCOPE_ON, d, 1000);
	handmade_sample(&h, 1, SCOPE_ON, c, 1000);
	expect(handmade_seal(&h), NULL, FLAME_ALL,
	       "0|app;a;b;c|1,0,0\n"
	       "2|app;a;d|1,0,0\n"
	       "0|b;a;b;c|1,0,0\n");
}

static void idle_threads_come_apart(void)
{
	uint32_t main_;

	begin(&h);
	handmade_thread(&h, 101, "app");
	main_ = handmade_stack(&h, 0, "main");
	handmade_sample(&h, 0, SCOPE_ON, main_, 1000);
	handmade_sample(&h, 0, SCOPE_OFF, main_, 1600);
	handmade_sample(&h, 1, SCOPE_OFF, main_, 3600);
	handmade_seal(&h);
	/* one line of 5.2 us: both parts together are what it says */
	expect(&h.profile, NULL, FLAME_ALL, "0|app;main|1,0,5\n");
	expect(&h.profile, NULL, FLAME_IDLE, "0|app;main|0,0,3\n");
	expect(&h.profile, NULL, FLAME_ACTIVE, "0|app;main|1,0,2\n");
	h.profile.system_wide = true;
	expect(&h.profile, NULL, FLAME_ALL,
	       "0|[idle];app;main|0,0,4\n"
	       "0|app;main|1,0,1\n");
	expect(&h.profile, NULL, FLAME_IDLE, "0|[idle];app;main|0,0,4\n");
	expect(&h.profile, NULL, FLAME_ACTIVE, "0|app;main|1,0,1\n");
}

static void two_sides_meet(void)
{
	uint32_t main_;

	begin(&h);
	main_ = handmade_stack(&h, 0, "main");
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, main_, "gone"), 1000);
	handmade_sample(&h, 0, SCOPE_ON, handmade_stack(&h, main_, "work"), 2000);
	begin(&other);
	handmade_process(&other, 200, "app");
	handmade_thread(&other, 200, "zoo");
	main_ = handmade_stack(&other, 0, "main");
	handmade_sample(&other, 0, SCOPE_OFF, main_, 3000);
	handmade_sample(&other, 0, SCOPE_OFF, handmade_stack(&other, main_, "work"), 4000);
	handmade_sample(&other, 1, SCOPE_RUNQ, main_, 5000);
	expect(handmade_seal(&h), handmade_seal(&other), FLAME_ALL,
	       "0|app;main|0,0,0|0,0,3\n"
	       "2|app;main;gone|1,0,0|0,0,0\n"
	       "2|app;main;work|2,0,0|0,0,4\n"
	       "0|zoo;main|0,0,0|0,5,0\n");
	/* the thread that only waits is idle */
	expect(&h.profile, &other.profile, FLAME_ACTIVE,
	       "0|app;main;gone|1,0,0|0,0,0\n"
	       "2|app;main;work|2,0,0|0,0,0\n"
	       "0|zoo;main|0,0,0|0,5,0\n");
	expect(&h.profile, &other.profile, FLAME_IDLE,
	       "0|app;main|0,0,0|0,0,3\n"
	       "2|app;main;work|0,0,0|0,0,4\n");
}

static void an_empty_side_is_no_side(void)
{
	begin(&h);
	handmade_sample(&h, 0, SCOPE_ON, 0, 1000);
	handmade_init(&other);
	expect(handmade_seal(&h), handmade_seal(&other), FLAME_ALL,
	       "0|app;[no stack]|1,0,0|0,0,0\n");
	expect(&other.profile, &h.profile, FLAME_ALL, "0|app;[no stack]|0,0,0|1,0,0\n");
	expect(&other.profile, &other.profile, FLAME_ALL, "");
}

static const struct flame_name *name_of(const struct flame *flame, const char *text)
{
	for (uint32_t i = 0; i < flame->name_count; i++) {
		if (strcmp(flame->names[i].text, text) == 0)
			return &flame->names[i];
	}
	return NULL;
}

/* A thread and a function of one name are two; what the frames of one name differ in is said. */
static void names_say_where_they_are_from(void)
{
	struct profile_frame *frame;
	struct flame flame;
	uint32_t a;

	begin(&h);
	a = handmade_stack(&h, 0, "app");
	h.images[1].path = handmade_string(&h, "/bin/one");
	h.images[2].path = handmade_string(&h, "/bin/two");
	h.profile.image_count = 3;
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t stack = handmade_stack(&h, 0, "f");

		frame = &h.frames[h.stacks[stack].frame];
		frame->image = 1 + i / 2;
		frame->file = handmade_string(&h, i == 2 ? "other.c" : "f.c");
		frame->line = 12 - i;
		handmade_sample(&h, 0, SCOPE_ON, stack, 1000);
	}
	handmade_sample(&h, 0, SCOPE_ON, a, 1000);
	CHECK_INT(flame_build(handmade_seal(&h), NULL, &opts, &flame), 0);
	CHECK_INT(flame.name_count, 3);
	CHECK_INT(flame.names[0].kind, FLAME_USER);
	CHECK_INT(flame.names[1].kind, FLAME_THREAD);
	CHECK_TEXT(flame.names[1].text, "app");
	CHECK_TEXT(name_of(&flame, "f")->module, "/bin/one");
	CHECK(name_of(&flame, "f")->more_modules && name_of(&flame, "f")->more_files);
	CHECK_TEXT(name_of(&flame, "f")->file, "f.c");
	CHECK_INT(name_of(&flame, "f")->first_line, 11);
	CHECK_INT(name_of(&flame, "f")->last_line, 12);
	flame_free(&flame);
}

int main(void)
{
	CHECK_CASE(states_of_a_stack_are_one);
	CHECK_CASE(nothing_is_left_of_an_earlier_stack);
	CHECK_CASE(idle_threads_come_apart);
	CHECK_CASE(two_sides_meet);
	CHECK_CASE(an_empty_side_is_no_side);
	CHECK_CASE(names_say_where_they_are_from);
	return check_status();
}
