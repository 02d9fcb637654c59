// SPDX-License-Identifier: MIT
#include "profile_build.h"

#include <string.h>

#include "frames.h"
#include "ingest_data.h"
#include "intervals.h"
#include "ledger.h"
#include "losses.h"
#include "parts.h"
#include "stacks.h"
#include "unnamed.h"

/* What the profile is made from, and its growing arrays. */
struct build {
	struct ingest *ingest;
	const struct profile_config *config;
	struct profile *profile;
	struct strings strings;
	struct ledger ledger;
	struct frames frames;
	struct stacks stacks;
	struct waits waits;
	struct runs runs;
	struct intervals intervals;
	struct profile_process *processes;
	struct profile_thread *threads;
	ARRAY(struct profile_sample) samples;
};

/* --- names ------------------------------------------------------------------------------------ */

static void want_stacks_of_runs(struct build *b)
{
	const struct ingest *g = b->ingest;

	for (uint32_t i = 0; i < g->ticks.count; i++) {
		const struct ingest_tick_key *key = table_key(&g->ticks, i);

		frames_want(&b->frames, frames_find_pair(&b->frames, key->ustack, key->kstack));
	}
}

/* --- processes and threads -------------------------------------------------------------------- */

static uint32_t process_comm(struct build *b, const struct ledger_process *p)
{
	const struct ledger_thread *threads = b->ledger.threads.items + p->first_thread;
	const struct procs *procs = &b->ingest->procs;

	for (uint32_t i = 0; i < p->thread_count; i++)
		if (threads[i].tid == p->pid && threads[i].last_life != LEDGER_NONE)
			return strings_add(&b->strings, threads[i].comm);
	if (p->instance != PROCS_NONE && procs->instances.items[p->instance].comm)
		return strings_add(&b->strings,
				   procs_string(procs, procs->instances.items[p->instance].comm));
	return b->threads[p->first_thread].comm;
}

static void make_threads(struct build *b)
{
	size_t count = b->ledger.threads.count;

	b->threads = mem_alloc_array(count, sizeof(*b->threads));
	for (size_t i = 0; i < count; i++) {
		const struct ledger_thread *from = &b->ledger.threads.items[i];
		struct profile_thread *to = &b->threads[i];

		to->process = from->process;
		to->tid = from->tid;
		to->comm = strings_add(&b->strings,
				       from->last_life == LEDGER_NONE ?
					       label_table[LABEL_LOST_THREADS].name : from->comm);
		to->kernel_thread = from->kernel_thread;
		to->born_ns = from->born_ns;
		to->alive_ns = from->alive_ns;
		memcpy(to->ns, from->ns, sizeof(to->ns));
		to->residual_ns = (int64_t)(from->alive_ns - from->ns[SCOPE_ON] -
					    from->ns[SCOPE_RUNQ] - from->ns[SCOPE_OFF]);
		/* what no state explains may have been anything */
		to->never_ran = !from->ns[SCOPE_ON] && !from->ns[SCOPE_RUNQ] && !to->residual_ns;
		to->switches = from->switches;
	}
	b->profile->threads = b->threads;
	b->profile->thread_count = (uint32_t)count;
}

static const char *exe_of(const struct ingest *ingest, uint32_t instance)
{
	return procs_string(&ingest->procs, procs_exe(&ingest->procs, instance));
}

static void make_processes(struct build *b)
{
	size_t count = b->ledger.processes.count;

	b->processes = mem_alloc_array(count, sizeof(*b->processes));
	for (size_t i = 0; i < count; i++) {
		const struct ledger_process *from = &b->ledger.processes.items[i];
		struct profile_process *to = &b->processes[i];

		to->pid = from->pid;
		to->first_thread = from->first_thread;
		to->thread_count = from->thread_count;
		to->comm = process_comm(b, from);
		if (from->instance != PROCS_NONE)
			to->exe = strings_add(&b->strings, exe_of(b->ingest, from->instance));
	}
	b->profile->processes = b->processes;
	b->profile->process_count = (uint32_t)count;
}

/* --- samples ---------------------------------------------------------------------------------- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_parts(const struct part *s, const struct part *t)
{
	int order = compare(s->state, t->state);

	if (!order)
		order = compare(s->reason, t->reason);
	return order ? order : compare(s->stack, t->stack);
}

static int compare_indexes(const void *a, const void *b, void *items)
{
	const struct part *parts = items;

	return compare_parts(&parts[*(const uint32_t *)a], &parts[*(const uint32_t *)b]);
}

/* Of a thread, which has these parts. By index: a sort of the parts would move and take eight times as much. */
static void add_samples(struct build *b, uint32_t thread, struct part *parts, size_t count)
{
	_cleanup_free_ uint32_t *order = mem_alloc_array(count, sizeof(*order));
	const struct part *part, *last = NULL;

	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, count, sizeof(*order), compare_indexes, parts);
	for (size_t i = 0; i < count; i++, last = part) {
		struct profile_sample *to;
		bool merges;

		part = &parts[order[i]];
		merges = last && compare_parts(part, last) == 0;

		if (!b->config->states[part->state])
			continue;
		to = merges ? &b->samples.items[b->samples.count - 1] : array_push(&b->samples);
		to->thread = thread;
		to->state = part->state;
		to->reason = part->reason;
		to->stack = part->stack;
		to->ns += part->ns;
		to->count += part->count;
		to->estimated |= part->estimated;
	}
}

static void make_intervals(struct build *b, struct waits *waits)
{
	if (!b->config->timeline)
		return;
	intervals_build(&b->intervals, &b->ledger, waits, &b->stacks, b->config->states);
	intervals_free(&b->intervals);
	b->profile->has_timeline = true;
	b->profile->intervals = b->intervals.found.items;
	b->profile->interval_count = (uint32_t)b->intervals.found.count;
}

static void want_stacks(struct build *b, bool has_runs, bool has_waits)
{
	if (has_runs)
		want_stacks_of_runs(b);
	if (has_waits)
		waits_want_stacks(&b->waits, &b->frames);
	if (has_runs && b->config->timeline)
		intervals_want_runs(b->ingest, &b->frames);
	if (has_waits && b->config->timeline)
		intervals_want_waits(b->ingest, &b->frames);
}

/*
 * The stacks and sums as they came in take more memory than the profile that is made of them. From here on no
 * stack, no part and no interval can be made.
 */
static void forget_sources(struct build *b)
{
	struct ingest *g = b->ingest;

	waits_free(&b->waits);
	runs_free(&b->runs);
	stacks_seal(&b->stacks);
	frames_seal(&b->frames);
	table_free(&g->stacks);
	table_free(&g->addresses);
	table_free(&g->ticks);
	array_free(&g->stack_data);
	array_free(&g->sum_data);
	array_free(&g->tick_counts);
}

/*
 * Only stacks that a sample can show are placed and named; only what is asked for is built. What is no longer
 * needed goes before more comes: there may be a million of each.
 */
static void make_samples(struct build *b)
{
	bool has_runs = b->config->states[SCOPE_ON];
	bool has_waits = b->config->states[SCOPE_RUNQ] || b->config->states[SCOPE_OFF];
	uint32_t threads = (uint32_t)b->ledger.threads.count;
	/* by thread, and one more: where its parts begin */
	_cleanup_free_ size_t *first = mem_alloc_array(threads + 1, sizeof(*first));
	struct parts parts = { 0 };

	if (has_waits)
		waits_init(&b->waits, b->ingest, &b->ledger, &b->frames, &b->stacks);
	table_free(&b->ingest->sums);
	want_stacks(b, has_runs, has_waits);
	frames_resolve(&b->frames);
	stacks_init(&b->stacks, &b->frames, &b->strings, b->config, b->profile->min_block_ns);
	if (has_runs)
		runs_init(&b->runs, b->ingest, &b->ledger, &b->stacks);
	for (uint32_t i = 0; i < threads; i++) {
		if (has_waits)
			waits_add_parts(&b->waits, i, &parts);
		if (has_runs)
			b->threads[i].estimated = runs_add_parts(&b->runs, i, &parts);
		first[i + 1] = parts.count;
	}
	make_intervals(b, has_waits ? &b->waits : NULL);
	forget_sources(b);
	for (uint32_t i = 0; i < threads; i++)
		if (first[i + 1] > first[i])
			add_samples(b, i, &parts.items[first[i]], first[i + 1] - first[i]);
	array_free(&parts);
	b->profile->samples = b->samples.items;
	b->profile->sample_count = (uint32_t)b->samples.count;
}

/* --- quality ---------------------------------------------------------------------------------- */

static void add_on_quality(struct build *b, const struct profile_sample *s)
{
	struct profile_quality *q = &b->profile->quality;
	const struct ledger_thread *t = &b->ledger.threads.items[s->thread];
	uint32_t label = b->profile->stacks[s->stack].frame;

	q->ticks += s->count;
	if (s->estimated)
		q->on_estimated_ns += s->ns;
	else if (s->count)
		q->on_sampled_ns += s->ns;
	else if (!t->other_cpu_ns[SCOPE_ON] || label != b->stacks.labels[LABEL_OTHER_CPUS])
		q->on_unsampled_ns += s->ns;
}

static void measure_quality(struct build *b)
{
	struct profile_quality *q = &b->profile->quality;

	for (size_t i = 0; i < b->samples.count; i++) {
		const struct profile_sample *s = &b->samples.items[i];
		struct stack_facts facts;

		stacks_facts(&b->stacks, s->stack, &facts);
		if (s->state == SCOPE_ON)
			add_on_quality(b, s);
		if (facts.lost)
			q->stackless_ns += s->ns;
		q->frames_ns += facts.frames * s->ns;
		q->unnamed_ns += facts.unnamed * s->ns;
		b->processes[b->threads[s->thread].process].anonymous_ns +=
			facts.anonymous * s->ns;
		if (b->threads[s->thread].kernel_thread || !b->config->user_stacks)
			continue;
		q->user_ns += s->ns;
		if (!facts.user)
			continue;
		q->end_ns[facts.end] += s->ns;
		if (facts.end != SCOPE_END_COMPLETE)
			b->frames.images.items[facts.end_image].incomplete_ns += s->ns;
	}
}

static void explain_unnamed(struct build *b)
{
	unnamed_measure(&b->frames, &b->stacks, b->samples.items, b->samples.count);
	unnamed_explain(&b->frames, b->profile->quality.frames_ns);
	for (size_t i = 0; i < b->ledger.processes.count; i++)
		if (b->processes[i].anonymous_ns)
			b->processes[i].anonymous_why = unnamed_explain_anonymous(
				&b->frames, b->ledger.processes.items[i].instance);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void describe_run(struct build *b)
{
	const struct scope_window *w = &b->ingest->window;
	struct profile *p = b->profile;

	p->version = SYSTEMSCOPE_VERSION;
	p->start_realtime_ns = w->start_realtime_ns;
	p->start_mono_ns = w->start_ns;
	p->window_ns = w->end_ns - w->start_ns;
	p->frequency_hz = w->frequency_hz;
	p->cpus = w->cpus;
	p->min_block_ns = w->min_block_ns;
	/* idle time is read in clock ticks, so its edges are not quite the window's */
	p->idle_ns = w->idle_ns < p->window_ns * w->cpus ? w->idle_ns : p->window_ns * w->cpus;
	memcpy(p->states, b->config->states, sizeof(p->states));
	p->system_wide = b->config->system_wide;
	p->target = mem_copy_string(b->config->target ? b->config->target : "");
	for (int i = 0; i < SCOPE_LOSS_COUNT; i++) {
		p->losses[i].count = b->ingest->losses[i].count;
		p->losses[i].ns = b->ingest->losses[i].ns;
	}
}

static void count_timeline_losses(struct build *b)
{
	struct profile *p = b->profile;

	p->losses[SCOPE_LOSS_TIMELINE_CUT].count += b->intervals.cut.count;
	p->losses[SCOPE_LOSS_TIMELINE_CUT].ns += b->intervals.cut.ns;
	for (int cause = 0; cause < SCOPE_LOSS_COUNT; cause++)
		if (loss_table[cause].cost == LOSS_TIMELINE) {
			p->timeline_lost.count += p->losses[cause].count;
			p->timeline_lost.ns += p->losses[cause].ns;
		}
}

/* Hands the tables over to the profile: from here on it owns them. */
static void seal(struct build *b)
{
	struct profile *p = b->profile;

	count_timeline_losses(b);
	p->losses[SCOPE_LOSS_EVENT_ORDER].count += b->waits.contradictions;
	p->losses[SCOPE_LOSS_TICK_THREAD].count += b->runs.orphan_count;
	p->losses[SCOPE_LOSS_SUM_THREAD].count += b->waits.orphan_count;
	p->losses[SCOPE_LOSS_SUM_THREAD].ns += b->waits.orphan_ns;
	p->thinning.shared_ns = b->waits.shared_ns;
	p->strings = (const char *const *)b->strings.items;
	p->string_count = b->strings.count;
	b->strings.items = NULL;
	b->strings.count = 0;
	p->images = b->frames.images.items;
	p->image_count = (uint32_t)b->frames.images.count;
	b->frames.images.items = NULL;
	p->frames = b->frames.frames.items;
	p->frame_count = (uint32_t)b->frames.frames.count;
	b->frames.frames.items = NULL;
	p->stacks = b->stacks.nodes.items;
	p->stack_count = (uint32_t)b->stacks.nodes.count;
	b->stacks.nodes.items = NULL;
}

struct profile *profile_build(struct ingest *ingest, const struct profile_config *config)
{
	struct build b = { .ingest = ingest, .config = config };

	b.profile = mem_alloc(sizeof(*b.profile));
	strings_init(&b.strings);
	procs_seal(&ingest->procs);
	table_seal(&ingest->addresses);
	table_seal(&ingest->sums);
	table_seal(&ingest->ticks);
	describe_run(&b);
	ledger_init(&b.ledger, ingest);
	make_threads(&b);
	make_processes(&b);
	frames_init(&b.frames, ingest, config, &b.strings);
	make_samples(&b);
	b.profile->stacks = b.stacks.nodes.items;
	measure_quality(&b);
	explain_unnamed(&b);
	seal(&b);
	stacks_free(&b.stacks);
	frames_free(&b.frames);
	ledger_free(&b.ledger);
	strings_free(&b.strings);
	return b.profile;
}

void profile_free(struct profile **profile)
{
	struct profile *p = *profile;

	if (!p)
		return;
	for (uint32_t i = 0; i < p->string_count; i++)
		free((void *)p->strings[i]);
	free((void *)p->strings);
	free((void *)p->target);
	free((void *)p->images);
	free((void *)p->frames);
	free((void *)p->stacks);
	free((void *)p->processes);
	free((void *)p->threads);
	free((void *)p->samples);
	free((void *)p->intervals);
	free(p);
	*profile = NULL;
}
