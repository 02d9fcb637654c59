// SPDX-License-Identifier: MIT
/* Unwind tables of ELF files: real ones against elfutils, hand-made and broken ones. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "cfi_oracle.h"
#include "check.h"
#include "unwind_table.h"

/* --- real files against elfutils --------------------------------------------------------------- */

struct comparison {
	struct oracle oracle;
	struct unwind_rules *rules;
	struct unwind_table table;
	Elf64_Phdr segment;
	const char *path;
	size_t rows, none, gaps;
};

/* Less than this between functions is padding, which goes by the rule before it. */
#define PADDING_MAX 16

static bool is_padding(struct comparison *c, uint64_t vaddr)
{
	uint64_t start, end;

	for (uint64_t back = 1; back < PADDING_MAX; back++) {
		Dwarf_Frame *frame = oracle_frame(&c->oracle, vaddr - back, &start, &end);

		free(frame);
		if (frame)
			return true;
	}
	return false;
}

static void compare_at(struct comparison *c, Dwarf_Frame *frame, uint64_t vaddr)
{
	uint64_t file_off = vaddr - c->segment.p_vaddr + c->segment.p_offset;
	const struct scope_unwind_rule *rule = unwind_table_find(&c->table, c->rules, file_off);
	struct oracle_caller have = oracle_caller_by_rule(rule, vaddr), want;

	if (have.kind == ORACLE_NONE) {
		c->none++;
		return;
	}
	want = oracle_caller(frame, vaddr);
	if (!oracle_agrees(&have, &want))
		check_fail(__FILE__, __LINE__,
			   "%s at %#" PRIx64 ": cfa %u bp %u ra %u reg %u %d %d %d %d; kind %d, not %d",
			   c->path, vaddr, rule->cfa, rule->bp, rule->ra, rule->reg, rule->cfa_off,
			   rule->bp_off, rule->ra_off, rule->add, have.kind, want.kind);
}

static void compare_gap(struct comparison *c, uint64_t vaddr)
{
	uint64_t file_off = vaddr - c->segment.p_vaddr + c->segment.p_offset;
	const struct scope_unwind_rule *rule = unwind_table_find(&c->table, c->rules, file_off);

	c->gaps++;
	if (rule->cfa != SCOPE_CFA_NONE && rule->cfa != SCOPE_CFA_SIGNAL && !is_padding(c, vaddr))
		check_fail(__FILE__, __LINE__, "%s: a rule at %#" PRIx64 ", of which nothing is said",
			   c->path, vaddr);
}

/* Every row of elfutils', at its first, second and last byte. */
static void compare_segment(struct comparison *c)
{
	uint64_t vaddr = c->segment.p_vaddr, end = vaddr + c->segment.p_filesz;

	while (vaddr < end) {
		uint64_t row_start, row_end;
		Dwarf_Frame *frame = oracle_frame(&c->oracle, vaddr, &row_start, &row_end);

		if (!frame) {
			compare_gap(c, vaddr++);
			continue;
		}
		c->rows++;
		compare_at(c, frame, vaddr);
		if (vaddr + 1 < row_end)
			compare_at(c, frame, vaddr + 1);
		compare_at(c, frame, row_end - 1);
		free(frame);
		vaddr = row_end;
	}
}

static void compare_file(const char *path)
{
	struct comparison c = { .path = path, .rules = unwind_rules_new() };
	struct stat st;
	size_t phdrs;

	CHECK(oracle_open(&c.oracle, path));
	CHECK(c.oracle.fd >= 0 && fstat(c.oracle.fd, &st) == 0);
	CHECK_INT(unwind_table_build(c.oracle.fd, (uint64_t)st.st_size, c.rules, &c.table), 0);
	if (elf_getphdrnum(c.oracle.elf, &phdrs) != 0 || !c.table.elements)
		phdrs = 0;
	for (size_t i = 0; i < phdrs; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(c.oracle.elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    phdr.p_flags & PF_X) {
			c.segment = phdr;
			compare_segment(&c);
		}
	}
	CHECK(c.rows > 0);
	/* Of a thousand rows hardly one. */
	CHECK(c.none <= c.rows * 3 / 1000 + 3);
	CHECK_INT(c.table.pages_dropped, 0);
	printf("# %s: %zu rows of elfutils', %zu checks without a rule, %zu bytes of which nothing "
	       "is said\n",
	       path, c.rows, c.none, c.gaps);
	unwind_table_free(&c.table);
	unwind_rules_free(&c.rules);
	oracle_close(&c.oracle);
}

static const char *compared_path;

static void compare_one(void)
{
	compare_file(compared_path);
}

static void compare_files(void)
{
	static const char *const files[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",	 "/lib64/ld-linux-x86-64.so.2",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
		"/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "/usr/lib/x86_64-linux-gnu/libgcrypt.so.20",
		"/usr/lib/x86_64-linux-gnu/libffi.so.8", "/usr/bin/python3",
		"/proc/self/exe",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		const char *name = strrchr(files[i], '/') + 1;
		char label[128];

		snprintf(label, sizeof(label), "agrees_with_elfutils_%s", name);
		compared_path = files[i];
		if (access(files[i], R_OK) == 0)
			check_case(label, compare_one);
		else
			check_skip(label, "it is not there");
	}
}

/* --- the vdso ---------------------------------------------------------------------------------- */

static void vdso(void)
{
	const Elf64_Ehdr *ehdr = (const void *)getauxval(AT_SYSINFO_EHDR);
	size_t bytes = ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
	struct comparison c = { .path = "[vdso]", .rules = unwind_rules_new() };
	void *copy = malloc(bytes);

	/* A copy of just the size, so that the sanitizer sees a read beyond. */
	memcpy(copy, ehdr, bytes);
	CHECK_INT(unwind_table_build_memory(copy, bytes, c.rules, &c.table), 0);
	CHECK(oracle_open_memory(&c.oracle, copy, bytes));
	for (size_t i = 0; i < ehdr->e_phnum; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(c.oracle.elf, (int)i, &phdr) && phdr.p_type == PT_LOAD)
			c.segment = phdr;
	}
	if (c.table.elements)
		compare_segment(&c);
	CHECK(c.rows > 5);
	CHECK_INT(c.none, 0);
	unwind_table_free(&c.table);
	unwind_rules_free(&c.rules);
	oracle_close(&c.oracle);
	free(copy);
}

/* --- hand-made files --------------------------------------------------------------------------- */

/*
 * A file of one page of headers and call frame information and CODE_PAGES of code behind, which is filled with
 * int3 unless a test puts something there. Addresses are VADDR above offsets.
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

enum { SECTION_NONE, SECTION_NAMES, SECTION_EH, SECTION_DEBUG, SECTIONS };

static const char section_names[] = "\0.shstrtab\0.eh_frame\0.debug_frame\0.zdebug_frame";

static struct {
	uint8_t bytes[FILE_BYTES];
	size_t eh_size, debug_size;
} file;

static Elf64_Ehdr *file_ehdr(void)
{
	return (Elf64_Ehdr *)file.bytes;
}

static Elf64_Phdr *file_phdrs(void)
{
	return (Elf64_Phdr *)(file.bytes + sizeof(Elf64_Ehdr));
}

static Elf64_Shdr *file_shdrs(void)
{
	return (Elf64_Shdr *)(file.bytes + SHDRS_OFF);
}

static void put_at(size_t off, const void *bytes, size_t count)
{
	CHECK(off + count <= sizeof(file.bytes));
	memcpy(file.bytes + off, bytes, count);
}

static void put_number_at(size_t off, uint64_t number, size_t bytes)
{
	put_at(off, &number, bytes);
}

/* Headers, and common entries in both sections. */
static void start_file(void)
{
	static const char eh_common[] = "\x11\0\0\0\0\0\0\0\x01zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08"
					"\x90\x01\0\0\0";
	static const char debug_common[] = "\x10\0\0\0\xff\xff\xff\xff\x03\0\x01\x78\x10\x0c\x07\x08"
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
	phdrs[1] = (Elf64_Phdr){ PT_LOAD,	   PF_R | PF_X,	      CODE_OFF, VADDR + CODE_OFF,
				 VADDR + CODE_OFF, CODE_PAGES * PAGE, CODE_PAGES * PAGE, PAGE };
	phdrs[2] = (Elf64_Phdr){ PT_GNU_EH_FRAME, PF_R, EH_HDR_OFF, VADDR + EH_HDR_OFF,
				 VADDR + EH_HDR_OFF, 8, 8, 4 };
	/* Version, pcrel | sdata4, nothing else; the distance from the pointer to .eh_frame. */
	put_at(EH_HDR_OFF, "\x01\x1b\xff\xff", 4);
	put_number_at(EH_HDR_OFF + 4, EH_OFF - (EH_HDR_OFF + 4), 4);
	put_at(NAMES_OFF, section_names, sizeof(section_names));
	shdrs[SECTION_NAMES] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_STRTAB,
					     .sh_offset = NAMES_OFF,
					     .sh_size = sizeof(section_names) };
	shdrs[SECTION_EH] = (Elf64_Shdr){ .sh_name = 11, .sh_type = SHT_PROGBITS,
					  .sh_flags = SHF_ALLOC, .sh_addr = VADDR + EH_OFF,
					  .sh_offset = EH_OFF };
	shdrs[SECTION_DEBUG] = (Elf64_Shdr){ .sh_name = 21, .sh_type = SHT_PROGBITS,
					     .sh_offset = DEBUG_OFF };
	put_at(EH_OFF, eh_common, sizeof(eh_common) - 1);
	put_number_at(EH_OFF, sizeof(eh_common) - 1 - 4, 4);
	put_at(DEBUG_OFF, debug_common, sizeof(debug_common) - 1);
	file.eh_size = sizeof(eh_common) - 1;
	file.debug_size = sizeof(debug_common) - 1;
	shdrs[SECTION_EH].sh_size = file.eh_size;
	shdrs[SECTION_DEBUG].sh_size = file.debug_size;
}

/* A function at an offset into the code whose CFA is sp + cfa_off (less than 128). */
static void add_eh(uint32_t off, uint32_t bytes, uint8_t cfa_off)
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

static void add_debug(uint32_t off, uint32_t bytes, uint8_t cfa_off)
{
	size_t at = DEBUG_OFF + file.debug_size;

	put_number_at(at, 24, 4);
	put_number_at(at + 4, 0, 4);
	put_number_at(at + 8, VADDR + CODE_OFF + off, 8);
	put_number_at(at + 16, bytes, 8);
	put_number_at(at + 24, 0x0e, 1);
	put_number_at(at + 25, cfa_off, 3);
	file.debug_size += 28;
	file_shdrs()[SECTION_DEBUG].sh_size = file.debug_size;
}

/* The rules from the start of the code on, as text: where it changes, and the CFA's offset from sp. */
static const char *describe(const struct unwind_table *table, const struct unwind_rules *rules)
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
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%d",
						 rule->cfa_off);
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s",
						 rule->cfa == SCOPE_CFA_SIGNAL ? "signal" : "-");
		last = rule;
	}
	return text;
}

/* What every table keeps to, whatever it was made of: what the walker relies on. */
static void table_is_sound(const struct unwind_table *table, const struct unwind_rules *rules)
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
static const char *table_of_file(size_t size)
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

static void gaps_and_padding(void)
{
	start_file();
	add_eh(0x10, 0x20, 16);
	add_eh(0x3f, 0x11, 24); /* 15 bytes of padding before */
	add_eh(0x60, 0x10, 32); /* 16 bytes before */
	add_eh(0x2ff0, 0x10, 40);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 10 16 | 3f 24 | 50 - | 60 32 | 70 - | 2ff0 40");
	/* All of a page by one rule. */
	start_file();
	add_eh(0, 0x2010, 16);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 16 | 2010 -");
}

static void eh_before_debug(void)
{
	start_file();
	add_eh(0x100, 0x100, 16);
	add_debug(0x80, 0x100, 24); /* half of it is the other's */
	add_debug(0x1f0, 0x20, 32);
	add_debug(0x400, 0x10, 40);
	CHECK_TEXT(table_of_file(FILE_BYTES), "0 - | 80 24 | 100 16 | 200 32 | 210 - | 400 40 | 410 -");
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

	/* Where .eh_frame says nothing, whatever .debug_frame says; a byte before, for lookups minus one. */
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
		CHECK_INT(unwind_table_build_memory(bytes, CODE_OFF + code_bytes, rules, &table), 0);
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
	CHECK_INT(unwind_table_find(&table, rules, CODE_OFF + PAGE + 2 * 1023)->cfa, SCOPE_CFA_NONE);
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

/* --- broken files ------------------------------------------------------------------------------ */

static void cut_files(void)
{
	start_file();
	for (uint32_t i = 0; i < 200; i++)
		add_eh(0x10 * i, 0x10, (uint8_t)(8 + 8 * (i % 8)));
	add_debug(0x2000, 0x100, 16);
	for (size_t size = 0; size < FILE_BYTES; size += size < 0x800 ? 1 : 61)
		table_of_file(size);
}

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
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
			{ 0, 64 }, { 64, 3 * 56 }, { EH_HDR_OFF, 8 }, { EH_OFF, 0x80 },
			{ SHDRS_OFF, SECTIONS * 64 }, { DEBUG_OFF, 0x60 },
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

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Where a real file's .eh_frame is; the file, to be freed. */
static uint8_t *load_real(size_t *ret_size, size_t *ret_off, size_t *ret_bytes)
{
	struct oracle o;
	Elf_Scn *section = NULL;
	size_t names;
	uint8_t *bytes;
	struct stat st;

	*ret_bytes = 0;
	if (!oracle_open(&o, "/proc/self/exe") || fstat(o.fd, &st) ||
	    elf_getshdrstrndx(o.elf, &names))
		return NULL;
	while ((section = elf_nextscn(o.elf, section))) {
		GElf_Shdr shdr;

		if (gelf_getshdr(section, &shdr) &&
		    strcmp(elf_strptr(o.elf, names, shdr.sh_name), ".eh_frame") == 0) {
			*ret_off = shdr.sh_offset;
			*ret_bytes = shdr.sh_size;
		}
	}
	*ret_size = (size_t)st.st_size;
	bytes = malloc(*ret_size);
	CHECK(pread(o.fd, bytes, *ret_size, 0) == (ssize_t)*ret_size);
	oracle_close(&o);
	return bytes;
}

/* Ten thousand times a few bytes of a real file's .eh_frame are others. */
static void mutated_real_file(void)
{
	size_t size = 0, off = 0, bytes = 0, built = 0;
	uint8_t *real = load_real(&size, &off, &bytes);
	struct unwind_rules *rules = unwind_rules_new();
	double whole_ms, worst_ms = 0;
	struct unwind_table table = { 0 };

	CHECK(real && bytes > 4096);
	whole_ms = now_ms();
	CHECK(real && unwind_table_build_memory(real, size, rules, &table) == 0);
	whole_ms = now_ms() - whole_ms;
	unwind_table_free(&table);
	random_state = 3;
	for (int round = 0; round < 10000 && real && bytes; round++) {
		uint32_t at[8], changes = 1 + draw(8);
		uint8_t old[8];
		double ms;

		for (uint32_t i = 0; i < changes; i++) {
			/* Half of them where the entries begin, before which nothing is read. */
			at[i] = draw(draw(2) ? (uint32_t)bytes : 256);
			old[i] = real[off + at[i]];
			real[off + at[i]] = draw(3) ? (uint8_t)draw(256) : (uint8_t)(0xff * draw(2));
		}
		ms = now_ms();
		if (unwind_table_build_memory(real, size, rules, &table) == 0)
			built++;
		ms = now_ms() - ms;
		if (ms > worst_ms)
			worst_ms = ms;
		table_is_sound(&table, rules);
		unwind_table_free(&table);
		while (changes--)
			real[off + at[changes]] = old[changes];
	}
	CHECK(built > 5000);
	CHECK(worst_ms < 20 * whole_ms + 200);
	printf("# a build took %.2f ms, the worst of broken ones %.2f ms; %zu of 10000 made a table\n",
	       whole_ms, worst_ms, built);
	unwind_rules_free(&rules);
	free(real);
}

/* With arguments: compares those files. */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		compared_path = argv[i];
		check_case(argv[i], compare_one);
	}
	if (argc > 1)
		return check_status();
	CHECK_CASE(gaps_and_padding);
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
	CHECK_CASE(mutated_real_file);
	CHECK_CASE(vdso);
	compare_files();
	return check_status();
}
