// SPDX-License-Identifier: MIT
#include "frames.h"

#include <string.h>

#include "code.h"
#include "report.h"
#include "stack.bpf.h"

enum {
	SLACK = 48,	      /* bytes of locals below a frame pointer */
	SIGNAL_FRAME = 0x220, /* room for struct ucontext and what follows it */
	SIGNAL_REGS = 40,     /* in it: r8 to r15, di, si, bp, bx, dx, ax, cx, sp, ip */
	OTHER_STACKS = 0x3000, /* two more in a thread's memory, of so many bytes each, from its start on */
	RED_ZONE = 128,
};

#define CLOBBERED 0xbad0bad0bad0bad1ull /* what a function leaves in a register that it has saved */

/* A thread on its way down its stack. */
struct machine {
	struct ktask *t;
	__u64 ip, sp, bp, bx;
};

static __u64 *slot(struct ktask *t, __u64 address)
{
	if (address < KERNEL_USER_STACK || address & 7 ||
	    address - KERNEL_USER_STACK >= sizeof(t->user_memory))
		give_up("no room on the stack for that");
	return &t->user_memory[(address - KERNEL_USER_STACK) / 8];
}

static void poke(struct machine *m, __u64 address, __u64 value)
{
	*slot(m->t, address) = value;
}

static void set_register(struct ktask *t, __u32 number, __u64 value)
{
	struct pt_regs *r = kernel_regs(t);
	unsigned long *const by_number[] = {
		&r->ax, &r->dx, &r->cx, &r->bx, &r->si, &r->di, &r->bp, &r->sp, &r->r8,
		&r->r9, &r->r10, &r->r11, &r->r12, &r->r13, &r->r14, &r->r15, &r->ip,
	};

	*by_number[number] = value;
}

/* The kernel saves the interrupted registers below the red zone; the handler returns to the code that
 * has them restored. */
static void deliver_signal(struct machine *m)
{
	__u64 at = (m->sp - RED_ZONE - SIGNAL_FRAME) & ~15ull;

	poke(m, at + SIGNAL_REGS + 10 * 8, m->bp);
	poke(m, at + SIGNAL_REGS + 11 * 8, m->bx);
	poke(m, at + SIGNAL_REGS + 15 * 8, m->sp);
	poke(m, at + SIGNAL_REGS + 16 * 8, m->ip);
	m->sp = at;
	m->bp = m->bx = CLOBBERED;
}

/* A function sets up its frame below its CFA, so that `rule` leads out of it. */
static void enter(struct machine *m, __u64 cfa, const struct scope_unwind_rule *rule)
{
	__u64 saved = m->bp, saved_bx = m->bx, locals = (m->ip >> 8 & 3) * 16;

	if (!rule) { /* push bp; mov sp, bp */
		poke(m, cfa - 16, m->bp);
		m->bp = cfa - 16;
		m->sp = m->bp - locals;
		return;
	}
	switch (rule->cfa) {
	case SCOPE_CFA_SP:
		m->sp = cfa - (__u64)rule->cfa_off;
		break;
	case SCOPE_CFA_PLT:
		m->sp = cfa - (__u64)rule->cfa_off - ((__s64)(m->ip & 15) >= rule->add ? 8 : 0);
		break;
	case SCOPE_CFA_BP:
		m->bp = cfa - (__u64)rule->cfa_off;
		m->sp = m->bp - locals;
		break;
	case SCOPE_CFA_BP_FAR:
		m->bp = cfa - (__u64)rule->cfa_off;
		m->sp = KERNEL_USER_STACK + OTHER_STACKS;
		if (m->bp < m->sp) /* not in the other's midst */
			m->sp += OTHER_STACKS;
		break;
	case SCOPE_CFA_REG:
		if (rule->reg == 3)
			m->bx = cfa - (__u64)rule->cfa_off;
		set_register(m->t, rule->reg, cfa - (__u64)rule->cfa_off);
		m->sp = cfa - SLACK;
		break;
	case SCOPE_CFA_DEREF_SP:
		m->sp = (cfa - SLACK - 64) & ~31ull;
		poke(m, m->sp + (__u64)rule->cfa_off, cfa - (__u64)rule->add);
		break;
	case SCOPE_CFA_DEREF_BP:
		m->bp = (cfa - SLACK) & ~31ull;
		m->sp = m->bp - 64;
		poke(m, m->bp + (__u64)rule->cfa_off, cfa - (__u64)rule->add);
		break;
	default:
		break;
	}
	if (rule->bp == SCOPE_BP_CFA)
		poke(m, cfa + (__u64)rule->bp_off, saved);
	if (rule->bp == SCOPE_BP_BP)
		poke(m, m->bp + (__u64)rule->bp_off, saved);
	if (rule->bp == SCOPE_BP_CFA && m->bp == saved)
		m->bp = CLOBBERED;
	if (rule->bx_off && rule->bx_off != SCOPE_BX_LOST)
		poke(m, cfa + (__u64)rule->bx_off, saved_bx);
	if (rule->bx_off && m->bx == saved_bx)
		m->bx = CLOBBERED;
}

/* A return address may be the first byte of the next function. */
static const struct scope_unwind_rule *rule_of(const struct stack_plan *plan, __u32 i)
{
	const struct scope_unwind_rule *callee = i ? rule_of(plan, i - 1) : NULL;
	bool is_exact = !i || (callee && callee->cfa == SCOPE_CFA_SIGNAL);

	return code_rule_at(plan->ips[i] - (is_exact ? 0 : 1));
}

void frames_lay(struct ktask *t, const struct stack_plan *plan)
{
	struct machine m = { .t = t, .sp = t->mm.start_stack };
	struct pt_regs *regs = kernel_regs(t);

	memset(t->user_memory, 0x5a, sizeof(t->user_memory));
	for (__u64 at = t->mm.start_stack; at - KERNEL_USER_STACK < sizeof(t->user_memory); at += 8)
		*slot(t, at) = KERNEL_ENVIRONMENT;
	for (__u32 i = plan->count; i-- > 0;) {
		const struct scope_unwind_rule *rule = rule_of(plan, i);
		bool is_called = m.ip || rule; /* the outermost by 0, if anybody asks */
		__u64 cfa = m.sp;

		if (rule && rule->cfa == SCOPE_CFA_SIGNAL) {
			deliver_signal(&m);
		} else if (is_called) {
			m.sp -= 8;
			poke(&m, m.sp, m.ip);
		}
		if (rule && rule->ra == SCOPE_RA_LINK)
			set_register(t, rule->reg, m.ip);
		m.ip = plan->ips[i];
		if (is_called)
			enter(&m, cfa, rule);
	}
	regs->ip = m.ip;
	regs->sp = m.sp;
	regs->bp = m.bp;
	regs->bx = m.bx;
}

/* --- the other hand ------------------------------------------------------------------------------- */

bool frames_read(const struct ktask *t, __u64 address, __u64 *ret_value)
{
	__u64 off = address - KERNEL_USER_STACK;

	if (off >= sizeof(t->user_memory) || address & 7 || t->bad_pages >> off / 4096 & 1)
		return false;
	*ret_value = t->user_memory[off / 8];
	return true;
}

struct walker {
	frames_read_fn *read;
	const void *context;
	const __u64 *regs;
	__u64 ip, sp, bp, bx;
	bool exact, leaf, no_bx;
};

/* A frame above, in reach, and an address that could be code's: that of a mapping yet to be told. */
static bool looks_like_caller(const struct walker *w, const __u64 pair[2])
{
	return pair[0] > w->bp && pair[0] - w->bp < 8 << 20 && pair[0] % 8 == 0 &&
	       pair[1] >= 0x10000 && pair[1] >> 47 == 0;
}

/* -1: there is a caller, and it is the walker's frame now; else how it ended. */
static int climb_by_frame_pointer(struct walker *w)
{
	__u64 pair[2];

	if (w->bp & 7 || w->bp < w->sp || !w->read(w->context, w->bp, &pair[0]) ||
	    !w->read(w->context, w->bp + 8, &pair[1]))
		return SCOPE_END_NO_RULE;
	if (!pair[1])
		return pair[0] ? SCOPE_END_NO_RULE : SCOPE_END_COMPLETE;
	if (have_unwind && !code_is_mapped(pair[1] - 1))
		return looks_like_caller(w, pair) ? SCOPE_END_UNMAPPED : SCOPE_END_NO_RULE;
	w->no_bx = true;
	w->sp = w->bp + 16;
	w->bp = pair[0];
	w->ip = pair[1];
	w->exact = w->leaf = false;
	return -1;
}

static int climb_signal(struct walker *w)
{
	__u64 base = w->sp + SIGNAL_REGS;
	__u64 bp, sp, ip;

	if (!w->read(w->context, base + 80, &bp) || !w->read(w->context, base + 120, &sp) ||
	    !w->read(w->context, base + 128, &ip))
		return SCOPE_END_UNREADABLE;
	w->bp = bp;
	w->no_bx = !w->read(w->context, base + 88, &w->bx);
	w->sp = sp;
	w->ip = ip;
	w->exact = true;
	w->leaf = false;
	return -1;
}

/* 0: no such rule; 1: found; 2: unreadable. */
static int find_cfa(struct walker *w, const struct scope_unwind_rule *rule, __u64 *ret_cfa)
{
	__u64 off = (__u64)(__s64)rule->cfa_off, base = w->sp;

	if (rule->cfa == SCOPE_CFA_BP || rule->cfa == SCOPE_CFA_DEREF_BP ||
	    rule->cfa == SCOPE_CFA_BP_FAR)
		base = w->bp;
	if (rule->cfa == SCOPE_CFA_REG) {
		if (rule->reg == 3 ? w->no_bx : !w->leaf || rule->reg >= SCOPE_RAW_REGS)
			return 0;
		base = rule->reg == 3 ? w->bx : w->regs[rule->reg];
	}
	*ret_cfa = base + off;
	if (rule->cfa == SCOPE_CFA_DEREF_SP || rule->cfa == SCOPE_CFA_DEREF_BP) {
		if (!w->read(w->context, base + off, ret_cfa))
			return 2;
		*ret_cfa += (__u64)(__s64)rule->add;
	} else if (rule->cfa == SCOPE_CFA_PLT && (__s64)(w->ip % 16) >= rule->add) {
		*ret_cfa += 8;
	}
	return rule->cfa <= SCOPE_CFA_PLT || rule->cfa == SCOPE_CFA_BP_FAR;
}

static int climb(struct walker *w)
{
	const struct scope_unwind_rule *rule;
	__u64 cfa, ra, bp, bx = w->bx, at;
	bool no_bx = w->no_bx;
	int r;

	if (!have_unwind)
		return climb_by_frame_pointer(w);
	if (!code_is_mapped(w->exact ? w->ip : w->ip - 1))
		return SCOPE_END_UNMAPPED;
	rule = code_rule_at(w->exact ? w->ip : w->ip - 1);
	if (!rule)
		return climb_by_frame_pointer(w);
	if (rule->cfa == SCOPE_CFA_END)
		return SCOPE_END_COMPLETE;
	if (rule->cfa == SCOPE_CFA_SIGNAL)
		return climb_signal(w);
	r = find_cfa(w, rule, &cfa);
	if (r != 1)
		return r ? SCOPE_END_UNREADABLE : SCOPE_END_NO_RULE;
	if (cfa % 8 || (rule->cfa != SCOPE_CFA_BP_FAR &&
			(cfa < w->sp || (cfa == w->sp && rule->ra != SCOPE_RA_LINK))))
		return SCOPE_END_NO_RULE;
	if (rule->ra == SCOPE_RA_LINK && (!w->leaf || rule->reg >= SCOPE_RAW_REGS))
		return SCOPE_END_NO_RULE;
	if (rule->ra == SCOPE_RA_LINK)
		ra = w->regs[rule->reg];
	else if (!w->read(w->context, cfa + (__u64)(__s64)rule->ra_off, &ra))
		return SCOPE_END_UNREADABLE;
	bp = w->bp;
	at = (rule->bp == SCOPE_BP_BP ? w->bp : cfa) + (__u64)(__s64)rule->bp_off;
	if (rule->bp != SCOPE_BP_SAME && !w->read(w->context, at, &bp) && at >= w->sp)
		return SCOPE_END_UNREADABLE;
	if (!ra)
		return SCOPE_END_COMPLETE;
	if (rule->cfa == SCOPE_CFA_BP_FAR && !code_is_mapped(ra - 1))
		return SCOPE_END_NO_RULE;
	if (rule->bx_off)
		no_bx = rule->bx_off == SCOPE_BX_LOST ||
			!w->read(w->context, cfa + (__u64)(__s64)rule->bx_off, &bx);
	*w = (struct walker){ .read = w->read, .context = w->context, .ip = ra, .sp = cfa,
			      .bp = bp, .bx = bx, .no_bx = no_bx };
	return -1;
}

void frames_walk(const __u64 regs[SCOPE_RAW_REGS], frames_read_fn *read, const void *context,
		 struct found *ret_found)
{
	struct walker w = {
		.read = read, .context = context, .regs = regs,
		.ip = regs[16], .sp = regs[7], .bp = regs[6], .bx = regs[3],
		.exact = true, .leaf = true,
	};

	ret_found->count = 0;
	while (ret_found->count < user_frames_max) {
		int end;

		ret_found->ips[ret_found->count++] = w.ip + (w.exact && !w.leaf);
		end = climb(&w);
		if (end < 0)
			continue;
		ret_found->end = (__u32)end;
		return;
	}
	ret_found->end = SCOPE_END_TRUNCATED;
}

void frames_registers(struct ktask *t, __u64 ret_regs[SCOPE_RAW_REGS])
{
	const struct pt_regs *r = kernel_regs(t);
	const __u64 regs[SCOPE_RAW_REGS] = { r->ax, r->dx, r->cx, r->bx, r->si, r->di,
					     r->bp, r->sp, r->r8, r->r9, r->r10, r->r11,
					     r->r12, r->r13, r->r14, r->r15, r->ip };

	memcpy(ret_regs, regs, sizeof(regs));
}

static bool read_thread(const void *context, __u64 address, __u64 *ret_value)
{
	return frames_read(context, address, ret_value);
}

void frames_walk_thread(struct ktask *t, struct found *ret_found)
{
	__u32 workers = PF_KTHREAD | PF_IO_WORKER | (shadow_has_new_state ? PF_USER_WORKER : 0);
	__u64 regs[SCOPE_RAW_REGS];

	ret_found->count = 0;
	frames_registers(t, regs);
	if ((!t->task.mm && !t->told_of_loss) || t->task.flags & workers || !regs[16])
		return;
	frames_walk(regs, read_thread, t, ret_found);
	if (kernel_regs(t)->cs == KERNEL_USER32_CS) {
		ret_found->count = 1;
		ret_found->end = SCOPE_END_NO_RULE;
	}
}

__u64 frames_hash(const __u64 *ips, __u32 count)
{
	__u64 h = 0xcbf29ce484222325ull;

	for (__u32 i = 0; i < count; i++)
		h = (h ^ ips[i]) * 0x100000001b3ull ^ h >> 40;
	return count ? h : 0;
}

__u64 frames_place(const __u64 *user, __u32 user_count, const __u64 *in_kernel, __u32 kernel_count)
{
	return frames_hash(user, user_count) ^ 3 * frames_hash(in_kernel, kernel_count);
}
