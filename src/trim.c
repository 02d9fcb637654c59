// SPDX-License-Identifier: MIT
#include "trim.h"

#include <string.h>

#include "mem.h"

struct trim_rule {
	const char *name; /* with '*' at the end: whatever begins so */
	enum trim_kind kind;
};

/* Function names of 5.10 to the newest. The first rule that fits wins. */
static const struct trim_rule rules[] = {
	{ "bpf_overflow_handler", TRIM_TICK },
	{ "perf_event_overflow", TRIM_TICK },
	{ "__perf_event_overflow", TRIM_TICK },
	{ "perf_swevent_hrtimer", TRIM_TICK },
	{ "perf_swevent_*", TRIM_TICK },
	{ "__perf_event_account_interrupt", TRIM_TICK },

	{ "bpf_*", TRIM_TRACE },
	{ "__bpf_*", TRIM_TRACE },
	{ "__traceiter_*", TRIM_TRACE },
	{ "__do_trace_*", TRIM_TRACE },
	{ "trace_call_bpf", TRIM_TRACE },
	{ "trace_event_*", TRIM_TRACE },
	{ "perf_trace_*", TRIM_TRACE },
	{ "perf_callchain*", TRIM_TRACE },
	{ "get_perf_callchain", TRIM_TRACE },
	{ "stack_trace_*", TRIM_TRACE },
	{ "__stack_map_*", TRIM_TRACE },

	{ "__schedule", TRIM_SCHEDULER },
	{ "__schedule_loop", TRIM_SCHEDULER },
	{ "schedule", TRIM_SCHEDULER },
	{ "schedule_idle", TRIM_SCHEDULER },
	{ "schedule_preempt_disabled", TRIM_SCHEDULER },
	{ "schedule_rtlock", TRIM_SCHEDULER },
	{ "preempt_schedule*", TRIM_SCHEDULER },
	{ "__preempt_schedule*", TRIM_SCHEDULER },
	{ "dynamic_preempt_schedule*", TRIM_SCHEDULER },
	{ "__cond_resched", TRIM_SCHEDULER },
	{ "_cond_resched", TRIM_SCHEDULER },
	{ "dynamic_cond_resched", TRIM_SCHEDULER },
	{ "raw_irqentry_exit_cond_resched", TRIM_SCHEDULER },
	{ "irqentry_exit_cond_resched", TRIM_SCHEDULER },

	/* The scheduler's helpers to sleep with. A stack that the kernel takes of another task, as of
	 * those that wait when the window opens, leaves out all that lies in .sched.text
	 * (in_sched_functions() in kernel/sched/core.c); without these the same wait would be two,
	 * by when it began. Locks (mutex_lock, down_read, ...) lie there, too, and stay where they
	 * are to be had: that a wait is for a lock is worth more than that all of them read the same. */
	{ "schedule_timeout*", TRIM_SCHEDULER },
	{ "schedule_hrtimeout*", TRIM_SCHEDULER },
	{ "io_schedule*", TRIM_SCHEDULER },
	{ "do_nanosleep", TRIM_SCHEDULER },
	{ "hrtimer_nanosleep_restart", TRIM_SCHEDULER },
	{ "usleep_range*", TRIM_SCHEDULER },
	{ "yield", TRIM_SCHEDULER },
	{ "yield_to", TRIM_SCHEDULER },
	{ "bit_wait*", TRIM_SCHEDULER },
	{ "__wait_on_bit*", TRIM_SCHEDULER },
	{ "out_of_line_wait_on_bit*", TRIM_SCHEDULER },
	{ "wait_for_completion*", TRIM_SCHEDULER },
	{ "__wait_for_common", TRIM_SCHEDULER },
	/* the wait for a futex that hands on priorities: futex_lock_pi() says so */
	{ "rt_mutex_wait_proxy_lock", TRIM_SCHEDULER },
	{ "rt_mutex_slowlock_block", TRIM_SCHEDULER },
	{ "__rt_mutex_slowlock", TRIM_SCHEDULER },

	{ "__hrtimer_run_queues", TRIM_INTERRUPT },
	{ "hrtimer_interrupt", TRIM_INTERRUPT },
	{ "__sysvec_*", TRIM_INTERRUPT },
	{ "sysvec_*", TRIM_INTERRUPT },
	{ "asm_sysvec_*", TRIM_INTERRUPT },
	{ "smp_apic_timer_interrupt", TRIM_INTERRUPT },
	{ "apic_timer_interrupt", TRIM_INTERRUPT },
	{ "asm_call_sysvec_on_stack", TRIM_INTERRUPT },
	{ "asm_call_irq_on_stack", TRIM_INTERRUPT },
	{ "instr_sysvec_*", TRIM_INTERRUPT },
	{ "perf_event_nmi_handler", TRIM_INTERRUPT },
	{ "amd_pmu_handle_irq", TRIM_INTERRUPT },
	{ "x86_pmu_handle_irq", TRIM_INTERRUPT },
	{ "intel_pmu_*", TRIM_INTERRUPT },
	{ "handle_pmi_common", TRIM_INTERRUPT },
	{ "nmi_handle", TRIM_INTERRUPT },
	{ "default_do_nmi", TRIM_INTERRUPT },
	{ "exc_nmi", TRIM_INTERRUPT },
	{ "asm_exc_nmi", TRIM_INTERRUPT },
	{ "end_repeat_nmi", TRIM_INTERRUPT },
};

static bool rule_fits(const char *rule, const char *function)
{
	size_t length = strlen(rule);

	if (rule[length - 1] == '*')
		return strncmp(rule, function, length - 1) == 0;
	return strncmp(rule, function, length) == 0 &&
	       (function[length] == '\0' || function[length] == '.');
}

enum trim_kind trim_kind_of(const char *function)
{
	if (!function)
		return TRIM_NAMELESS;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_fits(rules[i].name, function))
			return rules[i].kind;
	return TRIM_NOT;
}

/* The end of the run of `kind` that begins at `from`; nameless frames within it belong to it. */
static size_t skip_run(enum trim_kind kind, const enum trim_kind *kinds, size_t count, size_t from)
{
	size_t end = from;

	for (size_t i = from; i < count; i++) {
		if (kinds[i] == TRIM_NAMELESS)
			continue;
		if (kinds[i] != kind)
			break;
		end = i + 1;
	}
	return end;
}

/*
 * A scheduler's frame above another function (a page fault that slept in the middle of the
 * scheduler's business) stays: only the run at the leaf goes. A thread that sleeps in bpf(2) has
 * bpf_*() on the far side of the scheduler, so the run of trace frames ends where that begins.
 */
size_t trim_kernel_stack(bool on_cpu, const enum trim_kind *kinds, size_t count)
{
	size_t trace = skip_run(TRIM_TRACE, kinds, count, 0), tick;

	if (!on_cpu)
		return skip_run(TRIM_SCHEDULER, kinds, count, trace);
	tick = skip_run(TRIM_TICK, kinds, count, trace);
	if (tick == trace)
		return 0; /* no handler of ours: an interrupt that was itself what ran */
	return skip_run(TRIM_INTERRUPT, kinds, count, tick);
}
