// SPDX-License-Identifier: MIT
/*
 * sym_elf.c - names from .symtab of an image or its debug file, from that in .gnu_debugdata, and
 * from .dynsym.
 *
 * A symbol's range is what its size says, cut at the end of its section. A symbol without a size
 * (hand-written assembly) reaches to the next symbol, never beyond its section, and only
 *  - if it lies in no sized symbol: labels inside a function do not take its end from it; and
 *  - if it comes from .symtab: .dynsym does not list the static functions that may follow.
 */
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "mem.h"
#include "sym_files.h"
#include "sym_ranges.h"
#include "symsource.h"

/* No section is larger than its file; these are for sparse files. */
#define SYMTAB_MAX ((uint64_t)256 << 20) /* bytes: 10 million symbols */
#define STRTAB_MAX ((uint64_t)1 << 30)

enum { RANK_GLOBAL, RANK_WEAK, RANK_LOCAL };

struct text_section {
	uint64_t start, end;
};

struct sym_elf {
	Elf *elf; /* owns the names */
	uint64_t file_bytes, table_bytes;
	ARRAY(struct text_section) texts;
	ARRAY(struct sym_range) candidates;
	struct sym_ranges ranges;
};

static void sym_elf_close(void *state)
{
	struct sym_elf *sym = state;

	if (!sym)
		return;
	array_free(&sym->texts);
	array_free(&sym->candidates);
	sym_ranges_free(&sym->ranges);
	elf_end(sym->elf);
	free(sym);
}

static int compare_texts(const void *a, const void *b)
{
	const struct text_section *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void collect_texts(struct sym_elf *sym)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(sym->elf, section))) {
		GElf_Shdr shdr;

		if (!gelf_getshdr(section, &shdr) || !(shdr.sh_flags & SHF_EXECINSTR) ||
		    !shdr.sh_size || shdr.sh_size > UINT64_MAX - shdr.sh_addr)
			continue;
		*array_push(&sym->texts) =
			(struct text_section){ shdr.sh_addr, shdr.sh_addr + shdr.sh_size };
	}
	if (sym->texts.count)
		qsort(sym->texts.items, sym->texts.count, sizeof(*sym->texts.items), compare_texts);
}

/* The section of code that holds `vaddr`, or NULL. */
static const struct text_section *find_text(const struct sym_elf *sym, uint64_t vaddr)
{
	size_t low = array_up_to(sym->texts.items, sym->texts.count, start, vaddr);

	if (low && vaddr < sym->texts.items[low - 1].end)
		return &sym->texts.items[low - 1];
	return NULL;
}

struct symbol_table {
	Elf_Data *symbols;
	size_t count;
	const char *names; /* terminated at names_bytes - 1 */
	size_t names_bytes;
	bool whole; /* .symtab: lists every function */
};

static bool load_table(struct sym_elf *sym, Elf_Scn *section, const GElf_Shdr *shdr,
		       struct symbol_table *table)
{
	Elf_Scn *names_section = elf_getscn(sym->elf, shdr->sh_link);
	size_t entry_bytes = gelf_fsize(sym->elf, ELF_T_SYM, 1, EV_CURRENT);
	GElf_Shdr names_shdr;
	Elf_Data *names;

	if (!names_section || !gelf_getshdr(names_section, &names_shdr) ||
	    names_shdr.sh_type != SHT_STRTAB || names_shdr.sh_size > STRTAB_MAX ||
	    names_shdr.sh_size > sym->file_bytes || shdr->sh_size > SYMTAB_MAX ||
	    shdr->sh_size > sym->file_bytes || !entry_bytes ||
	    ((shdr->sh_flags | names_shdr.sh_flags) & SHF_COMPRESSED))
		return false;
	table->symbols = elf_getdata(section, NULL);
	names = elf_getdata(names_section, NULL);
	if (!table->symbols || !table->symbols->d_buf || table->symbols->d_type != ELF_T_SYM ||
	    !names || !names->d_buf || !names->d_size ||
	    ((const char *)names->d_buf)[names->d_size - 1] != '\0')
		return false;
	sym->table_bytes = table->symbols->d_size + names->d_size;
	table->count = table->symbols->d_size / entry_bytes;
	table->names = names->d_buf;
	table->names_bytes = names->d_size;
	table->whole = shdr->sh_type == SHT_SYMTAB;
	return true;
}

static uint8_t rank_of(const GElf_Sym *symbol)
{
	switch (GELF_ST_BIND(symbol->st_info)) {
	case STB_LOCAL:
		return RANK_LOCAL;
	case STB_WEAK:
		return RANK_WEAK;
	default:
		return RANK_GLOBAL;
	}
}

static bool names_code(const GElf_Sym *symbol)
{
	int type = GELF_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE) &&
	       symbol->st_shndx != SHN_UNDEF;
}

/* An unsized symbol becomes an empty range for now. */
static void add_symbol(struct sym_elf *sym, const struct symbol_table *table,
		       const GElf_Sym *symbol)
{
	const struct text_section *text;
	struct sym_range range = { 0 };

	if (!names_code(symbol) || symbol->st_name >= table->names_bytes ||
	    (!symbol->st_size && !table->whole))
		return;
	text = find_text(sym, symbol->st_value);
	range.name = table->names + symbol->st_name;
	if (!text || !range.name[0] || range.name[0] == '@')
		return;
	/* memcpy@@GLIBC_2.14: the version is not part of the name. */
	range.name_length = (uint32_t)strcspn(range.name, "@");
	range.rank = rank_of(symbol);
	range.start = symbol->st_value;
	range.end = symbol->st_size < text->end - range.start ? range.start + symbol->st_size
							      : text->end;
	*array_push(&sym->candidates) = range;
}

/* The first table of the type: linkers write one, and a hostile file a thousand. */
static void collect_symbols(struct sym_elf *sym, uint32_t type)
{
	Elf_Scn *section = NULL;
	struct symbol_table table;
	GElf_Shdr shdr;

	do {
		section = elf_nextscn(sym->elf, section);
		if (!section)
			return;
	} while (!gelf_getshdr(section, &shdr) || shdr.sh_type != type);
	if (!load_table(sym, section, &shdr, &table))
		return;
	for (size_t i = 0; i < table.count; i++) {
		GElf_Sym symbol;

		if (gelf_getsym(table.symbols, (int)i, &symbol))
			add_symbol(sym, &table, &symbol);
	}
}

/* Gives the unsized their ranges, and drops those that lie in a sized symbol. */
static void settle_unsized(struct sym_elf *sym)
{
	struct sym_range *items = sym->candidates.items;
	size_t count = sym->candidates.count, kept = 0;
	uint64_t covered_to = 0; /* by sized symbols that start before or here */

	for (size_t i = 0; i < count; i++) {
		struct sym_range range = items[i];

		if (range.start == range.end) {
			size_t next = i + 1;

			if (range.start < covered_to)
				continue;
			while (next < count && items[next].start == range.start)
				next++;
			range.end = find_text(sym, range.start)->end;
			if (next < count && items[next].start < range.end)
				range.end = items[next].start;
			covered_to = range.end; /* its aliases are of no use */
		} else if (range.end > covered_to) {
			covered_to = range.end;
		}
		items[kept++] = range;
	}
	sym->candidates.count = kept;
}

/* Takes over `elf`, which may be NULL. */
static int open_elf(Elf *elf, uint64_t bytes, uint32_t type, void **ret_state)
{
	struct sym_elf *sym = mem_alloc(sizeof(*sym));

	sym->file_bytes = bytes;
	sym->elf = elf;
	if (!sym->elf || elf_kind(sym->elf) != ELF_K_ELF) {
		sym_elf_close(sym);
		return -ENOEXEC;
	}
	collect_texts(sym);
	collect_symbols(sym, type);
	if (!sym->candidates.count) {
		sym_elf_close(sym);
		return -ENOENT;
	}
	qsort(sym->candidates.items, sym->candidates.count, sizeof(*sym->candidates.items),
	      sym_range_compare);
	settle_unsized(sym);
	sym_ranges_seal(&sym->ranges, sym->candidates.items, sym->candidates.count);
	array_free(&sym->candidates);
	*ret_state = sym;
	return 0;
}

/* Also of 32 bit, unlike the other files. */
static int open_image(const struct image *image, uint32_t type, void **ret_state)
{
	if (image->fd < 0 || (image->kind != IMAGE_FILE && image->kind != IMAGE_VDSO))
		return -ENOENT;
	elf_version(EV_CURRENT);
	return open_elf(elf_begin(image->fd, ELF_C_READ, NULL), image->size, type, ret_state);
}

static int open_symtab(struct sym_files *files, void **ret_state)
{
	int error = open_image(sym_files_image(files), SHT_SYMTAB, ret_state);
	const struct elf_file *debug = error == -ENOENT ? sym_files_debug(files) : NULL;

	if (!debug)
		return error;
	return open_elf(elf_begin(debug->fd, ELF_C_READ, NULL), debug->size, SHT_SYMTAB, ret_state);
}

static int open_minidebug(struct sym_files *files, void **ret_state)
{
	const struct elf_file *file = sym_files_minidebug(files);

	if (!file)
		return -ENOENT;
	elf_version(EV_CURRENT);
	return open_elf(elf_memory((char *)file->memory, file->size), file->size, SHT_SYMTAB,
			ret_state);
}

static int open_dynsym(struct sym_files *files, void **ret_state)
{
	return open_image(sym_files_image(files), SHT_DYNSYM, ret_state);
}

static size_t sym_elf_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	struct sym_elf *sym = state;

	return sym_ranges_resolve(&sym->ranges, vaddr, ret_names, max);
}

static size_t sym_elf_bytes(const void *state)
{
	const struct sym_elf *sym = state;

	return sym->table_bytes + sym->ranges.room * sizeof(*sym->ranges.items);
}

const struct symsource sym_symtab_source = {
	.name = "symtab",
	.open = open_symtab,
	.resolve = sym_elf_resolve,
	.close = sym_elf_close,
	.bytes = sym_elf_bytes,
};

const struct symsource sym_minidebug_source = {
	.name = "minidebug",
	.open = open_minidebug,
	.resolve = sym_elf_resolve,
	.close = sym_elf_close,
	.bytes = sym_elf_bytes,
};

const struct symsource sym_dynsym_source = {
	.name = "dynsym",
	.open = open_dynsym,
	.resolve = sym_elf_resolve,
	.close = sym_elf_close,
	.bytes = sym_elf_bytes,
};
