/* SPDX-License-Identifier: MIT */
/*
 * cfi_made.h - call frame information by hand: a section is put together entry by entry, and its
 * rows are text:
 *
 *   0 sp+8 | 1 sp+16 bp@-16 | 20 -      from 0 on the CFA is sp + 8 ...; of what is from 20 on
 * nothing is said
 *
 * with ra only where it is not at CFA - 8, and bx only where it is not the caller's.
 */
#ifndef CFI_MADE_H
#define CFI_MADE_H

#include <stdlib.h>
#include <string.h>

#include "cfi.h"
#include "check.h"

#define CODE_VADDR   0x401000u
#define CODE_OFF     0x1000u
#define CODE_BYTES   0x1000u
#define FRAME_VADDR  0x500000u
#define DATA_ALIGN   "\x78"		    /* -8 */
#define RETURN	     "\x10"		    /* register 16 */
#define INITIAL	     "\x0c\x07\x08\x90\x01" /* CFA sp+8, return address at CFA-8 */
#define PCREL_SDATA4 "\x1b"

/* Bytes of a literal, which may hold zeros. */
#define B(literal) (literal), sizeof(literal) - 1

static struct {
	uint8_t bytes[1 << 16];
	size_t size;
	bool debug;
} section;

static inline void put(const void *bytes, size_t count)
{
	CHECK(section.size + count <= sizeof(section.bytes));
	if (section.size + count > sizeof(section.bytes))
		return;
	memcpy(section.bytes + section.size, bytes, count);
	section.size += count;
}

static inline void put_number(uint64_t number, size_t bytes)
{
	put(&number, bytes);
}

static inline void start(bool debug)
{
	memset(&section, 0, sizeof(section));
	section.debug = debug;
}

/* An entry's length is known when it ends. */
static inline size_t begin_entry(void)
{
	put_number(0, 4);
	return section.size;
}

static inline void end_entry(size_t from)
{
	uint32_t length = (uint32_t)(section.size - from);

	memcpy(section.bytes + from - 4, &length, sizeof(length));
}

/* A common entry from its version on; where it begins. */
static inline size_t put_common(const char *bytes, size_t count)
{
	size_t from = begin_entry();

	put_number(section.debug ? UINT32_MAX : 0, 4);
	put(bytes, count);
	end_entry(from);
	return from - 4;
}

static inline void put_link(size_t common)
{
	put_number(section.debug ? common : section.size - common, 4);
}

/* A function `off` bytes into the code, as the common entry of most sections has it. */
static inline void put_function(size_t common, uint32_t off, uint32_t bytes,
				const char *instructions, size_t count)
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

static inline size_t put_usual_common(void)
{
	return section.debug ? put_common(B("\x03\0\x01" DATA_ALIGN RETURN INITIAL))
			     : put_common(B("\x01zR\0\x01" DATA_ALIGN RETURN
					    "\x01" PCREL_SDATA4 INITIAL));
}

/* --- rows as text ----------------------------------------------------------------------------- */

static inline void say_rule(const struct scope_unwind_rule *rule, FILE *out)
{
	static const char *const forms[] = {
		[SCOPE_CFA_SP] = "sp%+d",	   [SCOPE_CFA_BP] = "bp%+d",
		[SCOPE_CFA_DEREF_SP] = "*(sp%+d)", [SCOPE_CFA_DEREF_BP] = "*(bp%+d)",
		[SCOPE_CFA_PLT] = "plt%+d",	   [SCOPE_CFA_BP_FAR] = "far bp%+d",
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
	if (rule->bx_off == SCOPE_BX_LOST)
		fputs(" bx?", out);
	else if (rule->bx_off)
		fprintf(out, " bx@%+d", rule->bx_off);
	if (rule->ra == SCOPE_RA_LINK)
		fprintf(out, " ra=r%u", rule->reg);
	else if (rule->ra_off != -8)
		fprintf(out, " ra@%+d", rule->ra_off);
}

static inline const char *why_name(uint8_t why)
{
	static const char *const names[CFI_WHYS] = {
		[CFI_WHY_CFA_REGISTER] = "register",
		[CFI_WHY_CFA_EXPRESSION] = "expression",
		[CFI_WHY_RANGE] = "range",
		[CFI_WHY_SP] = "sp",
		[CFI_WHY_BP] = "bp",
		[CFI_WHY_RA] = "ra",
		[CFI_WHY_SIGNAL] = "signal",
		[CFI_WHY_MALFORMED] = "malformed",
		[CFI_WHY_RULES_FULL] = "full",
	};

	return why < CFI_WHYS && names[why] ? names[why] : "?";
}

/* A copy of just the size, so that the sanitizer sees a read beyond. */
static inline int read_bytes(const uint8_t *bytes, size_t size, bool debug, bool terminated,
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

static inline const char *rows_of(bool terminated)
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
static inline const char *rows_by(const char *instructions, size_t count)
{
	start(false);
	put_function(put_usual_common(), 0, 0x100, instructions, count);
	return rows_of(false);
}

static inline const char *rows_by_common(const char *common, size_t common_count,
					 const char *instructions, size_t count)
{
	start(false);
	put_function(put_common(common, common_count), 0, 0x100, instructions, count);
	return rows_of(false);
}

/* The kernel's signal frame: registers at their places in it. */
#define SIGNAL_CFA "\x0f\x04\x77\xa0\x01\x06"
#define SIGNAL_SP  "\x10\x07\x03\x77\xa0\x01"
#define SIGNAL_BP  "\x10\x06\x03\x77\xf8\0"
#define SIGNAL_RA  "\x10\x10\x03\x77\xa8\x01"

#endif
