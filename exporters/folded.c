// SPDX-License-Identifier: MIT
/*
 * folded.c - one line a stack, for flamegraph.pl and its kin: `comm;outer;...;leaf_[c] N`.
 *
 * N is in microseconds. Which lines there are, their order and their rounding are in lines.h. Lines
 * that come to 0 are left out. The difference of two profiles has two numbers, of before and of
 * after, as from FlameGraph's difffolded.pl.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "flame.h"
#include "lines.h"
#include "text.h"

static const char *const state_suffix[SCOPE_STATES] = {
	[SCOPE_ON] = "_[c]",
	[SCOPE_RUNQ] = "_[r]",
	[SCOPE_OFF] = "_[o]",
};

/*
 * The frames of a stack as text, `;outer;...;leaf`. Lines in a row share most of theirs, and a
 * profile may have a million lines of a kilobyte: only what changes is written anew.
 */
struct stack_text {
	const struct paths *paths;
	uint32_t *stacks; /* by depth: that stack and its callers */
	size_t *ends;	  /* by depth: where the frame's text ends; 0 before the first */
	uint32_t depth;
	char *bytes;
	size_t room;
};

static int stack_text_init(const struct paths *paths, struct stack_text *ret_text)
{
	struct stack_text text = { .paths = paths };

	text.stacks = calloc((size_t)paths->max_depth + 1, sizeof(*text.stacks));
	text.ends = calloc((size_t)paths->max_depth + 1, sizeof(*text.ends));
	*ret_text = text;
	return text.stacks && text.ends ? 0 : -ENOMEM;
}

static void stack_text_free(struct stack_text *text)
{
	free(text->stacks);
	free(text->ends);
	free(text->bytes);
}

/* The text of the frame at `depth`, behind its caller's. */
static int append_frame(struct stack_text *text, uint32_t depth)
{
	uint32_t stack = text->stacks[depth];
	const char *name = text->paths->frames.text[text->paths->profile->stacks[stack].frame];
	size_t begin = text->ends[depth - 1], length = strlen(name), end = begin + 1 + length;

	if (end > text->room) {
		char *bytes = realloc(text->bytes, end * 2);

		if (!bytes)
			return -ENOMEM;
		text->bytes = bytes;
		text->room = end * 2;
	}
	text->bytes[begin] = ';';
	memcpy(text->bytes + begin + 1, name, length);
	text->ends[depth] = end;
	return 0;
}

static int stack_text_set(struct stack_text *text, uint32_t stack)
{
	uint32_t depth = text->paths->depth[stack], shared = depth;
	int ret = 0;

	while (shared && (shared > text->depth || text->stacks[shared] != stack)) {
		text->stacks[shared--] = stack;
		stack = text->paths->profile->stacks[stack].parent;
	}
	for (uint32_t at = shared + 1; at <= depth && !ret; at++)
		ret = append_frame(text, at);
	text->depth = depth;
	return ret;
}

static void write_line(const struct line *line, const struct stack_text *text, const char *root,
		       FILE *out)
{
	fputs_unlocked(root, out);
	fwrite_unlocked(text->bytes, 1, text->ends[text->depth], out);
	fputs_unlocked(state_suffix[line->state], out);
	putc_unlocked(' ', out);
	text_write_number(out, line->us);
	putc_unlocked('\n', out);
}

static int write_lines(const struct lines *l, FILE *out)
{
	struct stack_text text;
	int ret = stack_text_init(&l->paths, &text);

	for (uint32_t i = 0; i < l->line_count && !ret; i++) {
		const struct line *line = &l->lines[i];

		if (!line->us)
			continue;
		ret = stack_text_set(&text, line->stack);
		if (ret)
			break;
		write_line(line, &text, l->roots.text[line->thread], out);
		ret = text_check(out);
	}
	stack_text_free(&text);
	return ret;
}

static int folded_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct lines lines = { 0 };
	int ret = lines_build(p, opts, &lines);

	if (!ret)
		ret = write_lines(&lines, out);
	if (!ret)
		ret = text_flush(out);
	lines_free(&lines);
	return ret;
}

static void write_both(const struct flame *f, const struct flame_stack *stack,
		       enum scope_state state, FILE *out)
{
	if (!stack->times.us[0][state] && !stack->times.us[1][state])
		return;
	for (uint32_t at = 0; at < stack->depth; at++) {
		if (at)
			putc_unlocked(';', out);
		fputs(f->names[stack->names[at]].text, out);
	}
	fputs(state_suffix[state], out);
	for (size_t side = 0; side < FLAME_SIDES; side++) {
		putc_unlocked(' ', out);
		text_write_number(out, stack->times.us[side][state]);
	}
	putc_unlocked('\n', out);
}

static int folded_write_diff(const struct profile *before, const struct profile *after,
			     const struct export_opts *opts, FILE *out)
{
	struct flame_stack stack;
	struct flame f = { 0 };
	int ret = flame_build(before, after, opts, &f);

	if (ret)
		return ret;
	flame_rewind(&f, FLAME_ALL);
	while (!ret && flame_next(&f, &stack)) {
		for (enum scope_state state = SCOPE_ON; state < SCOPE_STATES; state++)
			write_both(&f, &stack, state, out);
		ret = text_check(out);
	}
	if (!ret)
		ret = text_flush(out);
	flame_free(&f);
	return ret;
}

const struct exporter exporter_folded = {
	.name = "folded",
	.suffixes = { ".folded" },
	.summary = "one line a stack with its microseconds, for flamegraph.pl",
	.write = folded_write,
	.write_diff = folded_write_diff,
};
