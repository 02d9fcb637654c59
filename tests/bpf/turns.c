// SPDX-License-Identifier: MIT
#include "turns.h"

#include <string.h>

#include "frames.h"
#include "report.h"
#include "sink.h"
#include "truth.h"

static __u64 parse_waker(const char *word)
{
	__u32 tid = parse_number(word);

	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (t->tid == tid)
			return thread_id(tid, t->start_time_ns);
	give_up("nobody has been %u", tid);
}

static const struct {
	const char *name;
	__u32 flag;
} flag_names[] = {
	{ "first", SCOPE_TURN_FIRST },
	{ "short", SCOPE_TURN_SHORT },
	{ "other-on", SCOPE_TURN_OTHER_CPU(SCOPE_ON) },
	{ "other-runq", SCOPE_TURN_OTHER_CPU(SCOPE_RUNQ) },
	{ "other-off", SCOPE_TURN_OTHER_CPU(SCOPE_OFF) },
};

static void take_wanted(struct words *w, struct scope_turn *turn)
{
	const char *word = words_take(w);

	if (!strcmp(word, "on")) {
		turn->ns[SCOPE_ON] = (__u64)parse_time(words_take(w));
	} else if (!strcmp(word, "runq")) {
		turn->ns[SCOPE_RUNQ] = (__u64)parse_time(words_take(w));
	} else if (!strcmp(word, "off")) {
		turn->ns[SCOPE_OFF] = (__u64)parse_time(words_take(w));
	} else if (!strcmp(word, "taken")) {
		turn->taken_ns = (__u64)parse_time(words_take(w));
	} else if (!strcmp(word, "waker")) {
		turn->waker = parse_waker(words_take(w));
	} else {
		for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++)
			if (!strcmp(word, flag_names[i].name)) {
				turn->flags |= flag_names[i].flag;
				return;
			}
		give_up("what is %s?", word);
	}
}

static __u32 tid_of(__u64 thread)
{
	for (const struct truth *t = kernel.truths; t; t = t->next)
		if (thread_id(t->tid, t->start_time_ns) == thread)
			return t->tid;
	return 0;
}

void turns_expect(struct words *w)
{
	struct scope_turn wanted = { .thread = parse_number(words_take(w)),
				     .start_ns = parse_instant(words_take(w)) };

	while (!words_end(w))
		take_wanted(w, &wanted);
	if (!want_timeline)
		return;
	for (size_t i = 0; i < sink.turn_count; i++) {
		const struct scope_turn *have = &sink.turns[i];

		if (tid_of(have->thread) != wanted.thread || have->start_ns != wanted.start_ns)
			continue;
		if (!memcmp(have->ns, wanted.ns, sizeof(wanted.ns)) &&
		    have->taken_ns == wanted.taken_ns && have->waker == wanted.waker &&
		    have->flags == wanted.flags)
			return;
		fail("off %llu runq %llu on %llu taken %llu waker %u flags %x", have->ns[SCOPE_OFF],
		     have->ns[SCOPE_RUNQ], have->ns[SCOPE_ON], have->taken_ns, tid_of(have->waker),
		     have->flags);
	}
	fail("there is no such turn");
}

void turns_expect_hits(struct words *w)
{
	__u32 tid = parse_number(words_take(w)), wanted = parse_number(words_take(w)), have = 0;

	for (size_t i = 0; i < sink.hit_count; i++)
		have += tid_of(sink.hits[i].thread) == tid;
	if (want_timeline && have != wanted)
		fail("ticks one by one are %u, not %u", have, wanted);
}

/* --- where turns waited ----------------------------------------------------------------------- */

struct wait {
	const struct scope_turn *turn;
	__u64 from_ns, to_ns, place;
};

static void check_span(void *context, const struct span *span)
{
	const struct wait *wait = context;

	if (span->state == SCOPE_ON || span->from_ns >= wait->to_ns ||
	    span->to_ns <= wait->from_ns || span->place == wait->place)
		return;
	fail("thread %u: the turn from %llu on waited elsewhere", tid_of(wait->turn->thread),
	     wait->from_ns - KERNEL_TIME_0);
}

void turns_check_places(const struct truth *truth)
{
	static const struct sent_stack none;

	for (size_t i = 0; i < sink.turn_count; i++) {
		const struct scope_turn *turn = &sink.turns[i];
		const struct sent_stack *u = sink_stack(turn->ustack);
		const struct sent_stack *k = sink_stack(turn->kstack);
		struct wait wait = {
			.turn = turn,
			.from_ns = turn->start_ns,
			.to_ns = turn->start_ns + turn->ns[SCOPE_OFF] + turn->ns[SCOPE_RUNQ],
		};

		if (turn->flags & (SCOPE_TURN_FIRST | SCOPE_TURN_THINNED) ||
		    turn->thread != thread_id(truth->tid, truth->start_time_ns))
			continue;
		u = u ? u : &none;
		k = k ? k : &none;
		wait.place = frames_place(u->ips, u->count, k->ips, k->count);
		truth_each_span(truth, window_start_ns, window_end_ns, check_span, &wait);
	}
}
