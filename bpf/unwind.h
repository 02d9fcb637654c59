/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * unwind.h - from a frame to its caller, by tables (include/scope_unwind.h) or, where there is no
 * rule, by the frame pointer. One step; whoever includes it loops, and provides what it reads:
 *
 *   unwind_read()      eight bytes of the stack
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
	__u64 regs[SCOPE_RAW_REGS]; /* by DWARF's numbers, of the innermost frame */
	__u32 first_map, map_count; /* the address space, in `unwind_maps` */
	__u32 flags;		    /* UNWIND_* */
	__u32 end;		    /* enum scope_stack_end, when a step has said false */
};

static bool unwind_read(struct unwind_walk *w, __u64 address, __u64 *ret_value);
static const struct scope_unwind_map *unwind_find_map(struct unwind_walk *w, __u64 address);
static const void *unwind_element(__u32 image, __u32 element);
static const struct scope_unwind_rule *unwind_rule(__u32 id);

#include "unwind_arch.h"

static __always_inline bool unwind_end(struct unwind_walk *w, enum scope_stack_end end)
{
	w->end = end;
	return false;
}

/* The last row at or before `offset`; a page's first row has offset 0. */
static __always_inline __u32 unwind_search(const __u32 *rows, __u32 first, __u32 count, __u32 offset)
{
	__u32 low = first, high = first + count, wanted = SCOPE_UNWIND_ROW(offset, 0xffff);

	for (int i = 0; i < 11; i++) { /* SCOPE_UNWIND_ROWS is 2^10 */
		__u32 middle = (low + high) / 2;

		if (high - low <= 1 || high > SCOPE_UNWIND_ROWS)
			break;
		if (rows[middle & (SCOPE_UNWIND_ROWS - 1)] <= wanted)
			low = middle;
		else
			high = middle;
	}
	return rows[low & (SCOPE_UNWIND_ROWS - 1)];
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
	switch (rule->cfa) {
	case SCOPE_CFA_SP:
		*ret_cfa = w->sp + rule->cfa_off;
		return true;
	case SCOPE_CFA_BP:
		*ret_cfa = w->bp + rule->cfa_off;
		return true;
	case SCOPE_CFA_REG:
		if (!(w->flags & UNWIND_LEAF) || rule->reg >= SCOPE_RAW_REGS)
			return unwind_end(w, SCOPE_END_NO_RULE);
		*ret_cfa = w->regs[rule->reg] + rule->cfa_off;
		return true;
	case SCOPE_CFA_DEREF_SP:
	case SCOPE_CFA_DEREF_BP:
		if (!unwind_read(w, (rule->cfa == SCOPE_CFA_DEREF_SP ? w->sp : w->bp) + rule->cfa_off,
				 ret_cfa))
			return unwind_end(w, SCOPE_END_UNREADABLE);
		*ret_cfa += rule->add;
		return true;
	case SCOPE_CFA_PLT:
		*ret_cfa = w->sp + rule->cfa_off + ((w->ip & 15) >= (__u64)rule->add ? 8 : 0);
		return true;
	default:
		return unwind_end(w, SCOPE_END_NO_RULE);
	}
}

/* Where there is no rule: code that was built with frame pointers, or made at run time. */
static __always_inline bool unwind_by_frame_pointer(struct unwind_walk *w, enum scope_stack_end end)
{
	__u64 bp, ip;

	if (w->bp < w->sp || w->bp & 7)
		return unwind_end(w, end);
	if (!unwind_read(w, w->bp, &bp) || !unwind_read(w, w->bp + 8, &ip))
		return unwind_end(w, end);
	if (!ip)
		return unwind_end(w, SCOPE_END_COMPLETE);
	w->sp = w->bp + 16;
	w->bp = bp;
	w->ip = ip;
	w->flags = 0;
	return true;
}

/*
 * Goes to the caller: true, and ip, sp and bp are its own. False: the walk has ended, and w->end says
 * how. SCOPE_END_UNMAPPED leaves the walk as it was, so that it can be taken up again.
 */
static __always_inline bool unwind_step(struct unwind_walk *w)
{
	__u64 address = w->ip - (w->flags & UNWIND_EXACT ? 0 : 1), cfa, ip, bp = w->bp;
	const struct scope_unwind_map *map = unwind_find_map(w, address);
	const struct scope_unwind_rule *rule = NULL;

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
	/* The stack grows down: a caller's frame lies above. Else the rule does not fit the stack. */
	if (cfa <= w->sp || cfa & 7)
		return unwind_end(w, SCOPE_END_NO_RULE);
	if (!unwind_return_address(w, rule, cfa, &ip))
		return false;
	if (rule->bp == SCOPE_BP_CFA && !unwind_read(w, cfa + rule->bp_off, &bp))
		return unwind_end(w, SCOPE_END_UNREADABLE);
	if (rule->bp == SCOPE_BP_BP && !unwind_read(w, w->bp + rule->bp_off, &bp))
		return unwind_end(w, SCOPE_END_UNREADABLE);
	if (!ip)
		return unwind_end(w, SCOPE_END_COMPLETE);
	w->sp = cfa;
	w->bp = bp;
	w->ip = ip;
	w->flags = 0;
	return true;
}

#endif
