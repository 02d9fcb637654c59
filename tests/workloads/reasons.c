// SPDX-License-Identifier: MIT
/*
 * reasons - one thread for each reason to be blocked, each in a function of its own.
 *
 * By default each waits throughout. With --period-ms P each wait ends after P ms and begins anew
 * (those without a timeout are woken by the main thread). The one that is stopped by SIGSTOP is a
 * process of its own.
 *
 * Facts: `thread` a thread with pid, tid, role and function; `ready`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

#define SIGSET_BYTES 8

static long period_ms; /* 0: for ever */
static int fed_pipe[2], full_pipe[2], socket_pair[2], listener, locked_fd;

static struct timespec *period(struct timespec *t)
{
	t->tv_sec = period_ms / 1000;
	t->tv_nsec = period_ms % 1000 * 1000000;
	return period_ms ? t : NULL;
}

static void wait_futex(void)
{
	static int never;
	struct timespec t;

	raw_call(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, period(&t));
}

static void wait_epoll(void)
{
	static int fd = -1;
	struct epoll_event event;

	if (fd < 0)
		fd = epoll_create1(EPOLL_CLOEXEC);
	raw_call(SYS_epoll_wait, fd, &event, 1, period_ms ? period_ms : -1);
}

static void wait_poll(void)
{
	struct pollfd fd = { .fd = -1 };

	raw_call(SYS_poll, &fd, 1, period_ms ? period_ms : -1, 0);
}

static void wait_select(void)
{
	struct timespec t;

	raw_call6(SYS_pselect6, 0, 0, 0, 0, (long)period(&t), 0);
}

static void wait_nanosleep(void)
{
	struct timespec t;

	if (!period(&t))
		t.tv_sec = 3600;
	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void wait_pipe_read(void)
{
	char byte;

	raw_call(SYS_read, fed_pipe[0], &byte, 1, 0);
}

static void wait_pipe_write(void)
{
	static char block[4096];

	raw_call(SYS_write, full_pipe[1], block, sizeof(block), 0);
}

static void wait_socket_read(void)
{
	char byte;

	raw_call(SYS_read, socket_pair[0], &byte, 1, 0);
}

static void wait_socket_recv(void)
{
	char byte;

	raw_call6(SYS_recvfrom, socket_pair[1], (long)&byte, 1, 0, 0, 0);
}

static void wait_accept(void)
{
	raw_call(SYS_accept, listener, NULL, NULL, 0);
}

static void wait_child(void)
{
	/* clone() like fork: the child has a stack of its own and calls nothing of libc. */
	long child = raw_call(SYS_clone, SIGCHLD, 0, 0, 0);
	struct timespec t;

	if (child == 0) {
		if (!period(&t))
			t.tv_sec = 3600;
		raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
		raw_call(SYS_nanosleep, &t, NULL, 0, 0);
		raw_call(SYS_exit, 0, 0, 0, 0);
	}
	raw_call(SYS_wait4, child, NULL, 0, NULL);
}

static void wait_signal(void)
{
	sigset_t set;
	struct timespec t;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	raw_call(SYS_rt_sigtimedwait, &set, NULL, period(&t), SIGSET_BYTES);
}

static void wait_flock(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	raw_call(SYS_flock, fd, LOCK_EX, 0, 0);
	raw_call(SYS_flock, fd, LOCK_UN, 0, 0);
}

struct role {
	const char *name;
	const char *function;
	void (*wait)(void);
};

static const struct role roles[] = {
	{ "futex", "wait_futex", wait_futex },
	{ "epoll", "wait_epoll", wait_epoll },
	{ "poll", "wait_poll", wait_poll },
	{ "select", "wait_select", wait_select },
	{ "nanosleep", "wait_nanosleep", wait_nanosleep },
	{ "pipe_read", "wait_pipe_read", wait_pipe_read },
	{ "pipe_write", "wait_pipe_write", wait_pipe_write },
	{ "socket_read", "wait_socket_read", wait_socket_read },
	{ "socket_recv", "wait_socket_recv", wait_socket_recv },
	{ "accept", "wait_accept", wait_accept },
	{ "wait4", "wait_child", wait_child },
	{ "sigtimedwait", "wait_signal", wait_signal },
	{ "flock", "wait_flock", wait_flock },
};

static void *role_main(void *arg)
{
	const struct role *role = arg;

	work_fact("thread pid=%d tid=%d role=%s function=%s", getpid(), work_tid(), role->name,
		  role->function);
	for (;;)
		role->wait();
	return NULL;
}

static void be_stopped(void)
{
	raw_call(SYS_kill, raw_call(SYS_getpid, 0, 0, 0, 0), SIGSTOP, 0, 0);
}

static pid_t start_stopped(void)
{
	pid_t child = fork();

	if (child < 0)
		work_die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			be_stopped();
	}
	work_fact("thread pid=%d tid=%d role=stopped function=be_stopped", child, child);
	return child;
}

static void open_all(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval t = { .tv_sec = period_ms / 1000, .tv_usec = period_ms % 1000 * 1000 };
	char byte = 0;

	if (pipe2(fed_pipe, O_CLOEXEC) || pipe2(full_pipe, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket_pair))
		work_die("pipe");
	/* Without a name the kernel chooses one that no file system shows. */
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) ||
	    listen(listener, 1))
		work_die("socket");
	setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(socket_pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(socket_pair[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	fcntl(full_pipe[1], F_SETFL, O_NONBLOCK);
	while (write(full_pipe[1], &byte, 1) == 1)
		;
	fcntl(full_pipe[1], F_SETFL, 0);
	locked_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (locked_fd < 0 || flock(locked_fd, LOCK_EX))
		work_die("flock");
}

/* Ends the waits that have no timeout of their own. */
static void feed(pid_t stopped)
{
	static char block[65536];

	if (write(fed_pipe[1], "x", 1) != 1 || read(full_pipe[0], block, sizeof(block)) < 0)
		work_die("feed");
	kill(stopped, SIGCONT);
	flock(locked_fd, LOCK_UN);
	work_sleep_ns(WORK_MS);
	flock(locked_fd, LOCK_EX);
}

int main(int argc, char **argv)
{
	uint64_t deadline_ns;
	sigset_t set;
	pid_t stopped;

	work_begin(argc, argv, "period-ms");
	deadline_ns = work_now_ns() + (uint64_t)(work_number("seconds", 30) * (double)WORK_S);
	period_ms = (long)work_number("period-ms", 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	stopped = start_stopped();
	open_all();
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		work_thread(roles[i].name, role_main, (void *)&roles[i]);
	work_sleep_ns(100 * WORK_MS);
	work_fact("ready");
	while (work_now_ns() < deadline_ns) {
		work_sleep_ns((uint64_t)(period_ms ? period_ms : 50) * WORK_MS);
		if (period_ms)
			feed(stopped);
	}
	kill(stopped, SIGKILL);
	waitpid(stopped, NULL, 0);
	return 0;
}
