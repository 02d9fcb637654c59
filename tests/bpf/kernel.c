// SPDX-License-Identifier: MIT
#include "kernel.h"
#include "kstack.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf_helpers.h>

#include "code.h"
#include "frames.h"
#include "programs.h"
#include "truth.h"

enum {
	KERNEL_STACK_BYTES = 16384, /* THREAD_SIZE of x86-64 */
	KERNEL_EXIT_DEAD = 0x10,
	KERNEL_EXIT_ZOMBIE = 0x20,
	KERNEL_TASK_NEW = 0x800, /* include/linux/sched.h */
	KERNEL_KERNEL_CS = 0x10,
	KERNEL_SYSCALL_FUTEX = 202,
};

struct kernel kernel;

/* --- CPUs and tasks --------------------------------------------------------------------------- */

static void *allocate(size_t bytes)
{
	void *p = calloc(1, bytes);

	assert(p);
	return p;
}

struct pt_regs *kernel_regs(struct ktask *t)
{
	return (struct pt_regs *)((char *)t->task.stack + KERNEL_STACK_BYTES) - 1;
}

/* A freed task's memory is the next one's. */
static struct ktask *take_memory(void)
{
	struct ktask **at, *t;

	for (at = &kernel.tasks; *at; at = &(*at)->next)
		if (!(*at)->in_use)
			break;
	t = *at;
	if (t) {
		void *stack = t->task.stack;

		*at = t->next;
		memset(t, 0, sizeof(*t));
		t->task.stack = stack;
	} else {
		t = allocate(sizeof(*t));
		t->task.stack = allocate(KERNEL_STACK_BYTES);
	}
	t->next = kernel.tasks;
	kernel.tasks = t;
	t->in_use = true;
	return t;
}

static void set_state(struct ktask *t, __u32 state)
{
	if (kernel.has_old_state)
		((struct task_struct___state *)&t->task)->state = state;
	else
		t->task.__state = state;
}

void kernel_boot(void)
{
	for (__u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
		struct ktask *idle = allocate(sizeof(*idle));

		idle->task.stack = allocate(KERNEL_STACK_BYTES);
		idle->task.flags = PF_KTHREAD;
		idle->task.group_leader = &idle->task;
		idle->task.on_cpu = 1;
		idle->css_set.dfl_cgrp = kernel_cgroup(1, 0);
		idle->task.cgroups = &idle->css_set;
		strcpy(idle->task.comm, "swapper");
		kernel.idle[cpu] = kernel.current[cpu] = idle;
	}
	kernel.now_ns = KERNEL_TIME_0;
}

struct ktask *kernel_find(__u32 tid)
{
	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (t->in_use && t->task.pid == (int)tid)
			return t;
	return NULL;
}

bool kernel_has_process(__u32 pid)
{
	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (t->in_use && t->task.tgid == (int)pid)
			return true;
	return false;
}

struct cgroup *kernel_cgroup(__u64 id, __u64 parent_id)
{
	static struct {
		struct cgroup cgroup;
		struct kernfs_node node;
	} all[16];
	size_t i;

	for (i = 0; all[i].node.id; i++) {
		if (all[i].node.id == id)
			return &all[i].cgroup;
		assert(i + 1 < sizeof(all) / sizeof(all[0]));
	}
	all[i].node.id = id;
	all[i].cgroup.kn = &all[i].node;
	all[i].cgroup.self.cgroup = &all[i].cgroup;
	if (parent_id)
		all[i].cgroup.self.parent = &kernel_cgroup(parent_id, 0)->self;
	return &all[i].cgroup;
}

void kernel_set_stack(struct ktask *t, enum scope_stack_kind kind, const struct stack_plan *plan)
{
	if (kind == SCOPE_STACK_KERNEL) {
		t->kernel = *plan;
		return;
	}
	t->user = *plan;
	t->bad_pages = 0;
	frames_lay(t, plan);
}

struct ktask *kernel_add_task(__u32 tid, __u32 pid, const char *comm, __u64 start_time_ns)
{
	struct ktask *leader = tid == pid ? NULL : kernel_find(pid), *t;
	struct stack_plan main_only = { .count = 1, .ips = { 0x400000 } };

	t = take_memory();
	t->task.pid = (int)tid;
	t->task.tgid = (int)pid;
	t->task.group_leader = leader ? &leader->task : &t->task;
	t->task.start_time = start_time_ns;
	t->task.mm = leader ? &leader->mm : &t->mm; /* also of a leader that has exited */
	t->mm.start_stack = KERNEL_USER_STACK + KERNEL_USER_BYTES - 4096;
	t->task.cgroups = &t->css_set;
	t->css_set.dfl_cgrp = leader ? leader->css_set.dfl_cgrp : kernel_cgroup(1, 0);
	strncpy(t->task.comm, comm, sizeof(t->task.comm) - 1);
	*kernel_regs(t) = (struct pt_regs){ .orig_ax = KERNEL_SYSCALL_FUTEX, .cs = KERNEL_USER_CS };
	kernel_set_stack(t, SCOPE_STACK_USER, &main_only);
	main_only.ips[0] = 0xffffffff81000000;
	kernel_set_stack(t, SCOPE_STACK_KERNEL, &main_only);
	return t;
}

/* From now on it waits for a CPU. */
static void queue(struct ktask *t, __u64 now)
{
	if (!t->task.sched_info.last_queued)
		t->task.sched_info.last_queued = now - KERNEL_CLOCK_LAG;
}

/* Of the wait before its run, or of that under way, it counts `ns`. */
static void count_wait(struct ktask *t, __u64 ns)
{
	t->task.sched_info.run_delay += ns - t->counted_wait_ns;
	t->counted_wait_ns = ns;
}

void kernel_start_in(struct ktask *t, enum scope_state state, __u32 task_state, int cpu)
{
	t->woken = true;
	truth_begin(t, state, 0);
	set_state(t, task_state);
	t->blocked = state == SCOPE_OFF;
	t->task.sched_info.pcount = 1;
	if (state == SCOPE_RUNQ)
		queue(t, KERNEL_TIME_0 - 1000);
	if (state != SCOPE_ON)
		return;
	t->task.on_cpu = 1;
	kernel.current[cpu] = t;
}

void kernel_make_worker(struct ktask *t, __u32 flags)
{
	struct stack_plan none = { .error = -EFAULT };

	t->task.flags |= flags;
	kernel_set_stack(t, SCOPE_STACK_USER, &none);
	kernel_regs(t)->sp = 0; /* the rest is its creator's: copy_thread() of x86 */
}

void kernel_start_zombie(struct ktask *t)
{
	t->woken = true;
	truth_begin(t, SCOPE_DEAD, 0);
	t->truth->dead_ns = 0;
	t->task.mm = NULL;
	t->task.exit_state = KERNEL_EXIT_ZOMBIE;
	set_state(t, TASK_DEAD);
}

/* --- events ----------------------------------------------------------------------------------- */

static __u64 begin_event(__u32 cpu)
{
	kernel.cpu = cpu;
	code_prepare(kernel.current[cpu]);
	return kernel.now_ns + (__u64)kernel.skew_ns[kernel.cpu];
}

static __u64 place_of(struct ktask *t)
{
	__u32 in_kernel = t->kernel.error ? 0 : t->kernel.count;
	struct found found;

	if (in_kernel > SCOPE_KERNEL_FRAMES - KSTACK_OWN)
		in_kernel = SCOPE_KERNEL_FRAMES - KSTACK_OWN;
	frames_walk_thread(t, &found);
	return frames_place(found.ips, found.count, t->kernel.ips, in_kernel);
}

void kernel_fork(__u32 cpu, __u32 tid, __u32 pid)
{
	struct ktask *parent = kernel.current[cpu], *child;
	__u64 now = begin_event(cpu);

	child = kernel_add_task(tid, pid, parent->task.comm, now);
	child->task.flags = parent->task.flags;
	child->task.self_exec_id = parent->task.self_exec_id;
	child->css_set = parent->css_set;
	kernel_set_stack(child, SCOPE_STACK_USER, &parent->user);
	kernel_set_stack(child, SCOPE_STACK_KERNEL, &parent->kernel);
	if (parent->task.flags & PF_KTHREAD)
		child->task.mm = NULL;
	set_state(child, KERNEL_TASK_NEW);
	if (kernel.traces_fork)
		lifecycle__fork(NULL, &parent->task, &child->task);
}

void kernel_wake_new(__u32 cpu, struct ktask *t)
{
	__u64 now = begin_event(cpu);

	assert(!t->woken);
	t->woken = true;
	set_state(t, 0);
	truth_begin(t, SCOPE_RUNQ, now);
	queue(t, now);
	t->truth->place = place_of(kernel.current[cpu]);
	/* who is a target by its birth is for the timeline to say */
	t->truth->varying = filter == SCOPE_FILTER_TID ||
			    (filter == SCOPE_FILTER_TGID && t->task.pid == t->task.tgid);
	sched__wakeup_new(NULL, &t->task);
}

/*
 * The fake scheduler's counts are the truth; a timeline may say otherwise: that the wait before this run was
 * longer than it was counted for when it ended, or shorter.
 */
static void count_run(struct ktask *t, __u64 now)
{
	if (now > t->truth->since_ns)
		t->task.se.sum_exec_runtime += now - t->truth->since_ns;
	count_wait(t, truth_last_wait(t));
	t->counted_wait_ns = 0;
}

void kernel_switch(__u32 cpu, struct ktask *next, enum kernel_leave how, __u32 task_state)
{
	struct ktask *prev = kernel.current[cpu];
	__u64 now = begin_event(cpu);
	bool preempt = how == LEAVE_PREEMPTED;

	assert(!next->task.on_cpu || next == kernel.idle[cpu]);
	if (prev != kernel.idle[cpu]) {
		__u64 left = now - prev->let_go_ns;

		prev->let_go_ns = 0;
		prev->blocked = !preempt && task_state;
		count_run(prev, left);
		set_state(prev, task_state);
		if (preempt || !task_state)
			prev->task.nivcsw++;
		else
			prev->task.nvcsw++;
		if (how == LEAVE_DEAD)
			truth_end(prev, now);
		else
			truth_leave(prev, preempt || !task_state ? SCOPE_RUNQ : SCOPE_OFF,
				    place_of(prev), left);
	}
	if (next != kernel.idle[cpu])
		truth_move(next, SCOPE_ON, now);
	sched__switch(kstack_lay(prev), preempt, &prev->task, &next->task);
	if (prev->truth && prev->truth->state == SCOPE_RUNQ)
		queue(prev, prev->truth->since_ns);
	if (next != kernel.idle[cpu])
		count_wait(next, truth_last_wait(next));
	next->task.sched_info.last_queued = 0;
	next->task.sched_info.pcount++;
	prev->task.on_cpu = prev == kernel.idle[cpu];
	next->task.on_cpu = 1;
	kernel.current[cpu] = next;
}

void kernel_wake(__u32 cpu, struct ktask *t, bool by_interrupt)
{
	__u64 now = begin_event(cpu), interrupts_stack[1];
	struct pt_regs *own = kernel_regs(kernel.current[cpu]);

	if (want_timeline)
		sched__waking(by_interrupt ? interrupts_stack : (__u64 *)own - 1, &t->task);
	if (t->truth->state == SCOPE_OFF) {
		truth_move(t, SCOPE_RUNQ, now);
		queue(t, t->truth->since_ns);
	}
	set_state(t, 0); /* before the tracepoint since 6.x; the programs do not look */
	if (want_wakeups)
		sched__wakeup(NULL, &t->task);
}

void kernel_requeue(__u32 cpu, struct ktask *t)
{
	__u64 now = begin_event(cpu);

	assert(t->truth->state == SCOPE_RUNQ);
	if (now <= t->truth->since_ns)
		return;
	count_wait(t, now - t->truth->since_ns);
	t->task.sched_info.last_queued = now - KERNEL_CLOCK_LAG;
}

/* A thread that is not the leader takes the leader's tid and start time: de_thread(), fs/exec.c. */
void kernel_exchange_tids(struct ktask *t)
{
	struct ktask *leader = kernel_find((__u32)t->task.tgid);

	if (leader == t)
		return;
	assert(leader && leader->task.exit_state);
	t->exec_tid = (__u32)t->task.pid;
	leader->task.pid = t->task.pid;
	t->task.pid = t->task.tgid;
	t->task.start_time = leader->task.start_time;
	t->task.group_leader = leader->task.group_leader = &t->task;
	leader->task.exit_state = KERNEL_EXIT_DEAD;
}

void kernel_rename(struct ktask *t, const char *comm)
{
	memset(t->task.comm, 0, sizeof(t->task.comm));
	strncpy(t->task.comm, comm, sizeof(t->task.comm) - 1);
}

static void lose_memory(struct ktask *t)
{
	struct bpf_raw_tracepoint_args args = { { (__u64)&t->task } };

	if (t->task.mm)
		t->told_of_loss = true;
	lifecycle__lose_memory(&args);
	assert(!kernel.cpu_holds);
}

void kernel_prepare_exec(__u32 cpu)
{
	begin_event(cpu);
	lose_memory(kernel.current[cpu]);
}

void kernel_exec_memory(__u32 cpu)
{
	struct ktask *t = kernel.current[cpu];

	t->next_mm = t->mm;
	t->task.mm = &t->next_mm;
	t->memory_is_next = true;
}

void kernel_exec(__u32 cpu, const char *comm)
{
	struct ktask *t = kernel.current[cpu];
	__u64 now = begin_event(cpu);
	int old_tid;

	kernel_exchange_tids(t);
	old_tid = t->exec_tid ? (int)t->exec_tid : t->task.pid;
	if (t->exec_tid) {
		count_run(t, now);
		truth_rename(t, now);
	}
	t->exec_tid = 0;
	kernel_rename(t, comm);
	t->task.self_exec_id++;
	if (!t->memory_is_next)
		t->task.mm = &t->mm;
	t->memory_is_next = t->told_of_loss = false;
	if (match_comm || filter == SCOPE_FILTER_TID)
		t->truth->varying = true;
	lifecycle__exec(NULL, &t->task, old_tid);
	assert(!kernel.cpu_holds);
}

void kernel_exit(__u32 cpu)
{
	struct ktask *t = kernel.current[cpu];

	begin_event(cpu);
	t->task.flags |= PF_EXITING;
	t->told_of_loss = t->memory_is_next;
	if (!kernel.tells_exits_late)
		lose_memory(t);
	t->task.mm = NULL; /* exit_mm() */
	if (kernel.tells_exits_late)
		lose_memory(t);
	/* exit_notify(): a leader waits for its parent, another thread is released by itself */
	t->task.exit_state = t->task.pid == t->task.tgid ? KERNEL_EXIT_ZOMBIE : KERNEL_EXIT_DEAD;
}

void kernel_forget_places(struct ktask *t)
{
	if (t->storage)
		memset(t->storage->places, 0, sizeof(t->storage->places));
}

void kernel_reap(struct ktask *t)
{
	assert(t->task.exit_state && !t->task.on_cpu);
	free(t->storage);
	t->storage = NULL;
	t->in_use = false;
}

void kernel_attach(__u32 cpu, struct ktask *t, struct cgroup *to)
{
	begin_event(cpu);
	for (struct ktask *of = kernel.tasks; of; of = of->next) {
		if (!of->in_use || of->task.tgid != t->task.tgid)
			continue;
		of->css_set.dfl_cgrp = to;
		if (of->truth)
			of->truth->varying = true;
	}
	if (kernel.traces_attach)
		lifecycle__attach(NULL, to, "/", &t->task);
}

void kernel_tick(__u32 cpu, bool in_kernel)
{
	struct bpf_perf_event_data ctx = { .regs = { .cs = KERNEL_USER_CS } };

	if (in_kernel)
		ctx.regs.cs = KERNEL_KERNEL_CS;
	begin_event(cpu);
	oncpu__tick(&ctx);
}

/* --- the iterator ----------------------------------------------------------------------------- */

struct seq_file {
	kernel_seq_fn *write;
};

/* The iterator goes by tid, and finds no task that has been released. */
static struct ktask *next_in_order(int tid)
{
	struct ktask *found = NULL;

	for (struct ktask *t = kernel.tasks; t; t = t->next)
		if (t->in_use && t->task.exit_state != KERNEL_EXIT_DEAD && t->task.pid > tid &&
		    (!found || t->task.pid < found->task.pid))
			found = t;
	return found;
}

void kernel_tell_clock(__u32 cpu)
{
	struct ktask *current = kernel.current[cpu];

	current->task.sched_info.last_arrival = begin_event(cpu) - KERNEL_CLOCK_LAG;
	kernel.readings = 0;
	edges__clock(NULL);
}

static void iterate(__u32 cpu, int program(struct bpf_iter__task *ctx), kernel_seq_fn *write)
{
	struct seq_file seq = { write };
	struct bpf_iter_meta meta = { .seq = &seq };
	struct bpf_iter__task ctx = { .meta = &meta };

	begin_event(cpu);
	for (struct ktask *t = next_in_order(0); t; t = next_in_order(t->task.pid)) {
		ctx.task = &t->task;
		program(&ctx);
	}
	ctx.task = NULL; /* the last call of an iterator */
	program(&ctx);
}

void kernel_iterate(__u32 cpu, kernel_seq_fn *write)
{
	iterate(cpu, edges__task, write);
}

void kernel_iterate_owners(__u32 cpu, kernel_seq_fn *write)
{
	iterate(cpu, edges__owners, write);
}

long bpf_seq_write(struct seq_file *seq, const void *data, __u32 size)
{
	seq->write(data, size);
	return 0;
}
