/* SPDX-License-Identifier: MIT */
/*
 * dwarf_scopes.h - the functions of a unit and the calls inlined into them, by address.
 */
#ifndef DWARF_SCOPES_H
#define DWARF_SCOPES_H

#include "dwarf_file.h"
#include "dwarf_ranges.h"

/* A function, or a call inlined into one. */
struct dwarf_scope {
	uint64_t off;	    /* of its DIE */
	uint32_t parent;    /* that it was inlined into; DWARF_NOTHING: a function */
	uint32_t call_file; /* of an inlined call: where from */
	uint32_t call_line;
	bool is_named, is_plain; /* name was looked for */
	const char *name;	 /* in a section, as it is there, mangled; NULL: none */
	size_t name_length;
};

struct dwarf_scopes {
	ARRAY(struct dwarf_scope) items;
	struct dwarf_spans spans; /* ids are indices */
	size_t range_count;
};

/* Walks the whole tree of `unit` (opened). What a broken tree had before the break is kept. */
void dwarf_scopes_read(struct dwarf_unit *unit, struct dwarf_scopes *ret_scopes);
void dwarf_scopes_free(struct dwarf_scopes *scopes); /* takes a zeroed one */

/* Whether it is of a language whose functions have types, and so mangled names: not C. */
bool dwarf_unit_mangles(const struct dwarf_unit *unit);

/* Looks for the name, once; through what it is an instance of, and what that declares. */
void dwarf_scope_find_name(struct dwarf_unit *unit, struct dwarf_scope *scope);

#endif
