// SPDX-License-Identifier: MIT
#include "timeline.h"

void timeline_free(struct timeline *t)
{
	array_free(&t->turns);
	array_free(&t->hits);
}

bool timeline_turn_is_sound(const struct scope_turn *turn)
{
	nsec_t room = INT64_MAX;

	if (!turn->start_ns || turn->start_ns > room || turn->taken_ns > turn->ns[SCOPE_RUNQ])
		return false;
	room -= turn->start_ns;
	for (int state = 0; state < SCOPE_STATES; state++) {
		if (turn->ns[state] > room)
			return false;
		room -= turn->ns[state];
	}
	return true;
}

nsec_t timeline_turn_ns(const struct scope_turn *turn)
{
	return turn->ns[SCOPE_ON] + turn->ns[SCOPE_RUNQ] + turn->ns[SCOPE_OFF];
}

void timeline_lose(struct profile_loss *loss, const struct scope_turn *turn)
{
	for (int state = 0; state < SCOPE_STATES; state++)
		loss->count += turn->ns[state] != 0;
	loss->ns += timeline_turn_ns(turn);
}

void timeline_add_turn(struct timeline *t, const struct scope_turn *turn,
		       struct profile_loss *dropped)
{
	struct scope_turn *oldest;

	if (t->turns.count < TIMELINE_TURNS_MAX) {
		*array_push(&t->turns) = *turn;
		return;
	}
	oldest = &t->turns.items[t->oldest_turn];
	timeline_lose(dropped, oldest);
	*oldest = *turn;
	t->oldest_turn = (t->oldest_turn + 1) % TIMELINE_TURNS_MAX;
}

void timeline_add_hit(struct timeline *t, const struct scope_hit *hit)
{
	if (t->hits.count < TIMELINE_HITS_MAX) {
		*array_push(&t->hits) = *hit;
		return;
	}
	t->hits.items[t->oldest_hit] = *hit;
	t->oldest_hit = (t->oldest_hit + 1) % TIMELINE_HITS_MAX;
}
