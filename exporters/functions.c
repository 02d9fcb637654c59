// SPDX-License-Identifier: MIT
#include "functions.h"

#include <errno.h>
#include <stdlib.h>

#include "top.h"

/* A stack's children, as a list. */
struct links {
	uint32_t first, next; /* 0: none */
};

struct walk {
	const struct paths *paths;
	nsec_t *stack_ns;	   /* by stack: first of those that end there, then of all below */
	struct links *links;	   /* by stack */
	uint32_t *open;		   /* by rank: how often it is on the way to where the walk is */
	struct function_sum *sums; /* by rank */
};

static void walk_free(struct walk *w)
{
	free(w->stack_ns);
	free(w->links);
	free(w->open);
	free(w->sums);
}

static int walk_init(struct walk *w, const struct paths *paths)
{
	const struct profile *p = paths->profile;

	*w = (struct walk){ .paths = paths };
	w->stack_ns = calloc((size_t)p->stack_count + 1, sizeof(*w->stack_ns));
	w->links = calloc((size_t)p->stack_count + 1, sizeof(*w->links));
	w->open = calloc((size_t)p->frame_count + 1, sizeof(*w->open));
	w->sums = calloc((size_t)p->frame_count + 1, sizeof(*w->sums));
	if (w->stack_ns && w->links && w->open && w->sums)
		return 0;
	walk_free(w);
	return -ENOMEM;
}

static uint32_t rank_of(const struct walk *w, uint32_t stack)
{
	return w->paths->frames.rank[w->paths->profile->stacks[stack].frame];
}

static struct function_sum *sum_of(const struct walk *w, uint32_t stack)
{
	const struct profile *p = w->paths->profile;
	struct function_sum *sum = &w->sums[rank_of(w, stack)];
	uint32_t frame = p->stacks[stack].frame;

	if (sum->frame && p->frames[sum->frame].image != p->frames[frame].image)
		sum->mixed = true;
	sum->frame = frame;
	return sum;
}

/* Gives each stack's own time to its leaf, and makes of it the time of all below. */
static nsec_t add_up(struct walk *w, enum scope_state state)
{
	const struct profile *p = w->paths->profile;
	nsec_t sum_ns = 0;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		uint32_t stack = sample->stack;

		if (sample->state != state ||
		    (p->system_wide && p->threads[sample->thread].never_ran))
			continue;
		if (state != SCOPE_ON)
			stack = top_trim_kernel(p, stack);
		w->stack_ns[stack] += sample->ns;
		sum_ns += sample->ns;
	}
	if (w->stack_ns[0]) { /* beside the outermost frames, not above them */
		struct function_sum *sum = sum_of(w, 0);

		sum->self_ns += w->stack_ns[0];
		sum->total_ns += w->stack_ns[0];
	}
	for (uint32_t i = 1; i < p->stack_count; i++)
		sum_of(w, i)->self_ns += w->stack_ns[i];
	for (uint32_t i = p->stack_count; i-- > 1;) { /* a parent comes before its children */
		uint32_t parent = p->stacks[i].parent;

		w->stack_ns[parent] += w->stack_ns[i];
		w->links[i].next = w->links[parent].first;
		w->links[parent].first = i;
	}
	return sum_ns;
}

/* From root to leaf and back: a function's time is that of its outermost call. */
static void add_totals(struct walk *w)
{
	const struct profile *p = w->paths->profile;
	uint32_t at = w->links[0].first;

	while (at) {
		if (!w->open[rank_of(w, at)]++)
			sum_of(w, at)->total_ns += w->stack_ns[at];
		if (w->links[at].first) {
			at = w->links[at].first;
			continue;
		}
		for (;;) {
			w->open[rank_of(w, at)]--;
			if (w->links[at].next) {
				at = w->links[at].next;
				break;
			}
			at = p->stacks[at].parent;
			if (!at)
				break;
		}
	}
}

static int compare_sums(const void *a, const void *b, void *context)
{
	const struct function_sum *s = a, *t = b;
	const struct paths *paths = context;
	uint32_t i = paths->frames.rank[s->frame], j = paths->frames.rank[t->frame];

	if (s->self_ns != t->self_ns)
		return s->self_ns > t->self_ns ? -1 : 1;
	if (s->total_ns != t->total_ns)
		return s->total_ns > t->total_ns ? -1 : 1;
	return (i > j) - (i < j);
}

int functions_build(const struct paths *paths, enum scope_state state,
		    struct functions *ret_functions)
{
	struct functions f = { 0 };
	struct walk w;
	int ret = walk_init(&w, paths);

	if (ret)
		return ret;
	f.sum_ns = add_up(&w, state);
	add_totals(&w);
	for (uint32_t i = 0; i < paths->profile->frame_count; i++) {
		if (w.sums[i].total_ns)
			w.sums[f.count++] = w.sums[i];
	}
	f.items = w.sums;
	w.sums = NULL;
	walk_free(&w);
	qsort_r(f.items, f.count, sizeof(*f.items), compare_sums, (void *)paths);
	*ret_functions = f;
	return 0;
}

void functions_free(struct functions *functions)
{
	free(functions->items);
	*functions = (struct functions){ 0 };
}
