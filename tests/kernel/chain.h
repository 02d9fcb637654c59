/* SPDX-License-Identifier: MIT */
/*
 * chain.h - the user stack of a sample, and whether it is the one that a workload says it has.
 *
 * A chain is text: names from the outermost function to the leaf with a comma between. NAME*N is N
 * of them, ~ any number of frames that are not the workload's own (main, and names that begin with
 * `unwind_`), ? one frame of any kind.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include "doc.h"

#define CHAIN_FRAMES 1100

struct chain_stack {
	const char *names[CHAIN_FRAMES]; /* leaf first; the document's */
	size_t count;
	uint32_t outermost; /* the last one's index in the document's frames */
	const char *
		label; /* what is said of a part, or of all of it, that is not to be had, or NULL */
};

enum chain_match {
	CHAIN_WRONG, /* a frame too many, one missing, or another */
	CHAIN_PART,  /* right from the leaf on, but it ends too early */
	CHAIN_WHOLE,
};

void chain_take(const struct doc *doc, uint32_t stack, struct chain_stack *ret_stack);

enum chain_match chain_match(const struct chain_stack *stack, const char *chain);

/* As one line, from the outermost frame to the leaf; of a long one both ends. */
void chain_write(const struct chain_stack *stack, char *buffer, size_t size);

#endif
