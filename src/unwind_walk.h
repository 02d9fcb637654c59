/* SPDX-License-Identifier: MIT */
/*
 * unwind_walk.h - a user stack walked in user space, by the same text that the kernel side runs
 * (bpf/unwind.h): stacks that were shipped whole, and threads that were blocked at the start.
 *
 * Nothing here needs a kernel: mappings, tables, rules and memory are given. All of them may come
 * from the target and are trusted in nothing.
 */
#ifndef UNWIND_WALK_H
#define UNWIND_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scope_event.h"
#include "scope_unwind.h"

/* An image's table: `count` elements of SCOPE_UNWIND_ELEMENT bytes, one after the other. */
struct unwind_elements {
	const void *bytes; /* NULL: no such table */
	uint32_t count;
};

/* What a walk reads. */
struct unwind_view {
	const struct scope_unwind_map *maps; /* of the address space: sorted, apart */
	uint32_t map_count;
	const struct unwind_elements *tables; /* by image */
	uint32_t table_count;
	const struct scope_unwind_rule *rules;
	uint32_t rule_count;
	/* Eight bytes of the stack; false: not to be had. */
	bool (*read)(void *context, uint64_t address, uint64_t *ret_value);
	void *context;
};

/*
 * Writes up to `max` addresses, leaf first, and returns how many: at least one, the leaf's, if there is
 * room. `regs` are by DWARF's numbers. Where the kernel side stops and asks (an address in no mapping, a
 * table that is still to come) the walk goes on by the frame pointer.
 */
size_t unwind_walk(const struct unwind_view *view, const uint64_t regs[SCOPE_RAW_REGS],
		   uint64_t *ret_ips, size_t max, enum scope_stack_end *ret_end);

/* Of a set of registers by DWARF's numbers. */
uint64_t unwind_stack_pointer(const uint64_t regs[SCOPE_RAW_REGS]);
uint64_t unwind_address(const uint64_t regs[SCOPE_RAW_REGS]);

#endif
