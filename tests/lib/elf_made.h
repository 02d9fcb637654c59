/* SPDX-License-Identifier: MIT */
/*
 * elf_made.h - an ELF file by hand, and the unwind table that is made of it as text.
 */
#ifndef ELF_MADE_H
#define ELF_MADE_H

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "unwind_table.h"

/*
 * A file of one page of headers and call frame information and CODE_PAGES of code behind, which is
 * filled with int3 unless a test puts something there. Addresses are VADDR above offsets.
 */
#define VADDR	   0x400000u
#define PAGE	   SCOPE_UNWIND_PAGE
#define CODE_OFF   (16 * PAGE)
#define CODE_PAGES 3u
#define FILE_BYTES (CODE_OFF + CODE_PAGES * PAGE)
#define EH_HDR_OFF 0x400u
#define EH_OFF	   0x440u
#define DEBUG_OFF  (8 * PAGE)
#define NAMES_OFF  (CODE_OFF - 0x100u)
#define SHDRS_OFF  (CODE_OFF - 0x400u)

#define GO_OFF (12 * PAGE)

enum { SECTION_NONE, SECTION_NAMES, SECTION_EH, SECTION_DEBUG, SECTION_GO, SECTION_TEXT, SECTIONS };

static const char section_names[] =
	"\0.shstrtab\0.eh_frame\0.debug_frame\0.zdebug_frame\0.gopclntab\0.text";

static struct {
	uint8_t bytes[FILE_BYTES];
	size_t eh_size, debug_size;
} file;

static inline Elf64_Ehdr *file_ehdr(void)
{
	return (Elf64_Ehdr *)file.bytes;
}

static inline Elf64_Phdr *file_phdrs(void)
{
	return (Elf64_Phdr *)(file.bytes + sizeof(Elf64_Ehdr));
}

static inline Elf64_Shdr *file_shdrs(void)
{
	return (Elf64_Shdr *)(file.bytes + SHDRS_OFF);
}

static inline void put_at(size_t off, const void *bytes, size_t count)
{
	CHECK(off + count <= sizeof(file.bytes));
	memcpy(file.bytes + off, bytes, count);
}

static inline void put_number_at(size_t off, uint64_t number, size_t bytes)
{
	put_at(off, &number, bytes);
}

/* Headers, and common entries in both sections. */
static inline void start_file(void)
{
	static const char eh_common[] = "\x11\0\0\0\0\0\0\0\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08"
					"\x90\x01\0\0\0";
	static const char debug_common[] =
		"\x10\0\0\0\xff\xff\xff\xff\x03\0\x01\x78\x10\x0c\x07\x08"
		"\x90\x01\0\0";
	Elf64_Ehdr *ehdr = file_ehdr();
	Elf64_Phdr *phdrs = file_phdrs();
	Elf64_Shdr *shdrs = file_shdrs();

	memset(&file, 0, sizeof(file));
	memset(file.bytes + CODE_OFF, 0xcc, CODE_PAGES * PAGE);
	memcpy(ehdr->e_ident, ELFMAG, SELFMAG);
	ehdr->e_ident[EI_CLASS] = ELFCLASS64;
	ehdr->e_ident[EI_DATA] = ELFDATA2LSB;
	ehdr->e_ident[EI_VERSION] = EV_CURRENT;
	ehdr->e_version = EV_CURRENT;
	ehdr->e_type = ET_DYN;
	ehdr->e_machine = EM_X86_64;
	ehdr->e_ehsize = sizeof(*ehdr);
	ehdr->e_phoff = sizeof(*ehdr);
	ehdr->e_phentsize = sizeof(*phdrs);
	ehdr->e_phnum = 3;
	ehdr->e_shoff = SHDRS_OFF;
	ehdr->e_shentsize = sizeof(*shdrs);
	ehdr->e_shnum = SECTIONS;
	ehdr->e_shstrndx = SECTION_NAMES;
	phdrs[0] = (Elf64_Phdr){ PT_LOAD, PF_R, 0, VADDR, VADDR, CODE_OFF, CODE_OFF, PAGE };
	phdrs[1] = (Elf64_Phdr){ PT_LOAD,	    PF_R | PF_X,
				 CODE_OFF,	    VADDR + CODE_OFF,
				 VADDR + CODE_OFF,  CODE_PAGES * PAGE,
				 CODE_PAGES * PAGE, PAGE };
	phdrs[2] = (Elf64_Phdr){ PT_GNU_EH_FRAME,    PF_R, EH_HDR_OFF, VADDR + EH_HDR_OFF,
				 VADDR + EH_HDR_OFF, 8,	   8,	       4 };
	/* Version, pcrel | sdata4, nothing else; the distance from the pointer to .eh_frame. */
	put_at(EH_HDR_OFF, "\x01\x1b\xff\xff", 4);
	put_number_at(EH_HDR_OFF + 4, EH_OFF - (EH_HDR_OFF + 4), 4);
	put_at(NAMES_OFF, section_names, sizeof(section_names));
	shdrs[SECTION_NAMES] = (Elf64_Shdr){ .sh_name = 1,
					     .sh_type = SHT_STRTAB,
					     .sh_offset = NAMES_OFF,
					     .sh_size = sizeof(section_names) };
	shdrs[SECTION_EH] = (Elf64_Shdr){ .sh_name = 11,
					  .sh_type = SHT_PROGBITS,
					  .sh_flags = SHF_ALLOC,
					  .sh_addr = VADDR + EH_OFF,
					  .sh_offset = EH_OFF };
	shdrs[SECTION_DEBUG] =
		(Elf64_Shdr){ .sh_name = 21, .sh_type = SHT_PROGBITS, .sh_offset = DEBUG_OFF };
	put_at(EH_OFF, eh_common, sizeof(eh_common) - 1);
	put_number_at(EH_OFF, sizeof(eh_common) - 1 - 4, 4);
	put_at(DEBUG_OFF, debug_common, sizeof(debug_common) - 1);
	file.eh_size = sizeof(eh_common) - 1;
	file.debug_size = sizeof(debug_common) - 1;
	shdrs[SECTION_EH].sh_size = file.eh_size;
	shdrs[SECTION_DEBUG].sh_size = file.debug_size;
}

/* A function at an offset into the code whose CFA is sp + cfa_off (less than 128). */
static inline void add_eh(uint32_t off, uint32_t bytes, uint8_t cfa_off)
{
	size_t at = EH_OFF + file.eh_size;

	put_number_at(at, 16, 4);
	put_number_at(at + 4, file.eh_size + 4, 4);
	put_number_at(at + 8, CODE_OFF + off - (at + 8), 4);
	put_number_at(at + 12, bytes, 4);
	put_number_at(at + 16, 0, 1);
	put_number_at(at + 17, 0x0e, 1);
	put_number_at(at + 18, cfa_off, 2);
	file.eh_size += 20;
	file_shdrs()[SECTION_EH].sh_size = file.eh_size;
}

static inline void add_debug(uint32_t off, uint32_t bytes, uint8_t cfa_off)
{
	size_t at = DEBUG_OFF + file.debug_size;

	put_number_at(at, 24, 4);
	put_number_at(at + 4, 0, 4);
	put_number_at(at + 8, (uint32_t)(VADDR + CODE_OFF + off), 8);
	put_number_at(at + 16, bytes, 8);
	put_number_at(at + 24, 0x0e, 1);
	put_number_at(at + 25, cfa_off, 3);
	file.debug_size += 28;
	file_shdrs()[SECTION_DEBUG].sh_size = file.debug_size;
}

/* The rules from the start of the code on, as text: where it changes, and the CFA less sp; with b,
 * if the frame pointer is saved. */
static inline const char *describe(const struct unwind_table *table,
				   const struct unwind_rules *rules)
{
	const struct scope_unwind_rule *last = NULL;
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t off = 0; off < CODE_PAGES * PAGE && used < sizeof(text) - 64; off++) {
		const struct scope_unwind_rule *rule =
			unwind_table_find(table, rules, CODE_OFF + off);

		if (rule == last)
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%x ",
					 last ? " | " : "", off);
		if (rule->cfa == SCOPE_CFA_SP)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%d%s",
						 rule->cfa_off, rule->bp ? "b" : "");
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
						 rule->cfa == SCOPE_CFA_SIGNAL	 ? "signal"
						 : rule->cfa == SCOPE_CFA_END	 ? "end"
						 : rule->cfa == SCOPE_CFA_BP_FAR ? "far"
										 : "-");
		last = rule;
	}
	return text;
}

/* What every table keeps to, whatever it was made of: what the walker relies on. */
static inline void table_is_sound(const struct unwind_table *table,
				  const struct unwind_rules *rules)
{
	const struct scope_unwind_page *pages = table->elements;
	size_t rows_count = 0;

	CHECK(table->element_count * SCOPE_UNWIND_PAGES >= table->pages);
	CHECK_INT(table->first_off % PAGE, 0);
	for (uint32_t i = 0; i < table->pages; i++) {
		const uint32_t *rows;

		if (!pages[i].count)
			continue;
		CHECK(pages[i].element * SCOPE_UNWIND_PAGES >= table->pages);
		CHECK(pages[i].element < table->element_count);
		CHECK(pages[i].first + pages[i].count <= SCOPE_UNWIND_ROWS);
		if (check_why[0])
			return;
		rows = (const uint32_t *)table->elements + pages[i].element * SCOPE_UNWIND_ROWS +
		       pages[i].first;
		CHECK_INT(rows[0] >> 16, 0);
		rows_count += pages[i].count;
		for (uint32_t j = 0; j < pages[i].count; j++) {
			CHECK((rows[j] & 0xffff) < unwind_rules_count(rules));
			CHECK(rows[j] >> 16 < PAGE);
			CHECK(!j || rows[j] >> 16 > rows[j - 1] >> 16);
			CHECK(!j || (rows[j] & 0xffff) != (rows[j - 1] & 0xffff));
		}
	}
	CHECK_INT(rows_count, table->rows);
}

/* The file as it is, from memory and from a descriptor: the text of its table, or its error. */
static inline const char *table_of_file(size_t size)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 }, by_fd = { 0 };
	int fd = memfd_create("elf", MFD_CLOEXEC);
	uint8_t *copy = malloc(size ? size : 1);
	const char *text;
	int error;

	memcpy(copy, file.bytes, size);
	CHECK(write(fd, copy, size) == (ssize_t)size);
	error = unwind_table_build_memory(copy, size, rules, &table);
	CHECK_INT(unwind_table_build(fd, size, rules, &by_fd), error);
	if (!error) {
		table_is_sound(&table, rules);
		CHECK_INT(by_fd.element_count, table.element_count);
		CHECK(memcmp(by_fd.elements, table.elements,
			     table.element_count * SCOPE_UNWIND_ELEMENT) == 0);
		text = describe(&table, rules);
	} else {
		CHECK(!table.elements);
		text = error == -ENOENT	   ? "ENOENT"
		       : error == -ENOEXEC ? "ENOEXEC"
		       : error == -E2BIG   ? "E2BIG"
					   : strerror(-error);
	}
	free(copy);
	close(fd);
	unwind_table_free(&table);
	unwind_table_free(&by_fd);
	unwind_rules_free(&rules);
	return text;
}

/* Numbers that are the same in every run. */
static uint64_t random_state;

static inline uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

#endif
