// SPDX-License-Identifier: MIT
#include "chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOKENS  40
#define MAX_FOREIGN 24 /* frames that one ~ may stand for */
#define SHOWN	    8  /* frames at each end of a long stack */

struct token {
	char name[64];
	size_t count;
};

void chain_take(const struct doc *doc, uint32_t stack, struct chain_stack *ret_stack)
{
	ret_stack->count = 0;
	ret_stack->label = NULL;
	for (; stack; stack = doc->stacks[stack].parent) {
		uint32_t id = doc->stacks[stack].frame;
		const struct doc_frame *frame = &doc->frames[id];

		if (frame->kind == DOC_LABEL) {
			ret_stack->label = frame->name;
		} else if (frame->kind == DOC_USER && ret_stack->count < CHAIN_FRAMES) {
			ret_stack->names[ret_stack->count++] = frame->name;
			ret_stack->outermost = id;
		}
	}
}

static size_t split_chain(const char *chain, struct token *ret_tokens)
{
	size_t count = 0;

	while (*chain && count < MAX_TOKENS) {
		struct token *token = &ret_tokens[count++];
		size_t n = strcspn(chain, ",");
		char *star;

		snprintf(token->name, sizeof(token->name), "%.*s", (int)n, chain);
		star = strchr(token->name, '*');
		token->count = star ? strtoul(star + 1, NULL, 10) : 1;
		if (star)
			*star = '\0';
		chain += n + (chain[n] == ',');
	}
	return count;
}

static bool is_own(const char *name)
{
	return !strncmp(name, "unwind_", 7) || !strcmp(name, "main");
}

/* From the leaf on, so that a stack that ends early is told from a wrong one. */
enum chain_match chain_match(const struct chain_stack *stack, const char *chain)
{
	struct token tokens[MAX_TOKENS];
	size_t at = 0;

	for (size_t i = split_chain(chain, tokens); i-- > 0;) {
		const struct token *token = &tokens[i];
		bool any = !strcmp(token->name, "?");

		if (!strcmp(token->name, "~")) {
			size_t end = at + MAX_FOREIGN;

			while (at < stack->count && at < end && !is_own(stack->names[at]))
				at++;
			continue;
		}
		for (size_t n = 0; n < token->count; n++, at++) {
			if (at == stack->count)
				return CHAIN_PART;
			if (!any && strcmp(stack->names[at], token->name))
				return CHAIN_WRONG;
		}
	}
	return at == stack->count ? CHAIN_WHOLE : CHAIN_WRONG;
}

void chain_write(const struct chain_stack *stack, char *buffer, size_t size)
{
	size_t n = 0;

	*buffer = '\0';
	for (size_t i = stack->count; i-- > 0 && n < size;) {
		if (stack->count > 2 * SHOWN && i == stack->count - SHOWN - 1) {
			n += (size_t)snprintf(buffer + n, size - n, "(%zu more);",
					      stack->count - 2 * SHOWN);
			i = SHOWN;
			continue;
		}
		n += (size_t)snprintf(buffer + n, size - n, "%s%s", stack->names[i], i ? ";" : "");
	}
	if (stack->label && n < size)
		snprintf(buffer + n, size - n, " %s", stack->label);
}
