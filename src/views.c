// SPDX-License-Identifier: MIT
#include "views.h"

#include <string.h>

#include "mem.h"
#include "views_facts.h"

/* Which elements of one of the whole's tables a view has, and where. */
struct subset {
	uint32_t *to;	/* by the whole's id: the view's, and 1; 0: not in the view */
	uint32_t *from; /* the view's id to the whole's */
	uint32_t count, room;
};

struct views {
	const struct profile *whole;
	struct views_facts facts;
	uint32_t *first_sample;	  /* by thread, and one more */
	uint32_t *first_interval; /* the same */
	struct subset strings, images, frames, stacks;
	/* the tables of the view, each as large as it has ever been */
	struct profile profile;
	char *target;
	ARRAY(const char *) string_items;
	ARRAY(struct profile_image) image_items;
	ARRAY(struct profile_frame) frame_items;
	ARRAY(struct profile_stack) stack_items;
	ARRAY(struct profile_process) process_items;
	ARRAY(struct profile_thread) thread_items;
	ARRAY(struct profile_sample) sample_items;
	ARRAY(struct profile_interval) interval_items;
};

/* --- subsets ---------------------------------------------------------------------------------- */

static void subset_init(struct subset *s, uint32_t whole_count)
{
	s->to = mem_alloc_array((size_t)whole_count + 1, sizeof(*s->to));
}

static void subset_free(struct subset *s)
{
	free(s->to);
	free(s->from);
}

/* Marked by 1 until subset_number(); returns whether it is new. */
static bool subset_add(struct subset *s, uint32_t id)
{
	if (s->to[id])
		return false;
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->from = mem_resize_array(s->from, s->room, sizeof(*s->from));
	}
	s->to[id] = 1;
	s->from[s->count++] = id;
	return true;
}

/* Id 0 is "none" there and here. */
static void subset_clear(struct subset *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		s->to[s->from[i]] = 0;
	s->count = 0;
	subset_add(s, 0);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* In the order of the whole: what was sorted by ids stays so, and parents come first. */
static void subset_number(struct subset *s)
{
	qsort(s->from, s->count, sizeof(*s->from), compare_ids);
	for (uint32_t i = 0; i < s->count; i++)
		s->to[s->from[i]] = i + 1;
}

static uint32_t subset_id(const struct subset *s, uint32_t id)
{
	return s->to[id] - 1;
}

/* --- what the view needs ---------------------------------------------------------------------- */

static void want_stack(struct views *v, uint32_t stack)
{
	while (stack && subset_add(&v->stacks, stack))
		stack = v->whole->stacks[stack].parent;
}

static void want_samples(struct views *v, uint32_t first_thread, uint32_t end_thread)
{
	const struct profile *p = v->whole;

	for (uint32_t i = v->first_sample[first_thread]; i < v->first_sample[end_thread]; i++) {
		want_stack(v, p->samples[i].stack);
		subset_add(&v->strings, p->samples[i].reason);
	}
	for (uint32_t i = v->first_interval[first_thread]; i < v->first_interval[end_thread]; i++) {
		want_stack(v, p->intervals[i].stack);
		subset_add(&v->strings, p->intervals[i].reason);
	}
	for (uint32_t i = first_thread; i < end_thread; i++)
		subset_add(&v->strings, p->threads[i].comm);
}

static void want_tables(struct views *v, const struct profile_process *process)
{
	const struct profile *p = v->whole;

	for (uint32_t i = 1; i < v->stacks.count; i++)
		subset_add(&v->frames, p->stacks[v->stacks.from[i]].frame);
	for (uint32_t i = 1; i < v->frames.count; i++) {
		const struct profile_frame *frame = &p->frames[v->frames.from[i]];

		subset_add(&v->images, frame->image);
		subset_add(&v->strings, frame->name);
		subset_add(&v->strings, frame->file);
	}
	for (uint32_t i = 0; i < v->images.count; i++) {
		const struct profile_image *image = &p->images[v->images.from[i]];

		subset_add(&v->strings, image->path);
		subset_add(&v->strings, image->build_id);
		subset_add(&v->strings, image->why);
		subset_add(&v->strings, image->debug_file);
		subset_add(&v->strings, image->debug_package);
	}
	subset_add(&v->strings, process->comm);
	subset_add(&v->strings, process->exe);
	subset_add(&v->strings, process->anonymous_why);
}

/* --- the view's tables ------------------------------------------------------------------------ */

static uint32_t string_id(const struct views *v, uint32_t id)
{
	return subset_id(&v->strings, id);
}

static void copy_names(struct views *v)
{
	const struct profile *p = v->whole;

	for (uint32_t i = 0; i < v->strings.count; i++)
		*array_push(&v->string_items) = p->strings[v->strings.from[i]];
	for (uint32_t i = 0; i < v->images.count; i++) {
		struct profile_image *image = array_push(&v->image_items);

		*image = p->images[v->images.from[i]];
		image->path = string_id(v, image->path);
		image->build_id = string_id(v, image->build_id);
		image->debug_file = string_id(v, image->debug_file);
		image->debug_package = string_id(v, image->debug_package);
		image->why = string_id(v, image->why);
		image->incomplete_ns = image->unnamed_ns = 0;
	}
	for (uint32_t i = 0; i < v->frames.count; i++) {
		struct profile_frame *frame = array_push(&v->frame_items);

		*frame = p->frames[v->frames.from[i]];
		if (!i)
			continue;
		frame->name = string_id(v, frame->name);
		frame->file = string_id(v, frame->file);
		frame->image = subset_id(&v->images, frame->image);
	}
	for (uint32_t i = 0; i < v->stacks.count; i++) {
		struct profile_stack *stack = array_push(&v->stack_items);

		*stack = p->stacks[v->stacks.from[i]];
		if (!i)
			continue;
		stack->parent = subset_id(&v->stacks, stack->parent);
		stack->frame = subset_id(&v->frames, stack->frame);
	}
}

static void copy_threads(struct views *v, uint32_t process, uint32_t first, uint32_t end)
{
	const struct profile *p = v->whole;
	struct profile_process *to = array_push(&v->process_items);

	*to = p->processes[process];
	to->comm = string_id(v, to->comm);
	to->exe = string_id(v, to->exe);
	to->first_thread = 0;
	to->thread_count = end - first;
	to->anonymous_ns = 0;
	to->anonymous_why = string_id(v, to->anonymous_why);
	for (uint32_t i = first; i < end; i++) {
		struct profile_thread *thread = array_push(&v->thread_items);

		*thread = p->threads[i];
		thread->process = 0;
		thread->comm = string_id(v, thread->comm);
	}
}

static void copy_samples(struct views *v, uint32_t first, uint32_t end)
{
	const struct profile *p = v->whole;

	for (uint32_t i = v->first_sample[first]; i < v->first_sample[end]; i++) {
		struct profile_sample *sample = array_push(&v->sample_items);

		*sample = p->samples[i];
		sample->thread -= first;
		sample->reason = string_id(v, sample->reason);
		sample->stack = subset_id(&v->stacks, sample->stack);
	}
	for (uint32_t i = v->first_interval[first]; i < v->first_interval[end]; i++) {
		struct profile_interval *interval = array_push(&v->interval_items);
		uint32_t waker = p->intervals[i].waker;

		*interval = p->intervals[i];
		interval->thread -= first;
		interval->reason = string_id(v, interval->reason);
		interval->stack = subset_id(&v->stacks, interval->stack);
		interval->waker = waker > first && waker <= end ? waker - first : 0;
	}
}

static void clear(struct views *v)
{
	subset_clear(&v->strings);
	subset_clear(&v->images);
	subset_clear(&v->frames);
	subset_clear(&v->stacks);
	v->string_items.count = 0;
	v->image_items.count = 0;
	v->frame_items.count = 0;
	v->stack_items.count = 0;
	v->process_items.count = 0;
	v->thread_items.count = 0;
	v->sample_items.count = 0;
	v->interval_items.count = 0;
	free(v->target);
	v->target = NULL;
}

static void describe(struct views *v)
{
	struct profile *p = &v->profile;

	*p = *v->whole;
	p->target = v->target;
	p->system_wide = false;
	p->strings = v->string_items.items;
	p->string_count = (uint32_t)v->string_items.count;
	p->images = v->image_items.items;
	p->image_count = (uint32_t)v->image_items.count;
	p->frames = v->frame_items.items;
	p->frame_count = (uint32_t)v->frame_items.count;
	p->stacks = v->stack_items.items;
	p->stack_count = (uint32_t)v->stack_items.count;
	p->processes = v->process_items.items;
	p->process_count = (uint32_t)v->process_items.count;
	p->threads = v->thread_items.items;
	p->thread_count = (uint32_t)v->thread_items.count;
	p->samples = v->sample_items.items;
	p->sample_count = (uint32_t)v->sample_items.count;
	p->intervals = v->interval_items.items;
	p->interval_count = (uint32_t)v->interval_items.count;
	views_measure(&v->facts, v->stacks.from, p, v->image_items.items, v->process_items.items,
		      &p->quality);
}

/* Takes over `target`. */
static const struct profile *make_view(struct views *v, uint32_t process, uint32_t first,
				       uint32_t end, char *target)
{
	clear(v);
	v->target = target;
	want_samples(v, first, end);
	want_tables(v, &v->whole->processes[process]);
	subset_number(&v->strings);
	subset_number(&v->images);
	subset_number(&v->frames);
	subset_number(&v->stacks);
	copy_names(v);
	copy_threads(v, process, first, end);
	copy_samples(v, first, end);
	describe(v);
	return &v->profile;
}

const struct profile *views_thread(struct views *views, uint32_t thread)
{
	const struct profile *p = views->whole;
	const struct profile_thread *t = &p->threads[thread];
	const struct profile_process *process = &p->processes[t->process];

	return make_view(views, t->process, thread, thread + 1,
			 mem_format("thread %u (%s) of pid %u (%s)", t->tid,
				    profile_string(p, t->comm), process->pid,
				    profile_string(p, process->comm)));
}

const struct profile *views_process(struct views *views, uint32_t process)
{
	const struct profile *p = views->whole;
	const struct profile_process *it = &p->processes[process];

	return make_view(views, process, it->first_thread, it->first_thread + it->thread_count,
			 mem_format("pid %u (%s)", it->pid, profile_string(p, it->comm)));
}

/* --- the whole -------------------------------------------------------------------------------- */

struct views *views_new(const struct profile *whole)
{
	struct views *v = mem_alloc(sizeof(*v));

	v->whole = whole;
	v->first_sample = mem_alloc_array((size_t)whole->thread_count + 1, sizeof(uint32_t));
	v->first_interval = mem_alloc_array((size_t)whole->thread_count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < whole->sample_count; i++)
		v->first_sample[whole->samples[i].thread + 1] = i + 1;
	for (uint32_t i = 0; i < whole->interval_count; i++)
		v->first_interval[whole->intervals[i].thread + 1] = i + 1;
	for (uint32_t i = 1; i <= whole->thread_count; i++) { /* of those that have none */
		if (v->first_sample[i] < v->first_sample[i - 1])
			v->first_sample[i] = v->first_sample[i - 1];
		if (v->first_interval[i] < v->first_interval[i - 1])
			v->first_interval[i] = v->first_interval[i - 1];
	}
	subset_init(&v->strings, whole->string_count);
	subset_init(&v->images, whole->image_count);
	subset_init(&v->frames, whole->frame_count);
	subset_init(&v->stacks, whole->stack_count);
	views_facts_init(&v->facts, whole);
	return v;
}

void views_free(struct views **views)
{
	struct views *v = *views;

	if (!v)
		return;
	subset_free(&v->strings);
	subset_free(&v->images);
	subset_free(&v->frames);
	subset_free(&v->stacks);
	views_facts_free(&v->facts);
	free(v->first_sample);
	free(v->first_interval);
	free(v->target);
	array_free(&v->string_items);
	array_free(&v->image_items);
	array_free(&v->frame_items);
	array_free(&v->stack_items);
	array_free(&v->process_items);
	array_free(&v->thread_items);
	array_free(&v->sample_items);
	array_free(&v->interval_items);
	free(v);
	*views = NULL;
}
