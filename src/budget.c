// SPDX-License-Identifier: MIT
#include "budget.h"

/* The first look comes soon, each other after twice as long, until it is every second. */
#define FIRST_NS (50 * NSEC_PER_MSEC)
#define EVERY_NS NSEC_PER_SEC

enum {
	LEAST_STACKS = 1024, /* a second, which is a thousandth of a core: shares of fewer are guesses */
	MOST_STEPS = 4,	    /* at once: the ledger's part does not become less by them */
	PPM = 1000000,
};

void budget_begin(struct budget *b, uint32_t max_ppm, nsec_t now)
{
	*b = (struct budget){ .max_ppm = max_ppm, .last_ns = now, .next_ns = now + FIRST_NS };
}

static void take_less(struct budget *b, uint64_t ppm, uint64_t stacks)
{
	for (int i = 0; i < MOST_STEPS; i++) {
		if (ppm <= b->max_ppm || stacks < 2 * LEAST_STACKS || b->step == SCOPE_THIN_STEPS - 1)
			return;
		b->step++;
		ppm /= 2;
		stacks /= 2;
	}
}

uint32_t budget_look(struct budget *b, const struct scope_cost *total, nsec_t now)
{
	nsec_t took = now - b->last_ns;
	uint64_t stacks = (total->taken - b->last.taken) * NSEC_PER_SEC / took, ppm;

	b->probe_ns = b->probe_ns / 2 + total->probe_ns - b->last.probe_ns;
	b->on_ns = b->on_ns / 2 + total->on_ns - b->last.on_ns;
	b->last = *total;
	b->last_ns = now;
	b->next_ns = now + (2 * took < EVERY_NS ? 2 * took : EVERY_NS);
	if (!b->on_ns)
		return b->step;
	ppm = b->probe_ns * PPM / b->on_ns;
	if (ppm > b->max_ppm && stacks >= LEAST_STACKS)
		take_less(b, ppm, stacks);
	else if (b->step && (stacks < LEAST_STACKS || 2 * ppm <= b->max_ppm))
		b->step--;
	return b->step;
}
