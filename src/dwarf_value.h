/* SPDX-License-Identifier: MIT */
/*
 * dwarf_value.h - attribute values by their form, and what they stand for.
 */
#ifndef DWARF_VALUE_H
#define DWARF_VALUE_H

#include "dwarf_file.h"

/* Reads a value; a form that is not known makes the cursor bad. */
struct dwarf_value dwarf_value_read(struct cursor *c, const struct dwarf_unit *unit,
				    const struct dwarf_spec *spec);
/* The bytes that a form takes; -1: they vary. */
int dwarf_form_size(uint16_t form, uint8_t version, uint8_t address_size, uint8_t offset_size);
void dwarf_form_skip(struct cursor *c, const struct dwarf_unit *unit, uint16_t form);

/* An offset or an address: 4 bytes, or 8. */
uint64_t dwarf_read_word(struct cursor *c, uint8_t size);
/* Entry `index` of a table of words that begins at `base`. False: it is not there. */
bool dwarf_table_at(const struct dwarf_file *file, enum dwarf_section section, uint64_t base,
		    uint64_t index, uint8_t entry_size, uint64_t *ret_value);

/* Passes over all attributes of a DIE. */
static inline void dwarf_skip_attributes(struct cursor *c, const struct dwarf_unit *unit,
					 const struct dwarf_abbrev *abbrev)
{
	const struct dwarf_skip *skip = &unit->abbrevs->skips.items[abbrev->first_skip];

	for (;; skip++) {
		cursor_skip(c, skip->bytes);
		if (!skip->form)
			return;
		dwarf_form_skip(c, unit, skip->form);
	}
}

/* The text, terminated, in a section; NULL: none. */
const char *dwarf_value_string(const struct dwarf_unit *unit, const struct dwarf_value *value);
/* False: it is no address, or is not there. */
bool dwarf_value_address(const struct dwarf_unit *unit, const struct dwarf_value *value,
			 uint64_t *ret_address);
/*
 * What DW_AT_low_pc and DW_AT_high_pc, an address or a size, come to; *ret_high 0: there is no
 * high one. False: there is no low one.
 */
bool dwarf_value_bounds(const struct dwarf_unit *unit, const struct dwarf_value *low,
			const struct dwarf_value *high, uint64_t *ret_low, uint64_t *ret_high);
/* Address `index` of the unit's, or its skeleton's, table. */
bool dwarf_address_at(const struct dwarf_unit *unit, uint64_t index, uint64_t *ret_address);
/* The unit and offset of the DIE that a reference leads to, or NULL. */
struct dwarf_unit *dwarf_value_reference(const struct dwarf_unit *unit,
					 const struct dwarf_value *value, uint64_t *ret_off);

#endif
