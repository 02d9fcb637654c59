// SPDX-License-Identifier: MIT
#include "views_facts.h"

#include <string.h>

#include "mem.h"

/* What a stack's frames add up to; as src/stacks.h has it while the profile is being built. */
struct views_fact {
	uint32_t frames, unnamed, anonymous; /* numbers of them */
	uint32_t root;			     /* the stack of its outermost frame alone */
	enum scope_stack_end end;
	bool user, lost, other_cpus;
};

static bool is_label(const struct profile *p, const struct profile_frame *frame, enum label label)
{
	return strcmp(profile_string(p, frame->name), label_table[label].name) == 0;
}

static bool is_loss(const struct profile *p, const struct profile_frame *frame)
{
	return is_label(p, frame, LABEL_LOST_TABLE) || is_label(p, frame, LABEL_LOST_RING) ||
	       is_label(p, frame, LABEL_NO_STACK) || is_label(p, frame, LABEL_BEFORE_WINDOW) ||
	       is_label(p, frame, LABEL_LOST_THREADS) || is_label(p, frame, LABEL_LOST_FILE) ||
	       is_label(p, frame, LABEL_THINNED);
}

static void take_root(const struct profile *p, const struct profile_frame *frame,
		      struct views_fact *fact)
{
	fact->user = frame->kind == FRAME_USER;
	if (frame->kind != FRAME_LABEL)
		return;
	if (is_label(p, frame, LABEL_TRUNCATED))
		fact->end = SCOPE_END_TRUNCATED;
	else if (is_label(p, frame, LABEL_BROKEN))
		fact->end = SCOPE_END_NO_RULE; /* or another: tell_broken_apart() */
	fact->user = fact->end != SCOPE_END_COMPLETE;
}

static void learn_stack(const struct profile *p, struct views_fact *facts, uint32_t stack)
{
	const struct profile_frame *frame = &p->frames[p->stacks[stack].frame];
	uint32_t parent = p->stacks[stack].parent;
	struct views_fact *fact = &facts[stack];

	*fact = facts[parent];
	if (frame->kind == FRAME_LABEL) {
		fact->lost |= is_loss(p, frame);
	} else {
		fact->frames++;
		fact->unnamed += !frame->named;
		fact->anonymous +=
			!frame->named && !frame->image && is_label(p, frame, LABEL_ANONYMOUS);
	}
	fact->other_cpus = frame->kind == FRAME_LABEL && is_label(p, frame, LABEL_OTHER_CPUS);
	if (!parent) {
		fact->root = stack;
		take_root(p, frame, fact);
	}
}

/*
 * Broken stacks have one root for each way in which a walk can end, and all of these read alike.
 * The whole knows the time of each way, and which root has that time.
 */
static void tell_broken_apart(const struct profile *p, struct views_fact *facts)
{
	_cleanup_free_ nsec_t *root_ns = mem_alloc_array(p->stack_count, sizeof(*root_ns));
	bool taken[SCOPE_ENDS] = { false };

	for (uint32_t i = 0; i < p->sample_count; i++) {
		if (!p->threads[p->samples[i].thread].kernel_thread)
			root_ns[facts[p->samples[i].stack].root] += p->samples[i].ns;
	}
	for (uint32_t i = 1; i < p->stack_count; i++) {
		if (p->stacks[i].parent) {
			facts[i].end = facts[facts[i].root].end;
			continue;
		}
		if (facts[i].end != SCOPE_END_NO_RULE)
			continue;
		for (int end = SCOPE_END_NO_RULE; end < SCOPE_ENDS; end++) {
			if (!taken[end] && p->quality.end_ns[end] == root_ns[i]) {
				facts[i].end = (enum scope_stack_end)end;
				taken[end] = true;
				break;
			}
		}
	}
}

void views_facts_init(struct views_facts *facts, const struct profile *whole)
{
	facts->whole = whole;
	facts->items = mem_alloc_array(whole->stack_count, sizeof(*facts->items));
	for (uint32_t i = 1; i < whole->stack_count; i++)
		learn_stack(whole, facts->items, i);
	tell_broken_apart(whole, facts->items);
}

void views_facts_free(struct views_facts *facts)
{
	free(facts->items);
	facts->items = NULL;
}

static void add_run(const struct profile_sample *s, const struct views_fact *fact,
		    struct profile_quality *q)
{
	q->ticks += s->count;
	if (s->estimated)
		q->on_estimated_ns += s->ns;
	else if (s->count)
		q->on_sampled_ns += s->ns;
	else if (!fact->other_cpus)
		q->on_unsampled_ns += s->ns;
}

/* As unnamed_measure() does for the whole. */
static void measure_unnamed(const struct profile *view, struct profile_image *images)
{
	_cleanup_free_ nsec_t *through_ns = mem_alloc_array(view->stack_count, sizeof(*through_ns));

	for (uint32_t i = 0; i < view->sample_count; i++)
		through_ns[view->samples[i].stack] += view->samples[i].ns;
	for (uint32_t i = view->stack_count; i-- > 1;) {
		const struct profile_frame *frame = &view->frames[view->stacks[i].frame];

		through_ns[view->stacks[i].parent] += through_ns[i];
		if (frame->kind != FRAME_LABEL && !frame->named)
			images[frame->image].unnamed_ns += through_ns[i];
	}
}

/* The image of the outermost frame, which is the one below the root that says how it ended. */
static uint32_t find_end_image(const struct profile *view, uint32_t stack)
{
	uint32_t at = stack, below = 0;

	for (; view->stacks[at].parent; at = view->stacks[at].parent)
		below = at;
	return below ? view->frames[view->stacks[below].frame].image : 0;
}

void views_measure(const struct views_facts *facts, const uint32_t *from,
		   const struct profile *view, struct profile_image *images,
		   struct profile_process *process, struct profile_quality *ret_quality)
{
	bool user_stacks = facts->whole->quality.user_ns != 0;
	struct profile_quality q = { 0 };

	for (uint32_t i = 0; i < view->sample_count; i++) {
		const struct profile_sample *s = &view->samples[i];
		const struct views_fact *fact = &facts->items[from[s->stack]];

		if (s->state == SCOPE_ON)
			add_run(s, fact, &q);
		if (fact->lost)
			q.stackless_ns += s->ns;
		q.frames_ns += fact->frames * s->ns;
		q.unnamed_ns += fact->unnamed * s->ns;
		process->anonymous_ns += fact->anonymous * s->ns;
		if (!user_stacks || view->threads[s->thread].kernel_thread)
			continue;
		q.user_ns += s->ns;
		if (!fact->user)
			continue;
		q.end_ns[fact->end] += s->ns;
		if (fact->end != SCOPE_END_COMPLETE)
			images[find_end_image(view, s->stack)].incomplete_ns += s->ns;
	}
	measure_unnamed(view, images);
	*ret_quality = q;
}
