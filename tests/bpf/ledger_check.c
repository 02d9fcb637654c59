// SPDX-License-Identifier: MIT
#include "ledger_check.h"

#include <string.h>

#include "ingest.h"
#include "ledger.h"
#include "profile_build.h"
#include "report.h"

static struct ingest *ingest;

int ledger_check_take(const void *record, size_t bytes)
{
	if (!ingest)
		ingest = ingest_new();
	return ingest_record(ingest, record, bytes);
}

void ledger_check_each(ledger_line_fn *visit)
{
	struct ledger ledger;

	procs_seal(&ingest->procs);
	ledger_init(&ledger, ingest);
	for (size_t i = 0; i < ledger.threads.count; i++) {
		const struct ledger_thread *t = &ledger.threads.items[i];
		struct ledger_line line = { .alive_ns = t->alive_ns };

		if (t->last_life != LEDGER_NONE)
			line.thread = ingest->lives.items[t->last_life].record.thread;
		memcpy(line.ns, t->ns, sizeof(line.ns));
		visit(&line);
	}
	ledger_free(&ledger);
}

/* --- the timeline ----------------------------------------------------------------------------- */

static void visit_interval(const struct profile *p, const struct ledger *ledger, uint32_t i,
			   interval_fn *visit)
{
	const struct profile_interval *v = &p->intervals[i];
	uint32_t life = ledger->threads.items[v->thread].last_life;
	struct interval_line line = {
		.thread = ingest->lives.items[life].record.thread,
		.from_ns = p->start_mono_ns + v->start_ns,
		.to_ns = p->start_mono_ns + v->start_ns + v->ns,
		.tid = p->threads[v->thread].tid,
		.state = v->state,
		.waker = v->waker ? p->threads[v->waker - 1].tid : 0,
	};

	if (!v->ns || v->start_ns + v->ns > p->window_ns)
		fail("thread %u: an interval of no length, or beyond the window", line.tid);
	if (i && v[-1].thread == v->thread && v[-1].start_ns + v[-1].ns > v->start_ns)
		fail("thread %u: intervals overlap", line.tid);
	visit(&line);
}

static void check_interval_sums(const struct profile *p, const uint64_t (*sums)[SCOPE_STATES])
{
	uint64_t all = 0, wanted = 0;

	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *t = &p->threads[i];

		for (int state = 0; state < SCOPE_STATES; state++) {
			all += sums[i][state];
			wanted += t->ns[state];
			if (sums[i][state] == t->ns[state] || p->timeline_lost.count)
				continue;
			fail("thread %u, state %d: intervals of %lu, ledger %lu", t->tid, state,
			     sums[i][state], t->ns[state]);
		}
	}
	if (all + p->timeline_lost.ns != wanted)
		fail("intervals of %lu and %lu lost (%lu), ledger %lu", all, p->timeline_lost.ns,
		     p->timeline_lost.count, wanted);
}

void ledger_check_intervals(interval_fn *visit)
{
	const struct profile_config config = {
		.states = { true, true, true },
		.user_stacks = true,
		.kernel_stacks = true,
		.timeline = true,
	};
	struct profile *p = profile_build(ingest, &config);
	uint64_t (*sums)[SCOPE_STATES] = calloc(p->thread_count + 1, sizeof(*sums));
	struct ledger ledger;

	ledger_init(&ledger, ingest);
	for (uint32_t i = 0; i < p->interval_count; i++) {
		visit_interval(p, &ledger, i, visit);
		sums[p->intervals[i].thread][p->intervals[i].state] += p->intervals[i].ns;
	}
	check_interval_sums(p, (const uint64_t(*)[SCOPE_STATES])sums);
	free(sums);
	ledger_free(&ledger);
	profile_free(&p);
}
