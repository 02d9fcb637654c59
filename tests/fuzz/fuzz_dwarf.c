// SPDX-License-Identifier: MIT
/*
 * fuzz_dwarf - every function that reads DWARF, on sections that a fuzzer made up.
 *
 * An input is the sections one behind the other, each behind its length as 32 bits, in the order of
 * enum dwarf_section; what is missing is empty. One byte before them says whether it is a split
 * file, and one whether there is an alternate file: the same sections again.
 *
 * `make fuzz NAME=dwarf` looks for more; tests/fuzz/pack_dwarf makes an input of an ELF file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dwarf_lines.h"
#include "dwarf_scopes.h"
#include "dwarf_split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t used; /* so that nothing is left out */

static void use_string(const char *string)
{
	if (string)
		used += strlen(string);
}

static void use_lines(struct dwarf_unit *unit)
{
	struct dwarf_lines lines;

	dwarf_lines_read(unit, true, &lines);
	for (size_t i = 0; i < lines.files.count && i < 64; i++) {
		char *path = dwarf_lines_path(&lines, (uint32_t)i);

		use_string(path);
		free(path);
	}
	for (size_t i = 0; i < lines.rows.count; i += 1 + i / 8) {
		const struct dwarf_row *row = dwarf_lines_find(&lines, lines.rows.items[i].address);

		used += row ? row->line : 0;
	}
	dwarf_lines_free(&lines);
}

static void use_scopes(struct dwarf_unit *unit)
{
	struct dwarf_scopes scopes;

	dwarf_scopes_read(unit, &scopes);
	for (size_t i = 0; i < scopes.items.count; i++) {
		dwarf_scope_find_name(unit, &scopes.items.items[i]);
		use_string(scopes.items.items[i].name);
		if (scopes.items.items[i].parent != DWARF_NOTHING &&
		    scopes.items.items[i].parent >= i)
			abort(); /* a chain of calls need not end */
	}
	for (size_t i = 0; i < scopes.spans.count; i++) {
		if (i && scopes.spans.items[i].start <= scopes.spans.items[i - 1].start)
			abort();
		used += dwarf_spans_find(&scopes.spans, scopes.spans.items[i].start);
	}
	dwarf_scopes_free(&scopes);
}

static void use_file(struct dwarf_file *file)
{
	dwarf_file_find_units(file);
	for (size_t i = 0; i < file->units.count; i++) {
		struct dwarf_unit *unit = &file->units.items[i];

		if (!dwarf_unit_open(unit))
			continue;
		use_string(unit->directory);
		use_string(unit->split_name);
		use_lines(unit);
		use_scopes(unit);
	}
}

/* The sections, copied so that a byte beyond one is beyond what was allocated. */
static void take_sections(const uint8_t *data, size_t size, struct dwarf_bytes *sections,
			  uint8_t **copies)
{
	for (int i = 0; i < DWARF_SECTIONS; i++) {
		uint32_t bytes = 0;

		copies[i] = NULL;
		sections[i] = (struct dwarf_bytes){ 0 };
		if (size < sizeof(bytes))
			continue;
		memcpy(&bytes, data, sizeof(bytes));
		data += sizeof(bytes);
		size -= sizeof(bytes);
		if (bytes > size)
			bytes = (uint32_t)size;
		if (bytes) {
			copies[i] = malloc(bytes);
			memcpy(copies[i], data, bytes);
			sections[i] = (struct dwarf_bytes){ copies[i], bytes };
		}
		data += bytes;
		size -= bytes;
	}
}

/* Each unit that names a split one, as if these sections were the package. */
static void use_package(struct dwarf_file *file, struct sym_files *files)
{
	for (size_t i = 0; i < file->units.count; i++) {
		struct dwarf_unit *unit = &file->units.items[i];
		struct dwarf_split split;

		if (!dwarf_unit_open(unit) || !unit->split_name ||
		    dwarf_split_open(files, file, unit, &split))
			continue;
		use_scopes(split.unit);
		dwarf_split_close(&split);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { .kind = IMAGE_FILE, .path = "", .fd = -1 };
	struct dwarf_bytes sections[DWARF_SECTIONS];
	uint8_t *copies[DWARF_SECTIONS];
	struct dwarf_file file, alternate;
	struct sym_files *files;

	if (size < 2 || size > 1 << 20)
		return 0;
	take_sections(data + 2, size - 2, sections, copies);
	dwarf_file_open_slices(sections, &file);
	dwarf_file_open_slices(sections, &alternate);
	file.is_split = data[0] & 1;
	if (data[1] & 1) {
		dwarf_file_find_units(&alternate);
		file.alternate = &alternate;
	}
	use_file(&file);
	files = sym_files_open(&image);
	use_package(&file, files);
	sym_files_close(&files);
	dwarf_file_close(&file);
	dwarf_file_close(&alternate);
	for (int i = 0; i < DWARF_SECTIONS; i++)
		free(copies[i]);
	return 0;
}
