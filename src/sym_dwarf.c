// SPDX-License-Identifier: MIT
/*
 * sym_dwarf.c - functions, lines and inlined calls from DWARF, of the image or its debug file.
 *
 * The addresses of units are found at the start; what is in a unit is indexed when one of its
 * addresses is first asked for: by one walk of its tree and one run of its line program, not by one
 * an address. Indexes are dropped, the oldest first, when they come to more than a bound: batches
 * are sorted, so that a unit is rarely asked for again.
 */
#include <errno.h>

#include "dwarf_lines.h"
#include "dwarf_numbers.h"
#include "dwarf_scopes.h"
#include "dwarf_split.h"
#include "mem.h"
#include "sym_files.h"
#include "symsource.h"

/* Bytes of indexes. A unit's own is rarely more than 1 MiB. */
#define INDEXES_MAX ((size_t)48 << 20)

struct unit_index {
	uint32_t unit; /* in the main file */
	size_t bytes;
	struct dwarf_lines lines;
	struct dwarf_scopes scopes;
	struct dwarf_unit *scope_unit; /* the main file's, or the split one */
	struct dwarf_split split;
	const char **paths; /* by file of the lines; NULL: not made yet */
};

struct sym_dwarf {
	struct sym_files *files;
	struct dwarf_file main, alternate, package;
	struct dwarf_spans unit_spans; /* ids are indices of main.units */
	struct unit_index **by_unit;
	ARRAY(struct unit_index *) indexes; /* the oldest first; NULL: dropped */
	size_t oldest, index_bytes;
	struct strings texts; /* paths, and names whose sections do not stay */
};

/* --- units
 * ------------------------------------------------------------------------------------------------
 */

/* The first address of code: what lies before it was thrown away by the linker. */
static uint64_t first_code(const struct elf_file *elf)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < elf->shdr_count; i++)
		if (elf->shdrs[i].sh_flags & SHF_EXECINSTR && elf->shdrs[i].sh_addr < first)
			first = elf->shdrs[i].sh_addr;
	return first == UINT64_MAX ? 0 : first;
}

static void find_unit_spans(struct sym_dwarf *d, const struct elf_file *elf)
{
	size_t max = d->main.sections[DWARF_INFO].size + d->main.sections[DWARF_RANGES].size +
		     d->main.sections[DWARF_RNGLISTS].size;
	uint64_t first = first_code(elf);
	struct dwarf_ranges ranges = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < d->main.units.count; i++) {
		struct dwarf_unit *unit = &d->main.units.items[i];

		if (unit->type == DW_UT_partial || !dwarf_unit_open(unit))
			continue;
		if (unit->has_ranges)
			dwarf_ranges_add_list(&ranges, unit, &unit->ranges, (uint32_t)i, 0, max);
		else if (unit->has_low)
			dwarf_ranges_add(&ranges, unit->low, unit->high, (uint32_t)i, 0, max);
	}
	for (size_t i = 0; i < ranges.count; i++)
		if (ranges.items[i].start >= first)
			ranges.items[kept++] = ranges.items[i];
	ranges.count = kept;
	dwarf_spans_make(&d->unit_spans, &ranges);
	array_free(&ranges);
}

/* --- indexes
 * ---------------------------------------------------------------------------------------------- */

static void index_free(struct sym_dwarf *d, struct unit_index *index)
{
	d->by_unit[index->unit] = NULL;
	d->index_bytes -= index->bytes;
	dwarf_lines_free(&index->lines);
	dwarf_scopes_free(&index->scopes);
	dwarf_split_close(&index->split);
	free(index->paths);
	free(index);
}

static size_t index_size(const struct unit_index *index)
{
	size_t bytes = sizeof(*index);

	bytes += index->lines.rows.room * sizeof(*index->lines.rows.items);
	bytes += index->lines.files.room * sizeof(*index->lines.files.items);
	bytes += index->lines.files.count * sizeof(*index->paths);
	bytes += index->scopes.items.room * sizeof(*index->scopes.items.items);
	bytes += index->scopes.spans.room * sizeof(*index->scopes.spans.items);
	for (int i = 0; i < DWARF_SECTIONS; i++)
		if (index->split.file.owned[i])
			bytes += index->split.file.sections[i].size;
	return bytes;
}

static struct unit_index *index_make(struct sym_dwarf *d, uint32_t unit_id)
{
	struct dwarf_unit *unit = &d->main.units.items[unit_id];
	struct unit_index *index = mem_alloc(sizeof(*index));

	index->unit = unit_id;
	index->scope_unit = unit;
	index->split.elf.fd = -1;
	dwarf_lines_read(unit, true, &index->lines);
	if (unit->split_name &&
	    dwarf_split_open(d->files, d->package.sections[DWARF_INFO].at ? &d->package : NULL,
			     unit, &index->split) == 0)
		index->scope_unit = index->split.unit;
	dwarf_scopes_read(index->scope_unit, &index->scopes);
	index->paths = mem_alloc_array(index->lines.files.count, sizeof(*index->paths));
	index->bytes = index_size(index);
	return index;
}

static struct unit_index *index_of(struct sym_dwarf *d, uint32_t unit)
{
	if (d->by_unit[unit])
		return d->by_unit[unit];
	while (d->index_bytes > INDEXES_MAX && d->oldest < d->indexes.count)
		index_free(d, d->indexes.items[d->oldest++]);
	d->by_unit[unit] = index_make(d, unit);
	d->index_bytes += d->by_unit[unit]->bytes;
	*array_push(&d->indexes) = d->by_unit[unit];
	return d->by_unit[unit];
}

/* --- answers
 * ---------------------------------------------------------------------------------------------- */

static const char *path_of(struct sym_dwarf *d, struct unit_index *index, uint32_t file)
{
	_cleanup_free_ char *path = NULL;

	if (file >= index->lines.files.count)
		return NULL;
	if (index->paths[file])
		return index->paths[file];
	path = dwarf_lines_path(&index->lines, file);
	if (!path || !*path)
		return NULL;
	return index->paths[file] = strings_get(&d->texts, strings_add(&d->texts, path));
}

static void name_scope(struct sym_dwarf *d, struct unit_index *index, struct dwarf_scope *scope,
		       struct sym_name *name)
{
	if (!scope->is_named) {
		dwarf_scope_find_name(index->scope_unit, scope);
		/* the sections of a .dwo go with its index */
		if (scope->name && index->split.elf.size)
			scope->name = strings_get(&d->texts, strings_add(&d->texts, scope->name));
	}
	name->name = scope->name;
	name->name_length = scope->name_length;
	name->is_plain = scope->is_plain && scope->parent == DWARF_NOTHING &&
			 dwarf_unit_mangles(index->scope_unit);
}

static size_t resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	struct sym_dwarf *d = state;
	uint32_t unit = dwarf_spans_find(&d->unit_spans, vaddr), id;
	struct unit_index *index;
	const struct dwarf_row *row;
	size_t count = 0;

	if (unit == DWARF_NOTHING || !max)
		return 0;
	index = index_of(d, unit);
	row = dwarf_lines_find(&index->lines, vaddr);
	ret_names[0] = (struct sym_name){ .file = row ? path_of(d, index, row->file) : NULL,
					  .line = row ? row->line : 0 };
	id = dwarf_spans_find(&index->scopes.spans, vaddr);
	while (id != DWARF_NOTHING) {
		struct dwarf_scope *scope = &index->scopes.items.items[id];

		name_scope(d, index, scope, &ret_names[count++]);
		id = scope->parent;
		if (id == DWARF_NOTHING || count == max)
			break;
		ret_names[count] = (struct sym_name){ .file = path_of(d, index, scope->call_file),
						      .line = scope->call_line };
	}
	if (count)
		return count;
	return ret_names[0].file ? 1 : 0; /* assembly: a line in no function */
}

/* --- open and close
 * --------------------------------------------------------------------------------------- */

static void close_dwarf(void *state)
{
	struct sym_dwarf *d = state;

	if (!d)
		return;
	for (; d->oldest < d->indexes.count; d->oldest++)
		index_free(d, d->indexes.items[d->oldest]);
	array_free(&d->indexes);
	array_free(&d->unit_spans);
	free(d->by_unit);
	dwarf_file_close(&d->main);
	dwarf_file_close(&d->alternate);
	dwarf_file_close(&d->package);
	strings_free(&d->texts);
	free(d);
}

/* What is not there stays zeroed: its sections are empty. */
static void open_alternate(struct sym_dwarf *d, const struct elf_file *of)
{
	const struct elf_file *alternate = sym_files_alternate(d->files, of);

	if (!alternate || dwarf_file_open(alternate, false, &d->alternate))
		return;
	dwarf_file_find_units(&d->alternate);
	d->main.alternate = &d->alternate;
}

static void open_package(struct sym_dwarf *d)
{
	const struct elf_file *package;
	size_t i = 0;

	while (i < d->main.units.count && !d->main.units.items[i].split_name)
		i++;
	package = i < d->main.units.count ? sym_files_package(d->files) : NULL;
	if (package)
		dwarf_file_open(package, true, &d->package);
}

static int open_dwarf(struct sym_files *files, void **ret_state)
{
	const struct elf_file *elf = sym_files_main(files);
	struct sym_dwarf *d;
	int error = -ENOENT;

	if (!elf)
		return -ENOENT;
	d = mem_alloc(sizeof(*d));
	d->files = files;
	strings_init(&d->texts);
	error = dwarf_file_open(elf, false, &d->main);
	if (error == -ENOENT) {
		elf = sym_files_debug(files);
		error = elf ? dwarf_file_open(elf, false, &d->main) : -ENOENT;
	}
	if (error) {
		close_dwarf(d);
		return error;
	}
	open_alternate(d, elf);
	dwarf_file_find_units(&d->main);
	find_unit_spans(d, elf);
	d->by_unit = mem_alloc_array(d->main.units.count, sizeof(*d->by_unit));
	open_package(d);
	*ret_state = d;
	return 0;
}

static size_t sections_size(const struct dwarf_file *file)
{
	size_t bytes = 0;

	for (int i = 0; i < DWARF_SECTIONS; i++)
		bytes += file->sections[i].size;
	return bytes;
}

static size_t bytes_of(const void *state)
{
	const struct sym_dwarf *d = state;

	return d->index_bytes + sections_size(&d->main) + sections_size(&d->alternate) +
	       sections_size(&d->package);
}

const struct symsource sym_dwarf_source = {
	.name = "dwarf",
	.open = open_dwarf,
	.resolve = resolve,
	.close = close_dwarf,
	.bytes = bytes_of,
};
