// SPDX-License-Identifier: MIT
/* Parts of a profile as profiles. tests/golden/ holds the same checks against every stream. */
#include "views.h"

#include "handmade.h"
#include "mem.h"
#include "whole.h"
#include "written.h"

static struct handmade h;
static struct profile_interval intervals[8];

static uint32_t add_image(const char *path)
{
	h.images[h.profile.image_count].path = handmade_string(&h, path);
	return h.profile.image_count++;
}

/* Two processes, three threads; what the second thread needs comes before and behind the first's.
 */
static const struct profile *make_profile(void)
{
	uint32_t app, lib, main_, early, late, wait;

	handmade_init(&h);
	app = add_image("/bin/app");
	lib = add_image("/lib/lib.so");
	early = handmade_stack(&h, 0, "early");
	main_ = handmade_stack(&h, 0, "main");
	wait = handmade_stack(&h, handmade_stack(&h, main_, "lib_wait"), "k:futex_wait");
	late = handmade_stack(&h, main_, "late");
	h.frames[h.stacks[main_].frame].image = app;
	h.frames[h.stacks[late].frame].image = app;
	h.frames[h.stacks[h.stacks[wait].parent].frame].image = lib;
	h.frames[h.stacks[late].frame].named = false;
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 101, "worker");
	handmade_process(&h, 200, "other");
	handmade_thread(&h, 200, "other");
	handmade_sample(&h, 0, SCOPE_ON, main_, 100);
	handmade_sample(&h, 0, SCOPE_OFF, wait, 900)->reason = handmade_string(&h, "futex");
	handmade_sample(&h, 1, SCOPE_ON, early, 30);
	handmade_sample(&h, 1, SCOPE_ON, late, 70);
	handmade_sample(&h, 1, SCOPE_RUNQ, late, 500);
	handmade_sample(&h, 2, SCOPE_OFF, late, 400)->reason = handmade_string(&h, "sleep");
	h.threads[1].residual_ns = 7;
	h.threads[1].switches = 3;
	h.profile.quality = (struct profile_quality){
		.on_sampled_ns = 200,
		.user_ns = 2000,
		.end_ns = { 2000 },
		.frames_ns = 100 + 900 * 3 + 30 + 2 * (70 + 500 + 400),
		.unnamed_ns = 70 + 500 + 400,
		.ticks = 3,
	};
	h.images[app].unnamed_ns = 70 + 500 + 400;
	return handmade_seal(&h);
}

static void all_threads_are_the_whole(void)
{
	check_views(make_profile());
}

static void a_view_has_what_it_needs_and_no_more(void)
{
	struct views *views = views_new(make_profile());
	const struct profile *view = views_thread(views, 1);
	_cleanup_free_ char *text = sound_text(view);

	CHECK_TEXT(
		text,
		"\n101 on 30 x1  ;early\n101 on 70 x1  ;main;late\n101 runq 500 x1  ;main;late\n");
	CHECK_INT(view->stack_count, 1 + 3);
	CHECK_INT(view->frame_count, 1 + 3);
	CHECK_INT(view->image_count, 1 + 1);
	CHECK_TEXT(profile_string(view, view->images[1].path), "/bin/app");
	CHECK_INT(view->images[1].unnamed_ns, 570);
	CHECK_TEXT(view->target, "thread 101 (worker) of pid 100 (app)");
	CHECK_INT(view->threads[0].residual_ns, 7);
	view = views_process(views, 1);
	CHECK_TEXT(view->target, "pid 200 (other)");
	CHECK_INT(view->thread_count, 1);
	CHECK_INT(view->sample_count, 1);
	views_free(&views);
}

static void intervals_go_with_their_thread(void)
{
	const struct profile *p = make_profile();
	struct views *views;
	const struct profile *view;

	/* the worker is woken by its process's main thread, and that by the other process */
	intervals[0] = (struct profile_interval){
		0, p->samples[1].reason, p->samples[1].stack, 2 + 1, SCOPE_OFF, 0, 900
	};
	intervals[1] =
		(struct profile_interval){ 0, 0, p->samples[0].stack, 0, SCOPE_ON, 900, 100 };
	intervals[2] =
		(struct profile_interval){ 1, 0, p->samples[4].stack, 0 + 1, SCOPE_RUNQ, 0, 500 };
	h.profile.intervals = intervals;
	h.profile.interval_count = 3;
	h.profile.has_timeline = true;
	check_views(p);
	views = views_new(p);
	view = views_thread(views, 1);
	CHECK(view->has_timeline);
	CHECK_INT(view->interval_count, 1);
	CHECK_INT(view->intervals[0].waker, 0);
	view = views_process(views, 0);
	CHECK_INT(view->interval_count, 3);
	CHECK_INT(view->intervals[0].waker, 0);
	CHECK_INT(view->intervals[2].thread, 1);
	CHECK_INT(view->intervals[2].waker, 0 + 1);
	CHECK_TEXT(profile_string(view, view->intervals[0].reason), "futex");
	views_free(&views);
}

/* A thread without a sample, between two that have some. */
static void a_thread_without_samples_is_empty(void)
{
	const struct profile *p, *view;
	struct views *views;

	handmade_init(&h);
	handmade_process(&h, 1, "app");
	for (uint32_t i = 0; i < 4; i++)
		handmade_thread(&h, 1 + i, "app");
	handmade_sample(&h, 1, SCOPE_ON, handmade_stack(&h, 0, "f"), 5);
	handmade_sample(&h, 3, SCOPE_ON, handmade_stack(&h, 0, "g"), 6);
	p = handmade_seal(&h);
	h.profile.quality = (struct profile_quality){
		.on_sampled_ns = 11,
		.user_ns = 11,
		.end_ns = { 11 },
		.frames_ns = 11,
		.ticks = 2,
	};
	check_views(p);
	views = views_new(p);
	view = views_thread(views, 2);
	CHECK_INT(view->sample_count, 0);
	CHECK_INT(view->stack_count, 1);
	CHECK_INT(view->threads[0].tid, 3);
	views_free(&views);
}

/* Every exporter takes a view, and writes the same of it again after other views. */
static void every_exporter_works_on_a_view(void)
{
	struct views *views = views_new(make_profile());

	for (size_t i = 0; exporter_table[i]; i++) {
		size_t size = 0, again_size = 0;
		char *text, *again;

		if (exporter_table[i]->needs_timeline)
			continue;
		text = written_by(exporter_table[i], views_thread(views, 0), NULL, &size);
		views_process(views, 1);
		again = written_by(exporter_table[i], views_thread(views, 0), NULL, &again_size);
		CHECK(text && again && size == again_size && memcmp(text, again, size) == 0);
		free(text);
		free(again);
	}
	views_free(&views);
}

int main(void)
{
	CHECK_CASE(all_threads_are_the_whole);
	CHECK_CASE(a_view_has_what_it_needs_and_no_more);
	CHECK_CASE(intervals_go_with_their_thread);
	CHECK_CASE(a_thread_without_samples_is_empty);
	CHECK_CASE(every_exporter_works_on_a_view);
	return check_status();
}
