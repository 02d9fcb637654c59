// SPDX-License-Identifier: MIT
/*
 * What may be shared in DWARF and is not small: that a file of some kilobytes, in which everybody
 * shares all of it, costs no more than so many times its size. Sections are made by hand; without
 * the bounds each of these cases takes gigabytes or minutes.
 */
#include <stdlib.h>

#include "check.h"
#include "dwarf_lines.h"
#include "dwarf_numbers.h"
#include "dwarf_ranges.h"

#define UNITS 4000

static uint8_t room[DWARF_SECTIONS][1 << 18];
static size_t used[DWARF_SECTIONS];

static void put(enum dwarf_section section, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		room[section][used[section]++] = (uint8_t)(i < 8 ? value >> 8 * i : 0);
}

/* An abbreviation of a unit with one attribute of four bytes. */
static void put_abbrev(uint8_t attribute)
{
	static const uint8_t head[] = { 1, DW_TAG_compile_unit, 0 };

	for (size_t i = 0; i < sizeof(head); i++)
		put(DWARF_ABBREV, head[i], 1);
	put(DWARF_ABBREV, attribute, 1);
	put(DWARF_ABBREV, DW_FORM_sec_offset, 1);
	put(DWARF_ABBREV, 0, 3);
}

static void put_units(uint32_t abbrev_step)
{
	for (uint32_t i = 0; i < UNITS; i++) {
		put(DWARF_INFO, 12, 4);
		put(DWARF_INFO, 4, 2);
		put(DWARF_INFO, i * abbrev_step, 4);
		put(DWARF_INFO, 8, 1);
		put(DWARF_INFO, 1, 1);
		put(DWARF_INFO, 0, 4); /* what they share */
	}
}

/* Returns the bytes of all sections. */
static size_t open_made(struct dwarf_file *ret_file)
{
	struct dwarf_bytes sections[DWARF_SECTIONS];
	size_t total = 0;

	for (int i = 0; i < DWARF_SECTIONS; i++) {
		sections[i] = (struct dwarf_bytes){ room[i], used[i] };
		total += used[i];
		used[i] = 0;
	}
	dwarf_file_open_slices(sections, ret_file);
	dwarf_file_find_units(ret_file);
	CHECK_INT(ret_file->units.count, UNITS);
	return total;
}

/* Each unit's table begins two bytes behind that of the one before, in one long abbreviation. */
static void test_abbreviations(void)
{
	struct dwarf_file file;
	size_t kept = 0;

	for (size_t i = 0; i < 16000; i++)
		put(DWARF_ABBREV, 0x01, 1);
	put(DWARF_ABBREV, 0, 3);
	put_units(2);
	open_made(&file);
	for (size_t i = 0; i < file.units.count; i++)
		dwarf_unit_read_abbrevs(&file.units.items[i]);
	for (size_t i = 0; i < file.abbrevs.count; i++)
		kept += file.abbrevs.items[i]->specs.count + file.abbrevs.items[i]->items.count;
	CHECK(file.units.items[0].abbrevs->specs.count > 7000);
	CHECK(kept < 4 * 16003);
	dwarf_file_close(&file);
}

static size_t rows_of_all(struct dwarf_file *file)
{
	size_t rows = 0;

	for (size_t i = 0; i < file->units.count; i++) {
		struct dwarf_unit *unit = &file->units.items[i];
		struct dwarf_lines lines;

		CHECK(dwarf_unit_open(unit));
		dwarf_lines_read(unit, true, &lines);
		CHECK(i || lines.rows.count > 50000);
		rows += lines.rows.count;
		dwarf_lines_free(&lines);
	}
	return rows;
}

/* All units have the same program, of special opcodes. */
static void test_lines(void)
{
	static const uint8_t header[] = { 4, 0, 8, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0 };
	struct dwarf_file file;
	size_t total;

	put(DWARF_LINE, sizeof(header) + 60000 + 3, 4);
	for (size_t i = 0; i < sizeof(header); i++)
		put(DWARF_LINE, header[i], 1);
	for (size_t i = 0; i < 60000; i++)
		put(DWARF_LINE, 3, 1);
	put(DWARF_LINE, 0x010100, 3); /* the sequence's end */
	put_abbrev(DW_AT_stmt_list);
	put_units(0);
	total = open_made(&file);
	CHECK(rows_of_all(&file) < 17 * total);
	dwarf_file_close(&file);
}

/* A million files, each of a form that takes no byte. */
static void test_files_of_nothing(void)
{
	/* as above; no directories; of files a form, and how many */
	static const uint8_t header[] = "\5\0\10\0\30\0\0\0\1\1\1\0\1\1"
					"\0\0"
					"\1\1\x19\xc0\x84\x3d";
	struct dwarf_file file;
	struct dwarf_lines lines;

	put(DWARF_LINE, sizeof(header) + 100, 4);
	for (size_t i = 0; i < sizeof(header); i++)
		put(DWARF_LINE, header[i], 1);
	for (size_t i = 0; i < 100; i++)
		put(DWARF_LINE, 0, 1);
	put_abbrev(DW_AT_stmt_list);
	put_units(0);
	open_made(&file);
	CHECK(dwarf_unit_open(&file.units.items[0]));
	dwarf_lines_read(&file.units.items[0], true, &lines);
	CHECK(lines.version == 5 && lines.files.count <= 100);
	dwarf_lines_free(&lines);
	dwarf_file_close(&file);
}

/* All units have the same list of ranges. */
static void test_ranges(void)
{
	struct dwarf_ranges ranges = { 0 };
	struct dwarf_file file;
	size_t total;

	for (uint64_t i = 1; i <= 10000; i++) {
		put(DWARF_RANGES, 16 * i, 8);
		put(DWARF_RANGES, 16 * i + 8, 8);
	}
	put(DWARF_RANGES, 0, 16);
	put_abbrev(DW_AT_ranges);
	put_units(0);
	total = open_made(&file);
	for (size_t i = 0; i < file.units.count; i++) {
		struct dwarf_unit *unit = &file.units.items[i];

		CHECK(dwarf_unit_open(unit) && unit->has_ranges);
		dwarf_ranges_add_list(&ranges, unit, &unit->ranges, 0, 0, SIZE_MAX);
		CHECK(i || ranges.count == 10000);
	}
	CHECK(ranges.count < 17 * total / 16);
	array_free(&ranges);
	dwarf_file_close(&file);
}

int main(void)
{
	check_case("DWARF shared: abbreviations that overlap", test_abbreviations);
	check_case("DWARF shared: one line program for all units", test_lines);
	check_case("DWARF shared: a table of files without bytes", test_files_of_nothing);
	check_case("DWARF shared: one list of ranges for all units", test_ranges);
	return check_status();
}
