// SPDX-License-Identifier: MIT
#include "parts.h"

#include <string.h>

void grouping_init(struct grouping *g, const uint32_t *owner_of, size_t count, size_t owners)
{
	g->first = mem_alloc_array(owners + 1, sizeof(*g->first));
	g->items = mem_alloc_array(count, sizeof(*g->items));
	for (size_t i = 0; i < count; i++)
		if (owner_of[i] != LEDGER_NONE)
			g->first[owner_of[i]]++;
	for (size_t i = 1; i <= owners; i++)
		g->first[i] += g->first[i - 1];
	/* first[] holds ends; filled from the back they become beginnings */
	for (size_t i = count; i > 0; i--)
		if (owner_of[i - 1] != LEDGER_NONE)
			g->items[--g->first[owner_of[i - 1]]] = (uint32_t)(i - 1);
}

void grouping_free(struct grouping *g)
{
	free(g->items);
	free(g->first);
	memset(g, 0, sizeof(*g));
}

void waits_init(struct waits *w, const struct ingest *ingest, const struct ledger *ledger,
		const struct frames *frames, struct stacks *stacks)
{
	uint32_t count = ingest->sums.count;
	_cleanup_free_ uint32_t *owner_of = mem_alloc_array(count, sizeof(*owner_of));

	memset(w, 0, sizeof(*w));
	w->ingest = ingest;
	w->ledger = ledger;
	w->stacks = stacks;
	w->sums = mem_alloc_array(count, sizeof(*w->sums));
	for (uint32_t i = 0; i < count; i++) {
		const struct ingest_sum_key *key = table_key(&ingest->sums, i);

		w->sums[i] = (struct waits_sum){ frames_find_pair(frames, key->ustack, key->kstack),
						 key->reason, key->thinning };
		owner_of[i] = ledger_find(ledger, ingest, key->thread);
		if (owner_of[i] == LEDGER_NONE) {
			w->orphan_count++;
			w->orphan_ns += ingest->sum_data.items[i].off_ns +
					ingest->sum_data.items[i].runq_ns;
		}
	}
	grouping_init(&w->by_thread, owner_of, count, ledger->threads.count);
}

void waits_free(struct waits *w)
{
	grouping_free(&w->by_thread);
	free(w->sums);
	w->sums = NULL;
}

void waits_want_stacks(const struct waits *w, struct frames *frames)
{
	const struct ingest *g = w->ingest;

	for (size_t i = 0; i < g->sum_data.count; i++)
		frames_want(frames, w->sums[i].pair);
	for (size_t i = 0; i < g->lives.count; i++) {
		const struct scope_thread *life = &g->lives.items[i].record;

		frames_want(frames, frames_find_pair(frames, life->here.ustack, life->here.kstack));
		frames_want(frames, frames_find_pair(frames, life->before.ustack, life->before.kstack));
	}
	for (size_t i = 0; i < g->seen_data.count; i++) {
		const struct scope_seen *seen = &g->seen_data.items[i];

		frames_want(frames, frames_find_pair(frames, seen->ustack, seen->kstack));
	}
}

/* --- the parts of one thread ------------------------------------------------------------------ */

/* How long it was blocked there, and then waited to run. */
struct spell {
	nsec_t off_ns;
	uint64_t off_count;
	nsec_t runq_ns;
	uint64_t runq_count;
};

static const struct place unproven = { .pair = { STACK_NONE, STACK_NONE }, .unproven = true };

static void add_part(struct parts *parts, enum scope_state state, uint32_t reason, uint32_t stack,
		     nsec_t ns, uint64_t count, uint32_t thinning)
{
	struct part *part;

	if (!ns && !count)
		return;
	part = array_push(parts);
	memset(part, 0, sizeof(*part));
	part->state = state;
	part->reason = state == SCOPE_OFF ? reason : 0;
	part->stack = stack;
	part->ns = ns;
	part->count = count;
	part->thinning = (uint8_t)thinning;
}

uint32_t waits_stack(struct waits *w, uint32_t thread, const struct place *place)
{
	if (place->reason & SCOPE_REASON_SHORT)
		return stacks_add_label(w->stacks, LABEL_BLOCKED_UNDER);
	if (place->thinned)
		return stacks_add_label(w->stacks, LABEL_THINNED);
	if (place->unproven)
		return stacks_add_label(w->stacks, LABEL_BEFORE_WINDOW);
	return stacks_add_pair(w->stacks, place->pair, SCOPE_OFF,
			       w->ledger->threads.items[thread].kernel_thread);
}

uint32_t waits_reason(struct waits *w, const struct place *place)
{
	return stacks_add_reason(w->stacks, place->reason, place->pair.kernel);
}

static void add_spell(struct waits *w, uint32_t thread, const struct place *place,
		      const struct spell *spell, struct parts *parts)
{
	uint32_t reason = 0, stack;

	if (!(spell->off_ns | spell->off_count | spell->runq_ns | spell->runq_count))
		return;
	stack = waits_stack(w, thread, place);
	if (spell->off_ns | spell->off_count)
		reason = waits_reason(w, place);
	add_part(parts, SCOPE_OFF, reason, stack, spell->off_ns, spell->off_count,
		 place->thinning);
	add_part(parts, SCOPE_RUNQ, 0, stack, spell->runq_ns, spell->runq_count, place->thinning);
}

struct place waits_place_before(const struct waits *w, const struct scope_thread *life)
{
	struct ingest_seen_key key = { .start_time_ns = life->start_time_ns, .tid = life->tid };
	uint32_t id = table_find(&w->ingest->seen, &key);
	const struct scope_seen *seen;

	if (id == TABLE_NONE)
		return unproven;
	seen = &w->ingest->seen_data.items[id];
	if (!(life->flags & SCOPE_THREAD_NO_EVENT) && seen->time_ns > life->first_ns)
		return unproven;
	/* seen on a CPU: its stacks were not read, and it waited afterwards */
	if (seen->state == SCOPE_ON && !seen->ustack && !seen->kstack)
		return unproven;
	return (struct place){
		.pair = frames_find_pair(w->stacks->frames, seen->ustack, seen->kstack),
		.reason = seen->reason,
	};
}

/* A reason comes with every switch-out: without one it never left a CPU in the window. */
bool waits_has_place(const struct scope_thread *life)
{
	return life->here.reason || life->here.ustack || life->here.kstack;
}

static void add_thinned(struct spell *thinned, const struct scope_thread *life)
{
	thinned->off_ns += life->thinned_off_ns;
	thinned->off_count += life->thinned_off_count;
	thinned->runq_ns += life->thinned_runq_ns;
	thinned->runq_count += life->thinned_runq_count;
}

static struct place place_of(const struct waits *w, const struct scope_waits *waits)
{
	return (struct place){
		.pair = frames_find_pair(w->stacks->frames, waits->ustack, waits->kstack),
		.reason = waits->reason,
		.thinning = waits->thinning,
	};
}

static struct spell spell_of(const struct scope_waits *waits)
{
	return (struct spell){ waits->off_ns, waits->off_count, waits->runq_ns, waits->runq_count };
}

/* Adds what had no stack taken to `thinned`. */
static void add_life(struct waits *w, uint32_t thread, const struct scope_thread *life,
		     struct parts *parts, struct spell *thinned)
{
	const struct place at_start = waits_place_before(w, life), here = place_of(w, &life->here),
			   before = place_of(w, &life->before);
	nsec_t pending_ns = ledger_pending_ns(life, &w->ingest->window);
	struct spell late = spell_of(&life->here), earlier = spell_of(&life->before);
	struct spell first = { .off_ns = life->init_ns[SCOPE_OFF],
			       .off_count = life->init_ns[SCOPE_OFF] != 0,
			       .runq_ns = life->init_ns[SCOPE_RUNQ],
			       .runq_count = life->init_ns[SCOPE_RUNQ] != 0 };
	struct spell last = { 0 };

	if (pending_ns && life->state == SCOPE_OFF)
		last = (struct spell){ .off_ns = pending_ns, .off_count = 1 };
	else if (pending_ns && life->state == SCOPE_RUNQ)
		last = (struct spell){ .runq_ns = pending_ns, .runq_count = 1 };
	add_spell(w, thread, &at_start, &first, parts);
	add_spell(w, thread, &before, &earlier, parts);
	add_spell(w, thread, &here, &late, parts);
	add_thinned(thinned, life);
	if (!(life->flags & SCOPE_THREAD_THINNED)) {
		add_spell(w, thread, waits_has_place(life) ? &here : &at_start, &last, parts);
		return;
	}
	thinned->off_ns += last.off_ns;
	thinned->off_count += last.off_count;
	thinned->runq_ns += last.runq_ns;
	thinned->runq_count += last.runq_count;
}

static void add_sum(struct waits *w, uint32_t thread, uint32_t id, struct parts *parts)
{
	const struct waits_sum *key = &w->sums[id];
	const struct ingest_sum *sum = &w->ingest->sum_data.items[id];
	const struct place place = { .pair = key->pair,
				     .reason = key->reason,
				     .thinning = key->thinning };
	const struct spell spell = { sum->off_ns, sum->off_count, sum->runq_ns, sum->runq_count };

	add_spell(w, thread, &place, &spell, parts);
}

/* Of how many waits that were not drawn a part's stand for each. */
static uint64_t others_of(const struct part *part, enum scope_state state)
{
	return part->state == state ? (1u << part->thinning) - 1 : 0;
}

/*
 * What the parts from `from` on stand for. Days times 2^15 are more than 64 bits hold: then the last digits are
 * left out, of all alike. False: they stand for nothing.
 */
static bool weigh(const struct parts *parts, size_t from, enum scope_state state, uint64_t *times,
		  uint64_t *counts)
{
	unsigned __int128 time = 0;
	uint64_t number = 0;
	int left_out = 0;

	for (size_t i = from; i < parts->count; i++)
		time += (unsigned __int128)parts->items[i].ns * others_of(&parts->items[i], state);
	while (time >> left_out > UINT64_MAX)
		left_out++;
	for (size_t i = from; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		uint64_t others = others_of(part, state);

		times[i - from] = (uint64_t)((unsigned __int128)part->ns * others >> left_out);
		counts[i - from] = part->count * others;
		number += counts[i - from];
	}
	return time && number;
}

/*
 * Shares `ns` and `count` of waits without stacks out to the parts from `from` on that have some. Each
 * wait that was drawn stands for 2^thinning - 1 others, as long and in the same place, as far as is known:
 * that is not true of one, but in the mean of all, since they were drawn by chance. What they are in all is
 * known exactly.
 */
static void share_out(struct waits *w, struct parts *parts, size_t from, enum scope_state state,
		      nsec_t ns, uint64_t count)
{
	size_t room = parts->count - from;
	_cleanup_free_ uint64_t *times = mem_alloc_array(room, sizeof(*times));
	_cleanup_free_ uint64_t *counts = mem_alloc_array(room, sizeof(*counts));

	if (!ns && !count)
		return;
	w->shared_ns += ns;
	if (!weigh(parts, from, state, times, counts)) {
		add_part(parts, state, stacks_add_reason(w->stacks, 0, STACK_NONE),
			 stacks_add_label(w->stacks, LABEL_THINNED), ns, count, 0);
		return;
	}
	spread_proportional(ns, times, room, times);
	spread_proportional(count, counts, room, counts);
	for (size_t i = 0; i < room; i++) {
		parts->items[from + i].ns += times[i];
		parts->items[from + i].count += counts[i];
	}
}

/* Shrinks the parts of `state` to `total_ns`: more was told of than was charged. */
static void cut_parts(struct parts *parts, size_t from, enum scope_state state, nsec_t total_ns)
{
	_cleanup_free_ uint64_t *ns = mem_alloc_array(parts->count - from, sizeof(*ns));
	size_t count = 0;

	for (size_t i = from; i < parts->count; i++)
		if (parts->items[i].state == state)
			ns[count++] = parts->items[i].ns;
	spread_proportional(total_ns, ns, count, ns);
	count = 0;
	for (size_t i = from; i < parts->count; i++)
		if (parts->items[i].state == state)
			parts->items[i].ns = ns[count++];
}

/* Makes the parts of `state` from `from` on sum to the thread's total, by a label or by a cut. */
static void reconcile(struct waits *w, const struct ledger_thread *t, enum scope_state state,
		      size_t from, struct parts *parts)
{
	nsec_t total_ns = t->ns[state] - t->other_cpu_ns[state];
	enum label label = t->last_life == LEDGER_NONE ? LABEL_LOST_THREADS : LABEL_LOST_TABLE;
	uint32_t unknown = stacks_add_reason(w->stacks, 0, STACK_NONE);
	unsigned __int128 sum = 0;

	for (size_t i = from; i < parts->count; i++)
		if (parts->items[i].state == state)
			sum += parts->items[i].ns;
	if (sum > total_ns) {
		cut_parts(parts, from, state, total_ns);
		w->contradictions++;
	} else if (sum < total_ns) {
		add_part(parts, state, unknown, stacks_add_label(w->stacks, label),
			 total_ns - (nsec_t)sum, 0, 0);
	}
	if (t->other_cpu_ns[state])
		add_part(parts, state, unknown, stacks_add_label(w->stacks, LABEL_OTHER_CPUS),
			 t->other_cpu_ns[state], 0, 0);
}

void waits_add_parts(struct waits *w, uint32_t thread, struct parts *parts)
{
	const struct ledger_thread *t = &w->ledger->threads.items[thread];
	struct spell thinned = { 0 };
	size_t from = parts->count;

	for (size_t i = w->by_thread.first[thread]; i < w->by_thread.first[thread + 1]; i++)
		add_sum(w, thread, w->by_thread.items[i], parts);
	for (uint32_t i = t->last_life; i != LEDGER_NONE; i = w->ingest->lives.items[i].earlier)
		add_life(w, thread, &w->ingest->lives.items[i].record, parts, &thinned);
	share_out(w, parts, from, SCOPE_RUNQ, thinned.runq_ns, thinned.runq_count);
	share_out(w, parts, from, SCOPE_OFF, thinned.off_ns, thinned.off_count);
	reconcile(w, t, SCOPE_RUNQ, from, parts);
	reconcile(w, t, SCOPE_OFF, from, parts);
}
