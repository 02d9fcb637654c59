/* SPDX-License-Identifier: MIT */
/*
 * dwarf_lines.h - the line table of a unit: which line of which file an address is of.
 *
 * The whole program is run once and its rows kept, sorted. As other tools do it, the row of an
 * address is the last of the sequence that does not lie behind it; of rows with the same address
 * the last that the program made.
 */
#ifndef DWARF_LINES_H
#define DWARF_LINES_H

#include "dwarf_file.h"

struct dwarf_row {
	uint64_t address;
	uint32_t file; /* as the program numbers them; DWARF_ROW_END: behind a sequence */
	uint32_t line;
};

#define DWARF_ROW_END UINT32_MAX

struct dwarf_lines {
	ARRAY(struct dwarf_row) rows;
	ARRAY(struct dwarf_line_file {
		const char *name; /* in a section */
		uint64_t directory;
	})
	files;
	ARRAY(const char *) directories;
	const struct dwarf_unit *unit;
	uint8_t version; /* of the program: before 5 files count from 1 */
};

/*
 * Reads the program of `unit` (opened). `with_rows` false: its files alone. Zeroed, or what was
 * sound of it, where it is broken.
 */
void dwarf_lines_read(struct dwarf_unit *unit, bool with_rows, struct dwarf_lines *ret_lines);
void dwarf_lines_free(struct dwarf_lines *lines); /* takes a zeroed one */

/* The row of an address, or NULL. */
const struct dwarf_row *dwarf_lines_find(const struct dwarf_lines *lines, uint64_t address);

/* The file's path, made absolute as far as the unit says of what; NULL: there is no such file. To
 * be freed by the caller. */
char *dwarf_lines_path(const struct dwarf_lines *lines, uint32_t file);

#endif
