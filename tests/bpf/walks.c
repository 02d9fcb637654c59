// SPDX-License-Identifier: MIT
/*
 * walks.c - random code, random stacks: what the programs find must be what the other hand finds, and
 * where a table is damaged, an end that is marked.
 */
#include <stdio.h>
#include <string.h>

#include "code.h"
#include "frames.h"
#include "random.h"
#include "report.h"
#include "sink.h"
#include "stack.bpf.h"
#include "tears.h"
#include "timeline.h"

enum { TID = 100, FUNCTIONS = 120 };

static struct {
	__u64 random;
	__u32 damage, pokes; /* in percent of the turns */
	__u32 changes;	     /* of the code, in percent of the blocks after the first */
	bool tears;
	__u32 ends[SCOPE_ENDS], raws, deepest, damaged;
	__u64 functions[FUNCTIONS];
	bool signal[FUNCTIONS];
} trial;

static __u32 below(__u32 n)
{
	return random_below(&trial.random, n);
}

static struct scope_unwind_rule any_rule(void)
{
	struct scope_unwind_rule rule = { .cfa = (__u8)below(SCOPE_CFA_SIGNAL + 1), .ra_off = -8 };

	if (rule.cfa == SCOPE_CFA_END) /* only the first function's */
		rule.cfa = SCOPE_CFA_SP;
	switch (rule.cfa) {
	case SCOPE_CFA_SP:
		rule.cfa_off = 8 + (__s32)below(12) * 8;
		if (!below(8))
			rule.cfa_off += 2048;
		if (rule.cfa_off >= 16 && below(2))
			rule.bp = SCOPE_BP_CFA;
		if (rule.cfa_off >= 24 && below(2))
			rule.bx_off = -24;
		break;
	case SCOPE_CFA_BP:
		rule.cfa_off = 16;
		rule.bp = SCOPE_BP_CFA;
		break;
	case SCOPE_CFA_REG:
		rule.reg = (__u8)(8 + below(8));
		if (below(2)) {
			rule.reg = 3;
			rule.bx_off = -24;
		}
		rule.cfa_off = (__s32)below(5) * 8 - 16;
		break;
	case SCOPE_CFA_DEREF_SP:
		rule.cfa_off = (__s32)below(6) * 8;
		rule.add = (__s16)((__s32)below(3) * 8 - 8);
		break;
	case SCOPE_CFA_DEREF_BP:
		rule.cfa_off = -8;
		rule.bp = SCOPE_BP_BP;
		break;
	case SCOPE_CFA_PLT:
		rule.cfa_off = 8;
		rule.add = 11;
		break;
	default:
		break;
	}
	if (rule.bp == SCOPE_BP_CFA)
		rule.bp_off = -16;
	return rule;
}

/* Every second function or so has a table's rule; there is one end at least. */
static void make_code(void)
{
	code_forget_all();
	for (__u32 i = 0; i < FUNCTIONS; i++) {
		__u32 image = 1 + i % 2, at = 1 + i * 2 + below(2);
		struct scope_unwind_rule rule = any_rule();

		if (!i)
			rule = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_END };
		trial.functions[i] = CODE_BASE(image) + at * 2 * CODE_REACH + CODE_REACH;
		trial.signal[i] = rule.cfa == SCOPE_CFA_SIGNAL;
		if (!i || below(3))
			code_add(trial.functions[i], image, &rule);
		else
			trial.signal[i] = false;
	}
}

/* Only the innermost frame, or one that a signal interrupted, can be anywhere in its function; one that
 * is restored from a signal was called by nobody else than a handler. */
static void make_stack(struct ktask *t)
{
	struct stack_plan plan = { .count = 1 + below(below(8) ? 12 : 60) };

	for (__u32 i = 0; i < plan.count; i++) {
		__u32 f = 1 + below(FUNCTIONS - 1);

		while (trial.signal[f] && (!i || i + 1 == plan.count))
			f = 1 + below(FUNCTIONS - 1);
		plan.ips[i] = trial.functions[f] + below(32);
	}
	if (below(4))
		plan.ips[plan.count - 1] = trial.functions[0] + 1;
	kernel_set_stack(t, SCOPE_STACK_USER, &plan);
}

static __u64 any_word(const struct ktask *t)
{
	switch (below(6)) {
	case 0:
		return trial.functions[below(FUNCTIONS)] + below(300);
	case 1:
		return KERNEL_USER_STACK + below(KERNEL_USER_BYTES / 8 - 512) * 8 + !below(6);
	case 2:
		return 0;
	case 3:
		return t->user_memory[below((KERNEL_USER_BYTES - 4096) / 8)] + below(64) - 32;
	case 4:
		return ~0ull - below(4096);
	default:
		return trial.random;
	}
}

static bool break_stack(struct ktask *t)
{
	struct pt_regs *regs = kernel_regs(t);

	if (below(100) >= trial.pokes)
		return false;
	for (__u32 i = below(200); i > 0; i--) {
		__u64 at = (regs->sp - KERNEL_USER_STACK) / 8 + below(400);

		t->user_memory[at % ((KERNEL_USER_BYTES - 4096) / 8)] = any_word(t);
	}
	if (!below(4))
		regs->bp = any_word(t);
	if (!below(8))
		regs->sp = any_word(t);
	if (!below(8))
		regs->bx = any_word(t);
	if (!below(4))
		t->bad_pages = 1u << below(KERNEL_USER_BYTES / 4096);
	return true;
}

static bool damage_code(void)
{
	if (below(100) >= trial.damage)
		return false;
	for (__u32 i = 1 + below(8); i > 0; i--) {
		__u64 address = trial.functions[below(FUNCTIONS)];

		if (code_rule_at(address))
			code_damage(address, (enum code_damage)below(DAMAGE_RULE + 1),
				    below(2) ? below(40) : below(0x10000));
	}
	return true;
}

static void compare(const struct sent_stack *sent, const struct found *wanted, bool damaged)
{
	if (!sent) {
		fail("nothing was sent");
		return;
	}
	trial.ends[sent->end]++;
	trial.raws += sent->raw;
	if (sent->count > trial.deepest)
		trial.deepest = sent->count;
	if (damaged)
		return;
	if (sent->raw) { /* what is below the stack pointer, or above 16 KiB, is not in it */
		if (wanted->end != SCOPE_END_UNMAPPED)
			fail("shipped whole, with %u frames, end %u", wanted->count, wanted->end);
		return;
	}
	if (sent->count != wanted->count || sent->end != wanted->end ||
	    memcmp(sent->ips, wanted->ips, wanted->count * 8))
		fail("%u frames, end %u: in truth %u, end %u", sent->count, sent->end, wanted->count,
		     wanted->end);
}

/* A sound stack, walked to its end, has the frames that it was laid out with. */
static void check_laid(const struct stack_plan *plan, const struct found *found)
{
	bool same = found->count <= plan->count;

	for (__u32 i = 0; same && i < found->count; i++) {
		const struct scope_unwind_rule *callee = i ? code_rule_at(plan->ips[i - 1] - 1) : NULL;

		same = found->ips[i] - plan->ips[i] ==
		       (callee && callee->cfa == SCOPE_CFA_SIGNAL);
	}
	if (!same ||
	    (found->end == SCOPE_END_COMPLETE && found->count != plan->count))
		fail("the oracle is wrong: %u frames of %u", found->count, plan->count);
}

/* Blocks the thread where it stands; what the program found against what is so. */
static void block(struct ktask *t, const struct found *wanted, bool damaged)
{
	const struct account *a;

	kernel.now_ns += 1000;
	kernel_switch(0, kernel.idle[0], LEAVE_BLOCKED, 1);
	sink_take_rings();
	a = account_find(&t->task);
	compare(sink_stack(a->t.here.ustack), wanted, damaged);
	kernel.now_ns += 1000;
	kernel_wake(0, t, false);
	kernel_switch(0, t, LEAVE_BLOCKED, 0);
}

/* Little has changed since it blocked here, or nothing: a word of the stack, or a register. */
static void change_little(struct ktask *t)
{
	struct pt_regs *regs = kernel_regs(t);
	__u64 at = (regs->sp - KERNEL_USER_STACK) / 8 + below(below(2) ? 16 : below(2) ? 200 : 2000);

	switch (below(8)) {
	case 0:
		t->user_memory[at % (KERNEL_USER_BYTES / 8)] = any_word(t);
		break;
	case 1:
		regs->r8 = regs->r12 = any_word(t);
		break;
	case 2:
		if (regs->sp + 16 <= t->mm.start_stack) /* above it is the environment */
			regs->sp += 8 * below(3);
		break;
	case 3:
		regs->bp = any_word(t);
		break;
	case 4:
		regs->bx = any_word(t);
		break;
	case 5:
		regs->ip ^= 1;
		break;
	default:
		break;
	}
}

/* Of one function that the thread is in there is other code now, and user space has told of it. */
static void change_code(const struct ktask *t)
{
	__u64 ip = t->user.ips[below(t->user.count)];
	struct scope_unwind_rule rule = any_rule();

	if (below(100) >= trial.changes)
		return;
	for (__u32 i = 0; i < FUNCTIONS; i++)
		if (ip - trial.functions[i] < 32)
			code_add(trial.functions[i], 1 + i % 2, &rule);
	code_bind_all();
}

/* Another CPU writes what is remembered, while this one reads it. The thread's own does not help it. */
static void tear_memos(struct ktask *t)
{
	if (below(2))
		tears_make(map_element(&memos, 0, 0), MEMO_SIZE, sizeof(struct memo), &trial.random);
	kernel_forget_places(t);
}

static void turn(struct ktask *t)
{
	struct found wanted;
	bool damaged, broken;

	if (trial.tears)
		memset(map_element(&memos, 0, 0), 0, MEMO_SIZE * sizeof(struct memo));
	make_code();
	make_stack(t);
	broken = break_stack(t);
	damaged = damage_code();
	trial.damaged += damaged;
	code_set_binding(true);
	code_bind_all();
	frames_walk_thread(t, &wanted);
	if (!broken && !damaged)
		check_laid(&t->user, &wanted);
	block(t, &wanted, damaged);
	for (__u32 i = below(6); i > 0; i--) {
		if (trial.pokes)
			change_little(t);
		change_code(t);
		if (trial.tears)
			tear_memos(t);
		frames_walk_thread(t, &wanted);
		block(t, &wanted, damaged);
	}
	t->truth->varying = true; /* the stack's time is not what this is about */
}

/* fuzz-walks seed 1 turns 1000 pokes 30 damage 10 changes 20 reuse tears */
void walks_run(struct words *w)
{
	__u32 seed = 1, turns = 1000;
	struct ktask *t = kernel_add_task(TID, TID, "work", KERNEL_TIME_0 / 2);

	while (!words_end(w)) {
		if (words_is(w, "seed"))
			seed = parse_number(words_take(w));
		else if (words_is(w, "turns"))
			turns = parse_number(words_take(w));
		else if (words_is(w, "pokes"))
			trial.pokes = parse_number(words_take(w));
		else if (words_is(w, "changes"))
			trial.changes = parse_number(words_take(w));
		else if (words_is(w, "reuse"))
			code_reuse_places();
		else if (words_is(w, "tears"))
			trial.tears = true;
		else if (words_is(w, "damage"))
			trial.damage = parse_number(words_take(w));
		else
			give_up("what is %s?", w->at[w->next]);
	}
	trial.random = seed * 0x9e3779b97f4a7c15ull + 1;
	kernel_start_in(t, SCOPE_ON, 0, 0);
	window_start_ns = kernel.now_ns;
	for (__u32 i = 0; i < turns; i++) {
		turn(t);
		if (!(i % 256))
			sink_drain();
	}
	window_end_ns = kernel.now_ns;
	printf("# walks: %u complete, %u truncated, %u no rule, %u unreadable, %u unmapped; %u raw, "
	       "%u damaged, at most %u frames\n", trial.ends[0], trial.ends[1], trial.ends[2],
	       trial.ends[3], trial.ends[4], trial.raws, trial.damaged, trial.deepest);
}
