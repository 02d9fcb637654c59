// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * lifecycle - who becomes a target, and who ceases to be one, in mid-run.
 */
#include "charge.bpf.h"
#include "stack.bpf.h"
#include "thin.bpf.h"
#include <bpf/bpf_tracing.h>

#define CGROUP_DEPTH 32

static __always_inline bool in_cgroup(struct cgroup *cgroup)
{
	for (int i = 0; i < CGROUP_DEPTH; i++) {
		struct cgroup_subsys_state *parent;

		if (!cgroup)
			return false;
		if (BPF_CORE_READ(cgroup, kn, id) == cgroup_wanted)
			return true;
		parent = BPF_CORE_READ(cgroup, self.parent);
		if (!parent)
			return false;
		cgroup = BPF_CORE_READ(parent, cgroup);
	}
	return false;
}

static __always_inline bool comm_matches(struct task_struct *task)
{
	char comm[SCOPE_COMM_LEN] = {};

	bpf_probe_read_kernel(comm, sizeof(comm), task->comm);
	for (int i = 0; i < SCOPE_COMM_LEN; i++) {
		if (comm[i] != comm_wanted[i])
			return false;
		if (!comm[i])
			return true;
	}
	return true;
}

/*
 * A new task, before it first runs. Its id may have been somebody else's: set or clear, always.
 * That is also why nothing needs to be cleared when a task ends.
 */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(lifecycle__fork, struct task_struct *parent, struct task_struct *child)
{
	bool is = false;

	if (filter == SCOPE_FILTER_TID) {
		set_member((__u32)child->pid, false);
		return 0;
	}
	if (child->pid != child->tgid)
		return 0;
	if (cgroup_wanted)
		is = in_cgroup(child->cgroups->dfl_cgrp);
	else if (match_comm)
		is = comm_matches(child); /* its creator's, which may be a thread's own */
	else if (follow_children)
		is = is_member((__u32)parent->tgid);
	set_member((__u32)child->tgid, is);
	return 0;
}

/*
 * Run by test-run, for each member that user space has found, which may have become one meanwhile: counted
 * twice, its number would still be a member's when another process has it.
 */
SEC("?raw_tp")
int lifecycle__add(struct bpf_raw_tracepoint_args *ctx)
{
	set_member((__u32)ctx->args[0], true);
	return 0;
}

/* Run by test-run: mappings have changed, and what is remembered of this owner's stacks is looked for again. */
SEC("?raw_tp")
int lifecycle__forget(struct bpf_raw_tracepoint_args *ctx)
{
	__sync_fetch_and_add(&unwind_versions[ctx->args[0] & (SCOPE_UNWIND_VERSIONS - 1)], 1);
	return 0;
}

/* The thread is within execve, which gives it its leader's tid: --tid may ask for that. */
static __always_inline bool becomes_target(const struct who *who)
{
	return filter == SCOPE_FILTER_TID && !(who->flags & PF_EXITING) &&
	       is_target_id(who->tgid, who->tgid, who->flags);
}

/*
 * The running thread is about to lose its memory: it exits, or its execve can do nothing but succeed
 * or kill it. Attached to sched_prepare_exec, which is new in 6.10, and to sched_process_exit,
 * which comes too late before 6.16 (kernel/exit.c); one program for the two, by their common first
 * argument, as each that walks takes its time to be verified.
 */
SEC("?raw_tp")
int lifecycle__lose_memory(struct bpf_raw_tracepoint_args *ctx)
{
	struct who who = who_runs((struct task_struct *)ctx->args[0]);
	__u64 now = bpf_ktime_get_ns();

	if (!who.mm || !want_user_stacks || now >= window_end_ns ||
	    !(is_target_id(who.pid, who.tgid, who.flags) || becomes_target(&who)))
		return 0;
	hold_cpu(); /* the scratch is the scheduler's programs' as well */
	stack_keep(who, stack_take_user(who, SCRATCH_SCHED, now));
	if (want_thinning)
		cost_add(now, 1);
	release_cpu();
	return 0;
}

/* The thread that runs ceases to be who it was. */
static __always_inline void leave(struct account *a, struct task_struct *task, __u64 now)
{
	account_begin_write(a);
	charge_unwoken_of(a, task);
	charge(a, now);
	turn_end(a);
	account_flush(&a->t);
	account_close(a, task, now);
	account_end_write(a);
	account_drop(a, task);
}

static __always_inline void join(struct task_struct *task, __u64 now)
{
	struct account *a = account_make(task);

	if (!a)
		return;
	account_begin_write(a);
	account_open_new(a, task, SCOPE_ON, now);
	account_end_write(a);
}

/*
 * The account of the thread that was `old_tid` until it took its leader's tid and start time. Where
 * the iterator makes none it may have been opened under these since, or have to be now.
 */
static __always_inline struct account *account_before_exec(struct task_struct *task, __u32 old_tid,
							   __u64 now)
{
	struct account *a = account_begin(task, SCOPE_ON, now);

	if (!a)
		return NULL;
	if (a->t.tid != old_tid) {
		a->t.tid = old_tid;
		a->t.thread = thread_id(old_tid, task->start_time);
	}
	account_end_write(a);
	return a;
}

/*
 * Between taking the leader's tid, which alone is a target, and the tracepoint of its execve the
 * thread had an event: its life as a target begins there, and not with the leader's.
 */
static __always_inline void begin_at_first_event(struct account *a)
{
	struct scope_thread *t = &a->t;
	__u64 since = t->born_ns > window_start_ns ? t->born_ns : window_start_ns;
	__u64 to = t->first_ns < window_end_ns ? t->first_ns : window_end_ns;

	account_begin_write(a);
	if (t->since_ns < to) { /* a wake-up of one that runs: nothing was charged yet */
		t->since_ns = to;
		account_mark_cpu(a);
	} else if (to > since && t->total_ns[SCOPE_ON] >= to - since) {
		t->total_ns[SCOPE_ON] -= to - since;
	}
	if (t->other_cpu_ns[SCOPE_ON] > t->total_ns[SCOPE_ON])
		t->other_cpu_ns[SCOPE_ON] = t->total_ns[SCOPE_ON];
	t->born_ns = t->first_ns;
	t->flags |= SCOPE_THREAD_BORN;
	account_end_write(a);
}

/*
 * The thread that called execve is alone by now, and has the leader's tid and start time. A thread
 * that was not the leader thereby ends as one thread and goes on as another; with --tid it goes on
 * if either was asked for.
 */
static __always_inline void take_exec(struct task_struct *task, int old_tid)
{
	bool moves = old_tid != task->pid, was, stays;
	__u64 now = bpf_ktime_get_ns();
	struct account *a;

	stack_unkeep((__u32)task->tgid);
	was = is_target_id((__u32)old_tid, (__u32)task->tgid, task->flags);
	stays = match_comm ? comm_matches(task) : was;
	if (match_comm)
		set_member((__u32)task->tgid, stays);
	if (filter == SCOPE_FILTER_TID && moves) {
		stays = stays || is_target(task);
		set_member((__u32)old_tid, false);
		set_member((__u32)task->pid, stays);
	}
	if (was && stays && !moves)
		return;
	if (was) {
		a = account_before_exec(task, (__u32)old_tid, now);
		if (a)
			leave(a, task, now);
	} else if (stays) {
		a = account_find(task);
		if (!account_is_blank(a)) {
			begin_at_first_event(a);
			return;
		}
	}
	if (stays)
		join(task, now);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(lifecycle__exec, struct task_struct *task, int old_tid)
{
	hold_cpu(); /* an event of its own in between would open the account that is opened here */
	take_exec(task, old_tid);
	release_cpu();
	return 0;
}

/* A process (its leader stands for it) or a thread moves to another cgroup. */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(lifecycle__attach, struct cgroup *to, const char *path, struct task_struct *task)
{
	__u32 tgid = (__u32)task->tgid;
	__u64 now = bpf_ktime_get_ns();

	/* who was in stays a target to the end of the run, and keeps its account whole */
	if (is_member(tgid) || !in_cgroup(to))
		return 0;
	if (bpf_map_update_elem(&join_times, &tgid, &now, BPF_ANY))
		lose(SCOPE_LOSS_JOIN_FULL, 0);
	set_member(tgid, true);
	return 0;
}
