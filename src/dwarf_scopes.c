// SPDX-License-Identifier: MIT
#include "dwarf_scopes.h"

#include "dwarf_numbers.h"
#include "dwarf_value.h"

/* Deeper trees are nobody's. */
#define DEPTH_MAX 1024
/* From an instance to its origin, to that's declaration: three in what compilers write. */
#define ORIGINS_MAX 16

/* What a DIE that may be a scope says of itself. */
struct scope_die {
	struct dwarf_value low, high, ranges;
	uint32_t call_file, call_line;
	uint64_t sibling; /* 0: not said */
};

struct walk {
	struct dwarf_unit *unit;
	struct dwarf_scopes *scopes;
	struct dwarf_ranges ranges;
	size_t ranges_max;
	bool types_have_functions;
	/* by depth: the scope that DIEs there are in */
	uint32_t scope_at[DEPTH_MAX];
	uint32_t depth;
};

static bool is_scope(uint16_t tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
}

/* Whether functions, or calls inlined into them, may stand in it. */
static bool may_hold_scopes(const struct walk *w, uint16_t tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_compile_unit:
	case DW_TAG_skeleton_unit:
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
		return w->types_have_functions;
	default:
		return false;
	}
}

bool dwarf_unit_mangles(const struct dwarf_unit *unit)
{
	uint16_t language =
		unit->skeleton && !unit->language ? unit->skeleton->language : unit->language;

	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C17:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

static void read_scope_die(struct cursor *c, const struct dwarf_unit *unit,
			   const struct dwarf_abbrev *abbrev, struct scope_die *die)
{
	for (uint32_t i = 0; i < abbrev->spec_count; i++) {
		const struct dwarf_spec *spec = &unit->abbrevs->specs.items[abbrev->first_spec + i];
		struct dwarf_value value;

		switch (spec->attribute) {
		case DW_AT_low_pc:
			die->low = dwarf_value_read(c, unit, spec);
			break;
		case DW_AT_high_pc:
			die->high = dwarf_value_read(c, unit, spec);
			break;
		case DW_AT_ranges:
			die->ranges = dwarf_value_read(c, unit, spec);
			break;
		case DW_AT_call_file:
			die->call_file = (uint32_t)dwarf_value_read(c, unit, spec).number;
			break;
		case DW_AT_call_line:
			die->call_line = (uint32_t)dwarf_value_read(c, unit, spec).number;
			break;
		case DW_AT_sibling:
			value = dwarf_value_read(c, unit, spec);
			die->sibling = value.kind == DWARF_REFERENCE ? value.number : 0;
			break;
		default:
			if (spec->size >= 0)
				cursor_skip(c, (uint64_t)spec->size);
			else
				dwarf_form_skip(c, unit, spec->form);
			break;
		}
	}
}

/* Returns how many ranges of it were found. */
static size_t add_ranges(struct walk *w, const struct scope_die *die, uint32_t id)
{
	size_t before = w->ranges.count;
	uint64_t low, high;

	if (die->ranges.kind != DWARF_NONE) {
		dwarf_ranges_add_list(&w->ranges, w->unit, &die->ranges, id, w->depth,
				      w->ranges_max);
	} else if (dwarf_value_bounds(w->unit, &die->low, &die->high, &low, &high)) {
		dwarf_ranges_add(&w->ranges, low, high, id, w->depth, w->ranges_max);
	}
	return w->ranges.count - before;
}

/* The scope that the DIE's children are in. */
static uint32_t take_scope(struct walk *w, const struct dwarf_abbrev *abbrev, uint64_t off,
			   const struct scope_die *die)
{
	uint32_t outer = w->scope_at[w->depth], id = (uint32_t)w->scopes->items.count;
	bool is_inlined = abbrev->tag == DW_TAG_inlined_subroutine;

	if (!add_ranges(w, die, id))
		return outer;
	*array_push(&w->scopes->items) = (struct dwarf_scope){
		.off = off,
		.parent = is_inlined ? outer : DWARF_NOTHING,
		.call_file = die->call_file,
		.call_line = die->call_line,
	};
	return id;
}

/* Past the children of a DIE that holds none, if it says where they end; into them if not. */
static void enter_children(struct walk *w, struct cursor *c, bool may_hold, uint64_t sibling,
			   uint32_t scope)
{
	if (!may_hold && sibling > dwarf_unit_off(w->unit, c) && sibling < w->unit->end) {
		c->at = w->unit->file->sections[DWARF_INFO].at + sibling;
		return;
	}
	if (w->depth + 1 == DEPTH_MAX) {
		cursor_fail(c);
		return;
	}
	w->scope_at[++w->depth] = scope;
}

/* One DIE, or the end of a list of them. */
static void step(struct walk *w, struct cursor *c)
{
	uint64_t off = dwarf_unit_off(w->unit, c), code = cursor_uleb(c);
	const struct dwarf_abbrev *abbrev;
	struct scope_die die = { 0 };
	uint32_t scope = w->scope_at[w->depth];
	bool may_hold;

	if (!code) {
		if (w->depth)
			w->depth--;
		return;
	}
	abbrev = dwarf_abbrev_find(w->unit->abbrevs, code);
	if (!abbrev) {
		cursor_fail(c);
		return;
	}
	may_hold = may_hold_scopes(w, abbrev->tag);
	if (is_scope(abbrev->tag)) {
		read_scope_die(c, w->unit, abbrev, &die);
		scope = take_scope(w, abbrev, off, &die);
		/* a function without code: what was inlined into others, or is elsewhere */
		if (scope == w->scope_at[w->depth])
			may_hold = w->types_have_functions;
	} else if (abbrev->has_children && !may_hold) {
		read_scope_die(c, w->unit, abbrev, &die);
	} else {
		dwarf_skip_attributes(c, w->unit, abbrev);
	}
	if (abbrev->has_children)
		enter_children(w, c, may_hold, die.sibling, scope);
}

void dwarf_scopes_read(struct dwarf_unit *unit, struct dwarf_scopes *ret_scopes)
{
	struct cursor c = dwarf_unit_cursor(unit, unit->die_off);
	struct walk *w = mem_alloc(sizeof(*w));

	*ret_scopes = (struct dwarf_scopes){ 0 };
	w->unit = unit;
	w->scopes = ret_scopes;
	w->ranges_max = (size_t)(unit->end - unit->off) + 65536;
	w->types_have_functions = dwarf_unit_mangles(unit);
	w->scope_at[0] = DWARF_NOTHING;
	while (!c.bad && cursor_left(&c))
		step(w, &c);
	ret_scopes->range_count = w->ranges.count;
	dwarf_spans_make(&ret_scopes->spans, &w->ranges);
	array_free(&w->ranges);
	free(w);
}

void dwarf_scopes_free(struct dwarf_scopes *scopes)
{
	array_free(&scopes->items);
	array_free(&scopes->spans);
}

/* --- names
 * ------------------------------------------------------------------------------------------------
 */

/* The name in a DIE itself. Sets where to look on: *unit NULL if nowhere. */
static const char *name_in_die(struct dwarf_unit **unit, uint64_t *off, const char **ret_plain)
{
	struct dwarf_unit *in = *unit;
	struct dwarf_value origin = { 0 };
	const struct dwarf_abbrev *abbrev;
	struct cursor c;

	*unit = NULL;
	if (!dwarf_unit_open(in))
		return NULL;
	c = dwarf_unit_cursor(in, *off);
	abbrev = dwarf_abbrev_find(in->abbrevs, cursor_uleb(&c));
	if (c.bad || !abbrev)
		return NULL;
	for (uint32_t i = 0; i < abbrev->spec_count; i++) {
		const struct dwarf_spec *spec = &in->abbrevs->specs.items[abbrev->first_spec + i];
		struct dwarf_value value = dwarf_value_read(&c, in, spec);
		const char *name;

		switch (spec->attribute) {
		case DW_AT_linkage_name:
		case DW_AT_MIPS_linkage_name:
			name = dwarf_value_string(in, &value);
			if (name && *name)
				return name;
			break;
		case DW_AT_name:
			if (!*ret_plain)
				*ret_plain = dwarf_value_string(in, &value);
			break;
		case DW_AT_specification:
		case DW_AT_abstract_origin:
			origin = value;
			break;
		default:
			break;
		}
	}
	if (!c.bad)
		*unit = dwarf_value_reference(in, &origin, off);
	return NULL;
}

void dwarf_scope_find_name(struct dwarf_unit *unit, struct dwarf_scope *scope)
{
	const char *plain = NULL, *mangled = NULL;
	uint64_t off = scope->off;

	if (scope->is_named)
		return;
	scope->is_named = true;
	for (int i = 0; unit && !mangled && i < ORIGINS_MAX; i++)
		mangled = name_in_die(&unit, &off, &plain);
	scope->is_plain = !mangled;
	scope->name = mangled ? mangled : plain && *plain ? plain : NULL;
	scope->name_length = scope->name ? strlen(scope->name) : 0;
}
