// SPDX-License-Identifier: MIT
/*
 * forktree - a process, --children N (default 3) children of it, and a grandchild of each. Each
 * works a little in a function of its own generation, sleeps, and ends; parents wait for their
 * children.
 *
 * --exit N: the root's exit status. --raise N: the root kills itself with signal N instead.
 * --hold 1: the root forks only when its stdin has ended. Facts: one `process` a process with pid,
 * generation, birth_ns, death_ns, cpu_ns (between the two); `ready` before that wait.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static volatile unsigned long work_done;

static void work_root(void)
{
	for (int i = 0; i < 4000000; i++)
		work_done++;
}

static void work_child(void)
{
	for (int i = 0; i < 3000000; i++)
		work_done++;
}

static void work_grandchild(void)
{
	for (int i = 0; i < 2000000; i++)
		work_done++;
}

static void live(int generation, int children)
{
	static void (*const work[])(void) = { work_root, work_child, work_grandchild };
	uint64_t birth_ns = work_now_ns(), birth_cpu_ns = work_thread_cpu_ns();

	work[generation]();
	work_sleep_ns(20 * WORK_MS);
	for (int i = 0; i < children; i++) {
		pid_t pid = fork();

		if (pid < 0)
			work_die("fork");
		if (!pid) {
			live(generation + 1, generation == 0);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	work[generation]();
	work_fact("process pid=%d generation=%d birth_ns=%llu death_ns=%llu cpu_ns=%llu", getpid(),
		  generation, (unsigned long long)birth_ns, (unsigned long long)work_now_ns(),
		  (unsigned long long)(work_thread_cpu_ns() - birth_cpu_ns));
}

int main(int argc, char **argv)
{
	int signal_number;

	work_begin(argc, argv, "children exit raise hold");
	work_fact("ready");
	if (work_number("hold", 0) > 0)
		work_hold();
	live(0, (int)work_number("children", 3));
	signal_number = (int)work_number("raise", 0);
	if (signal_number)
		raise(signal_number);
	return (int)work_number("exit", 0);
}
