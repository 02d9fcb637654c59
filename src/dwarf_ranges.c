// SPDX-License-Identifier: MIT
#include "dwarf_ranges.h"

#include "dwarf_numbers.h"
#include "dwarf_value.h"

void dwarf_ranges_add(struct dwarf_ranges *ranges, uint64_t start, uint64_t end, uint32_t id,
		      uint32_t depth, size_t max)
{
	if (start < end && ranges->count < max)
		*array_push(ranges) = (struct dwarf_range){ start, end, id, depth };
}

/* --- lists of version 5
 * ----------------------------------------------------------------------------------- */

/* One entry; false: the end of the list, or of its sense. */
static bool take_entry(struct cursor *c, const struct dwarf_unit *unit, uint64_t *base,
		       uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t a, b;

	*ret_start = *ret_end = 0;
	switch (cursor_uint8(c)) {
	case DW_RLE_base_addressx:
		return dwarf_address_at(unit, cursor_uleb(c), base);
	case DW_RLE_startx_endx:
		a = cursor_uleb(c);
		b = cursor_uleb(c);
		return dwarf_address_at(unit, a, ret_start) && dwarf_address_at(unit, b, ret_end);
	case DW_RLE_startx_length:
		a = cursor_uleb(c);
		b = cursor_uleb(c);
		if (!dwarf_address_at(unit, a, ret_start))
			return false;
		*ret_end = *ret_start + b;
		return true;
	case DW_RLE_offset_pair:
		*ret_start = *base + cursor_uleb(c);
		*ret_end = *base + cursor_uleb(c);
		return true;
	case DW_RLE_base_address:
		*base = dwarf_read_word(c, unit->address_size);
		return true;
	case DW_RLE_start_end:
		*ret_start = dwarf_read_word(c, unit->address_size);
		*ret_end = dwarf_read_word(c, unit->address_size);
		return true;
	case DW_RLE_start_length:
		*ret_start = dwarf_read_word(c, unit->address_size);
		*ret_end = *ret_start + cursor_uleb(c);
		return true;
	default:
		return false;
	}
}

static struct cursor find_rnglist(const struct dwarf_unit *unit, const struct dwarf_value *value)
{
	uint64_t off = value->number;

	if (value->kind == DWARF_LIST_INDEX)
		off = dwarf_table_at(unit->file, DWARF_RNGLISTS, unit->rnglists_base, off,
				     unit->offset_size, &off)
			      ? unit->rnglists_base + off
			      : UINT64_MAX;
	return dwarf_section_cursor(unit->file, DWARF_RNGLISTS, off);
}

/* --- lists before
 * ----------------------------------------------------------------------------------------- */

static bool take_pair(struct cursor *c, const struct dwarf_unit *unit, uint64_t *base,
		      uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = dwarf_read_word(c, unit->address_size);
	uint64_t end = dwarf_read_word(c, unit->address_size);
	uint64_t marker = unit->address_size == 8 ? UINT64_MAX : UINT32_MAX;

	*ret_start = *ret_end = 0;
	if (start == marker) {
		*base = end;
		return true;
	}
	*ret_start = *base + start;
	*ret_end = *base + end;
	return start || end;
}

/* The list of a split unit lies in the main file, behind its skeleton's base. */
static struct cursor find_pairs(const struct dwarf_unit *unit, uint64_t off)
{
	const struct dwarf_unit *skeleton = unit->skeleton;

	if (!skeleton)
		return dwarf_section_cursor(unit->file, DWARF_RANGES, off);
	return dwarf_section_cursor(skeleton->file, DWARF_RANGES,
				    off + (unit->version < 5 ? skeleton->ranges_base : 0));
}

void dwarf_ranges_add_list(struct dwarf_ranges *ranges, const struct dwarf_unit *unit,
			   const struct dwarf_value *value, uint32_t id, uint32_t depth, size_t max)
{
	const struct dwarf_unit *based = unit->skeleton ? unit->skeleton : unit;
	struct dwarf_file *in = unit->version >= 5 ? unit->file : based->file;
	uint64_t base = based->has_low ? based->low : 0, start, end;
	const uint8_t *first;
	struct cursor c;

	if (value->kind != DWARF_NUMBER && value->kind != DWARF_LIST_INDEX)
		return;
	c = unit->version >= 5 ? find_rnglist(unit, value) : find_pairs(unit, value->number);
	first = c.at;
	while (!c.bad && ranges->count < max && in->work_left) {
		bool more = unit->version >= 5 ? take_entry(&c, unit, &base, &start, &end)
					       : take_pair(&c, unit, &base, &start, &end);

		if (!more || c.bad)
			break;
		dwarf_ranges_add(ranges, start, end, id, depth, max);
	}
	dwarf_file_spend(in, (uint64_t)(c.at - first));
}

/* --- which one an address is in
 * --------------------------------------------------------------------------- */

static int compare_ranges(const void *a, const void *b)
{
	const struct dwarf_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void add_span(struct dwarf_spans *spans, uint64_t start, uint32_t id)
{
	if (spans->count && spans->items[spans->count - 1].start == start)
		spans->count--; /* nothing was in it */
	if (spans->count && spans->items[spans->count - 1].id == id)
		return;
	*array_push(spans) = (struct dwarf_span){ .start = start, .id = id };
}

/* Closes the open ranges, a stack, that end up to `to`: what lies under each goes on behind it. */
static size_t close_ranges(struct dwarf_spans *spans, const struct dwarf_range **open, size_t count,
			   uint64_t to)
{
	while (count && open[count - 1]->end <= to) {
		uint64_t end = open[--count]->end;

		while (count && open[count - 1]->end <= end)
			count--;
		add_span(spans, end, count ? open[count - 1]->id : DWARF_NOTHING);
	}
	return count;
}

void dwarf_spans_make(struct dwarf_spans *spans, struct dwarf_ranges *ranges)
{
	const struct dwarf_range **open = mem_alloc_array(ranges->count, sizeof(*open));
	size_t open_count = 0;

	if (ranges->count)
		qsort(ranges->items, ranges->count, sizeof(*ranges->items), compare_ranges);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct dwarf_range *range = &ranges->items[i];

		open_count = close_ranges(spans, open, open_count, range->start);
		open[open_count++] = range;
		add_span(spans, range->start, range->id);
	}
	close_ranges(spans, open, open_count, UINT64_MAX);
	free(open);
}

uint32_t dwarf_spans_find(const struct dwarf_spans *spans, uint64_t address)
{
	size_t low = array_up_to(spans->items, spans->count, start, address);

	return low ? spans->items[low - 1].id : DWARF_NOTHING;
}
