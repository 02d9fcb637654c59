// SPDX-License-Identifier: MIT
#include "code.h"

#include <assert.h>
#include <stdlib.h>

#include <bpf/bpf_helpers.h>

#include "programs.h"
#include "report.h"
#include "stack.bpf.h"

enum {
	FUNCTIONS = 256,
	RULES = FUNCTIONS + 1,
	FIRST_PAGE = 3,	  /* index entry of the mapping's start: the file has pages before */
	FIRST_ROW = 5,	  /* of each element: rows of others, one of which holds everywhere */
	INDEX_ELEMENTS = 1,
	ELEMENTS = INDEX_ELEMENTS + FIRST_PAGE + CODE_PAGES,
	FILLERS = 20,	  /* mappings without code of ours on either side */
	SPACE_MAPS = 2 * FILLERS + CODE_IMAGES,
};

static struct function {
	__u64 address;
	__u32 image, rule_id;
	struct scope_unwind_rule rule;
} functions[FUNCTIONS];
static __u32 function_count, next_map = 7;
static enum code_state states[CODE_IMAGES + 1];
static struct map *tables[CODE_IMAGES + 1];
static __u32 reused_map; /* answers lie here and behind it in turn; 0: each lies elsewhere */
static bool unanswered;

/* --- what is true --------------------------------------------------------------------------------- */

static struct function *function_at(__u64 address)
{
	for (__u32 i = 0; i < function_count; i++)
		if (address - (functions[i].address - CODE_REACH) < 2 * CODE_REACH)
			return &functions[i];
	return NULL;
}

const struct scope_unwind_rule *code_rule_at(__u64 address)
{
	const struct function *f = function_at(address);

	return f && f->rule.cfa != SCOPE_CFA_NONE ? &f->rule : NULL;
}

bool code_is_mapped(__u64 address)
{
	if (!function_count)
		return true;
	for (__u32 image = 1; image <= CODE_IMAGES; image++)
		if (address - CODE_BASE(image) < CODE_BYTES)
			return true;
	return false;
}

/* --- tables --------------------------------------------------------------------------------------- */

static void *element_of(__u32 image, __u32 element)
{
	if (!tables[image])
		tables[image] = map_new_array(SCOPE_UNWIND_ELEMENT, ELEMENTS);
	map_put_inner(&unwind_images, image, tables[image]);
	return map_element(tables[image], element, 0);
}

static struct scope_unwind_page *page_of(__u64 address, __u32 image)
{
	struct scope_unwind_page *pages = element_of(image, 0);

	return &pages[FIRST_PAGE + (address - CODE_BASE(image)) / SCOPE_UNWIND_PAGE];
}

static int compare_rows(const void *a, const void *b)
{
	__u32 first = *(const __u32 *)a, second = *(const __u32 *)b;

	return (first > second) - (first < second);
}

static void write_page(__u32 image, __u64 start)
{
	struct scope_unwind_page *page = page_of(start, image);
	__u32 element = INDEX_ELEMENTS + (__u32)(page - (struct scope_unwind_page *)element_of(image, 0));
	__u32 *rows = element_of(image, element), count = 0;

	for (__u32 i = 0; i < FIRST_ROW; i++) /* a rule of its own, that fits nothing */
		rows[i] = SCOPE_UNWIND_ROW(0, RULES - 1);
	rows += FIRST_ROW;
	rows[count++] = SCOPE_UNWIND_ROW(0, 0);
	for (__u32 i = 0; i < function_count; i++) {
		const struct function *f = &functions[i];
		__u64 from = f->address - CODE_REACH - start;

		if (f->image != image || f->address < start || f->address - start >= SCOPE_UNWIND_PAGE)
			continue;
		rows[count++] = SCOPE_UNWIND_ROW(from, f->rule_id);
		if (!function_at(f->address + CODE_REACH) && from + 2 * CODE_REACH < SCOPE_UNWIND_PAGE)
			rows[count++] = SCOPE_UNWIND_ROW(from + 2 * CODE_REACH, 0);
	}
	qsort(rows, count, sizeof(*rows), compare_rows);
	*page = (struct scope_unwind_page){ .element = element, .first = FIRST_ROW, .count = (__u16)count };
}

void code_add(__u64 address, __u32 image, const struct scope_unwind_rule *rule)
{
	struct scope_unwind_rule *rules = map_element(&unwind_rules, 0, 0);
	struct function *f = function_at(address);

	/* the first and the last of a page's functions would not be whole in it */
	assert(image && image <= CODE_IMAGES && (address - CODE_REACH) / SCOPE_UNWIND_PAGE ==
						(address + CODE_REACH - 1) / SCOPE_UNWIND_PAGE);
	if (!f) {
		assert(function_count < FUNCTIONS);
		f = &functions[function_count++];
	}
	*f = (struct function){ address, image, (__u32)(f - functions) + 1, *rule };
	rules[f->rule_id] = *rule;
	rules[RULES - 1] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8 };
	write_page(image, address & ~(SCOPE_UNWIND_PAGE - 1ull));
}

void code_damage(__u64 address, enum code_damage what, __u32 value)
{
	struct function *f = function_at(address);
	struct scope_unwind_page *page;
	__u32 *rows;

	if (!f)
		give_up("nothing is known of that function");
	page = page_of(address, f->image);
	switch (what) {
	case DAMAGE_ELEMENT:
		page->element = value;
		break;
	case DAMAGE_FIRST:
		page->first = (__u16)value;
		break;
	case DAMAGE_COUNT:
		page->count = (__u16)value;
		break;
	case DAMAGE_RULE:
		rows = element_of(f->image, page->element);
		for (__u32 i = 0; rows && i < SCOPE_UNWIND_ROWS; i++)
			if ((rows[i] & 0xffff) == f->rule_id)
				rows[i] = SCOPE_UNWIND_ROW(rows[i] >> 16, value);
		break;
	}
	f->rule.cfa = SCOPE_CFA_NONE; /* for the oracle: there is no rule that could be found */
}

void code_forget_all(void)
{
	for (__u32 image = 1; image <= CODE_IMAGES; image++)
		for (__u32 page = 0; page < CODE_PAGES; page++)
			*page_of(CODE_BASE(image) + page * SCOPE_UNWIND_PAGE, image) =
				(struct scope_unwind_page){ 0 };
	function_count = 0;
}

/* --- address spaces --------------------------------------------------------------------------------- */

static void put(__u64 start, __u64 end, __u32 image, __u32 page)
{
	struct scope_unwind_map *maps = map_element(&unwind_maps, 0, 0);

	maps[next_map++] = (struct scope_unwind_map){ start, end, image, page };
}

static void put_code(__u32 image)
{
	__u32 known = !tables[image] ? 0 : states[image] == CODE_PENDING ? SCOPE_UNWIND_PENDING : image;

	if (states[image] != CODE_UNMAPPED)
		put(CODE_BASE(image), CODE_BASE(image) + CODE_BYTES, known, FIRST_PAGE);
}

/* Each answer lies elsewhere; its neighbours are mappings of others, of anything. */
void code_bind(__u64 owner)
{
	struct scope_unwind_space space = { .bound = 1 }, *old;

	old = bpf_map_lookup_elem(&unwind_spaces, &owner);
	for (__u32 i = 0; old && i < old->count; i++) /* another's since */
		*((struct scope_unwind_map *)map_element(&unwind_maps, 0, 0) + old->first + i) =
			(struct scope_unwind_map){ 0, ~0ull, SCOPE_UNWIND_PENDING, 0 };
	if (next_map + SPACE_MAPS + 2 > SCOPE_UNWIND_MAPS)
		next_map = 0;
	if (reused_map)
		next_map = next_map > reused_map ? reused_map : reused_map + SPACE_MAPS + 2;
	put(0, ~0ull, SCOPE_UNWIND_PENDING, 0);
	space.first = next_map;
	if (!function_count)
		put(0, ~0ull, 0, 0);
	for (__u32 i = 0; function_count && i < FILLERS; i++)
		put(0x10000 + i * 0x2000, 0x11000 + i * 0x2000, 0, 0);
	for (__u32 image = 1; function_count && image <= CODE_IMAGES; image++)
		put_code(image);
	for (__u64 i = 0; function_count && i < FILLERS; i++)
		put(0x7000000 + i * 0x1000, 0x7001000 + i * 0x1000, 0, 0);
	space.count = next_map - space.first;
	put(0, ~0ull, SCOPE_UNWIND_PENDING, 0);
	bpf_map_update_elem(&unwind_spaces, &owner, &space, BPF_ANY);
	lifecycle__forget(&(struct bpf_raw_tracepoint_args){ { owner } });
}

static void bind_again(void *context, const void *key, const void *value)
{
	__u64 *owners = context;

	(void)value;
	owners[++owners[0]] = *(const __u64 *)key;
}

void code_bind_all(void)
{
	static __u64 owners[4096];

	owners[0] = 0;
	map_each(map_at(&unwind_spaces), bind_again, owners);
	for (__u64 i = 1; i <= owners[0]; i++)
		code_bind(owners[i]);
}

void code_set_state(__u32 image, enum code_state state)
{
	if (!image || image > CODE_IMAGES)
		give_up("there is no image %u", image);
	states[image] = state;
	if (!unanswered)
		code_bind_all();
}

void code_reuse_places(void)
{
	reused_map = next_map;
}

void code_set_binding(bool automatic)
{
	unanswered = !automatic;
}

void code_prepare(const struct ktask *t)
{
	const struct scope_unwind_space *space;
	__u64 owner;

	if (unanswered || !t->task.mm)
		return;
	owner = owner_id((__u32)t->task.tgid, t->task.group_leader->start_time, t->task.self_exec_id);
	space = bpf_map_lookup_elem(&unwind_spaces, &owner);
	if (!space || !space->bound)
		code_bind(owner);
}
