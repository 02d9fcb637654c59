// SPDX-License-Identifier: MIT
#include "command.h"

#include "mem.h"
#include "opts.h"
#include "outputs.h"
#include "profile_build.h"
#include "scope_file.h"

static int run(const struct opts *opts, struct err *err)
{
	_cleanup_(outputs_free) struct outputs outputs = { 0 };
	_cleanup_(profile_free) struct profile *before = NULL;
	_cleanup_(profile_free) struct profile *after = NULL;
	const struct config *config = &opts->config;
	int r = scope_file_read(opts->file, &before, err);

	if (!r)
		r = scope_file_read(opts->after, &after, err);
	outputs_ignore_signals();
	if (!r)
		r = outputs_open(&outputs, config, err);
	if (!r) {
		export_note_what_is_not_whole(before, opts->file);
		export_note_what_is_not_whole(after, opts->after);
		outputs.before = before;
	}
	while (!r && outputs_remain(&outputs))
		r = outputs_write_next(&outputs, after, err);
	return r ? err->code : EXIT_CODE_OK;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "what changed from one kept capture to another",
	.usage = " BEFORE.scope AFTER.scope [OPTION]...",
	.bit = FOR_DIFF,
	.examples = {
		{ "systemscope diff old.scope new.scope -o diff.svg",
		  "a flame graph of both: frames that take more time per second are orange, those "
		  "that take less are blue" },
		{ "systemscope diff old.scope new.scope > diff.folded",
		  "each stack with its microseconds before and after, as from difffolded.pl" },
	},
	.run = run,
};
