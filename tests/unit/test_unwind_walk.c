// SPDX-License-Identifier: MIT
/* The walk over hand-made tables: rules, frame pointers, ends, and noise. */
#include "unwind_walk.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define STACK_START 0x10000u
#define SLOTS	    4096u
#define CODE	    0x400000u
#define OTHER_CODE  0x500000u /* without a table */
#define MAX	    256u

enum { REG_BX = 3, REG_BP = 6, REG_SP = 7, REG_IP = 16 };

static uint64_t stack[SLOTS];
static uint32_t table[2 * SCOPE_UNWIND_ELEMENT / 4];
static struct scope_unwind_rule rules[16];
static struct scope_unwind_map maps[2];
static const struct unwind_elements tables[] = { { NULL, 0 }, { table, 2 } };
static uint64_t regs[SCOPE_RAW_REGS], ips[MAX];
static enum scope_stack_end end;
static struct unwind_view view;

static bool read_slot(void *context, uint64_t address, uint64_t *ret_value)
{
	(void)context;
	if (address < STACK_START || address - STACK_START > sizeof(stack) - 8)
		return false;
	memcpy(ret_value, (char *)stack + (address - STACK_START), 8);
	return true;
}

static uint64_t slot(size_t index)
{
	return STACK_START + index * 8;
}

/* One page of code; each sixteen bytes have the rule of their number, and so on from the start. */
static void reset(void)
{
	struct scope_unwind_page *page = (struct scope_unwind_page *)(void *)table;

	memset(stack, 0, sizeof(stack));
	memset(table, 0, sizeof(table));
	memset(rules, 0, sizeof(rules));
	memset(regs, 0, sizeof(regs));
	*page = (struct scope_unwind_page){ .element = 1, .first = 0, .count = 16 };
	for (uint32_t i = 0; i < 16; i++)
		table[SCOPE_UNWIND_ROWS + i] = SCOPE_UNWIND_ROW(i * 16, i);
	maps[0] = (struct scope_unwind_map){ CODE, CODE + 4096, 1, 0 };
	maps[1] = (struct scope_unwind_map){ OTHER_CODE, OTHER_CODE + 4096, 0, 0 };
	view = (struct unwind_view){
		.maps = maps,
		.map_count = 2,
		.tables = tables,
		.table_count = 2,
		.rules = rules,
		.rule_count = 16,
		.read = read_slot,
	};
	regs[REG_SP] = slot(0);
	rules[1] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_END };
}

static uint64_t in_rule(uint32_t rule)
{
	return CODE + rule * 16 + 8;
}

static size_t walk(size_t max)
{
	return unwind_walk(&view, regs, ips, max, &end);
}

static void by_the_stack_pointer(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8, .ra_off = -8 };
	rules[3] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_SP, .cfa_off = 32, .ra_off = -8, .bp = SCOPE_BP_CFA, .bp_off = -16
	};
	rules[4] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_BP, .cfa_off = 16, .ra_off = -8, .bp = SCOPE_BP_CFA, .bp_off = -16
	};
	regs[REG_IP] = in_rule(2);
	stack[0] = in_rule(3);
	stack[3] = slot(20); /* bp of the third */
	stack[4] = in_rule(4);
	stack[20] = 0x77;
	stack[21] = in_rule(1);
	CHECK_INT(walk(MAX), 4);
	CHECK(ips[0] == in_rule(2) && ips[1] == in_rule(3) && ips[2] == in_rule(4) &&
	      ips[3] == in_rule(1));
	CHECK_INT(end, SCOPE_END_COMPLETE);
}

static void by_other_registers(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_REG, .reg = 10, .cfa_off = 16, .ra_off = -8
	};
	regs[10] = slot(9);
	regs[REG_IP] = in_rule(2);
	stack[10] = in_rule(1);
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* not the leaf's: nobody knows what it was */
	stack[10] = in_rule(2);
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_NO_RULE);
}

/* As in the dynamic linker's resolvers, which keep the stack pointer there while they call. */
static void by_bx_in_frames_that_call(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8, .ra_off = -8 };
	rules[3] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_SP, .cfa_off = 32, .ra_off = -8, .bx_off = -16
	};
	rules[4] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_REG, .reg = REG_BX, .cfa_off = 16, .ra_off = -8, .bx_off = -16
	};
	regs[REG_IP] = in_rule(2);
	regs[REG_BX] = 0x1111;
	stack[0] = in_rule(3);
	stack[3] = slot(20); /* the third's, saved by the second */
	stack[4] = in_rule(4);
	stack[20] = slot(30); /* who called it has one, too */
	stack[21] = in_rule(4);
	stack[30] = 0x2222;
	stack[31] = in_rule(1);
	CHECK_INT(walk(MAX), 5);
	CHECK(ips[2] == in_rule(4) && ips[3] == in_rule(4) && ips[4] == in_rule(1));
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* never saved: the leaf's */
	rules[3].bx_off = 0;
	regs[REG_BX] = slot(20);
	CHECK_INT(walk(MAX), 5);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* lost, or not to be read */
	rules[3].bx_off = SCOPE_BX_LOST;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	rules[3].bx_off = -8000;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	/* nor does anybody know behind a frame that only has a frame pointer */
	regs[REG_IP] = OTHER_CODE + 8;
	regs[REG_BP] = slot(8);
	stack[8] = 0;
	stack[9] = in_rule(4);
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_NO_RULE);
}

/* As in Go, where a goroutine's code is run on the thread's stack for a while. */
static void on_to_another_stack(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_SP, .cfa_off = 24, .ra_off = -8, .bp = SCOPE_BP_CFA, .bp_off = -16
	};
	rules[3] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_BP_FAR,
					       .cfa_off = 16,
					       .ra_off = -8,
					       .bp = SCOPE_BP_CFA,
					       .bp_off = -16 };
	rules[4] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 16, .ra_off = -8 };
	for (size_t far = 10; far <= 500; far += 490) { /* below the first, and above */
		regs[REG_SP] = slot(100);
		regs[REG_IP] = in_rule(2);
		stack[101] = slot(far);
		stack[102] = in_rule(3);
		stack[far] = 0x77;
		stack[far + 1] = in_rule(4);
		stack[far + 3] = in_rule(1);
		CHECK_INT(walk(MAX), 4);
		CHECK(ips[1] == in_rule(3) && ips[2] == in_rule(4) && ips[3] == in_rule(1));
		CHECK_INT(end, SCOPE_END_COMPLETE);
	}
	/* not to where no code is, nor unaligned, nor where nothing can be read */
	stack[501] = 0x12345;
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[501] = in_rule(4);
	stack[101] = slot(500) + 4;
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[101] = 8;
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_UNREADABLE);
	/* round and round */
	stack[101] = slot(500);
	stack[500] = slot(500);
	stack[501] = in_rule(3);
	CHECK_INT(walk(MAX), MAX);
	CHECK_INT(end, SCOPE_END_TRUNCATED);
}

/* As in vfork(), which has nothing on its stack while its system call lasts. */
static void the_return_address_in_a_register(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .ra = SCOPE_RA_LINK, .reg = 5 };
	rules[3] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8, .ra_off = -8 };
	regs[5] = in_rule(3);
	regs[REG_IP] = in_rule(2);
	stack[0] = in_rule(1);
	CHECK_INT(walk(MAX), 3);
	CHECK(ips[1] == in_rule(3) && ips[2] == in_rule(1));
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* not the leaf's; no such register */
	stack[0] = in_rule(2);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	rules[2].reg = SCOPE_RAW_REGS;
	CHECK_INT(walk(MAX), 1);
	CHECK_INT(end, SCOPE_END_NO_RULE);
}

/* All from what the kernel saved; the address is where it was interrupted, not a return address. */
static void through_a_signal(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SIGNAL };
	rules[3] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8, .ra_off = -8 };
	regs[REG_IP] = in_rule(2);
	stack[120 / 8] = 0x55;
	stack[160 / 8] = slot(100);
	stack[168 / 8] = CODE + 3 * 16; /* its first byte */
	stack[100] = in_rule(1);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	rules[3] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_REG, .reg = REG_BX, .cfa_off = 16, .ra_off = -8
	};
	stack[128 / 8] = slot(110);
	stack[111] = in_rule(1);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	CHECK_INT(ips[1], CODE + 3 * 16 + 1); /* one less is where it was */
	CHECK_INT(ips[2], in_rule(1));
}

static void by_frame_pointers_and_back(void)
{
	reset();
	regs[REG_IP] = OTHER_CODE + 8;
	regs[REG_BP] = slot(4);
	stack[4] = slot(10);
	stack[5] = in_rule(2);
	rules[2] = (struct scope_unwind_rule){
		.cfa = SCOPE_CFA_BP, .cfa_off = 16, .ra_off = -8, .bp = SCOPE_BP_CFA, .bp_off = -16
	};
	stack[10] = slot(30);
	stack[11] = OTHER_CODE + 9;
	stack[30] = 0;
	stack[31] = in_rule(1);
	CHECK_INT(walk(MAX), 4);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* not below the stack pointer, not unaligned, not to where no code is */
	stack[10] = slot(3);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[10] = slot(30) + 4;
	CHECK_INT(walk(MAX), 3);
	stack[10] = slot(30);
	stack[31] = 0x12345;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	/* what looks like a frame may lead to code that nobody has told of yet */
	stack[30] = slot(40);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_UNMAPPED);
	stack[31] = 0xfff;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[31] = 0xffffffff81000000;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[31] = 0x12345;
	stack[30] = slot(30);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[30] = slot(40) + 1;
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	stack[30] = slot(40) + (64u << 20);
	CHECK_INT(walk(MAX), 3);
	CHECK_INT(end, SCOPE_END_NO_RULE);
}

static void where_the_kernel_side_stops(void)
{
	reset();
	/* code that nobody has told of, and a table that is still to come */
	regs[REG_IP] = 0x900000;
	regs[REG_BP] = slot(4);
	stack[5] = in_rule(1);
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	maps[1].image = SCOPE_UNWIND_PENDING;
	regs[REG_IP] = OTHER_CODE + 1;
	CHECK_INT(walk(MAX), 2);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	regs[REG_BP] = 0;
	CHECK_INT(walk(MAX), 1);
	CHECK_INT(end, SCOPE_END_UNMAPPED);
	/* nothing is known at all */
	view.map_count = 0;
	CHECK_INT(walk(MAX), 1);
	CHECK_INT(end, SCOPE_END_UNMAPPED);
}

static void ends_are_told(void)
{
	reset();
	rules[2] = (struct scope_unwind_rule){ .cfa = SCOPE_CFA_SP, .cfa_off = 8, .ra_off = -8 };
	for (size_t i = 0; i < SLOTS; i++)
		stack[i] = in_rule(2);
	regs[REG_IP] = in_rule(2);
	CHECK_INT(walk(100), 100);
	CHECK_INT(end, SCOPE_END_TRUNCATED);
	CHECK_INT(walk(1), 1);
	CHECK_INT(end, SCOPE_END_TRUNCATED);
	/* as many frames as there is room for are all there are */
	stack[98] = in_rule(1);
	CHECK_INT(walk(100), 100);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* the stack's end */
	regs[REG_SP] = slot(SLOTS - 3);
	CHECK_INT(walk(MAX), 4);
	CHECK_INT(end, SCOPE_END_UNREADABLE);
	/* no rule there, and no frame pointer */
	regs[REG_SP] = slot(0);
	stack[5] = in_rule(9);
	CHECK_INT(walk(MAX), 7);
	CHECK_INT(end, SCOPE_END_NO_RULE);
	/* a return address of 0 is a first frame's */
	stack[5] = 0;
	CHECK_INT(walk(MAX), 6);
	CHECK_INT(end, SCOPE_END_COMPLETE);
}

/* Tables, mappings and stacks that make no sense: it ends, and reads nothing that is not there. */
static void noise(void)
{
	uint64_t seed = 88172645463325252u;

	reset();
	for (int round = 0; round < 3000; round++) {
		unsigned char *bytes = (unsigned char *)table;

		for (size_t i = 0; i < sizeof(table); i += 8) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			memcpy(bytes + i, &seed, 8);
		}
		for (size_t i = 0; i < SLOTS; i += 1 + (size_t)round % 7)
			stack[i] = seed * i % 3 ? slot(seed * i % SLOTS) : CODE + seed * i % 8192;
		for (size_t i = 1; i < 16; i++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			memcpy(&rules[i], &seed, 8);
			rules[i].cfa %= 10;
			rules[i].bp %= 4;
			rules[i].cfa_off = (int32_t)(seed % 5000) - 100;
			rules[i].ra_off = (int16_t)(seed >> 20);
		}
		maps[0].page = (uint32_t)(round % 5 ? 0 : seed);
		maps[0].image = (uint32_t)(round % 9 ? 1 : seed);
		regs[REG_IP] = CODE + seed % 4096;
		regs[REG_SP] = slot(seed % 64);
		regs[REG_BP] = slot(seed % SLOTS);
		CHECK(walk(MAX) <= MAX);
		CHECK(end < SCOPE_ENDS);
	}
}

int main(void)
{
	CHECK_CASE(by_the_stack_pointer);
	CHECK_CASE(by_other_registers);
	CHECK_CASE(by_bx_in_frames_that_call);
	CHECK_CASE(on_to_another_stack);
	CHECK_CASE(the_return_address_in_a_register);
	CHECK_CASE(through_a_signal);
	CHECK_CASE(by_frame_pointers_and_back);
	CHECK_CASE(where_the_kernel_side_stops);
	CHECK_CASE(ends_are_told);
	CHECK_CASE(noise);
	return check_status();
}
