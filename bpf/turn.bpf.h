/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * turn.bpf.h - the timeline: what each thread did, one turn after the other.
 *
 * A turn gathers in the account what charge.bpf.h charges, to the same states and with the same
 * corrections, and goes out when the thread leaves its CPU. So what is sent, what is counted as lost
 * and what is under way sum to the totals. Without want_timeline none of it is done.
 */
#ifndef TURN_BPF_H
#define TURN_BPF_H

#include "core.bpf.h"

extern const volatile __u64 timeline_ring_wake_bytes;

/* User space is woken when a quarter of the ring is in use. */
static __always_inline __u64 timeline_wake(void)
{
	return bpf_ringbuf_query(&timeline_ring, BPF_RB_AVAIL_DATA) > timeline_ring_wake_bytes ?
		       BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

static __always_inline void turn_add(struct turn *turn, __u32 state, __u64 from, __u64 ns)
{
	if (!turn->start_ns)
		turn->start_ns = from;
	turn->ns[state] += ns;
}

/* charge() charges `ns` from `from` on to `state`, which is one that time is charged to. */
static __always_inline void turn_charge(struct account *a, __u32 state, __u64 from, __u64 ns)
{
	if (!want_timeline)
		return;
	turn_add(&a->turn, state, from, ns);
	if (!(a->flags & ACCOUNT_SETTLED))
		a->turn.flags |= SCOPE_TURN_FIRST;
	if (a->flags & ACCOUNT_OTHER_CPU)
		a->turn.flags |= SCOPE_TURN_OTHER_CPU(state);
}

/* The time blocked that was charged is under --min-block-us. */
static __always_inline void turn_withhold(struct account *a)
{
	if (want_timeline)
		a->turn.flags |= SCOPE_TURN_SHORT;
}

static __always_inline void turn_move(struct account *a, enum scope_state from,
				      enum scope_state to, __s64 ns)
{
	if (!want_timeline)
		return;
	a->turn.ns[from] -= ns;
	a->turn.ns[to] += ns;
	if (from == SCOPE_RUNQ && to == SCOPE_ON && ns < 0)
		a->turn.taken_ns -= ns;
}

/* The thread that waited is woken by who said so last. */
static __always_inline void turn_wake(struct account *a, bool waited)
{
	if (!want_timeline)
		return;
	if (waited)
		a->turn.waker = a->waker;
	a->waker = 0;
}

/* The turn under way: whose it is, and where it waited. The account's stacks are those of the wait. */
static __always_inline void turn_tell(const struct account *a, struct scope_turn *ret_turn)
{
	const struct scope_thread *t = &a->t;

	*ret_turn = (struct scope_turn){
		.rec = { SCOPE_REC_TURN, sizeof(*ret_turn) },
		.thread = t->thread,
		.start_ns = a->turn.start_ns,
		.taken_ns = a->turn.taken_ns,
		.ustack = t->here.ustack,
		.kstack = t->here.kstack,
		.reason = t->here.reason,
		.flags = (__u32)a->turn.flags,
		.waker = a->turn.waker,
	};
	for (int i = 0; i < SCOPE_STATES; i++)
		ret_turn->ns[i] = a->turn.ns[i];
	if (want_thinning && t->flags & SCOPE_THREAD_THINNED) {
		ret_turn->ustack = ret_turn->kstack = 0;
		ret_turn->reason = 0;
		ret_turn->flags |= SCOPE_TURN_THINNED;
	}
}

static __always_inline void turn_lose(const struct scope_turn *turn)
{
	for (int i = 0; i < SCOPE_STATES; i++)
		if (turn->ns[i])
			lose(SCOPE_LOSS_TIMELINE_RING, turn->ns[i]);
}

static __attribute__((noinline)) void turn_send(struct account *a)
{
	struct scope_turn turn;

	turn_tell(a, &turn);
	if (bpf_ringbuf_output(&timeline_ring, &turn, sizeof(turn), timeline_wake()))
		turn_lose(&turn);
	__builtin_memset(&a->turn, 0, sizeof(a->turn));
}

/* What was charged so far is over; what is charged from here on is another turn. */
static __always_inline void turn_end(struct account *a)
{
	if (want_timeline && a->turn.start_ns)
		turn_send(a);
}

static __always_inline void hit_tell(const struct scope_tick_key *key, __u64 now)
{
	struct scope_hit hit = {
		.rec = { SCOPE_REC_HIT, sizeof(hit) },
		.thread = key->thread,
		.time_ns = now,
		.ustack = key->ustack,
		.kstack = key->kstack,
	};

	if (want_timeline &&
	    bpf_ringbuf_output(&timeline_ring, &hit, sizeof(hit), timeline_wake()))
		lose(SCOPE_LOSS_TIMELINE_RING, 0);
}

#endif
