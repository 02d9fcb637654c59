// SPDX-License-Identifier: MIT
#include "timeline.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"
#include "report.h"
#include "scope_iter.h"
#include "sink.h"
#include "stack.bpf.h"

struct iter_scratch_map;
extern struct iter_scratch_map iter_scratch; /* declared in bpf/edges.bpf.c alone */

static struct {
	size_t sum_entries, tick_entries;
	bool begun, stopped, collected;
	__u32 meanwhile_cpu;
} run = { .sum_entries = 4096, .tick_entries = 1024 };

#define SET(constant, value)                                                                       \
	kernel_set_constant(&(constant), &(__typeof__(constant)){ value }, sizeof(constant))

/* --- the maps, as the programs declare them -------------------------------------------------------- */

#define ADD_ARRAY(map)                                                                             \
	map_add(&(map), MAP_NUMBER(map, type), sizeof(*(map).key), sizeof(*(map).value),           \
		MAP_NUMBER(map, max_entries))

static void add_maps(void)
{
	ADD_ARRAY(hash_accounts);
	ADD_ARRAY(losses);
	ADD_ARRAY(lost_threads);
	ADD_ARRAY(join_times);
	ADD_ARRAY(stack_scratch);
	map_add(&members, MAP_NUMBER(members, type), MAP_NUMBER(members, key_size),
		MAP_NUMBER(members, value_size), MAP_NUMBER(members, max_entries));
	map_add(&sum_tables, MAP_NUMBER(sum_tables, type), 4, 4, 1);
	map_add(&tick_tables, MAP_NUMBER(tick_tables, type), 4, 4, 1);
	map_add(&stack_ring, MAP_NUMBER(stack_ring, type), 0, 0, 1 << 20);
	map_add(&thread_ring, MAP_NUMBER(thread_ring, type), 0, 0, 1 << 20);
	map_add(&iter_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 4,
		sizeof(struct scope_iter_task) + SCOPE_MAX_FRAMES * 8, 1);
}

/* --- lines before the first event -------------------------------------------------------------------- */

static void set_filter(struct words *w)
{
	__u32 kind = words_is(w, "all") ? FILTER_ALL : words_is(w, "tgid") ? FILTER_TGID : FILTER_TID;

	if (kind == FILTER_TID && !words_is(w, "tid"))
		give_up("filter all, tgid or tid");
	SET(filter, kind);
	kernel.traces_fork = kind != FILTER_ALL;
}

static void set_member_ids(struct words *w)
{
	while (!words_end(w)) {
		__u32 id = parse_number(words_take(w));

		*((__u8 *)map_element(&members, id / MEMBER_PAGE, 0) + id % MEMBER_PAGE) = 1;
	}
}

static void set_follow(struct words *w)
{
	(void)w;
	SET(follow_children, true);
}

static void set_match_comm(struct words *w)
{
	char comm[SCOPE_COMM_LEN] = "";

	SET(match_comm, true);
	strncpy(comm, words_take(w), sizeof(comm) - 1);
	kernel_set_constant(comm_wanted, comm, sizeof(comm));
}

/* cgroup 7 [in 3] [wanted] */
static void set_cgroup(struct words *w)
{
	__u32 id = parse_number(words_take(w)), parent = 1;

	if (words_is(w, "in"))
		parent = parse_number(words_take(w));
	kernel_cgroup(id, parent);
	if (words_is(w, "wanted")) {
		SET(cgroup_wanted, id);
		kernel.traces_attach = true;
	}
}

static void set_min_block(struct words *w)
{
	SET(min_block_ns, (__u64)parse_time(words_take(w)));
}

static void set_without(struct words *w)
{
	if (words_is(w, "user-stacks"))
		SET(want_user_stacks, false);
	else if (words_is(w, "kernel-stacks"))
		SET(want_kernel_stacks, false);
	else if (words_is(w, "user-threads"))
		SET(want_user_threads, false);
	else if (words_is(w, "kernel-threads"))
		SET(want_kernel_threads, false);
	else if (words_is(w, "task-storage"))
		SET(have_task_storage, false);
	else if (words_is(w, "task-pt-regs"))
		SET(have_task_pt_regs, false);
	else
		give_up("without what?");
}

static void set_cpus(struct words *w)
{
	SET(restrict_cpus, true);
	while (!words_end(w))
		cpu_listed[parse_cpu(words_take(w))] = 1;
}

/* known-bug WHAT...: the case is skipped as long as it fails, and fails once it would pass */
static void set_known_bug(struct words *w)
{
	char text[256] = "";

	while (!words_end(w)) {
		strncat(text, words_take(w), sizeof(text) - strlen(text) - 2);
		strcat(text, " ");
	}
	report_known_bug(text);
}

static void set_old_state(struct words *w)
{
	(void)w;
	kernel.has_old_state = true;
	shadow_has_new_state = false;
}

static void set_room(struct words *w)
{
	const char *of = words_take(w);
	__u32 n = parse_number(words_take(w));

	if (!strcmp(of, "sums")) {
		run.sum_entries = n;
		SET(table_entries, n);
	} else if (!strcmp(of, "ticks")) {
		run.tick_entries = n;
	} else if (!strcmp(of, "stack-ring")) {
		map_resize(&stack_ring, n);
	} else if (!strcmp(of, "thread-ring")) {
		map_resize(&thread_ring, n);
	} else if (!strcmp(of, "accounts")) {
		map_resize(&hash_accounts, n);
	} else if (!strcmp(of, "joins")) {
		map_resize(&join_times, n);
	} else {
		give_up("room for what?");
	}
}

/* thread 101 [of 100] [comm work] [started T+1us] [kernel] [cgroup 7] on cpu0 | runq | blocked S */
static void add_thread(struct words *w)
{
	__u32 tid = parse_number(words_take(w)), pid = tid;
	__u64 started = KERNEL_TIME_0 / 2 + tid * 1000ull;
	const char *comm = "work";
	struct ktask *t;

	if (words_is(w, "of"))
		pid = parse_number(words_take(w));
	if (words_is(w, "comm"))
		comm = words_take(w);
	if (words_is(w, "started"))
		started = parse_instant(words_take(w));
	t = kernel_add_task(tid, pid, comm, started);
	if (words_is(w, "kernel")) {
		t->task.flags |= PF_KTHREAD;
		t->task.mm = NULL;
	}
	if (words_is(w, "cgroup"))
		t->css_set.dfl_cgrp = kernel_cgroup(parse_number(words_take(w)), 1);
	if (words_is(w, "on"))
		kernel_start_in(t, SCOPE_ON, 0, (int)parse_cpu(words_take(w)));
	else if (words_is(w, "runq"))
		kernel_start_in(t, SCOPE_RUNQ, 0, -1);
	else if (words_is(w, "blocked"))
		kernel_start_in(t, SCOPE_OFF, parse_task_state(words_take(w)), -1);
	else if (words_is(w, "zombie"))
		kernel_start_zombie(t);
	else
		give_up("thread %u: on cpuN, runq, blocked S or zombie", tid);
}

/* --- events -------------------------------------------------------------------------------------------- */

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

static void do_wakeup(struct words *w, __u32 cpu)
{
	kernel_wake(cpu, take_task(w, cpu));
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

static void do_exec(struct words *w, __u32 cpu)
{
	kernel_exec(cpu, words_take(w));
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

static void do_stop(struct words *w, __u32 cpu)
{
	(void)cpu;
	window_end_ns = words_is(w, "at") ? parse_instant(words_take(w)) : kernel.now_ns;
	run.stopped = true;
}

static void do_collect(struct words *w, __u32 cpu)
{
	(void)w;
	sink_collect(cpu);
	run.collected = true;
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

/* deep-stack 101: as many frames as there may be, in both modes */
static void do_deep_stack(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);
	struct stack_plan plan = { .count = SCOPE_MAX_FRAMES };

	for (__u32 i = 0; i < plan.count; i++)
		plan.ips[i] = 0x500000 + i * 16;
	kernel_set_stack(t, SCOPE_STACK_USER, &plan);
	/* one frame more, for whoever does not stop in time */
	t->user_memory[2 * SCOPE_MAX_FRAMES - 4] = KERNEL_USER_STACK + 16 * (SCOPE_MAX_FRAMES - 1);
	t->user_memory[2 * SCOPE_MAX_FRAMES - 1] = 0x600000;
	kernel_set_stack(t, SCOPE_STACK_KERNEL, &plan);
}

/* break-stack 101: the second saved frame pointer points back to where the walk began */
static void do_break_stack(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	t->user_memory[0] = KERNEL_USER_STACK;
}

/* regs 101 syscall 7 | compat 7 | fault */
static void do_regs(struct words *w, __u32 cpu)
{
	struct pt_regs *regs = kernel_regs(take_task(w, cpu));

	regs->cs = words_is(w, "compat") ? 0x23 : 0x33;
	if (words_is(w, "fault"))
		regs->orig_ax = (unsigned long)-1;
	else if (regs->cs == 0x23 || words_is(w, "syscall"))
		regs->orig_ax = parse_number(words_take(w));
	else
		give_up("regs TID syscall N, compat N or fault");
}

static void do_iowait(struct words *w, __u32 cpu)
{
	struct ktask *t = take_task(w, cpu);

	t->task.in_iowait = !words_is(w, "off");
}

static void collect_meanwhile(void)
{
	sink_collect(run.meanwhile_cpu);
	run.collected = true;
}

/* in-next-stack collect: on this CPU, while another one walks a stack */
static void do_in_next_stack(struct words *w, __u32 cpu)
{
	if (!words_is(w, "collect"))
		give_up("in-next-stack collect");
	run.meanwhile_cpu = cpu;
	kernel.in_stack = collect_meanwhile;
}

/* forget: the filter of sent stacks holds other ids now, as after a collision */
static void do_forget(struct words *w, __u32 cpu)
{
	(void)w;
	(void)cpu;
	for (size_t i = 0; i < STACK_SENT_SIZE; i++)
		stack_sent[i] ^= 1ull << 63;
}

/* --- the lines ------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*set)(struct words *w);
} settings[] = {
	{ "cgroup", set_cgroup },	  { "cpus-listed", set_cpus },
	{ "filter", set_filter },	  { "follow-children", set_follow },
	{ "known-bug", set_known_bug },
	{ "match-comm", set_match_comm }, { "member", set_member_ids },
	{ "min-block", set_min_block },	  { "old-state", set_old_state },
	{ "room", set_room },		  { "thread", add_thread },
	{ "without", set_without },
};

static const struct {
	const char *name;
	void (*act)(struct words *w, __u32 cpu);
} events[] = {
	{ "arm", do_arm },     { "attach", do_attach },
	{ "break-stack", do_break_stack },
	{ "clock", do_clock }, { "collect", do_collect },
	{ "deep-stack", do_deep_stack },
	{ "drain", do_drain }, { "exec", do_exec },
	{ "exit", do_exit },   { "fill", do_fill },
	{ "fork", do_fork },   { "forget", do_forget },
	{ "in-next-stack", do_in_next_stack },
	{ "iowait", do_iowait }, { "reap", do_reap },
	{ "regs", do_regs },   { "stack", do_stack },
	{ "stop", do_stop },   { "storage", do_storage },
	{ "switch", do_switch }, { "tick", do_tick },
	{ "wakeup", do_wakeup }, { "wakeup-new", do_wakeup_new },
};

static void begin(void)
{
	if (run.begun)
		return;
	sink_open(run.sum_entries, run.tick_entries);
	run.begun = true;
}

static void run_setting(struct words *w)
{
	const char *name = words_take(w);

	if (run.begun)
		give_up("%s after the first event", name);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].name, name))
			continue;
		settings[i].set(w);
		return;
	}
	give_up("not a setting: %s", name);
}

static void run_event(struct words *w)
{
	__u64 at = parse_instant(words_take(w));
	const char *name;
	__u32 cpu = 0;

	begin();
	if (at < kernel.now_ns)
		give_up("time runs backwards");
	kernel.now_ns = at;
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

static void run_line(char *line, int number)
{
	struct words w;

	words_split(line, &w);
	if (!w.count)
		return;
	if (!strncmp(w.at[0], "expect", 6)) {
		expect_add(&w, number);
		return;
	}
	if (!strncmp(w.at[0], "T+", 2)) {
		run_event(&w);
	} else if (words_is(&w, "fuzz")) {
		begin();
		fuzz_run(&w);
		run.stopped = true;
	} else {
		run_setting(&w);
	}
	if (!words_end(&w))
		give_up("a word too many: %s", w.at[w.next]);
}

void timeline_run(const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file)
		give_up("cannot open it: %s", strerror(errno));
	add_maps();
	kernel_boot();
	for (int number = 1; getline(&line, &room, file) >= 0; number++) {
		report_line(number);
		run_line(line, number);
	}
	report_line(0);
	free(line);
	fclose(file);
	if (!run.stopped)
		give_up("it never stops");
	if (kernel.now_ns < window_end_ns)
		kernel.now_ns = window_end_ns;
	if (!run.collected)
		sink_collect(0);
	sink_close();
	oracle_check();
	expect_check();
}
