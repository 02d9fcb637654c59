// SPDX-License-Identifier: MIT
/* COMMAND: held, let go, its end told, nothing left. */
#include "launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "check.h"
#include "scratch.h"

static struct launch *prepare_as(const char *user, bool stdout_to_stderr, char *const *argv)
{
	const struct config config = { .argv = argv, .user = user };
	struct launch *launch = NULL;
	struct err err = { 0 };

	if (launch_prepare(&config, stdout_to_stderr, &launch, &err))
		check_fail(__FILE__, __LINE__, "%s", err.message);
	return launch;
}

static struct launch *prepare_shell(const char *script)
{
	return prepare_as(NULL, false, (char *[]){ "sh", "-c", (char *)script, NULL });
}

static int run_shell(const char *script)
{
	struct launch *launch = prepare_shell(script);
	struct err err = { 0 };
	struct rusage usage;
	int code;

	CHECK_INT(launch_release(launch, &err), 0);
	code = launch_wait(launch, &usage);
	launch_free(&launch);
	return code;
}

/* What COMMAND prints on one of its descriptors, 1 or 2. */
static const char *output_of(const char *user, bool stdout_to_stderr, int fd, const char *script)
{
	static char text[512];
	int before = fcntl(fd, F_DUPFD_CLOEXEC, 0), ends[2];
	struct launch *launch;
	struct err err = { 0 };
	ssize_t length;

	fflush(stdout);
	if (before < 0 || pipe(ends) < 0 || dup2(ends[1], fd) < 0)
		scratch_die("pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	close(ends[1]);
	launch = prepare_as(user, stdout_to_stderr, (char *[]){ "sh", "-c", (char *)script, NULL });
	dup2(before, fd);
	close(before);
	if (!launch)
		return NULL;
	launch_release(launch, &err);
	launch_wait(launch, NULL);
	launch_free(&launch);
	length = read(ends[0], text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = 0;
	close(ends[0]);
	return text;
}

static void exit_codes(void)
{
	CHECK_INT(run_shell("exit 0"), 0);
	CHECK_INT(run_shell("exit 7"), 7);
	CHECK_INT(run_shell("kill -TERM $$"), 143);
	CHECK_INT(run_shell("kill -KILL $$"), 137);
}

static void held_until_released(void)
{
	char script[600];
	struct launch *launch;
	struct err err = { 0 };

	snprintf(script, sizeof(script), "echo > %s", scratch_path("ran"));
	launch = prepare_shell(script);
	CHECK(launch_pid(launch) > 0);
	usleep(50000);
	CHECK(access(scratch_path("ran"), F_OK) < 0);
	CHECK(!launch_ended(launch));
	CHECK(!launch_released(launch));
	CHECK_INT(launch_release(launch, &err), 0);
	CHECK(launch_released(launch));
	CHECK_INT(launch_wait(launch, NULL), 0);
	CHECK(launch_ended(launch));
	CHECK_INT(access(scratch_path("ran"), F_OK), 0);
	launch_free(&launch);
	unlink(scratch_path("ran"));
}

static void never_released_is_ended(void)
{
	struct launch *launch = prepare_shell("exit 0");
	pid_t pid = launch_pid(launch);

	launch_free(&launch);
	CHECK(kill(pid, 0) < 0 && errno == ESRCH);
	launch_free(&launch);
}

static void pidfd_tells_the_end(void)
{
	struct launch *launch = prepare_shell("exec sleep 100");
	struct pollfd fd = { .fd = launch_pidfd(launch), .events = POLLIN };
	struct err err = { 0 };

	CHECK_INT(launch_release(launch, &err), 0);
	CHECK_INT(poll(&fd, 1, 0), 0);
	launch_terminate(launch, SIGTERM);
	CHECK_INT(poll(&fd, 1, 10000), 1);
	CHECK(launch_ended(launch));
	CHECK_INT(launch_wait(launch, NULL), 128 + SIGTERM);
	launch_terminate(launch, SIGTERM);
	launch_free(&launch);
}

static void check_cannot_run(const char *name, int code, const char *message)
{
	struct launch *launch = prepare_as(NULL, false, (char *[]){ (char *)name, NULL });
	struct err err = { 0 };

	CHECK(launch_release(launch, &err) < 0);
	CHECK_INT(err.code, code);
	CHECK_CONTAINS(err.message, message);
	launch_free(&launch);
}

static void cannot_run(void)
{
	check_cannot_run("no-such-program-anywhere", 127,
			 "cannot run no-such-program-anywhere: not found in PATH");
	check_cannot_run("/nonexistent/x", 127, "cannot run /nonexistent/x: No such file");
	check_cannot_run("/", 126, "cannot run /: Permission denied");
	scratch_write("plain", "text");
	check_cannot_run(scratch_path("plain"), 126, "Permission denied");
	unlink(scratch_path("plain"));
}

static void stdout_goes_to_stderr(void)
{
	CHECK_TEXT(output_of(NULL, false, 1, "echo one"), "one\n");
	CHECK_TEXT(output_of(NULL, true, 2, "echo one"), "one\n");
}

/* Between fork and execve nothing of the profiler's own may have changed what COMMAND sees. */
static void inherits_nothing_of_ours(void)
{
	char line[128], before[256] = "";
	FILE *own = fopen("/proc/self/status", "re");
	const char *text = output_of(NULL, false, 1,
				     "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd");

	/* whoever started this test may have left signals ignored: make does */
	while (own && fgets(line, sizeof(line), own))
		if (!strncmp(line, "SigBlk", 6) || !strncmp(line, "SigIgn", 6))
			strncat(before, line, sizeof(before) - strlen(before) - 1);
	if (own)
		fclose(own);
	CHECK(before[0]);
	CHECK_CONTAINS(text, before);
	/* 3 is the directory that ls reads. */
	CHECK_CONTAINS(text, "0\n1\n2\n3\n");
	CHECK(text && !strstr(text, "\n4\n"));
}

/* The safety line: whatever ends the profiler ends COMMAND. */
static void dies_with_its_parent(void)
{
	int ends[2], status;
	pid_t pid, command = 0;

	if (pipe(ends) < 0)
		scratch_die("pipe");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (!pid) {
		struct launch *launch = prepare_shell("exec sleep 100");
		struct err err = { 0 };

		launch_release(launch, &err);
		command = launch_pid(launch);
		if (write(ends[1], &command, sizeof(command)) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	CHECK_INT(read(ends[0], &command, sizeof(command)), sizeof(command));
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(waitpid(command, &status, 0), command);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	close(ends[0]);
	close(ends[1]);
}

static void unknown_user(void)
{
	const struct config config = { .argv = (char *[]){ "true", NULL }, .user = "no-such-user" };
	struct launch *launch = NULL;
	struct err err = { 0 };

	CHECK(launch_prepare(&config, false, &launch, &err) < 0);
	CHECK_INT(err.code, EXIT_CODE_FAILURE);
	CHECK_TEXT(err.message, "--user no-such-user: no such user in /etc/passwd");
	CHECK(!launch);
}

static void runs_as_the_caller_of_sudo(void)
{
	setenv("SUDO_UID", "12345", 1);
	setenv("SUDO_GID", "54321", 1);
	CHECK_TEXT(output_of(NULL, false, 1, "id -u; id -g; id -G"), "12345\n54321\n54321\n");
	setenv("SUDO_UID", "0", 1);
	CHECK_TEXT(output_of(NULL, false, 1, "id -u"), "0\n");
	setenv("SUDO_UID", "12x", 1);
	CHECK_TEXT(output_of(NULL, false, 1, "id -u"), "0\n");
	setenv("SUDO_UID", "12345", 1);
	CHECK_TEXT(output_of("root", false, 1, "id -u"), "0\n");
	CHECK_TEXT(output_of("nobody", false, 1, "id -un; echo $USER $LOGNAME $HOME"),
		   "nobody\nnobody nobody /nonexistent\n");
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
}

int main(void)
{
	/* What the shell that runs the tests left open is not ours to judge. */
	close_range(3, ~0u, 0);
	scratch_make();
	signal(SIGPIPE, SIG_DFL);
	CHECK_CASE(exit_codes);
	CHECK_CASE(held_until_released);
	CHECK_CASE(never_released_is_ended);
	CHECK_CASE(pidfd_tells_the_end);
	CHECK_CASE(cannot_run);
	CHECK_CASE(stdout_goes_to_stderr);
	CHECK_CASE(inherits_nothing_of_ours);
	CHECK_CASE(dies_with_its_parent);
	CHECK_CASE(unknown_user);
	if (!geteuid())
		CHECK_CASE(runs_as_the_caller_of_sudo);
	else
		check_skip("runs_as_the_caller_of_sudo", "needs root to change users");
	scratch_remove();
	return check_status();
}
