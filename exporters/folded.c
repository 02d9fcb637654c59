// SPDX-License-Identifier: MIT
/*
 * folded.c - one line a stack, for flamegraph.pl and its kin: `comm;outer;...;leaf_[c] N`.
 *
 * N is in microseconds. Which lines there are, their order and their rounding are in lines.h. Lines
 * that come to 0 are left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "exporter.h"
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

const struct exporter exporter_folded = {
	.name = "folded",
	.suffixes = { ".folded" },
	.summary = "one line a stack with its microseconds, for flamegraph.pl",
	.write = folded_write,
};
