// SPDX-License-Identifier: MIT
/*
 * bigexit - --processes N (default 16) processes, one after another, that each take --mib M
 * (default 64) of memory and lose it: every other one by exit, in leave_by_exit(), the rest by
 * execve of this program, in leave_by_exec().
 *
 * Facts: `main`, and `result` with processes.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

/* Both are asked for by name: they stay functions, and on the stack until the end. */
static __attribute__((noinline)) void leave_by_exit(void)
{
	_exit(0);
}

static __attribute__((noinline)) void leave_by_exec(void)
{
	static char *argv[] = { "bigexit", "--child", "1", NULL };

	execv("/proc/self/exe", argv);
	work_die("execv");
}

static void one_child(size_t bytes, bool by_exec)
{
	pid_t child = fork();
	void *memory;

	if (child < 0)
		work_die("fork");
	if (!child) {
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
		if (memory == MAP_FAILED)
			work_die("mmap");
		memset(memory, 1, bytes);
		if (by_exec)
			leave_by_exec();
		else
			leave_by_exit();
	}
	if (waitpid(child, NULL, 0) != child)
		work_die("waitpid");
}

int main(int argc, char **argv)
{
	int count;

	if (argc == 3 && !strcmp(argv[1], "--child"))
		return 0;
	work_begin(argc, argv, "processes mib");
	count = (int)work_number("processes", 16);
	for (int i = 0; i < count; i++)
		one_child((size_t)work_number("mib", 64) << 20, i % 2);
	work_fact("result processes=%d", count);
	return 0;
}
