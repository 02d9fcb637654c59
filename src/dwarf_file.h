/* SPDX-License-Identifier: MIT */
/*
 * dwarf_file.h - the DWARF of one file: its sections, abbreviations and units.
 *
 * Whole sections are read (and unpacked) at first need. All offsets are into them, and every byte
 * is hostile: nothing is read beyond a section's or a unit's end, references lead only to where a
 * unit is, and what contradicts itself gives nothing.
 *
 * Three kinds of file: what debuggers call the main one (an image or its debug file), dwz's
 * alternate one, which others refer to, and split ones (.dwo, or one unit's share of a .dwp), which
 * take addresses from the main one.
 */
#ifndef DWARF_FILE_H
#define DWARF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cursor.h"
#include "elf_file.h"
#include "mem.h"
#include "table.h"

enum dwarf_section {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_LINE,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_STR_OFFSETS,
	DWARF_ADDR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_CU_INDEX, /* of a package */
	DWARF_SECTIONS
};

struct dwarf_bytes {
	const uint8_t *at; /* NULL: none */
	size_t size;
};

/* One attribute of an abbreviation. */
struct dwarf_spec {
	uint16_t attribute, form;
	int8_t size;	  /* as dwarf_form_size() has it */
	int64_t constant; /* DW_FORM_implicit_const */
};

/* To pass over a DIE's attributes: so many bytes, then a form of variable size (0: the end). */
struct dwarf_skip {
	uint16_t bytes, form;
};

struct dwarf_abbrev {
	uint64_t code;
	uint16_t tag;
	bool has_children;
	uint32_t first_spec, spec_count; /* in specs */
	uint32_t first_skip;		 /* in skips */
};

/* The abbreviations of a unit; shared by those with the same offset and sizes. */
struct dwarf_abbrevs {
	ARRAY(struct dwarf_abbrev) items; /* items[code - 1] if `dense`, else sorted by code */
	ARRAY(struct dwarf_spec) specs;
	ARRAY(struct dwarf_skip) skips;
	bool dense;
};

struct dwarf_file;

struct dwarf_unit {
	struct dwarf_file *file;
	uint64_t off, end; /* in DWARF_INFO: its header, the byte after it */
	uint64_t die_off;  /* its first DIE */
	uint64_t abbrev_off;
	uint8_t version, type; /* DW_UT_*; before version 5 DW_UT_compile */
	uint8_t address_size, offset_size;
	const struct dwarf_abbrevs *abbrevs; /* NULL: not read yet */

	/* Of the first DIE; set by dwarf_unit_open(). */
	bool opened, good;
	bool has_low, has_ranges, has_lines;
	uint16_t tag, language;
	uint64_t low, high; /* high 0: not a range */
	struct dwarf_value {
		enum dwarf_kind {
			DWARF_NONE,
			DWARF_NUMBER, /* constants, offsets into sections, flags */
			DWARF_ADDRESS,
			DWARF_ADDRESS_INDEX,
			DWARF_STRING,	  /* `bytes`, terminated or not, up to the unit's end */
			DWARF_STRING_OFF, /* in DWARF_STR */
			DWARF_LINE_STRING_OFF, /* in DWARF_LINE_STR */
			DWARF_STRING_ALT,      /* in DWARF_STR of the alternate file */
			DWARF_STRING_INDEX,
			DWARF_REFERENCE,     /* in DWARF_INFO */
			DWARF_REFERENCE_ALT, /* in that of the alternate file */
			DWARF_LIST_INDEX,
		} kind;
		uint64_t number;
		const uint8_t *bytes;
	} ranges;
	uint64_t lines_off;
	uint64_t str_offsets_base, addr_base, rnglists_base, ranges_base;
	const char *directory;	/* DW_AT_comp_dir; NULL: none. In a section: terminated */
	const char *split_name; /* DW_AT_dwo_name; NULL: this is no skeleton */
	uint64_t split_id;

	/* Of a split unit: whose addresses it uses. NULL: its own. */
	const struct dwarf_unit *skeleton;
};

struct dwarf_file {
	struct dwarf_bytes sections[DWARF_SECTIONS];
	uint8_t *owned[DWARF_SECTIONS];
	struct dwarf_file *alternate; /* borrowed; NULL: none */
	bool is_split;
	ARRAY(struct dwarf_unit) units; /* by offset; never moved */
	struct table abbrev_keys;	/* struct dwarf_abbrev_key: src/dwarf_file.c */
	ARRAY(struct dwarf_abbrevs *) abbrevs;
	uint64_t abbrevs_left, work_left; /* bytes, of which more are not read */
};

/*
 * Reads the sections. `is_split`: those named .debug_NAME.dwo. -ENOENT: there is no DWARF in it.
 * -E2BIG: more than anybody's, and left alone.
 */
int dwarf_file_open(const struct elf_file *elf, bool is_split, struct dwarf_file *ret_file);
/* With sections that others own: one unit's share of a package. */
void dwarf_file_open_slices(const struct dwarf_bytes sections[DWARF_SECTIONS],
			    struct dwarf_file *ret_file);
/* Finds the headers of all units; cheap. */
void dwarf_file_find_units(struct dwarf_file *file);
void dwarf_file_close(struct dwarf_file *file); /* takes a zeroed one */

/* The unit that holds an offset of DWARF_INFO, or NULL. */
struct dwarf_unit *dwarf_file_unit_at(struct dwarf_file *file, uint64_t off);

/*
 * Of what many units and DIEs may share, line programs and lists of ranges, `bytes` were read. In a
 * hostile file all of them share what is largest: nothing is read any more when `work_left` is 0.
 */
void dwarf_file_spend(struct dwarf_file *file, uint64_t bytes);

/* Reads the abbreviations; false: there are none. */
bool dwarf_unit_read_abbrevs(struct dwarf_unit *unit);
/* Reads the first DIE; false: there is none, or of a kind that is not known. */
bool dwarf_unit_open(struct dwarf_unit *unit);

/* A cursor on the unit's DIEs from `off`, an offset of DWARF_INFO; `bad` if outside the unit. */
struct cursor dwarf_unit_cursor(const struct dwarf_unit *unit, uint64_t off);
static inline uint64_t dwarf_unit_off(const struct dwarf_unit *unit, const struct cursor *c)
{
	return (uint64_t)(c->at - unit->file->sections[DWARF_INFO].at);
}

/* NULL: no such code; 0 is none. */
const struct dwarf_abbrev *dwarf_abbrev_find(const struct dwarf_abbrevs *abbrevs, uint64_t code);

/* A cursor on a section from `off`; `bad` if outside. */
struct cursor dwarf_section_cursor(const struct dwarf_file *file, enum dwarf_section section,
				   uint64_t off);

#endif
