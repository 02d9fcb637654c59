/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - call frame information (DWARF 5, 6.4; for .eh_frame the Linux Standard Base, core, 10.6)
 * read into rows: from this address on, this rule.
 *
 * The bytes are hostile: every read is bounded, and time and memory are in proportion to the
 * section.
 */
#ifndef CFI_H
#define CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "mem.h"
#include "unwind_rule_set.h"

/* Why a row has no rule. */
enum cfi_why {
	CFI_OK,
	CFI_WHY_CFA_REGISTER,	/* the CFA comes of a register that a rule cannot name */
	CFI_WHY_CFA_EXPRESSION, /* the CFA comes of an expression of no form that is known */
	CFI_WHY_RANGE,		/* an offset is larger than a rule can hold */
	CFI_WHY_SP,		/* the caller's stack pointer is not the CFA */
	CFI_WHY_BP,		/* the frame pointer is where a rule cannot say */
	CFI_WHY_RA,		/* so is the return address */
	CFI_WHY_SIGNAL,		/* a signal frame of another layout */
	CFI_WHY_MALFORMED,	/* instructions that make no sense; the rest of that function */
	CFI_WHY_RULES_FULL,	/* no room for another rule */
	CFI_WHYS,
};

struct cfi_section {
	uint8_t *bytes;
	size_t size;	 /* less than 4 GiB */
	uint64_t vaddr;	 /* of .eh_frame */
	bool debug;	 /* .debug_frame */
	bool terminated; /* by an entry of no length, not by `size` */
};

/* A row holds up to the next. The last is a gap. */
struct cfi_row {
	uint32_t off;  /* of the code, from the base on */
	uint16_t rule; /* its number */
	uint8_t gap;   /* 1: nothing is said of this code */
	uint8_t why;   /* enum cfi_why, if the rule is 0 and it is no gap */
};

struct cfi_rows {
	struct cfi_row *items;
	size_t count, room;
};

/* Code: what is said of any other address is left out. */
struct cfi_code {
	const struct image_segment *segments;
	size_t segment_count;
	uint64_t base_off; /* of the file. All segments lie above it and end 4 GiB above at most */
};

#define CFI_ROWS_MAX (1u << 24) /* libLLVM, among the largest, has a tenth of that */

/*
 * Adds the rows of a section, sorted; `rows` are empty before. Where two entries tell of the same
 * code, the one that begins later is believed. -E2BIG: more than CFI_ROWS_MAX.
 */
int cfi_read(const struct cfi_section *section, const struct cfi_code *code,
	     struct unwind_rules *rules, struct cfi_rows *rows);

/* Adds a row at the end; those at or after `row` are taken away first. */
void cfi_rows_add(struct cfi_rows *rows, struct cfi_row row);

#endif
