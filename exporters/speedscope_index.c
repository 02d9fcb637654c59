// SPDX-License-Identifier: MIT
#include "speedscope_index.h"

#include <errno.h>
#include <stdlib.h>

#include "order.h"

/*
 * Into `numbers`, by frame of the profile. The lines of a function are one frame, whose line is the
 * least of them: readers take frames with different lines for different functions.
 */
static int number_places(struct speedscope_index *x, bool lines, uint32_t *numbers)
{
	const struct profile *p = x->profile;
	uint32_t *least = calloc(p->frame_count, sizeof(*least)); /* by function */
	int ret = least ? 0 : -ENOMEM;

	for (uint32_t i = 1; i < p->frame_count && !ret; i++) {
		uint32_t line = p->frames[i].line;

		numbers[i] = pairs_add(&x->functions, p->frames[i].name, p->frames[i].file);
		if (!numbers[i])
			ret = -ENOMEM;
		else if (line && (!least[numbers[i]] || line < least[numbers[i]]))
			least[numbers[i]] = line;
	}
	for (uint32_t i = 1; i < p->frame_count && !ret; i++) {
		uint32_t line = lines ? p->frames[i].line : least[numbers[i]];

		numbers[i] = pairs_add(&x->places, numbers[i], line);
		if (!numbers[i])
			ret = -ENOMEM;
	}
	free(least);
	return ret;
}

/* Numbers for what differs; and of each, a stack that is so. */
static int find_nodes(struct speedscope_index *x, const uint32_t *places, uint32_t *ret_stacks)
{
	const struct profile *p = x->profile;

	for (uint32_t i = 0; i < p->stack_count; i++) {
		uint32_t parent = i ? p->stacks[i].parent : 0, count = x->tree.count;

		x->node[i] = pairs_add(&x->tree, parent ? x->node[parent] : 0,
				       i ? places[p->stacks[i].frame] : 0);
		if (!x->node[i])
			return -ENOMEM;
		if (x->tree.count > count)
			ret_stacks[count] = i;
	}
	return 0;
}

static uint32_t stack_name(const void *index, uint32_t stack)
{
	return ((const struct speedscope_index *)index)->paths.rank[stack];
}

/* `stacks` has one for each node; from here on a node's number is its place among their names. */
static int sort_nodes(struct speedscope_index *x, uint32_t *stacks)
{
	const struct profile *p = x->profile;
	uint32_t count = x->tree.count;
	uint32_t *place = calloc((size_t)count + 1, sizeof(*place)); /* by number so far */

	x->nodes = calloc(count, sizeof(*x->nodes));
	if (!place || !x->nodes || order_by(stacks, count, stack_name, x, p->stack_count)) {
		free(place);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		place[x->node[stacks[i]]] = i;
	for (uint32_t i = 0; i < count; i++) {
		const struct pair *pair = &x->tree.items[x->node[stacks[i]]];
		const struct speedscope_node *parent = &x->nodes[place[pair->first]];

		x->nodes[i] = (struct speedscope_node){
			.parent = place[pair->first],
			.frame = pair->second,
			.depth = pair->first ? parent->depth + 1 : 1,
		};
	}
	for (uint32_t i = 0; i < p->stack_count; i++)
		x->node[i] = place[x->node[i]];
	free(place);
	return 0;
}

static int make_nodes(struct speedscope_index *x, bool lines)
{
	uint32_t *places = calloc(x->profile->frame_count, sizeof(*places));
	uint32_t *stacks = calloc(x->profile->stack_count, sizeof(*stacks));
	int ret = places && stacks ? number_places(x, lines, places) : -ENOMEM;

	if (!ret)
		ret = find_nodes(x, places, stacks);
	if (!ret)
		ret = sort_nodes(x, stacks);
	free(places);
	free(stacks);
	return ret;
}

static int number_waits(struct speedscope_index *x)
{
	const struct profile *p = x->profile;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];

		if (sample->state != SCOPE_ON &&
		    !pairs_add(&x->waits, sample->state, sample->reason))
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->interval_count; i++) {
		const struct profile_interval *interval = &p->intervals[i];

		if ((interval->state != SCOPE_ON || !interval->stack) &&
		    !pairs_add(&x->waits, interval->state, interval->reason))
			return -ENOMEM;
	}
	return 0;
}

static uint32_t sample_wait(const void *index, uint32_t i)
{
	const struct speedscope_index *x = index;
	const struct profile_sample *sample = &x->profile->samples[i];

	return speedscope_index_wait(x, sample->state, sample->reason);
}

static uint32_t sample_node(const void *index, uint32_t i)
{
	const struct speedscope_index *x = index;

	return x->node[x->profile->samples[i].stack];
}

static uint32_t sample_thread(const void *index, uint32_t i)
{
	return ((const struct speedscope_index *)index)->profile->samples[i].thread;
}

/* By node, and those of a node by wait: of all threads together. */
static int sort_samples(struct speedscope_index *x)
{
	const struct profile *p = x->profile;
	int ret;

	for (uint32_t i = 0; i < p->sample_count; i++)
		x->samples[i] = i;
	ret = order_by(x->samples, p->sample_count, sample_wait, x, x->waits.count + 1);
	if (!ret)
		ret = order_by(x->samples, p->sample_count, sample_node, x, x->tree.count);
	return ret;
}

/* Where in the profile each thread's samples and intervals begin. */
static void find_threads(struct speedscope_index *x)
{
	const struct profile *p = x->profile;

	for (uint32_t i = 0; i < p->sample_count; i++)
		x->first_sample[p->samples[i].thread + 1]++;
	for (uint32_t i = 0; i < p->interval_count; i++)
		x->first_interval[p->intervals[i].thread + 1]++;
	for (uint32_t i = 0; i < p->thread_count; i++) {
		x->first_sample[i + 1] += x->first_sample[i];
		x->first_interval[i + 1] += x->first_interval[i];
	}
}

/* Of two, the one with more on-CPU time is the busier; if that is the same, more run queue. */
static int compare_threads(const void *a, const void *b, void *context)
{
	const struct profile_thread *threads = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const nsec_t *s = threads[i].ns, *t = threads[j].ns;

	if (s[SCOPE_ON] != t[SCOPE_ON])
		return s[SCOPE_ON] > t[SCOPE_ON] ? -1 : 1;
	if (s[SCOPE_RUNQ] != t[SCOPE_RUNQ])
		return s[SCOPE_RUNQ] > t[SCOPE_RUNQ] ? -1 : 1;
	return (i > j) - (i < j);
}

static void sort_threads(struct speedscope_index *x)
{
	const struct profile *p = x->profile;

	for (uint32_t i = 0; i < p->thread_count; i++)
		x->threads[i] = i;
	qsort_r(x->threads, p->thread_count, sizeof(*x->threads), compare_threads,
		(void *)p->threads);
}

static bool make_room(struct speedscope_index *x)
{
	const struct profile *p = x->profile;

	x->node = calloc(p->stack_count, sizeof(*x->node));
	x->samples = calloc((size_t)p->sample_count + 1, sizeof(*x->samples));
	x->first_sample = calloc((size_t)p->thread_count + 1, sizeof(*x->first_sample));
	x->first_interval = calloc((size_t)p->thread_count + 1, sizeof(*x->first_interval));
	x->threads = calloc((size_t)p->thread_count + 1, sizeof(*x->threads));
	return x->node && x->samples && x->first_sample && x->first_interval && x->threads;
}

int speedscope_index_build(const struct profile *profile, bool lines,
			   struct speedscope_index *ret_index)
{
	const struct export_opts opts = { .lines = lines };
	struct speedscope_index x = { .profile = profile };
	int ret = paths_build(profile, &opts, &x.paths);

	if (!ret && !make_room(&x))
		ret = -ENOMEM;
	if (!ret)
		ret = number_waits(&x);
	if (!ret)
		ret = make_nodes(&x, lines);
	if (!ret)
		ret = sort_samples(&x);
	if (ret) {
		speedscope_index_free(&x);
		return ret;
	}
	find_threads(&x);
	sort_threads(&x);
	*ret_index = x;
	return 0;
}

int speedscope_index_by_thread(struct speedscope_index *x)
{
	return order_by(x->samples, x->profile->sample_count, sample_thread, x,
			x->profile->thread_count);
}

void speedscope_index_free(struct speedscope_index *x)
{
	pairs_free(&x->functions);
	pairs_free(&x->places);
	pairs_free(&x->waits);
	paths_free(&x->paths);
	pairs_free(&x->tree);
	free(x->nodes);
	free(x->node);
	free(x->samples);
	free(x->first_sample);
	free(x->first_interval);
	free(x->threads);
	*x = (struct speedscope_index){ 0 };
}
