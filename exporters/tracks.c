// SPDX-License-Identifier: MIT
#include "tracks.h"

#include <errno.h>
#include <stdlib.h>

#define REUSED	       SCOPE_MEMBER_SIZE /* above all ids that there are */
#define WAKER_SLACK_NS 1000000		 /* what the ledger may move an edge by: bpf/charge.bpf.h */

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

nsec_t tracks_within(const struct profile_interval *v, nsec_t at_ns)
{
	nsec_t last_ns = v->start_ns + v->ns - 1;

	if (at_ns <= v->start_ns)
		at_ns = v->start_ns + 1;
	return at_ns < last_ns ? at_ns : last_ns;
}

bool tracks_ran_near(const struct tracks *tracks, uint32_t thread, nsec_t at_ns, nsec_t *ret_ns)
{
	const struct profile_interval *all = tracks->profile->intervals;
	uint32_t low = tracks->first[thread], high = tracks->first[thread + 1];

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (all[middle].start_ns <= at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	/* `low` is the first that begins later */
	for (uint32_t i = low; i > tracks->first[thread]; i--) {
		nsec_t end_ns = all[i - 1].start_ns + all[i - 1].ns;

		if (end_ns + WAKER_SLACK_NS < at_ns)
			break;
		if (all[i - 1].state == SCOPE_ON) {
			*ret_ns = tracks_within(&all[i - 1], at_ns);
			return true;
		}
	}
	for (; low < tracks->first[thread + 1] && all[low].start_ns <= at_ns + WAKER_SLACK_NS;
	     low++)
		if (all[low].state == SCOPE_ON) {
			*ret_ns = tracks_within(&all[low], at_ns);
			return true;
		}
	return false;
}
