// SPDX-License-Identifier: MIT
/*
 * orphans - three generations, each of which outlives the one before: a process forks a child and
 * ends when its stdin does; about then the child forks another and ends a second later, and this
 * one ends yet a second later.
 *
 * Facts: `ready` when the child is there; one `end` a process with pid, generation and death_ns.
 */
#include <unistd.h>

#include "work.h"

static _Noreturn void end(int generation)
{
	work_fact("end pid=%d generation=%d death_ns=%llu", getpid(), generation,
		  (unsigned long long)work_now_ns());
	_exit(0);
}

static void descend(void)
{
	pid_t pid = fork();

	if (pid < 0)
		work_die("fork");
	if (!pid)
		return;
	work_sleep_ns(WORK_S);
	end(1);
}

int main(int argc, char **argv)
{
	pid_t pid;

	work_begin(argc, argv, "");
	pid = fork();
	if (pid < 0)
		work_die("fork");
	if (pid) {
		work_fact("ready");
		work_hold();
		end(0);
	}
	work_hold();
	descend();
	work_sleep_ns(2 * WORK_S);
	end(2);
}
