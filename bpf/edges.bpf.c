// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * edges - the window's two edges, and the task iterator, run once when it opens and once when it has
 * closed.
 *
 * The iterator writes one struct scope_iter_task per target thread: at the start for the stack of those
 * that are blocked already, at the stop for everybody's account. Another, run before the window, tells
 * what the address spaces that are there already will be called, so that nobody has to ask.
 */
#include "charge.bpf.h"
#include "scope_iter.h"
#include "stack.bpf.h"
#include <bpf/bpf_tracing.h>

#define COPY_ATTEMPTS 64
#define EDGE_LEAD_NS  1000000

/* What the buffer of this CPU's iterator holds. */
struct iter_scratch {
	struct scope_iter_task head;
	__u64 ips[SCOPE_KERNEL_FRAMES];
	struct pt_regs user; /* not written out */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct iter_scratch);
} iter_scratch SEC(".maps");

/*
 * Run once, by test-run, which no other thread can preempt: an edge lies a little ahead of the time that
 * is read, so that it is the same for every CPU. User space may be kept from its CPU in between for
 * longer than that; what happened meanwhile would be charged as if there were no edge.
 */
SEC("?raw_tp")
int edges__open(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 duration = ctx->args[0], start = bpf_ktime_get_ns() + EDGE_LEAD_NS;

	if (duration)
		*(volatile __u64 *)&window_end_ns = start + duration;
	*(volatile __u64 *)&window_start_ns = start;
	return 0;
}

/* Unless the end is near anyway. */
SEC("?raw_tp")
int edges__close(void *ctx)
{
	__u64 end = bpf_ktime_get_ns() + EDGE_LEAD_NS;

	if (window_end_ns > end)
		window_end_ns = end;
	return 0;
}

/*
 * A copy of the account that no writer was at. Most writes take less than all the attempts; not one
 * under a virtual CPU that was halted.
 */
static __always_inline bool account_copy(struct scope_iter_task *to, struct account *a)
{
	for (int i = 0; i < COPY_ATTEMPTS; i++) {
		__u32 before = *(volatile __u32 *)&a->version;

		barrier();
		__builtin_memcpy(&to->thread, &a->t, sizeof(to->thread));
		if (want_timeline)
			__builtin_memcpy(&to->turn, &a->turn, sizeof(to->turn));
		barrier();
		if (!(before & 1) && before == *(volatile __u32 *)&a->version)
			return true;
	}
	return false;
}

/*
 * A thread that is on no CPU, and whose account says it is, left it unseen and had no event since:
 * the copy gets what charge_unseen_end() would have charged.
 */
static __always_inline void copy_unseen_end(struct scope_iter_task *to, struct account *a,
					    struct task_struct *task, __u32 state)
{
	struct scope_thread *t = &to->thread;
	__u64 run = task->se.sum_exec_runtime - a->exec_ns;

	if (!(a->flags & ACCOUNT_CAME) || a->flags & ACCOUNT_OTHER_CPU ||
	    t->since_ns >= window_end_ns)
		return;
	lose(SCOPE_LOSS_EVENT_ORDER, 0);
	if (run > window_end_ns - t->since_ns)
		run = window_end_ns - t->since_ns;
	t->total_ns[SCOPE_ON] += run;
	if (want_timeline && run)
		turn_add(&to->turn, SCOPE_ON, t->since_ns, run);
	t->since_ns += run;
	t->state = state ? SCOPE_OFF : SCOPE_RUNQ;
}

static __always_inline void read_user_registers(struct iter_scratch *s, struct task_struct *task)
{
	if (!bpf_probe_read_kernel(&s->user, sizeof(s->user), task_user_regs(task)))
		registers_by_number(&s->user, s->head.regs);
}

/* Kernel stack, user registers and reason of a task that is not on a CPU. */
static __always_inline void read_waiting(struct iter_scratch *s, struct task_struct *task,
					 __u32 state)
{
	struct scope_iter_task *out = &s->head;
	struct user_entry entry = { .orig_ax = -1 };
	struct walk *walk;
	__u32 slot = SCRATCH_ITER;
	long bytes;

	user_entry_read(task_user_regs(task), &entry);
	out->reason = state_reason(task, state);
	if (!(out->reason & SCOPE_REASON_KTHREAD))
		out->reason |= entry_reason(&entry);
	if (!task_is_worker(task->flags) && want_user_stacks)
		read_user_registers(s, task);
	if (!want_kernel_stacks)
		return;
	walk = bpf_map_lookup_elem(&walks, &slot);
	if (!walk)
		return;
	bytes = bpf_get_task_stack(task, walk->ips, sizeof(s->ips), 0);
	if (bytes <= 0) {
		lose(SCOPE_LOSS_STACK_KERNEL, 0);
		return;
	}
	out->count = (__u32)bytes / 8;
	out->kstack = stack_hash(slot, out->count);
	__builtin_memcpy(s->ips, walk->ips, sizeof(s->ips));
}

SEC("?iter/task")
int edges__task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct iter_scratch *s;
	struct account *a;
	__u32 zero = 0, state, bytes;
	bool at_stop, off_cpu;

	if (!task || !is_target(task))
		return 0;
	s = bpf_map_lookup_elem(&iter_scratch, &zero);
	if (!s)
		return 0;
	__builtin_memset(&s->head, 0, sizeof(s->head));
	state = task_state(task);
	at_stop = bpf_ktime_get_ns() >= window_end_ns;
	/* Accounts are made here, at leisure, as far as possible: in the midst of the scheduler there
	 * may be no memory for one at the moment. */
	a = account_find(task);
	if (!a && have_task_storage && !task->exit_state && !at_stop) {
		a = account_make(task);
		if (a) {
			account_name(&a->t, task);
			account_count(a, task);
			a->was_blocked = state && !task->on_cpu && !(state & TASK_NEW);
		}
	}
	off_cpu = !task->on_cpu; /* before the copy: it may leave its CPU at any moment */
	if (!account_is_blank(a)) {
		s->head.torn = !account_copy(&s->head, a);
		if (at_stop && off_cpu && s->head.thread.state == SCOPE_ON)
			copy_unseen_end(&s->head, a, task, state);
		turn_name(&s->head.turn, &s->head.thread);
	} else if (task->exit_state) {
		return 0; /* a zombie that died before the window */
	} else if (state & TASK_NEW) {
		return 0; /* forked, and not born yet: nobody has woken it */
	} else {
		account_identify(&s->head.thread, task);
		s->head.thread.flags |= SCOPE_THREAD_NO_EVENT;
		s->head.thread.born_ns = joined_ns(task);
	}
	bpf_probe_read_kernel(s->head.thread.comm, sizeof(s->head.thread.comm), task->comm);
	s->head.owner = who_is(task).owner;
	s->head.task_switches = task->nvcsw + task->nivcsw;
	if (s->head.thread.flags & SCOPE_THREAD_NO_EVENT)
		s->head.thread.state = task->on_cpu ? SCOPE_ON : state ? SCOPE_OFF : SCOPE_RUNQ;
	/* the walk of a task that runs would be garbage; at the stop the stacks are known */
	if (!task->on_cpu && !task->exit_state && !at_stop)
		read_waiting(s, task, state);
	bytes = s->head.count;
	if (bytes > SCOPE_KERNEL_FRAMES)
		return 0;
	bpf_seq_write(seq, s, sizeof(s->head) + bytes * 8);
	return 0;
}

SEC("?iter/task")
int edges__owners(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct scope_iter_owner out = {};
	struct who who;

	if (!task || !is_target(task))
		return 0;
	who = who_is(task);
	/* one thread speaks for all, where all are targets */
	if (!who.mm || task_is_worker(who.flags) ||
	    (filter != SCOPE_FILTER_TID && who.pid != who.tgid))
		return 0;
	out.owner = who.owner;
	out.pid = who.tgid;
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}
