// SPDX-License-Identifier: MIT
/*
 * timelines - the programs of bpf/ in a fake kernel, driven by tests/bpf/timelines/.
 *
 *   timelines [FILE...]    all of them when none is named
 *
 * Each timeline runs three times, in each mode of timeline.h, in a process of its own: so that it begins
 * with untouched variables and that an error found by a sanitizer fails one case and not all.
 */
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "timeline.h"

enum { PASSED, FAILED, KNOWN_BUG };

static int reason_fd, line_number;
static char known_bug[256];
static unsigned failures;
static const char *path_now;

void report_line(int number)
{
	line_number = number;
}

void report_known_bug(const char *what)
{
	snprintf(known_bug, sizeof(known_bug), "known bug: %s", what);
}

static void report(const char *format, va_list args)
{
	char text[512], where[32] = "";

	if (line_number)
		snprintf(where, sizeof(where), ":%d", line_number);
	vsnprintf(text, sizeof(text), format, args);
	printf("# %s%s: %s\n", path_now, where, text);
	if (!failures++ && !*known_bug)
		dprintf(reason_fd, "%s", text);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
}

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*known_bug = 0;
	report(format, args);
	va_end(args);
	fflush(stdout);
	_exit(FAILED);
}

static int verdict(void)
{
	int result = failures ? FAILED : PASSED;

	if (*known_bug && failures) {
		dprintf(reason_fd, "%s", known_bug);
		result = KNOWN_BUG;
	} else if (*known_bug) {
		*known_bug = 0;
		fail("it passes: take out the line known-bug");
		result = FAILED;
	}
	fflush(stdout);
	return result;
}

/* PASSED and so on. `why` says what was wrong first. */
static int run_in_child(const char *path, enum timeline_mode mode, char *why, size_t room)
{
	int fds[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		close(fds[0]);
		reason_fd = fds[1];
		path_now = path;
		timeline_run(path, mode);
		_exit(verdict());
	}
	close(fds[1]);
	n = read(fds[0], why, room - 1);
	why[n > 0 ? n : 0] = 0;
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (!*why && status)
		snprintf(why, room, "its process ended with status %d", status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

static int run_once(const char *path, enum timeline_mode mode)
{
	static const char *const suffixes[TIMELINE_MODES] = { "", ", turn by turn", ", by counts" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int length = (int)strcspn(name, ".");
	const char *suffix = suffixes[mode];
	char why[512] = "cannot run it";

	switch (run_in_child(path, mode, why, sizeof(why))) {
	case PASSED:
		printf("ok %.*s%s\n", length, name, suffix);
		return 0;
	case KNOWN_BUG:
		printf("skip %.*s%s - %s\n", length, name, suffix, why);
		return 0;
	default:
		printf("not ok %.*s%s - %s\n", length, name, suffix, why);
		return 1;
	}
}

/* The ledger is the same in all of them. */
static int run_case(const char *path)
{
	int bad = 0;

	for (int mode = 0; mode < TIMELINE_MODES; mode++)
		bad |= run_once(path, mode);
	return bad;
}

int main(int argc, char **argv)
{
	glob_t found = { 0 };
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= run_case(argv[i]);
	if (argc > 1)
		return bad;
	if (glob(TIMELINES "/*.timeline", 0, NULL, &found)) {
		printf("not ok timelines - no timeline in %s\n", TIMELINES);
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		bad |= run_case(found.gl_pathv[i]);
	globfree(&found);
	return bad;
}
