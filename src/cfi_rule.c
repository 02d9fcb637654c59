// SPDX-License-Identifier: MIT
#include "cfi_rule.h"

#include "cfi_arch.h"
#include "cfi_expr.h"

/*
 * The place in memory that holds a register, as the CFA or a register + off. Values that are read
 * from memory in an expression are such a place, too.
 */
static bool find_place(const struct cfi_place *place, struct cfi_value *ret_value)
{
	static const struct cfi_value cfa = { .base = CFI_BASE_CFA };
	struct cfi_value value;

	if (place->how == CFI_AT_CFA) {
		*ret_value = (struct cfi_value){ CFI_BASE_CFA, .off = place->off };
		return true;
	}
	if (place->how != CFI_AT_EXPRESSION && place->how != CFI_IS_EXPRESSION)
		return false;
	if (!cfi_expr_value(place->expression, place->expression_size, &cfa, &value) ||
	    value.deref != (place->how == CFI_IS_EXPRESSION) || value.add)
		return false;
	value.deref = false;
	*ret_value = value;
	return true;
}

/* Relative to the CFA, if both are relative to the same register. */
static void prefer_cfa(struct cfi_value *place, const struct cfi_value *cfa)
{
	if (place->base != CFI_BASE_REG || cfa->base != CFI_BASE_REG || cfa->deref ||
	    place->reg != cfa->reg)
		return;
	place->base = CFI_BASE_CFA;
	place->off = (int64_t)((uint64_t)place->off - (uint64_t)cfa->off);
}

static enum cfi_why find_cfa(const struct cfi_place *place, struct cfi_value *ret_cfa,
			     struct scope_unwind_rule *rule)
{
	int8_t off, from;

	if (place->how == CFI_IN_REGISTER) {
		*ret_cfa = (struct cfi_value){ CFI_BASE_REG, .reg = place->reg, .off = place->off };
		return CFI_OK;
	}
	if (place->how != CFI_IS_EXPRESSION)
		return CFI_WHY_MALFORMED;
	if (cfi_expr_is_plt(place->expression, place->expression_size, &off, &from)) {
		rule->cfa = SCOPE_CFA_PLT;
		rule->cfa_off = off;
		rule->add = from;
		*ret_cfa = (struct cfi_value){ .base = CFI_BASE_CFA };
		return CFI_OK;
	}
	if (!cfi_expr_value(place->expression, place->expression_size, NULL, ret_cfa))
		return CFI_WHY_CFA_EXPRESSION;
	return CFI_OK;
}

static enum cfi_why say_cfa(const struct cfi_value *cfa, struct scope_unwind_rule *rule)
{
	if (rule->cfa == SCOPE_CFA_PLT)
		return CFI_OK;
	if (cfa->reg != CFI_ARCH_REG_SP && cfa->reg != CFI_ARCH_REG_BP &&
	    (cfa->deref || cfa->reg >= CFI_ARCH_REGS))
		return CFI_WHY_CFA_REGISTER;
	if (cfa->off != (int32_t)cfa->off || cfa->add != (int16_t)cfa->add)
		return CFI_WHY_RANGE;
	if (cfa->reg == CFI_ARCH_REG_SP) {
		rule->cfa = cfa->deref ? SCOPE_CFA_DEREF_SP : SCOPE_CFA_SP;
	} else if (cfa->reg == CFI_ARCH_REG_BP) {
		rule->cfa = cfa->deref ? SCOPE_CFA_DEREF_BP : SCOPE_CFA_BP;
	} else {
		rule->cfa = SCOPE_CFA_REG;
		rule->reg = (uint8_t)cfa->reg;
	}
	rule->cfa_off = (int32_t)cfa->off;
	rule->add = (int16_t)cfa->add;
	return CFI_OK;
}

static enum cfi_why say_bp(const struct cfi_place *bp, const struct cfi_value *cfa,
			   struct scope_unwind_rule *rule)
{
	struct cfi_value place;

	/* Undefined: the caller does without. */
	if (bp->how == CFI_UNSAID || bp->how == CFI_SAME || bp->how == CFI_UNDEFINED ||
	    (bp->how == CFI_IN_REGISTER && bp->reg == CFI_ARCH_REG_BP)) {
		rule->bp = SCOPE_BP_SAME;
		return CFI_OK;
	}
	if (!find_place(bp, &place))
		return CFI_WHY_BP;
	prefer_cfa(&place, cfa);
	if (place.base == CFI_BASE_REG && place.reg != CFI_ARCH_REG_BP)
		return CFI_WHY_BP;
	if (place.off != (int16_t)place.off)
		return CFI_WHY_RANGE;
	rule->bp = place.base == CFI_BASE_CFA ? SCOPE_BP_CFA : SCOPE_BP_BP;
	rule->bp_off = (int16_t)place.off;
	return CFI_OK;
}

/* Hardly anyone's CFA comes from it: what a rule cannot say is lost, and the rule is good. */
static void say_bx(const struct cfi_place *bx, const struct cfi_value *cfa,
		   struct scope_unwind_rule *rule)
{
	struct cfi_value place;

	if (bx->how == CFI_UNSAID || bx->how == CFI_SAME ||
	    (bx->how == CFI_IN_REGISTER && bx->reg == CFI_ARCH_REG_BX))
		return;
	rule->bx_off = SCOPE_BX_LOST;
	if (!find_place(bx, &place))
		return;
	prefer_cfa(&place, cfa);
	if (place.base == CFI_BASE_CFA && place.off && !(place.off & 7) &&
	    place.off == (int16_t)place.off)
		rule->bx_off = (int16_t)place.off;
}

static enum cfi_why say_ra(const struct cfi_place *ra, const struct cfi_value *cfa,
			   struct scope_unwind_rule *rule)
{
	struct cfi_value place;

	if (ra->how == CFI_IN_REGISTER) {
		if (ra->reg >= CFI_ARCH_REGS ||
		    (rule->cfa == SCOPE_CFA_REG && rule->reg != ra->reg))
			return CFI_WHY_RA;
		rule->ra = SCOPE_RA_LINK;
		rule->reg = (uint8_t)ra->reg;
		return CFI_OK;
	}
	if (!find_place(ra, &place))
		return CFI_WHY_RA;
	prefer_cfa(&place, cfa);
	if (place.base != CFI_BASE_CFA)
		return CFI_WHY_RA;
	if (place.off != (int16_t)place.off)
		return CFI_WHY_RANGE;
	rule->ra = SCOPE_RA_CFA;
	rule->ra_off = (int16_t)place.off;
	return CFI_OK;
}

static bool is_saved_above_sp(const struct cfi_place *place, int64_t off)
{
	struct cfi_value value;

	return find_place(place, &value) && value.base == CFI_BASE_REG &&
	       value.reg == CFI_ARCH_REG_SP && value.off == off;
}

/* The frame that the kernel makes for a signal's handler: registers are all in one structure. */
static bool is_signal_frame(const struct cfi_state *state, const struct cfi_value *cfa)
{
	return cfa->base == CFI_BASE_REG && cfa->reg == CFI_ARCH_REG_SP && cfa->deref &&
	       cfa->off == CFI_ARCH_SIGNAL_SP && cfa->add == 0 &&
	       is_saved_above_sp(&state->ra, CFI_ARCH_SIGNAL_RA) &&
	       is_saved_above_sp(&state->bp, CFI_ARCH_SIGNAL_BP) &&
	       (state->sp.how == CFI_UNSAID || is_saved_above_sp(&state->sp, CFI_ARCH_SIGNAL_SP));
}

static enum cfi_why make(const struct cfi_state *state, bool signal, struct scope_unwind_rule *rule)
{
	struct cfi_value cfa;
	enum cfi_why why;

	if (state->ra.how == CFI_UNDEFINED) {
		rule->cfa = SCOPE_CFA_END;
		return CFI_OK;
	}
	why = find_cfa(&state->cfa, &cfa, rule);
	if (why)
		return why;
	if (is_signal_frame(state, &cfa)) {
		rule->cfa = SCOPE_CFA_SIGNAL;
		return CFI_OK;
	}
	if (signal)
		return CFI_WHY_SIGNAL;
	why = say_cfa(&cfa, rule);
	if (why)
		return why;
	if (state->sp.how != CFI_UNSAID && (state->sp.how != CFI_CFA_PLUS || state->sp.off))
		return CFI_WHY_SP;
	say_bx(&state->bx, &cfa, rule);
	why = say_bp(&state->bp, &cfa, rule);
	return why ? why : say_ra(&state->ra, &cfa, rule);
}

enum cfi_why cfi_rule_make(const struct cfi_state *state, bool signal,
			   struct scope_unwind_rule *ret_rule)
{
	struct scope_unwind_rule rule = { 0 };
	enum cfi_why why = make(state, signal, &rule);

	*ret_rule = why ? (struct scope_unwind_rule){ .cfa = SCOPE_CFA_NONE } : rule;
	return why;
}
