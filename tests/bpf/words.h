/* SPDX-License-Identifier: MIT */
/* words.h - the words of a timeline's lines. What does not parse ends the case: give_up(). */
#ifndef TEST_WORDS_H
#define TEST_WORDS_H

#include "kernel.h"
#include "scope_unwind.h"

enum { WORDS_MAX = 40 };

struct words {
	char *at[WORDS_MAX];
	int count;
	int next; /* the next to take */
};

void words_split(char *line, struct words *ret_words); /* writes NULs into the line */
const char *words_take(struct words *w);	       /* gives up where there is none */
bool words_is(struct words *w, const char *word);      /* takes it if it is next */
bool words_end(const struct words *w);

__s64 parse_time(const char *word);	/* 300us, -20ns, 1.5ms, 0 */
__u64 parse_instant(const char *word);	/* T+300us */
__u32 parse_number(const char *word);
__u32 parse_cpu(const char *word); /* cpu1 */
/* Outermost frame first, as in folded stacks: main;work;read+12. "-": none. */
void parse_stack(const char *word, enum scope_stack_kind kind, struct stack_plan *ret_plan);
/* Which image the function lies in, and its address. Before the function is first named. */
__u64 parse_function(const char *name, __u32 image);
/* What may follow a function's name to say how to get to its caller. */
struct scope_unwind_rule parse_rule(struct words *w);
/* S, D, I, ...: task_struct.__state as a thread waits in it. */
__u32 parse_task_state(const char *word);

#endif
