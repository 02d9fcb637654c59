// SPDX-License-Identifier: MIT
#include "feed.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "mem.h"

void feed_record(struct feed *feed, const void *record, size_t bytes)
{
	if (ingest_record(feed->ingest, record, bytes))
		feed->refused++;
}

void feed_sum(void *feed, const void *key, const void *value)
{
	const struct scope_sum_key *k = key;
	const struct scope_sum_value *v = value;
	struct scope_sum sum = {
		.rec = { SCOPE_REC_SUM, sizeof(sum) },
		.thread = k->thread,
		.ustack = k->ustack,
		.kstack = k->kstack,
		.reason = k->reason,
		.thinning = k->thinning,
		.off_ns = v->off_ns,
		.off_count = v->off_count,
		.runq_ns = v->runq_ns,
		.runq_count = v->runq_count,
	};

	feed_record(feed, &sum, sizeof(sum));
}

void feed_ticks(void *feed, const void *key, const void *value)
{
	const struct scope_tick_key *k = key;
	struct scope_ticks ticks = {
		.rec = { SCOPE_REC_TICKS, sizeof(ticks) },
		.thread = k->thread,
		.ustack = k->ustack,
		.kstack = k->kstack,
		.count = *(const uint64_t *)value,
	};

	feed_record(feed, &ticks, sizeof(ticks));
}

/* `total`: of this cause, so far. */
static void report_loss(struct feed *feed, uint32_t cause, struct scope_loss_value total)
{
	struct scope_loss_record loss = {
		.rec = { SCOPE_REC_LOSS, sizeof(loss) },
		.cause = cause,
		.count = total.count - feed->reported[cause].count,
		.ns = total.ns - feed->reported[cause].ns,
	};

	feed->reported[cause] = total;
	if (loss.count)
		feed_record(feed, &loss, sizeof(loss));
}

void feed_losses(struct feed *feed, int fd)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct scope_loss_value *per_cpu = mem_alloc_array((size_t)cpus, sizeof(*per_cpu));

	for (uint32_t cause = 0; cause < SCOPE_LOSS_COUNT; cause++) {
		struct scope_loss_value total = { 0 };

		if (cause == SCOPE_LOSS_RECORD || bpf_map_lookup_elem(fd, &cause, per_cpu))
			continue;
		for (int i = 0; i < cpus; i++) {
			total.count += per_cpu[i].count;
			total.ns += per_cpu[i].ns;
		}
		report_loss(feed, cause, total);
	}
	/* counted on this side */
	report_loss(feed, SCOPE_LOSS_RECORD, (struct scope_loss_value){ .count = feed->refused });
}

void feed_cost(int fd, struct scope_cost *ret_total)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct scope_cost *per_cpu = mem_alloc_array((size_t)cpus, sizeof(*per_cpu));
	uint32_t zero = 0;

	*ret_total = (struct scope_cost){ 0 };
	if (bpf_map_lookup_elem(fd, &zero, per_cpu))
		return;
	for (int i = 0; i < cpus; i++) {
		ret_total->probe_ns += per_cpu[i].probe_ns;
		ret_total->on_ns += per_cpu[i].on_ns;
		ret_total->waits += per_cpu[i].waits;
		ret_total->taken += per_cpu[i].taken;
	}
}

void feed_lost_threads(struct feed *feed, int fd)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct scope_thread *per_cpu =
		mem_alloc_array((size_t)cpus, sizeof(*per_cpu));
	struct scope_thread sum = {
		.rec = { SCOPE_REC_THREAD, sizeof(sum) },
		.flags = SCOPE_THREAD_LOST | SCOPE_THREAD_DEAD,
		.state = SCOPE_DEAD,
	};
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(fd, &zero, per_cpu))
		return;
	for (int i = 0; i < cpus; i++) {
		sum.switches += per_cpu[i].switches;
		sum.dead_ns += per_cpu[i].dead_ns;
		for (int state = 0; state < SCOPE_STATES; state++)
			sum.total_ns[state] += per_cpu[i].total_ns[state];
	}
	if (sum.switches)
		feed_record(feed, &sum, sizeof(sum));
}
