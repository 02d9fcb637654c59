// SPDX-License-Identifier: MIT
/* exporters/pprof.c, unpacked by zlib and protobuf-c. tests/cli/pprof.sh has readers of its format.
 */
#include <pprof.pb-c.h>
#include <zlib.h>

#include "check.h"
#include "handmade.h"
#include "losses.h"
#include "written.h"

extern const struct exporter exporter_pprof;

static struct handmade h;

/* The profile as it was written (pprof__profile__free_unpacked()); NULL after a failed check. */
static Pprof__Profile *unpack(const struct profile *p)
{
	static uint8_t raw[1 << 22];
	z_stream stream = { .next_out = raw, .avail_out = sizeof(raw) };
	size_t size = 0;
	char *packed = written_by(&exporter_pprof, p, NULL, &size);
	Pprof__Profile *profile = NULL;

	CHECK(packed != NULL);
	if (!packed)
		return NULL;
	stream.next_in = (uint8_t *)packed;
	stream.avail_in = (uInt)size;
	inflateInit2(&stream, MAX_WBITS + 16);
	CHECK_INT(inflate(&stream, Z_FINISH), Z_STREAM_END);
	CHECK_INT(stream.avail_in, 0);
	profile = pprof__profile__unpack(NULL, stream.total_out, raw);
	CHECK(profile != NULL);
	inflateEnd(&stream);
	free(packed);
	return profile;
}

static const char *text(const Pprof__Profile *p, int64_t index)
{
	return index >= 0 && (size_t)index < p->n_string_table ? p->string_table[index] : "(none)";
}

static const Pprof__Location *location(const Pprof__Profile *p, size_t sample, size_t at)
{
	static const Pprof__Location none = PPROF__LOCATION__INIT;

	if (sample >= p->n_sample || at >= p->sample[sample]->n_location_id)
		return &none;
	for (size_t i = 0; i < p->n_location; i++) {
		if (p->location[i]->id == p->sample[sample]->location_id[at])
			return p->location[i];
	}
	return &none;
}

static const Pprof__Function *function(const Pprof__Profile *p, const Pprof__Location *l, size_t at)
{
	static const Pprof__Function none = PPROF__FUNCTION__INIT;

	for (size_t i = 0; at < l->n_line && i < p->n_function; i++) {
		if (p->function[i]->id == l->line[at]->function_id)
			return p->function[i];
	}
	return &none;
}

static const char *name(const Pprof__Profile *p, size_t sample, size_t at, size_t line)
{
	return text(p, function(p, location(p, sample, at), line)->name);
}

static const Pprof__Mapping *mapping(const Pprof__Profile *p, const Pprof__Location *l)
{
	for (size_t i = 0; i < p->n_mapping; i++) {
		if (p->mapping[i]->id == l->mapping_id)
			return p->mapping[i];
	}
	return NULL;
}

static const Pprof__Label *label(const Pprof__Profile *p, size_t sample, const char *key)
{
	static const Pprof__Label none = PPROF__LABEL__INIT;

	for (size_t i = 0; sample < p->n_sample && i < p->sample[sample]->n_label; i++) {
		if (strcmp(text(p, p->sample[sample]->label[i]->key), key) == 0)
			return p->sample[sample]->label[i];
	}
	return &none;
}

static uint32_t add_image(const char *path, const char *build_id)
{
	h.images[h.profile.image_count] = (struct profile_image){
		.path = handmade_string(&h, path),
		.build_id = build_id ? handmade_string(&h, build_id) : 0,
	};
	return h.profile.image_count++;
}

/* Puts the stack's innermost frame into an image, at a line. */
static void place(uint32_t stack, uint32_t image, const char *file, uint32_t line)
{
	struct profile_frame *frame = &h.frames[h.stacks[stack].frame];

	frame->image = image;
	frame->file = file ? handmade_string(&h, file) : 0;
	frame->line = line;
}

/* Samples stand by stack: in order of the stacks that make_profile() makes. */
enum { RUNQ, ON, OFF };

static const struct profile *make_profile(void)
{
	uint32_t libc, kernel, app, main_, wait, inlined, inner;

	handmade_init(&h);
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 101, "worker");
	h.processes[0].exe = handmade_string(&h, "/usr/bin/app");
	libc = add_image("/lib/libc.so.6", "beef");
	kernel = add_image("[kernel]", NULL);
	app = add_image("/usr/bin/app", "abcd");
	main_ = handmade_stack(&h, 0, "main");
	place(main_, app, "main.c", 42);
	inlined = handmade_stack(&h, main_, "middle");
	place(inlined, app, "main.h", 7);
	h.frames[h.stacks[inlined].frame].inlined = true;
	inner = handmade_stack(&h, inlined, "inner");
	place(inner, app, "inner.h", 8);
	h.frames[h.stacks[inner].frame].inlined = true;
	wait = handmade_stack(&h, main_, "poll");
	place(wait, libc, NULL, 0);
	wait = handmade_stack(&h, wait, "k:do_poll");
	place(wait, kernel, NULL, 0);
	handmade_sample(&h, 0, SCOPE_ON, inner, 1000)->count = 3;
	handmade_sample(&h, 0, SCOPE_RUNQ, main_, 200)->count = 2;
	handmade_sample(&h, 1, SCOPE_OFF, wait, 30000)->reason = handmade_string(&h, "poll");
	return handmade_seal(&h);
}

static void types_and_period_are_told(void)
{
	static const char *const types[][2] = {
		{ "samples", "count" },	      { "cpu", "nanoseconds" },
		{ "off_cpu", "nanoseconds" }, { "run_queue", "nanoseconds" },
		{ "wall", "nanoseconds" },
	};
	Pprof__Profile *p = unpack(make_profile());

	if (!p)
		return;
	CHECK_INT(p->n_sample_type, 5);
	for (size_t i = 0; i < 5 && i < p->n_sample_type; i++) {
		CHECK_TEXT(text(p, p->sample_type[i]->type), types[i][0]);
		CHECK_TEXT(text(p, p->sample_type[i]->unit), types[i][1]);
	}
	CHECK_TEXT(text(p, p->default_sample_type), "wall");
	CHECK(p->period_type != NULL);
	if (p->period_type) {
		CHECK_TEXT(text(p, p->period_type->type), "cpu");
		CHECK_TEXT(text(p, p->period_type->unit), "nanoseconds");
	}
	CHECK_INT(p->period, 1000000000 / 49);
	CHECK_INT(p->time_nanos, 1700000000000000001);
	CHECK_INT(p->duration_nanos, 1000000000);
	CHECK_TEXT(text(p, 0), "");
	pprof__profile__free_unpacked(p, NULL);
}

static void samples_have_their_state_s_value(void)
{
	static const int64_t values[][5] = {
		[RUNQ] = { 2, 0, 0, 200, 200 },
		[ON] = { 3, 1000, 0, 0, 1000 },
		[OFF] = { 1, 0, 30000, 0, 30000 },
	};
	Pprof__Profile *p = unpack(make_profile());

	if (!p)
		return;
	CHECK_INT(p->n_sample, 3);
	for (size_t i = 0; i < 3 && i < p->n_sample; i++) {
		CHECK_INT(p->sample[i]->n_value, 5);
		for (size_t j = 0; j < 5 && j < p->sample[i]->n_value; j++)
			CHECK_INT(p->sample[i]->value[j], values[i][j]);
	}
	pprof__profile__free_unpacked(p, NULL);
}

static void labels_tell_thread_and_state(void)
{
	Pprof__Profile *p = unpack(make_profile());

	if (!p)
		return;
	CHECK_INT(label(p, ON, "pid")->num, 100);
	CHECK_INT(label(p, OFF, "tid")->num, 101);
	CHECK_TEXT(text(p, label(p, OFF, "process")->str), "app");
	CHECK_TEXT(text(p, label(p, ON, "thread")->str), "app");
	CHECK_TEXT(text(p, label(p, OFF, "thread")->str), "worker");
	CHECK_TEXT(text(p, label(p, ON, "state")->str), "on");
	CHECK_TEXT(text(p, label(p, RUNQ, "state")->str), "runq");
	CHECK_TEXT(text(p, label(p, OFF, "state")->str), "off");
	CHECK_TEXT(text(p, label(p, OFF, "reason")->str), "poll");
	CHECK_INT(p->sample[ON]->n_label, 5); /* of the others there is no reason */
	CHECK_INT(p->sample[RUNQ]->n_label, 5);
	pprof__profile__free_unpacked(p, NULL);
}

static void inlined_calls_are_lines_of_one_location(void)
{
	Pprof__Profile *p = unpack(make_profile());
	const Pprof__Location *l;

	if (!p)
		return;
	CHECK_INT(p->sample[ON]->n_location_id, 1);
	l = location(p, ON, 0);
	CHECK_INT(l->n_line, 3);
	CHECK_TEXT(name(p, ON, 0, 0), "inner");
	CHECK_TEXT(name(p, ON, 0, 1), "middle");
	CHECK_TEXT(name(p, ON, 0, 2), "main");
	if (l->n_line == 3) {
		CHECK_INT(l->line[0]->line, 8);
		CHECK_INT(l->line[2]->line, 42);
		CHECK_TEXT(text(p, function(p, l, 1)->filename), "main.h");
	}
	/* main where nothing was inlined is another location */
	CHECK_INT(p->sample[RUNQ]->n_location_id, 1);
	CHECK_INT(location(p, RUNQ, 0)->n_line, 1);
	CHECK_INT(location(p, RUNQ, 0)->address, 0x1001);
	CHECK_TEXT(name(p, RUNQ, 0, 0), "main");
	/* and leaf first */
	CHECK_INT(p->sample[OFF]->n_location_id, 3);
	CHECK_TEXT(name(p, OFF, 0, 0), "do_poll");
	CHECK_TEXT(name(p, OFF, 1, 0), "poll");
	CHECK_TEXT(name(p, OFF, 2, 0), "main");
	CHECK_INT(p->n_location, 4);
	CHECK_INT(p->n_function, 5);
	pprof__profile__free_unpacked(p, NULL);
}

static void mappings_are_true_to_the_facts(void)
{
	Pprof__Profile *p = unpack(make_profile());
	const Pprof__Mapping *app, *libc, *kernel;

	if (!p)
		return;
	CHECK_INT(p->n_mapping, 3);
	app = mapping(p, location(p, ON, 0));
	libc = mapping(p, location(p, OFF, 1));
	kernel = mapping(p, location(p, OFF, 0));
	CHECK(app && libc && kernel && app == p->mapping[0]);
	if (app && libc && kernel) {
		CHECK_TEXT(text(p, app->filename), "/usr/bin/app");
		CHECK_TEXT(text(p, app->build_id), "abcd");
		CHECK(app->has_functions && app->has_filenames && app->has_line_numbers &&
		      app->has_inline_frames);
		CHECK_TEXT(text(p, libc->filename), "/lib/libc.so.6");
		CHECK_TEXT(text(p, libc->build_id), "beef");
		CHECK(libc->has_functions && !libc->has_filenames && !libc->has_line_numbers &&
		      !libc->has_inline_frames);
		CHECK_TEXT(text(p, kernel->filename), "[kernel.kallsyms]");
		CHECK_INT(kernel->build_id, 0);
	}
	pprof__profile__free_unpacked(p, NULL);
}

static void what_is_not_named_has_no_functions(void)
{
	Pprof__Profile *p;

	make_profile();
	for (uint32_t i = 1; i < h.profile.frame_count; i++) {
		if (strcmp(h.strings[h.frames[i].name], "poll") == 0)
			h.frames[i].named = false;
	}
	p = unpack(&h.profile);
	if (!p)
		return;
	for (size_t i = 0; i < p->n_mapping; i++) {
		bool is_libc = strcmp(text(p, p->mapping[i]->filename), "/lib/libc.so.6") == 0;

		CHECK_INT(p->mapping[i]->has_functions, !is_libc);
	}
	pprof__profile__free_unpacked(p, NULL);
}

/* The first mapping is the program that ran most, whether or not a frame is in it. */
static void first_mapping_is_the_main_program(void)
{
	Pprof__Profile *p;

	make_profile();
	handmade_process(&h, 200, "busy");
	handmade_thread(&h, 200, "busy");
	h.processes[1].exe = handmade_string(&h, "/opt/busy");
	handmade_sample(&h, 2, SCOPE_ON, 0, 1001);
	p = unpack(handmade_seal(&h));
	if (!p)
		return;
	CHECK_INT(p->n_mapping, 4);
	CHECK_TEXT(text(p, p->mapping[0]->filename), "/opt/busy");
	CHECK(!p->mapping[0]->has_functions);
	for (size_t i = 0; i < p->n_mapping; i++) {
		for (size_t j = 0; j < i; j++)
			CHECK(p->mapping[i]->id != p->mapping[j]->id);
	}
	CHECK_TEXT(name(p, 0, 0, 0), "[no stack]");
	CHECK_INT(location(p, 0, 0)->mapping_id, 0);
	pprof__profile__free_unpacked(p, NULL);
}

static bool has_comment(const Pprof__Profile *p, const char *want)
{
	for (size_t i = 0; i < p->n_comment; i++) {
		if (strcmp(text(p, p->comment[i]), want) == 0)
			return true;
	}
	return false;
}

static void comments_tell_the_losses(void)
{
	Pprof__Profile *p;

	make_profile();
	h.profile.losses[SCOPE_LOSS_SUMS_FULL] = (struct profile_loss){ 3, 4500 };
	h.profile.losses[SCOPE_LOSS_CLOCK] = (struct profile_loss){ 1, 0 };
	p = unpack(&h.profile);
	if (!p)
		return;
	CHECK(has_comment(p, "systemscope test"));
	CHECK(has_comment(p, "pid 100 (app)"));
	CHECK(has_comment(p, "window 1.00 s at 49 Hz, 2 CPUs"));
	CHECK(has_comment(p, "lost: table of blocked stacks full: 3, 4500 ns"));
	CHECK(has_comment(p, "mended: clocks of two CPUs apart: 1, 0 ns"));
	CHECK_INT(p->n_comment, 5);
	pprof__profile__free_unpacked(p, NULL);
}

/* Whether text is UTF-8 without a byte that steers a terminal. */
static void check_harmless(const char *s)
{
	while (*s) {
		unsigned char c = (unsigned char)*s++;
		int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;

		CHECK(c >= 0x20 && c != 0x7f && (c < 0x80 || more));
		CHECK(!(c == 0xc2 && (unsigned char)*s < 0xa0));
		for (; more; more--, s++)
			CHECK(((unsigned char)*s & 0xc0) == 0x80);
	}
}

static void hostile_names_are_made_harmless(void)
{
	static const char *const names[] = { "</script><script>alert(1)</script>",
					     "a;b \"c\" 'd' \\e",
					     "line\nline\r\x1b[31m",
					     "\xff\xfe\x80",
					     "cut \xf0\x9f\x94",
					     "\xe2\x80\xaeltr \xc2\x9b" };
	static char giant[10001];
	uint32_t stack = 0;
	Pprof__Profile *p;
	bool giant_found = false;

	handmade_init(&h);
	memset(giant, 'x', sizeof(giant) - 1);
	handmade_process(&h, 1, names[2]);
	handmade_thread(&h, 1, names[3]);
	h.processes[0].exe = handmade_string(&h, names[0]);
	h.profile.target = names[2];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		stack = handmade_stack(&h, stack, names[i]);
		place(stack, add_image(names[i], names[i]), names[i], 1);
	}
	stack = handmade_stack(&h, stack, giant);
	handmade_sample(&h, 0, SCOPE_OFF, stack, 5)->reason = handmade_string(&h, names[4]);
	p = unpack(handmade_seal(&h));
	if (!p)
		return;
	for (size_t i = 0; i < p->n_string_table; i++) {
		check_harmless(p->string_table[i]);
		giant_found |= strcmp(p->string_table[i], giant) == 0;
	}
	CHECK(giant_found);
	CHECK_INT(p->sample[0]->n_location_id, 7);
	CHECK_TEXT(name(p, 0, 6, 0), names[0]);
	CHECK_TEXT(name(p, 0, 5, 0), names[1]);
	pprof__profile__free_unpacked(p, NULL);
}

/* A call that is inlined into itself, and the same call elsewhere. */
static void chains_of_inlined_calls_are_told_apart(void)
{
	uint32_t main_, a, aa, other;
	Pprof__Profile *p;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	handmade_thread(&h, 1, "app");
	main_ = handmade_stack(&h, 0, "main");
	a = handmade_stack(&h, main_, "a");
	h.frames[h.stacks[a].frame].inlined = true;
	aa = h.profile.stack_count++;
	h.stacks[aa] = (struct profile_stack){ a, h.stacks[a].frame };
	other = handmade_stack(&h, main_, "other");
	h.stacks[h.profile.stack_count++] = (struct profile_stack){ other, h.stacks[a].frame };
	handmade_sample(&h, 0, SCOPE_ON, aa, 1);
	handmade_sample(&h, 0, SCOPE_ON, h.profile.stack_count - 1, 2);
	p = unpack(handmade_seal(&h));
	if (!p)
		return;
	CHECK_INT(p->sample[0]->n_location_id, 1);
	CHECK_INT(location(p, 0, 0)->n_line, 3);
	CHECK_TEXT(name(p, 0, 0, 1), "a");
	CHECK_TEXT(name(p, 0, 0, 2), "main");
	CHECK_INT(p->sample[1]->n_location_id, 2);
	CHECK_INT(location(p, 1, 0)->n_line, 2);
	CHECK_TEXT(name(p, 1, 0, 1), "other");
	CHECK_TEXT(name(p, 1, 1, 0), "main");
	pprof__profile__free_unpacked(p, NULL);
}

static void the_stream_has_no_time_in_it(void)
{
	size_t size = 0;
	char *packed = written_by(&exporter_pprof, make_profile(), NULL, &size);

	CHECK(packed && size > 10 && memcmp(packed, "\x1f\x8b\x08\0\0\0\0\0", 8) == 0);
	free(packed);
}

int main(void)
{
	CHECK_CASE(types_and_period_are_told);
	CHECK_CASE(samples_have_their_state_s_value);
	CHECK_CASE(labels_tell_thread_and_state);
	CHECK_CASE(inlined_calls_are_lines_of_one_location);
	CHECK_CASE(mappings_are_true_to_the_facts);
	CHECK_CASE(what_is_not_named_has_no_functions);
	CHECK_CASE(first_mapping_is_the_main_program);
	CHECK_CASE(comments_tell_the_losses);
	CHECK_CASE(hostile_names_are_made_harmless);
	CHECK_CASE(chains_of_inlined_calls_are_told_apart);
	CHECK_CASE(the_stream_has_no_time_in_it);
	return check_status();
}
