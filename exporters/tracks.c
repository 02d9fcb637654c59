// SPDX-License-Identifier: MIT
#include "tracks.h"

#include <errno.h>
#include <stdlib.h>

#define REUSED SCOPE_MEMBER_SIZE /* above all ids that there are */

uint64_t tracks_pid(const struct tracks *t, uint32_t process)
{
	return t->profile->processes[process].pid + (uint64_t)t->nth_pid[process] * REUSED;
}

uint64_t tracks_tid(const struct tracks *t, uint32_t thread)
{
	return t->profile->threads[thread].tid + (uint64_t)t->nth_tid[thread] * REUSED;
}

static int compare_tids(const void *a, const void *b, void *context)
{
	const struct profile_thread *threads = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (threads[i].tid != threads[j].tid)
		return threads[i].tid < threads[j].tid ? -1 : 1;
	return (i > j) - (i < j);
}

static int number_tracks(struct tracks *t)
{
	const struct profile *p = t->profile;
	uint32_t *order = calloc((size_t)p->thread_count + 1, sizeof(*order));

	t->nth_pid = calloc((size_t)p->process_count + 1, sizeof(*t->nth_pid));
	t->nth_tid = calloc((size_t)p->thread_count + 1, sizeof(*t->nth_tid));
	if (!order || !t->nth_pid || !t->nth_tid) {
		free(order);
		return -ENOMEM;
	}
	for (uint32_t i = 1; i < p->process_count; i++) /* sorted by pid */
		if (p->processes[i].pid == p->processes[i - 1].pid)
			t->nth_pid[i] = t->nth_pid[i - 1] + 1;
	for (uint32_t i = 0; i < p->thread_count; i++)
		order[i] = i;
	qsort_r(order, p->thread_count, sizeof(*order), compare_tids, (void *)p->threads);
	for (uint32_t i = 1; i < p->thread_count; i++)
		if (p->threads[order[i]].tid == p->threads[order[i - 1]].tid)
			t->nth_tid[order[i]] = t->nth_tid[order[i - 1]] + 1;
	free(order);
	return 0;
}

static int find_threads(struct tracks *t)
{
	const struct profile *p = t->profile;
	uint32_t i = 0;

	t->first = calloc((size_t)p->thread_count + 1, sizeof(*t->first));
	if (!t->first)
		return -ENOMEM;
	for (uint32_t thread = 0; thread <= p->thread_count; thread++) {
		while (i < p->interval_count && p->intervals[i].thread < thread)
			i++;
		t->first[thread] = i;
	}
	return 0;
}

int tracks_build(const struct profile *profile, struct tracks *ret_tracks)
{
	struct tracks t = { .profile = profile };
	int ret = number_tracks(&t);

	if (!ret)
		ret = find_threads(&t);
	if (ret)
		tracks_free(&t);
	else
		*ret_tracks = t;
	return ret;
}

void tracks_free(struct tracks *t)
{
	free(t->nth_pid);
	free(t->nth_tid);
	free(t->first);
	*t = (struct tracks){ 0 };
}
