// SPDX-License-Identifier: MIT
#include "trim.h"

#include "check.h"
#include "mem.h"

/* The stack that is left, leaf first: joined by commas. */
static const char *trimmed(bool on_cpu, const char *const *functions, size_t count)
{
	static char text[1024];
	enum trim_kind kinds[32] = { TRIM_NOT };
	size_t cut;

	for (size_t i = 0; i < count; i++)
		kinds[i] = trim_kind_of(functions[i]);
	cut = trim_kernel_stack(on_cpu, kinds, count);
	text[0] = '\0';
	for (size_t i = cut; i < count; i++) {
		if (i > cut)
			strcat(text, ",");
		strcat(text, functions[i] ? functions[i] : "?");
	}
	return text;
}

#define TRIMMED(on_cpu, ...)                                                                       \
	trimmed(on_cpu, (const char *const[]){ __VA_ARGS__ },                                      \
		ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

static void switch_out_of_6_x(void)
{
	CHECK_TEXT(TRIMMED(false, "bpf_get_stack_raw_tp", "bpf_prog_6deef7357e7b4530_sched__switch",
			   "bpf_trace_run4", "__traceiter_sched_switch", "__schedule", "schedule",
			   "futex_do_wait", "futex_wait", "do_syscall_64"),
		   "futex_do_wait,futex_wait,do_syscall_64");
	CHECK_TEXT(TRIMMED(false, "__bpf_get_stack", "bpf_get_stack",
			   "bpf_prog_6deef7357e7b4530_sched__switch", "bpf_trace_run4", "__schedule",
			   "schedule_preempt_disabled", "rwsem_down_read_slowpath"),
		   "rwsem_down_read_slowpath");
}

static void switch_out_of_5_10(void)
{
	CHECK_TEXT(TRIMMED(false, "bpf_prog_6deef7357e7b4530_sched__switch", "bpf_trace_run3",
			   "__bpf_trace_sched_switch", "__traceiter_sched_switch", "__schedule",
			   "schedule", "schedule_hrtimeout_range_clock", "ep_poll"),
		   "ep_poll");
}

static void of_another_task(void)
{
	CHECK_TEXT(TRIMMED(false, "hrtimer_nanosleep", "__x64_sys_nanosleep"),
		   "hrtimer_nanosleep,__x64_sys_nanosleep");
	/* kernels on which these are not the scheduler's have them in either kind of stack */
	CHECK_TEXT(TRIMMED(false, "do_nanosleep", "hrtimer_nanosleep"), "hrtimer_nanosleep");
}

/* What is left reads like a stack that the kernel took of another task. */
static void sleeping_helpers(void)
{
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule", "do_nanosleep", "hrtimer_nanosleep"),
		   "hrtimer_nanosleep");
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule", "schedule_timeout",
			   "unix_stream_read_generic"),
		   "unix_stream_read_generic");
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule", "io_schedule", "bit_wait_io",
			   "__wait_on_bit", "out_of_line_wait_on_bit", "__wait_on_buffer"),
		   "__wait_on_buffer");
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule", "schedule_timeout", "__wait_for_common",
			   "wait_for_completion_state", "kernel_clone"),
		   "kernel_clone");
	/* that it is a lock is worth a frame */
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule_preempt_disabled",
			   "__mutex_lock.constprop.0", "pipe_read"),
		   "__mutex_lock.constprop.0,pipe_read");
}

static void preempted(void)
{
	CHECK_TEXT(TRIMMED(false, "__schedule", "preempt_schedule_irq", "irqentry_exit",
			   "asm_sysvec_reschedule_ipi", "clear_page_erms"),
		   "irqentry_exit,asm_sysvec_reschedule_ipi,clear_page_erms");
	CHECK_TEXT(TRIMMED(false, "__schedule", "__cond_resched", "shrink_lruvec"),
		   "shrink_lruvec");
}

static void nameless_programs(void)
{
	CHECK_TEXT(TRIMMED(false, NULL, "bpf_trace_run4", "__traceiter_sched_switch", "__schedule",
			   "schedule", "pipe_read"),
		   "pipe_read");
	CHECK_TEXT(TRIMMED(false, NULL, NULL, NULL), "?,?,?");
	CHECK_TEXT(TRIMMED(false, "__schedule", NULL, "pipe_read"), "?,pipe_read");
}

static void compilers_copies(void)
{
	CHECK_TEXT(TRIMMED(false, "__schedule.constprop.0", "schedule", "pipe_read"), "pipe_read");
	CHECK_TEXT(TRIMMED(false, "rt_mutex_slowlock_block.constprop.0", "futex_lock_pi"),
		   "futex_lock_pi");
}

/* Frames named alike on the far side of the scheduler are the thread's own. */
static void what_waits_in_bpf_stays(void)
{
	CHECK_TEXT(TRIMMED(false, "bpf_prog_1_x", "bpf_trace_run4", "__schedule", "schedule",
			   "bpf_iter_run_prog", "bpf_seq_read", "vfs_read"),
		   "bpf_iter_run_prog,bpf_seq_read,vfs_read");
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule", "handle_mm_fault", "schedule", "x"),
		   "handle_mm_fault,schedule,x");
}

static void all_of_it(void)
{
	CHECK_TEXT(TRIMMED(false, "__schedule", "schedule_idle"), "");
	CHECK_INT(trim_kernel_stack(false, NULL, 0), 0);
	CHECK_INT(trim_kernel_stack(true, NULL, 0), 0);
}

static void ticks(void)
{
	CHECK_TEXT(TRIMMED(true, "bpf_prog_1_oncpu__tick", "bpf_overflow_handler",
			   "__perf_event_overflow", "perf_swevent_hrtimer", "__hrtimer_run_queues",
			   "hrtimer_interrupt", "__sysvec_apic_timer_interrupt",
			   "sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt",
			   "clear_page_erms", "do_anonymous_page"),
		   "clear_page_erms,do_anonymous_page");
	/* the usual: the interrupted place, at once */
	CHECK_TEXT(TRIMMED(true, "clear_page_erms", "do_anonymous_page"),
		   "clear_page_erms,do_anonymous_page");
	/* a tick that met another interrupt, or the scheduler, at work: that is where time went */
	CHECK_TEXT(TRIMMED(true, "hrtimer_interrupt", "asm_sysvec_apic_timer_interrupt"),
		   "hrtimer_interrupt,asm_sysvec_apic_timer_interrupt");
	CHECK_TEXT(TRIMMED(true, "__schedule", "schedule"), "__schedule,schedule");
	CHECK_TEXT(TRIMMED(true, "bpf_map_update_elem", "sys_bpf"), "bpf_map_update_elem,sys_bpf");
}

int main(void)
{
	CHECK_CASE(switch_out_of_6_x);
	CHECK_CASE(switch_out_of_5_10);
	CHECK_CASE(of_another_task);
	CHECK_CASE(sleeping_helpers);
	CHECK_CASE(preempted);
	CHECK_CASE(nameless_programs);
	CHECK_CASE(compilers_copies);
	CHECK_CASE(what_waits_in_bpf_stays);
	CHECK_CASE(all_of_it);
	CHECK_CASE(ticks);
	return check_status();
}
