// SPDX-License-Identifier: MIT
/*
 * sym_plt.c - names of a procedure linkage table's entries: `puts@plt`, as disassemblers have them.
 *
 * No symbol table lists them. An entry jumps through a slot of the global offset table, and the
 * slot's relocation names the function (System V ABI, x86-64 supplement, "Procedure Linkage
 * Table"). Where the jumps are in a section of their own (.plt.sec, for indirect branch tracking),
 * the entries of .plt push the number of the relocation instead.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "elf_file.h"
#include "mem.h"
#include "sym_files.h"
#include "sym_ranges.h"
#include "symsource.h"

/* No linker comes near these; hostile and sparse files do. */
#define PLT_MAX	   ((uint64_t)2 << 20) /* bytes: 131 072 entries */
#define RELA_MAX   ((uint64_t)64 << 20)
#define DYNSYM_MAX ((uint64_t)32 << 20)
#define DYNSTR_MAX ((uint64_t)64 << 20)
#define TEXTS_MAX  ((size_t)16 << 20) /* of all entries' names: those of symbols may overlap */

#define ENTRY_BYTES 16
#define ENTRY_SHORT 8 /* of .plt.got */
#define JUMP_BYTES  6 /* ff 25 disp32: jmp *disp(%rip) */
#define PUSH_BYTES  5 /* 68 imm32: push $imm */

/* A slot of the global offset table, and the symbol it is filled with. */
struct slot {
	uint64_t vaddr;
	uint32_t symbol;
};

struct sym_plt {
	ARRAY(struct slot) slots; /* sorted */
	ARRAY(uint32_t) pushed;	  /* symbols of .rela.plt, in its order */
	Elf64_Sym *symbols;
	size_t symbol_count;
	char *names;
	size_t names_bytes;
	ARRAY(char *) texts; /* what the ranges are named */
	size_t texts_bytes;
	ARRAY(struct sym_range) candidates;
	struct sym_ranges ranges;
};

/* What is needed to find the entries' names alone. */
static void forget_tables(struct sym_plt *plt)
{
	array_free(&plt->slots);
	array_free(&plt->pushed);
	array_free(&plt->candidates);
	free(plt->symbols);
	free(plt->names);
	plt->symbols = NULL;
	plt->names = NULL;
}

static void sym_plt_close(void *state)
{
	struct sym_plt *plt = state;

	if (!plt)
		return;
	forget_tables(plt);
	for (size_t i = 0; i < plt->texts.count; i++)
		free(plt->texts.items[i]);
	array_free(&plt->texts);
	sym_ranges_free(&plt->ranges);
	free(plt);
}

/* --- what the relocations say -------------------------------------------------------------------
 */

static void take_relocations(struct sym_plt *plt, const struct elf_file *file, const char *section,
			     bool is_plt)
{
	size_t bytes;
	_cleanup_free_ uint8_t *loaded = elf_file_load_section(file, section, RELA_MAX, &bytes);
	const Elf64_Rela *relocations = (const void *)loaded;

	for (size_t i = 0; loaded && i < bytes / sizeof(*relocations); i++) {
		uint64_t type = ELF64_R_TYPE(relocations[i].r_info);
		uint32_t symbol = (uint32_t)ELF64_R_SYM(relocations[i].r_info);

		if (is_plt)
			*array_push(&plt->pushed) = symbol;
		if (symbol && (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT))
			*array_push(&plt->slots) = (struct slot){ relocations[i].r_offset, symbol };
	}
}

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

/* The symbol that the slot is filled with; 0: none. */
static uint32_t symbol_of_slot(const struct sym_plt *plt, uint64_t vaddr)
{
	size_t at = array_up_to(plt->slots.items, plt->slots.count, vaddr, vaddr);

	return at && plt->slots.items[at - 1].vaddr == vaddr ? plt->slots.items[at - 1].symbol : 0;
}

static bool load_symbols(struct sym_plt *plt, const struct elf_file *file)
{
	size_t bytes;

	plt->symbols = (void *)elf_file_load_section(file, ".dynsym", DYNSYM_MAX, &bytes);
	if (!plt->symbols)
		return false;
	plt->symbol_count = bytes / sizeof(*plt->symbols);
	plt->names = (void *)elf_file_load_section(file, ".dynstr", DYNSTR_MAX, &plt->names_bytes);
	return plt->names && plt->names[plt->names_bytes - 1] == '\0';
}

/* --- entries ------------------------------------------------------------------------------------
 */

static uint32_t read_uint32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* The symbol that an entry of `bytes` at `code` leads to; 0: it is none of those we know. */
static uint32_t symbol_of_entry(const struct sym_plt *plt, const uint8_t *code, size_t bytes,
				uint64_t vaddr)
{
	for (size_t i = 0; i + JUMP_BYTES <= bytes; i++) {
		if (code[i] == 0xff && code[i + 1] == 0x25) {
			int32_t to = (int32_t)read_uint32(code + i + 2);

			return symbol_of_slot(plt, vaddr + i + JUMP_BYTES + (uint64_t)(int64_t)to);
		}
	}
	for (size_t i = 0; i + PUSH_BYTES <= bytes; i++) {
		if (code[i] == 0x68) {
			uint32_t index = read_uint32(code + i + 1);

			return index < plt->pushed.count ? plt->pushed.items[index] : 0;
		}
	}
	return 0;
}

static void add_entry(struct sym_plt *plt, uint32_t symbol, uint64_t vaddr, size_t bytes)
{
	struct sym_range range = { .start = vaddr, .end = vaddr + bytes };
	const char *name;
	size_t room = TEXTS_MAX - plt->texts_bytes, length;

	if (symbol >= plt->symbol_count || plt->symbols[symbol].st_name >= plt->names_bytes)
		return;
	name = plt->names + plt->symbols[symbol].st_name;
	length = strnlen(name, room);
	if (!length || length + sizeof("@plt") > room)
		return;
	plt->texts_bytes += length + sizeof("@plt");
	range.name = *array_push(&plt->texts) = mem_format("%s@plt", name);
	range.name_length = (uint32_t)(length + strlen("@plt"));
	*array_push(&plt->candidates) = range;
}

static void take_entries(struct sym_plt *plt, const struct elf_file *file, const char *section,
			 size_t entry_bytes)
{
	const Elf64_Shdr *shdr = elf_file_section(file, section);
	_cleanup_free_ uint8_t *code = NULL;
	size_t bytes;

	if (!shdr)
		return;
	code = elf_file_load_header(file, shdr, PLT_MAX, &bytes);
	if (!code || shdr->sh_addr > UINT64_MAX - bytes)
		return;
	for (size_t at = 0; at + entry_bytes <= bytes; at += entry_bytes) {
		uint32_t symbol = symbol_of_entry(plt, code + at, entry_bytes, shdr->sh_addr + at);

		if (symbol)
			add_entry(plt, symbol, shdr->sh_addr + at, entry_bytes);
	}
}

/* --- the source ---------------------------------------------------------------------------------
 */

static int sym_plt_open(struct sym_files *files, void **ret_state)
{
	const struct elf_file *file = sym_files_main(files);
	struct sym_plt *plt;
	const Elf64_Shdr *got;

	if (!file || file->ehdr.e_machine != EM_X86_64)
		return -ENOENT;
	plt = mem_alloc(sizeof(*plt));
	take_relocations(plt, file, ".rela.plt", true);
	take_relocations(plt, file, ".rela.dyn", false);
	if (plt->slots.count && load_symbols(plt, file)) {
		qsort(plt->slots.items, plt->slots.count, sizeof(*plt->slots.items), compare_slots);
		got = elf_file_section(file, ".plt.got");
		take_entries(plt, file, ".plt", ENTRY_BYTES);
		take_entries(plt, file, ".plt.sec", ENTRY_BYTES);
		take_entries(plt, file, ".plt.got",
			     got && got->sh_entsize == ENTRY_BYTES ? ENTRY_BYTES : ENTRY_SHORT);
	}
	if (!plt->candidates.count) {
		sym_plt_close(plt);
		return -ENOENT;
	}
	qsort(plt->candidates.items, plt->candidates.count, sizeof(*plt->candidates.items),
	      sym_range_compare);
	sym_ranges_seal(&plt->ranges, plt->candidates.items, plt->candidates.count);
	forget_tables(plt);
	*ret_state = plt;
	return 0;
}

static size_t sym_plt_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	struct sym_plt *plt = state;

	return sym_ranges_resolve(&plt->ranges, vaddr, ret_names, max);
}

static size_t sym_plt_bytes(const void *state)
{
	const struct sym_plt *plt = state;

	return plt->texts_bytes + plt->texts.room * sizeof(*plt->texts.items) +
	       plt->ranges.room * sizeof(*plt->ranges.items);
}

const struct symsource sym_plt_source = {
	.name = "plt",
	.open = sym_plt_open,
	.resolve = sym_plt_resolve,
	.close = sym_plt_close,
	.bytes = sym_plt_bytes,
};
