// SPDX-License-Identifier: MIT
#include "debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "launch_user.h"
#include "mem.h"
#include "search_path.h"
#include "table.h"

#define PROGRAM "debuginfod-find"

struct answer {
	char *path;
	char *why; /* where there is no path */
};

struct debuginfod {
	char *program;
	struct launch_user user;
	ARRAY(char *) environment; /* NULL-terminated; owned */
	nsec_t each_ns, left_ns;
	struct strings asked;	      /* build-ids; */
	ARRAY(struct answer) answers; /* theirs, by number */
};

/* --- before anything is asked ----------------------------------------------------------------- */

static bool is_variable(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* Made ahead: between fork and exec nothing may allocate. */
static void make_environment(struct debuginfod *d)
{
	static const char *const personal[] = { "HOME", "USER", "LOGNAME" };
	const char *const values[] = { d->user.home, d->user.name, d->user.name };

	for (char **entry = environ; *entry; entry++) {
		bool is_other = false;

		for (size_t i = 0; d->user.change && i < ARRAY_SIZE(personal); i++)
			is_other |= is_variable(*entry, personal[i]);
		if (!is_other)
			*array_push(&d->environment) = mem_copy_string(*entry);
	}
	for (size_t i = 0; d->user.change && d->user.name && i < ARRAY_SIZE(personal); i++)
		*array_push(&d->environment) = mem_format("%s=%s", personal[i], values[i]);
	*array_push(&d->environment) = NULL;
}

int debuginfod_open(struct debuginfod **ret_debuginfod, struct err *err)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct debuginfod *d;
	char *program;
	int r;

	if (!urls || !urls[strspn(urls, " ")])
		return err_set(
			err, EXIT_CODE_USAGE, -EINVAL,
			"--debuginfod: DEBUGINFOD_URLS is not set: it names the servers to ask; "
			"sudo keeps it with --preserve-env=DEBUGINFOD_URLS");
	program = search_path_find(PROGRAM, X_OK);
	if (!program)
		return err_set(err, EXIT_CODE_FAILURE, -ENOENT,
			       "--debuginfod: no " PROGRAM
			       " in PATH: install it (Debian: the package "
			       "debuginfod)");
	d = mem_alloc(sizeof(*d));
	d->program = program;
	d->each_ns = DEBUGINFOD_EACH_NS;
	d->left_ns = DEBUGINFOD_ALL_NS;
	strings_init(&d->asked);
	array_push(&d->answers); /* of no id */
	r = launch_user_find(NULL, &d->user, err);
	if (r) {
		debuginfod_free(&d);
		return r;
	}
	make_environment(d);
	*ret_debuginfod = d;
	return 0;
}

void debuginfod_set_patience(struct debuginfod *debuginfod, nsec_t each_ns, nsec_t all_ns)
{
	debuginfod->each_ns = each_ns;
	debuginfod->left_ns = all_ns;
}

void debuginfod_free(struct debuginfod **debuginfod)
{
	struct debuginfod *dead = *debuginfod;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->answers.count; i++) {
		free(dead->answers.items[i].path);
		free(dead->answers.items[i].why);
	}
	for (size_t i = 0; i < dead->environment.count; i++)
		free(dead->environment.items[i]);
	array_free(&dead->answers);
	array_free(&dead->environment);
	strings_free(&dead->asked);
	launch_user_free(&dead->user);
	free(dead->program);
	free(dead);
	*debuginfod = NULL;
}

/* --- one run of the program ------------------------------------------------------------------- */

/* What comes through a pipe; beyond its room it is read and forgotten. */
struct output {
	int fd; /* -1: closed */
	size_t used;
	bool cut;
	char bytes[PATH_MAX + 1];
};

struct run {
	pid_t pid;
	int pidfd;
	struct output answer, complaint;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* What the thread that asks, and this program, have for themselves is not the program's. */
static void leave_thread(void)
{
	struct sched_param param = { 0 };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	/* At idle priority a busy machine would let its time run out; refused where that is raised.
	 */
	sched_setscheduler(0, SCHED_OTHER, &param);
}

/* In a group of its own, so that what it may start can be ended with it. */
static _Noreturn void run_child(const struct debuginfod *d, const char *build_id, int answer,
				int complaint, pid_t parent)
{
	char *argv[] = { (char *)PROGRAM, (char *)"debuginfo", (char *)build_id, NULL };
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	leave_thread();
	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(answer, STDOUT_FILENO) < 0 ||
	    dup2(complaint, STDERR_FILENO) < 0 || launch_user_change(&d->user))
		_exit(EXIT_CODE_CANNOT_RUN);
	/* Not before the change of user, which takes it back. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_CODE_CANNOT_RUN);
	execve(d->program, argv, d->environment.items);
	_exit(EXIT_CODE_CANNOT_RUN);
}

/* 0, or -errno; finish() it in either case. */
static int start(const struct debuginfod *d, const char *build_id, struct run *run)
{
	int answer[2] = { -1, -1 }, complaint[2] = { -1, -1 }, error = 0;
	pid_t parent = getpid();

	*run = (struct run){ .pid = -1, .pidfd = -1, .answer.fd = -1, .complaint.fd = -1 };
	if (!pipe2(answer, O_CLOEXEC | O_NONBLOCK) && !pipe2(complaint, O_CLOEXEC | O_NONBLOCK)) {
		fcntl(answer[1], F_SETFL, 0);
		fcntl(complaint[1], F_SETFL, 0);
		run->pid = fork();
		if (!run->pid)
			run_child(d, build_id, answer[1], complaint[1], parent);
	}
	if (run->pid > 0)
		run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
	if (run->pidfd < 0)
		error = -errno;
	run->answer.fd = answer[0];
	run->complaint.fd = complaint[0];
	close_fd(&answer[1]);
	close_fd(&complaint[1]);
	if (run->pid > 0)
		setpgid(run->pid, run->pid); /* whoever is first */
	return error;
}

/* Reads what there is. */
static void drain(struct output *output)
{
	char rest[512];
	ssize_t got;

	while (output->fd >= 0) {
		size_t room = sizeof(output->bytes) - 1 - output->used;

		got = read(output->fd, room ? output->bytes + output->used : rest,
			   room ? room : sizeof(rest));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			close_fd(&output->fd);
		else if (room)
			output->used += (size_t)got;
		else
			output->cut = true;
	}
}

/* Until the program has ended; false: its time is over. */
static bool wait_for_end(struct run *run, nsec_t deadline_ns)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = run->answer.fd, .events = POLLIN },
			{ .fd = run->complaint.fd, .events = POLLIN },
		};
		nsec_t now = clock_now();
		nsec_t left_ns = now < deadline_ns ? deadline_ns - now : 0;

		/* also when it is too late: we may have waited for a CPU, and not for it */
		poll(fds, ARRAY_SIZE(fds), left_ns ? (int)(left_ns / NSEC_PER_MSEC + 1) : 0);
		drain(&run->answer);
		drain(&run->complaint);
		if (fds[0].revents)
			return true;
		if (!left_ns)
			return false;
	}
}

/* Ends what is left of it; its status as of waitpid(). */
static int finish(struct run *run)
{
	int status = 0;

	if (run->pid > 0) {
		kill(-run->pid, SIGKILL); /* its number is its own until it is waited for */
		while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&run->pidfd);
	close_fd(&run->answer.fd);
	close_fd(&run->complaint.fd);
	return status;
}

/* --- its answer ------------------------------------------------------------------------------- */

/* The last line that it wrote, or NULL. */
static const char *last_line(struct output *output)
{
	char *end = output->bytes + output->used, *line;

	while (end > output->bytes && end[-1] == '\n')
		end--;
	*end = '\0';
	line = memrchr(output->bytes, '\n', (size_t)(end - output->bytes));
	line = line ? line + 1 : output->bytes;
	return *line ? line : NULL;
}

/* One line, which is an absolute path. */
static bool is_path(const struct output *output)
{
	const char *end = memchr(output->bytes, '\n', output->used);

	return !output->cut && output->bytes[0] == '/' && end &&
	       end + 1 == output->bytes + output->used &&
	       !memchr(output->bytes, '\0', output->used);
}

static void take_answer(struct run *run, int status, struct answer *answer)
{
	const char *complaint = last_line(&run->complaint);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && is_path(&run->answer))
		answer->path = mem_copy_bytes(run->answer.bytes, run->answer.used - 1);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		answer->why = mem_copy_string(PROGRAM ": its answer is not a path");
	else if (WIFSIGNALED(status))
		answer->why = mem_format(PROGRAM ": killed by signal %d", WTERMSIG(status));
	else if (complaint)
		answer->why = mem_format(PROGRAM ": %s", complaint);
	else
		answer->why = mem_format(PROGRAM ": exit code %d", WEXITSTATUS(status));
}

static void ask(struct debuginfod *d, const char *build_id, struct answer *answer)
{
	nsec_t begun_ns = clock_now(),
	       patience_ns = d->left_ns < d->each_ns ? d->left_ns : d->each_ns;
	_cleanup_free_ struct run *run = NULL;
	nsec_t took_ns;
	bool ended;
	int status, error;

	if (!patience_ns) {
		answer->why = mem_copy_string(PROGRAM ": not asked: the others took too long");
		return;
	}
	run = mem_alloc(sizeof(*run));
	error = start(d, build_id, run);
	ended = !error && wait_for_end(run, begun_ns + patience_ns);
	status = finish(run);
	took_ns = clock_now() - begun_ns;
	d->left_ns -= took_ns < d->left_ns ? took_ns : d->left_ns;
	if (error)
		answer->why = mem_format(PROGRAM ": %s", strerror(-error));
	else if (ended)
		take_answer(run, status, answer);
	else
		answer->why = mem_format(PROGRAM ": no answer in %llu ms",
					 (unsigned long long)(patience_ns / NSEC_PER_MSEC));
}

const char *debuginfod_find(struct debuginfod *debuginfod, const char *build_id,
			    const char **ret_why)
{
	uint32_t id = strings_add(&debuginfod->asked, build_id);
	const struct answer *answer;

	if (id == debuginfod->answers.count)
		ask(debuginfod, build_id, array_push(&debuginfod->answers));
	answer = &debuginfod->answers.items[id];
	*ret_why = answer->why;
	return answer->path;
}
