// SPDX-License-Identifier: MIT
#include "command.h"

const struct command command_offcpu = {
	.name = "offcpu",
	.summary = "time not on a CPU: run queue and blocked",
	.usage = " [OPTION]... [-- COMMAND [ARG]...]",
	.bit = FOR_OFFCPU,
	.states = { [SCOPE_RUNQ] = true, [SCOPE_OFF] = true },
	.examples = {
		{ "sudo systemscope offcpu -p 1234 > wait.folded",
		  "what process 1234 waits for, and where" },
		{ "sudo systemscope offcpu -p 1234 -m 1000 -o wait.json",
		  "stacks of waits of a millisecond or more only" },
	},
	.run = capture_run,
};
