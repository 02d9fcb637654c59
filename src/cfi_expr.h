/* SPDX-License-Identifier: MIT */
/*
 * cfi_expr.h - what a DWARF expression comes to, as far as a rule can say it: a place relative to a
 * register or the CFA, or what is in memory at such a place.
 */
#ifndef CFI_EXPR_H
#define CFI_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cfi_base { CFI_BASE_NUMBER, CFI_BASE_REG, CFI_BASE_CFA };

/* base + off, or with `deref` *(base + off) + add. */
struct cfi_value {
	enum cfi_base base;
	bool deref;
	uint64_t reg; /* DWARF's number, with CFI_BASE_REG */
	int64_t off, add;
};

/*
 * `first`: what is on the stack at the start, or NULL. False: it comes to something else, or makes
 * no sense.
 */
bool cfi_expr_value(const uint8_t *bytes, size_t size, const struct cfi_value *first,
		    struct cfi_value *ret_value);

/* Is it that of a procedure linkage table? As in SCOPE_CFA_PLT. */
bool cfi_expr_is_plt(const uint8_t *bytes, size_t size, int8_t *ret_off, int8_t *ret_from);

#endif
