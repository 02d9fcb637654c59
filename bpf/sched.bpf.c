// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * sched - exact time per thread and state, and where it was blocked, from the scheduler.
 *
 *   ON --switch-out, blocked--> OFF --wake-up--> RUNQ --switch-in--> ON
 *   ON --switch-out, preempted--> RUNQ --switch-in--> ON
 *   born --wakeup_new--> RUNQ,  ON --switch-out in TASK_DEAD--> dead
 *
 * Mostly no wake-up is traced: OFF lasts until the switch-in then, and charge_unwoken() divides it.
 *
 * The stacks are taken at switch-out, when the thread still runs, and serve both the blocked time
 * and the run-queue time that follows it.
 */
#include "charge.bpf.h"
#include "place.bpf.h"
#include "stack.bpf.h"
#include "thin.bpf.h"
#include <bpf/bpf_tracing.h>

static __always_inline bool is_waits_at(const struct scope_waits *waits, const struct walk *walk, __u32 reason,
					__u32 thinning)
{
	return waits->ustack == walk->ustack && waits->kstack == walk->kstack && waits->reason == reason &&
	       waits->thinning == thinning;
}

/*
 * Other stacks, another reason or chance: what was gathered stays in the account, should the thread come back
 * to it next. What was there before that goes to the sums, whose table costs a cold switch three times
 * as much as the account.
 */
static __always_inline void account_move(struct scope_thread *t, const struct walk *walk, __u32 reason)
{
	__u32 thinning = want_thinning ? walk->thinning : 0;
	struct scope_waits left;

	if (is_waits_at(&t->here, walk, reason, thinning))
		return;
	left = t->here;
	if (is_waits_at(&t->before, walk, reason, thinning)) {
		t->here = t->before;
	} else {
		waits_flush(t->thread, &t->before);
		t->here = (struct scope_waits){ .ustack = walk->ustack, .kstack = walk->kstack,
						.reason = reason, .thinning = thinning };
	}
	t->before = left;
}

/*
 * The reason for which the running task leaves its CPU, of which the caller has what its state says. Sets
 * the walk's `ustack`, and then its `kstack`, where it left its CPU with the same lately; else they are 0. It
 * and the next two are global functions, which the verifier goes through once, and not for every way that
 * leads to them.
 */
__noinline __u32 leave_as_before(__u32 slot, __u32 reason)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct pt_regs *regs = current_user_regs();
	const struct places *places;
	struct task_struct *task;

	if (!walk)
		return reason;
	walk->ustack = walk->kstack = 0;
	kernel_memo_look_to(walk, regs);
	if (!user_entry_read(regs, &walk->entry))
		walk->entry = (struct user_entry){ .orig_ax = -1 };
	if (!(reason & (SCOPE_REASON_KTHREAD | SCOPE_REASON_PREEMPTED)))
		reason |= entry_reason(&walk->entry);
	if (!have_task_storage)
		return reason;
	task = bpf_get_current_task_btf();
	places = places_find(task);
	if (!places)
		return reason;
	if (want_thinning && user_place_is_known(places, &walk->entry) && thin_out_repeat(walk))
		return reason;
	if (want_user_stacks)
		walk->ustack = user_place_find(places, walk, slot, task);
	if (want_kernel_stacks && !entry_is_compat(&walk->entry) &&
	    (walk->ustack || !want_user_stacks || reason & SCOPE_REASON_KTHREAD))
		walk->kstack = kernel_place_find(places, walk, kernel_key(walk->ustack, reason));
	return reason;
}

/* Remembers the user stack just found, if it was one that all threads' memory knows. */
__noinline int leave_keep(__u32 slot, __u64 owner)
{
	struct memo *found = bpf_map_lookup_elem(&found_memos, &slot);
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);

	if (!found || !walk || !walk->ustack || found->proof.id != walk->ustack)
		return 0;
	user_place_keep(found, walk, owner);
	return 1;
}

/* A kept stack is looked for nowhere: what an exit or a birth has found before is not it. */
__noinline int leave_forget(__u32 slot)
{
	struct memo *found = bpf_map_lookup_elem(&found_memos, &slot);

	if (!found)
		return 0;
	found->proof.id = 0;
	return 1;
}

/* The user stack of `task` that leaves its CPU with another than lately. */
static __always_inline void leave_user(struct task_struct *task, struct walk *walk, __u32 slot, __u64 now)
{
	struct who who = who_is(task);

	leave_forget(slot);
	walk->ustack = stack_take_user(who, slot, now);
	leave_keep(slot, who.owner);
}

/* Sets the walk's `kstack`, where all threads' memory knows it. */
__noinline int leave_kernel(__u32 slot, __u64 key)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);

	if (!walk || entry_is_compat(&walk->entry))
		return 0;
	walk->kstack = kernel_memo_find(slot, key);
	if (!walk->kstack)
		return 0;
	if (!stack_was_sent(walk->kstack)) {
		walk->kstack = 0;
		return 0;
	}
	kernel_place_keep(slot);
	return 1;
}

/*
 * The stacks, and with them where the time from here on goes. `ctx` lies on the task's kernel stack. They
 * pass through the walk: what is on the program's own stack would be there at the depth of a walk.
 */
static __always_inline void leave_cpu(void *ctx, struct account *a, struct task_struct *task,
				      __u32 reason, __u64 now)
{
	__u32 slot = SCRATCH_SCHED;
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 key;

	if (!walk)
		return;
	if (!want_thinning || !thin_out_any(slot, a->stacks_ns ? now - a->stacks_ns : ~0ull)) {
		kernel_memo_look_from(walk, ctx);
		reason = leave_as_before(slot, reason);
	}
	a->flags |= ACCOUNT_SETTLED;
	if (want_thinning) {
		a->t.flags &= ~SCOPE_THREAD_THINNED;
		a->t.flags |= walk->is_thinned * SCOPE_THREAD_THINNED;
		if (walk->is_thinned)
			return;
		a->stacks_ns = now;
		cost_take(now);
	}
	if (want_user_stacks && !walk->ustack)
		leave_user(task, walk, slot, now);
	if (want_kernel_stacks && !walk->kstack) {
		key = kernel_key(walk->ustack, reason);
		if (!leave_kernel(slot, key))
			walk->kstack = stack_take_kernel_at(ctx, walk, key, slot, now);
	}
	account_move(&a->t, walk, reason);
}

static __always_inline void switch_out(void *ctx, struct task_struct *task, bool preempt, __u64 now)
{
	__u32 state = task_state(task);
	bool blocked = !preempt && state;
	struct account *a = account_begin(task, SCOPE_ON, now);
	__u64 on_ns;
	bool waits;

	if (!a)
		return;
	on_ns = a->t.total_ns[SCOPE_ON];
	charge_run(a, task, now);
	on_ns = a->t.total_ns[SCOPE_ON] - on_ns;
	a->t.switches++;
	if (blocked && state & TASK_DEAD && now > a->t.since_ns)
		charge(a, now); /* nothing follows this run */
	turn_end(a);
	if (blocked && state & TASK_DEAD) {
		if (want_thinning)
			cost_leave(now, on_ns, 0);
		account_flush(&a->t);
		account_close(a, task, now);
		account_end_write(a);
		account_drop(a, task);
		return;
	}
	/* before the stacks, which take long: should the iterator come meanwhile */
	a->t.state = blocked ? SCOPE_OFF : SCOPE_RUNQ;
	account_mark_cpu(a);
	waits = want_waits && now < window_end_ns && !(a->flags & ACCOUNT_OTHER_CPU);
	if (want_thinning)
		cost_leave(now, on_ns, waits);
	if (waits)
		leave_cpu(ctx, a, task, blocked ? state_reason(task, state) :
					       SCOPE_REASON_PREEMPTED, now);
	if (task->exit_state)
		account_tell(a, task, now);
	account_end_write(a);
}

static __always_inline void switch_in(struct task_struct *task, __u64 now)
{
	struct account *a = account_begin(task, want_wakeups ? SCOPE_RUNQ : SCOPE_OFF, now);

	if (!a)
		return;
	if ((a->t.state == SCOPE_ON || (want_wakeups && a->t.state == SCOPE_OFF)) &&
	    now > window_start_ns && now < window_end_ns) {
		lose(SCOPE_LOSS_EVENT_ORDER, 0); /* a wake-up was missed, or a switch-out */
		charge_unseen_end(a, task, now);
	}
	charge_wait(a, now);
	a->exec_ns = task->se.sum_exec_runtime;
	account_mark_cpu(a);
	account_end_write(a);
}

/*
 * Whether the events of `task` are charged: targets, and those that were targets under the number
 * that was theirs, or until their process left the target, and have still to die.
 *
 * execve by a thread that is not the leader exchanges the tids of the two, some time before its
 * tracepoint moves the membership. Those that --tid asked for have an account by then.
 */
static __always_inline bool is_followed(struct task_struct *task)
{
	if (filter != SCOPE_FILTER_TID && !match_comm)
		return is_target(task);
	barrier();
	if (filter == SCOPE_FILTER_TID && was_replaced(task))
		return account_find(task);
	if (is_target(task))
		return true;
	if (filter == SCOPE_FILTER_TID && task->pid == task->tgid)
		return account_find(task);
	return match_comm && task->exit_state && !account_is_blank(account_find(task));
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(sched__switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	bool out = is_followed(prev), in = is_followed(next);
	__u64 now;

	if (!out && !in)
		return 0;
	now = bpf_ktime_get_ns();
	if (in)
		warm_up(next, now);
	if (out)
		switch_out(ctx, prev, preempt, now);
	if (in)
		switch_in(next, now);
	cost_note(now);
	return 0;
}

/* Only a blocked thread becomes runnable by it: a wake-up may also meet one that still runs. */
SEC("?tp_btf/sched_wakeup")
int BPF_PROG(sched__wakeup, struct task_struct *task)
{
	struct account *a;
	__u64 now;

	if (!is_followed(task))
		return 0;
	now = bpf_ktime_get_ns();
	a = account_begin(task, task->on_cpu ? SCOPE_ON : SCOPE_OFF, now);
	if (!a)
		return 0;
	turn_wake(a, a->t.state == SCOPE_OFF);
	if (a->t.state == SCOPE_OFF)
		charge_block(a, now);
	account_end_write(a);
	cost_note(now);
	return 0;
}

/*
 * With want_timeline only: who wakes it. sched_wakeup may come on another CPU, where somebody else
 * runs. A wake-up of each follows, which takes the waker's name.
 */
SEC("?tp_btf/sched_waking")
int BPF_PROG(sched__waking, struct task_struct *task)
{
	struct task_struct *waker = (struct task_struct *)bpf_get_current_task();
	struct account *a;

	if (!is_followed(task))
		return 0;
	a = account_find(task);
	if (a)
		a->waker = is_doing_of(ctx, waker) ? thread_id((__u32)BPF_CORE_READ(waker, pid),
						 BPF_CORE_READ(waker, start_time)) : 0;
	return 0;
}

/* A thread is born. Until it first runs it waits under the stack of its creator, which is current. */
SEC("?tp_btf/sched_wakeup_new")
int BPF_PROG(sched__wakeup_new, struct task_struct *task)
{
	struct task_struct *creator = (struct task_struct *)bpf_get_current_task();
	struct account *a;
	__u64 now;

	if (!is_target(task))
		return 0;
	now = bpf_ktime_get_ns();
	a = account_make(task);
	if (!a)
		return 0;
	account_begin_write(a);
	account_open_new(a, task, SCOPE_RUNQ, now);
	if (now < window_end_ns) {
		a->t.here.ustack = stack_take_user(who_runs(creator), SCRATCH_SCHED, now);
		a->t.here.kstack = stack_take_kernel(ctx, SCRATCH_SCHED, now);
		a->t.here.reason = SCOPE_REASON_PREEMPTED;
		a->flags |= ACCOUNT_SETTLED;
	}
	account_end_write(a);
	if (want_thinning)
		cost_add(now, 1);
	return 0;
}
