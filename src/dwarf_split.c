// SPDX-License-Identifier: MIT
#include "dwarf_split.h"

#include <errno.h>

#include "dwarf_numbers.h"

/* Columns of an index: there are ten kinds of section. */
#define COLUMNS_MAX 16

/* --- packages
 * --------------------------------------------------------------------------------------------- */

struct index {
	uint32_t version, columns, units, slots;
	const uint8_t *ids, *rows, *sections, *offsets, *sizes;
};

static uint32_t read_word(const uint8_t *words, uint64_t index)
{
	uint32_t word;

	memcpy(&word, words + index * sizeof(word), sizeof(word));
	return word;
}

/* DWARF 5, 7.3.5.3: a hash table of ids, the row of each, then two tables of words. */
static bool read_index(const struct dwarf_file *package, struct index *index)
{
	struct cursor c = dwarf_section_cursor(package, DWARF_CU_INDEX, 0);
	uint64_t cells;

	index->version = cursor_uint32(&c) & 0xffff;
	index->columns = cursor_uint32(&c);
	index->units = cursor_uint32(&c);
	index->slots = cursor_uint32(&c);
	if (c.bad || (index->version != 2 && index->version != 5) || !index->slots ||
	    index->slots & (index->slots - 1) || index->columns > COLUMNS_MAX)
		return false;
	cells = (uint64_t)index->columns * index->units;
	index->ids = c.at;
	cursor_skip(&c, (uint64_t)index->slots * 8);
	index->rows = c.at;
	cursor_skip(&c, (uint64_t)index->slots * 4);
	index->sections = c.at;
	cursor_skip(&c, (uint64_t)index->columns * 4);
	index->offsets = c.at;
	cursor_skip(&c, cells * 4);
	index->sizes = c.at;
	cursor_skip(&c, cells * 4);
	return !c.bad;
}

/* The row of an id, counted from 1; 0: none. */
static uint32_t find_row(const struct index *index, uint64_t id)
{
	uint32_t mask = index->slots - 1, slot = (uint32_t)id & mask;
	uint32_t step = ((uint32_t)(id >> 32) & mask) | 1;

	for (uint32_t i = 0; i < index->slots; i++) {
		uint32_t row = read_word(index->rows, slot);
		uint64_t have;

		memcpy(&have, index->ids + (uint64_t)slot * sizeof(have), sizeof(have));
		if (!row)
			return 0;
		if (have == id)
			return row <= index->units ? row : 0;
		slot = (slot + step) & mask;
	}
	return 0;
}

static int section_of_column(const struct index *index, uint32_t id)
{
	switch (id) {
	case DW_SECT_INFO:
		return DWARF_INFO;
	case DW_SECT_ABBREV:
		return DWARF_ABBREV;
	case DW_SECT_LINE:
		return DWARF_LINE;
	case DW_SECT_STR_OFFSETS:
		return DWARF_STR_OFFSETS;
	case DW_SECT_RNGLISTS:
		return index->version == 5 ? DWARF_RNGLISTS : -1;
	default:
		return -1;
	}
}

/* The unit's share of each section; the strings are everybody's. */
static bool slice(const struct dwarf_file *package, uint64_t id,
		  struct dwarf_bytes slices[DWARF_SECTIONS])
{
	struct index index;
	uint32_t row;

	if (!read_index(package, &index))
		return false;
	row = find_row(&index, id);
	if (!row)
		return false;
	memset(slices, 0, DWARF_SECTIONS * sizeof(*slices));
	slices[DWARF_STR] = package->sections[DWARF_STR];
	for (uint32_t i = 0; i < index.columns; i++) {
		int section = section_of_column(&index, read_word(index.sections, i));
		uint64_t cell = (uint64_t)(row - 1) * index.columns + i;
		uint32_t off = read_word(index.offsets, cell), size = read_word(index.sizes, cell);
		const struct dwarf_bytes *whole;

		if (section < 0)
			continue;
		whole = &package->sections[section];
		if (!whole->at || off > whole->size || size > whole->size - off)
			return false;
		slices[section] = (struct dwarf_bytes){ whole->at + off, size };
	}
	return slices[DWARF_INFO].at && slices[DWARF_ABBREV].at;
}

/* --- the unit
 * --------------------------------------------------------------------------------------------- */

/* The unit with the skeleton's id, which before version 5 stands in its first DIE. */
static bool find_unit(struct dwarf_split *split, const struct dwarf_unit *skeleton)
{
	dwarf_file_find_units(&split->file);
	for (size_t i = 0; i < split->file.units.count; i++) {
		struct dwarf_unit *unit = &split->file.units.items[i];

		if (unit->version != skeleton->version)
			continue;
		unit->skeleton = skeleton;
		if (dwarf_unit_open(unit) && unit->split_id == skeleton->split_id &&
		    unit->tag == DW_TAG_compile_unit) {
			split->unit = unit;
			return true;
		}
	}
	return false;
}

int dwarf_split_open(struct sym_files *files, const struct dwarf_file *package,
		     const struct dwarf_unit *skeleton, struct dwarf_split *ret_split)
{
	struct dwarf_bytes slices[DWARF_SECTIONS];
	int error;

	*ret_split = (struct dwarf_split){ .elf = { .fd = -1 } };
	if (package && slice(package, skeleton->split_id, slices)) {
		dwarf_file_open_slices(slices, &ret_split->file);
		if (find_unit(ret_split, skeleton))
			return 0;
		dwarf_file_close(&ret_split->file);
	}
	error = sym_files_split(files, skeleton->directory, skeleton->split_name, &ret_split->elf);
	if (error)
		return error;
	if (!dwarf_file_open(&ret_split->elf, true, &ret_split->file) &&
	    find_unit(ret_split, skeleton))
		return 0;
	dwarf_split_close(ret_split);
	return -ENOENT;
}

void dwarf_split_close(struct dwarf_split *split)
{
	dwarf_file_close(&split->file);
	if (split->elf.size)
		sym_files_close_split(&split->elf);
	*split = (struct dwarf_split){ .elf = { .fd = -1 } };
}
