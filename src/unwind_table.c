// SPDX-License-Identifier: MIT
#include "unwind_table.h"

#include <errno.h>
#include <string.h>

#include "cfi_arch.h"
#include "cfi_go.h"
#include "cfi_sections.h"
#include "mem.h"

/* Between functions there is padding, less than this. What is larger is code of its own. */
#define PADDING_MAX 16

/* The code that a process begins with, if nothing is said of it: hardly more than a call. */
#define ENTRY_BYTES 64

/* Code that neither .eh_frame nor Go says anything of is read for what returns from signals: a part
 * at a time, and no more in all than the largest program has. */
#define SCAN_BYTES (64u * 1024)
#define SCAN_MAX   ((uint64_t)512 << 20)

/* --- code that is known by its bytes --------------------------------------------------------- */

struct scan {
	const struct elf_file *source;
	uint64_t base_off;
	uint64_t left; /* bytes that may still be read */
	const char *wanted;
	size_t length;
	uint16_t rule;
	uint8_t *bytes; /* SCAN_BYTES */
	struct cfi_rows *rows;
};

/* What returns there returns to the first byte, and return addresses are looked up minus one. */
static void add_found(struct scan *scan, uint32_t off)
{
	uint32_t end = off + (uint32_t)scan->length;

	cfi_rows_add(scan->rows, (struct cfi_row){ .off = off ? off - 1 : 0, .rule = scan->rule });
	cfi_rows_add(scan->rows, (struct cfi_row){ .off = end, .gap = 1 });
}

static void scan_code(struct scan *scan, uint32_t start, uint32_t end)
{
	while (end - start >= PADDING_MAX) {
		size_t bytes = end - start < SCAN_BYTES ? end - start : SCAN_BYTES;
		uint8_t *at = scan->bytes;

		if (bytes > scan->left ||
		    !elf_file_read(scan->source, scan->base_off + start, scan->bytes, bytes))
			return;
		scan->left -= bytes;
		while ((at = memmem(at, bytes - (size_t)(at - scan->bytes), scan->wanted,
				    scan->length))) {
			add_found(scan, start + (uint32_t)(at - scan->bytes));
			at += scan->length;
		}
		if (bytes == end - start)
			return;
		start += (uint32_t)(bytes - (scan->length - 1));
	}
}

/* In the gaps of `said`. `code_bytes`: from the base on. */
static void find_sigreturns(const struct elf_file *source, const struct cfi_code *code,
			    uint32_t code_bytes, const struct cfi_rows *said,
			    struct unwind_rules *rules, struct cfi_rows *rows)
{
	static const struct scope_unwind_rule signal = { .cfa = SCOPE_CFA_SIGNAL };
	_cleanup_free_ uint8_t *bytes = mem_alloc(SCAN_BYTES);
	struct scan scan = {
		.source = source,
		.base_off = code->base_off,
		.left = SCAN_MAX,
		.wanted = CFI_ARCH_SIGRETURN,
		.length = sizeof(CFI_ARCH_SIGRETURN) - 1,
		.rule = unwind_rules_add(rules, &signal),
		.bytes = bytes,
		.rows = rows,
	};
	uint32_t start = (uint32_t)(code->segments[0].file_off - code->base_off);

	for (size_t i = 0; i < said->count; i++) {
		if (i == 0 || said->items[i - 1].gap)
			scan_code(&scan, start, said->items[i].off);
		start = said->items[i].off;
	}
	scan_code(&scan, start, code_bytes);
}

/* Only in libraries that say that they have it: else all code of all files would be read. */
static void find_coroutine_ends(const struct elf_file *source, const struct cfi_sections *sections,
				const struct cfi_code *code, struct unwind_rules *rules,
				struct cfi_rows *rows)
{
	static const struct scope_unwind_rule outermost = { .cfa = SCOPE_CFA_END };
	_cleanup_free_ uint8_t *bytes = NULL;
	struct scan scan = {
		.source = source,
		.base_off = code->base_off,
		.left = SCAN_MAX,
		.wanted = CFI_ARCH_COROUTINE,
		.length = sizeof(CFI_ARCH_COROUTINE) - 1,
		.rows = rows,
	};

	if (!sections->makes_contexts)
		return;
	scan.rule = unwind_rules_add(rules, &outermost);
	scan.bytes = bytes = mem_alloc(SCAN_BYTES);
	scan_code(&scan, (uint32_t)(code->segments[0].file_off - code->base_off),
		  (uint32_t)(sections->end_off - code->base_off));
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Fills the gaps in `rows` from `more`, which is freed. */
static void fill_gaps(struct cfi_rows *rows, struct cfi_rows *more)
{
	struct cfi_row row = { .gap = 1 }, other = row;
	struct cfi_rows both = { 0 };
	size_t i = 0, j = 0;

	while (more->count && (i < rows->count || j < more->count)) {
		uint32_t off = j == more->count || (i < rows->count &&
						    rows->items[i].off < more->items[j].off)
				       ? rows->items[i].off
				       : more->items[j].off;
		struct cfi_row now;

		if (i < rows->count && rows->items[i].off == off)
			row = rows->items[i++];
		if (j < more->count && more->items[j].off == off)
			other = more->items[j++];
		now = row.gap ? other : row;
		now.off = off;
		cfi_rows_add(&both, now);
	}
	if (more->count) {
		free(rows->items);
		*rows = both;
	}
	array_free(more);
}

/* What a process begins with has no caller: said where nothing else is, up to where something is.
 */
static void add_entry(const struct cfi_sections *sections, const struct cfi_code *code,
		      struct unwind_rules *rules, const struct cfi_rows *said,
		      struct cfi_rows *rows)
{
	static const struct scope_unwind_rule outermost = { .cfa = SCOPE_CFA_END };
	uint64_t off = sections->entry_off - code->base_off, end = off + ENTRY_BYTES;
	struct cfi_row row = { .off = (uint32_t)off };
	size_t i = 0;

	while (i < said->count && said->items[i].off <= off)
		i++;
	if (!sections->entry_off || (i && !said->items[i - 1].gap))
		return;
	if (i < said->count && end > said->items[i].off)
		end = said->items[i].off;
	if (end > sections->end_off - code->base_off)
		end = sections->end_off - code->base_off;
	row.rule = unwind_rules_add(rules, &outermost);
	cfi_rows_add(rows, row);
	cfi_rows_add(rows, (struct cfi_row){ .off = (uint32_t)end, .gap = 1 });
}

/* Padding goes by the rule before it. What has no rule is counted. */
static void settle_rows(struct cfi_rows *rows, struct unwind_table *table)
{
	uint16_t rule = 0;
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		struct cfi_row row = rows->items[i];

		if (row.gap && i + 1 < rows->count &&
		    rows->items[i + 1].off - row.off < PADDING_MAX)
			continue;
		if (row.why) {
			table->rows_unsupported++;
			table->unsupported[row.why]++;
		}
		if (row.rule != rule)
			rows->items[kept++] = row;
		rule = row.rule;
	}
	rows->count = kept;
}

/* --- layout ----------------------------------------------------------------------------------- */

struct layout {
	struct unwind_table *table;
	size_t element_room;
	uint32_t element;		  /* where rows go */
	uint32_t used;			  /* rows in it */
	uint32_t rows[SCOPE_UNWIND_ROWS]; /* of the page under way */
	uint32_t count;
	bool dropped;
};

static void *element_at(const struct unwind_table *table, uint32_t element)
{
	return (char *)table->elements + (size_t)element * SCOPE_UNWIND_ELEMENT;
}

/* Elements are all zero at first. */
static void add_elements(struct layout *layout, size_t count)
{
	struct unwind_table *table = layout->table;

	if (table->element_count + count > layout->element_room)
		table->elements = array_grow(table->elements, &layout->element_room,
					     table->element_count + count, SCOPE_UNWIND_ELEMENT);
	memset(element_at(table, (uint32_t)table->element_count), 0, count * SCOPE_UNWIND_ELEMENT);
	table->element_count += count;
}

static void add_row(struct layout *layout, uint32_t offset, uint16_t rule)
{
	if (layout->count == SCOPE_UNWIND_ROWS)
		layout->dropped = true;
	else
		layout->rows[layout->count++] = SCOPE_UNWIND_ROW(offset, rule);
}

static void put_page(struct layout *layout, uint32_t page)
{
	struct unwind_table *table = layout->table;
	struct scope_unwind_page *pages;
	uint32_t *rows;

	if (layout->dropped) {
		table->pages_dropped++;
		return;
	}
	if (layout->count == 1 && !(layout->rows[0] & 0xffff))
		return;
	if (!layout->element || layout->used + layout->count > SCOPE_UNWIND_ROWS) {
		layout->element = (uint32_t)table->element_count;
		layout->used = 0;
		add_elements(layout, 1);
	}
	pages = element_at(table, page / SCOPE_UNWIND_PAGES);
	pages[page % SCOPE_UNWIND_PAGES] = (struct scope_unwind_page){
		layout->element,
		(uint16_t)layout->used,
		(uint16_t)layout->count,
	};
	rows = element_at(table, layout->element);
	memcpy(&rows[layout->used], layout->rows, layout->count * sizeof(*rows));
	layout->used += layout->count;
	table->rows += layout->count;
}

static void lay_out(const struct cfi_rows *rows, struct unwind_table *table)
{
	struct layout layout = { .table = table };
	uint16_t rule = 0;
	size_t i = 0;

	add_elements(&layout, (table->pages + SCOPE_UNWIND_PAGES - 1) / SCOPE_UNWIND_PAGES);
	for (uint32_t page = 0; page < table->pages; page++) {
		uint64_t start = (uint64_t)page * SCOPE_UNWIND_PAGE;

		layout.count = 0;
		layout.dropped = false;
		if (i == rows->count || rows->items[i].off > start)
			add_row(&layout, 0, rule);
		for (; i < rows->count && rows->items[i].off < start + SCOPE_UNWIND_PAGE; i++) {
			rule = rows->items[i].rule;
			add_row(&layout, (uint32_t)(rows->items[i].off - start), rule);
		}
		put_page(&layout, page);
	}
	table->elements =
		mem_resize_array(table->elements, table->element_count, SCOPE_UNWIND_ELEMENT);
}

/* --- building --------------------------------------------------------------------------------- */

static int gather_rows(const struct elf_file *source, const struct cfi_sections *sections,
		       const struct cfi_code *code, struct unwind_rules *rules,
		       struct cfi_rows *rows)
{
	struct cfi_rows debug = { 0 }, special = { 0 }, go = { 0 }, signals = { 0 };
	struct cfi_rows entry = { 0 }, coroutines = { 0 };
	int error = 0;

	if (sections->eh.bytes)
		error = cfi_read(&sections->eh, code, rules, rows);
	if (!error && sections->debug.bytes)
		error = cfi_read(&sections->debug, code, rules, &debug);
	if (!error) {
		cfi_go_read(source, sections, code, rules, &go, &special);
		fill_gaps(rows, &special);
		fill_gaps(rows, &go);
		find_sigreturns(source, code, (uint32_t)(sections->end_off - code->base_off), rows,
				rules, &signals);
		fill_gaps(rows, &signals);
		fill_gaps(rows, &debug);
		find_coroutine_ends(source, sections, code, rules, &coroutines);
		fill_gaps(rows, &coroutines);
		if (rows->count)
			add_entry(sections, code, rules, rows, &entry);
		fill_gaps(rows, &entry);
		if (!rows->count)
			error = -ENOENT;
	}
	array_free(&debug);
	return error;
}

static int build(const struct elf_file *source, struct unwind_rules *rules,
		 struct unwind_table *ret_table)
{
	struct unwind_table table = { 0 };
	struct cfi_sections sections;
	struct cfi_rows rows = { 0 };
	struct cfi_code code;
	int error;

	error = cfi_sections_read(source, &sections);
	if (error)
		return error;
	code.segments = sections.segments;
	code.segment_count = sections.segment_count;
	code.base_off = sections.segments[0].file_off & ~(uint64_t)(SCOPE_UNWIND_PAGE - 1);
	error = gather_rows(source, &sections, &code, rules, &rows);
	if (!error) {
		table.first_off = code.base_off;
		table.pages =
			(uint32_t)((sections.end_off - code.base_off + SCOPE_UNWIND_PAGE - 1) /
				   SCOPE_UNWIND_PAGE);
		settle_rows(&rows, &table);
		lay_out(&rows, &table);
		*ret_table = table;
	}
	array_free(&rows);
	cfi_sections_free(&sections);
	return error;
}

int unwind_table_build(int fd, uint64_t size, struct unwind_rules *rules,
		       struct unwind_table *ret_table)
{
	struct elf_file elf;
	int error = elf_file_open(fd, size, &elf);

	if (error)
		return error;
	error = build(&elf, rules, ret_table);
	elf_file_close(&elf);
	return error;
}

int unwind_table_build_memory(const void *elf, size_t bytes, struct unwind_rules *rules,
			      struct unwind_table *ret_table)
{
	struct elf_file file;
	int error = elf_file_open_memory(elf, bytes, &file);

	if (error)
		return error;
	error = build(&file, rules, ret_table);
	elf_file_close(&file);
	return error;
}

void unwind_table_free(struct unwind_table *table)
{
	free(table->elements);
	memset(table, 0, sizeof(*table));
}

const struct scope_unwind_rule *unwind_table_find(const struct unwind_table *table,
						  const struct unwind_rules *rules,
						  uint64_t file_off)
{
	const struct scope_unwind_rule *items = unwind_rules_items(rules);
	uint64_t page = (file_off - table->first_off) / SCOPE_UNWIND_PAGE;
	const struct scope_unwind_page *entry;
	uint32_t low = 0, high;
	const uint32_t *rows;

	if (file_off < table->first_off || page >= table->pages)
		return items;
	entry = (const struct scope_unwind_page *)element_at(
			table, (uint32_t)(page / SCOPE_UNWIND_PAGES)) +
		page % SCOPE_UNWIND_PAGES;
	if (!entry->count)
		return items;
	rows = (const uint32_t *)element_at(table, entry->element) + entry->first;
	for (high = entry->count; high - low > 1;) {
		uint32_t middle = (low + high) / 2;

		if (rows[middle] >> 16 <= file_off % SCOPE_UNWIND_PAGE)
			low = middle;
		else
			high = middle;
	}
	return &items[rows[low] & 0xffff];
}
