/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * charge.bpf.h - where time is added to accounts.
 *
 * charge() adds an interval of the clock, and is the only one that does. What the scheduler itself
 * counted of the run and of the wait before it then moves time between the states: each run and each
 * wait ends up with the scheduler's length, and no nanosecond more or less than the clock's in all.
 *
 * What is not inlined is asked for from several places, or seldom. A call costs a nanosecond or two; each copy
 * costs room in the CPU's cache of instructions, and the verifier one pass over all of the program for every piece
 * of it that an option leaves out.
 */
#ifndef CHARGE_BPF_H
#define CHARGE_BPF_H

#include "core.bpf.h"
#include "turn.bpf.h"

/* --- sums --------------------------------------------------------------------------------------------- */

/* Asks user space to drain, once a table is half full. The record carries nothing. */
static __always_inline void nudge_at_half(void)
{
	__u64 n = ++sums_inserted;

	if (n != table_entries / 2)
		return;
	struct scope_record *r = bpf_ringbuf_reserve(&thread_ring, sizeof(*r), 0);

	if (!r)
		return; /* a full ring wakes user space as well */
	r->type = SCOPE_REC_WAKE;
	r->size = sizeof(*r);
	bpf_ringbuf_submit(r, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void sums_add(const struct scope_sum_key *key, const struct scope_sum_value *add)
{
	__u32 zero = 0;
	void *table = bpf_map_lookup_elem(&sum_tables, &zero);
	struct scope_sum_value *have;

	if (!table)
		return;
	have = bpf_map_lookup_elem(table, key);
	if (have) {
		have->off_ns += add->off_ns;
		have->off_count += add->off_count;
		have->runq_ns += add->runq_ns;
		have->runq_count += add->runq_count;
	} else if (bpf_map_update_elem(table, key, add, BPF_NOEXIST)) {
		lose(SCOPE_LOSS_SUMS_FULL, add->off_ns + add->runq_ns);
	} else {
		nudge_at_half();
	}
}

/* Moves what is in `waits`, of this thread, to the sums. */
static __attribute__((noinline)) void waits_flush(__u64 thread, struct scope_waits *waits)
{
	struct scope_sum_key key = { .thread = thread, .ustack = waits->ustack, .kstack = waits->kstack,
				     .reason = waits->reason, .thinning = waits->thinning };
	const struct scope_sum_value *value = (const struct scope_sum_value *)&waits->off_ns;

	if (!(value->off_count | value->runq_count | value->runq_ns))
		return;
	sums_add(&key, value);
	waits->off_ns = waits->off_count = waits->runq_ns = waits->runq_count = 0;
}

static __always_inline void account_flush(struct scope_thread *t)
{
	waits_flush(t->thread, &t->before);
	waits_flush(t->thread, &t->here);
}

#define ACCOUNT_WAITS_APART \
	(__builtin_offsetof(struct scope_thread, here.off_ns) - __builtin_offsetof(struct scope_thread, thinned_off_ns))

/*
 * Where the wait under way is added up: with its stacks, or with those that have none. Without a branch, of
 * which the verifier would follow both ways each time.
 */
static __always_inline struct scope_sum_value *account_waits(struct scope_thread *t)
{
	__u64 taken = !(t->flags & SCOPE_THREAD_THINNED);

	if (!want_thinning)
		return (struct scope_sum_value *)&t->here.off_ns;
	barrier_var(taken);
	return (struct scope_sum_value *)((char *)&t->thinned_off_ns + (taken & 1) * ACCOUNT_WAITS_APART);
}

/*
 * Adds the time from the last event to `now`, clipped to the window, to the thread's state. The one place where time
 * is added. The caller changes the state afterwards.
 */
static __attribute__((noinline)) void charge(struct account *a, __u64 now)
{
	struct scope_thread *t = &a->t;
	__u64 from = t->since_ns, to = now, ns;
	struct scope_sum_value *waits = account_waits(t);
	__u32 state = t->state;

	if (now < from) { /* the clock of this CPU is behind that of the last event's */
		lose(SCOPE_LOSS_CLOCK, 0);
		return;
	}
	t->since_ns = now;
	if (from < window_start_ns)
		from = window_start_ns;
	if (to > window_end_ns)
		to = window_end_ns;
	if (to <= from || state >= SCOPE_STATES)
		return;
	ns = to - from;
	t->total_ns[state] += ns;
	turn_charge(a, state, from, ns);
	if (a->flags & ACCOUNT_OTHER_CPU) {
		t->other_cpu_ns[state] += ns;
		return;
	}
	if (state == SCOPE_ON)
		return;
	if (!(a->flags & ACCOUNT_SETTLED)) {
		t->init_ns[state] += ns;
	} else if (state == SCOPE_RUNQ) {
		waits->runq_ns += ns;
		waits->runq_count++;
	} else if (ns < min_block_ns) {
		struct scope_sum_key key = { .thread = t->thread, .reason = SCOPE_REASON_SHORT };
		struct scope_sum_value value = { .off_ns = ns, .off_count = 1 };

		sums_add(&key, &value);
		turn_withhold(a);
	} else {
		waits->off_ns += ns;
		waits->off_count++;
	}
}

/* Where a wait in `state` is charged: apart until the account's stacks are its own. */
static __always_inline __u64 *wait_ns(struct account *a, enum scope_state state)
{
	if (!(a->flags & ACCOUNT_SETTLED))
		return &a->t.init_ns[state];
	return state == SCOPE_RUNQ ? &account_waits(&a->t)->runq_ns : &account_waits(&a->t)->off_ns;
}

static __always_inline void move_wait(struct account *a, enum scope_state from,
				      enum scope_state to, __s64 ns)
{
	a->t.total_ns[from] -= ns;
	a->t.total_ns[to] += ns;
	turn_move(a, from, to, ns);
	if (from != SCOPE_ON)
		*wait_ns(a, from) -= ns;
	if (to != SCOPE_ON)
		*wait_ns(a, to) += ns;
}

/* The thread is woken. */
static __always_inline void charge_block(struct account *a, __u64 now)
{
	__u64 off_ns = *wait_ns(a, SCOPE_OFF);

	charge(a, now);
	a->blocked_ns = *wait_ns(a, SCOPE_OFF) - off_ns;
	a->t.state = SCOPE_RUNQ;
}

/* The thread comes to a CPU. */
static __always_inline void charge_wait(struct account *a, __u64 now)
{
	__u64 runq_ns = *wait_ns(a, SCOPE_RUNQ), off_ns = *wait_ns(a, SCOPE_OFF);

	if (a->t.state == SCOPE_OFF || a->t.since_ns > window_start_ns)
		a->flags |= ACCOUNT_CAME;
	charge(a, now);
	a->waited_ns = *wait_ns(a, SCOPE_RUNQ) - runq_ns;
	a->unwoken_ns = *wait_ns(a, SCOPE_OFF) - off_ns;
	a->t.state = SCOPE_ON;
}

static __always_inline __s64 at_most(__s64 ns, __u64 limit)
{
	return ns > (__s64)limit ? (__s64)limit : ns;
}

/*
 * The last time blocked lasted, for all that was seen, until the thread came to its CPU. For `wait` ns before that
 * it waited for it, by the scheduler's count; not all of it need lie in the window.
 */
static __always_inline void charge_unwoken(struct account *a, __u64 wait)
{
	struct scope_sum_value *waits = account_waits(&a->t);
	__u64 late = a->t.since_ns > window_end_ns ? a->t.since_ns - window_end_ns : 0;

	a->waited_ns = at_most(wait > late ? wait - late : 0, a->unwoken_ns);
	a->blocked_ns = a->unwoken_ns - a->waited_ns;
	a->unwoken_ns = 0;
	move_wait(a, SCOPE_OFF, SCOPE_RUNQ, a->waited_ns);
	if (!(a->flags & ACCOUNT_SETTLED))
		return;
	waits->runq_count += a->waited_ns != 0;
	waits->off_count -= a->blocked_ns == 0;
}

/* The same by all that the scheduler has counted for `task` until now. */
static __always_inline void charge_unwoken_of(struct account *a, struct task_struct *task)
{
	__u64 delay_ns;

	if (a->unwoken_ns && task_run_delay(task, &delay_ns))
		charge_unwoken(a, delay_ns - a->delay_ns);
}

/* As long as the scheduler may take between letting go of a thread and the traced switch. */
#define SWITCH_MAX_NS 1000000

/*
 * The thread was on a CPU until `now`, `run` ns of it by the scheduler's count, after it waited for that
 * CPU for `wait` ns: it is charged that much of both.
 *
 * From tracepoint to tracepoint it would be something else. The scheduler's clock stands still from
 * a wake-up that preempts to the switch that follows (rq_clock_skip_update() in
 * kernel/sched/core.c), so that the microseconds between are the woken thread's. A thread that
 * blocks is off its CPU before the switch is traced (the scheduler looks for another to run
 * meanwhile), and runnable before its wake-up is. So what there was more than both counts is the
 * beginning of what follows, and what there was less is the end of the time blocked. Interrupts and
 * the hypervisor, which may take more than a switch can, are waiting for the CPU. The sums are to agree
 * with schedstat, wait4() and top; nothing is added or lost by it.
 */
static __always_inline void charge_counted(struct account *a, __u64 run, __u64 wait, __u64 now)
{
	__s64 rest, length = now - a->t.since_ns;

	rest = a->waited_ns + length - run - wait;
	if (rest > SWITCH_MAX_NS)
		rest = 0;
	else if (rest > length)
		rest = length;
	charge(a, rest > 0 ? now - rest : now);
	if (rest > 0) {
		length -= rest;
	} else {
		rest = at_most(-rest, a->blocked_ns);
		a->waited_ns += rest;
		move_wait(a, SCOPE_OFF, SCOPE_RUNQ, rest);
	}
	move_wait(a, SCOPE_RUNQ, SCOPE_ON, at_most(run - length, a->waited_ns));
}

/*
 * Charges the run that ends at `now`, or a little before, where what follows it begins.
 *
 * Some kernels keep the events of a task that they hide (a hypervisor's agent) from BPF, also those
 * in which it wakes a thread or hands it the CPU. Then the scheduler's counts alone tell how long
 * the thread waited and ran.
 */
static __always_inline void charge_run(struct account *a, struct task_struct *task, __u64 now)
{
	struct scope_thread *t = &a->t;
	__u64 run = task->se.sum_exec_runtime - a->exec_ns, delay_ns = 0, wait;
	bool counted = task_run_delay(task, &delay_ns);

	if (t->state != SCOPE_ON && now > window_start_ns && now <= window_end_ns) {
		lose(SCOPE_LOSS_EVENT_ORDER, 0);
		if (now > t->since_ns)
			charge_wait(a, run < now - t->since_ns ? now - run : t->since_ns);
		t->state = SCOPE_ON;
	}
	wait = delay_ns - a->delay_ns;
	if (counted && a->unwoken_ns) {
		charge_unwoken(a, wait);
		wait = a->waited_ns;
	}
	/* all of it is known, on one CPU and within the window */
	if (counted && a->flags & ACCOUNT_CAME && !(a->flags & ACCOUNT_OTHER_CPU) &&
	    now > t->since_ns && t->since_ns > window_start_ns && now <= window_end_ns)
		charge_counted(a, run, wait, now);
	else
		charge(a, now);
	a->flags &= ~ACCOUNT_CAME;
	a->exec_ns += run;
	a->delay_ns = delay_ns;
	a->blocked_ns = 0;
}

/*
 * A thread that cannot be ON any more at `now` left its CPU unseen: it was ON for as long as the
 * scheduler says. That it was blocked since is a guess, which charge_run() corrects by the
 * scheduler's count of waits.
 */
static __attribute__((noinline)) void charge_unseen_end(struct account *a, struct task_struct *task,
							__u64 now)
{
	__u64 run = task->se.sum_exec_runtime - a->exec_ns;

	if (a->t.state != SCOPE_ON || !(a->flags & ACCOUNT_CAME) || now <= a->t.since_ns)
		return;
	charge_unwoken_of(a, task);
	charge(a, run < now - a->t.since_ns ? a->t.since_ns + run : now);
	turn_end(a);
	a->t.state = SCOPE_OFF;
	task_run_delay(task, &a->delay_ns);
}

/*
 * Tells of a thread that is on its way out, and leaves its CPU for a while. It has left the list of
 * tasks and has still to die: should the stop come first, the iterator finds it no more. The record
 * of its death replaces this one. Should that find no room, this one stands: so its waits go to the sums now, and
 * not another time.
 */
static __attribute__((noinline)) void account_tell(struct account *a, struct task_struct *task, __u64 now)
{
	struct scope_thread *t = &a->t;

	if (now <= window_start_ns)
		return;
	account_flush(t);
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), task->comm);
	if (!bpf_ringbuf_output(&thread_ring, t, sizeof(*t), BPF_RB_NO_WAKEUP))
		a->flags |= ACCOUNT_TOLD;
}

/* A thread's account is closed for good: it died, left the target, or took another identity. */
static __attribute__((noinline)) void account_close(struct account *a, struct task_struct *task, __u64 now)
{
	struct scope_thread *t = &a->t;
	__u32 zero = 0;

	t->state = SCOPE_DEAD;
	/* not before what was charged to it, should this CPU's clock be behind */
	t->dead_ns = now > t->since_ns ? now : t->since_ns;
	t->flags |= SCOPE_THREAD_DEAD;
	bpf_probe_read_kernel(t->comm, sizeof(t->comm), task->comm);
	if (now <= window_start_ns)
		return;
	__u64 wake = bpf_ringbuf_query(&thread_ring, BPF_RB_AVAIL_DATA) > 256 * 1024 ?
			     BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	if (!bpf_ringbuf_output(&thread_ring, t, sizeof(*t), wake))
		return;
	/* what was told of it would stand, and be added to the lost once more */
	if (a->flags & ACCOUNT_TOLD && !bpf_ringbuf_output(&stack_ring, t, sizeof(*t), wake))
		return;
	lose(SCOPE_LOSS_RING_THREAD, 0);
	if (a->flags & ACCOUNT_TOLD)
		return;
	struct scope_thread *lost = bpf_map_lookup_elem(&lost_threads, &zero);

	if (!lost)
		return;
	__u64 from = t->born_ns > window_start_ns ? t->born_ns : window_start_ns;
	__u64 to = t->dead_ns < window_end_ns ? t->dead_ns : window_end_ns;

	lost->switches++; /* here: how many threads */
	lost->dead_ns += to > from ? to - from : 0;
	for (int i = 0; i < SCOPE_STATES; i++)
		lost->total_ns[i] += t->total_ns[i];
}

#endif
