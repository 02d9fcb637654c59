// SPDX-License-Identifier: MIT
#include "speedscope_index.h"

#include <errno.h>
#include <stdlib.h>

#include "order.h"

/* `numbers` by frame of the profile. */
static int number_places(struct speedscope_index *x, uint32_t *numbers)
{
	const struct profile *p = x->profile;

	for (uint32_t i = 1; i < p->frame_count; i++) {
		const struct profile_frame *frame = &p->frames[i];
		uint32_t function = pairs_add(&x->functions, frame->name, frame->file);

		if (function)
			numbers[i] = pairs_add(&x->places, function, frame->line);
		if (!numbers[i])
			return -ENOMEM;
	}
	return 0;
}

static int make_nodes(struct speedscope_index *x)
{
	const struct profile *p = x->profile;
	uint32_t *numbers = calloc(p->frame_count, sizeof(*numbers));
	int ret = numbers ? number_places(x, numbers) : -ENOMEM;

	for (uint32_t i = 0; i < p->stack_count && !ret; i++) {
		uint32_t parent = i ? p->stacks[i].parent : 0;

		x->nodes[x->rank[i]] = (struct speedscope_node){
			.parent = x->rank[parent],
			.frame = i ? numbers[p->stacks[i].frame] : 0,
			.depth = parent ? x->nodes[x->rank[parent]].depth + 1 : 1,
		};
	}
	free(numbers);
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

static uint32_t stack_name(const void *index, uint32_t stack)
{
	return ((const struct speedscope_index *)index)->paths.rank[stack];
}

static uint32_t sample_wait(const void *index, uint32_t i)
{
	const struct speedscope_index *x = index;
	const struct profile_sample *sample = &x->profile->samples[i];

	return speedscope_index_wait(x, sample->state, sample->reason);
}

static uint32_t sample_stack(const void *index, uint32_t i)
{
	const struct speedscope_index *x = index;

	return x->rank[x->profile->samples[i].stack];
}

static uint32_t sample_thread(const void *index, uint32_t i)
{
	return ((const struct speedscope_index *)index)->profile->samples[i].thread;
}

static int sort_stacks(struct speedscope_index *x)
{
	uint32_t count = x->profile->stack_count;
	uint32_t *stacks = calloc(count, sizeof(*stacks));
	int ret = stacks ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < count && !ret; i++)
		stacks[i] = i;
	if (!ret)
		ret = order_by(stacks, count, stack_name, x, count);
	for (uint32_t i = 0; i < count && !ret; i++)
		x->rank[stacks[i]] = i;
	free(stacks);
	return ret;
}

/* By stack, and those of a stack by wait: of all threads together. */
static int sort_samples(struct speedscope_index *x)
{
	const struct profile *p = x->profile;
	int ret;

	for (uint32_t i = 0; i < p->sample_count; i++)
		x->samples[i] = i;
	ret = order_by(x->samples, p->sample_count, sample_wait, x, x->waits.count + 1);
	if (!ret)
		ret = order_by(x->samples, p->sample_count, sample_stack, x, p->stack_count);
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

	x->nodes = calloc(p->stack_count, sizeof(*x->nodes));
	x->rank = calloc(p->stack_count, sizeof(*x->rank));
	x->samples = calloc((size_t)p->sample_count + 1, sizeof(*x->samples));
	x->first_sample = calloc((size_t)p->thread_count + 1, sizeof(*x->first_sample));
	x->first_interval = calloc((size_t)p->thread_count + 1, sizeof(*x->first_interval));
	x->threads = calloc((size_t)p->thread_count + 1, sizeof(*x->threads));
	return x->nodes && x->rank && x->samples && x->first_sample && x->first_interval &&
	       x->threads;
}

int speedscope_index_build(const struct profile *profile, struct speedscope_index *ret_index)
{
	static const struct export_opts with_lines = { .lines = true };
	struct speedscope_index x = { .profile = profile };
	int ret = paths_build(profile, &with_lines, &x.paths);

	if (!ret && !make_room(&x))
		ret = -ENOMEM;
	if (!ret)
		ret = number_waits(&x);
	if (!ret)
		ret = sort_stacks(&x);
	if (!ret)
		ret = make_nodes(&x);
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
	free(x->nodes);
	free(x->rank);
	free(x->samples);
	free(x->first_sample);
	free(x->first_interval);
	free(x->threads);
	*x = (struct speedscope_index){ 0 };
}
