// SPDX-License-Identifier: MIT
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch_user.h"
#include "mem.h"
#include "search_path.h"

struct launch {
	const char *name;
	pid_t pid;
	int pidfd;
	int go_fd;    /* a byte lets the child go; closing it ends the child */
	int failed_fd; /* what kept the child from COMMAND: an errno; closed by its execve */
	bool released, ended;
	int status; /* of wait4(), when ended */
	struct rusage usage;
};

enum stage { STAGE_USER, STAGE_EXEC };

struct failure {
	enum stage stage;
	int error;
};

static void give_up(int fd, enum stage stage, int error)
{
	struct failure failure = { stage, error };
	ssize_t written = write(fd, &failure, sizeof(failure));

	(void)written; /* nobody is left to tell */
	_exit(EXIT_CODE_NOT_FOUND);
}

static _Noreturn void run_child(const struct launch *launch, char *const *argv,
				const struct launch_user *user, bool stdout_to_stderr, int go_fd,
				int failed_fd, pid_t parent)
{
	ssize_t got;
	char go;
	int r;

	close(launch->go_fd);
	close(launch->failed_fd);
	r = launch_user_become(user);
	if (r)
		give_up(failed_fd, STAGE_USER, -r);
	/* Not before the change of user, which takes it back. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(EXIT_CODE_FAILURE);
	if (stdout_to_stderr && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		give_up(failed_fd, STAGE_EXEC, errno);
	do {
		got = read(go_fd, &go, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(EXIT_CODE_FAILURE);
	execvp(argv[0], argv);
	give_up(failed_fd, STAGE_EXEC, errno);
	_exit(EXIT_CODE_NOT_FOUND);
}

static int start_child(struct launch *launch, const struct config *config,
		       const struct launch_user *user, bool stdout_to_stderr, struct err *err)
{
	int go[2] = { -1, -1 }, failed[2] = { -1, -1 };
	pid_t parent = getpid();
	int r = 0;

	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(failed, O_CLOEXEC) < 0) {
		r = -errno;
	} else {
		launch->go_fd = go[1];
		launch->failed_fd = failed[0];
		launch->pid = fork();
		if (!launch->pid)
			run_child(launch, config->argv, user, stdout_to_stderr, go[0], failed[1],
				  parent);
		if (launch->pid < 0)
			r = -errno;
	}
	if (!r) {
		launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
		if (launch->pidfd < 0)
			r = -errno;
		else
			fcntl(launch->pidfd, F_SETFD, FD_CLOEXEC);
	}
	if (go[0] >= 0)
		close(go[0]);
	if (failed[1] >= 0)
		close(failed[1]);
	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot start a process for %s: %s",
			       launch->name, strerror(-r));
	return 0;
}

int launch_prepare(const struct config *config, bool stdout_to_stderr, struct launch **ret_launch,
		   struct err *err)
{
	_cleanup_(launch_user_free) struct launch_user user = { 0 };
	struct launch *launch;
	int r;

	r = launch_user_find(config->user, &user, err);
	if (r)
		return r;
	launch = mem_alloc(sizeof(*launch));
	*launch = (struct launch){
		.name = config->argv[0], .pid = -1, .pidfd = -1, .go_fd = -1, .failed_fd = -1
	};
	r = start_child(launch, config, &user, stdout_to_stderr, err);
	if (r) {
		launch_free(&launch);
		return r;
	}
	*ret_launch = launch;
	return 0;
}

pid_t launch_pid(const struct launch *launch)
{
	return launch->pid;
}

int launch_pidfd(const struct launch *launch)
{
	return launch->pidfd;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void reap(struct launch *launch, int flags)
{
	pid_t pid;

	if (launch->ended || launch->pid < 0)
		return;
	do {
		pid = wait4(launch->pid, &launch->status, flags, &launch->usage);
	} while (pid < 0 && errno == EINTR);
	launch->ended = pid != 0;
}

/* execvp() says EACCES also where it could not look into some directory and found nothing. */
static bool is_in_path(const char *name)
{
	_cleanup_free_ char *file = search_path_find(name, F_OK);

	return file != NULL;
}

static int report_failure(const struct launch *launch, const struct failure *failure,
			  struct err *err)
{
	int error = failure->error;
	bool missing = error == ENOENT || error == ENOTDIR;

	if (failure->stage == STAGE_USER)
		return err_set(err, EXIT_CODE_CANNOT_RUN, -error,
			       "cannot run %s as another user: %s", launch->name, strerror(error));
	if (!strchr(launch->name, '/') && (missing || (error == EACCES && !is_in_path(launch->name))))
		return err_set(err, EXIT_CODE_NOT_FOUND, -error,
			       "cannot run %s: not found in PATH", launch->name);
	return err_set(err, missing ? EXIT_CODE_NOT_FOUND : EXIT_CODE_CANNOT_RUN, -error,
		       "cannot run %s: %s", launch->name, strerror(error));
}

int launch_release(struct launch *launch, struct err *err)
{
	struct failure failure;
	ssize_t got;

	launch->released = true;
	/* Whether the child is still there to take it shows in the read below. */
	got = write(launch->go_fd, "", 1);
	close_fd(&launch->go_fd);
	do {
		got = read(launch->failed_fd, &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	close_fd(&launch->failed_fd);
	if (got != sizeof(failure))
		return 0;
	reap(launch, 0);
	return report_failure(launch, &failure, err);
}

bool launch_released(const struct launch *launch)
{
	return launch->released;
}

bool launch_ended(struct launch *launch)
{
	reap(launch, WNOHANG);
	return launch->ended;
}

void launch_terminate(struct launch *launch, int signal)
{
	if (!launch->ended && launch->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, launch->pidfd, signal, NULL, 0);
}

int launch_wait(struct launch *launch, struct rusage *ret_usage)
{
	reap(launch, 0);
	if (ret_usage)
		*ret_usage = launch->usage;
	return WIFSIGNALED(launch->status) ? 128 + WTERMSIG(launch->status)
					   : WEXITSTATUS(launch->status);
}

void launch_free(struct launch **launch)
{
	struct launch *l = *launch;

	if (!l)
		return;
	close_fd(&l->go_fd);
	close_fd(&l->failed_fd);
	if (!l->released)
		reap(l, 0);
	close_fd(&l->pidfd);
	free(l);
	*launch = NULL;
}
