// SPDX-License-Identifier: MIT
#include "parts.h"

#include <string.h>

struct peer_key {
	uint32_t process;      /* LEDGER_NONE: any */
	uint32_t exe;	       /* string of procs; 0: not known, none, or any */
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

static bool has_ticks(const struct runs *r, uint32_t thread)
{
	return r->first_tick[thread + 1] > r->first_tick[thread];
}

static nsec_t on_ns(const struct ledger_thread *t)
{
	return t->ns[SCOPE_ON] - t->other_cpu_ns[SCOPE_ON];
}

static struct peer_key key_of(const struct runs *r, const struct ledger_thread *t,
			      enum peer_kind kind)
{
	struct peer_key key = { .process = t->process };

	if (kind != PEERS_PROCESS)
		memcpy(key.comm, t->comm, sizeof(key.comm));
	if (kind == PEERS_PROGRAM) {
		key.process = LEDGER_NONE;
		key.kernel_thread = t->kernel_thread;
		if (t->instance != PROCS_NONE)
			key.exe = procs_exe(&r->ingest->procs, t->instance);
	}
	return key;
}

static void find_peers(struct runs *r, enum peer_kind kind)
{
	struct peers *peers = &r->peers[kind];
	size_t count = r->ledger->threads.count;
	struct table groups;

	table_init(&groups, sizeof(struct peer_key));
	peers->group_of = mem_alloc_array(count, sizeof(*peers->group_of));
	for (size_t i = 0; i < count; i++) {
		const struct ledger_thread *t = &r->ledger->threads.items[i];
		struct peer_key key = key_of(r, t, kind);

		/* the lost are nobody's peers */
		peers->group_of[i] = t->last_life == LEDGER_NONE ? LEDGER_NONE :
								   table_add(&groups, &key, NULL);
	}
	peers->group_count = groups.count;
	grouping_init(&peers->threads, peers->group_of, count, groups.count);
	peers->groups = mem_alloc_array(groups.count, sizeof(*peers->groups));
	for (uint32_t i = 0; i < count; i++)
		if (peers->group_of[i] != LEDGER_NONE && has_ticks(r, i))
			peers->groups[peers->group_of[i]].hit = true;
	table_free(&groups);
}

/* Whom a thread borrows from; NULL: it has ticks of its own, or no on-CPU time, or nobody. */
static struct peer_group *lender_of(const struct runs *r, uint32_t thread)
{
	if (!on_ns(&r->ledger->threads.items[thread]) || has_ticks(r, thread))
		return NULL;
	for (int kind = 0; kind < PEER_KINDS; kind++) {
		const struct peers *peers = &r->peers[kind];
		uint32_t group = peers->group_of[thread];

		if (group != LEDGER_NONE && peers->groups[group].hit)
			return &peers->groups[group];
	}
	return NULL;
}

/* Spreads what a group lends over the ticks of all its threads. */
static void start_dealer(const struct runs *r, struct peers *peers, size_t group)
{
	ARRAY(uint32_t) stacks = { 0 };
	ARRAY(uint64_t) counts = { 0 };

	for (size_t i = peers->threads.first[group]; i < peers->threads.first[group + 1]; i++) {
		uint32_t thread = peers->threads.items[i];

		for (size_t n = r->first_tick[thread]; n < r->first_tick[thread + 1]; n++) {
			*array_push(&stacks) = r->tick_stacks[n];
			*array_push(&counts) = r->tick_counts[n];
		}
	}
	spread_dealer_init(&peers->groups[group].dealer, peers->groups[group].borrowed_ns,
			   stacks.items, counts.items, stacks.count);
	array_free(&stacks);
	array_free(&counts);
}

void runs_init(struct runs *r, const struct ingest *ingest, const struct ledger *ledger,
	       struct stacks *stacks)
{
	memset(r, 0, sizeof(*r));
	r->ingest = ingest;
	r->ledger = ledger;
	r->stacks = stacks;
	gather_ticks(r);
	for (int kind = 0; kind < PEER_KINDS; kind++)
		find_peers(r, (enum peer_kind)kind);
	for (uint32_t i = 0; i < ledger->threads.count; i++) {
		struct peer_group *lender = lender_of(r, i);

		if (lender)
			lender->borrowed_ns += on_ns(&ledger->threads.items[i]);
	}
	for (struct peers *peers = r->peers; peers < r->peers + PEER_KINDS; peers++)
		for (size_t i = 0; i < peers->group_count; i++)
			if (peers->groups[i].borrowed_ns)
				start_dealer(r, peers, i);
}

void runs_free(struct runs *r)
{
	for (struct peers *peers = r->peers; peers < r->peers + PEER_KINDS; peers++) {
		for (size_t i = 0; i < peers->group_count; i++)
			spread_dealer_free(&peers->groups[i].dealer);
		grouping_free(&peers->threads);
		free(peers->groups);
		free(peers->group_of);
	}
	free(r->tick_stacks);
	free(r->tick_counts);
	free(r->first_tick);
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
	struct peer_group *lender = lender_of(r, thread);
	uint32_t stack;
	nsec_t got;

	if (!lender)
		return ns;
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
	if (has_ticks(r, thread)) {
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
