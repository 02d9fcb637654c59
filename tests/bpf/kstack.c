// SPDX-License-Identifier: MIT
#include "kstack.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel_memo.bpf.h"
#include "random.h"
#include "report.h"
#include "sink.h"
#include "tears.h"

#define KSTACK_ALIGNED	   0xffffffff81300270 /* in a function that aligns its frame */
#define KSTACK_INTERRUPTED 0xffffffff813003a0 /* where it was interrupted */

#define CONTEXT_WORDS 5 /* from the context to the first return address above it */

const __u64 kstack_own[KSTACK_OWN] = { 0xffffffffc0001000, 0xffffffff81200040 };

static __u64 state = 1;
static __u32 stale = 3; /* of 200 words, that look like an address of this stack */

static size_t frame_words(__u64 ip)
{
	return 2 + (ip >> 4) % 11;
}

/* A local variable. */
static void spoil(__u64 *word, const struct stack_plan *plan)
{
	__u32 dice = random_below(&state, 200);

	if (dice < stale)
		*word = plan->ips[random_below(&state, plan->count)];
	else if (dice < 120)
		*word = dice;
	else if (dice < 122)
		*word = (__u64)(word + dice % 8);
	/* else as it was */
}

/*
 * From its caller's return address, which is at `at`, down to its callee's: what the function at
 * `ip` has on the stack. Where that is cannot be told from below of one that aligns its frame, or
 * was interrupted somewhere: these have a pointer to their end.
 */
static __u64 *lay_frame(__u64 *at, __u64 ip, size_t words, const struct stack_plan *plan)
{
	__u64 *end = at;

	if (ip == KSTACK_INTERRUPTED)
		words += random_below(&state, 2);
	while (--words)
		spoil(--at, plan);
	if (ip == KSTACK_ALIGNED)
		at = (__u64 *)((uintptr_t)at & ~31ull);
	if (ip == KSTACK_ALIGNED || ip == KSTACK_INTERRUPTED)
		*--at = (__u64)end;
	*--at = ip;
	return at;
}

void *kstack_lay(struct ktask *t)
{
	const struct stack_plan *plan = &t->kernel;
	bool enters = !(t->task.flags & PF_KTHREAD);
	__u64 *at = (__u64 *)kernel_regs(t) - (enters ? 1 : 3);

	if (plan->error || !plan->count)
		return NULL;
	*at = plan->ips[plan->count - 1];
	for (__u32 k = plan->count - 1; k-- > 0;) {
		size_t words = frame_words(plan->ips[k]);

		if (enters && k == plan->count - 2)
			words += 2 * random_below(&state, 64);
		at = lay_frame(at, plan->ips[k], words, plan);
	}
	for (int i = 0; i < CONTEXT_WORDS; i++)
		*--at = 0;
	return at;
}

/* --- fuzz-kernel-stacks ------------------------------------------------------------------------
 */

/* Entry code, and the function that it alone calls. */
static const __u64 entries[][2] = {
	{ 0xffffffff82000076, 0xffffffff81f00050 },
	{ 0xffffffff82000b26, 0xffffffff81f01120 },
};
static const __u64 inner[] = { 0xffffffff81300010, 0xffffffff81300140, 0xffffffff813004d0,
			       0xffffffff81300610, KSTACK_ALIGNED,     KSTACK_INTERRUPTED };
static const __u64 schedule[] = { 0xffffffff81f20080, 0xffffffff81f200a0 };

static bool tears; /* another CPU writes what is remembered, while it is read */
static bool odd; /* with functions whose frames do not follow from where they begin */

static void pick_plan(struct ktask *t)
{
	struct stack_plan *plan = &t->kernel;
	const __u64 *entry = entries[random_below(&state, 2)];
	__u32 between = random_below(&state, 5);

	*plan = (struct stack_plan){ .ips = { schedule[random_below(&state, 2)] } };
	plan->count = 1;
	while (between--)
		plan->ips[plan->count++] = inner[random_below(&state, odd ? 6 : 4)];
	if (t->task.flags & PF_KTHREAD) {
		plan->ips[plan->count++] = entry[0];
		return;
	}
	plan->ips[plan->count++] = entry[1];
	plan->ips[plan->count++] = entry[0];
}

static void turn(struct ktask *t)
{
	const struct account *a;
	const struct sent_stack *sent;

	if (!random_below(&state, 100))
		pick_plan(t);
	if (tears && !random_below(&state, 4)) {
		tears_make(map_element(&kernel_memos, 0, 0), KERNEL_MEMOS, sizeof(struct kernel_memo),
			   &state);
		kernel_forget_places(t); /* else the thread's own is asked first */
	}
	kernel.now_ns += 1000;
	kernel_switch(0, kernel.idle[0], LEAVE_BLOCKED, 1);
	sink_take_rings();
	a = &t->storage->account;
	sent = sink_stack(a->t.here.kstack);
	if (!sent || sent->count != t->kernel.count ||
	    memcmp(sent->ips, t->kernel.ips, sent->count * 8))
		fail("a stack of %u frames is told as another of %u", t->kernel.count,
		     sent ? sent->count : 0u);
	kernel.now_ns += 1000;
	kernel_wake(0, t, false);
	kernel_switch(0, t, LEAVE_BLOCKED, 0);
}

/* fuzz-kernel-stacks seed 1 turns 1000 [stale 3] [odd] [tears] [kernel-thread] */
void kstack_run(struct words *w)
{
	__u32 seed = 1, turns = 1000;
	struct ktask *t = kernel_add_task(101, 101, "work", KERNEL_TIME_0 / 2);

	while (!words_end(w)) {
		if (words_is(w, "seed"))
			seed = parse_number(words_take(w));
		else if (words_is(w, "turns"))
			turns = parse_number(words_take(w));
		else if (words_is(w, "stale"))
			stale = parse_number(words_take(w));
		else if (words_is(w, "tears"))
			tears = true;
		else if (words_is(w, "odd"))
			odd = true;
		else if (words_is(w, "kernel-thread"))
			kernel_make_worker(t, PF_KTHREAD);
		else
			give_up("what is %s?", w->at[w->next]);
	}
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	kernel_start_in(t, SCOPE_ON, 0, 0);
	window_start_ns = kernel.now_ns;
	kernel.stack_walks = 0;
	pick_plan(t);
	for (__u32 i = 0; i < turns; i++)
		turn(t);
	t->truth->varying = true; /* the time of so many stacks is not what this is about */
	window_end_ns = kernel.now_ns;
	printf("# kernel stacks: %u of %u walked\n", kernel.stack_walks, turns);
	if (!odd && !tears && kernel.stack_walks > turns / 2)
		fail("%u of %u stacks were walked", kernel.stack_walks, turns);
}
