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

#include "exporter.h"
#include "flame.h"
#include "lines.h"
#include "text.h"

static const char *const state_suffix[SCOPE_STATES] = {
	[SCOPE_ON] = "_[c]",
	[SCOPE_RUNQ] = "_[r]",
	[SCOPE_OFF] = "_[o]",
};

static int write_lines(const struct lines *l, FILE *out)
{
	const char **frames = calloc(l->paths.max_depth, sizeof(*frames));
	int ret = 0;

	if (!frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < l->line_count && !ret; i++) {
		const struct line *line = &l->lines[i];
		uint32_t depth;

		if (!line->us)
			continue;
		depth = paths_frames(&l->paths, line->stack, frames);
		fputs(l->roots.text[line->thread], out);
		for (uint32_t at = 0; at < depth; at++) {
			putc_unlocked(';', out);
			fputs(frames[at], out);
		}
		fprintf(out, "%s %llu\n", state_suffix[line->state], (unsigned long long)line->us);
		ret = text_check(out);
	}
	free(frames);
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
