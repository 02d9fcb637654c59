// SPDX-License-Identifier: MIT
#include "dwarf_lines.h"

#include "dwarf_numbers.h"
#include "dwarf_value.h"

/* Compilers write some thousand files a unit. */
#define FILES_MAX 1000000
/* A row may take one byte of the program. A large unit has some 100 000. */
#define ROWS_MAX (8u << 20)

struct program {
	struct dwarf_lines *lines;
	struct cursor c;
	const uint8_t *lengths; /* of the standard opcodes' operands, from opcode 1 on */
	uint8_t address_size, offset_size;
	uint8_t min_inst, max_ops, line_range, opcode_base;
	int8_t line_base;
	/* the registers */
	uint64_t address;
	uint64_t op_index;
	uint32_t file, line;
	size_t sequence; /* its first row */
};

/* --- the header
 * ------------------------------------------------------------------------------------------- */

static const char *read_string(struct cursor *c)
{
	const char *string = (const char *)c->at;
	const uint8_t *end = memchr(c->at, '\0', cursor_left(c));

	if (!end) {
		cursor_fail(c);
		return NULL;
	}
	c->at = end + 1;
	return string;
}

/* Before version 5. The directory 0 is the unit's own, and so is a file that does not say. */
static void read_old_tables(struct program *p)
{
	const char *name;

	*array_push(&p->lines->directories) = p->lines->unit->directory;
	while ((name = read_string(&p->c)) && *name && p->lines->directories.count < FILES_MAX)
		*array_push(&p->lines->directories) = name;
	*array_push(&p->lines->files) = (struct dwarf_line_file){ 0 };
	while ((name = read_string(&p->c)) && *name && p->lines->files.count < FILES_MAX) {
		uint64_t directory = cursor_uleb(&p->c);

		cursor_uleb(&p->c); /* time */
		cursor_uleb(&p->c); /* bytes */
		*array_push(&p->lines->files) = (struct dwarf_line_file){ name, directory };
	}
}

/* A table of version 5: how an entry looks, then the entries. False: broken. */
static bool read_table(struct program *p, bool is_files)
{
	struct dwarf_spec formats[255];
	struct dwarf_unit form_unit =
		*p->lines->unit; /* the forms are as wide as the program says */
	size_t format_count = cursor_uint8(&p->c);
	uint64_t count;

	form_unit.offset_size = p->offset_size;
	form_unit.address_size = p->address_size;
	for (size_t i = 0; i < format_count; i++) {
		formats[i].attribute = (uint16_t)cursor_uleb(&p->c);
		formats[i].form = (uint16_t)cursor_uleb(&p->c);
		formats[i].constant = 0;
	}
	count = cursor_uleb(&p->c);
	/* an entry may take no byte, of forms that have none: nobody's does */
	if (p->c.bad || count > FILES_MAX || count > cursor_left(&p->c) || (!format_count && count))
		return false;
	for (uint64_t n = 0; n < count && !p->c.bad; n++) {
		struct dwarf_line_file file = { 0 };

		for (size_t i = 0; i < format_count; i++) {
			struct dwarf_value value = dwarf_value_read(&p->c, &form_unit, &formats[i]);

			if (formats[i].attribute == DW_LNCT_path)
				file.name = dwarf_value_string(&form_unit, &value);
			else if (formats[i].attribute == DW_LNCT_directory_index)
				file.directory = value.number;
		}
		if (is_files)
			*array_push(&p->lines->files) = file;
		else
			*array_push(&p->lines->directories) = file.name;
	}
	return !p->c.bad;
}

/* Leaves the cursor at the program. False: there is nothing to run. */
static bool read_header(struct program *p, const struct dwarf_unit *unit)
{
	uint64_t length, header_length;
	struct cursor *c = &p->c;
	const uint8_t *start;

	*c = dwarf_section_cursor(unit->file, DWARF_LINE, unit->lines_off);
	length = cursor_uint32(c);
	p->offset_size = length == UINT32_MAX ? 8 : 4;
	if (p->offset_size == 8)
		length = cursor_uint64(c);
	if (c->bad || length > cursor_left(c) || !unit->file->work_left)
		return false;
	dwarf_file_spend(unit->file, length);
	c->end = c->at + length;
	p->lines->version = (uint8_t)cursor_uint16(c);
	if (p->lines->version < 2 || p->lines->version > 5)
		return false;
	p->address_size = unit->address_size;
	if (p->lines->version >= 5) {
		p->address_size = cursor_uint8(c);
		cursor_uint8(c); /* segment selectors: none */
	}
	header_length = dwarf_read_word(c, p->offset_size);
	if (c->bad || header_length > cursor_left(c) ||
	    (p->address_size != 8 && p->address_size != 4))
		return false;
	start = c->at + header_length;
	p->min_inst = cursor_uint8(c);
	p->max_ops = p->lines->version >= 4 ? cursor_uint8(c) : 1;
	cursor_uint8(c); /* default_is_stmt */
	p->line_base = cursor_int8(c);
	p->line_range = cursor_uint8(c);
	p->opcode_base = cursor_uint8(c);
	p->lengths = c->at;
	cursor_skip(c, p->opcode_base ? p->opcode_base - 1 : 0);
	if (c->bad || !p->line_range || !p->opcode_base)
		return false;
	if (p->lines->version >= 5 ? !read_table(p, false) || !read_table(p, true)
				   : (read_old_tables(p), c->bad))
		return false;
	c->at = start;
	return true;
}

/* --- the program
 * ------------------------------------------------------------------------------------------ */

static void begin_sequence(struct program *p)
{
	p->address = p->op_index = 0;
	p->file = p->line = 1;
	p->sequence = p->lines->rows.count;
}

static void advance(struct program *p, uint64_t operations)
{
	if (p->max_ops <= 1) {
		p->address += p->min_inst * operations;
		return;
	}
	p->op_index += operations;
	p->address += p->min_inst * (p->op_index / p->max_ops);
	p->op_index %= p->max_ops;
}

static void add_row(struct program *p)
{
	struct dwarf_row row = { p->address, p->file, p->line };

	if (row.file == DWARF_ROW_END)
		row.file = 0;
	/* of the rows of an address the last */
	if (p->lines->rows.count > p->sequence &&
	    p->lines->rows.items[p->lines->rows.count - 1].address == row.address)
		p->lines->rows.count--;
	if (p->lines->rows.count == ROWS_MAX)
		cursor_fail(&p->c);
	*array_push(&p->lines->rows) = row;
}

static void end_sequence(struct program *p)
{
	add_row(p);
	p->lines->rows.items[p->lines->rows.count - 1].file = DWARF_ROW_END;
	begin_sequence(p);
}

static void run_extended(struct program *p)
{
	uint64_t length = cursor_uleb(&p->c);
	struct cursor c = { p->c.at, p->c.at, false };

	if (!length || length > cursor_left(&p->c)) {
		cursor_fail(&p->c);
		return;
	}
	c.end += length;
	cursor_skip(&p->c, length);
	switch (cursor_uint8(&c)) {
	case DW_LNE_end_sequence:
		end_sequence(p);
		break;
	case DW_LNE_set_address:
		p->address = dwarf_read_word(&c, cursor_left(&c) >= 8 ? 8 : 4);
		p->op_index = 0;
		break;
	default:
		break; /* discriminators, and files that nobody defines here any more */
	}
}

static void run_standard(struct program *p, uint8_t opcode)
{
	struct cursor *c = &p->c;

	switch (opcode) {
	case DW_LNS_copy:
		add_row(p);
		break;
	case DW_LNS_advance_pc:
		advance(p, cursor_uleb(c));
		break;
	case DW_LNS_advance_line:
		p->line += (uint32_t)cursor_sleb(c);
		break;
	case DW_LNS_set_file:
		p->file = (uint32_t)cursor_uleb(c);
		break;
	case DW_LNS_const_add_pc:
		advance(p, (uint64_t)(255 - p->opcode_base) / p->line_range);
		break;
	case DW_LNS_fixed_advance_pc:
		p->address += cursor_uint16(c);
		p->op_index = 0;
		break;
	default: /* columns, marks, and what is not known */
		for (uint8_t i = p->lengths[opcode - 1]; i; i--)
			cursor_uleb(c);
		break;
	}
}

static void run(struct program *p)
{
	begin_sequence(p);
	while (!p->c.bad && cursor_left(&p->c)) {
		uint8_t opcode = cursor_uint8(&p->c);

		if (opcode >= p->opcode_base) {
			opcode = (uint8_t)(opcode - p->opcode_base);
			advance(p, opcode / p->line_range);
			p->line += (uint32_t)(p->line_base + opcode % p->line_range);
			add_row(p);
		} else if (opcode) {
			run_standard(p, opcode);
		} else {
			run_extended(p);
		}
	}
	p->lines->rows.count = p->sequence; /* a sequence without an end says nothing */
}

/* --- in order
 * --------------------------------------------------------------------------------------------- */

/* The end of a sequence comes before the next one's first row. */
static int compare_rows(const void *a, const void *b)
{
	const struct dwarf_row *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (y->file == DWARF_ROW_END) - (x->file == DWARF_ROW_END);
}

static void sort_rows(struct dwarf_lines *lines)
{
	for (size_t i = 1; i < lines->rows.count; i++)
		if (compare_rows(&lines->rows.items[i - 1], &lines->rows.items[i]) > 0) {
			qsort(lines->rows.items, lines->rows.count, sizeof(*lines->rows.items),
			      compare_rows);
			return;
		}
}

void dwarf_lines_read(struct dwarf_unit *unit, bool with_rows, struct dwarf_lines *ret_lines)
{
	struct program p = { .lines = ret_lines };

	*ret_lines = (struct dwarf_lines){ .unit = unit };
	if (!unit->has_lines || !read_header(&p, unit) || !with_rows)
		return;
	run(&p);
	sort_rows(ret_lines);
}

void dwarf_lines_free(struct dwarf_lines *lines)
{
	array_free(&lines->rows);
	array_free(&lines->files);
	array_free(&lines->directories);
}

const struct dwarf_row *dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address)
{
	size_t low = array_up_to(lines->rows.items, lines->rows.count, address, address);

	if (!low || lines->rows.items[low - 1].file == DWARF_ROW_END)
		return NULL;
	return &lines->rows.items[low - 1];
}

char *dwarf_lines_path(const struct dwarf_lines *lines, uint32_t file)
{
	const struct dwarf_line_file *found;
	const char *directory = NULL, *own = lines->unit->directory;

	if (file >= lines->files.count || !lines->files.items[file].name)
		return NULL;
	found = &lines->files.items[file];
	if (found->directory < lines->directories.count)
		directory = lines->directories.items[found->directory];
	if (*found->name == '/' || !directory || !*directory)
		return mem_copy_string(found->name);
	/* Before version 5 directory 0 is the unit's own. After, it is a directory like the others:
	 * where the unit's is relative, too, everybody reads the one below the other. */
	if (*directory == '/' || !own || !*own || (lines->version < 5 && !found->directory))
		return mem_format("%s/%s", directory, found->name);
	return mem_format("%s/%s/%s", own, directory, found->name);
}
