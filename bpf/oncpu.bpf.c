// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * oncpu - ticks: where running threads are. How long they run is the scheduler's to say.
 */
#include "core.bpf.h"
#include "stack.bpf.h"
#include "thin.bpf.h"
#include "turn.bpf.h"

SEC("?perf_event")
int oncpu__tick(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct who who = who_runs(task);
	__u64 now = bpf_ktime_get_ns(), one = 1, *have;
	void *table;
	struct scope_tick_key key = {};
	__u32 zero = 0;

	if (!is_target_id(who.pid, who.tgid, who.flags) || now < window_start_ns || now >= window_end_ns)
		return 0;
	if (restrict_cpus && !cpu_listed[bpf_get_smp_processor_id() & (SCOPE_MAX_CPUS - 1)])
		return 0;
	key.thread = thread_id(who.pid, who.start_time);
	key.ustack = stack_take_user(who, SCRATCH_TICK, now);
	if (!(ctx->regs.cs & 3)) /* the tick met the kernel, not user mode */
		key.kstack = stack_take_kernel(ctx, SCRATCH_TICK, now);
	hit_tell(&key, now);
	table = bpf_map_lookup_elem(&tick_tables, &zero);
	if (!table)
		return 0;
	have = bpf_map_lookup_elem(table, &key);
	if (have)
		(*have)++;
	else if (bpf_map_update_elem(table, &key, &one, BPF_NOEXIST))
		lose(SCOPE_LOSS_TICKS_FULL, 0);
	if (want_thinning)
		cost_add(now, 1);
	return 0;
}
