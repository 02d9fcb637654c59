// SPDX-License-Identifier: MIT
#include "dwarf_file.h"

#include <errno.h>

#include "dwarf_numbers.h"
#include "dwarf_value.h"

/* A kernel has 200 MiB of it, a browser 3 GiB: what is more is left to the symbol tables. */
#define SECTIONS_MAX ((uint64_t)1 << 30)
/* Compilers write some hundred abbreviations a unit, of some dozen attributes. */
#define ABBREVS_MAX 65536
#define SPECS_MAX   1048576
/* Each table of them is read once; tables overlap in hostile files alone. */
#define ABBREVS_TIMES 4
/* What is shared is read again by each that shares it, and when an index was dropped. */
#define WORK_TIMES 16

static const char *const section_names[DWARF_SECTIONS][2] = {
	[DWARF_INFO] = { ".debug_info", ".debug_info.dwo" },
	[DWARF_ABBREV] = { ".debug_abbrev", ".debug_abbrev.dwo" },
	[DWARF_LINE] = { ".debug_line", ".debug_line.dwo" },
	[DWARF_STR] = { ".debug_str", ".debug_str.dwo" },
	[DWARF_LINE_STR] = { ".debug_line_str", NULL },
	[DWARF_STR_OFFSETS] = { ".debug_str_offsets", ".debug_str_offsets.dwo" },
	[DWARF_ADDR] = { ".debug_addr", NULL },
	[DWARF_RANGES] = { ".debug_ranges", NULL },
	[DWARF_RNGLISTS] = { ".debug_rnglists", ".debug_rnglists.dwo" },
	[DWARF_CU_INDEX] = { NULL, ".debug_cu_index" },
};

/* Units that read the same abbreviations skip the same bytes. */
struct dwarf_abbrev_key {
	uint64_t off;
	uint8_t version, address_size, offset_size, pad[5];
};

struct cursor dwarf_section_cursor(const struct dwarf_file *file, enum dwarf_section section,
				   uint64_t off)
{
	static const uint8_t nothing;
	const struct dwarf_bytes *bytes = &file->sections[section];

	if (!bytes->at || off > bytes->size)
		return (struct cursor){ &nothing, &nothing, true };
	return (struct cursor){ bytes->at + off, bytes->at + bytes->size, false };
}

struct cursor dwarf_unit_cursor(const struct dwarf_unit *unit, uint64_t off)
{
	struct cursor c = dwarf_section_cursor(unit->file, DWARF_INFO, off);

	if (off < unit->die_off || off >= unit->end || c.bad)
		return dwarf_section_cursor(unit->file, DWARF_INFO, UINT64_MAX);
	c.end = unit->file->sections[DWARF_INFO].at + unit->end;
	return c;
}

/* How much is read of a file whose sections are known. */
static void set_limits(struct dwarf_file *file)
{
	uint64_t total = 0;

	for (int i = 0; i < DWARF_SECTIONS; i++)
		total += file->sections[i].size;
	file->work_left = total * WORK_TIMES;
	file->abbrevs_left = (uint64_t)file->sections[DWARF_ABBREV].size * ABBREVS_TIMES;
}

void dwarf_file_spend(struct dwarf_file *file, uint64_t bytes)
{
	file->work_left -= bytes < file->work_left ? bytes : file->work_left;
}

/* --- files
 * ------------------------------------------------------------------------------------------------
 */

int dwarf_file_open(const struct elf_file *elf, bool is_split, struct dwarf_file *ret_file)
{
	struct dwarf_file file = { .is_split = is_split };
	uint64_t total = 0;

	if (!elf_file_section(elf, section_names[DWARF_INFO][is_split]) &&
	    (is_split || !elf_file_section(elf, ".zdebug_info")))
		return -ENOENT;
	table_init(&file.abbrev_keys, sizeof(struct dwarf_abbrev_key));
	for (int i = 0; i < DWARF_SECTIONS; i++) {
		const char *name = section_names[i][is_split];
		struct dwarf_bytes *section = &file.sections[i];

		if (!name)
			continue;
		file.owned[i] =
			elf_file_load_section(elf, name, SECTIONS_MAX - total, &section->size);
		section->at = file.owned[i];
		total += section->size;
	}
	if (file.sections[DWARF_INFO].at && file.sections[DWARF_ABBREV].at) {
		set_limits(&file);
		*ret_file = file;
		return 0;
	}
	dwarf_file_close(&file);
	return -E2BIG;
}

void dwarf_file_open_slices(const struct dwarf_bytes sections[DWARF_SECTIONS],
			    struct dwarf_file *ret_file)
{
	struct dwarf_file file = { .is_split = true };

	table_init(&file.abbrev_keys, sizeof(struct dwarf_abbrev_key));
	memcpy(file.sections, sections, sizeof(file.sections));
	set_limits(&file);
	*ret_file = file;
}

void dwarf_file_close(struct dwarf_file *file)
{
	for (int i = 0; i < DWARF_SECTIONS; i++)
		free(file->owned[i]);
	for (size_t i = 0; i < file->abbrevs.count; i++) {
		struct dwarf_abbrevs *abbrevs = file->abbrevs.items[i];

		array_free(&abbrevs->items);
		array_free(&abbrevs->specs);
		array_free(&abbrevs->skips);
		free(abbrevs);
	}
	array_free(&file->abbrevs);
	table_free(&file->abbrev_keys);
	array_free(&file->units);
	*file = (struct dwarf_file){ 0 };
}

/* --- units' headers
 * --------------------------------------------------------------------------------------- */

/* What follows the length. False: of a version or kind that is not known. */
static bool read_header(struct cursor *c, struct dwarf_unit *unit)
{
	unit->version = (uint8_t)cursor_uint16(c);
	if (unit->version < 2 || unit->version > 5)
		return false;
	unit->type = DW_UT_compile;
	if (unit->version >= 5) {
		unit->type = cursor_uint8(c);
		unit->address_size = cursor_uint8(c);
		unit->abbrev_off = dwarf_read_word(c, unit->offset_size);
	} else {
		unit->abbrev_off = dwarf_read_word(c, unit->offset_size);
		unit->address_size = cursor_uint8(c);
	}
	if (unit->type == DW_UT_skeleton || unit->type == DW_UT_split_compile)
		unit->split_id = cursor_uint64(c);
	return !c->bad && (unit->address_size == 8 || unit->address_size == 4) &&
	       unit->type >= DW_UT_compile && unit->type <= DW_UT_split_compile &&
	       unit->type != DW_UT_type;
}

void dwarf_file_find_units(struct dwarf_file *file)
{
	struct cursor c = dwarf_section_cursor(file, DWARF_INFO, 0);
	const uint8_t *start = c.at;

	while (!c.bad && cursor_left(&c)) {
		struct dwarf_unit unit = { .file = file, .off = (uint64_t)(c.at - start) };
		uint64_t length = cursor_uint32(&c);
		struct cursor header;

		unit.offset_size = length == UINT32_MAX ? 8 : 4;
		if (length == UINT32_MAX)
			length = cursor_uint64(&c);
		if (c.bad || !length || length > cursor_left(&c))
			return; /* the rest cannot be told apart */
		header = (struct cursor){ c.at, c.at + length, false };
		cursor_skip(&c, length);
		unit.end = (uint64_t)(c.at - start);
		if (!read_header(&header, &unit))
			continue;
		unit.die_off = (uint64_t)(header.at - start);
		*array_push(&file->units) = unit;
	}
}

struct dwarf_unit *dwarf_file_unit_at(struct dwarf_file *file, uint64_t off)
{
	size_t low = array_up_to(file->units.items, file->units.count, off, off);

	if (!low || off >= file->units.items[low - 1].end)
		return NULL;
	return &file->units.items[low - 1];
}

/* --- abbreviations
 * ---------------------------------------------------------------------------------------- */

/* Gathers what has a fixed size until a form that has none. */
static void add_skips(struct dwarf_abbrevs *abbrevs, const struct dwarf_abbrev *abbrev)
{
	struct dwarf_skip skip = { 0 };

	for (uint32_t i = 0; i < abbrev->spec_count; i++) {
		const struct dwarf_spec *spec = &abbrevs->specs.items[abbrev->first_spec + i];

		if (spec->size >= 0 && skip.bytes + spec->size < UINT16_MAX) {
			skip.bytes = (uint16_t)(skip.bytes + spec->size);
			continue;
		}
		skip.form = spec->form;
		*array_push(&abbrevs->skips) = skip;
		skip = (struct dwarf_skip){ 0 };
	}
	*array_push(&abbrevs->skips) = skip;
}

static bool read_abbrev(struct cursor *c, struct dwarf_abbrevs *abbrevs,
			const struct dwarf_unit *unit)
{
	struct dwarf_abbrev abbrev = { .code = cursor_uleb(c) };

	if (!abbrev.code || c->bad || abbrevs->items.count == ABBREVS_MAX)
		return false;
	abbrev.tag = (uint16_t)cursor_uleb(c);
	abbrev.has_children = cursor_uint8(c);
	abbrev.first_spec = (uint32_t)abbrevs->specs.count;
	abbrev.first_skip = (uint32_t)abbrevs->skips.count;
	while (abbrevs->specs.count < SPECS_MAX) {
		uint64_t attribute = cursor_uleb(c), form = cursor_uleb(c);
		struct dwarf_spec spec = { .attribute = (uint16_t)attribute,
					   .form = (uint16_t)form };

		if (c->bad || attribute > UINT16_MAX || form > UINT16_MAX || (!form && attribute))
			return false;
		if (form == DW_FORM_implicit_const)
			spec.constant = cursor_sleb(c);
		spec.size = (int8_t)dwarf_form_size(spec.form, unit->version, unit->address_size,
						    unit->offset_size);
		if (!attribute && !form)
			break;
		*array_push(&abbrevs->specs) = spec;
	}
	abbrev.spec_count = (uint32_t)abbrevs->specs.count - abbrev.first_spec;
	add_skips(abbrevs, &abbrev);
	abbrevs->dense &= abbrev.code == abbrevs->items.count + 1;
	*array_push(&abbrevs->items) = abbrev;
	return true;
}

static int compare_abbrevs(const void *a, const void *b)
{
	const struct dwarf_abbrev *x = a, *y = b;

	return x->code < y->code ? -1 : x->code > y->code;
}

bool dwarf_unit_read_abbrevs(struct dwarf_unit *unit)
{
	struct dwarf_file *file = unit->file;
	struct dwarf_abbrev_key key = { .off = unit->abbrev_off,
					.version = unit->version,
					.address_size = unit->address_size,
					.offset_size = unit->offset_size };
	struct dwarf_abbrevs *abbrevs;
	const uint8_t *start;
	struct cursor c;
	uint32_t id;
	bool is_new;

	if (unit->abbrevs)
		return unit->abbrevs->items.count;
	id = table_add(&file->abbrev_keys, &key, &is_new);
	if (!is_new) {
		unit->abbrevs = file->abbrevs.items[id];
		return unit->abbrevs->items.count;
	}
	abbrevs = mem_alloc(sizeof(*abbrevs));
	abbrevs->dense = true;
	c = dwarf_section_cursor(file, DWARF_ABBREV, unit->abbrev_off);
	if (cursor_left(&c) > file->abbrevs_left)
		c.end = c.at + file->abbrevs_left;
	start = c.at;
	while (read_abbrev(&c, abbrevs, unit))
		;
	file->abbrevs_left -= (uint64_t)(c.at - start);
	if (!abbrevs->dense)
		qsort(abbrevs->items.items, abbrevs->items.count, sizeof(*abbrevs->items.items),
		      compare_abbrevs);
	*array_push(&file->abbrevs) = abbrevs;
	unit->abbrevs = abbrevs;
	return abbrevs->items.count;
}

const struct dwarf_abbrev *dwarf_abbrev_find(const struct dwarf_abbrevs *abbrevs, uint64_t code)
{
	size_t low = 0, high = abbrevs->items.count;

	if (abbrevs->dense)
		return code - 1 < high ? &abbrevs->items.items[code - 1] : NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (abbrevs->items.items[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < abbrevs->items.count && abbrevs->items.items[low].code == code
		       ? &abbrevs->items.items[low]
		       : NULL;
}

/* --- units
 * ------------------------------------------------------------------------------------------------
 */

/* Values that need the bases, which may come after them. */
struct first_die {
	struct dwarf_value low, high, directory, split_name;
};

static void take_first(struct dwarf_unit *unit, struct first_die *die, uint16_t attribute,
		       const struct dwarf_value *value)
{
	switch (attribute) {
	case DW_AT_low_pc:
		die->low = *value;
		break;
	case DW_AT_high_pc:
		die->high = *value;
		break;
	case DW_AT_comp_dir:
		die->directory = *value;
		break;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		die->split_name = *value;
		break;
	case DW_AT_GNU_dwo_id:
		unit->split_id = value->number;
		break;
	case DW_AT_language:
		unit->language = (uint16_t)value->number;
		break;
	case DW_AT_ranges:
		unit->has_ranges = true;
		unit->ranges = *value;
		break;
	case DW_AT_stmt_list:
		unit->has_lines = true;
		unit->lines_off = value->number;
		break;
	case DW_AT_str_offsets_base:
		unit->str_offsets_base = value->number;
		break;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		unit->addr_base = value->number;
		break;
	case DW_AT_rnglists_base:
		unit->rnglists_base = value->number;
		break;
	case DW_AT_GNU_ranges_base:
		unit->ranges_base = value->number;
		break;
	default:
		break;
	}
}

/* What a split unit need not say: its tables begin behind one header. */
static void assume_bases(struct dwarf_unit *unit)
{
	if (!unit->file->is_split || unit->version < 5)
		return;
	unit->str_offsets_base = unit->offset_size == 8 ? 16 : 8;
	unit->rnglists_base = unit->offset_size == 8 ? 20 : 12;
}

static void settle_first(struct dwarf_unit *unit, const struct first_die *die)
{
	unit->directory = dwarf_value_string(unit, &die->directory);
	unit->split_name = dwarf_value_string(unit, &die->split_name);
	unit->has_low = dwarf_value_bounds(unit, &die->low, &die->high, &unit->low, &unit->high);
}

bool dwarf_unit_open(struct dwarf_unit *unit)
{
	const struct dwarf_abbrev *abbrev;
	struct first_die die = { 0 };
	struct cursor c;

	if (unit->opened)
		return unit->good;
	unit->opened = true;
	if (!dwarf_unit_read_abbrevs(unit))
		return false;
	assume_bases(unit);
	c = dwarf_unit_cursor(unit, unit->die_off);
	abbrev = dwarf_abbrev_find(unit->abbrevs, cursor_uleb(&c));
	if (c.bad || !abbrev)
		return false;
	unit->tag = abbrev->tag;
	for (uint32_t i = 0; i < abbrev->spec_count; i++) {
		const struct dwarf_spec *spec = &unit->abbrevs->specs.items[abbrev->first_spec + i];
		struct dwarf_value value = dwarf_value_read(&c, unit, spec);

		take_first(unit, &die, spec->attribute, &value);
	}
	settle_first(unit, &die);
	unit->good = !c.bad;
	return unit->good;
}
