// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * oncpu - ticks: where running threads are. How long they run is the scheduler's to say.
 *
 * A tick of the software clock waits while interrupts are off, as from a thread's last steps in a
 * system call to the switch, and then meets the next thread or an idle CPU. It belongs to who was on
 * the CPU when it was due; so the end of each run is seen as often as the rest of it.
 */
#include "core.bpf.h"
#include "stack.bpf.h"

static __always_inline void tick_count(const struct tick_key *key)
{
	__u64 one = 1, *have;
	__u32 zero = 0;
	void *table = bpf_map_lookup_elem(&tick_tables, &zero);

	if (!table)
		return;
	have = bpf_map_lookup_elem(table, key);
	if (have)
		(*have)++;
	else if (bpf_map_update_elem(table, key, &one, BPF_NOEXIST))
		lose(SCOPE_LOSS_TICKS_FULL, 0);
}

/* When the tick that came `now` was due: a period after the one before. */
static __always_inline __u64 tick_due(struct cpu_run *run, __u64 now)
{
	__u64 due = run->tick_due_ns + tick_period_ns;

	/* earlier than thought, or not the next one: this one came in time, as far as is known */
	if (due > now || now - due >= tick_period_ns)
		due = now;
	run->tick_due_ns = due;
	return due;
}

SEC("?perf_event")
int oncpu__tick(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct who who = who_runs(task);
	__u64 now = bpf_ktime_get_ns(), due;
	struct tick_key key = {};
	struct cpu_run *run;
	__u32 zero = 0;

	run = bpf_map_lookup_elem(&cpu_runs, &zero);
	if (!run)
		return 0;
	due = tick_due(run, now);
	if (due < window_start_ns || due >= window_end_ns)
		return 0;
	if (restrict_cpus && !cpu_listed[bpf_get_smp_processor_id() & (SCOPE_MAX_CPUS - 1)])
		return 0;
	if (due >= run->from_ns && due < run->to_ns) {
		key.thread = run->thread;
		key.ustack = run->ustack;
		key.kstack = run->kstack;
		tick_count(&key);
		return 0;
	}
	if (!is_target_id(who.pid, who.tgid, who.flags) || due < run->in_ns)
		return 0;
	key.thread = thread_id(who.pid, BPF_CORE_READ(task, start_time));
	key.ustack = stack_take_user(who, SCRATCH_TICK, now);
	if (!(ctx->regs.cs & 3)) /* the tick met the kernel, not user mode */
		key.kstack = stack_take_kernel(ctx, SCRATCH_TICK, now);
	tick_count(&key);
	return 0;
}
