// SPDX-License-Identifier: MIT
/*
 * shortlived - --processes N (default 20000) processes, spread evenly over --seconds T (default
 * 10), each made by fork and gone within a millisecond. --exec 1: each also executes this program
 * anew.
 *
 * Facts: `main`, `ready`, and in the end `result` with processes, wall_ns and cpu_ns (user and
 * system of all of them, as wait4 says).
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static volatile unsigned long work_done;

static void live_shortly(void)
{
	for (int i = 0; i < 5000; i++)
		work_done++;
}

static void one_child(char *const exec_argv[])
{
	pid_t child = fork();

	if (child < 0)
		work_die("fork");
	if (!child) {
		if (exec_argv)
			execv("/proc/self/exe", exec_argv);
		live_shortly();
		_exit(exec_argv != NULL);
	}
	if (waitpid(child, NULL, 0) != child)
		work_die("waitpid");
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * WORK_S + (uint64_t)t.tv_usec * 1000;
}

int main(int argc, char **argv)
{
	static char *child_argv[] = { "shortlived", "--child", "1", NULL };
	uint64_t count, begin_ns, length_ns, i;
	struct rusage usage;
	int by_exec;

	if (argc == 3 && !strcmp(argv[1], "--child")) {
		live_shortly();
		return 0;
	}
	work_begin(argc, argv, "processes exec");
	count = (uint64_t)work_number("processes", 20000);
	length_ns = (uint64_t)(work_number("seconds", 10) * (double)WORK_S);
	by_exec = work_number("exec", 0) > 0;
	begin_ns = work_now_ns();
	work_fact("main pid=%d begin_ns=%llu", getpid(), (unsigned long long)begin_ns);
	work_fact("ready");
	/* A machine too slow for the rate takes up to twice the time and then gives up. */
	for (i = 0; i < count && work_now_ns() < begin_ns + 2 * length_ns; i++) {
		uint64_t due_ns = begin_ns + length_ns / count * i, now_ns = work_now_ns();

		if (due_ns > now_ns + WORK_MS)
			work_sleep_ns(due_ns - now_ns);
		one_child(by_exec ? child_argv : NULL);
	}
	getrusage(RUSAGE_CHILDREN, &usage);
	work_fact("result processes=%llu wall_ns=%llu cpu_ns=%llu", (unsigned long long)i,
		  (unsigned long long)(work_now_ns() - begin_ns),
		  (unsigned long long)(timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime)));
	return 0;
}
