// SPDX-License-Identifier: MIT
/* Unwind tables of Go programs, by their own table of functions. */
#include "elf_made.h"

#define GO_NAMES     0x80u
#define GO_PROGRAMS  0x400u
#define GO_FUNCTIONS 0x600u
#define GO_BYTES     0xc00u

struct go_function {
	uint32_t off; /* in the code; its end is the next's */
	const char *name;
	uint8_t flags;
	const char *program; /* of its frame's size */
	const char *code;
};

#define SP_WRITES 2

static const struct go_function go_functions[] = {
	/* 0 up to 4, then 0x20 up to 0x10, then 0 */
	{ 0x10, "main.work", 0, "\x02\x04\x40\x0c\x3f\x10", "" },
	{ 0x30, "runtime.goexit", 1, "\x02\x20", "\x90\xe8\x11\x22\x33\x44\x90" },
	{ 0x50, "runtime.mcall", SP_WRITES | 4, "\x02\x20",
	  "\x90\x41\xff\xd4\x90\xe8\1\2\3\4\x90\xff\x57\x10\x90\xff\xd8\xff\x10\xff\x14\x24\x90" },
	{ 0x70, "runtime.cgocallback", SP_WRITES, "\x02\x08\x10\x18", "\xe8\1\2\3\4" },
	{ 0x90, "runtime.sigreturn", 0, "\x02\x10", "" },
	{ 0xa0, "main.unknown", 0, NULL, "" },
	{ 0xb0, "main.odd", 0, "\x02\x04\x09\x04\x0a\x80", "" }, /* below nothing, then cut */
	{ 0xc0, NULL, 0, NULL, NULL },
};

/* As the linker of Go 1.20 or, with `old`, 1.18 lays it out. */
static void put_go_table(bool old)
{
	size_t flags_at = old ? 37 : 41, names = 0, programs = 1, count = 0, at;
	Elf64_Shdr *shdrs = file_shdrs();

	put_number_at(GO_OFF, old ? 0xfffffff0u : 0xfffffff1u, 4);
	put_number_at(GO_OFF + 4, 0x08010000, 4);
	for (; go_functions[count].name; count++) {
		const struct go_function *f = &go_functions[count];
		size_t description = 0x100 + 0x40 * count;

		put_number_at(GO_OFF + GO_FUNCTIONS + 8 * count, f->off, 4);
		put_number_at(GO_OFF + GO_FUNCTIONS + 8 * count + 4, description, 4);
		at = GO_OFF + GO_FUNCTIONS + description;
		put_number_at(at, f->off, 4);
		put_number_at(at + 4, names, 4);
		put_number_at(at + 16, f->program ? programs : 0, 4);
		put_number_at(at + flags_at, f->flags, 1);
		put_at(GO_OFF + GO_NAMES + names, f->name, strlen(f->name) + 1);
		names += strlen(f->name) + 1;
		if (f->program) {
			put_at(GO_OFF + GO_PROGRAMS + programs, f->program, strlen(f->program) + 1);
			programs += strlen(f->program) + 1;
		}
		put_at(CODE_OFF + f->off, f->code, strlen(f->code));
	}
	put_number_at(GO_OFF + GO_FUNCTIONS + 8 * count, go_functions[count].off, 4);
	put_number_at(GO_OFF + 8, count, 8);
	put_number_at(GO_OFF + 24, VADDR + CODE_OFF, 8);
	put_number_at(GO_OFF + 32, GO_NAMES, 8);
	put_number_at(GO_OFF + 56, GO_PROGRAMS, 8);
	put_number_at(GO_OFF + 64, GO_FUNCTIONS, 8);
	shdrs[SECTION_GO] = (Elf64_Shdr){
		.sh_name = 48, .sh_type = SHT_PROGBITS, .sh_offset = GO_OFF, .sh_size = GO_BYTES
	};
}

static void go_functions_table(void)
{
	static const char rows[] =
		"0 - | 10 8 | 14 40 | 20 8 | 30 end | 50 8 | 53 end | 54 8 | 59 end | 5a 8 | 5d "
		"end | "
		"5e 8 | 62 end | 63 8 | 65 end | 66 8 | 78 16 | 8f signal | a0 - | b0 8 | b4 -";

	start_file();
	put_go_table(false);
	CHECK_TEXT(table_of_file(FILE_BYTES), rows);
	start_file();
	put_go_table(true);
	CHECK_TEXT(table_of_file(FILE_BYTES), rows);
	/* Where it says nothing .debug_frame does, and .eh_frame is believed before it. */
	add_debug(0xa0, 0x10, 24);
	add_debug(0x30, 0x10, 24);
	add_eh(0x10, 0x10, 32);
	CHECK_TEXT(
		table_of_file(FILE_BYTES),
		"0 - | 10 32 | 20 8 | 30 end | 50 8 | 53 end | 54 8 | 59 end | 5a 8 | 5d end | "
		"5e 8 | 62 end | 63 8 | 65 end | 66 8 | 78 16 | 8f signal | a0 24 | b0 8 | b4 -");
}

static struct scope_unwind_rule rule_at(uint32_t off)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table = { 0 };
	struct scope_unwind_rule rule = { 0 };

	CHECK_INT(unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table), 0);
	if (table.elements)
		rule = *unwind_table_find(&table, rules, CODE_OFF + off);
	unwind_table_free(&table);
	unwind_rules_free(&rules);
	return rule;
}

/* The code says where the frame pointer is; nothing else does. */
static void go_frame_pointers(void)
{
	struct scope_unwind_rule rule;

	/* A frame of 32 bytes, made by the four bytes before: stored in five bytes, or eight. */
	start_file();
	put_go_table(false);
	put_at(CODE_OFF + 0x14, "\x48\x89\x6c\x24\x18", 5);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 19 40b | 20 8 | 30 end");
	rule = rule_at(0x19);
	CHECK(rule.bp == SCOPE_BP_CFA && rule.bp_off == -16 && rule.bx_off == SCOPE_BX_LOST);
	rule = rule_at(0x20);
	CHECK(rule.bp == SCOPE_BP_SAME && rule.bx_off == SCOPE_BX_LOST);
	put_at(CODE_OFF + 0x14, "\x48\x89\xac\x24\x18\0\0\0", 8);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 1c 40b | 20 8 | 30 end");
	/* Elsewhere in the frame, another register, and what pushes another amount. */
	put_at(CODE_OFF + 0x14, "\x48\x89\xac\x24\x10\0\0\0", 8);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end");
	put_at(CODE_OFF + 0x14, "\x48\x89\x6c\x24\x10", 5);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end");
	put_at(CODE_OFF + 0x14, "\x48\x89\x5c\x24\x18", 5);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end");
	put_at(CODE_OFF + 0x13, "\x55", 1);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end");
	/* Stored in four bytes, at the stack pointer. */
	put_at(CODE_OFF + 0x78, "\x48\x89\x2c\x24", 4);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "66 8 | 78 16 | 7c 16b | 8f signal");
	put_at(CODE_OFF + 0x14, "\x48\x89\x2c\x24", 4);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end");
	put_at(CODE_OFF + 0x78, "\xcc\xcc\xcc\xcc", 4);
	/* Pushed: runtime.cgocallback's frame is 8 bytes from 0x78 on here. */
	put_at(CODE_OFF + 0x77, "\x55", 1);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "66 8 | 78 16b | 8f signal");
}

/* What calls on another stack and comes back goes on where the frame pointer says. */
static void go_other_stacks(void)
{
	static const char *const visitors[] = { "runtime.systemstack", "runtime.asmcgocall",
						"runtime.asmcgocall_no_g", "runtime.nanotime1",
						"time.now" };
	struct scope_unwind_rule rule;

	for (size_t i = 0; i < sizeof(visitors) / sizeof(*visitors); i++) {
		start_file();
		put_go_table(false);
		/* The name of what is runtime.mcall there: behind all others. */
		put_at(GO_OFF + GO_NAMES + 0x200, visitors[i], strlen(visitors[i]) + 1);
		put_number_at(GO_OFF + GO_FUNCTIONS + 0x180 + 4, 0x200, 4);
		CHECK_CONTAINS(table_of_file(FILE_BYTES),
			       "30 end | 50 8 | 53 far | 54 8 | 5d far | 5e 8 | 62 far | 63 8 | "
			       "65 far | 66 8 | 78 16");
	}
	/* Where it leaves a goroutine's stack: the byte before is where callers are looked up. */
	start_file();
	put_go_table(false);
	put_at(GO_OFF + GO_NAMES + 0x200, "runtime.systemstack_switch", 27);
	put_number_at(GO_OFF + GO_FUNCTIONS + 0x180 + 4, 0x200, 4);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "30 end | 4f 8 | 78 16");
	/* All of a frame of its own, with the frame pointer saved. */
	start_file();
	put_go_table(false);
	put_at(GO_OFF + GO_NAMES + 0x200, "runtime.nanotime1", 18);
	put_number_at(GO_OFF + GO_FUNCTIONS + 0x100 + 4, 0x200, 4);
	put_at(CODE_OFF + 0x14, "\x48\x89\x6c\x24\x18", 5);
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 19 far | 20 8 | 30 end");
	rule = rule_at(0x19);
	CHECK(rule.cfa_off == 16 && rule.bp == SCOPE_BP_CFA && rule.bp_off == -16 &&
	      rule.ra == SCOPE_RA_CFA && rule.ra_off == -8 && rule.bx_off == SCOPE_BX_LOST);
}

static void go_code_elsewhere(void)
{
	/* The address of the code is for the process to fill in: .text. */
	start_file();
	put_go_table(false);
	put_number_at(GO_OFF + 24, 0, 8);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	file_shdrs()[SECTION_TEXT] = (Elf64_Shdr){ .sh_name = 59,
						   .sh_type = SHT_PROGBITS,
						   .sh_addr = VADDR + CODE_OFF,
						   .sh_offset = CODE_OFF,
						   .sh_size = PAGE };
	CHECK_CONTAINS(table_of_file(FILE_BYTES), "10 8 | 14 40 | 20 8 | 30 end | 50 8");
	/* It is not what is there. */
	put_at(CODE_OFF + 0x30, "\x55", 1);
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
	put_at(CODE_OFF + 0x30, "\x90", 1);
	put_number_at(GO_OFF, 0xfffffffa, 4); /* Go 1.16 */
	CHECK_TEXT(table_of_file(FILE_BYTES), "ENOENT");
}

static void mutated_go_table(void)
{
	static uint8_t pristine[FILE_BYTES];
	struct unwind_rules *rules = unwind_rules_new();
	size_t built = 0;

	start_file();
	put_go_table(false);
	memcpy(pristine, file.bytes, sizeof(pristine));
	random_state = 4;
	for (int round = 0; round < 10000; round++) {
		struct unwind_table table = { 0 };
		uint32_t changes = 1 + draw(4);

		memcpy(file.bytes, pristine, sizeof(pristine));
		while (changes--)
			file.bytes[GO_OFF + draw(draw(2) ? GO_BYTES : 0x48)] =
				draw(3) ? (uint8_t)draw(256) : (uint8_t)(0xff * draw(2));
		file_shdrs()[SECTION_GO].sh_size = GO_BYTES - draw(2) * draw(GO_BYTES);
		if (unwind_table_build_memory(file.bytes, FILE_BYTES, rules, &table) == 0) {
			table_is_sound(&table, rules);
			built++;
		}
		unwind_table_free(&table);
	}
	CHECK(built > 2000);
	unwind_rules_free(&rules);
}

int main(void)
{
	CHECK_CASE(go_functions_table);
	CHECK_CASE(go_frame_pointers);
	CHECK_CASE(go_other_stacks);
	CHECK_CASE(go_code_elsewhere);
	CHECK_CASE(mutated_go_table);
	return check_status();
}
