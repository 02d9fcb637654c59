// SPDX-License-Identifier: MIT
/* events.c - lines that begin with an instant: what happens in the fake kernel. */
#include "timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "programs.h"
#include "report.h"
#include "sink.h"
#include "stack.bpf.h"
#include "truth.h"

static struct ktask *take_task(struct words *w, __u32 cpu)
{
	const char *word = words_take(w), *slash = strchr(word, '/');
	struct ktask *t;

	if (!strcmp(word, "idle"))
		return kernel.idle[cpu];
	t = kernel_find(parse_number(slash ? slash + 1 : word));
	if (!t)
		give_up("no such thread: %s", word);
	return t;
}

/* switch 101 -> 102 blocked S | preempted [S] | runnable | dead;  switch idle -> 102 */
static void do_switch(struct words *w, __u32 cpu)
{
	struct ktask *prev = take_task(w, cpu), *next;
	enum kernel_leave how = LEAVE_BLOCKED;
	__u32 state = 0;

	if (prev != kernel.current[cpu])
		give_up("%d does not run on cpu%u", prev->task.pid, cpu);
	if (!words_is(w, "->"))
		give_up("switch A -> B");
	next = take_task(w, cpu);
	if (words_is(w, "preempted")) {
		how = LEAVE_PREEMPTED;
		if (!words_end(w))
			state = parse_task_state(words_take(w));
	} else if (words_is(w, "blocked")) {
		state = parse_task_state(words_take(w));
	} else if (words_is(w, "dead")) {
		how = LEAVE_DEAD;
		state = parse_task_state("X");
	} else if (prev != kernel.idle[cpu] && !words_is(w, "runnable")) {
		give_up("%d: blocked S, preempted, runnable or dead", prev->task.pid);
	}
	if (next != kernel.idle[cpu] && next->truth->state != SCOPE_RUNQ)
		give_up("%d cannot run: it does not wait for a CPU", next->task.pid);
	kernel_switch(cpu, next, how, state);
}

/* wakeup 101 [interrupt] */
static void do_wakeup(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	kernel_wake(cpu, t, words_is(w, "interrupt"));
}

/* fork 200: a process; fork 102 thread */
static void do_fork(struct words *w, __u32 cpu)
{
	__u32 tid = parse_number(words_take(w));

	kernel_fork(cpu, tid,
		    words_is(w, "thread") ? (__u32)kernel.current[cpu]->task.tgid : tid);
}

static void do_wakeup_new(struct words *w, __u32 cpu)
{
	kernel_wake_new(cpu, take_task(w, cpu));
}

/* requeue 101: while it waits, to the queue of another CPU */
static void do_requeue(struct words *w, __u32 cpu)
{
	kernel_requeue(cpu, take_task(w, cpu));
}

/* exchange: execve takes the leader's tid, some time before the tracepoint of `exec` */
static void do_exchange(struct words *w, __u32 cpu)
{
	(void)w;
	kernel_exchange_tids(kernel.current[cpu]);
}

static void do_prepare_exec(struct words *w, __u32 cpu)
{
	(void)w;
	kernel_prepare_exec(cpu);
}

static void do_exec_memory(struct words *w, __u32 cpu)
{
	(void)w;
	kernel_exec_memory(cpu);
}

static void do_exec(struct words *w, __u32 cpu)
{
	kernel_exec(cpu, words_take(w));
}

/* rename wanted: prctl(PR_SET_NAME), of the running thread */
static void do_rename(struct words *w, __u32 cpu)
{
	kernel_rename(kernel.current[cpu], words_take(w));
}

static void do_exit(struct words *w, __u32 cpu)
{
	(void)w;
	kernel_exit(cpu);
}

static void do_reap(struct words *w, __u32 cpu)
{
	kernel_reap(take_task(w, cpu));
}

static void do_attach(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	kernel_attach(cpu, t, kernel_cgroup(parse_number(words_take(w)), 1));
}

static void do_tick(struct words *w, __u32 cpu)
{
	kernel_tick(cpu, words_is(w, "kernel"));
}

/* arm [from T+1us]: the window begins there, or now; the iterator runs */
static void do_arm(struct words *w, __u32 cpu)
{
	window_start_ns = words_is(w, "from") ? parse_instant(words_take(w)) : kernel.now_ns;
	sink_see(cpu);
}

/* tell: the iterator before the window tells of address spaces, and user space answers */
static void do_tell(struct words *w, __u32 cpu)
{
	(void)w;
	sink_ask(cpu);
}

static void do_stop(struct words *w, __u32 cpu)
{
	(void)cpu;
	window_end_ns = words_is(w, "at") ? parse_instant(words_take(w)) : kernel.now_ns;
}

static void do_collect(struct words *w, __u32 cpu)
{
	(void)w;
	sink_collect(cpu);
}

static void do_drain(struct words *w, __u32 cpu)
{
	(void)cpu;
	if (words_is(w, "rings"))
		sink_take_rings();
	else
		sink_drain();
}

static void do_fill(struct words *w, __u32 cpu)
{
	(void)cpu;
	if (words_is(w, "sums"))
		map_fill(sink.sum_tables[sink.drains & 1]);
	else if (words_is(w, "ticks"))
		map_fill(sink.tick_tables[sink.drains & 1]);
	else if (words_is(w, "stack-ring"))
		ring_fill(&stack_ring);
	else if (words_is(w, "thread-ring"))
		ring_fill(&thread_ring);
	else if (words_is(w, "timeline-ring"))
		ring_fill(&timeline_ring);
	else if (words_is(w, "accounts"))
		map_fill(map_at(&hash_accounts));
	else if (words_is(w, "joins"))
		map_fill(map_at(&join_times));
	else
		give_up("fill what?");
}

static void do_storage(struct words *w, __u32 cpu)
{
	(void)cpu;
	if (words_is(w, "busy"))
		kernel.storage = STORAGE_BUSY;
	else if (words_is(w, "no-room"))
		kernel.storage = STORAGE_NO_ROOM;
	else if (words_is(w, "works"))
		kernel.storage = STORAGE_WORKS;
	else
		give_up("storage busy, no-room or works");
}

static void do_clock(struct words *w, __u32 cpu)
{
	kernel.skew_ns[cpu] = parse_time(words_take(w));
}

/* stack 101 user main;read | kernel schedule | user unreadable */
static void do_stack(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	enum scope_stack_kind kind = words_is(w, "user") ? SCOPE_STACK_USER : SCOPE_STACK_KERNEL;
	struct stack_plan plan = { .error = -EFAULT };

	if (kind == SCOPE_STACK_KERNEL && !words_is(w, "kernel"))
		give_up("stack TID user or kernel");
	if (!words_is(w, "unreadable"))
		parse_stack(words_take(w), kind, &plan);
	kernel_set_stack(t, kind, &plan);
}

/* borrow-memory 102: kthread_use_mm() */
static void do_borrow_memory(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	t->task.mm = &t->mm;
}

/* deep-stack 101: as many frames as there may be, in both modes */
static void do_deep_stack(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	/* one frame more, for whoever does not stop in time */
	struct stack_plan plan = { .count = user_frames_max + 1 };

	for (__u32 i = 0; i < plan.count; i++)
		plan.ips[i] = CODE_BASE(1) + CODE_BYTES / 2 + i * 16 % 0x100;
	kernel_set_stack(t, SCOPE_STACK_USER, &plan);
	plan.count = SCOPE_KERNEL_FRAMES + 1;
	kernel_set_stack(t, SCOPE_STACK_KERNEL, &plan);
}

/* break-stack 101: the first saved frame pointer points to itself */
static void do_break_stack(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	__u64 bp = kernel_regs(t)->bp;

	t->user_memory[(bp - KERNEL_USER_STACK) / 8] = bp;
}

/* An address: a function's or, "sp+24", of the thread's stack. */
static __u64 take_address(struct words *w, struct ktask *t)
{
	const char *word = words_take(w);
	struct stack_plan plan;

	if (!strncmp(word, "sp", 2))
		return kernel_regs(t)->sp + (__u64)strtoll(word + 2, NULL, 10);
	if (!strcmp(word, "0"))
		return 0;
	parse_stack(word, SCOPE_STACK_USER, &plan);
	return plan.ips[0];
}

/* poke 101 sp+24 read | sp-8 | 0: what is in a slot of its stack */
static void do_poke(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	__u64 at = (take_address(w, t) - KERNEL_USER_STACK) / 8;

	if (at >= KERNEL_USER_BYTES / 8)
		give_up("not on its stack");
	t->user_memory[at] = take_address(w, t);
}

/* point 101 sp+64: where its frame pointer points to */
static void do_point(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	kernel_regs(t)->bp = take_address(w, t);
}

/* unreadable 101 sp+4096: the page of its stack that this lies in */
static void do_unreadable(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	__u64 page = (take_address(w, t) - KERNEL_USER_STACK) / 4096;

	t->bad_pages |= 1u << page % 32;
}

/* code 101 away | back: whether its code can be read */
static void do_code(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	t->is_code_away = words_is(w, "away");
	if (!t->is_code_away && !words_is(w, "back"))
		give_up("code TID away or back");
}

/* damage read element | first | count | rule 70000: what the table says of a function */
static void do_damage(struct words *w, __u32 cpu)
{
	__u64 address = parse_function(words_take(w), 1);
	enum code_damage what = DAMAGE_RULE;

	(void)cpu;
	if (words_is(w, "element"))
		what = DAMAGE_ELEMENT;
	else if (words_is(w, "first"))
		what = DAMAGE_FIRST;
	else if (words_is(w, "count"))
		what = DAMAGE_COUNT;
	else if (!words_is(w, "rule"))
		give_up("damage NAME element, first, count or rule N");
	code_damage(address, what, parse_number(words_take(w)));
}

/* land 2: the table of an image is there, and the image is mapped */
static void do_land(struct words *w, __u32 cpu)
{
	(void)cpu;
	code_set_state(parse_number(words_take(w)), CODE_KNOWN);
}

static void ship(void *context, const void *key, const void *value)
{
	struct scope_unwind_space space = *(const struct scope_unwind_space *)value;

	space.raws = *(const __u32 *)context;
	bpf_map_update_elem(&unwind_spaces, key, &space, BPF_EXIST);
}

/* shipped 1023: so many stacks were shipped whole, of every address space */
static void do_shipped(struct words *w, __u32 cpu)
{
	__u32 raws = parse_number(words_take(w));

	(void)cpu;
	map_each(map_at(&unwind_spaces), ship, &raws);
}

/* add 200: user space has found that this one is a member */
static void do_add(struct words *w, __u32 cpu)
{
	(void)cpu;
	lifecycle__add(&(struct bpf_raw_tracepoint_args){ { parse_number(words_take(w)) } });
}

/* bind: user space answers for all address spaces, from here on */
static void do_bind(struct words *w, __u32 cpu)
{
	(void)w;
	(void)cpu;
	code_set_binding(true);
	code_bind_all();
}

/* regs 101 syscall 7 | compat 7 | fault */
static void do_regs(struct words *w, __u32 cpu)
{
	struct pt_regs *regs = kernel_regs(take_task(w, cpu));

	regs->cs = words_is(w, "compat") ? KERNEL_USER32_CS : KERNEL_USER_CS;
	if (words_is(w, "fault"))
		regs->orig_ax = (unsigned long)-1;
	else if (regs->cs == KERNEL_USER32_CS || words_is(w, "syscall"))
		regs->orig_ax = parse_number(words_take(w));
	else
		give_up("regs TID syscall N, compat N or fault");
}

static void do_iowait(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	t->task.in_iowait = !words_is(w, "off");
}

static __u32 meanwhile_cpu;

/* The iterator of the stop comes when the window has closed: the walk lasts that long. */
static void collect_meanwhile(void)
{
	if (kernel.now_ns < window_end_ns)
		kernel.now_ns = window_end_ns;
	sink_collect(meanwhile_cpu);
}

/* in-next-stack collect: on this CPU, while another one walks a stack */
static void do_in_next_stack(struct words *w, __u32 cpu)
{
	if (!words_is(w, "collect"))
		give_up("in-next-stack collect");
	meanwhile_cpu = cpu;
	kernel.in_stack = collect_meanwhile;
}

/* in-next-opening collect: while another one opens an account (with cpus-listed: it asks where) */
static void do_in_next_opening(struct words *w, __u32 cpu)
{
	if (!words_is(w, "collect") || !restrict_cpus)
		give_up("cpus-listed, and in-next-opening collect");
	meanwhile_cpu = cpu;
	kernel.in_opening = collect_meanwhile;
}

/* forget: the filter of sent stacks holds other ids now, as after a collision */
static void do_forget(struct words *w, __u32 cpu)
{
	(void)w;
	(void)cpu;
	for (size_t i = 0; i < STACK_SENT_SIZE; i++)
		stack_sent[i] ^= 1ull << 63;
}

/* count 101 +6us [disputed]: the scheduler counts so much more than lies between the switches */
static void do_count(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	__s64 more_ns = parse_time(words_take(w));

	if (!words_is(w, "disputed")) {
		truth_move_border(t, more_ns);
		return;
	}
	t->task.se.sum_exec_runtime += (__u64)more_ns;
	t->truth->varying = true;
}

/* thin 5: the step that user space sets */
static void do_thin(struct words *w, __u32 cpu)
{
	(void)cpu;
	thin_step = parse_number(words_take(w));
}

/* take 1us: so long each event takes, from its first reading of the clock to the next */
static void do_take(struct words *w, __u32 cpu)
{
	(void)cpu;
	kernel.read_ns = (__u64)parse_time(words_take(w));
}

static const struct {
	const char *name;
	void (*act)(struct words *w, __u32 cpu);
} events[] = {
	{ "add", do_add },
	{ "arm", do_arm },
	{ "attach", do_attach },
	{ "bind", do_bind },
	{ "borrow-memory", do_borrow_memory },
	{ "break-stack", do_break_stack },
	{ "clock", do_clock },
	{ "collect", do_collect },
	{ "count", do_count },
	{ "damage", do_damage },
	{ "deep-stack", do_deep_stack },
	{ "drain", do_drain },
	{ "exchange", do_exchange },
	{ "exec", do_exec },
	{ "exec-memory", do_exec_memory },
	{ "exit", do_exit },
	{ "fill", do_fill },
	{ "forget", do_forget },
	{ "fork", do_fork },
	{ "in-next-opening", do_in_next_opening },
	{ "in-next-stack", do_in_next_stack },
	{ "iowait", do_iowait },
	{ "land", do_land },
	{ "point", do_point },
	{ "poke", do_poke },
	{ "prepare-exec", do_prepare_exec },
	{ "reap", do_reap },
	{ "regs", do_regs },
	{ "rename", do_rename },
	{ "requeue", do_requeue },
	{ "shipped", do_shipped },
	{ "stack", do_stack },
	{ "stop", do_stop },
	{ "storage", do_storage },
	{ "switch", do_switch },
	{ "take", do_take },
	{ "tell", do_tell },
	{ "thin", do_thin },
	{ "tick", do_tick },
	{ "unreadable", do_unreadable },
	{ "code", do_code },
	{ "wakeup", do_wakeup },
	{ "wakeup-new", do_wakeup_new },
};

void events_take(struct words *w)
{
	__u64 at = parse_instant(words_take(w));
	const char *name;
	__u32 cpu = 0;

	if (at < kernel.now_ns)
		give_up("time runs backwards");
	kernel.now_ns = at;
	kernel.readings = 0;
	name = words_take(w);
	if (!strncmp(name, "cpu", 3)) {
		cpu = parse_cpu(name);
		name = words_take(w);
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strcmp(events[i].name, name))
			continue;
		events[i].act(w, cpu);
		return;
	}
	give_up("not an event: %s", name);
}
