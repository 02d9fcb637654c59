/* SPDX-License-Identifier: MIT */
/*
 * cfi_rule.h - what call frame instructions have come to at an address, and the rule that says it.
 *
 * Of all registers only those count that a walk goes on with: the stack pointer, the frame pointer,
 * the return address, and bx, which some have their CFA from.
 */
#ifndef CFI_RULE_H
#define CFI_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfi.h"
#include "scope_unwind.h"

enum cfi_how {
	CFI_UNSAID,
	CFI_INVALID,
	CFI_UNDEFINED,
	CFI_SAME,
	CFI_AT_CFA,	   /* saved at CFA + off */
	CFI_CFA_PLUS,	   /* is CFA + off */
	CFI_IN_REGISTER,   /* is register reg; for the CFA + off */
	CFI_AT_EXPRESSION, /* saved where the expression says */
	CFI_IS_EXPRESSION, /* is what the expression says */
};

struct cfi_place {
	enum cfi_how how;
	uint64_t reg;
	int64_t off;
	const uint8_t *expression;
	size_t expression_size;
};

struct cfi_state {
	struct cfi_place cfa, sp, bp, bx, ra;
};

/* CFI_OK, or why there is no rule; `ret_rule` is then rule 0. */
enum cfi_why cfi_rule_make(const struct cfi_state *state, bool signal,
			   struct scope_unwind_rule *ret_rule);

#endif
