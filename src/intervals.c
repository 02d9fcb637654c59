// SPDX-License-Identifier: MIT
#include "intervals.h"

#include <string.h>

/* A turn of the thread at hand, or what follows its last one. */
struct turn_at {
	const struct scope_turn *turn;
	const struct scope_thread *life;
	bool is_tail;
};

static nsec_t later(nsec_t a, nsec_t b)
{
	return a > b ? a : b;
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

/* --- names of stacks -------------------------------------------------------------------------- */

void intervals_want_waits(const struct ingest *ingest, struct frames *frames)
{
	const struct timeline *timeline = &ingest->timeline;

	for (size_t i = 0; i < timeline->turns.count; i++) {
		const struct scope_turn *turn = &timeline->turns.items[i];

		frames_want(frames, frames_find_pair(frames, turn->ustack, turn->kstack));
	}
}

void intervals_want_runs(const struct ingest *ingest, struct frames *frames)
{
	const struct timeline *timeline = &ingest->timeline;

	for (size_t i = 0; i < timeline->hits.count; i++) {
		const struct scope_hit *hit = &timeline->hits.items[i];

		frames_want(frames, frames_find_pair(frames, hit->ustack, hit->kstack));
	}
}

/* --- one interval ----------------------------------------------------------------------------- */

struct stretch {
	enum scope_state state;
	nsec_t from_ns, to_ns; /* of the clock */
	uint32_t stack, reason, waker;
};

/* More of the same wait. */
static bool extends(const struct intervals *v, const struct stretch *s, nsec_t start_ns)
{
	const struct profile_interval *last;

	if (!v->found.count || s->state != SCOPE_RUNQ)
		return false;
	last = &v->found.items[v->found.count - 1];
	return last->thread == v->thread && last->state == SCOPE_RUNQ && last->stack == s->stack &&
	       last->start_ns + last->ns == start_ns;
}

/*
 * What is left out of a stretch, for it lies before its life, or from `from` to `start` where
 * another is. The first is nobody's in the ledger, if not the lost threads'; and what the last turn
 * told of already, one that came after the stop, is no loss.
 */
static void cut_off(struct intervals *v, const struct stretch *s, nsec_t from, nsec_t start)
{
	nsec_t ns = 0;

	if (v->ledger->lost != LEDGER_NONE && earlier(s->to_ns, v->floor_ns) > s->from_ns)
		ns += earlier(s->to_ns, v->floor_ns) - s->from_ns;
	if (earlier(s->to_ns, start) > from && !(v->at->is_tail && v->reached_in == v->at->life))
		ns += earlier(s->to_ns, start) - from;
	v->cut.count += ns != 0;
	v->cut.ns += ns;
}

static void add(struct intervals *v, const struct stretch *s)
{
	const struct scope_window *window = &v->ingest->window;
	nsec_t from = later(s->from_ns, later(v->floor_ns, window->start_ns));
	nsec_t to = earlier(s->to_ns, window->end_ns), start = later(from, v->reached_ns);
	struct profile_interval *interval;

	cut_off(v, s, from, start);
	if (to <= start)
		return;
	v->reached_ns = to;
	v->reached_in = v->at->life;
	if (!v->states[s->state])
		return;
	if (extends(v, s, start - window->start_ns)) {
		v->found.items[v->found.count - 1].ns += to - start;
		return;
	}
	interval = array_push(&v->found);
	interval->thread = v->thread;
	interval->state = s->state;
	interval->stack = s->stack;
	interval->reason = s->reason;
	interval->waker = s->waker;
	interval->start_ns = start - window->start_ns;
	interval->ns = to - start;
}

/* --- waits ------------------------------------------------------------------------------------ */

static uint32_t waker_of(const struct intervals *v, const struct scope_turn *turn)
{
	uint32_t id = turn->waker ? table_find(&v->ingest->threads, &turn->waker) : TABLE_NONE;

	return id == TABLE_NONE ? 0 : v->ledger->by_id[id] + 1; /* LEDGER_NONE is the largest */
}

static struct place place_of(const struct intervals *v, const struct turn_at *at)
{
	const struct scope_turn *turn = at->turn;

	if (turn->flags & SCOPE_TURN_FIRST)
		return waits_place_before(v->waits, at->life);
	return (struct place){
		.pair = frames_find_pair(v->stacks->frames, turn->ustack, turn->kstack),
		.reason = turn->reason,
		.thinned = turn->flags & SCOPE_TURN_THINNED,
	};
}

static bool wants(const struct intervals *v, enum scope_state state)
{
	return v->waits && v->states[state];
}

static bool is_other_cpu(const struct turn_at *at, enum scope_state state)
{
	return at->turn->flags & SCOPE_TURN_OTHER_CPU(state);
}

static void add_blocked(struct intervals *v, const struct turn_at *at, const struct place *place)
{
	static const struct place other = { .pair = { STACK_NONE, STACK_NONE } };
	static const struct place withheld = { .pair = { STACK_NONE, STACK_NONE },
					       .reason = SCOPE_REASON_SHORT };
	const struct scope_turn *turn = at->turn;
	struct stretch s = { .state = SCOPE_OFF,
			     .from_ns = turn->start_ns,
			     .to_ns = turn->start_ns + turn->ns[SCOPE_OFF] };

	if (!turn->ns[SCOPE_OFF])
		return;
	if (turn->flags & SCOPE_TURN_SHORT)
		place = &withheld;
	if (is_other_cpu(at, SCOPE_OFF))
		place = &other;
	if (wants(v, SCOPE_OFF)) {
		s.stack = place == &other ? stacks_add_label(v->stacks, LABEL_OTHER_CPUS)
					  : waits_stack(v->waits, v->thread, place);
		s.reason = waits_reason(v->waits, place);
		s.waker = waker_of(v, turn);
	}
	add(v, &s);
}

/* --- runs ------------------------------------------------------------------------------------- */

/* The first tick after `from`, up to `to`; NULL: none. */
static const struct scope_hit *next_hit(struct intervals *v, nsec_t from, nsec_t to)
{
	while (v->next_hit < v->hit_order.count && v->hit_order.items[v->next_hit]->time_ns <= from)
		v->next_hit++;
	if (v->next_hit == v->hit_order.count || v->hit_order.items[v->next_hit]->time_ns > to)
		return NULL;
	return v->hit_order.items[v->next_hit];
}

static nsec_t start_of_run(const struct scope_turn *turn)
{
	return turn->start_ns + turn->ns[SCOPE_OFF] + turn->ns[SCOPE_RUNQ] - turn->taken_ns;
}

/*
 * The ledger ends a run where the scheduler does, up to a millisecond before the switch
 * (SWITCH_MAX_NS in bpf/charge.bpf.h): a tick may come in between, and is the last stretch's.
 */
static const struct scope_hit *late_hit(struct intervals *v, nsec_t end)
{
	const struct turn_at *next = v->at + 1;
	nsec_t limit = end + NSEC_PER_MSEC;

	if (next < v->order.items + v->order.count)
		limit = earlier(limit, start_of_run(next->turn));
	return next_hit(v, end, limit);
}

static uint32_t stack_of_hit(const struct intervals *v, const struct scope_hit *hit)
{
	const struct ledger_thread *t = &v->ledger->threads.items[v->thread];

	if (!hit || !v->states[SCOPE_ON])
		return 0;
	return stacks_add_pair(v->stacks,
			       frames_find_pair(v->stacks->frames, hit->ustack, hit->kstack),
			       SCOPE_ON, t->kernel_thread);
}

/* `part` of the run's `length` has as much of what was taken from it as it is long. */
static nsec_t share_of(nsec_t taken_ns, nsec_t part_ns, nsec_t length_ns)
{
	return length_ns ? (nsec_t)((unsigned __int128)taken_ns * part_ns / length_ns) : 0;
}

/* The run from `from` on, split at ticks; `waiting` is what was taken from it, and has its stack.
 */
static void add_run(struct intervals *v, const struct turn_at *at, nsec_t from,
		    struct stretch waiting)
{
	const struct scope_turn *turn = at->turn;
	nsec_t length = turn->taken_ns + turn->ns[SCOPE_ON], begin = from, taken = 0;
	bool other = is_other_cpu(at, SCOPE_ON);
	struct stretch run = { .state = SCOPE_ON };
	const struct scope_hit *hit;

	do {
		hit = other ? NULL : next_hit(v, begin, from + length);
		run.to_ns = hit ? hit->time_ns : from + length;
		waiting.from_ns = begin;
		waiting.to_ns = begin + share_of(turn->taken_ns, run.to_ns - from, length) - taken;
		taken += waiting.to_ns - begin;
		run.from_ns = waiting.to_ns;
		run.stack = other ? stacks_add_label(v->stacks, LABEL_OTHER_CPUS)
				  : stack_of_hit(v, hit ? hit : late_hit(v, run.to_ns));
		add(v, &waiting);
		add(v, &run);
		begin = run.to_ns;
	} while (hit);
}

/* --- one thread ------------------------------------------------------------------------------- */

static void add_turn(struct intervals *v, const struct turn_at *at)
{
	const struct scope_turn *turn = at->turn;
	nsec_t woken = turn->start_ns + turn->ns[SCOPE_OFF];
	nsec_t came = start_of_run(turn);
	bool waits = wants(v, SCOPE_OFF) || wants(v, SCOPE_RUNQ);
	const struct place place = waits ? place_of(v, at) : (struct place){ 0 };
	struct stretch s = { .state = SCOPE_RUNQ, .from_ns = woken, .to_ns = came };
	uint32_t own = 0;

	v->at = at;
	v->floor_ns = ledger_life_start_ns(at->life, &v->ingest->window);
	add_blocked(v, at, &place);
	if (turn->ns[SCOPE_RUNQ] && wants(v, SCOPE_RUNQ)) {
		own = waits_stack(v->waits, v->thread, &place);
		s.stack = is_other_cpu(at, SCOPE_RUNQ)
				  ? stacks_add_label(v->stacks, LABEL_OTHER_CPUS)
				  : own;
	}
	add(v, &s);
	s.stack = own;
	if (turn->taken_ns || turn->ns[SCOPE_ON])
		add_run(v, at, came, s);
}

/* How well a turn fits into a life: 3 within it, 2 before its end, 1 after its start. */
static int fits(const struct intervals *v, const struct scope_turn *turn,
		const struct scope_thread *life)
{
	const struct scope_window *window = &v->ingest->window;
	bool ends = turn->start_ns + timeline_turn_ns(turn) <= ledger_life_end_ns(life, window);

	return ends * 2 + (turn->start_ns >= ledger_life_start_ns(life, window));
}

/* Which life a turn is of. One that begins where another ends may have been told of before it. */
static const struct scope_thread *life_of(const struct intervals *v, const struct scope_turn *turn)
{
	const struct ingest_life *lives = v->ingest->lives.items;
	uint32_t i = v->ledger->threads.items[v->thread].last_life;
	const struct scope_thread *best = &lives[i].record;

	while ((i = lives[i].earlier) != LEDGER_NONE) {
		const struct scope_thread *life = &lives[i].record;
		int better = fits(v, turn, life) - fits(v, turn, best);

		if (better > 0 || (!better && life->born_ns > best->born_ns))
			best = life;
	}
	return best;
}

/* What a life's last state has of the window; as a turn that nobody sent. */
static bool tail_of(const struct intervals *v, const struct scope_thread *life,
		    struct scope_turn *ret_tail)
{
	const struct scope_window *window = &v->ingest->window;
	nsec_t pending_ns = ledger_pending_ns(life, window);
	bool thinned = life->flags & SCOPE_THREAD_THINNED;

	if (!pending_ns)
		return false;
	*ret_tail = (struct scope_turn){
		.thread = life->thread,
		.start_ns = (life->flags & SCOPE_THREAD_NO_EVENT ? ledger_life_end_ns(life, window)
								 : window->end_ns) -
			    pending_ns,
		.ustack = thinned ? 0 : life->here.ustack,
		.kstack = thinned ? 0 : life->here.kstack,
		.reason = thinned ? 0 : life->here.reason,
		.flags = thinned ? SCOPE_TURN_THINNED :
			 waits_has_place(life) ? 0 : SCOPE_TURN_FIRST,
	};
	ret_tail->ns[life->state] = pending_ns;
	return true;
}

/* Of two of a life that begin together the longer one first; a tail tells what no turn does. */
static int compare_turns(const void *a, const void *b)
{
	const struct turn_at *s = a, *t = b;
	nsec_t s_ns = timeline_turn_ns(s->turn), t_ns = timeline_turn_ns(t->turn);

	if (s->turn->start_ns != t->turn->start_ns)
		return s->turn->start_ns < t->turn->start_ns ? -1 : 1;
	if (s->is_tail != t->is_tail)
		return s->is_tail - t->is_tail;
	if (s->life != t->life)
		return s->life < t->life ? -1 : 1;
	return (s_ns < t_ns) - (s_ns > t_ns);
}

static int compare_hits(const void *a, const void *b)
{
	const struct scope_hit *const *s = a, *const *t = b;

	return ((*s)->time_ns > (*t)->time_ns) - ((*s)->time_ns < (*t)->time_ns);
}

static void add_tails(struct intervals *v)
{
	const struct ingest_life *lives = v->ingest->lives.items;
	uint32_t last = v->ledger->threads.items[v->thread].last_life;
	struct scope_turn tail;

	v->tails.count = 0;
	for (uint32_t i = last; i != LEDGER_NONE; i = lives[i].earlier)
		if (tail_of(v, &lives[i].record, &tail))
			*array_push(&v->tails) = tail;
	for (size_t n = 0; n < v->tails.count; n++) {
		struct turn_at *at = array_push(&v->order);

		at->turn = &v->tails.items[n];
		at->life = life_of(v, at->turn);
		at->is_tail = true;
	}
}

static void gather(struct intervals *v)
{
	const struct timeline *timeline = &v->ingest->timeline;

	v->order.count = v->hit_order.count = v->next_hit = 0;
	for (size_t i = v->turns.first[v->thread]; i < v->turns.first[v->thread + 1]; i++) {
		struct turn_at *at = array_push(&v->order);

		at->turn = &timeline->turns.items[v->turns.items[i]];
		at->life = life_of(v, at->turn);
	}
	for (size_t i = v->hits.first[v->thread]; i < v->hits.first[v->thread + 1]; i++)
		*array_push(&v->hit_order) = &timeline->hits.items[v->hits.items[i]];
	add_tails(v);
	if (v->order.count)
		qsort(v->order.items, v->order.count, sizeof(*v->order.items), compare_turns);
	if (v->hit_order.count)
		qsort(v->hit_order.items, v->hit_order.count, sizeof(*v->hit_order.items),
		      compare_hits);
}

static void add_thread(struct intervals *v, uint32_t thread)
{
	const struct turn_at *before = NULL;

	v->thread = thread;
	v->reached_ns = 0;
	gather(v);
	for (const struct turn_at *at = v->order.items; at < v->order.items + v->order.count;
	     at++) {
		/* the iterator told of it while it was under way */
		if (!before || at->is_tail || at->life != before->life ||
		    at->turn->start_ns != before->turn->start_ns)
			add_turn(v, at);
		before = at;
	}
}

/* --- all -------------------------------------------------------------------------------------- */

/* LEDGER_NONE: nobody's track. */
static uint32_t owner(const struct intervals *v, uint64_t thread)
{
	uint32_t id = ledger_find(v->ledger, v->ingest, thread);

	/* threads without a record are many on one line */
	return id == v->ledger->lost ? LEDGER_NONE : id;
}

static void group(struct intervals *v)
{
	const struct timeline *timeline = &v->ingest->timeline;
	size_t threads = v->ledger->threads.count;
	_cleanup_free_ uint32_t *turns = mem_alloc_array(timeline->turns.count, sizeof(*turns));
	_cleanup_free_ uint32_t *hits = mem_alloc_array(timeline->hits.count, sizeof(*hits));

	for (size_t i = 0; i < timeline->turns.count; i++) {
		turns[i] = owner(v, timeline->turns.items[i].thread);
		/* else a task that the kernel hides, whose time the ledger does not have either */
		if (turns[i] == LEDGER_NONE && v->ledger->lost != LEDGER_NONE)
			timeline_lose(&v->cut, &timeline->turns.items[i]);
	}
	for (size_t i = 0; i < timeline->hits.count; i++)
		hits[i] = owner(v, timeline->hits.items[i].thread);
	grouping_init(&v->turns, turns, timeline->turns.count, threads);
	grouping_init(&v->hits, hits, timeline->hits.count, threads);
}

void intervals_build(struct intervals *v, const struct ledger *ledger, struct waits *waits,
		     struct stacks *stacks, const bool *states)
{
	memset(v, 0, sizeof(*v));
	v->ingest = stacks->frames->ingest;
	v->ledger = ledger;
	v->waits = waits;
	v->stacks = stacks;
	v->states = states;
	group(v);
	for (uint32_t i = 0; i < ledger->threads.count; i++)
		if (i != ledger->lost)
			add_thread(v, i);
}

void intervals_free(struct intervals *v)
{
	grouping_free(&v->turns);
	grouping_free(&v->hits);
	array_free(&v->order);
	array_free(&v->hit_order);
	array_free(&v->tails);
}
