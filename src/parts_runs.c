// SPDX-License-Identifier: MIT
#include "parts.h"

#include <string.h>

struct peer_key {
	uint32_t exe;	       /* string of procs; 0: not known, or none */
	uint32_t kernel_thread;
	char comm[SCOPE_COMM_LEN];
};

/* The ticks of the ingest, by thread, each with its stack of the profile. */
static void gather_ticks(struct runs *r)
{
	const struct ingest *ingest = r->ingest;
	size_t count = ingest->ticks.count, threads = r->ledger->threads.count;
	_cleanup_free_ uint32_t *owner_of = mem_alloc_array(count, sizeof(*owner_of));
	struct grouping by_thread;

	for (uint32_t i = 0; i < count; i++) {
		const struct ingest_tick_key *key = table_key(&ingest->ticks, i);

		owner_of[i] = ingest->tick_counts.items[i] ?
				      ledger_find(r->ledger, ingest, key->thread) : LEDGER_NONE;
		if (owner_of[i] == LEDGER_NONE)
			r->orphan_count += ingest->tick_counts.items[i];
	}
	grouping_init(&by_thread, owner_of, count, threads);
	r->tick_stacks = mem_alloc_array(count, sizeof(*r->tick_stacks));
	r->tick_counts = mem_alloc_array(count, sizeof(*r->tick_counts));
	for (size_t i = 0; i < by_thread.first[threads]; i++) {
		uint32_t tick = by_thread.items[i];
		const struct ingest_tick_key *key = table_key(&ingest->ticks, tick);
		const struct ledger_thread *t = &r->ledger->threads.items[owner_of[tick]];
		struct stack_pair pair;

		pair = frames_find_pair(r->stacks->frames, key->ustack, key->kstack);
		r->tick_stacks[i] = stacks_add_pair(r->stacks, pair, SCOPE_ON, t->kernel_thread);
		r->tick_counts[i] = ingest->tick_counts.items[tick];
	}
	r->first_tick = by_thread.first;
	free(by_thread.items);
}

static void find_peers(struct runs *r)
{
	size_t count = r->ledger->threads.count;
	struct table groups;

	table_init(&groups, sizeof(struct peer_key));
	r->peers = mem_alloc_array(count, sizeof(*r->peers));
	for (size_t i = 0; i < count; i++) {
		const struct ledger_thread *t = &r->ledger->threads.items[i];
		struct peer_key key = { .kernel_thread = t->kernel_thread };

		if (t->instance != PROCS_NONE)
			key.exe = procs_exe(&r->ingest->procs, t->instance);
		memcpy(key.comm, t->comm, sizeof(key.comm));
		/* the lost are nobody's peers */
		r->peers[i] = t->last_life == LEDGER_NONE ? LEDGER_NONE :
							    table_add(&groups, &key, NULL);
	}
	grouping_init(&r->groups, r->peers, count, groups.count);
	r->group_dealers = mem_alloc_array(groups.count, sizeof(*r->group_dealers));
	table_free(&groups);
}

static bool has_ticks(const struct runs *r, uint32_t first_thread, uint32_t count)
{
	return r->first_tick[first_thread + count] > r->first_tick[first_thread];
}

static nsec_t on_ns(const struct ledger_thread *t)
{
	return t->ns[SCOPE_ON] - t->other_cpu_ns[SCOPE_ON];
}

/* Whom a thread borrows from; NULL: it has ticks of its own, or no on-CPU time. */
static struct run_group *lender_of(const struct runs *r, uint32_t thread)
{
	const struct ledger_thread *t = &r->ledger->threads.items[thread];
	const struct ledger_process *p = &r->ledger->processes.items[t->process];

	if (!on_ns(t) || has_ticks(r, thread, 1))
		return NULL;
	if (has_ticks(r, p->first_thread, p->thread_count))
		return &r->process_dealers[t->process];
	return r->peers[thread] == LEDGER_NONE ? NULL : &r->group_dealers[r->peers[thread]];
}

void runs_init(struct runs *r, const struct ingest *ingest, const struct ledger *ledger,
	       struct stacks *stacks)
{
	memset(r, 0, sizeof(*r));
	r->ingest = ingest;
	r->ledger = ledger;
	r->stacks = stacks;
	gather_ticks(r);
	find_peers(r);
	r->process_dealers = mem_alloc_array(ledger->processes.count, sizeof(*r->process_dealers));
	for (uint32_t i = 0; i < ledger->threads.count; i++) {
		struct run_group *lender = lender_of(r, i);

		if (lender)
			lender->borrowed_ns += on_ns(&ledger->threads.items[i]);
	}
}

void runs_free(struct runs *r)
{
	for (size_t i = 0; i < r->ledger->processes.count; i++)
		spread_dealer_free(&r->process_dealers[i].dealer);
	/* groups are no more than threads */
	for (size_t i = 0; i < r->ledger->threads.count; i++)
		if (r->peers[i] != LEDGER_NONE)
			spread_dealer_free(&r->group_dealers[r->peers[i]].dealer);
	free(r->tick_stacks);
	free(r->tick_counts);
	free(r->first_tick);
	free(r->peers);
	grouping_free(&r->groups);
	free(r->group_dealers);
	free(r->process_dealers);
}

static void start_process_dealer(struct runs *r, struct run_group *lender, uint32_t process)
{
	const struct ledger_process *p = &r->ledger->processes.items[process];
	size_t from = r->first_tick[p->first_thread];
	size_t to = r->first_tick[p->first_thread + p->thread_count];

	spread_dealer_init(&lender->dealer, lender->borrowed_ns, r->tick_stacks + from,
			   r->tick_counts + from, to - from);
}

static void start_group_dealer(struct runs *r, struct run_group *lender, uint32_t group)
{
	ARRAY(uint32_t) stacks = { 0 };
	ARRAY(uint64_t) counts = { 0 };

	for (size_t i = r->groups.first[group]; i < r->groups.first[group + 1]; i++) {
		uint32_t thread = r->groups.items[i];

		for (size_t n = r->first_tick[thread]; n < r->first_tick[thread + 1]; n++) {
			*array_push(&stacks) = r->tick_stacks[n];
			*array_push(&counts) = r->tick_counts[n];
		}
	}
	if (stacks.count)
		spread_dealer_init(&lender->dealer, lender->borrowed_ns, stacks.items,
				   counts.items, stacks.count);
	array_free(&stacks);
	array_free(&counts);
}

static void add_run(struct parts *parts, uint32_t stack, nsec_t ns, uint64_t count, bool estimated)
{
	struct part *part = array_push(parts);

	memset(part, 0, sizeof(*part));
	part->state = SCOPE_ON;
	part->stack = stack;
	part->ns = ns;
	part->count = count;
	part->estimated = estimated;
}

static void add_own(struct runs *r, uint32_t thread, nsec_t ns, struct parts *parts)
{
	size_t from = r->first_tick[thread], count = r->first_tick[thread + 1] - from;
	_cleanup_free_ uint64_t *shares = mem_alloc_array(count, sizeof(*shares));

	spread_proportional(ns, r->tick_counts + from, count, shares);
	for (size_t i = 0; i < count; i++)
		add_run(parts, r->tick_stacks[from + i], shares[i], r->tick_counts[from + i],
			false);
}

/* What nobody lends is left in the return value. */
static nsec_t add_borrowed(struct runs *r, uint32_t thread, nsec_t ns, struct parts *parts)
{
	struct run_group *lender = lender_of(r, thread);
	uint32_t stack;
	nsec_t got;

	if (!lender)
		return ns;
	if (!lender->dealing) {
		uint32_t process = r->ledger->threads.items[thread].process;

		lender->dealing = true;
		if (lender == &r->process_dealers[process])
			start_process_dealer(r, lender, process);
		else
			start_group_dealer(r, lender, r->peers[thread]);
	}
	while ((got = spread_dealer_take(&lender->dealer, ns, &stack)) > 0) {
		add_run(parts, stack, got, 0, true);
		ns -= got;
	}
	return ns;
}

bool runs_add_parts(struct runs *r, uint32_t thread, struct parts *parts)
{
	const struct ledger_thread *t = &r->ledger->threads.items[thread];
	nsec_t ns = on_ns(t), left;
	bool lost = t->last_life == LEDGER_NONE;

	if (t->other_cpu_ns[SCOPE_ON])
		add_run(parts, stacks_add_label(r->stacks, LABEL_OTHER_CPUS),
			t->other_cpu_ns[SCOPE_ON], 0, false);
	if (has_ticks(r, thread, 1)) {
		add_own(r, thread, ns, parts);
		return false;
	}
	left = add_borrowed(r, thread, ns, parts);
	if (left)
		add_run(parts, stacks_add_label(r->stacks, lost ? LABEL_LOST_THREADS :
								  LABEL_NOT_SAMPLED),
			left, 0, false);
	return left < ns;
}
