// SPDX-License-Identifier: MIT
#include "oracle.h"

#include <assert.h>
#include <string.h>

#include "frames.h"
#include "ledger_check.h"
#include "report.h"
#include "sink.h"
#include "truth.h"
#include "turns.h"

static const char *const state_names[SCOPE_STATES] = { "on", "runq", "off" };

static bool lost(enum scope_loss cause)
{
	return sink.losses[cause].count;
}

/* Law 1, by the records alone: on + runq + off == alive. */
static void check_conservation(void)
{
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct life *l = &sink.lives[i];
		__u64 sum = l->ns[SCOPE_ON] + l->ns[SCOPE_RUNQ] + l->ns[SCOPE_OFF];

		for (int state = 0; state < SCOPE_STATES; state++)
			if (l->ns[state] > l->alive_ns) /* below nothing elsewhere */
				fail("thread %u: %s %lld of %llu", l->t.tid, state_names[state],
				     (long long)l->ns[state], l->alive_ns);
		if (!l->no_account && sum != l->alive_ns)
			fail("thread %u: on %llu + runq %llu + off %llu = %llu, alive %llu",
			     l->t.tid, l->ns[SCOPE_ON], l->ns[SCOPE_RUNQ], l->ns[SCOPE_OFF], sum,
			     l->alive_ns);
	}
}

/* --- the sums of stacks against the totals ---------------------------------------------------- */

struct placed {
	__u64 off, runq;
};

/* What the accounts of a thread (0: of all) hold for known stacks. */
static struct placed placed_by_totals(__u64 thread)
{
	struct placed p = { 0 };

	for (size_t i = 0; i < sink.life_count; i++) {
		const struct scope_thread *t = &sink.lives[i].t;

		if (thread && t->thread != thread)
			continue;
		p.off +=
			t->total_ns[SCOPE_OFF] - t->init_ns[SCOPE_OFF] - t->other_cpu_ns[SCOPE_OFF];
		p.runq += t->total_ns[SCOPE_RUNQ] - t->init_ns[SCOPE_RUNQ] -
			  t->other_cpu_ns[SCOPE_RUNQ];
	}
	return p;
}

static struct placed placed_by_sums(__u64 thread)
{
	struct placed p = { 0 };

	for (size_t i = 0; i < sink.sum_count; i++) {
		if (thread && sink.sums[i].thread != thread)
			continue;
		p.off += sink.sums[i].off_ns;
		p.runq += sink.sums[i].runq_ns;
	}
	for (size_t i = 0; i < sink.life_count; i++) {
		if (thread && sink.lives[i].t.thread != thread)
			continue;
		p.off += sink.lives[i].t.here.off_ns + sink.lives[i].t.before.off_ns;
		p.runq += sink.lives[i].t.here.runq_ns + sink.lives[i].t.before.runq_ns;
		p.off += sink.lives[i].t.thinned_off_ns;
		p.runq += sink.lives[i].t.thinned_runq_ns;
	}
	return p;
}

static void check_sums(void)
{
	struct placed totals, sums;

	for (size_t i = 0; i < sink.sum_count; i++)
		if ((__s64)sink.sums[i].off_count < 0 || (__s64)sink.sums[i].runq_count < 0)
			fail("a sum of fewer intervals than none");
	if (lost(SCOPE_LOSS_RING_THREAD))
		return; /* sums of threads whose account is not known */
	if (lost(SCOPE_LOSS_SUMS_FULL)) {
		totals = placed_by_totals(0);
		sums = placed_by_sums(0);
		if (totals.off + totals.runq !=
		    sums.off + sums.runq + sink.losses[SCOPE_LOSS_SUMS_FULL].ns)
			fail("totals hold %llu, sums %llu, and %llu are said to be lost",
			     totals.off + totals.runq, sums.off + sums.runq,
			     sink.losses[SCOPE_LOSS_SUMS_FULL].ns);
		return;
	}
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct scope_thread *t = &sink.lives[i].t;

		totals = placed_by_totals(t->thread);
		sums = placed_by_sums(t->thread);
		if (totals.off != sums.off || totals.runq != sums.runq)
			fail("thread %u: totals off %llu runq %llu, sums off %llu runq %llu",
			     t->tid, totals.off, totals.runq, sums.off, sums.runq);
	}
}

/* --- the totals against the truth ------------------------------------------------------------- */

static bool is_life_of(const struct life *l, const struct truth *truth)
{
	return l->t.tid == truth->tid && l->t.start_time_ns == truth->start_time_ns;
}

static bool is_same(const struct truth *a, const struct truth *b)
{
	return a->tid == b->tid && a->start_time_ns == b->start_time_ns;
}

static void add_span(void *context, const struct span *span)
{
	__u64 *ns = context;

	ns[span->state] += span->to_ns - span->from_ns;
}

/* What all truths with this one's name add up to; false: the timeline has to say. */
static bool truth_of_name(const struct truth *truth, __u64 ret_ns[SCOPE_STATES])
{
	memset(ret_ns, 0, SCOPE_STATES * sizeof(*ret_ns));
	for (const struct truth *other = kernel.truths; other; other = other->next) {
		if (!is_same(other, truth))
			continue;
		if (other->varying)
			return false;
		if (other->is_target)
			truth_each_span(other, window_start_ns, window_end_ns, add_span, ret_ns);
	}
	return true;
}

static void check_truth(const struct truth *truth, const __u64 wanted[SCOPE_STATES])
{
	__u64 have[SCOPE_STATES] = { 0 };
	size_t lives = 0;

	for (size_t i = 0; i < sink.life_count; i++) {
		if (!is_life_of(&sink.lives[i], truth))
			continue;
		lives++;
		for (int state = 0; state < SCOPE_STATES; state++)
			have[state] += sink.lives[i].ns[state];
	}
	for (int state = 0; state < SCOPE_STATES; state++)
		if (have[state] != wanted[state])
			fail("thread %u: %s %llu, in truth %llu%s", truth->tid, state_names[state],
			     have[state], wanted[state], lives ? "" : " (no record)");
}

static bool is_first_of_name(const struct truth *truth)
{
	for (const struct truth *t = kernel.truths; t != truth; t = t->next)
		if (is_same(t, truth))
			return false;
	return true;
}

static void check_truths(void)
{
	__u64 wanted[SCOPE_STATES];

	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (is_first_of_name(t) && truth_of_name(t, wanted))
			check_truth(t, wanted);
}

/* Where the records of some threads were lost, only the time of all together is known. */
static void check_truth_of_all(void)
{
	__u64 wanted[SCOPE_STATES] = { 0 }, have[SCOPE_STATES] = { 0 };

	for (const struct truth *t = kernel.truths; t; t = t->next) {
		if (t->varying)
			return;
		if (t->is_target)
			truth_each_span(t, window_start_ns, window_end_ns, add_span, wanted);
	}
	for (int state = 0; state < SCOPE_STATES; state++) {
		have[state] = sink.lost.total_ns[state];
		for (size_t i = 0; i < sink.life_count; i++)
			have[state] += sink.lives[i].ns[state];
		if (have[state] != wanted[state])
			fail("all threads: %s %llu, in truth %llu", state_names[state], have[state],
			     wanted[state]);
	}
}

/* --- waiting time per user stack, against the truth
 * ------------------------------------------------- */

struct place_sum {
	__u64 place;
	__u64 wanted[SCOPE_STATES], have[SCOPE_STATES];
};

struct place_sums {
	struct place_sum rows[64];
	size_t count;
};

static struct place_sum *place_row(struct place_sums *sums, __u64 place)
{
	for (size_t i = 0; i < sums->count; i++)
		if (sums->rows[i].place == place)
			return &sums->rows[i];
	assert(sums->count < sizeof(sums->rows) / sizeof(sums->rows[0]));
	sums->rows[sums->count] = (struct place_sum){ .place = place };
	return &sums->rows[sums->count++];
}

static void add_place(void *context, const struct span *span)
{
	if (span->state != SCOPE_ON)
		place_row(context, span->place)->wanted[span->state] += span->to_ns - span->from_ns;
}

static void have_place(struct place_sums *sums, __u64 ustack, __u64 kstack, __u64 off, __u64 runq)
{
	static const struct sent_stack none;
	const struct sent_stack *u = sink_stack(ustack), *k = sink_stack(kstack);
	struct place_sum *row;

	u = u ? u : &none;
	k = k ? k : &none;
	row = place_row(sums, frames_place(u->ips, u->count, k->ips, k->count));
	row->have[SCOPE_OFF] += off;
	row->have[SCOPE_RUNQ] += runq;
}

static void gather_places(struct place_sums *sums, const struct truth *truth)
{
	for (size_t i = 0; i < sink.life_count; i++) {
		const struct life *l = &sink.lives[i];
		const struct scope_thread *t = &l->t;

		if (!is_life_of(l, truth))
			continue;
		have_place(sums, 0, 0, t->init_ns[SCOPE_OFF], t->init_ns[SCOPE_RUNQ]);
		have_place(sums, t->here.ustack, t->here.kstack, t->here.off_ns, t->here.runq_ns);
		have_place(sums, t->before.ustack, t->before.kstack, t->before.off_ns, t->before.runq_ns);
		if (!(t->flags & SCOPE_THREAD_THINNED))
			have_place(sums, t->here.ustack, t->here.kstack, l->tail_ns[SCOPE_OFF],
				   l->tail_ns[SCOPE_RUNQ]);
	}
	for (size_t i = 0; i < sink.sum_count; i++)
		if (sink.sums[i].thread == thread_id(truth->tid, truth->start_time_ns))
			have_place(sums, sink.sums[i].ustack, sink.sums[i].kstack,
				   sink.sums[i].off_ns, sink.sums[i].runq_ns);
}

static bool is_only_one(const struct truth *truth)
{
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (t != truth && is_same(t, truth))
			return false;
	return true;
}

/* With thinning, time that is missing is among that of waits without a stack, as check_sums() knows. */
static bool is_as_wanted(__u64 have, __u64 wanted)
{
	return want_thinning ? have <= wanted : have == wanted;
}

/* Waiting time stands under the stack with which the thread left its CPU. */
static void check_places(const struct truth *truth)
{
	__u64 unused[SCOPE_STATES];
	struct place_sums sums = { .count = 0 };

	if (!truth_of_name(truth, unused))
		return;
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (t->is_target && is_same(t, truth))
			truth_each_span(t, window_start_ns, window_end_ns, add_place, &sums);
	gather_places(&sums, truth);
	if (!sink.taken && is_only_one(truth))
		turns_check_places(truth);
	for (size_t i = 0; i < sums.count; i++)
		for (int state = SCOPE_RUNQ; state < SCOPE_STATES; state++)
			if (!is_as_wanted(sums.rows[i].have[state], sums.rows[i].wanted[state]))
				fail("thread %u, stack %llx: %s %llu, in truth %llu", truth->tid,
				     sums.rows[i].place, state_names[state],
				     sums.rows[i].have[state], sums.rows[i].wanted[state]);
}

static void check_all_places(void)
{
	if (!want_user_stacks || !want_kernel_stacks || !want_waits || min_block_ns || restrict_cpus)
		return; /* time is meant to stand elsewhere */
	for (int cause = 0; cause < SCOPE_LOSS_COUNT; cause++)
		if (cause != SCOPE_LOSS_CLOCK && lost((enum scope_loss)cause))
			return; /* and so it is here */
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (is_first_of_name(t))
			check_places(t);
}

/* --- the project's own ledger
 * --------------------------------------------------------------------- */

static void check_ledger_line(const struct ledger_line *line)
{
	__u64 alive = 0, ns[SCOPE_STATES] = { 0 };
	__u32 tid = 0;

	for (size_t i = 0; line->thread && i < sink.life_count; i++) {
		const struct life *l = &sink.lives[i];

		if (l->t.thread != line->thread)
			continue;
		tid = l->t.tid;
		alive += l->alive_ns;
		for (int state = 0; state < SCOPE_STATES; state++)
			ns[state] += l->ns[state];
	}
	for (int state = 0; !line->thread && state < SCOPE_STATES; state++)
		ns[state] = sink.lost.total_ns[state];
	if (!line->thread)
		alive = sink.lost.dead_ns;
	if (alive != line->alive_ns || memcmp(ns, line->ns, sizeof(ns)))
		fail("thread %u: on %llu runq %llu off %llu alive %llu, src/ledger.c says "
		     "%lu %lu %lu %lu",
		     tid, ns[SCOPE_ON], ns[SCOPE_RUNQ], ns[SCOPE_OFF], alive, line->ns[SCOPE_ON],
		     line->ns[SCOPE_RUNQ], line->ns[SCOPE_OFF], line->alive_ns);
}

/* --- stacks ----------------------------------------------------------------------------------- */

static void check_stack(__u64 id, enum scope_stack_kind kind, const char *where)
{
	const struct sent_stack *s = sink_stack(id);

	if (id && (!s || s->kind != kind) && !lost(SCOPE_LOSS_RING_STACK))
		fail("%s: stack %llx was not sent as a %s stack", where, id,
		     kind == SCOPE_STACK_USER ? "user" : "kernel");
}

static void check_stacks(void)
{
	for (size_t i = 0; i < sink.sum_count; i++) {
		check_stack(sink.sums[i].ustack, SCOPE_STACK_USER, "sums");
		check_stack(sink.sums[i].kstack, SCOPE_STACK_KERNEL, "sums");
	}
	for (size_t i = 0; i < sink.tick_count; i++) {
		check_stack(sink.ticks[i].ustack, SCOPE_STACK_USER, "ticks");
		check_stack(sink.ticks[i].kstack, SCOPE_STACK_KERNEL, "ticks");
	}
	for (size_t i = 0; i < sink.life_count; i++) {
		check_stack(sink.lives[i].t.here.ustack, SCOPE_STACK_USER, "accounts");
		check_stack(sink.lives[i].t.here.kstack, SCOPE_STACK_KERNEL, "accounts");
		check_stack(sink.lives[i].t.before.ustack, SCOPE_STACK_USER, "accounts");
		check_stack(sink.lives[i].t.before.kstack, SCOPE_STACK_KERNEL, "accounts");
	}
}

/* --- the timeline ----------------------------------------------------------------------------- */

/* Intervals and spans of one state on end are one. */
struct merged {
	struct span at[1 << 20];
	size_t count;
};

static void merge(void *context, const struct span *span)
{
	struct merged *m = context;
	struct span *last = m->count ? &m->at[m->count - 1] : NULL;

	if (last && last->state == span->state && last->to_ns == span->from_ns) {
		last->to_ns = span->to_ns;
		return;
	}
	assert(m->count < sizeof(m->at) / sizeof(m->at[0]));
	m->at[m->count++] = *span;
}

static struct merged drawn;  /* the intervals of ... */
static __u64 drawn_thread; /* ... this one */

static void check_drawn(void)
{
	static struct merged wanted;
	const struct truth *truth = NULL;
	__u64 unused[SCOPE_STATES];

	wanted.count = 0;
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (thread_id(t->tid, t->start_time_ns) == drawn_thread) {
			if (truth)
				return; /* more than one life */
			truth = t;
		}
	if (!truth || !truth_of_name(truth, unused))
		return;
	truth_each_span(truth, window_start_ns, window_end_ns, merge, &wanted);
	for (size_t i = 0; i < wanted.count || i < drawn.count; i++) {
		const struct span *want = &wanted.at[i], *have = &drawn.at[i];

		if (i < wanted.count && i < drawn.count && want->state == have->state &&
		    want->from_ns == have->from_ns && want->to_ns == have->to_ns)
			continue;
		fail("thread %u: interval %zu is %s %llu to %llu, in truth %s %llu to %llu",
		     truth->tid, i, state_names[have->state % SCOPE_STATES],
		     have->from_ns - KERNEL_TIME_0, have->to_ns - KERNEL_TIME_0,
		     state_names[want->state % SCOPE_STATES], want->from_ns - KERNEL_TIME_0,
		     want->to_ns - KERNEL_TIME_0);
		return;
	}
}

static void draw(const struct interval_line *line)
{
	struct span span = { line->from_ns, line->to_ns, 0, line->state };

	if (drawn_thread != line->thread && drawn.count)
		check_drawn();
	if (drawn_thread != line->thread)
		drawn.count = 0;
	drawn_thread = line->thread;
	merge(&drawn, &span);
}

static void skip(const struct interval_line *line)
{
	(void)line;
}

/* Where an event was missed, or the scheduler's counts moved a border within a run that a tick
 * split, an interval may lie elsewhere; the sums still hold. */
static void check_timeline(void)
{
	bool exact = !lost(SCOPE_LOSS_TIMELINE_RING) && !lost(SCOPE_LOSS_RING_THREAD) &&
		     !lost(SCOPE_LOSS_THREAD_STATE) && !lost(SCOPE_LOSS_EVENT_ORDER) &&
		     !lost(SCOPE_LOSS_JOIN_FULL) && !lost(SCOPE_LOSS_CLOCK) && !sink.taken;

	if (!want_timeline) {
		if (sink.turn_count || sink.hit_count)
			fail("there is a timeline that nobody asked for");
		return;
	}
	ledger_check_intervals(exact ? draw : skip);
	if (exact && drawn.count)
		check_drawn();
}

void oracle_check(void)
{
	check_conservation();
	check_sums();
	if (lost(SCOPE_LOSS_RING_THREAD))
		check_truth_of_all();
	else if (!lost(SCOPE_LOSS_THREAD_STATE) && !lost(SCOPE_LOSS_EVENT_ORDER) &&
		 !lost(SCOPE_LOSS_JOIN_FULL))
		check_truths(); /* else the accounts miss events: the timeline says what is left */
	check_all_places();
	check_stacks();
	ledger_check_each(check_ledger_line);
	check_timeline();
}
