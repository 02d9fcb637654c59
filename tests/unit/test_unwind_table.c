// SPDX-License-Identifier: MIT
/* Unwind tables of hand-made and of broken ELF files. */
#include <zlib.h>
#include <zstd.h>

#include "elf_made.h"

static void gaps_and_padding(void)
{
	start_file();
	add_eh(0x10, 0x20, 16);
	add_eh(0x3f, 0x11, 24); /* 15 bytes of padding before */
	add_eh(0x60, 0x10, 32); /* 16 bytes before */
	add_eh(0x2ff0, 0x10, 40);
	CHECK_TEXT(table_of_file(FILE_BYTES),
		   "0 - | 10 16 | 3f 24 | 50 - | 60 32 | 70 - | 2ff0 40");
	/* All of a page by one rule. */
	start_file();
	add_eh(0, 0x2010, 16);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 16 | 2010 -");
}

/* Where a process begins it has no caller, if nothing else is said. */
static void entry_points(void)
{
	start_file();
	add_eh(0x100, 0x20, 16);
	file_ehdr()->e_entry = VADDR + CODE_OFF + 0x200;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 - | 200 end | 240 -");
	/* Up to what something is said of; up to the end; at the start. */
	file_ehdr()->e_entry = VADDR + CODE_OFF + 0xe0;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | e0 end | 100 16 | 120 -");
	file_ehdr()->e_entry = VADDR + CODE_OFF + CODE_PAGES * PAGE - 0x10;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 - | 2ff0 end");
	file_ehdr()->e_entry = VADDR + CODE_OFF;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 end | 40 - | 100 16 | 120 -");
	/* In what something is said of, the gap behind is no business of its. */
	file_ehdr()->e_entry = VADDR + CODE_OFF + 0x110;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 -");
	add_debug(0x200, 0x20, 24);
	file_ehdr()->e_entry = VADDR + CODE_OFF + 0x200;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 - | 200 24 | 220 -");
	/* No code, no entry, nothing said at all. */
	file_ehdr()->e_entry = VADDR + 0x200;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 - | 200 24 | 220 -");
	file_ehdr()->e_entry = UINT64_MAX;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 120 - | 200 24 | 220 -");
	start_file();
	file_ehdr()->e_entry = VADDR + CODE_OFF + 0x200;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
}

static void eh_before_debug(void)
{
	start_file();
	add_eh(0x100, 0x100, 16);
	add_debug(0x80, 0x100, 24); /* half of it is the other's */
	add_debug(0x1f0, 0x20, 32);
	add_debug(0x400, 0x10, 40);
	CHECK_TEXT(table_of_file(FILE_BYTES),
		   "0 - | 80 24 | 100 16 | 200 32 | 210 - | 400 40 | 410 -");
	/* Linkers leave the entries of functions that they have dropped at address 0. */
	start_file();
	file_phdrs()[1].p_vaddr = 0;
	add_debug(0x10 - VADDR - CODE_OFF, 0x10, 16);
	add_debug(0 - VADDR - CODE_OFF, 0x100, 24);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 10 16 | 20 -");
	/* Around one that lies in it. */
	start_file();
	add_eh(0x100, 0x100, 16);
	add_debug(0x80, 0x800, 24);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 80 24 | 100 16 | 200 24 | 880 -");
}

static void without_section_headers(void)
{
	start_file();
	add_eh(0x100, 0x100, 16);
	add_debug(0x400, 0x100, 24);
	file_ehdr()->e_shnum = 0;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	file_ehdr()->e_shnum = SECTIONS;
	file_ehdr()->e_shoff = FILE_BYTES; /* cut off */
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	file_ehdr()->e_shoff = SHDRS_OFF;
	file_ehdr()->e_shstrndx = SECTIONS;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	file_ehdr()->e_shstrndx = SECTION_NAMES;
	/* The section is not in this file, but the frames are. */
	file_shdrs()[SECTION_EH].sh_type = SHT_NOBITS;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 - | 400 24 | 500 -");
	file_phdrs()[2].p_type = PT_NULL;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 400 24 | 500 -");
	file_phdrs()[2].p_type = PT_GNU_EH_FRAME;
	put_number_at(EH_HDR_OFF, 2, 1); /* another version */
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 400 24 | 500 -");
	/* Names without an end, or beyond it. */
	file_shdrs()[SECTION_NAMES].sh_size = 25;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	file_shdrs()[SECTION_NAMES].sh_size = 20;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	/* Only a section has a size: else what follows the end is something else. */
	start_file();
	add_eh(0x100, 0x100, 16);
	file.eh_size += 4;
	add_eh(0x200, 0x100, 24);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 24 | 300 -");
	file_ehdr()->e_shnum = 0;
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
}

/* What the section's bytes pack to, in the place of them. */
static void pack_debug(uint32_t type, bool old)
{
	Elf64_Chdr chdr = { .ch_type = type, .ch_size = file.debug_size, .ch_addralign = 1 };
	uint64_t size = __builtin_bswap64(file.debug_size);
	Elf64_Shdr *shdr = &file_shdrs()[SECTION_DEBUG];
	uint8_t packed[4096];
	uLongf bytes = sizeof(packed);

	if (type == 2)
		bytes = ZSTD_compress(packed, sizeof(packed), file.bytes + DEBUG_OFF,
				      file.debug_size, 3);
	else
		CHECK_INT(compress(packed, &bytes, file.bytes + DEBUG_OFF, file.debug_size), Z_OK);
	if (old) {
		put_at(DEBUG_OFF, "ZLIB", 4);
		put_at(DEBUG_OFF + 4, &size, sizeof(size));
		put_at(DEBUG_OFF + 12, packed, bytes);
		shdr->sh_size = 12 + bytes;
		shdr->sh_name = 34;
	} else {
		put_at(DEBUG_OFF, &chdr, sizeof(chdr));
		put_at(DEBUG_OFF + sizeof(chdr), packed, bytes);
		shdr->sh_size = sizeof(chdr) + bytes;
		shdr->sh_flags = SHF_COMPRESSED;
	}
}

static void start_packed(uint32_t type, bool old)
{
	start_file();
	add_debug(0x100, 0x100, 16);
	pack_debug(type, old);
}

static void packed_sections(void)
{
	start_packed(1, false);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	start_packed(2, false);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	start_packed(1, true);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 100 16 | 200 -");
	/* Another way of packing, sizes that are not true, bytes that are not. */
	start_packed(1, false);
	put_number_at(DEBUG_OFF, 3, 4);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	for (size_t i = 1; i < 3; i++) {
		start_packed((uint32_t)i, false);
		put_number_at(DEBUG_OFF + 8, file.debug_size + 1, 8);
		CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
		put_number_at(DEBUG_OFF + 8, file.debug_size - 1, 8);
		CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
		put_number_at(DEBUG_OFF + 8, UINT64_MAX, 8);
		CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
		put_number_at(DEBUG_OFF + 8, 0, 8);
		CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
		start_packed((uint32_t)i, false);
		put_number_at(DEBUG_OFF + 30, 0xffffff, 3);
		CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	}
	start_packed(1, true);
	put_number_at(DEBUG_OFF, 0, 1);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
}

static void signal_returns(void)
{
	static const char code[] = "\x48\xc7\xc0\x0f\0\0\0\x0f\x05";

	/* Where .eh_frame says nothing, whatever .debug_frame says; a byte before, for lookups
	 * minus one. */
	start_file();
	add_eh(0x100, 0x100, 16);
	add_debug(0x300, 0x100, 24);
	put_at(CODE_OFF + 0x310, code, sizeof(code) - 1);
	put_at(CODE_OFF + 0x2ff7, code, sizeof(code) - 1);
	put_at(CODE_OFF + 0x180, code, sizeof(code) - 1); /* .eh_frame does */
	CHECK_TEXT(table_of_file(FILE_BYTES),
		   "0 - | 100 16 | 200 - | 300 24 | 30f signal | 319 24 | 400 - | 2ff6 signal");
	/* Nothing but that. */
	start_file();
	put_at(CODE_OFF, code, sizeof(code) - 1);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 signal | 9 -");
	start_file();
	put_at(CODE_OFF + 0x20, code, sizeof(code) - 2);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
}

/* More code than is read at once: wherever the bytes lie, they are found. */
static void signal_returns_at_seams(void)
{
	static const char code[] = "\x48\xc7\xc0\x0f\0\0\0\x0f\x05";
	size_t code_bytes = 200u << 10;
	uint8_t *bytes;

	start_file();
	file_phdrs()[1].p_filesz = file_phdrs()[1].p_memsz = code_bytes;
	for (size_t off = (64u << 10) - 12; off < (64u << 10) + 4; off++) {
		struct unwind_rules *rules = unwind_rules_new();
		struct unwind_table table = { 0 };

		bytes = calloc(1, CODE_OFF + code_bytes);
		memcpy(bytes, file.bytes, CODE_OFF);
		memcpy(bytes + CODE_OFF + off, code, sizeof(code) - 1);
		memcpy(bytes + CODE_OFF + 2 * off, code, sizeof(code) - 1);
		CHECK_INT(unwind_table_build_memory(bytes, CODE_OFF + code_bytes, rules, &table),
			  0);
		for (size_t i = 1; i <= 2 && table.elements; i++) {
			uint64_t at = CODE_OFF + i * off;

			CHECK_INT(unwind_table_find(&table, rules, at - 2)->cfa, SCOPE_CFA_NONE);
			CHECK_INT(unwind_table_find(&table, rules, at - 1)->cfa, SCOPE_CFA_SIGNAL);
			CHECK_INT(unwind_table_find(&table, rules, at + 8)->cfa, SCOPE_CFA_SIGNAL);
			CHECK_INT(unwind_table_find(&table, rules, at + 9)->cfa, SCOPE_CFA_NONE);
		}
		unwind_table_free(&table);
		unwind_rules_free(&rules);
		free(bytes);
	}
}

/* An element holds 1024 rows; a page with more has none. */
static void crowded_pages(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 };

	for (uint32_t rows = SCOPE_UNWIND_ROWS; rows <= SCOPE_UNWIND_ROWS + 1; rows++) {
		start_file();
		for (uint32_t i = 0; i < rows; i++)
			add_eh(PAGE + 2 * i, 2, i & 1 ? 16 : 24);
		add_eh(2 * PAGE, 0x10, 32);
		CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
		table_is_sound(&table, rules);
		/* The gap behind them is one row, too. */
		CHECK_INT(table.pages_dropped, 1);
		CHECK_INT(unwind_table_find(&table, rules, CODE_OFF + PAGE)->cfa, SCOPE_CFA_NONE);
		CHECK_INT(unwind_table_find(&table, rules, CODE_OFF + 2 * PAGE)->cfa_off, 32);
		unwind_table_free(&table);
	}
	start_file();
	for (uint32_t i = 0; i < SCOPE_UNWIND_ROWS - 1; i++)
		add_eh(PAGE + 2 * i, 2, i & 1 ? 16 : 24);
	add_eh(2 * PAGE, 0x10, 32);
	CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
	table_is_sound(&table, rules);
	CHECK_INT(table.pages_dropped, 0);
	CHECK_INT(table.rows, SCOPE_UNWIND_ROWS + 2);
	CHECK_INT(table.element_count, 3);
	CHECK_INT(unwind_table_find(&table, rules, CODE_OFF + PAGE + 2 * 1022)->cfa_off, 24);
	CHECK_INT(unwind_table_find(&table, rules, CODE_OFF + PAGE + 2 * 1023)->cfa,
		  SCOPE_CFA_NONE);
	unwind_table_free(&table);
	unwind_rules_free(&rules);
}

static void lookups_outside(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 };

	start_file();
	add_eh(0, CODE_PAGES * PAGE, 16);
	CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
	CHECK_INT(table.first_off, CODE_OFF);
	CHECK_INT(table.pages, CODE_PAGES);
	CHECK_INT(table.rows_unsupported, 0);
	CHECK_INT(unwind_table_find(&table, rules, CODE_OFF - 1)->cfa, SCOPE_CFA_NONE);
	CHECK_INT(unwind_table_find(&table, rules, CODE_OFF)->cfa, SCOPE_CFA_SP);
	CHECK_INT(unwind_table_find(&table, rules, FILE_BYTES - 1)->cfa, SCOPE_CFA_SP);
	CHECK_INT(unwind_table_find(&table, rules, FILE_BYTES)->cfa, SCOPE_CFA_NONE);
	CHECK_INT(unwind_table_find(&table, rules, UINT64_MAX)->cfa, SCOPE_CFA_NONE);
	CHECK_INT(unwind_table_find(&table, rules, 0)->cfa, SCOPE_CFA_NONE);
	unwind_table_free(&table);
	/* Code that begins within a page, and more than one segment, out of order. */
	start_file();
	file_phdrs()[1].p_offset += 0x10;
	file_phdrs()[1].p_vaddr += 0x10;
	file_phdrs()[1].p_filesz = PAGE;
	file_phdrs()[0].p_flags |= PF_X;
	file_phdrs()[0].p_offset = CODE_OFF + 2 * PAGE;
	file_phdrs()[0].p_vaddr = 0x900000;
	file_phdrs()[0].p_filesz = 0x800;
	add_eh(0x10, 0x20, 16);
	add_eh(0x900000 - VADDR - CODE_OFF, 0x20, 24);
	CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
	CHECK_INT(table.first_off, CODE_OFF);
	CHECK_INT(table.pages, 3);
	CHECK_TEXT(describe(&table, rules), "0 - | 10 16 | 30 - | 2000 24 | 2020 -");
	unwind_table_free(&table);
	unwind_rules_free(&rules);
}

static void counts_what_it_cannot_say(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 };
	size_t at;

	start_file();
	add_eh(0, 0x100, 16);
	at = EH_OFF + file.eh_size;
	add_eh(0x100, 0x100, 24);
	put_number_at(at + 17, 0x0d, 1); /* CFA of register 24 */
	CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
	CHECK_INT(table.rows_unsupported, 1);
	CHECK_INT(table.unsupported[CFI_WHY_CFA_REGISTER], 1);
	CHECK_TEXT(describe(&table, rules), "0 16 | 100 -");
	unwind_table_free(&table);
	unwind_rules_free(&rules);
}

static void no_tables(void)
{
	start_file();
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	add_eh(0, 0x10, 16);
	file_phdrs()[1].p_flags = PF_R;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	start_file();
	file_ehdr()->e_machine = EM_386;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	start_file();
	file_ehdr()->e_ident[EI_CLASS] = ELFCLASS32;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	start_file();
	file_ehdr()->e_phnum = 0;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	start_file();
	file_ehdr()->e_phoff = UINT64_MAX;
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	start_file();
	memset(file.bytes, 'x', 4);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOEXEC");
	CHECK_TEXT(table_of_file(0), "ENOEXEC");
}

/* A sparse file can be of any size: what it costs is bounded. */
static void huge_files(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 };
	int fd = memfd_create("elf", MFD_CLOEXEC);
	uint64_t size = (uint64_t)1 << 40;

	start_file();
	add_eh(0, 0x10, 16);
	file_shdrs()[SECTION_EH].sh_size = size - EH_OFF;
	file_shdrs()[SECTION_DEBUG].sh_size = size - DEBUG_OFF;
	file_phdrs()[0].p_filesz = size;
	CHECK(write(fd, file.bytes, FILE_BYTES) == FILE_BYTES);
	CHECK_INT(ftruncate(fd, (off_t)size), 0);
	CHECK_INT(unwind_table_build(fd, size, rules, &table), 0);
	unwind_table_free(&table);
	file_phdrs()[1].p_filesz = size;
	CHECK(pwrite(fd, file.bytes, FILE_BYTES, 0) == FILE_BYTES);
	CHECK_INT(unwind_table_build(fd, size, rules, &table), -E2BIG);
	/* Shorter than it was said to be. */
	CHECK_INT(ftruncate(fd, 0x100), 0);
	CHECK(unwind_table_build(fd, FILE_BYTES, rules, &table) != 0);
	unwind_rules_free(&rules);
	close(fd);
}

/* --- broken files ----------------------------------------------------------------------------- */

static void cut_files(void)
{
	start_file();
	for (uint32_t i = 0; i < 200; i++)
		add_eh(0x10 * i, 0x10, (uint8_t)(8 + 8 * (i % 8)));
	add_debug(0x2000, 0x100, 16);
	for (size_t size = 0; size < FILE_BYTES; size += size < 0x800 ? 1 : 61)
		table_of_file(size);
}

static void mutated_headers(void)
{
	static uint8_t pristine[FILE_BYTES];
	struct unwind_rules *rules = unwind_rules_new();
	size_t built = 0;

	start_file();
	for (uint32_t i = 0; i < 20; i++)
		add_eh(0x10 * i, 0x10, (uint8_t)(8 + 8 * (i % 8)));
	add_debug(0x2000, 0x100, 16);
	pack_debug(1, false);
	memcpy(pristine, file.bytes, sizeof(pristine));
	random_state = 2;
	for (int round = 0; round < 10000; round++) {
		static const uint32_t areas[][2] = {
			{ 0, 64 },
			{ 64, 3 * 56 },
			{ EH_HDR_OFF, 8 },
			{ EH_OFF, 0x80 },
			{ SHDRS_OFF, SECTIONS * 64 },
			{ DEBUG_OFF, 0x60 },
		};
		struct unwind_table table = { 0 };
		uint32_t changes = 1 + draw(3);

		memcpy(file.bytes, pristine, sizeof(pristine));
		while (changes--) {
			const uint32_t *area = areas[draw(sizeof(areas) / sizeof(*areas))];

			file.bytes[area[0] + draw(area[1])] =
				draw(3) ? (uint8_t)draw(256) : (uint8_t)(0xff * draw(2));
		}
		if (unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table) == 0) {
			table_is_sound(&table, rules);
			built++;
		}
		unwind_table_free(&table);
	}
	CHECK(built > 3000);
	unwind_rules_free(&rules);
}

int main(void)
{
	CHECK_CASE(gaps_and_padding);
	CHECK_CASE(entry_points);
	CHECK_CASE(eh_before_debug);
	CHECK_CASE(without_section_headers);
	CHECK_CASE(packed_sections);
	CHECK_CASE(signal_returns);
	CHECK_CASE(signal_returns_at_seams);
	CHECK_CASE(crowded_pages);
	CHECK_CASE(lookups_outside);
	CHECK_CASE(counts_what_it_cannot_say);
	CHECK_CASE(no_tables);
	CHECK_CASE(huge_files);
	CHECK_CASE(cut_files);
	CHECK_CASE(mutated_headers);
	return check_status();
}
