/* SPDX-License-Identifier: MIT */
/*
 * code.h - the code of all processes of the fake world: functions, what is known of their frames, and
 * the maps that the programs of bpf/ read that from, as user space would have written them.
 *
 * There are two images. Functions that no timeline says anything of are in the first and keep frame
 * pointers. While there is no other kind, one mapping without a table covers everything.
 */
#ifndef TEST_CODE_H
#define TEST_CODE_H

#include "kernel.h"
#include "scope_unwind.h"

enum { CODE_IMAGES = 2, CODE_PAGES = 16 };

#define CODE_BASE(image) (0x200000ull + (image) * 0x200000ull)
#define CODE_BYTES	 (CODE_PAGES * 4096ull)
#define CODE_REACH	 0x80 /* a function holds so many bytes before its address, and after it */

enum code_state { CODE_KNOWN, CODE_PENDING, CODE_UNMAPPED };

/* Says how to unwind the function at `address`; rule.cfa may be SCOPE_CFA_NONE. */
void code_add(__u64 address, __u32 image, const struct scope_unwind_rule *rule);
/* The rule that holds at an address; NULL: none, so that frame pointers are all there is. */
const struct scope_unwind_rule *code_rule_at(__u64 address);
/* Whether there is code, as far as user space knows in the end. */
bool code_is_mapped(__u64 address);
/* Breaks what a table says of a function; code_rule_at() must be told by `rule` what follows. */
enum code_damage { DAMAGE_ELEMENT, DAMAGE_FIRST, DAMAGE_COUNT, DAMAGE_RULE };
void code_damage(__u64 address, enum code_damage what, __u32 value);

void code_set_state(__u32 image, enum code_state state); /* spaces that are bound see it at once */
void code_set_binding(bool automatic);			 /* user space answers, or does not */
void code_reuse_places(void); /* answers lie where the last but one did, long after that */
void code_bind(__u64 owner);
void code_bind_all(void); /* that the kernel side asked for */
/* Answers for the thread that runs, before its event, where user space answers. */
void code_prepare(const struct ktask *t);
void code_forget_all(void); /* functions and rules, for the next turn of a fuzz */

#endif
