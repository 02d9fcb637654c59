/* SPDX-License-Identifier: MIT */
/*
 * cfi_oracle.h - a file's call frame information as elfutils reads it, to compare unwind tables
 * with.
 *
 * Both are asked for a frame's caller with the same made-up registers and memory, in which every
 * address holds another number: what agrees there is the same rule, however it is written down.
 */
#ifndef CFI_ORACLE_H
#define CFI_ORACLE_H

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scope_unwind.h"

#define ORACLE_REGS 17

struct oracle {
	int fd;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug; /* NULL: none */
};

enum oracle_kind { ORACLE_NONE, ORACLE_END, ORACLE_FRAME };

/* A frame's caller. */
struct oracle_caller {
	enum oracle_kind kind;
	uint64_t sp, bp, bx, ip;
	bool bp_undefined, bx_undefined;
};

static inline bool oracle_open_elf(struct oracle *o, Elf *elf)
{
	o->elf = elf;
	if (!elf)
		return false;
	o->eh = dwarf_getcfi_elf(elf);
	o->dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	o->debug = o->dwarf ? dwarf_getcfi(o->dwarf) : NULL;
	return true;
}

static inline bool oracle_open(struct oracle *o, const char *path)
{
	memset(o, 0, sizeof(*o));
	elf_version(EV_CURRENT);
	o->fd = open(path, O_RDONLY | O_CLOEXEC);
	return o->fd >= 0 && oracle_open_elf(o, elf_begin(o->fd, ELF_C_READ_MMAP, NULL));
}

static inline bool oracle_open_memory(struct oracle *o, void *bytes, size_t size)
{
	memset(o, 0, sizeof(*o));
	elf_version(EV_CURRENT);
	o->fd = -1;
	return oracle_open_elf(o, elf_memory(bytes, size));
}

static inline void oracle_close(struct oracle *o)
{
	if (o->eh)
		dwarf_cfi_end(o->eh);
	if (o->dwarf)
		dwarf_end(o->dwarf); /* and with it `debug` */
	if (o->elf)
		elf_end(o->elf);
	if (o->fd >= 0)
		close(o->fd);
}

/* Where the rows at an address end, too. NULL: nothing is said of it. The caller frees it. */
static inline Dwarf_Frame *oracle_frame(const struct oracle *o, uint64_t vaddr, uint64_t *ret_start,
					uint64_t *ret_end)
{
	Dwarf_Frame *frame = NULL;
	bool signal;

	if ((!o->eh || dwarf_cfi_addrframe(o->eh, vaddr, &frame) != 0) &&
	    (!o->debug || dwarf_cfi_addrframe(o->debug, vaddr, &frame) != 0))
		return NULL;
	if (dwarf_frame_info(frame, ret_start, ret_end, &signal) < 0) {
		free(frame);
		return NULL;
	}
	return frame;
}

/* --- the made-up thread ----------------------------------------------------------------------- */

static inline uint64_t oracle_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 29;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 32;
}

static inline uint64_t oracle_memory(uint64_t address)
{
	return oracle_mix(address + 0x9e3779b97f4a7c15u);
}

static inline uint64_t oracle_reg(uint64_t vaddr, uint64_t reg)
{
	return reg == 16 ? vaddr : oracle_mix(vaddr * 31 + reg);
}

/* --- expressions, by number ------------------------------------------------------------------- */

static inline bool oracle_binary(unsigned int op, uint64_t a, uint64_t b, uint64_t *ret_value)
{
	switch (op) {
	case DW_OP_plus:
		*ret_value = a + b;
		return true;
	case DW_OP_minus:
		*ret_value = a - b;
		return true;
	case DW_OP_mul:
		*ret_value = a * b;
		return true;
	case DW_OP_and:
		*ret_value = a & b;
		return true;
	case DW_OP_or:
		*ret_value = a | b;
		return true;
	case DW_OP_shl:
		*ret_value = a << (b & 63);
		return true;
	case DW_OP_ge:
		*ret_value = (int64_t)a >= (int64_t)b;
		return true;
	default:
		return false;
	}
}

/* The value that an expression leaves, and whether it is the place of the value or the value
 * itself. */
static inline bool oracle_evaluate(const Dwarf_Op *ops, size_t count, uint64_t vaddr, uint64_t cfa,
				   uint64_t *ret_value, bool *ret_is_value)
{
	uint64_t stack[16] = { 0 };
	size_t top = 0;

	*ret_is_value = false;
	for (size_t i = 0; i < count; i++) {
		unsigned int op = ops[i].atom;
		uint64_t value;

		if (top >= 15)
			return false;
		if (op == DW_OP_stack_value) {
			*ret_is_value = true;
			continue;
		}
		if (op >= DW_OP_breg0 && op <= DW_OP_breg31) {
			stack[top++] = oracle_reg(vaddr, op - DW_OP_breg0) + ops[i].number;
		} else if (op == DW_OP_bregx) {
			stack[top++] = oracle_reg(vaddr, ops[i].number) + ops[i].number2;
		} else if (op >= DW_OP_reg0 && op <= DW_OP_reg31) {
			stack[top++] = oracle_reg(vaddr, op - DW_OP_reg0);
			*ret_is_value = true;
		} else if (op == DW_OP_regx) {
			stack[top++] = oracle_reg(vaddr, ops[i].number);
			*ret_is_value = true;
		} else if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
			stack[top++] = op - DW_OP_lit0;
		} else if (op >= DW_OP_const1u && op <= DW_OP_consts) {
			stack[top++] = ops[i].number;
		} else if (op == DW_OP_call_frame_cfa) {
			stack[top++] = cfa;
		} else if (op == DW_OP_nop) {
			continue;
		} else if (!top) {
			return false;
		} else if (op == DW_OP_drop) {
			top--;
		} else if (op == DW_OP_deref) {
			stack[top - 1] = oracle_memory(stack[top - 1]);
		} else if (op == DW_OP_plus_uconst) {
			stack[top - 1] += ops[i].number;
		} else if (top >= 2 && oracle_binary(op, stack[top - 2], stack[top - 1], &value)) {
			stack[--top - 1] = value;
		} else {
			return false;
		}
	}
	*ret_value = stack[top ? top - 1 : 0];
	return top > 0;
}

/* False: undefined, or nobody knows. */
static inline bool oracle_register(Dwarf_Frame *frame, int reg, uint64_t vaddr, uint64_t cfa,
				   uint64_t *ret_value)
{
	Dwarf_Op memory[3], *ops;
	bool is_value;
	size_t count;

	if (dwarf_frame_register(frame, reg, memory, &ops, &count) != 0)
		return false;
	if (!count) {
		*ret_value = oracle_reg(vaddr, (uint64_t)reg);
		return ops == NULL; /* the same; else undefined */
	}
	if (!oracle_evaluate(ops, count, vaddr, cfa, ret_value, &is_value))
		return false;
	if (!is_value)
		*ret_value = oracle_memory(*ret_value);
	return true;
}

static inline struct oracle_caller oracle_caller(Dwarf_Frame *frame, uint64_t vaddr)
{
	struct oracle_caller caller = { .kind = ORACLE_FRAME };
	bool is_value;
	Dwarf_Op *ops;
	size_t count;
	uint64_t cfa;

	if (dwarf_frame_cfa(frame, &ops, &count) != 0 ||
	    !oracle_evaluate(ops, count, vaddr, 0, &cfa, &is_value))
		return (struct oracle_caller){ .kind = ORACLE_NONE };
	if (!oracle_register(frame, 16, vaddr, cfa, &caller.ip))
		return (struct oracle_caller){ .kind = ORACLE_END };
	if (!oracle_register(frame, 7, vaddr, cfa, &caller.sp))
		return (struct oracle_caller){ .kind = ORACLE_NONE };
	caller.bp_undefined = !oracle_register(frame, 6, vaddr, cfa, &caller.bp);
	caller.bx_undefined = !oracle_register(frame, 3, vaddr, cfa, &caller.bx);
	return caller;
}

/* The same by a rule of a table. */
static inline struct oracle_caller oracle_caller_by_rule(const struct scope_unwind_rule *rule,
							 uint64_t vaddr)
{
	struct oracle_caller caller = { .kind = ORACLE_FRAME };
	uint64_t sp = oracle_reg(vaddr, 7), bp = oracle_reg(vaddr, 6);
	uint64_t cfa_off = (uint64_t)(int64_t)rule->cfa_off, add = (uint64_t)(int64_t)rule->add;

	switch (rule->cfa) {
	case SCOPE_CFA_SP:
		caller.sp = sp + cfa_off;
		break;
	case SCOPE_CFA_BP:
		caller.sp = bp + cfa_off;
		break;
	case SCOPE_CFA_REG:
		caller.sp = oracle_reg(vaddr, rule->reg) + cfa_off;
		break;
	case SCOPE_CFA_DEREF_SP:
		caller.sp = oracle_memory(sp + cfa_off) + add;
		break;
	case SCOPE_CFA_DEREF_BP:
		caller.sp = oracle_memory(bp + cfa_off) + add;
		break;
	case SCOPE_CFA_PLT:
		caller.sp = sp + cfa_off + ((vaddr & 15) >= add ? 8 : 0);
		break;
	case SCOPE_CFA_SIGNAL:
		caller.sp = oracle_memory(sp + 160);
		caller.bp = oracle_memory(sp + 120);
		caller.bx = oracle_memory(sp + 128);
		caller.ip = oracle_memory(sp + 168);
		return caller;
	default:
		caller.kind = rule->cfa == SCOPE_CFA_END ? ORACLE_END : ORACLE_NONE;
		return caller;
	}
	caller.bx_undefined = rule->bx_off == SCOPE_BX_LOST;
	caller.bx = rule->bx_off ? oracle_memory(caller.sp + (uint64_t)(int64_t)rule->bx_off)
				 : oracle_reg(vaddr, 3);
	if (rule->bp == SCOPE_BP_SAME)
		caller.bp = bp;
	else
		caller.bp = oracle_memory((rule->bp == SCOPE_BP_CFA ? caller.sp : bp) +
					  (uint64_t)(int64_t)rule->bp_off);
	caller.ip = rule->ra == SCOPE_RA_LINK
			    ? oracle_reg(vaddr, rule->reg)
			    : oracle_memory(caller.sp + (uint64_t)(int64_t)rule->ra_off);
	return caller;
}

static inline bool oracle_agrees(const struct oracle_caller *a, const struct oracle_caller *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind != ORACLE_FRAME || (a->sp == b->sp && a->ip == b->ip &&
					   (a->bp == b->bp || a->bp_undefined || b->bp_undefined) &&
					   (a->bx == b->bx || a->bx_undefined || b->bx_undefined));
}

#endif
