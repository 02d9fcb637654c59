// SPDX-License-Identifier: MIT
/*
 * fuzz.c - random lives of threads, as a scheduler could have made them: a thread is on one CPU at
 * a time, is woken when it waits, and is born and dies once. What comes out must equal the truth.
 */
#include <stdio.h>

#include "random.h"
#include "report.h"
#include "sink.h"
#include "timeline.h"
#include "truth.h"

enum { FIRST_TID = 100, STEP_NS = 2000 };

static struct {
	__u64 random;
	__u32 cpus, threads;
	__u32 execs; /* by threads that took over their leader */
	__u64 skew_ns;
	__u32 counts;  /* switches at which the scheduler's counts may differ, in percent */
	__u32 lies;    /* those at which they are anything, in percent */
	__u32 differ;  /* how often they did */
} fuzz;

static __u32 below(__u32 n)
{
	return random_below(&fuzz.random, n);
}

static struct ktask *any_in(enum scope_state state)
{
	struct ktask *found = NULL;
	__u32 seen = 0;

	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (t->in_use && t->woken && t->truth->state == state && !below(++seen))
			found = t;
	return found;
}

static __u32 count_alive(void)
{
	__u32 n = 0;

	for (struct ktask *t = kernel.tasks; t; t = t->next)
		n += t->in_use && !t->task.exit_state;
	return n;
}

/* Where the thread is when it leaves the CPU: one of a few places, so that some repeat. */
static void move_within_program(struct ktask *t)
{
	static const char *const user[] = { "main;read", "main;poll", "main;lock", "main" };
	static const char *const in_kernel[] = {
		"enter;syscall;read;wait;schedule", "enter;syscall;read;lock;schedule",
		"enter;syscall;fault;lock;schedule", "enter;trap;fault;lock;schedule",
		"enter;syscall;read;read;wait;schedule", "schedule",
	};
	struct stack_plan plan;

	parse_stack(user[below(4)], SCOPE_STACK_USER, &plan);
	if (!t->task.exit_state) /* then it has the one that it exited with */
		kernel_set_stack(t, SCOPE_STACK_USER, &plan);
	parse_stack(in_kernel[below(6)], SCOPE_STACK_KERNEL, &plan);
	kernel_set_stack(t, SCOPE_STACK_KERNEL, &plan);
	kernel_regs(t)->orig_ax = below(3);
}

/* Of its process, it alone lives. */
static bool is_alone(const struct ktask *alone)
{
	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (t->in_use && t != alone && t->task.tgid == alone->task.tgid &&
		    !t->task.exit_state)
			return false;
	return true;
}

/* The leader is a zombie until the last of its threads is gone, and left its CPU. */
static bool can_reap(const struct ktask *t)
{
	return t->in_use && t->task.exit_state && t->truth->state == SCOPE_DEAD &&
	       (t->task.group_leader != &t->task || is_alone(t));
}

/* How much earlier a run may have begun that did within the window: the wait and block before it. */
static __u64 room_before(const struct ktask *t, __u64 *ret_wait_ns)
{
	const struct truth *truth = t->truth;
	const struct span *last = &truth->spans[truth->count - 1];
	__u64 from, off_ns = 0;

	*ret_wait_ns = last->state == SCOPE_RUNQ ? last->to_ns - last->from_ns : 0;
	if (last->state == SCOPE_RUNQ && truth->count > 1)
		last--;
	from = last->from_ns > window_start_ns ? last->from_ns : window_start_ns;
	if (t->blocked && last->state == SCOPE_OFF && last->to_ns > from)
		off_ns = last->to_ns - from;
	return *ret_wait_ns + off_ns;
}

/*
 * The scheduler counts that the run under way began earlier or later than its switch was traced,
 * or that it ends earlier: as far as anybody could know, so that the truth is what it counts.
 */
static void count_otherwise(struct ktask *t, __u32 cpu, bool dies)
{
	struct truth *truth = t->truth;
	const struct span *last = truth->count ? &truth->spans[truth->count - 1] : NULL;
	__u64 now = kernel.now_ns + (__u64)kernel.skew_ns[cpu], room, wait_ns, run_ns;
	__s64 more_ns;

	if (below(100) >= fuzz.counts || !last || last->to_ns != truth->since_ns)
		return;
	if ((last->state == SCOPE_RUNQ ? last->from_ns : truth->since_ns) <= window_start_ns ||
	    truth->since_ns >= now || now > window_end_ns)
		return;
	run_ns = now - truth->since_ns;
	room = room_before(t, &wait_ns);
	if (!want_wakeups) /* which of the two it was cannot be told from both together */
		more_ns = below(2) ? (__s64)below((__u32)room + 1) : 0;
	else if (below(2))
		more_ns = (__s64)below((__u32)room + 1);
	else
		more_ns = -(__s64)below((__u32)run_ns);
	if (!dies && more_ns <= (want_wakeups ? (__s64)wait_ns : 0) && below(2))
		t->let_go_ns = below((__u32)run_ns - (more_ns < 0 ? (__u32)-more_ns : 0));
	truth_move_border(t, more_ns);
	fuzz.differ++;
}

/*
 * Counts that cannot be, but grow: what there is of time has to be kept all the same. Once a run, of which no more
 * than all can be taken away.
 */
static void count_anything(struct ktask *t, __u32 cpu, bool leaves)
{
	__u64 now = kernel.now_ns + (__u64)kernel.skew_ns[cpu], run_from = t->truth->since_ns + t->let_go_ns;
	__u32 most = 1u << below(31);

	if (below(100) >= fuzz.lies || !leaves)
		return;
	t->truth->varying = true;
	t->task.se.sum_exec_runtime += below(most);
	t->task.sched_info.run_delay += below(most);
	if (now > run_from)
		t->task.se.sum_exec_runtime -= below((__u32)(now - run_from) + 1);
	t->task.sched_info.run_delay -= below((__u32)truth_last_wait(t) + 1);
}

/*
 * The leader whose place `t` took has not left its CPU for good. That takes microseconds, in which the
 * new program does not come to its end: so no two that exit have the same tid.
 */
static bool replaces_one_that_leaves(const struct ktask *t)
{
	for (struct ktask *old = kernel.tasks; old; old = old->next)
		if (old != t && old->truth && old->truth->state != SCOPE_DEAD && old->task.exit_state &&
		    old->task.group_leader == &t->task && old->task.start_time == t->task.start_time)
			return true;
	return false;
}

static void leave_cpu(__u32 cpu)
{
	struct ktask *t = kernel.current[cpu], *next = any_in(SCOPE_RUNQ);
	static const char *const states[] = { "S", "D", "I", "S" };
	__u32 dice = below(100);
	bool leaves;

	if (!next)
		next = kernel.idle[cpu];
	if (t == kernel.idle[cpu]) {
		if (next != t)
			kernel_switch(cpu, next, LEAVE_BLOCKED, 0);
		return;
	}
	move_within_program(t);
	leaves = t->task.exit_state || dice < 85;
	if (leaves)
		count_otherwise(t, cpu, t->task.exit_state && dice >= 30);
	count_anything(t, cpu, leaves);
	if (t->task.exit_state) { /* on its way out it may be preempted like anybody */
		kernel_switch(cpu, next, dice < 30 ? LEAVE_PREEMPTED : LEAVE_DEAD,
			      dice < 30 ? 0 : parse_task_state("X"));
	} else if (dice < 45) {
		kernel_switch(cpu, next, LEAVE_BLOCKED, parse_task_state(states[below(4)]));
	} else if (dice < 75) {
		kernel_switch(cpu, next, LEAVE_PREEMPTED, below(2));
	} else if (dice < 85) {
		kernel_switch(cpu, next, LEAVE_BLOCKED, 0); /* a signal, or a wake-up came first */
	} else if (dice < 90 && count_alive() > 2 && !t->exec_tid && !replaces_one_that_leaves(t)) {
		kernel_exit(cpu);
	}
}

static void give_birth(__u32 cpu)
{
	struct ktask *parent = kernel.current[cpu];
	__u32 tid = FIRST_TID;

	if (parent == kernel.idle[cpu] || parent->task.exit_state || parent->exec_tid ||
	    count_alive() >= fuzz.threads)
		return;
	while (kernel_find(tid) || kernel_has_process(tid)) /* the lowest that is free */
		tid++;
	kernel_fork(cpu, tid, below(2) ? tid : (__u32)parent->task.tgid);
	kernel_wake_new(cpu, kernel_find(tid));
}

static void reap_any(void)
{
	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (can_reap(t) && !below(2)) {
			kernel_reap(t);
			return;
		}
}

static void wake_any(__u32 cpu)
{
	struct ktask *t = any_in(below(8) ? SCOPE_OFF : SCOPE_ON);

	if (t)
		kernel_wake(cpu, t, false);
}

/* A thread that is alone calls execve; if it is not the leader, that one is a zombie. */
static void exec_any(__u32 cpu)
{
	struct ktask *t = kernel.current[cpu], *leader = kernel_find((__u32)t->task.tgid);

	if (t == kernel.idle[cpu] || t->task.exit_state || !is_alone(t))
		return;
	if (leader != t && below(2)) {
		kernel_exchange_tids(t); /* the rest of execve comes later */
		return;
	}
	fuzz.execs += leader != t || t->exec_tid;
	kernel_exec(cpu, "other");
}

static void step(void)
{
	__u32 cpu = below(fuzz.cpus), dice = below(100);

	kernel.now_ns += below(STEP_NS);
	for (struct ktask *t = kernel.tasks; t && !want_wakeups; t = t->next)
		if (t->in_use && t->truth && t->truth->state == SCOPE_RUNQ && !below(64))
			kernel_requeue(cpu, t);
	if (kernel.current[cpu]->exec_tid && !below(4))
		exec_any(cpu);
	else if (dice < 48)
		leave_cpu(cpu);
	else if (dice < 88)
		wake_any(cpu);
	else if (dice < 91)
		give_birth(cpu);
	else if (dice < 93)
		reap_any();
	else if (dice < 97)
		kernel_tick(cpu, below(2));
	else if (dice < 98)
		sink_drain();
	else
		exec_any(cpu);
}

static void populate(void)
{
	for (__u32 i = 0; i < fuzz.threads - fuzz.threads / 4; i++) {
		__u32 tid = FIRST_TID + i;
		struct ktask *t = kernel_add_task(tid, i % 3 ? tid - i % 3 : tid, "work",
						  KERNEL_TIME_0 / 2 + tid);

		if (i < fuzz.cpus && below(2))
			kernel_start_in(t, SCOPE_ON, 0, (int)i);
		else if (below(2))
			kernel_start_in(t, SCOPE_OFF, 1, -1);
		else
			kernel_start_in(t, SCOPE_RUNQ, 0, -1);
	}
}

static void take_options(struct words *w, __u32 *ret_events)
{
	__u32 seed = 1;

	while (!words_end(w)) {
		if (words_is(w, "seed"))
			seed = parse_number(words_take(w));
		else if (words_is(w, "events"))
			*ret_events = parse_number(words_take(w));
		else if (words_is(w, "threads"))
			fuzz.threads = parse_number(words_take(w));
		else if (words_is(w, "cpus"))
			fuzz.cpus = parse_number(words_take(w));
		else if (words_is(w, "skew"))
			fuzz.skew_ns = (__u64)parse_time(words_take(w));
		else if (words_is(w, "lies"))
			fuzz.lies = parse_number(words_take(w));
		else if (words_is(w, "counts"))
			fuzz.counts = parse_number(words_take(w));
		else
			give_up("what is %s?", w->at[w->next]);
	}
	fuzz.random = seed * 0x9e3779b97f4a7c15ull + 1;
}

/* fuzz seed 1 events 5000 threads 8 cpus 4 skew 300ns counts 50 */
void fuzz_run(struct words *w)
{
	__u32 events = 1000;

	fuzz.threads = 8;
	fuzz.cpus = 2;
	take_options(w, &events);
	for (__u32 cpu = 0; cpu < fuzz.cpus && fuzz.skew_ns; cpu++)
		kernel.skew_ns[cpu] = (__s64)below((__u32)fuzz.skew_ns);
	populate();
	for (__u32 i = 0; i < events; i++) {
		/* both edges lie ahead on every CPU's clock when they are set */
		if (i == events / 10) {
			window_start_ns = kernel.now_ns + fuzz.skew_ns + below(STEP_NS) * 2;
			sink_see(0);
		}
		if (i == events - events / 10)
			window_end_ns = kernel.now_ns + fuzz.skew_ns + below(STEP_NS) * 2;
		step();
	}
	for (__u32 cpu = 0; cpu < fuzz.cpus; cpu++)
		if (kernel.current[cpu]->task.exit_state)
			leave_cpu(cpu); /* the iterator finds it no more: it is off its CPU before the programs are */
	for (struct truth *t = kernel.truths; t && fuzz.skew_ns && !want_wakeups; t = t->next)
		t->varying = true; /* a wait that ends by a clock behind that of its wake-up */
	printf("# fuzz: %u execs by threads, %u runs of another length\n", fuzz.execs, fuzz.differ);
}
