// SPDX-License-Identifier: MIT
/*
 * names - a program of which there are two, `names` and `names-other`: the same but for the names
 * of their functions, names_* and other_*, which are as long as each other, so that they lie at the
 * same addresses of their files.
 *
 * Its main thread waits for ever in *_wait, a thread spins in *_spin, and one waits in the handler
 * of a signal, raised by the first instruction of *_trap, before which another function ends. --as
 * PATH: it puts a copy of itself in the place of PATH and executes that. --work-ms N: no such
 * threads; it works for so long in *_work and ends. --series N (with --dir, --with PROGRAM,
 * --work-ms): runs copies of itself and of the other program in turn, N in all, each under the same
 * path, each removed as soon as it has ended, so that the file system may give its number to the
 * next; with --hold 1 once stdin ends.
 *
 * Facts: three times `thread` with tid, role (wait, spin, trap) and function, then `ready`; with
 * --work-ms `brief` with pid and function; with --series in the end `result` with programs, and
 * numbers: of how many different inodes they were.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

#ifdef NAMES_OTHER
#define OWN(function) other_##function
#else
#define OWN(function) names_##function
#endif
#define TEXT(name) #name
#define NAME_OF(x) TEXT(x)
#define SERIES_MAX 1000

static volatile unsigned long work_done;

static void OWN(spin)(void)
{
	for (;;)
		work_done++;
}

static void OWN(wait)(void)
{
	for (;;)
		raw_call(SYS_pause, 0, 0, 0, 0);
}

void OWN(trap)(void);

#define FUNCTION(name, code)                                                                       \
	".type " name ", @function\n" name ":\n.cfi_startproc\n" code                              \
	"\n.cfi_endproc\n.size " name ", . - " name "\n"
__asm__(".text\n" FUNCTION(NAME_OF(OWN(before)), "nop; ret")
		FUNCTION(NAME_OF(OWN(trap)), "ud2; ret"));

static void OWN(caught)(int number)
{
	(void)number;
	OWN(wait)();
}

static void OWN(work)(uint64_t end_ns)
{
	while (work_now_ns() < end_ns)
		for (int i = 0; i < 200000; i++)
			work_done++;
}

static void *trapped(void *arg)
{
	struct sigaction action = { .sa_handler = OWN(caught) };

	(void)arg;
	if (sigaction(SIGILL, &action, NULL))
		work_die("sigaction");
	work_fact("thread tid=%d role=trap function=" NAME_OF(OWN(trap)), work_tid());
	OWN(trap)();
	return NULL;
}

static void *spinner(void *arg)
{
	(void)arg;
	work_fact("thread tid=%d role=spin function=" NAME_OF(OWN(spin)), work_tid());
	OWN(spin)();
	return NULL;
}

/* Without --as: what is executed does not do it again. */
static void become(const char *path, char **argv)
{
	static char next[PATH_MAX];
	int kept = 1;

	if (snprintf(next, sizeof(next), "%s.new", path) >= (int)sizeof(next))
		work_die("--as");
	work_copy("/proc/self/exe", next);
	if (rename(next, path))
		work_die(path);
	for (int i = 1; argv[i] && argv[i + 1]; i += 2) {
		if (!strcmp(argv[i], "--as"))
			continue;
		argv[kept++] = argv[i];
		argv[kept++] = argv[i + 1];
	}
	argv[kept] = NULL;
	execv(path, argv);
	work_die(path);
}

static ino_t run_once(const char *program, const char *path)
{
	const char *facts = work_option("facts", "/dev/stdout");
	struct stat status;
	pid_t pid;

	work_copy(program, path);
	if (stat(path, &status))
		work_die(path);
	pid = fork();
	if (pid < 0)
		work_die("fork");
	if (!pid) {
		execl(path, path, "--facts", facts, "--work-ms", work_option("work-ms", "5"),
		      (char *)NULL);
		work_die(path);
	}
	waitpid(pid, NULL, 0);
	unlink(path);
	return status.st_ino;
}

static void run_series(int count)
{
	static ino_t inodes[SERIES_MAX];
	char path[PATH_MAX];
	int numbers = 0;

	if (count > SERIES_MAX ||
	    snprintf(path, sizeof(path), "%s/series", work_option("dir", ".")) >= PATH_MAX)
		work_die("--series, --dir");
	for (int i = 0; i < count; i++) {
		ino_t inode = run_once(i % 2 ? work_option("with", "") : "/proc/self/exe", path);
		int seen = 0;

		while (seen < numbers && inodes[seen] != inode)
			seen++;
		if (seen == numbers)
			inodes[numbers++] = inode;
	}
	work_fact("result programs=%d numbers=%d", count, numbers);
}

int main(int argc, char **argv)
{
	double work_ms, series;

	work_begin(argc, argv, "as work-ms series dir with hold");
	if (work_option("as", NULL))
		become(work_option("as", NULL), argv);
	work_ms = work_number("work-ms", 0);
	series = work_number("series", 0);
	if (work_number("hold", 0) > 0)
		work_hold();
	if (series > 0) {
		run_series((int)series);
	} else if (work_ms > 0) {
		work_fact("brief pid=%d function=" NAME_OF(OWN(work)), getpid());
		OWN(work)(work_now_ns() + (uint64_t)(work_ms * (double)WORK_MS));
	} else {
		work_fact("thread tid=%d role=wait function=" NAME_OF(OWN(wait)), work_tid());
		work_thread("names-spin", spinner, NULL);
		work_thread("names-trap", trapped, NULL);
		work_fact("ready");
		OWN(wait)();
	}
	return 0;
}
