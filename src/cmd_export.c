// SPDX-License-Identifier: MIT
#include "command.h"

#include <stdio.h>

#include "mem.h"
#include "opts.h"
#include "outputs.h"
#include "profile_build.h"
#include "scope_file.h"

/* Most formats have no room to say it. */
void export_note_what_is_not_whole(const struct profile *profile, const char *name)
{
	bool damaged = profile->losses[SCOPE_LOSS_FILE_DAMAGED].count;

	if (damaged || profile->losses[SCOPE_LOSS_FILE_CUT].count)
		fprintf(stderr,
			"systemscope: note: %s is %s: what came after that place is in none of the "
			"outputs: systemscope report tells how much\n",
			name, damaged ? "damaged" : "cut off");
}

static int run(const struct opts *opts, struct err *err)
{
	_cleanup_(outputs_free) struct outputs outputs = { 0 };
	_cleanup_(profile_free) struct profile *profile = NULL;
	const struct config *config = &opts->config;
	int r;

	/* On a terminal, where nothing was asked for. */
	if (!config->output_count && !config->output_dir)
		return command_report.run(opts, err);
	r = scope_file_read(opts->file, &profile, err);
	outputs_ignore_signals();
	if (!r)
		r = outputs_check(config, profile, opts->file, err);
	if (!r)
		r = outputs_open(&outputs, config, err);
	if (!r)
		export_note_what_is_not_whole(profile, opts->file);
	while (!r && outputs_remain(&outputs))
		r = outputs_write_next(&outputs, profile, err);
	return r ? err->code : EXIT_CODE_OK;
}

const struct command command_export = {
	.name = "export",
	.summary = "a capture that was kept (-o FILE.scope), in other formats",
	.usage = " FILE [OPTION]...",
	.bit = FOR_EXPORT,
	.examples = {
		{ "systemscope export server.scope -o server.folded -o server.json",
		  "without root, without the files of the target, on any machine" },
		{ "systemscope export server.scope --per-thread --lines > server.folded",
		  "the same capture in another way" },
	},
	.run = run,
};
