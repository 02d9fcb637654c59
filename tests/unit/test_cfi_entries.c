// SPDX-License-Identifier: MIT
/* Sections of call frame information: every form of entry, and bytes that make no sense. */
#include <errno.h>
#include <time.h>

#include "cfi_made.h"

/* --- entries ---------------------------------------------------------------------------------- */

static void common_entries(void)
{
	size_t common;

	/* Versions; where the return address is, is a byte in the first. */
	CHECK_TEXT(rows_by_common(B("\x03zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x03zR\0\x01" DATA_ALIGN "\x90\0\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(
			   B("\x04zR\0\x08\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
			   B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(
			   B("\x04zR\0\x04\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
			   B("")),
		   "");
	CHECK_TEXT(rows_by_common(
			   B("\x04zR\0\x08\x01\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
			   B("")),
		   "");
	CHECK_TEXT(rows_by_common(B("\x02zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "");
	CHECK_TEXT(
		rows_by_common(B("\x01zR\0\x01" DATA_ALIGN "\x08\x01" PCREL_SDATA4 INITIAL), B("")),
		"");
	/* A personality routine and its tables; arm64's marks; letters that nobody knows. */
	CHECK_TEXT(rows_by_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN
				    "\x07\x9b\x01\x02\x03\x04\x1b" PCREL_SDATA4 INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN
				    "\x03\xff\x1b" PCREL_SDATA4 INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zRBG\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zRx\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "");
	CHECK_TEXT(rows_by_common(B("\x01xR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")),
		   "");
	/* Augmentation data that is cut, or longer than is known. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\0" INITIAL), B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x7f" PCREL_SDATA4 INITIAL),
				  B("")),
		   "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x03" PCREL_SDATA4
				    "\x77\x77" INITIAL),
				  B("")),
		   "0 sp+8 | 100 -");
	/* No end of the letters. */
	CHECK_TEXT(rows_by_common(B("\x01zRRRRRRR"), B("")), "");

	/* Of gcc 2: a pointer, and no sizes. */
	start(false);
	common =
		put_common(B("\x01"
			     "eh\0\x11\x22\x33\x44\x55\x66\x77\x88\x01" DATA_ALIGN RETURN INITIAL));
	section.debug = true; /* addresses are eight bytes, and so is nothing else */
	{
		size_t from = begin_entry();

		put_number(section.size - common, 4);
		put_number(CODE_VADDR, 8);
		put_number(0x40, 8);
		end_entry(from);
	}
	section.debug = false;
	CHECK_TEXT(rows_of(false), "0 sp+8 | 40 -");
}

/* A function whose address is in `encoding`; `relative`: to the place of the pointer. */
static const char *rows_in_encoding(uint8_t encoding, size_t bytes, bool relative)
{
	char common_bytes[] = "\x01zR\0\x01" DATA_ALIGN RETURN "\x01?" INITIAL;
	size_t common, from;

	common_bytes[8] = (char)encoding;
	start(false);
	common = put_common(common_bytes, sizeof(common_bytes) - 1);
	from = begin_entry();
	put_link(common);
	put_number(CODE_VADDR - (relative ? FRAME_VADDR + section.size : 0), bytes);
	put_number(0x20, bytes);
	put_number(0, 1);
	end_entry(from);
	return rows_of(false);
}

static void pointer_encodings(void)
{
	const char *rows = "0 sp+8 | 20 -";
	size_t common, from;

	CHECK_TEXT(rows_in_encoding(0x00, 8, false), rows);
	CHECK_TEXT(rows_in_encoding(0x03, 4, false), rows);
	CHECK_TEXT(rows_in_encoding(0x04, 8, false), rows);
	CHECK_TEXT(rows_in_encoding(0x0b, 4, false), rows);
	CHECK_TEXT(rows_in_encoding(0x0c, 8, false), rows);
	CHECK_TEXT(rows_in_encoding(0x10, 8, true), rows);
	CHECK_TEXT(rows_in_encoding(0x1b, 4, true), rows);
	CHECK_TEXT(rows_in_encoding(0x1c, 8, true), rows);
	/* Those that are relative to what only the process knows, or to nothing known. */
	CHECK_TEXT(rows_in_encoding(0x20, 8, false), "");
	CHECK_TEXT(rows_in_encoding(0x3b, 4, false), "");
	CHECK_TEXT(rows_in_encoding(0x50, 8, false), "");
	CHECK_TEXT(rows_in_encoding(0x80, 8, false), "");
	CHECK_TEXT(rows_in_encoding(0x9b, 4, true), "");
	CHECK_TEXT(rows_in_encoding(0x05, 8, false), "");
	CHECK_TEXT(rows_in_encoding(0xff, 8, false), "");

	/* LEB128, 0x401000 and 0x20. */
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		start(false);
		common =
			is_signed
				? put_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01\x09" INITIAL))
				: put_common(
					  B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01\x01" INITIAL));
		from = begin_entry();
		put_link(common);
		put(B("\x80\xa0\x80\x02\x20\0"));
		end_entry(from);
		CHECK_TEXT(rows_of(false), rows);
	}
	/* Two bytes reach the code only from nearby. */
	CHECK_TEXT(rows_in_encoding(0x02, 2, false), "");
	CHECK_TEXT(rows_in_encoding(0x1a, 2, true), "");
}

static void long_form(void)
{
	size_t from;

	/* .eh_frame: ids stay at four bytes. */
	start(false);
	put_number(UINT32_MAX, 4);
	put_number(4 + 9 + 5, 8);
	put_number(0, 4);
	put(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL));
	put_number(UINT32_MAX, 4);
	put_number(4 + 4 + 4 + 1, 8);
	put_number(section.size, 4);
	put_number(CODE_VADDR - (FRAME_VADDR + section.size), 4);
	put_number(0x20, 4);
	put_number(0, 1);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 -");

	/* .debug_frame: they grow. */
	start(true);
	put_number(UINT32_MAX, 4);
	put_number(8 + 5 + 5, 8);
	put_number(UINT64_MAX, 8);
	put(B("\x03\0\x01" DATA_ALIGN RETURN INITIAL));
	put_number(UINT32_MAX, 4);
	put_number(8 + 8 + 8, 8);
	put_number(0, 8);
	put_number(CODE_VADDR, 8);
	put_number(0x20, 8);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 -");

	/* Longer than the section. */
	from = section.size;
	put_number(UINT32_MAX, 4);
	put_number(UINT64_MAX, 8);
	put_number(0, 8);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 -");
	memset(section.bytes + from, 0xfe, 4);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 -");
}

static void ends(void)
{
	size_t common;

	start(false);
	common = put_usual_common();
	put_function(common, 0, 0x20, B(""));
	put_number(0, 4);
	put_function(common, 0x20, 0x20, B("\x0e\x10"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 sp+16 | 40 -");
	CHECK_TEXT(rows_of(true), "0 sp+8 | 20 -");
}

static void debug_frame(void)
{
	size_t common;

	start(true);
	common = put_usual_common();
	put_function(common, 0x10, 0x20, B("\x0e\x10"));
	CHECK_TEXT(rows_of(false), "10 sp+16 | 30 -");
	/* Dropped functions are at address 0; code may begin there, too. */
	start(true);
	common = put_usual_common();
	put_function(common, -CODE_VADDR, 0x20, B("\x0e\x10"));
	CHECK_TEXT(rows_of(false), "");
	/* Not an entry of .eh_frame's: 0 names the common entry at the start. */
	start(true);
	put_number(4, 4);
	put_number(0, 4);
	CHECK_TEXT(rows_of(false), "");
}

static void functions(void)
{
	size_t common;

	/* In any order; gaps; side by side with the same rule. */
	start(false);
	common = put_usual_common();
	put_function(common, 0x100, 0x10, B("\x0e\x10"));
	put_function(common, 0x20, 0x10, B(""));
	put_function(common, 0x30, 0x10, B("\x48\x0e\x18"));
	put_function(common, 0, 0x10, B(""));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 10 - | 20 sp+8 | 38 sp+24 | 40 - | 100 sp+16 | 110 -");
	/* One in another: the later start; twice: the first. */
	start(false);
	common = put_usual_common();
	put_function(common, 0, 0x40, B("\x60\x0e\x10"));
	put_function(common, 0x10, 0x10, B("\x0e\x18"));
	put_function(common, 0x50, 0x10, B("\x0e\x20"));
	put_function(common, 0x50, 0x20, B("\x0e\x28"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 10 sp+24 | 20 - | 50 sp+32 | 60 -");
	/* Out of the code, partly, with no bytes, with all there are. */
	start(false);
	common = put_usual_common();
	put_function(common, (uint32_t)-0x20, 0x30, B(""));
	put_function(common, 0x10, 0, B(""));
	put_function(common, 0xff0, 0x20, B("\x41\x0e\x10"));
	put_function(common, 0x1000, 0x20, B(""));
	CHECK_TEXT(rows_of(false), "ff0 sp+8 | ff1 sp+16 | 1000 -");
	start(false);
	common = put_usual_common();
	put_function(common, 0x10, 0x7fffffff, B(""));
	CHECK_TEXT(rows_of(false), "10 sp+8 | 1000 -");
}

/* Entries that name no common entry, or each other, or themselves. */
static void links(void)
{
	size_t common;

	start(false);
	common = put_usual_common();
	put_function(common + 1, 0, 0x10, B(""));
	put_function(section.size, 0, 0x10, B("")); /* itself */
	put_function(section.size + 0x1000, 0, 0x10, B(""));
	put_function((size_t)-0x1000, 0, 0x10, B(""));
	put_function(common, 0x20, 0x10, B(""));
	CHECK_TEXT(rows_of(false), "20 sp+8 | 30 -");
	start(true);
	common = section.size;
	put_function(common, 0, 0x10, B(""));
	put_function(section.size + 0x1c, 0, 0x10, B(""));
	put_function(common, 0, 0x10, B(""));
	CHECK_TEXT(rows_of(false), "");
}

/*
 * Common entries in one another, each of which would be run for 50 000 bytes: their own headers are
 * instructions for those before, "restore, restore, nop ..., advance by nothing, nop, expression of
 * no bytes, nop".
 */
static void nested_common_entries(void)
{
	static const uint8_t common[16] = { 0xc3, 0xc3, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0x10 };
	struct unwind_rules *rules = unwind_rules_new();
	struct cfi_rows rows = { 0 };
	size_t size = 8u << 20, half = size / 2;
	uint8_t *bytes = calloc(1, size);
	struct image_segment segment = { CODE_OFF, CODE_BYTES, CODE_VADDR };
	struct cfi_code code = { &segment, 1, CODE_OFF };
	struct cfi_section big = { bytes, size, FRAME_VADDR, false, false };
	clock_t start_clock = clock();
	uint32_t length = (uint32_t)half - 4;

	for (size_t i = 0; i + sizeof(common) <= half; i += sizeof(common))
		memcpy(bytes + i, common, sizeof(common));
	memcpy(bytes, &length, sizeof(length));
	for (size_t i = half, to = 0; i + 32 <= size; i += 32, to += sizeof(common)) {
		uint32_t link = (uint32_t)(i + 4 - to);

		length = 28;
		memcpy(bytes + i, &length, sizeof(length));
		memcpy(bytes + i + 4, &link, sizeof(link));
	}
	CHECK_INT(cfi_read(&big, &code, rules, &rows), 0);
	CHECK_INT(rows.count, 0);
	CHECK((clock() - start_clock) / CLOCKS_PER_SEC < 10);
	array_free(&rows);
	unwind_rules_free(&rules);
	free(bytes);
}

/* --- broken sections -------------------------------------------------------------------------- */

static void put_rich_section(void)
{
	size_t common, signal;

	start(false);
	common = put_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN
			      "\x07\x9b\x01\x02\x03\x04\x1b" PCREL_SDATA4 INITIAL "\0\0"));
	signal = put_common(B("\x01zRS\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL));
	put_function(common, 0, 0x80,
		     B("\x41\x0e\x10\x86\x02\x43\x0d\x06\x02\x20\x0a\x0c\x07\x08\xc6\x41\x0b\0\0"));
	put_function(common, 0x80, 0x80,
		     B("\x44\x0f\x06\x77\x98\x01\x06\x23\x08\x10\x06\x02\x76\0\x03\x20\0\x2e\x20"));
	put_function(signal, 0x100, 0x10, B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP SIGNAL_RA));
	put_function(common, 0x110, 0x40,
		     B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24\x22\x41\x07\x10"));
	put_number(0, 4);
}

static void rows_are_sound(const struct cfi_rows *rows, const struct unwind_rules *rules)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct cfi_row *row = &rows->items[i];

		CHECK(row->off <= CODE_BYTES);
		CHECK(!i || row->off > rows->items[i - 1].off);
		CHECK(row->rule < unwind_rules_count(rules));
		CHECK(!row->rule || (!row->gap && !row->why));
		CHECK(i + 1 < rows->count || row->gap);
	}
}

static void cut_sections(void)
{
	struct unwind_rules *rules = unwind_rules_new();

	put_rich_section();
	CHECK_TEXT(
		rows_of(true),
		"0 sp+8 | 1 sp+16 bp@-16 | 4 bp+16 bp@-16 | 24 sp+8 | 25 bp+16 bp@-16 | 80 sp+8 | "
		"84 *(sp+152)+8 bp@bp+0 | 100 signal | 110 plt+8+11 | 111 end | 150 -");
	for (size_t size = 0; size < section.size; size++) {
		struct cfi_rows rows = { 0 };

		CHECK_INT(read_bytes(section.bytes, size, false, size & 1, rules, &rows), 0);
		rows_are_sound(&rows, rules);
		array_free(&rows);
		rows = (struct cfi_rows){ 0 };
		CHECK_INT(read_bytes(section.bytes, size, true, size & 1, rules, &rows), 0);
		rows_are_sound(&rows, rules);
		array_free(&rows);
	}
	unwind_rules_free(&rules);
}

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % below;
}

static void mutated_sections(void)
{
	static const uint8_t values[] = { 0, 1, 0x0a, 0x0b, 0x0f, 0x10, 0x16, 0x7f, 0x80, 0xff };
	struct unwind_rules *rules = unwind_rules_new();
	uint8_t bytes[4096];

	put_rich_section();
	random_state = 1;
	for (int round = 0; round < 50000; round++) {
		struct cfi_rows rows = { 0 };
		uint32_t changes = 1 + draw(8);

		memcpy(bytes, section.bytes, section.size);
		while (changes--)
			bytes[draw((uint32_t)section.size)] =
				draw(2) ? (uint8_t)draw(256) : values[draw(sizeof(values))];
		CHECK_INT(read_bytes(bytes, section.size, draw(8) == 0, draw(2), rules, &rows), 0);
		rows_are_sound(&rows, rules);
		array_free(&rows);
	}
	CHECK(unwind_rules_count(rules) > 100);
	unwind_rules_free(&rules);
}

/* --- the set of rules ------------------------------------------------------------------------- */

static void full_set_of_rules(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct scope_unwind_rule rule = { .cfa = SCOPE_CFA_SP, .ra_off = -8 };
	struct cfi_rows rows = { 0 };

	CHECK_INT(unwind_rules_count(rules), 1);
	CHECK_INT(unwind_rules_items(rules)[0].cfa, SCOPE_CFA_NONE);
	for (uint32_t i = 1; i < SCOPE_UNWIND_RULES; i++) {
		rule.cfa_off = (int32_t)(i + 1000000);
		CHECK_INT(unwind_rules_add(rules, &rule), i);
	}
	CHECK_INT(unwind_rules_count(rules), SCOPE_UNWIND_RULES);
	CHECK_INT(unwind_rules_refused(rules), 0);
	CHECK_INT(unwind_rules_add(rules, &rule), SCOPE_UNWIND_RULES - 1);
	rule.cfa_off = 1;
	CHECK_INT(unwind_rules_add(rules, &rule), 0);
	CHECK_INT(unwind_rules_refused(rules), 1);

	start(false);
	put_function(put_usual_common(), 0, 0x100, B("\x0e\xc2\x84\x3d")); /* sp + 1000002 */
	put_function(0, 0x100, 0x100, B("\x0e\x10"));
	CHECK_INT(read_bytes(section.bytes, section.size, false, false, rules, &rows), 0);
	CHECK_INT(rows.count, 3);
	if (rows.count == 3) {
		CHECK_INT(rows.items[0].rule, 2);
		CHECK_INT(rows.items[1].rule, 0);
		CHECK_INT(rows.items[1].why, CFI_WHY_RULES_FULL);
	}
	array_free(&rows);
	unwind_rules_free(&rules);
	CHECK(!rules);
	unwind_rules_free(&rules);
}

int main(void)
{
	CHECK_CASE(common_entries);
	CHECK_CASE(pointer_encodings);
	CHECK_CASE(long_form);
	CHECK_CASE(ends);
	CHECK_CASE(debug_frame);
	CHECK_CASE(functions);
	CHECK_CASE(links);
	CHECK_CASE(nested_common_entries);
	CHECK_CASE(cut_sections);
	CHECK_CASE(mutated_sections);
	CHECK_CASE(full_set_of_rules);
	return check_status();
}
