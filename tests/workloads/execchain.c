// SPDX-License-Identifier: MIT
/*
 * execchain - one process that changes its name by exec: execchain, stage_two (executed by the main
 * thread), stage_three (executed by another thread, whose tid is then the process's).
 *
 * The new names are symbolic links to this program, made in --dir DIR (needed) and removed again.
 * Each stage works and sleeps for --stage-ms (default 400). With --hold start the first stage begins
 * when stdin ends, with --hold exec the thread of stage_two executes then.
 * Facts: `stage` with name, pid, begin_ns, end_ns (just before the exec or the exit); `ready`;
 * `executor` with tid.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "work.h"

static volatile unsigned long work_done;
static char next_path[PATH_MAX];
static char **next_argv;

static void stage_work(uint64_t ns)
{
	uint64_t end_ns = work_now_ns() + ns;

	while (work_now_ns() < end_ns) {
		for (int i = 0; i < 200000; i++)
			work_done++;
		work_sleep_ns(WORK_MS);
	}
}

static _Noreturn void become_next(void)
{
	execv(next_path, next_argv);
	work_die(next_path);
}

static void hold_at(const char *place)
{
	if (!strcmp(work_option("hold", ""), place))
		work_hold();
}

static void *exec_from_thread(void *arg)
{
	(void)arg;
	work_fact("executor tid=%d", gettid());
	hold_at("exec");
	become_next();
}

static void name_link(char *path, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", work_option("dir", "."), name);

	if (n < 0 || n >= PATH_MAX) {
		errno = ENAMETOOLONG;
		work_die("--dir");
	}
}

static void make_link(const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		work_die("/proc/self/exe");
	self[n] = '\0';
	name_link(next_path, name);
	unlink(next_path);
	if (symlink(self, next_path))
		work_die(next_path);
}

int main(int argc, char **argv)
{
	char name[NAME_MAX + 1];
	uint64_t begin_ns;

	snprintf(name, sizeof(name), "%s", basename(argv[0]));
	work_begin(argc, argv, "dir stage-ms hold");
	begin_ns = work_now_ns();
	if (strncmp(name, "stage_", 6)) {
		work_fact("ready");
		hold_at("start");
	}
	stage_work((uint64_t)work_number("stage-ms", 400) * WORK_MS);
	work_fact("stage name=%s pid=%d begin_ns=%llu end_ns=%llu", name, getpid(),
		  (unsigned long long)begin_ns, (unsigned long long)work_now_ns());
	next_argv = argv;
	if (!strcmp(name, "stage_three")) {
		unlink(argv[0]);
	} else if (!strcmp(name, "stage_two")) {
		unlink(argv[0]);
		make_link("stage_three");
		argv[0] = next_path;
		pthread_join(work_thread("other", exec_from_thread, NULL), NULL);
	} else {
		make_link("stage_two");
		argv[0] = next_path;
		become_next();
	}
	return 0;
}
