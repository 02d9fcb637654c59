// SPDX-License-Identifier: MIT
#include "truth.h"

#include <assert.h>
#include <stdlib.h>

static bool is_target_now(const struct ktask *t)
{
	bool wanted = t->task.flags & PF_KTHREAD ? want_kernel_threads : want_user_threads;
	__u32 id = (__u32)(filter == SCOPE_FILTER_TID ? t->task.pid : t->task.tgid);
	__u8 *page = map_element(&members, id / MEMBER_PAGE, 0);

	return wanted && (filter == SCOPE_FILTER_ALL || page[id % MEMBER_PAGE]);
}

void truth_begin(struct ktask *t, enum scope_state state, __u64 now_ns)
{
	struct truth *truth = calloc(1, sizeof(*truth));

	assert(truth);
	*truth = (struct truth){
		.next = kernel.truths,
		.tid = (__u32)t->task.pid,
		.pid = (__u32)t->task.tgid,
		.start_time_ns = t->task.start_time,
		.born_ns = now_ns,
		.dead_ns = ~0ull,
		.since_ns = now_ns,
		.state = state,
		.is_target = is_target_now(t),
	};
	kernel.truths = t->truth = truth;
}

static struct span *push_span(struct truth *truth, __u64 to_ns, __u32 state)
{
	if (truth->count == truth->room) {
		truth->room = truth->room ? truth->room * 2 : 16;
		truth->spans = realloc(truth->spans, truth->room * sizeof(*truth->spans));
		assert(truth->spans);
	}
	truth->spans[truth->count] = (struct span){ truth->since_ns, to_ns, truth->place, state };
	truth->since_ns = to_ns;
	return &truth->spans[truth->count++];
}

static void add_span(struct truth *truth, __u64 to_ns)
{
	if (to_ns > truth->since_ns)
		push_span(truth, to_ns, truth->state);
}

void truth_move(struct ktask *t, enum scope_state state, __u64 now_ns)
{
	add_span(t->truth, now_ns);
	t->truth->state = state;
}

void truth_leave(struct ktask *t, enum scope_state state, __u64 place, __u64 now_ns)
{
	truth_move(t, state, now_ns);
	t->truth->place = place;
}

void truth_end(struct ktask *t, __u64 now_ns)
{
	truth_move(t, SCOPE_DEAD, now_ns);
	t->truth->dead_ns = t->truth->since_ns;
}

void truth_rename(struct ktask *t, __u64 now_ns)
{
	__u32 state = t->truth->state;
	bool was_target = t->truth->is_target;

	/* without an account until then, nobody can know the start time that went with the old name */
	if (!have_task_storage)
		t->truth->varying |= !t->truth->count && !t->truth->place;
	truth_end(t, now_ns);
	truth_begin(t, state, now_ns);
	t->truth->is_target = was_target;
}

__u64 truth_last_wait(const struct ktask *t)
{
	const struct truth *truth = t->truth;
	const struct span *last = truth->count ? &truth->spans[truth->count - 1] : NULL;

	return last && last->state == SCOPE_RUNQ && last->to_ns > last->from_ns ?
		       last->to_ns - last->from_ns : 0;
}

void truth_move_border(struct ktask *t, __s64 more_ns)
{
	struct truth *truth = t->truth;
	struct span *last = truth->count ? &truth->spans[truth->count - 1] : NULL;

	assert(truth->state == SCOPE_ON);
	if (!last || last->state != SCOPE_RUNQ)
		last = push_span(truth, truth->since_ns, SCOPE_RUNQ);
	truth->since_ns -= (__u64)more_ns;
	last->to_ns = truth->since_ns;
	if (truth->count > 1 && last[-1].to_ns > truth->since_ns)
		last[-1].to_ns = truth->since_ns;
}

void truth_each_span(const struct truth *truth, __u64 start_ns, __u64 end_ns,
		     truth_span_fn *visit, void *context)
{
	for (size_t i = 0; i <= truth->count; i++) {
		struct span s = { truth->since_ns, end_ns, truth->place, truth->state };

		if (i < truth->count)
			s = truth->spans[i];
		if (s.from_ns < start_ns)
			s.from_ns = start_ns;
		if (s.to_ns > end_ns)
			s.to_ns = end_ns;
		if (s.state < SCOPE_STATES && s.from_ns < s.to_ns)
			visit(context, &s);
	}
}
