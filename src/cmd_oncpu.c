// SPDX-License-Identifier: MIT
#include "command.h"

const struct command command_oncpu = {
	.name = "oncpu",
	.summary = "on-CPU time only",
	.usage = " [OPTION]... [-- COMMAND [ARG]...]",
	.bit = FOR_ONCPU,
	.states = { [SCOPE_ON] = true },
	.examples = {
		{ "sudo systemscope oncpu -p 1234 -F 199 > cpu.folded",
		  "what burns the CPU in process 1234" },
		{ "sudo systemscope oncpu -d 10", "of the whole system" },
	},
	.run = capture_run,
};
