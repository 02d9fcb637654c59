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
#define EDGE_LEAD_NS  200000
#define EDGE_ATTEMPTS 4

/* What the scheduler says of a thread's waits for a CPU. */
struct waited {
	__u64 delay_ns;	 /* as task_run_delay(); 0: it does not */
	__u64 queued_at; /* by the clock of ours; 0: it does not wait */
};

/* What the buffer of this CPU's iterator holds. */
struct iter_scratch {
	struct scope_iter_task head;
	__u64 ips[SCOPE_KERNEL_FRAMES];
	/* these are not written out */
	struct pt_regs user;
	struct account copy;
	struct waited waited;
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
 * longer than that; what happened meanwhile would be charged as if there were no edge. So may this, by an
 * interrupt or the hypervisor: then the edge is taken back, and lies ahead of a later time.
 */
static __always_inline bool edge_is_ahead(__u64 edge_ns)
{
	barrier(); /* it is written by now */
	return bpf_ktime_get_ns() < edge_ns;
}

SEC("?raw_tp")
int edges__open(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 duration = ctx->args[0], start;

	for (int i = 0; i < EDGE_ATTEMPTS; i++) {
		*(volatile __u64 *)&window_start_ns = ~0ull;
		start = bpf_ktime_get_ns() + EDGE_LEAD_NS;
		if (duration)
			*(volatile __u64 *)&window_end_ns = start + duration;
		*(volatile __u64 *)&window_start_ns = start;
		if (edge_is_ahead(start))
			break;
	}
	return 0;
}

/* Unless the end is near anyway. */
SEC("?raw_tp")
int edges__close(void *ctx)
{
	__u64 planned = window_end_ns, end;

	for (int i = 0; i < EDGE_ATTEMPTS; i++) {
		*(volatile __u64 *)&window_end_ns = planned;
		end = bpf_ktime_get_ns() + EDGE_LEAD_NS;
		if (planned <= end)
			break;
		*(volatile __u64 *)&window_end_ns = end;
		if (edge_is_ahead(end))
			break;
	}
	return 0;
}

/*
 * How far our clock is ahead of the scheduler's; ~0 >> 1: not known. Run by test-run a few times, each after a
 * moment's sleep: what lies between the thread's getting the CPU back and the reading of the clock is in it, and
 * the least of several has the least of that.
 */
static __s64 clock_ahead_ns SEC(".data") = ~0ull >> 1;

SEC("?raw_tp")
int edges__clock(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__s64 ahead = bpf_ktime_get_ns() - BPF_CORE_READ(task, sched_info.last_arrival);

	if (ahead < clock_ahead_ns)
		clock_ahead_ns = ahead;
	return 0;
}

static __always_inline void read_waited(struct waited *to, struct task_struct *task)
{
	__u64 at = task_queued_at(task);

	to->delay_ns = 0;
	task_run_delay(task, &to->delay_ns);
	to->queued_at = at ? at + clock_ahead_ns : 0;
}

/*
 * A copy of the account that no writer was at, with what the scheduler says of the same moment. Most writes take
 * less than all the attempts; not one under a virtual CPU that was halted.
 */
static __always_inline bool account_copy(struct iter_scratch *s, struct account *a, struct task_struct *task)
{
	for (int i = 0; i < COPY_ATTEMPTS; i++) {
		__u32 before = *(volatile __u32 *)&a->version;

		barrier();
		__builtin_memcpy(&s->copy, a, sizeof(s->copy));
		read_waited(&s->waited, task);
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
static __always_inline void copy_unseen_end(struct account *c, struct task_struct *task, __u32 state)
{
	struct scope_thread *t = &c->t;
	__u64 run = task->se.sum_exec_runtime - c->exec_ns;

	if (!(c->flags & ACCOUNT_CAME) || c->flags & ACCOUNT_OTHER_CPU || t->since_ns >= window_end_ns)
		return;
	lose(SCOPE_LOSS_EVENT_ORDER, 0);
	if (run > window_end_ns - t->since_ns)
		run = window_end_ns - t->since_ns;
	t->total_ns[SCOPE_ON] += run;
	if (want_timeline && run)
		turn_add(&c->turn, SCOPE_ON, t->since_ns, run);
	t->since_ns += run;
	t->state = state ? SCOPE_OFF : SCOPE_RUNQ;
}

/* When a thread that waits for a CPU was woken; 0: it does not wait. */
static __always_inline __u64 woken_at(const struct account *c, const struct waited *waited)
{
	return waited->queued_at ? waited->queued_at - (waited->delay_ns - c->delay_ns) : 0;
}

/*
 * Without wake-ups: the copy gets what the next switch would have charged, had there been one. A thread that waits
 * was woken; one that runs waited before.
 */
static __always_inline void copy_unwoken(struct account *c, const struct waited *waited)
{
	__u64 woken = woken_at(c, waited), wait = waited->delay_ns - c->delay_ns;

	if (want_wakeups)
		return;
	if (c->t.state == SCOPE_OFF && woken && woken < window_end_ns) {
		charge_block(c, woken > c->t.since_ns ? woken : c->t.since_ns);
	} else if (c->t.state == SCOPE_ON && c->unwoken_ns) {
		/* between the switch that was traced and the scheduler's counting of it */
		if (waited->queued_at && waited->queued_at < c->t.since_ns)
			wait += c->t.since_ns - waited->queued_at;
		charge_unwoken(c, wait);
	}
}

/*
 * The same of a thread that had no event: false if it was in one state all the time, which is its state now or,
 * if it was woken since, *ret_state.
 */
static __always_inline bool copy_opened(struct iter_scratch *s, const struct account *a,
					struct task_struct *task, __u32 *ret_state)
{
	struct account *c = &s->copy;
	__u64 woken;

	if (want_wakeups)
		return false;
	__builtin_memset(c, 0, sizeof(*c));
	c->flags = a ? a->flags & (ACCOUNT_COUNTED | ACCOUNT_BLOCKED) : 0;
	c->delay_ns = c->flags & ACCOUNT_COUNTED ? a->delay_ns : s->waited.delay_ns;
	woken = woken_at(c, &s->waited);
	if (woken >= window_end_ns)
		*ret_state = SCOPE_OFF;
	if (!woken || woken >= window_end_ns || woken <= window_start_ns)
		return false;
	account_open(c, task, SCOPE_OFF, woken);
	c->t.first_ns = window_end_ns; /* as of one that had its first event after the window */
	charge_block(c, woken);
	return true;
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
	bool at_stop, on_cpu;

	if (!task || !is_target(task))
		return 0;
	s = bpf_map_lookup_elem(&iter_scratch, &zero);
	if (!s)
		return 0;
	__builtin_memset(&s->head, 0, sizeof(s->head));
	state = task_state(task);
	read_waited(&s->waited, task); /* after the state, and before the account: there was no event by then, if it has none */
	at_stop = bpf_ktime_get_ns() >= window_end_ns;
	/* Accounts are made here, at leisure, as far as possible: in the midst of the scheduler there
	 * may be no memory for one at the moment. */
	a = account_find(task);
	if (!a && have_task_storage && !task->exit_state && !at_stop) {
		a = account_make(task);
		if (a) {
			account_name(&a->t, task);
			account_count(a, task);
			a->flags = ACCOUNT_COUNTED;
			if (state && !task->on_cpu && !(state & TASK_NEW))
				a->flags |= ACCOUNT_BLOCKED;
		}
	}
	on_cpu = task->on_cpu; /* before the account: it may leave its CPU, or come to one, at any moment */
	if (!account_is_blank(a)) {
		s->head.torn = !account_copy(s, a, task);
		if (at_stop)
			copy_unwoken(&s->copy, &s->waited);
		if (at_stop && !on_cpu && s->copy.t.state == SCOPE_ON)
			copy_unseen_end(&s->copy, task, state);
		s->head.thread = s->copy.t;
		turn_tell(&s->copy, &s->head.turn);
	} else if (task->exit_state) {
		return 0; /* a zombie that died before the window */
	} else if (state & TASK_NEW) {
		return 0; /* forked, and not born yet: nobody has woken it */
	} else {
		account_identify(&s->head.thread, task);
		s->head.thread.flags |= SCOPE_THREAD_NO_EVENT;
		s->head.thread.born_ns = joined_ns(task);
		s->head.thread.state = on_cpu ? SCOPE_ON : state ? SCOPE_OFF : SCOPE_RUNQ;
		if (at_stop && !on_cpu && copy_opened(s, a, task, &s->head.thread.state))
			s->head.thread = s->copy.t;
	}
	bpf_probe_read_kernel(s->head.thread.comm, sizeof(s->head.thread.comm), task->comm);
	s->head.owner = who_is(task).owner;
	s->head.task_switches = task->nvcsw + task->nivcsw;
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
