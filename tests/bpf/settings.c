// SPDX-License-Identifier: MIT
/* settings.c - lines before the first event: what user space sets, and who is there. */
#include "timeline.h"

#include <string.h>

#include "code.h"
#include "programs.h"
#include "report.h"
#include "sink.h"
#include "stack.bpf.h"

#define SET(constant, value)                                                                       \
	kernel_set_constant(&(constant), &(__typeof__(constant)){ value }, sizeof(constant))

static void set_filter(struct words *w)
{
	__u32 kind = SCOPE_FILTER_ALL;

	if (words_is(w, "tgid"))
		kind = SCOPE_FILTER_TGID;
	else if (words_is(w, "tid"))
		kind = SCOPE_FILTER_TID;
	else if (!words_is(w, "all"))
		give_up("filter all, tgid or tid");
	SET(filter, kind);
	kernel.traces_fork = kind != SCOPE_FILTER_ALL;
}

static void set_member_ids(struct words *w)
{
	while (!words_end(w)) {
		__u32 id = parse_number(words_take(w));

		lifecycle__add(&(struct bpf_raw_tracepoint_args){ { id } });
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
	SET(want_wakeups, true); /* as src/object.c does */
	SET(min_block_ns, (__u64)parse_time(words_take(w)));
}

/* thinning [yes no ...]: with --max-overhead; what the next draws say, and after those chance */
static void set_thinning(struct words *w)
{
	size_t n = 0;

	SET(want_thinning, true);
	while (!words_end(w)) {
		if (n + 1 == sizeof(kernel.draws))
			give_up("too many draws");
		kernel.draws[n++] = words_is(w, "yes") ? 1 : -1;
		if (kernel.draws[n - 1] < 0 && !words_is(w, "no"))
			give_up("yes or no");
	}
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
	else if (words_is(w, "cast"))
		SET(word_type, 0);
	else if (words_is(w, "waits"))
		SET(want_waits, false);
	else if (words_is(w, "unwind"))
		SET(have_unwind, false);
	else
		give_up("without what?");
}

static void set_cpus(struct words *w)
{
	SET(want_wakeups, true);
	SET(restrict_cpus, true);
	while (!words_end(w))
		cpu_listed[parse_cpu(words_take(w))] = 1;
}

/*
 * wakeups always: they are traced, also where the scheduler's counts would do; never: they are not, nor is
 * there a timeline, which would want them
 */
static void set_wakeups(struct words *w)
{
	if (words_is(w, "always")) {
		SET(want_wakeups, true);
	} else if (words_is(w, "never")) {
		SET(want_wakeups, false);
		SET(want_timeline, false);
	} else {
		give_up("wakeups always or never");
	}
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

static void set_late_exits(struct words *w)
{
	(void)w;
	kernel.tells_exits_late = true;
}

static void set_old_state(struct words *w)
{
	(void)w;
	SET(want_wakeups, true); /* nor does it count waits */
	kernel.has_old_state = true;
	shadow_has_new_state = false;
}

static void set_room(struct words *w)
{
	const char *of = words_take(w);
	__u32 n = parse_number(words_take(w));

	if (!strcmp(of, "sums")) {
		SET(table_entries, n);
		map_resize(sink.sum_tables[0], n);
		map_resize(sink.sum_tables[1], n);
	} else if (!strcmp(of, "ticks")) {
		map_resize(sink.tick_tables[0], n);
		map_resize(sink.tick_tables[1], n);
	} else if (!strcmp(of, "stack-ring")) {
		map_resize(&stack_ring, n);
	} else if (!strcmp(of, "thread-ring")) {
		map_resize(&thread_ring, n);
	} else if (!strcmp(of, "timeline-ring")) {
		map_resize(&timeline_ring, n);
	} else if (!strcmp(of, "accounts")) {
		map_resize(&hash_accounts, n);
	} else if (!strcmp(of, "joins")) {
		map_resize(&join_times, n);
	} else if (!strcmp(of, "spaces")) {
		map_resize(&unwind_spaces, n);
	} else {
		give_up("room for what?");
	}
}

static void set_frames_max(struct words *w)
{
	SET(user_frames_max, parse_number(words_take(w)));
}

/* function read [in 2] sp+24 bp@cfa-16 */
static void set_function(struct words *w)
{
	const char *name = words_take(w);
	__u32 image = words_is(w, "in") ? parse_number(words_take(w)) : 1;
	struct scope_unwind_rule rule = parse_rule(w);

	code_add(parse_function(name, image), image, &rule);
}

static void set_pending(struct words *w)
{
	code_set_state(parse_number(words_take(w)), CODE_PENDING);
}

static void set_unmapped(struct words *w)
{
	code_set_state(parse_number(words_take(w)), CODE_UNMAPPED);
}

/* unbound: nobody answers for address spaces until `bind` */
static void set_unbound(struct words *w)
{
	(void)w;
	code_set_binding(false);
}

/* thread 101 [of 100] [comm work] [started T+1us] [kernel | io-worker | user-worker] [cgroup 7]
 * on cpu0 | runq | blocked S */
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
	if (words_is(w, "io-worker"))
		kernel_make_worker(t, PF_IO_WORKER);
	if (words_is(w, "user-worker"))
		kernel_make_worker(t, PF_USER_WORKER);
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

static const struct {
	const char *name;
	void (*set)(struct words *w);
} settings[] = {
	{ "cgroup", set_cgroup },	  { "cpus-listed", set_cpus },
	{ "filter", set_filter },	  { "follow-children", set_follow },
	{ "frames-max", set_frames_max }, { "function", set_function },
	{ "known-bug", set_known_bug },	  { "late-exits", set_late_exits },
	{ "match-comm", set_match_comm }, { "member", set_member_ids },
	{ "min-block", set_min_block },	  { "old-state", set_old_state },
	{ "pending", set_pending },	  { "room", set_room },
	{ "thinning", set_thinning },	  { "thread", add_thread },
	{ "unbound", set_unbound },	  { "unmapped", set_unmapped },
	{ "wakeups", set_wakeups },	  { "without", set_without },
};

void settings_take(struct words *w)
{
	const char *name = words_take(w);

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].name, name))
			continue;
		settings[i].set(w);
		return;
	}
	give_up("not a setting: %s", name);
}
