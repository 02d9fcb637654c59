// SPDX-License-Identifier: MIT
#include "dwarf_value.h"

#include "dwarf_numbers.h"

uint64_t dwarf_read_word(struct cursor *c, uint8_t size)
{
	return size == 8 ? cursor_uint64(c) : cursor_uint32(c);
}

static uint64_t read_three(struct cursor *c)
{
	uint64_t low = cursor_uint16(c);

	return low | (uint64_t)cursor_uint8(c) << 16;
}

int dwarf_form_size(uint16_t form, uint8_t version, uint8_t address_size, uint8_t offset_size)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return address_size;
	case DW_FORM_ref_addr:
		return version == 2 ? address_size : offset_size;
	case DW_FORM_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return offset_size;
	default:
		return -1;
	}
}

static void skip_string(struct cursor *c)
{
	const uint8_t *end = memchr(c->at, '\0', cursor_left(c));

	if (end)
		c->at = end + 1;
	else
		cursor_fail(c);
}

void dwarf_form_skip(struct cursor *c, const struct dwarf_unit *unit, uint16_t form)
{
	int size = dwarf_form_size(form, unit->version, unit->address_size, unit->offset_size);

	if (size >= 0) {
		cursor_skip(c, (uint64_t)size);
		return;
	}
	switch (form) {
	case DW_FORM_block1:
		cursor_skip(c, cursor_uint8(c));
		return;
	case DW_FORM_block2:
		cursor_skip(c, cursor_uint16(c));
		return;
	case DW_FORM_block4:
		cursor_skip(c, cursor_uint32(c));
		return;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		cursor_skip(c, cursor_uleb(c));
		return;
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		cursor_uleb(c);
		return;
	case DW_FORM_string:
		skip_string(c);
		return;
	case DW_FORM_indirect:
		form = (uint16_t)cursor_uleb(c);
		/* not twice: nobody writes it, and it need not end */
		if (form == DW_FORM_indirect || form == DW_FORM_implicit_const)
			cursor_fail(c);
		else
			dwarf_form_skip(c, unit, form);
		return;
	default:
		cursor_fail(c);
	}
}

/* Of the forms of fixed size: 1, 2, 3, 4 or 8 bytes. */
static uint64_t read_fixed(struct cursor *c, int size)
{
	switch (size) {
	case 1:
		return cursor_uint8(c);
	case 2:
		return cursor_uint16(c);
	case 3:
		return read_three(c);
	case 4:
		return cursor_uint32(c);
	case 8:
		return cursor_uint64(c);
	default:
		cursor_skip(c, (uint64_t)size); /* 0 and 16: no number */
		return 0;
	}
}

static uint64_t read_number(struct cursor *c, const struct dwarf_unit *unit, uint16_t form)
{
	int size = dwarf_form_size(form, unit->version, unit->address_size, unit->offset_size);

	if (size >= 0)
		return read_fixed(c, size);
	return form == DW_FORM_sdata ? (uint64_t)cursor_sleb(c) : cursor_uleb(c);
}

static enum dwarf_kind kind_of(uint16_t form)
{
	switch (form) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_sdata:
	case DW_FORM_udata:
	case DW_FORM_flag:
	case DW_FORM_sec_offset:
		return DWARF_NUMBER;
	case DW_FORM_addr:
		return DWARF_ADDRESS;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return DWARF_ADDRESS_INDEX;
	case DW_FORM_strp:
		return DWARF_STRING_OFF;
	case DW_FORM_line_strp:
		return DWARF_LINE_STRING_OFF;
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return DWARF_STRING_ALT;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		return DWARF_STRING_INDEX;
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
	case DW_FORM_ref_addr:
		return DWARF_REFERENCE;
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
	case DW_FORM_GNU_ref_alt:
		return DWARF_REFERENCE_ALT;
	case DW_FORM_rnglistx:
		return DWARF_LIST_INDEX;
	default:
		return DWARF_NONE;
	}
}

struct dwarf_value dwarf_value_read(struct cursor *c, const struct dwarf_unit *unit,
				    const struct dwarf_spec *spec)
{
	struct dwarf_value value = { 0 };
	uint16_t form = spec->form;

	if (form == DW_FORM_indirect) {
		form = (uint16_t)cursor_uleb(c);
		if (form == DW_FORM_indirect)
			cursor_fail(c);
	}
	value.kind = kind_of(form);
	if (form == DW_FORM_implicit_const || form == DW_FORM_flag_present) {
		value.kind = DWARF_NUMBER;
		value.number = form == DW_FORM_flag_present ? 1 : (uint64_t)spec->constant;
	} else if (form == DW_FORM_string) {
		value.kind = DWARF_STRING;
		value.bytes = c->at;
		skip_string(c);
	} else if (value.kind == DWARF_NONE) {
		dwarf_form_skip(c, unit, form);
	} else {
		value.number = read_number(c, unit, form);
	}
	if (value.kind == DWARF_REFERENCE && form != DW_FORM_ref_addr)
		value.number += unit->off;
	if (c->bad)
		value.kind = DWARF_NONE;
	return value;
}

static const char *string_at(const struct dwarf_file *file, enum dwarf_section section,
			     uint64_t off)
{
	struct cursor c = dwarf_section_cursor(file, section, off);

	return memchr(c.at, '\0', cursor_left(&c)) ? (const char *)c.at : NULL;
}

bool dwarf_table_at(const struct dwarf_file *file, enum dwarf_section section, uint64_t base,
		    uint64_t index, uint8_t entry_size, uint64_t *ret_value)
{
	struct cursor c;
	uint64_t value;

	if (index > UINT32_MAX)
		return false;
	c = dwarf_section_cursor(file, section, base + index * entry_size);
	value = dwarf_read_word(&c, entry_size);
	if (c.bad)
		return false;
	*ret_value = value;
	return true;
}

static const char *string_of_index(const struct dwarf_unit *unit, uint64_t index)
{
	uint64_t off;

	if (!dwarf_table_at(unit->file, DWARF_STR_OFFSETS, unit->str_offsets_base, index,
			    unit->offset_size, &off))
		return NULL;
	return string_at(unit->file, DWARF_STR, off);
}

const char *dwarf_value_string(const struct dwarf_unit *unit, const struct dwarf_value *value)
{
	switch (value->kind) {
	case DWARF_STRING:
		return (const char *)value->bytes; /* skip_string() saw its end */
	case DWARF_STRING_OFF:
		return string_at(unit->file, DWARF_STR, value->number);
	case DWARF_LINE_STRING_OFF:
		return string_at(unit->file, DWARF_LINE_STR, value->number);
	case DWARF_STRING_ALT:
		return unit->file->alternate
			       ? string_at(unit->file->alternate, DWARF_STR, value->number)
			       : NULL;
	case DWARF_STRING_INDEX:
		return string_of_index(unit, value->number);
	default:
		return NULL;
	}
}

bool dwarf_address_at(const struct dwarf_unit *unit, uint64_t index, uint64_t *ret_address)
{
	const struct dwarf_unit *owner = unit->skeleton ? unit->skeleton : unit;

	return dwarf_table_at(owner->file, DWARF_ADDR, owner->addr_base, index, unit->address_size,
			      ret_address);
}

bool dwarf_value_address(const struct dwarf_unit *unit, const struct dwarf_value *value,
			 uint64_t *ret_address)
{
	if (value->kind == DWARF_ADDRESS_INDEX)
		return dwarf_address_at(unit, value->number, ret_address);
	if (value->kind != DWARF_ADDRESS)
		return false;
	*ret_address = value->number;
	return true;
}

bool dwarf_value_bounds(const struct dwarf_unit *unit, const struct dwarf_value *low,
			const struct dwarf_value *high, uint64_t *ret_low, uint64_t *ret_high)
{
	if (!dwarf_value_address(unit, low, ret_low))
		return false;
	if (high->kind == DWARF_NUMBER)
		*ret_high = *ret_low + high->number;
	else if (!dwarf_value_address(unit, high, ret_high))
		*ret_high = 0;
	return true;
}

struct dwarf_unit *dwarf_value_reference(const struct dwarf_unit *unit,
					 const struct dwarf_value *value, uint64_t *ret_off)
{
	struct dwarf_file *file = unit->file;

	if (value->kind == DWARF_REFERENCE_ALT)
		file = file->alternate;
	else if (value->kind != DWARF_REFERENCE)
		return NULL;
	if (!file)
		return NULL;
	*ret_off = value->number;
	return dwarf_file_unit_at(file, value->number);
}
