// SPDX-License-Identifier: MIT
#include "cfi_run.h"

#include <string.h>

#include "cfi_arch.h"
#include "cfi_dwarf.h"
#include "mem.h"

#define REMEMBER_MAX 64	 /* compilers need one, nested by hand two */
#define CACHE_SLOTS  512 /* a power of two */

struct cached_rule {
	struct scope_unwind_rule rule;
	uint16_t id; /* 0: free */
};

struct cfi_machine {
	const struct cfi_section *section;
	struct unwind_rules *rules;
	struct cached_rule cache[CACHE_SLOTS];

	/* The function that runs. */
	const struct cfi_common *common;
	const struct cfi_range *range;
	struct cfi_rows *rows; /* NULL: initial instructions */
	struct cfi_state state;
	bool changed; /* `state`, since `row` was made of it */
	struct cfi_row row;
	uint32_t at;

	size_t remembered_count;
	struct cfi_state remembered[REMEMBER_MAX];
};

struct cfi_machine *cfi_machine_new(const struct cfi_section *section, struct unwind_rules *rules)
{
	struct cfi_machine *m = mem_alloc(sizeof(*m));

	m->section = section;
	m->rules = rules;
	return m;
}

void cfi_machine_free(struct cfi_machine **machine)
{
	free(*machine);
	*machine = NULL;
}

uint64_t cfi_read_pointer(struct cursor *c, const struct cfi_section *section, uint8_t encoding)
{
	uint64_t base = 0, value;

	switch (encoding & (DW_EH_PE_base | DW_EH_PE_indirect)) {
	case 0:
		break;
	case DW_EH_PE_pcrel:
		base = section->vaddr + (uint64_t)(c->at - section->bytes);
		break;
	default:
		cursor_fail(c);
		return 0;
	}
	switch (encoding & DW_EH_PE_format) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		value = cursor_uint64(c);
		break;
	case DW_EH_PE_udata4:
		value = cursor_uint32(c);
		break;
	case DW_EH_PE_sdata4:
		value = (uint64_t)cursor_int32(c);
		break;
	case DW_EH_PE_udata2:
		value = cursor_uint16(c);
		break;
	case DW_EH_PE_sdata2:
		value = (uint64_t)cursor_int16(c);
		break;
	case DW_EH_PE_uleb128:
		value = cursor_uleb(c);
		break;
	case DW_EH_PE_sleb128:
		value = (uint64_t)cursor_sleb(c);
		break;
	default:
		cursor_fail(c);
		return 0;
	}
	return base + value;
}

/* Most rows have one of a few rules. */
static uint16_t find_rule(struct cfi_machine *m, const struct scope_unwind_rule *rule)
{
	struct cached_rule *cached;
	uint64_t words[2], hash;

	memcpy(words, rule, sizeof(words));
	hash = (words[0] * 0x9e3779b97f4a7c15u) ^ (words[1] * 0xc2b2ae3d27d4eb4fu);
	cached = &m->cache[(hash >> 40) & (CACHE_SLOTS - 1)];
	if (cached->id && memcmp(&cached->rule, rule, sizeof(*rule)) == 0)
		return cached->id;
	cached->rule = *rule;
	cached->id = unwind_rules_add(m->rules, rule);
	return cached->id;
}

static void make_row(struct cfi_machine *m)
{
	struct scope_unwind_rule rule;
	enum cfi_why why = cfi_rule_make(&m->state, m->common->signal, &rule);

	m->row = (struct cfi_row){ .why = (uint8_t)why };
	if (!why) {
		m->row.rule = find_rule(m, &rule);
		if (!m->row.rule)
			m->row.why = CFI_WHY_RULES_FULL;
	}
	m->changed = false;
}

/* What the state is holds from `at` up to `to`. */
static void advance_to(struct cfi_machine *m, uint32_t to)
{
	if (to == m->at)
		return;
	if (m->changed)
		make_row(m);
	m->row.off = m->at;
	cfi_rows_add(m->rows, m->row);
	m->at = to;
}

/* False: at the end of the function, or what follows makes no sense. */
static bool advance(struct cfi_machine *m, uint64_t delta)
{
	uint64_t bytes;

	if (!m->rows)
		return delta == 0;
	if (__builtin_mul_overflow(delta, m->common->code_align, &bytes) ||
	    bytes >= m->range->end - m->at) {
		advance_to(m, m->range->end);
		return false;
	}
	advance_to(m, m->at + (uint32_t)bytes);
	return true;
}

static bool set_location(struct cfi_machine *m, struct cursor *c)
{
	uint64_t vaddr = cfi_read_pointer(c, m->section, m->common->encoding), to;

	if (c->bad || !m->rows || vaddr < m->range->vaddr)
		return false;
	to = vaddr - m->range->vaddr;
	if (to < m->at - m->range->start || to > m->range->end - m->range->start)
		return false;
	advance_to(m, m->range->start + (uint32_t)to);
	return m->at < m->range->end;
}

/* The place of a register in a state, or NULL if it does not count. */
static struct cfi_place *place_of(struct cfi_state *state, uint64_t reg)
{
	switch (reg) {
	case CFI_ARCH_REG_SP:
		return &state->sp;
	case CFI_ARCH_REG_BP:
		return &state->bp;
	case CFI_ARCH_REG_BX:
		return &state->bx;
	case CFI_ARCH_REG_RA:
		return &state->ra;
	default:
		return NULL;
	}
}

static void set_place(struct cfi_machine *m, uint64_t reg, struct cfi_place value)
{
	struct cfi_place *place = place_of(&m->state, reg);

	if (place) {
		*place = value;
		m->changed = true;
	}
}

static int64_t factored(const struct cfi_machine *m, uint64_t off)
{
	return (int64_t)(off * (uint64_t)m->common->data_align);
}

static struct cfi_place with_offset(enum cfi_how how, int64_t off)
{
	return (struct cfi_place){ .how = how, .off = off };
}

static struct cfi_place read_expression(struct cursor *c, enum cfi_how how)
{
	struct cfi_place place = { .how = how };

	place.expression_size = cursor_uleb(c);
	place.expression = c->at;
	cursor_skip(c, place.expression_size);
	return place;
}

static void restore(struct cfi_machine *m, uint64_t reg)
{
	struct cfi_place *place = place_of(&m->state, reg);
	struct cfi_state initial;

	if (!place)
		return;
	initial = m->common->initial; /* empty as long as the initial instructions run */
	*place = *place_of(&initial, reg);
	m->changed = true;
}

static bool remember(struct cfi_machine *m)
{
	if (m->remembered_count == REMEMBER_MAX)
		return false;
	m->remembered[m->remembered_count++] = m->state;
	return true;
}

static bool recall(struct cfi_machine *m)
{
	if (!m->remembered_count)
		return false;
	m->state = m->remembered[--m->remembered_count];
	m->changed = true;
	return true;
}

static void define_cfa(struct cfi_machine *m, uint64_t reg, int64_t off)
{
	m->state.cfa = (struct cfi_place){ .how = CFI_IN_REGISTER, .reg = reg, .off = off };
	m->changed = true;
}

/* Changes half of a CFA that is a register and an offset; any other becomes invalid. */
static void change_cfa(struct cfi_machine *m, const uint64_t *reg, int64_t off)
{
	struct cfi_place *cfa = &m->state.cfa;

	m->changed = true;
	if (cfa->how != CFI_IN_REGISTER)
		cfa->how = CFI_INVALID;
	else if (reg)
		cfa->reg = *reg;
	else
		cfa->off = off;
}

static bool run_cfa(struct cfi_machine *m, uint8_t op, struct cursor *c)
{
	uint64_t reg;

	switch (op) {
	case DW_CFA_def_cfa:
		reg = cursor_uleb(c);
		define_cfa(m, reg, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_def_cfa_sf:
		reg = cursor_uleb(c);
		define_cfa(m, reg, factored(m, (uint64_t)cursor_sleb(c)));
		return true;
	case DW_CFA_def_cfa_register:
		reg = cursor_uleb(c);
		change_cfa(m, &reg, 0);
		return true;
	case DW_CFA_def_cfa_offset:
		change_cfa(m, NULL, (int64_t)cursor_uleb(c));
		return true;
	case DW_CFA_def_cfa_offset_sf:
		change_cfa(m, NULL, factored(m, (uint64_t)cursor_sleb(c)));
		return true;
	case DW_CFA_def_cfa_expression:
		m->state.cfa = read_expression(c, CFI_IS_EXPRESSION);
		m->changed = true;
		return true;
	default:
		return false;
	}
}

static bool run_register(struct cfi_machine *m, uint8_t op, struct cursor *c)
{
	uint64_t reg = cursor_uleb(c);
	struct cfi_place place = { 0 };

	switch (op) {
	case DW_CFA_restore_extended:
		restore(m, reg);
		return true;
	case DW_CFA_undefined:
		place.how = CFI_UNDEFINED;
		break;
	case DW_CFA_same_value:
		place.how = CFI_SAME;
		break;
	case DW_CFA_register:
		place.how = CFI_IN_REGISTER;
		place.reg = cursor_uleb(c);
		break;
	case DW_CFA_offset_extended:
		place = with_offset(CFI_AT_CFA, factored(m, cursor_uleb(c)));
		break;
	case DW_CFA_offset_extended_sf:
		place = with_offset(CFI_AT_CFA, factored(m, (uint64_t)cursor_sleb(c)));
		break;
	case DW_CFA_GNU_negative_offset_extended:
		place = with_offset(CFI_AT_CFA, factored(m, -cursor_uleb(c)));
		break;
	case DW_CFA_val_offset:
		place = with_offset(CFI_CFA_PLUS, factored(m, cursor_uleb(c)));
		break;
	case DW_CFA_val_offset_sf:
		place = with_offset(CFI_CFA_PLUS, factored(m, (uint64_t)cursor_sleb(c)));
		break;
	case DW_CFA_expression:
		place = read_expression(c, CFI_AT_EXPRESSION);
		break;
	case DW_CFA_val_expression:
		place = read_expression(c, CFI_IS_EXPRESSION);
		break;
	default:
		return false;
	}
	set_place(m, reg, place);
	return true;
}

/* False: it is the last, or makes no sense; `at` tells. */
static bool run_one(struct cfi_machine *m, struct cursor *c)
{
	uint8_t op = cursor_uint8(c), low = op & 0x3f;

	switch (op & 0xc0) {
	case DW_CFA_advance_loc:
		return advance(m, low);
	case DW_CFA_offset:
		set_place(m, low, with_offset(CFI_AT_CFA, factored(m, cursor_uleb(c))));
		return true;
	case DW_CFA_restore:
		restore(m, low);
		return true;
	}
	switch (op) {
	case DW_CFA_nop:
		return true;
	case DW_CFA_set_loc:
		return set_location(m, c);
	case DW_CFA_advance_loc1:
		return advance(m, cursor_uint8(c));
	case DW_CFA_advance_loc2:
		return advance(m, cursor_uint16(c));
	case DW_CFA_advance_loc4:
		return advance(m, cursor_uint32(c));
	case DW_CFA_MIPS_advance_loc8:
		return advance(m, cursor_uint64(c));
	case DW_CFA_remember_state:
		return remember(m);
	case DW_CFA_restore_state:
		return recall(m);
	case DW_CFA_GNU_args_size:
		cursor_uleb(c);
		return true;
	default:
		return (op >= DW_CFA_def_cfa && op <= DW_CFA_def_cfa_expression) ||
				       op == DW_CFA_def_cfa_sf || op == DW_CFA_def_cfa_offset_sf
			       ? run_cfa(m, op, c)
			       : run_register(m, op, c);
	}
}

/* False: an instruction that makes no sense. Those before it have done their work. */
static bool run_all(struct cfi_machine *m, struct cursor c)
{
	while (cursor_left(&c)) {
		if (run_one(m, &c) && !c.bad)
			continue;
		return m->rows && m->at == m->range->end;
	}
	return true;
}

bool cfi_machine_begin(struct cfi_machine *m, struct cfi_common *common, struct cursor instructions)
{
	m->common = common;
	m->rows = NULL;
	m->remembered_count = 0;
	memset(&common->initial, 0, sizeof(common->initial));
	memset(&m->state, 0, sizeof(m->state));
	if (!run_all(m, instructions))
		return false;
	common->initial = m->state;
	return true;
}

void cfi_machine_run(struct cfi_machine *m, const struct cfi_common *common,
		     const struct cfi_range *range, struct cursor instructions,
		     struct cfi_rows *rows)
{
	m->common = common;
	m->range = range;
	m->rows = rows;
	m->remembered_count = 0;
	m->state = common->initial;
	m->changed = true;
	m->at = range->start;
	if (run_all(m, instructions)) {
		advance_to(m, range->end);
	} else {
		m->row = (struct cfi_row){ .off = m->at, .why = CFI_WHY_MALFORMED };
		cfi_rows_add(rows, m->row);
	}
	cfi_rows_add(rows, (struct cfi_row){ .off = range->end, .gap = 1 });
}
