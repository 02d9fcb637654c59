// SPDX-License-Identifier: MIT
#include "command.h"

const struct command command_profile = {
	.name = "profile",
	.summary = "the wall clock: on-CPU, run queue and blocked time",
	.usage = " [OPTION]... [-- COMMAND [ARG]...]",
	.bit = FOR_PROFILE,
	.states = { [SCOPE_ON] = true, [SCOPE_RUNQ] = true, [SCOPE_OFF] = true },
	.examples = {
		{ "sudo systemscope -p 1234 -d 10", "where the time of process 1234 goes" },
		{ "sudo systemscope -p 1234 | flamegraph.pl --countname us > out.svg",
		  "the same, 30 seconds, as a flame graph" },
		{ "sudo systemscope -o make.folded -o make.json -- make -j2",
		  "a program from its first instruction, with what it starts" },
		{ "sudo systemscope --comm redis-server --per-thread -o redis.folded",
		  "every process of that name, one root for each thread" },
		{ "sudo systemscope -a -d 5 | grep -v '^\\[idle\\]' > busy.folded",
		  "the whole system, without threads that never ran" },
	},
	.run = capture_run,
};
