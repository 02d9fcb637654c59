/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * unwind.h - from a frame to its caller, by tables (include/scope_unwind.h) or, where there is no
 * rule, by the frame pointer. One step; whoever includes it loops, and provides what it reads:
 *
 *   unwind_read()      eight bytes of the stack; untouched result where they are not to be had
 *   unwind_read_bp()   the same, where the caller's bp was saved
 *   unwind_use_bp()    what follows depends on `bp`, which unwind_read_bp() may have read
 *   unwind_read_code() eight bytes of code; false where it is not to be had
 *   unwind_find_map()  the mapping of code that holds an address
 *   unwind_element()   an element of an image's table
 *   unwind_rule()      a rule
 *
 * The kernel side (bpf/stack.bpf.h) and user space (src/unwind_walk.c) compile the same text. Every
 * loop is bounded, every table value is clamped: tables are made from files of the target.
 */
#ifndef UNWIND_H
#define UNWIND_H

#include "scope_event.h"
#include "scope_unwind.h"

#define UNWIND_EXACT (1u << 0) /* `ip` is where it runs, not a return address */
#define UNWIND_LEAF  (1u << 1) /* `regs` are this frame's */

/* A walk on its way: `ip` is in the last frame found. */
struct unwind_walk {
	__u64 ip, sp, bp;
	/* Where bx is: hardly any rule asks for it, so that it is read only then. 0: still in the register;
	 * SCOPE_BX_LOST; else the slot's address. */
	__u64 bx_at;
	__u64 regs[SCOPE_RAW_REGS]; /* by DWARF's numbers, of the innermost frame */
	__u32 first_map, map_count; /* the address space, in `unwind_maps` */
	__u32 flags;		    /* UNWIND_* */
	__u32 end;		    /* enum scope_stack_end, when a step has said false */
	__u32 blind;		    /* nothing is known of the address space: frame pointers alone */
	__u32 by_register;	    /* what was found depends on `regs` other than ip, sp and bp */
};

static bool unwind_read(struct unwind_walk *w, __u64 address, __u64 *ret_value);
static bool unwind_read_bp(struct unwind_walk *w, __u64 address, __u64 *ret_value);
static void unwind_use_bp(struct unwind_walk *w);
static bool unwind_read_code(struct unwind_walk *w, __u64 address, __u64 *ret_value);
static const struct scope_unwind_map *unwind_find_map(struct unwind_walk *w, __u64 address);
static const void *unwind_element(__u32 image, __u32 element);
static const struct scope_unwind_rule *unwind_rule(__u32 id);

/* An address so many bytes above `base`, or below. */
static __always_inline __u64 unwind_at(__u64 base, __s32 off)
{
	return base + (__u64)(__s64)off;
}

static __always_inline bool unwind_end(struct unwind_walk *w, enum scope_stack_end end)
{
	w->end = end;
	return false;
}

/*
 * What is kept of a frame, so that one less than any but the leaf's is inside the function that runs: the
 * return address; of a frame that a signal interrupted, which runs at `ip` itself, one more than that.
 */
static __always_inline __u64 unwind_kept(const struct unwind_walk *w)
{
	/* EXACT and not LEAF, without a branch, which the verifier would go both ways at every frame */
	return w->ip + (w->flags & ~(w->flags >> 1) & UNWIND_EXACT);
}

#include "unwind_arch.h"

/*
 * The last row at or before `offset`; a page's first row has offset 0. 0, which names no rule: the rows
 * would not lie in the element. Masks keep every number's range what it was, so that the verifier
 * finds each turn of the loop like the last.
 */
static __always_inline __u32 unwind_search(const __u32 *rows, __u64 first, __u64 count, __u32 offset)
{
	__u64 low = first & (SCOPE_UNWIND_ROWS - 1), high = first + count;
	__u32 wanted = SCOPE_UNWIND_ROW(offset, 0xffff);

	if (low >= high || high > SCOPE_UNWIND_ROWS)
		return 0;
	for (int i = 0; i < 10; i++) { /* SCOPE_UNWIND_ROWS is 2^10 */
		__u64 middle = (low + high) / 2 & (SCOPE_UNWIND_ROWS - 1);

		if (high - low <= 1)
			break;
		if (rows[middle] <= wanted)
			low = middle;
		else
			high = middle;
	}
	return rows[low];
}

/* NULL: no rule for this address. */
static __always_inline const struct scope_unwind_rule *
unwind_find_rule(const struct scope_unwind_map *map, __u64 address)
{
	__u64 offset = address - map->start;
	__u32 page = map->page + (__u32)(offset / SCOPE_UNWIND_PAGE);
	const struct scope_unwind_page *pages, *entry;
	const __u32 *rows;

	pages = unwind_element(map->image, page / SCOPE_UNWIND_PAGES);
	if (!pages)
		return NULL;
	entry = &pages[page & (SCOPE_UNWIND_PAGES - 1)];
	if (!entry->count)
		return NULL;
	rows = unwind_element(map->image, entry->element);
	if (!rows)
		return NULL;
	return unwind_rule(unwind_search(rows, entry->first, entry->count,
					 offset & (SCOPE_UNWIND_PAGE - 1)) & 0xffff);
}

/* False: the rule cannot be followed; w->end says why, if it is not for lack of a rule. */
static __always_inline bool unwind_cfa(struct unwind_walk *w, const struct scope_unwind_rule *rule,
				       __u64 *ret_cfa)
{
	__u64 cfa;

	switch (rule->cfa) {
	case SCOPE_CFA_SP:
		*ret_cfa = unwind_at(w->sp, rule->cfa_off);
		return true;
	case SCOPE_CFA_BP:
	case SCOPE_CFA_BP_FAR:
		unwind_use_bp(w);
		*ret_cfa = unwind_at(w->bp, rule->cfa_off);
		return true;
	case SCOPE_CFA_REG:
		if (rule->reg >= SCOPE_RAW_REGS ||
		    (!(w->flags & UNWIND_LEAF) && rule->reg != UNWIND_REG_BX))
			return unwind_end(w, SCOPE_END_NO_RULE);
		w->by_register = 1;
		cfa = w->regs[rule->reg];
		if (rule->reg == UNWIND_REG_BX && w->bx_at && !unwind_read(w, w->bx_at, &cfa))
			return unwind_end(w, SCOPE_END_NO_RULE);
		*ret_cfa = unwind_at(cfa, rule->cfa_off);
		return true;
	case SCOPE_CFA_DEREF_SP:
	case SCOPE_CFA_DEREF_BP:
		if (rule->cfa == SCOPE_CFA_DEREF_BP)
			unwind_use_bp(w);
		cfa = rule->cfa == SCOPE_CFA_DEREF_SP ? w->sp : w->bp;
		if (!unwind_read(w, unwind_at(cfa, rule->cfa_off), &cfa))
			return unwind_end(w, SCOPE_END_UNREADABLE);
		*ret_cfa = unwind_at(cfa, rule->add);
		return true;
	case SCOPE_CFA_PLT:
		*ret_cfa = unwind_at(w->sp, rule->cfa_off);
		if ((__s16)(w->ip & 15) >= rule->add)
			*ret_cfa += 8;
		return true;
	default:
		return unwind_end(w, SCOPE_END_NO_RULE);
	}
}

/* Of a frame at bp: is this its caller's frame pointer, and an address of code? */
static __always_inline bool unwind_may_be_caller(const struct unwind_walk *w, __u64 bp, __u64 ip)
{
	return bp > w->bp && bp - w->bp < UNWIND_FRAME_MAX && !(bp & 7) && ip >= UNWIND_CODE_MIN &&
	       ip < UNWIND_CODE_MAX;
}

/*
 * Where there is no rule: code that was built with frame pointers, or made at run time. In code that
 * was not, the register holds anything, such as an address in an array of callbacks: what it leads to
 * has to be code, and behind a call where that can be seen. Code may also be younger than what is known
 * of the address space: what looks like a frame and its caller's above is told as such.
 */
static __always_inline bool unwind_by_frame_pointer(struct unwind_walk *w, enum scope_stack_end end)
{
	__u64 bp, ip, code;

	unwind_use_bp(w);
	if (w->bp < w->sp || w->bp & 7)
		return unwind_end(w, end);
	if (!unwind_read(w, w->bp, &bp) || !unwind_read(w, w->bp + 8, &ip))
		return unwind_end(w, end);
	if (!ip)
		return unwind_end(w, bp ? end : SCOPE_END_COMPLETE);
	if (!w->blind && !unwind_find_map(w, ip - 1))
		return unwind_end(w, unwind_may_be_caller(w, bp, ip) ? SCOPE_END_UNMAPPED : end);
	if (unwind_read_code(w, ip - 8, &code) && !unwind_ends_in_call(code))
		return unwind_end(w, end);
	w->sp = w->bp + 16;
	w->bp = bp;
	w->bx_at = SCOPE_BX_LOST;
	w->ip = ip;
	w->flags = 0;
	return true;
}

/* The caller's frame pointer, with the CFA known. */
static __always_inline bool unwind_frame_pointer(struct unwind_walk *w,
						 const struct scope_unwind_rule *rule, __u64 cfa,
						 __u64 *ret_bp)
{
	__u64 slot = unwind_at(rule->bp == SCOPE_BP_CFA ? cfa : w->bp, rule->bp_off);

	*ret_bp = w->bp;
	if (rule->bp == SCOPE_BP_SAME)
		return true;
	if (rule->bp != SCOPE_BP_CFA)
		unwind_use_bp(w);
	if (unwind_read_bp(w, slot, ret_bp))
		return true;
	/* A slot that the stack pointer has left behind: the register has been restored from it. */
	if (slot < w->sp)
		return true;
	return unwind_end(w, SCOPE_END_UNREADABLE);
}

/*
 * Does the caller's frame lie where it can? The stack grows down: it lies above. Else the rule does not
 * fit the stack. Only who has its return address in a register may have nothing on it.
 */
static __always_inline bool unwind_fits(const struct unwind_walk *w,
					const struct scope_unwind_rule *rule, __u64 cfa)
{
	if (cfa & 7)
		return false;
	if (rule->cfa == SCOPE_CFA_BP_FAR)
		return true;
	return cfa > w->sp || (cfa == w->sp && rule->ra == SCOPE_RA_LINK);
}

/* Where the caller's bx is, with the CFA known. */
static __always_inline __u64 unwind_bx(const struct unwind_walk *w,
				       const struct scope_unwind_rule *rule, __u64 cfa)
{
	if (!rule->bx_off)
		return w->bx_at;
	return rule->bx_off == SCOPE_BX_LOST ? SCOPE_BX_LOST : unwind_at(cfa, rule->bx_off);
}

/*
 * Goes to the caller: true, and ip, sp and bp are its own. False: the walk has ended, and w->end says
 * how. SCOPE_END_UNMAPPED leaves the walk as it was, so that it can be taken up again.
 */
static __always_inline bool unwind_step(struct unwind_walk *w)
{
	__u64 address = w->ip - (w->flags & UNWIND_EXACT ? 0 : 1), cfa, ip, bp;
	const struct scope_unwind_rule *rule = NULL;
	const struct scope_unwind_map *map;

	if (w->blind)
		return unwind_by_frame_pointer(w, SCOPE_END_NO_RULE);
	map = unwind_find_map(w, address);
	if (!map || map->image == SCOPE_UNWIND_PENDING)
		return unwind_end(w, SCOPE_END_UNMAPPED);
	if (map->image)
		rule = unwind_find_rule(map, address);
	if (!rule || rule->cfa == SCOPE_CFA_NONE)
		return unwind_by_frame_pointer(w, SCOPE_END_NO_RULE);
	if (rule->cfa == SCOPE_CFA_END)
		return unwind_end(w, SCOPE_END_COMPLETE);
	if (rule->cfa == SCOPE_CFA_SIGNAL)
		return unwind_signal_frame(w);
	if (!unwind_cfa(w, rule, &cfa))
		return false;
	if (!unwind_fits(w, rule, cfa))
		return unwind_end(w, SCOPE_END_NO_RULE);
	if (!unwind_return_address(w, rule, cfa, &ip) || !unwind_frame_pointer(w, rule, cfa, &bp))
		return false;
	if (!ip)
		return unwind_end(w, SCOPE_END_COMPLETE);
	/* Nothing but what it leads to tells whether bp was the other stack's. */
	if (rule->cfa == SCOPE_CFA_BP_FAR && !unwind_find_map(w, ip - 1))
		return unwind_end(w, SCOPE_END_NO_RULE);
	w->bx_at = unwind_bx(w, rule, cfa);
	w->sp = cfa;
	w->bp = bp;
	w->ip = ip;
	w->flags = 0;
	return true;
}

#endif
