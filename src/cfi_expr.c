// SPDX-License-Identifier: MIT
#include "cfi_expr.h"

#include <string.h>

#include "cfi_arch.h"
#include "cfi_dwarf.h"
#include "cursor.h"

#define STACK_MAX 8 /* real ones need two */

struct stack {
	struct cfi_value items[STACK_MAX];
	size_t count;
};

static bool push(struct stack *stack, struct cfi_value value)
{
	if (stack->count == STACK_MAX)
		return false;
	stack->items[stack->count++] = value;
	return true;
}

static bool pop(struct stack *stack, struct cfi_value *ret_value)
{
	if (!stack->count)
		return false;
	*ret_value = stack->items[--stack->count];
	return true;
}

static bool push_number(struct stack *stack, uint64_t number)
{
	return push(stack, (struct cfi_value){ CFI_BASE_NUMBER, .off = (int64_t)number });
}

static bool push_register(struct stack *stack, uint64_t reg, struct cursor *c)
{
	return push(stack, (struct cfi_value){ CFI_BASE_REG, .reg = reg, .off = cursor_sleb(c) });
}

static void shift_value(struct cfi_value *value, uint64_t by)
{
	int64_t *part = value->deref ? &value->add : &value->off;

	*part = (int64_t)((uint64_t)*part + by);
}

static bool is_number(const struct cfi_value *value)
{
	return value->base == CFI_BASE_NUMBER && !value->deref;
}

static bool add(struct stack *stack, bool negative)
{
	struct cfi_value right, left;

	if (!pop(stack, &right) || !pop(stack, &left))
		return false;
	if (!negative && is_number(&left)) {
		struct cfi_value swap = left;

		left = right;
		right = swap;
	}
	if (!is_number(&right))
		return false;
	shift_value(&left, negative ? -(uint64_t)right.off : (uint64_t)right.off);
	return push(stack, left);
}

static bool dereference(struct stack *stack)
{
	struct cfi_value value;

	if (!pop(stack, &value) || value.deref || value.base == CFI_BASE_NUMBER)
		return false;
	value.deref = true;
	return push(stack, value);
}

static bool read_number(struct stack *stack, uint8_t op, struct cursor *c)
{
	switch (op) {
	case DW_OP_const1u:
		return push_number(stack, cursor_uint8(c));
	case DW_OP_const1s:
		return push_number(stack, (uint64_t)cursor_int8(c));
	case DW_OP_const2u:
		return push_number(stack, cursor_uint16(c));
	case DW_OP_const2s:
		return push_number(stack, (uint64_t)cursor_int16(c));
	case DW_OP_const4u:
		return push_number(stack, cursor_uint32(c));
	case DW_OP_const4s:
		return push_number(stack, (uint64_t)cursor_int32(c));
	case DW_OP_const8u:
	case DW_OP_const8s:
		return push_number(stack, cursor_uint64(c));
	case DW_OP_constu:
		return push_number(stack, cursor_uleb(c));
	case DW_OP_consts:
		return push_number(stack, (uint64_t)cursor_sleb(c));
	default:
		return false;
	}
}

static bool run_op(struct stack *stack, uint8_t op, struct cursor *c)
{
	struct cfi_value value;

	if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
		return push_number(stack, (uint64_t)(op - DW_OP_lit0));
	if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
		return push_register(stack, (uint64_t)(op - DW_OP_breg0), c);
	if (op >= DW_OP_const1u && op <= DW_OP_consts)
		return read_number(stack, op, c);
	switch (op) {
	case DW_OP_bregx:
		return push_register(stack, cursor_uleb(c), c);
	case DW_OP_deref:
		return dereference(stack);
	case DW_OP_plus_uconst:
		if (!stack->count)
			return false;
		shift_value(&stack->items[stack->count - 1], cursor_uleb(c));
		return true;
	case DW_OP_plus:
		return add(stack, false);
	case DW_OP_minus:
		return add(stack, true);
	case DW_OP_drop:
		return pop(stack, &value);
	case DW_OP_nop:
		return true;
	default:
		return false;
	}
}

bool cfi_expr_value(const uint8_t *bytes, size_t size, const struct cfi_value *first,
		    struct cfi_value *ret_value)
{
	struct cursor c = { bytes, bytes + size, false };
	struct stack stack = { 0 };
	struct cfi_value value;

	if (first)
		push(&stack, *first);
	while (cursor_left(&c)) {
		if (!run_op(&stack, cursor_uint8(&c), &c) || c.bad)
			return false;
	}
	if (!pop(&stack, &value) || value.base == CFI_BASE_NUMBER)
		return false;
	*ret_value = value;
	return true;
}

bool cfi_expr_is_plt(const uint8_t *bytes, size_t size, int8_t *ret_off, int8_t *ret_from)
{
	static const uint8_t pattern[] = CFI_ARCH_PLT;

	if (size != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (i == CFI_ARCH_PLT_SP    ? bytes[i] >= 0x40 /* of several bytes, or negative */
		    : i == CFI_ARCH_PLT_LIT ? (bytes[i] < DW_OP_lit0 || bytes[i] > DW_OP_lit15)
					    : bytes[i] != pattern[i])
			return false;
	}
	*ret_off = (int8_t)bytes[CFI_ARCH_PLT_SP];
	*ret_from = (int8_t)(bytes[CFI_ARCH_PLT_LIT] - DW_OP_lit0);
	return true;
}
