// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "opts.h"

static int run(const struct opts *opts, struct err *err)
{
	const struct command *command = opts->topic ? command_by_name(opts->topic) : NULL;

	if (opts->man)
		help_print_man(stdout);
	else if (opts->bash_completion)
		help_print_bash_completion(stdout);
	else if (opts->topic && !strcmp(opts->topic, "frames"))
		help_print_frames(stdout);
	else if (opts->topic && !command)
		err_set(err, EXIT_CODE_USAGE, -EINVAL,
			"no help on %s: topics are frames and the commands' names", opts->topic);
	else
		help_print(command, stdout);
	return EXIT_CODE_OK;
}

const struct command command_help = {
	.name = "help",
	.summary = "this help; `help COMMAND`; `help frames`: names in brackets",
	.usage = " [COMMAND | frames | --man | --bash-completion]",
	.bit = FOR_HELP,
	.examples = {
		{ "systemscope help offcpu", "one command and its options" },
		{ "systemscope help frames", "what the names in brackets mean" },
		{ "systemscope help --bash-completion >> ~/.bash_completion",
		  "completion for your own shell" },
	},
	.run = run,
};
