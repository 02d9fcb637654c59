// SPDX-License-Identifier: MIT
/*
 * Every error that needs root or a kernel to come about: one line that names the thing, the exit
 * code, nothing left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope.h"
#include "subject.h"

#define UNPRIVILEGED 65534

/*
 * Runs with `args`, requires `code` and, on stderr, exactly one line, which begins with the
 * program's name and has each of `says` (up to a NULL) in it.
 */
static void require_error(struct known *k, const struct scope_how *how, const char *const *args,
			  int code, const char *const *says)
{
	struct scope scope;
	char text[4096];
	size_t lines = 0;

	scope_start(k, &scope, how, args);
	scope_wait(k, &scope, 30);
	scope_read_text(scope.err, text, sizeof(text));
	if (scope.code != code)
		known_fail("exit code %d, not %d; it says: %s", scope.code, code, text);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	if (lines != 1 || strncmp(text, "systemscope: ", 13))
		known_fail("not one line that begins with 'systemscope: ': %s", text);
	for (size_t i = 0; says[i]; i++)
		if (!strstr(text, says[i]))
			known_fail("does not name '%s': %s", says[i], text);
	scope_require_clean(k, &scope);
}

static const char *ended_pid(void)
{
	static char text[16];
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text), "%d", pid);
	return text;
}

static void no_such_pid(struct known *k)
{
	const char *pid = ended_pid();
	const char *json = known_path(k, "x.json");
	const char *by_pid[] = { "profile", "-p", pid, "-d", "1", "-o", json, NULL };
	const char *by_tid[] = { "profile", "-t", pid, "-d", "1", "-o", json, NULL };
	const char *says[] = { pid, NULL };

	require_error(k, NULL, by_pid, 1, says);
	require_error(k, NULL, by_tid, 1, says);
	scope_require_files(k, NULL);
}

static void drop_privileges(void *arg)
{
	(void)arg;
	if (setgroups(0, NULL) || setresgid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED) ||
	    setresuid(UNPRIVILEGED, UNPRIVILEGED, UNPRIVILEGED))
		_exit(99);
}

static void no_privilege(struct known *k)
{
	static const struct scope_how how = { .prepare = drop_privileges };
	const char *args[] = { "profile", "-a", "-d", "1", "--output", "folded", NULL };
	const char *says[] = { "sudo", NULL };

	require_error(k, &how, args, 77, says);
	scope_require_files(k, NULL);
}

/* The mounts that follow are this case's own and go with its process. */
static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		known_skip("no mount namespace to be had: %s", strerror(errno));
}

static void no_btf(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *args[] = { "profile", "-a", "-d", "1", "-o", json, NULL };
	const char *says[] = { "BTF", NULL };

	own_mounts();
	if (mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL))
		known_skip("cannot hide /sys/kernel/btf: %s", strerror(errno));
	require_error(k, NULL, args, 77, says);
	scope_require_files(k, NULL);
}

static void unwritable(struct known *k)
{
	const char *json = known_path(k, "missing/x.json");
	const char *args[] = { "profile", "-a", "-d", "60", "-o", json, NULL };
	const char *says[] = { json, "No such file or directory", NULL };
	int64_t begin_ns = known_now_ns();

	require_error(k, NULL, args, 1, says);
	if (known_now_ns() - begin_ns > (int64_t)(10 * k->slow * (double)KNOWN_S))
		known_fail("it is told only when the run is over");
	scope_require_files(k, NULL);
}

/* A file system that is as good as full. */
static void full_disk(struct known *k)
{
	char dir[PATH_MAX], json[PATH_MAX], block[4096] = { 0 };
	const char *args[] = { "profile", "-a", "-d", "1", "-q", "-o", json, NULL };
	const char *says[] = { json, "No space left on device", NULL };
	int fd;

	own_mounts();
	snprintf(dir, sizeof(dir), "%s", known_path(k, "full"));
	snprintf(json, sizeof(json), "%s", known_path(k, "full/x.json"));
	if (mkdir(dir, 0755) || mount("none", dir, "tmpfs", 0, "size=64k"))
		known_skip("cannot mount a small file system: %s", strerror(errno));
	fd = open(known_path(k, "full/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
	require_error(k, NULL, args, 1, says);
	snprintf(k->dir, sizeof(k->dir), "%s", dir);
	scope_require_files(k, "filler", NULL);
}

static void full_stdout(struct known *k)
{
	const char *args[] = { "profile", "-a", "-d", "1", "-q", "--output", "json", NULL };
	const char *says[] = { "stdout", "No space left on device", NULL };
	struct scope_how how = { .stdout_fd = open("/dev/full", O_WRONLY | O_CLOEXEC) };

	if (how.stdout_fd < 0)
		known_skip("no /dev/full");
	require_error(k, &how, args, 1, says);
}

static void closed_pipe(struct known *k)
{
	const char *args[] = { "profile", "-a", "-d", "1", "-q", "--output", "json", NULL };
	const char *says[] = { "stdout", "Broken pipe", NULL };
	struct scope_how how = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		known_fail("pipe: %s", strerror(errno));
	close(ends[0]);
	how.stdout_fd = ends[1];
	require_error(k, &how, args, 1, says);
}

static void frequency(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *args[] = { "profile", "-a", "-d", "1", "-F", "99999999", "-o", json, NULL };
	const char *says[] = { "99999999", "perf_event_max_sample_rate", NULL };

	require_error(k, NULL, args, 1, says);
	scope_require_files(k, NULL);
}

static void cgroup(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *v1[] = { "profile", "--cgroup", "/sys/fs/cgroup/cpu", "-d", "1", "-o",
			     json,      NULL };
	const char *none[] = { "profile", "--cgroup", "/sys/fs/cgroup/missing-one", "-d", "1", "-o",
			       json,      NULL };
	const char *says_none[] = { "/sys/fs/cgroup/missing-one", NULL };
	const char *says_v1[] = { "/sys/fs/cgroup/cpu", "v2", NULL };

	require_error(k, NULL, none, 1, says_none);
	if (!access("/sys/fs/cgroup/cpu/tasks", F_OK))
		require_error(k, NULL, v1, 2, says_v1);
	scope_require_files(k, NULL);
}

static void command(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *missing[] = { "profile", "-o", json, "--", "/no/such/command", NULL };
	const char *plain = known_path(k, "plain.facts");
	const char *not_executable[] = { "profile", "-o", json, "--", plain, NULL };
	const char *says_missing[] = { "/no/such/command", NULL };
	const char *says_plain[] = { plain, NULL };

	close(open(plain, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	require_error(k, NULL, missing, 127, says_missing);
	require_error(k, NULL, not_executable, 126, says_plain);
	scope_require_files(k, NULL);
}

/* A file that stood there before is not harmed by a run that fails. */
static void kept_file(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *args[] = { "profile", "-p", ended_pid(), "-d", "1", "-o", json, NULL };
	const char *says[] = { args[2], NULL };
	int fd = open(json, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char text[16];

	if (fd < 0 || write(fd, "before", 6) != 6)
		known_fail("%s: %s", json, strerror(errno));
	close(fd);
	require_error(k, NULL, args, 1, says);
	scope_read_text(json, text, sizeof(text));
	if (strcmp(text, "before"))
		known_fail("the file that was there is gone");
	scope_require_files(k, "x.json", NULL);
}

const struct known_case error_cases[] = {
	{ "error.no_such_pid", no_such_pid, 0, 0 },
	{ "error.no_privilege", no_privilege, 0, 0 },
	{ "error.no_btf", no_btf, NEED_MOUNTS, 0 },
	{ "error.unwritable", unwritable, 0, 0 },
	{ "error.full_disk", full_disk, NEED_MOUNTS, 0 },
	{ "error.full_stdout", full_stdout, 0, 0 },
	{ "error.closed_pipe", closed_pipe, 0, 0 },
	{ "error.frequency", frequency, 0, 0 },
	{ "error.cgroup", cgroup, NEED_CGROUP2, 0 },
	{ "error.command", command, 0, 0 },
	{ "error.kept_file", kept_file, 0, 0 },
	{ .name = NULL },
};
