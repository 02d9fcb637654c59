// SPDX-License-Identifier: MIT
#include "unwind_walk.h"

#include "../bpf/unwind.h"
#include "mem.h"

/* The walk under way: the text that the kernel side shares has no room for it in its arguments. */
static const struct unwind_view *view_now;

static bool unwind_read(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	uint64_t value;

	(void)w;
	if (!view_now->read(view_now->context, address, &value))
		return false;
	*ret_value = value;
	return true;
}

static bool unwind_read_bp(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	return unwind_read(w, address, ret_value);
}

static void unwind_use_bp(struct unwind_walk *w)
{
	(void)w; /* nothing is remembered here */
}

static bool unwind_read_code(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	return unwind_read(w, address, ret_value);
}

static const struct scope_unwind_map *unwind_find_map(struct unwind_walk *w, __u64 address)
{
	size_t low = array_up_to(view_now->maps, view_now->map_count, end, address);

	(void)w;
	if (low == view_now->map_count || view_now->maps[low].start > address)
		return NULL;
	return &view_now->maps[low];
}

static const void *unwind_element(__u32 image, __u32 element)
{
	const struct unwind_elements *table;

	if (image >= view_now->table_count)
		return NULL;
	table = &view_now->tables[image];
	if (!table->bytes || element >= table->count)
		return NULL;
	return (const char *)table->bytes + (size_t)element * SCOPE_UNWIND_ELEMENT;
}

static const struct scope_unwind_rule *unwind_rule(__u32 id)
{
	return id < view_now->rule_count ? &view_now->rules[id] : NULL;
}

uint64_t unwind_stack_pointer(const uint64_t regs[SCOPE_RAW_REGS])
{
	return regs[UNWIND_REG_SP];
}

uint64_t unwind_address(const uint64_t regs[SCOPE_RAW_REGS])
{
	return regs[UNWIND_REG_IP];
}

/* Where the kernel side stops and asks, it goes on here as far as frame pointers lead. */
static bool step(struct unwind_walk *w)
{
	return unwind_step(w) ||
	       (w->end == SCOPE_END_UNMAPPED && unwind_by_frame_pointer(w, SCOPE_END_UNMAPPED));
}

size_t unwind_walk(const struct unwind_view *view, const uint64_t regs[SCOPE_RAW_REGS],
		   uint64_t *ret_ips, size_t max, enum scope_stack_end *ret_end)
{
	struct unwind_walk w = {
		.ip = regs[UNWIND_REG_IP],
		.sp = regs[UNWIND_REG_SP],
		.bp = regs[UNWIND_REG_BP],
		.flags = UNWIND_EXACT | UNWIND_LEAF,
		.blind = !view->map_count,
	};
	bool goes_on = true;
	size_t count = 0;

	for (int i = 0; i < SCOPE_RAW_REGS; i++)
		w.regs[i] = regs[i];
	view_now = view;
	while (goes_on && count < max) {
		ret_ips[count++] = unwind_kept(&w);
		goes_on = step(&w);
	}
	view_now = NULL;
	*ret_end = (enum scope_stack_end)w.end;
	if (goes_on)
		*ret_end = SCOPE_END_TRUNCATED;
	else if (w.blind && w.end == SCOPE_END_NO_RULE)
		*ret_end = SCOPE_END_UNMAPPED;
	return count;
}
