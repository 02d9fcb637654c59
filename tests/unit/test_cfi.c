// SPDX-License-Identifier: MIT
/*
 * Call frame information by hand: every instruction, every form of entry, every rule, and bytes that make
 * no sense. A section's rows are compared as text:
 *
 *   0 sp+8 | 1 sp+16 bp@-16 | 20 -      from 0 on the CFA is sp + 8 ...; of what is from 20 on nothing
 *                                       is said
 *
 * with ra only where it is not at CFA - 8.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cfi.h"
#include "check.h"

#define CODE_VADDR   0x401000u
#define CODE_OFF     0x1000u
#define CODE_BYTES   0x1000u
#define FRAME_VADDR  0x500000u
#define DATA_ALIGN   "\x78" /* -8 */
#define RETURN	     "\x10" /* register 16 */
#define INITIAL	     "\x0c\x07\x08\x90\x01" /* CFA sp+8, return address at CFA-8 */
#define PCREL_SDATA4 "\x1b"

/* Bytes of a literal, which may hold zeros. */
#define B(literal) (literal), sizeof(literal) - 1

static struct {
	uint8_t bytes[1 << 16];
	size_t size;
	bool debug;
} section;

static void put(const void *bytes, size_t count)
{
	CHECK(section.size + count <= sizeof(section.bytes));
	if (section.size + count > sizeof(section.bytes))
		return;
	memcpy(section.bytes + section.size, bytes, count);
	section.size += count;
}

static void put_number(uint64_t number, size_t bytes)
{
	put(&number, bytes);
}

static void start(bool debug)
{
	memset(&section, 0, sizeof(section));
	section.debug = debug;
}

/* An entry's length is known when it ends. */
static size_t begin_entry(void)
{
	put_number(0, 4);
	return section.size;
}

static void end_entry(size_t from)
{
	uint32_t length = (uint32_t)(section.size - from);

	memcpy(section.bytes + from - 4, &length, sizeof(length));
}

/* A common entry from its version on; where it begins. */
static size_t put_common(const char *bytes, size_t count)
{
	size_t from = begin_entry();

	put_number(section.debug ? UINT32_MAX : 0, 4);
	put(bytes, count);
	end_entry(from);
	return from - 4;
}

static void put_link(size_t common)
{
	put_number(section.debug ? common : section.size - common, 4);
}

/* A function `off` bytes into the code, as the common entry of most sections has it. */
static void put_function(size_t common, uint32_t off, uint32_t bytes, const char *instructions,
			 size_t count)
{
	size_t from = begin_entry();

	put_link(common);
	if (section.debug) {
		put_number(CODE_VADDR + off, 8);
		put_number(bytes, 8);
	} else {
		put_number(CODE_VADDR + off - (FRAME_VADDR + section.size), 4);
		put_number(bytes, 4);
		put_number(0, 1); /* augmentation data */
	}
	put(instructions, count);
	end_entry(from);
}

static size_t put_usual_common(void)
{
	return section.debug
		       ? put_common(B("\x03\0\x01" DATA_ALIGN RETURN INITIAL))
		       : put_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL));
}

/* --- rows as text ------------------------------------------------------------------------------ */

static void say_rule(const struct scope_unwind_rule *rule, FILE *out)
{
	static const char *const forms[] = {
		[SCOPE_CFA_SP] = "sp%+d",	   [SCOPE_CFA_BP] = "bp%+d",
		[SCOPE_CFA_DEREF_SP] = "*(sp%+d)", [SCOPE_CFA_DEREF_BP] = "*(bp%+d)",
		[SCOPE_CFA_PLT] = "plt%+d",
	};

	if (rule->cfa == SCOPE_CFA_END) {
		fputs("end", out);
		return;
	}
	if (rule->cfa == SCOPE_CFA_SIGNAL) {
		fputs("signal", out);
		return;
	}
	if (rule->cfa == SCOPE_CFA_REG)
		fprintf(out, "r%u%+d", rule->reg, rule->cfa_off);
	else
		fprintf(out, forms[rule->cfa], rule->cfa_off);
	if (rule->add)
		fprintf(out, "%+d", rule->add);
	if (rule->bp)
		fprintf(out, " bp@%s%+d", rule->bp == SCOPE_BP_BP ? "bp" : "", rule->bp_off);
	if (rule->ra == SCOPE_RA_LINK)
		fprintf(out, " ra=r%u", rule->reg);
	else if (rule->ra_off != -8)
		fprintf(out, " ra@%+d", rule->ra_off);
}

static const char *why_name(uint8_t why)
{
	static const char *const names[CFI_WHYS] = {
		[CFI_WHY_CFA_REGISTER] = "register", [CFI_WHY_CFA_EXPRESSION] = "expression",
		[CFI_WHY_RANGE] = "range",	     [CFI_WHY_SP] = "sp",
		[CFI_WHY_BP] = "bp",		     [CFI_WHY_RA] = "ra",
		[CFI_WHY_SIGNAL] = "signal",	     [CFI_WHY_MALFORMED] = "malformed",
		[CFI_WHY_RULES_FULL] = "full",
	};

	return why < CFI_WHYS && names[why] ? names[why] : "?";
}

/* A copy of just the size, so that the sanitizer sees a read beyond. */
static int read_bytes(const uint8_t *bytes, size_t size, bool debug, bool terminated,
		      struct unwind_rules *rules, struct cfi_rows *rows)
{
	struct image_segment segment = { CODE_OFF, CODE_BYTES, CODE_VADDR };
	struct cfi_code code = { &segment, 1, CODE_OFF };
	uint8_t *copy = malloc(size ? size : 1);
	struct cfi_section copied = { copy, size, FRAME_VADDR, debug, terminated };
	int error;

	memcpy(copy, bytes, size);
	error = cfi_read(&copied, &code, rules, rows);
	free(copy);
	return error;
}

static const char *rows_of(bool terminated)
{
	static char text[8192];
	struct unwind_rules *rules = unwind_rules_new();
	struct cfi_rows rows = { 0 };
	FILE *out = fmemopen(text, sizeof(text), "w");

	text[0] = '\0';
	CHECK_INT(read_bytes(section.bytes, section.size, section.debug, terminated, rules, &rows),
		  0);
	for (size_t i = 0; i < rows.count; i++) {
		const struct cfi_row *row = &rows.items[i];

		fprintf(out, "%s%x ", i ? " | " : "", row->off);
		if (row->gap)
			fputs("-", out);
		else if (row->why)
			fprintf(out, "none: %s", why_name(row->why));
		else
			say_rule(&unwind_rules_items(rules)[row->rule], out);
	}
	fclose(out);
	array_free(&rows);
	unwind_rules_free(&rules);
	return text;
}

/* The rows of one function of 0x100 bytes with these instructions. */
static const char *rows_by(const char *instructions, size_t count)
{
	start(false);
	put_function(put_usual_common(), 0, 0x100, instructions, count);
	return rows_of(false);
}

static const char *rows_by_common(const char *common, size_t common_count, const char *instructions,
				  size_t count)
{
	start(false);
	put_function(put_common(common, common_count), 0, 0x100, instructions, count);
	return rows_of(false);
}

/* --- instructions ------------------------------------------------------------------------------ */

static void advances(void)
{
	CHECK_TEXT(rows_by(B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e\x10\x42\x0e\x18")), "0 sp+8 | 1 sp+16 | 3 sp+24 | 100 -");
	CHECK_TEXT(rows_by(B("\x02\x80\x0e\x10")), "0 sp+8 | 80 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x03\x81\0\x0e\x10")), "0 sp+8 | 81 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x04\x82\0\0\0\x0e\x10")), "0 sp+8 | 82 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x1d\x83\0\0\0\0\0\0\0\x0e\x10")), "0 sp+8 | 83 sp+16 | 100 -");
	/* By nothing, to the end, and beyond. */
	CHECK_TEXT(rows_by(B("\x40\x0e\x10")), "0 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x03\0\x01\x0e\x10")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x04\xff\xff\xff\xff\x0e\x10")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x1d\xff\xff\xff\xff\xff\xff\xff\xff\x0e\x10")), "0 sp+8 | 100 -");
	/* What is the same is one row. */
	CHECK_TEXT(rows_by(B("\x41\x83\x02\x42\x0e\x08\x43\x0e\x10\x41\xc3")),
		   "0 sp+8 | 6 sp+16 | 100 -");
	/* A factor. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x04" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("\x41\x0e\x10")),
		   "0 sp+8 | 4 sp+16 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" DATA_ALIGN
				    RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("\x42\x0e\x10")),
		   "0 sp+8 | 100 -");
}

static void set_location(void)
{
	size_t common, from;

	start(true);
	common = put_usual_common();
	put_function(common, 0, 0x100, B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 sp+16 | 100 -");
	/* Backwards, and out of the function. */
	start(true);
	common = put_usual_common();
	put_function(common, 0, 0x100,
		     B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10\x01\x1f\x10\x40\0\0\0\0\0\x0e\x18"));
	put_function(common, 0x200, 0x100, B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10"));
	put_function(common, 0x400, 0x100, B("\x01\x20\x20\x40\0\0\0\0\0\x0e\x10"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 none: malformed | 100 - | 200 none: malformed | "
				   "300 - | 400 none: malformed | 500 -");
	/* In .eh_frame as addresses are there. */
	start(false);
	common = put_usual_common();
	from = begin_entry();
	put_link(common);
	put_number(CODE_VADDR - (FRAME_VADDR + section.size), 4);
	put(B("\0\x01\0\0\0\x01")); /* 0x100 bytes, no augmentation data, DW_CFA_set_loc */
	put_number(CODE_VADDR + 0x30 - (FRAME_VADDR + section.size), 4);
	put(B("\x0e\x10"));
	end_entry(from);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 30 sp+16 | 100 -");
}

static void cfa_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x0c\x06\x10")), "0 bp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x0a\0")), "0 r10+0 | 100 -");
	CHECK_TEXT(rows_by(B("\x0d\x06")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x80\x02")), "0 sp+256 | 100 -");
	CHECK_TEXT(rows_by(B("\x12\x06\x7e")), "0 bp+16 | 100 -"); /* -2 times -8 */
	CHECK_TEXT(rows_by(B("\x12\x06\x02")), "0 bp-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x13\x7c")), "0 sp+32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x10\0")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x80\x80\x04\0")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x80\x80\x80\x80\x08")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\xff\xff\xff\xff\x07")), "0 sp+2147483647 | 100 -");
	/* Half of an expression cannot be changed; a whole CFA can follow one. */
	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10\x41\x0e\x20\x41\x0c\x07\x10")),
		   "0 sp+16 | 1 none: malformed | 2 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10\x41\x0d\x06")),
		   "0 sp+16 | 1 none: malformed | 100 -");
	/* None at all. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x90\x01"),
				  B("")),
		   "0 none: malformed | 100 -");
}

static void register_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x86\x02")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x05\x06\x02")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x11\x06\x7e")), "0 sp+8 bp@+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x2f\x06\x02")), "0 sp+8 bp@+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\xc6")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x06\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x08\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x07\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x06\x06")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x06\x09")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x06\x01")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x80\x80\x01")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x80\x20")), "0 sp+8 bp@-32768 | 100 -");
	CHECK_TEXT(rows_by(B("\x90\x02")), "0 sp+8 ra@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x90\x80\x80\x01")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x07\x10")), "0 end | 100 -");
	CHECK_TEXT(rows_by(B("\x07\x10\x41\xd0")), "0 end | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x08\x10")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\0\x09\x10\x05")), "0 sp+0 ra=r5 | 100 -"); /* vfork */
	CHECK_TEXT(rows_by(B("\x09\x10\x11")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x05\0\x09\x10\x01")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x07\0")), "0 sp+8 | 100 -"); /* what goes without saying */
	CHECK_TEXT(rows_by(B("\x15\x07\0")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x07\x01")), "0 none: sp | 100 -");
	CHECK_TEXT(rows_by(B("\x15\x07\x7f")), "0 none: sp | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x07\x08")), "0 none: sp | 100 -");
	/* Others do not count, whatever becomes of them. */
	CHECK_TEXT(rows_by(B("\x83\x02\x05\x0f\x02\x09\x03\x08\x07\x0c\x10\x0d\x01\x30\x2e\x20\0")),
		   "0 sp+8 | 100 -");
}

static void remembered_states(void)
{
	static char deep[300];

	CHECK_TEXT(rows_by(B("\x41\x0e\x10\x86\x02\x41\x0a\x0c\x07\x08\xc6\x41\x0b\x41\x0e\x18")),
		   "0 sp+8 | 1 sp+16 bp@-16 | 2 sp+8 | 3 sp+16 bp@-16 | 4 sp+24 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0a\x0e\x10\x0a\x0e\x18\x41\x0b\x41\x0b")),
		   "0 sp+24 | 1 sp+16 | 2 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x10\x41\x0b")), "0 sp+16 | 1 none: malformed | 100 -");
	memset(deep, 0x0a, sizeof(deep));
	CHECK_TEXT(rows_by(deep, 64), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(deep, sizeof(deep)), "0 none: malformed | 100 -");
	/* One function's does not reach the next. */
	start(false);
	{
		size_t common = put_usual_common();

		put_function(common, 0, 0x10, B("\x0a"));
		put_function(common, 0x10, 0x10, B("\x0b"));
	}
	CHECK_TEXT(rows_of(false), "0 sp+8 | 10 none: malformed | 20 -");
}

static void malformed_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x41\x3f")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x17\x01\x01")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e\x80\x80")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x04\x01\0")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0f\x05\x77\x10")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x77")),
		   "0 sp+8 | 1 none: malformed | 100 -");
	/* A common entry's own: advances, and what makes no sense. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x41"),
				  B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x3f"),
				  B("")), "");
}

/* --- expressions ------------------------------------------------------------------------------- */

static void cfa_expressions(void)
{
	/* The CFA of procedure linkage tables, with two sizes of entry, and nearly that. */
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24\x22")),
		   "0 plt+8+11 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x10\x80\0\x3f\x1a\x3a\x2a\x33\x24\x22")),
		   "0 plt+16+10 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x34\x24\x22")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x40\x2a\x33\x24\x22")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0a\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24")),
		   "0 none: expression | 100 -");

	CHECK_TEXT(rows_by(B("\x0f\x03\x76\x78\x06")), "0 *(bp-8) | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x77\x98\x01\x06\x23\x08")), "0 *(sp+152)+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x7a\0\x06")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x77\x08\x06\x06")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x77\0\x06\x0a\0\x80\x22")), "0 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x07\x77\0\x06\x0a\0\x80\x22")), "0 none: range | 100 -");

	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10")), "0 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x7a\x10")), "0 r10+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x92\x06\x10")), "0 bp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x23\x20")), "0 bp+32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x38\x22")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x38\x76\0\x22")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x38\x1c")), "0 bp-8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x38\x76\0\x1c")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x31\x13\x76\0")), "0 bp+0 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x96\x76\0")), "0 bp+0 | 100 -");
	/* Numbers of all sizes. */
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x08\xff\x22")), "0 bp+255 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x09\xff\x22")), "0 bp-1 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x0a\xff\xff\x22")), "0 bp+65535 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x0b\xfe\xff\x22")), "0 bp-2 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x08\x76\0\x0c\xff\xff\xff\x7f\x22")), "0 bp+2147483647 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x08\x76\0\x0d\xfd\xff\xff\xff\x22")), "0 bp-3 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0c\x76\0\x0e\x09\0\0\0\0\0\0\0\x22")), "0 bp+9 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0c\x76\0\x0f\xf7\xff\xff\xff\xff\xff\xff\xff\x22")),
		   "0 bp-9 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x10\x80\x01\x22")), "0 bp+128 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x11\x7f\x22")), "0 bp-1 | 100 -");
	/* Nothing, a number alone, too little, too much, unknown, cut. */
	CHECK_TEXT(rows_by(B("\x0f\0")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x38")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x38\x06")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x22")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x13")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x23\x01")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0a\x30\x30\x30\x30\x30\x30\x30\x30\x76\0")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x76\0\xf0")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x76\x80")), "0 none: expression | 100 -");
}

static void register_expressions(void)
{
	/* Functions that align their stack. */
	CHECK_TEXT(rows_by(B("\x0f\x03\x76\x78\x06\x10\x06\x02\x76\0")),
		   "0 *(bp-8) bp@bp+0 | 100 -");
	/* What is relative to the CFA's own register is relative to the CFA. */
	CHECK_TEXT(rows_by(B("\x0c\x06\x10\x10\x06\x02\x76\0")), "0 bp+16 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x30\x10\x06\x02\x77\x10")), "0 sp+48 bp@-32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x30\x10\x10\x02\x77\x28")), "0 sp+48 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x02\x77\x10\x0c\x06\x10")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x10\x02\x76\x08")), "0 none: ra | 100 -");
	/* The CFA is on the stack at the start. */
	CHECK_TEXT(rows_by(B("\x10\x06\x02\x40\x1c")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x03\x09\xe8\x22")), "0 sp+8 bp@-24 | 100 -");
	/* A value that is read from memory is a place; any other is none. */
	CHECK_TEXT(rows_by(B("\x16\x06\x03\x09\xe8\x22")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x06\x04\x09\xe8\x22\x06")), "0 sp+8 bp@-24 | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x06\x06\x09\xe8\x22\x06\x23\x01")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x10\x03\x77\0\x06")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x03\x77\0\x06")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x05\x76\0\x0a\0\x80")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x04\x76\x80\x80\x02")), "0 none: range | 100 -");
}

/* Registers at their places in the kernel's signal frame. */
#define SIGNAL_CFA "\x0f\x04\x77\xa0\x01\x06"
#define SIGNAL_SP  "\x10\x07\x03\x77\xa0\x01"
#define SIGNAL_BP  "\x10\x06\x03\x77\xf8\0"
#define SIGNAL_RA  "\x10\x10\x03\x77\xa8\x01"

static void signal_frames(void)
{
#define SIGNAL_COMMON B("\x01zRS\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL)
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP SIGNAL_RA)),
		   "0 signal | 100 -");
	CHECK_TEXT(rows_by(B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP SIGNAL_RA)), "0 signal | 100 -");
	CHECK_TEXT(rows_by(B(SIGNAL_CFA SIGNAL_BP SIGNAL_RA)), "0 signal | 100 -");
	/* Others. */
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B("")), "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_RA)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON,
				  B(SIGNAL_CFA "\x10\x07\x03\x77\xa8\x01" SIGNAL_BP SIGNAL_RA)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON,
				  B("\x0f\x04\x77\xb0\x01\x06" SIGNAL_SP SIGNAL_BP SIGNAL_RA)),
		   "0 none: signal | 100 -");
}

/* --- entries ----------------------------------------------------------------------------------- */

static void common_entries(void)
{
	size_t common;

	/* Versions; where the return address is, is a byte in the first. */
	CHECK_TEXT(rows_by_common(B("\x03zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x03zR\0\x01" DATA_ALIGN "\x90\0\x01" PCREL_SDATA4 INITIAL),
				  B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x04zR\0\x08\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4
				    INITIAL), B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x04zR\0\x04\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4
				    INITIAL), B("")), "");
	CHECK_TEXT(rows_by_common(B("\x04zR\0\x08\x01\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4
				    INITIAL), B("")), "");
	CHECK_TEXT(rows_by_common(B("\x02zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN "\x08\x01" PCREL_SDATA4 INITIAL),
				  B("")), "");
	/* A personality routine and its tables; arm64's marks; letters that nobody knows. */
	CHECK_TEXT(rows_by_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN
				    "\x07\x9b\x01\x02\x03\x04\x1b" PCREL_SDATA4 INITIAL), B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN
				    "\x03\xff\x1b" PCREL_SDATA4 INITIAL), B("")),
		   "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zRBG\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by_common(B("\x01zRx\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01xR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("")), "");
	/* Augmentation data that is cut, or longer than is known. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\0" INITIAL), B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x7f" PCREL_SDATA4 INITIAL),
				  B("")), "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x03" PCREL_SDATA4 "\x77\x77"
				    INITIAL), B("")), "0 sp+8 | 100 -");
	/* No end of the letters. */
	CHECK_TEXT(rows_by_common(B("\x01zRRRRRRR"), B("")), "");

	/* Of gcc 2: a pointer, and no sizes. */
	start(false);
	common = put_common(B("\x01" "eh\0\x11\x22\x33\x44\x55\x66\x77\x88\x01" DATA_ALIGN RETURN
			      INITIAL));
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
		common = is_signed ? put_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01\x09" INITIAL))
				   : put_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01\x01" INITIAL));
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
	CHECK_TEXT(rows_of(false),
		   "0 sp+8 | 10 - | 20 sp+8 | 38 sp+24 | 40 - | 100 sp+16 | 110 -");
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

/* Common entries in one another, each of which would be run to the end of the section. */
static void nested_common_entries(void)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct cfi_rows rows = { 0 };
	size_t size = 8u << 20, half = size / 2;
	uint8_t *bytes = calloc(1, size);
	struct image_segment segment = { CODE_OFF, CODE_BYTES, CODE_VADDR };
	struct cfi_code code = { &segment, 1, CODE_OFF };
	struct cfi_section big = { bytes, size, FRAME_VADDR, false, false };

	/* Lengths that reach from anywhere here to where functions begin, ids of 0, and nops. */
	for (size_t i = 0; i + 16 <= half; i += 16) {
		uint32_t length = (uint32_t)(i ? half - i - 4 : half - 4);

		memcpy(bytes + i, &length, sizeof(length));
	}
	for (size_t i = half; i + 32 <= size; i += 32) {
		uint32_t length = 28, link = (uint32_t)(i + 4 - (i - half) / 2 / 16 * 16);

		memcpy(bytes + i, &length, sizeof(length));
		memcpy(bytes + i + 4, &link, sizeof(link));
	}
	CHECK_INT(cfi_read(&big, &code, rules, &rows), 0);
	CHECK_INT(rows.count, 0);
	array_free(&rows);
	unwind_rules_free(&rules);
	free(bytes);
}

/* --- broken sections --------------------------------------------------------------------------- */

static void put_rich_section(void)
{
	size_t common, signal;

	start(false);
	common = put_common(B("\x01zPLR\0\x01" DATA_ALIGN RETURN "\x07\x9b\x01\x02\x03\x04\x1b"
			      PCREL_SDATA4 INITIAL "\0\0"));
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
	CHECK_TEXT(rows_of(true),
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

/* --- the set of rules -------------------------------------------------------------------------- */

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
	CHECK_CASE(advances);
	CHECK_CASE(set_location);
	CHECK_CASE(cfa_instructions);
	CHECK_CASE(register_instructions);
	CHECK_CASE(remembered_states);
	CHECK_CASE(malformed_instructions);
	CHECK_CASE(cfa_expressions);
	CHECK_CASE(register_expressions);
	CHECK_CASE(signal_frames);
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
