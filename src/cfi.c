// SPDX-License-Identifier: MIT
/*
 * Entries are read in the order of the section, which is that of their length fields; the functions
 * that they describe are then sorted, and run one after the other. A common entry is read once,
 * when a function first names it.
 */
#include "cfi.h"

#include <errno.h>
#include <string.h>

#include "cfi_arch.h"
#include "cfi_dwarf.h"
#include "cfi_run.h"
#include "cursor.h"
#include "table.h"

#define LENGTH_64 0xffffffffu

/* A function's entry. Instructions are bytes of the section. */
struct function {
	struct cfi_range range;
	uint32_t common;
	uint32_t instructions, instructions_end;
};

struct reader {
	const struct cfi_section *section;
	const struct cfi_code *code;
	struct cfi_machine *machine;
	struct table common_ids; /* keys: uint64_t, the offset in the section */
	ARRAY(struct cfi_common) commons;
	uint64_t common_bytes; /* of all of them */
	ARRAY(struct function) functions;
	bool sorted;
	const struct image_segment *segment; /* where the last function was */
};

/* An entry after its length and id. */
struct entry {
	struct cursor body;
	bool is_end; /* it has no length, nor anything else */
	bool is_common;
	uint64_t common_off; /* of the entry that this one names */
};

static struct cursor cursor_at(const struct cfi_section *section, uint64_t off)
{
	return (struct cursor){ section->bytes + off, section->bytes + section->size, false };
}

static void read_id(const struct cfi_section *section, struct entry *entry, bool wide)
{
	uint64_t at = (uint64_t)(entry->body.at - section->bytes), id;

	/* The Linux Standard Base leaves the id in .eh_frame at four bytes, always. */
	if (section->debug && wide) {
		id = cursor_uint64(&entry->body);
		entry->is_common = id == UINT64_MAX;
	} else {
		id = cursor_uint32(&entry->body);
		entry->is_common = id == (section->debug ? UINT32_MAX : 0);
	}
	/* In .eh_frame it counts back from itself; wraps to what lies beyond the section. */
	entry->common_off = section->debug ? id : at - id;
}

/* The entry at the cursor, which goes on to the next. False: it makes no sense. */
static bool read_entry(const struct cfi_section *section, struct cursor *c, struct entry *ret_entry)
{
	uint64_t length = cursor_uint32(c);
	bool wide = length == LENGTH_64;

	if (wide)
		length = cursor_uint64(c);
	if (c->bad || length > cursor_left(c))
		return false;
	*ret_entry = (struct entry){ .body = { c->at, c->at + length, false }, .is_end = !length };
	c->at += length;
	if (length)
		read_id(section, ret_entry, wide);
	return !ret_entry->body.bad;
}

/* A pointer that is of no use here, such as that to the personality routine. */
static void skip_pointer(struct cursor *c, const struct cfi_section *section, uint8_t encoding)
{
	if (encoding != DW_EH_PE_omit)
		cfi_read_pointer(c, section, encoding & DW_EH_PE_format);
}

/* The augmentation data of a common entry, as the letters after 'z' say. */
static bool read_augmentation(const struct cfi_section *section, const char *letters,
			      struct cursor *c, struct cfi_common *common)
{
	uint64_t bytes = cursor_uleb(c);
	struct cursor data = *c;

	cursor_skip(c, bytes);
	if (c->bad)
		return false;
	data.end = c->at;
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			common->encoding = cursor_uint8(&data);
			break;
		case 'P':
			skip_pointer(&data, section, cursor_uint8(&data));
			break;
		case 'L':
			cursor_skip(&data, 1);
			break;
		case 'S':
			common->signal = true;
			break;
		case 'B': /* arm64: keys of pointer authentication, tagged memory */
		case 'G':
			break;
		default:
			return false;
		}
	}
	return !data.bad;
}

static bool read_common_head(const struct cfi_section *section, struct cursor *c,
			     struct cfi_common *common)
{
	uint8_t version = cursor_uint8(c);
	const char *letters = (const char *)c->at;
	size_t length = strnlen(letters, cursor_left(c));
	uint64_t return_column;

	if (version != 1 && version != 3 && version != 4)
		return false;
	cursor_skip(c, length + 1);
	if (version == 4) {
		uint8_t address_bytes = cursor_uint8(c), segment_bytes = cursor_uint8(c);

		if (address_bytes != sizeof(uint64_t) || segment_bytes)
			return false;
	}
	if (c->bad)
		return false;
	if (strncmp(letters, "eh", 2) == 0) { /* gcc before 3.0 */
		cursor_skip(c, sizeof(uint64_t));
		letters += 2;
	}
	common->code_align = cursor_uleb(c);
	common->data_align = cursor_sleb(c);
	return_column = version == 1 ? cursor_uint8(c) : cursor_uleb(c);
	if (return_column != CFI_ARCH_REG_RA)
		return false;
	if (*letters == 'z') {
		common->augmented = true;
		return read_augmentation(section, letters + 1, c, common);
	}
	return !*letters && !c->bad;
}

/* The common entry at `off`, read if it is new. The result holds until the next call. */
static const struct cfi_common *find_common(struct reader *r, uint64_t off, uint32_t *ret_id)
{
	struct cfi_common *common;
	struct entry entry;
	struct cursor c;
	bool new;

	if (off >= r->section->size)
		return NULL;
	*ret_id = table_add(&r->common_ids, &off, &new);
	if (!new)
		return &r->commons.items[*ret_id];
	common = array_push(&r->commons);
	c = cursor_at(r->section, off);
	if (!read_entry(r->section, &c, &entry) || !entry.is_common)
		return common;
	/* Entries that lie in each other are no real ones, and would cost as much each. */
	r->common_bytes += cursor_left(&entry.body);
	if (r->common_bytes <= r->section->size &&
	    read_common_head(r->section, &entry.body, common))
		common->usable = cfi_machine_begin(r->machine, common, entry.body);
	return common;
}

static bool in_segment(const struct image_segment *segment, uint64_t vaddr)
{
	return vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->file_size;
}

static const struct image_segment *find_segment(struct reader *r, uint64_t vaddr)
{
	if (r->segment && in_segment(r->segment, vaddr))
		return r->segment;
	for (size_t i = 0; i < r->code->segment_count; i++) {
		if (in_segment(&r->code->segments[i], vaddr))
			return r->segment = &r->code->segments[i];
	}
	return NULL;
}

/* The code that `bytes` from `vaddr` on are in the file. False: none. */
static bool find_range(struct reader *r, uint64_t vaddr, uint64_t bytes, struct cfi_range *range)
{
	const struct image_segment *segment = find_segment(r, vaddr);
	uint64_t in, left;

	/* Linkers leave the entries of functions that they have dropped at address 0. */
	if (!segment || !bytes || (!vaddr && r->section->debug))
		return false;
	in = vaddr - segment->vaddr;
	left = segment->file_size - in;
	range->start = (uint32_t)(segment->file_off + in - r->code->base_off);
	range->end = range->start + (uint32_t)(bytes < left ? bytes : left);
	range->vaddr = vaddr;
	return true;
}

static void read_function(struct reader *r, struct entry *entry)
{
	const struct cfi_section *section = r->section;
	struct cursor *c = &entry->body;
	const struct cfi_common *common;
	struct function function;
	uint64_t vaddr, bytes;

	common = find_common(r, entry->common_off, &function.common);
	if (!common || !common->usable)
		return;
	vaddr = cfi_read_pointer(c, section, common->encoding);
	bytes = cfi_read_pointer(c, section, common->encoding & DW_EH_PE_format);
	if (common->augmented)
		cursor_skip(c, cursor_uleb(c));
	if (c->bad || !find_range(r, vaddr, bytes, &function.range))
		return;
	function.instructions = (uint32_t)(c->at - section->bytes);
	function.instructions_end = (uint32_t)(c->end - section->bytes);
	if (r->functions.count &&
	    r->functions.items[r->functions.count - 1].range.start > function.range.start)
		r->sorted = false;
	*array_push(&r->functions) = function;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	return x->instructions < y->instructions ? -1 : x->instructions > y->instructions;
}

void cfi_rows_add(struct cfi_rows *rows, struct cfi_row row)
{
	const struct cfi_row *last;

	while (rows->count && rows->items[rows->count - 1].off >= row.off)
		rows->count--;
	last = rows->count ? &rows->items[rows->count - 1] : NULL;
	if (last && last->rule == row.rule && last->gap == row.gap && last->why == row.why)
		return;
	*array_push(rows) = row;
}

static int run_functions(struct reader *r, struct cfi_rows *rows)
{
	const struct function *functions = r->functions.items;

	for (size_t i = 0; i < r->functions.count; i++) {
		const struct function *f = &functions[i];
		struct cursor c = cursor_at(r->section, f->instructions);

		/* The same function twice: linkers that fold identical code leave both entries. */
		if (i && f->range.start == functions[i - 1].range.start)
			continue;
		c.end = r->section->bytes + f->instructions_end;
		cfi_machine_run(r->machine, &r->commons.items[f->common], &f->range, c, rows);
		if (rows->count > CFI_ROWS_MAX)
			return -E2BIG;
	}
	return 0;
}

int cfi_read(const struct cfi_section *section, const struct cfi_code *code,
	     struct unwind_rules *rules, struct cfi_rows *rows)
{
	struct reader r = { .section = section, .code = code, .sorted = true };
	struct cursor c = cursor_at(section, 0);
	struct entry entry;
	int error;

	r.machine = cfi_machine_new(section, rules);
	table_init(&r.common_ids, sizeof(uint64_t));
	while (cursor_left(&c) && read_entry(section, &c, &entry)) {
		/* Linkers that put several sections together may leave the ends of each. */
		if (entry.is_end && section->terminated)
			break;
		if (!entry.is_end && !entry.is_common)
			read_function(&r, &entry);
	}
	if (!r.sorted)
		qsort(r.functions.items, r.functions.count, sizeof(*r.functions.items),
		      compare_functions);
	error = run_functions(&r, rows);
	array_free(&r.functions);
	array_free(&r.commons);
	table_free(&r.common_ids);
	cfi_machine_free(&r.machine);
	return error;
}
