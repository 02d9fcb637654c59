// SPDX-License-Identifier: MIT
/*
 * conftest - as a configure script does: --count N (default 20) programs, each copied to --dir DIR
 * (default .) under a name of its own, run for --work-ms N (default 40), and removed.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static volatile unsigned long work_done;

static void conftest_work(void)
{
	uint64_t end_ns = work_now_ns() + (uint64_t)work_number("work-ms", 40) * WORK_MS;

	while (work_now_ns() < end_ns)
		for (int i = 0; i < 200000; i++)
			work_done++;
}

static void copy_self(const char *path)
{
	work_copy("/proc/self/exe", path);
	/* Stays open to the end: were its inode used again, the next copy would name this one. */
	if (open(path, O_RDONLY | O_CLOEXEC) < 0)
		work_die(path);
}

static void run_once(int number, char **argv)
{
	char path[PATH_MAX];
	pid_t pid;

	if (snprintf(path, sizeof(path), "%s/brief%d", work_option("dir", "."), number) >= PATH_MAX)
		work_die("--dir");
	copy_self(path);
	pid = fork();
	if (pid < 0)
		work_die("fork");
	if (!pid) {
		argv[0] = path;
		execv(path, argv);
		work_die(path);
	}
	waitpid(pid, NULL, 0);
	unlink(path);
}

int main(int argc, char **argv)
{
	work_begin(argc, argv, "count dir work-ms");
	if (strstr(argv[0], "/brief")) {
		conftest_work();
		return 0;
	}
	for (int i = 0; i < (int)work_number("count", 20); i++)
		run_once(i, argv);
	return 0;
}
