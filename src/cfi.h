/* SPDX-License-Identifier: MIT */
/*
 * cfi.h - call frame information (DWARF 5, 6.4; for .eh_frame the Linux Standard Base, core, 10.6)
 * read into rows: from this address on, this rule.
 *
 * The bytes are hostile: every read is bounded, and the work is linear in the size of the section.
 */
#ifndef CFI_H
#define CFI_H

/* Why a row has no rule. */
enum cfi_why {
	CFI_OK,
	CFI_WHY_CFA_REGISTER,	/* the CFA comes of a register that a rule cannot name */
	CFI_WHY_CFA_EXPRESSION, /* the CFA comes of an expression of another form than those known */
	CFI_WHY_CFA_RANGE,	/* an offset is larger than a rule can hold */
	CFI_WHY_SP,		/* the caller's stack pointer is not the CFA */
	CFI_WHY_BP,		/* the frame pointer is where a rule cannot say */
	CFI_WHY_RA,		/* so is the return address */
	CFI_WHY_SIGNAL,		/* a signal frame of another layout */
	CFI_WHY_MALFORMED,	/* instructions that make no sense; the rest of that function */
	CFI_WHY_RULES_FULL,	/* no room for another rule */
	CFI_WHYS,
};

#endif
