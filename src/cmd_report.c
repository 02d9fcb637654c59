// SPDX-License-Identifier: MIT
#include "command.h"

#include "mem.h"
#include "opts.h"
#include "outputs.h"
#include "profile_build.h"
#include "scope_file.h"

static int write_report(const struct exporter *exporter, const struct profile *profile,
			struct err *err)
{
	const struct config_output output = { .exporter = exporter };
	const struct config config = { .outputs = &output, .output_count = 1 };
	_cleanup_(outputs_free) struct outputs outputs = { 0 };
	int r = outputs_open(&outputs, &config, err);

	return r ? r : outputs_write_next(&outputs, profile, err);
}

static int run(const struct opts *opts, struct err *err)
{
	_cleanup_(profile_free) struct profile *profile = NULL;
	int r = scope_file_read(opts->file, &profile, err);

	outputs_ignore_signals();
	if (!r)
		r = write_report(exporter_by_name("report"), profile, err);
	return r ? err->code : EXIT_CODE_OK;
}

const struct command command_report = {
	.name = "report",
	.summary = "a capture that was kept (-o FILE.scope), to read",
	.usage = " FILE",
	.bit = FOR_REPORT,
	.examples = {
		{ "systemscope report server.scope",
		  "who did what with the time, in words, and what carries it" },
	},
	.run = run,
};
