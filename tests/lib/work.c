// SPDX-License-Identifier: MIT
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int arg_count;
static char **arg_values;
static int facts_fd = STDOUT_FILENO;
static cpu_set_t allowed; /* as they were at the start, before any pinning */

void work_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", arg_values ? arg_values[0] : "workload", what,
		strerror(errno));
	exit(1);
}

static _Noreturn void usage(const char *names, const char *wrong)
{
	fprintf(stderr, "%s: '%s': options are --facts --seconds %s, each with a value\n",
		arg_values[0], wrong, names);
	exit(2);
}

static int has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words) {
		size_t n = strcspn(words, " ");

		if (n == length && !strncmp(words, word, n))
			return 1;
		words += n + strspn(words + n, " ");
	}
	return 0;
}

const char *work_option(const char *name, const char *fallback)
{
	for (int i = 1; i + 1 < arg_count; i += 2)
		if (!strcmp(arg_values[i] + 2, name))
			return arg_values[i + 1];
	return fallback;
}

double work_number(const char *name, double fallback)
{
	const char *text = work_option(name, NULL);
	char *end;
	double value;

	if (!text)
		return fallback;
	value = strtod(text, &end);
	if (*end || end == text || value < 0)
		usage(name, text);
	return value;
}

void work_begin(int argc, char **argv, const char *names)
{
	const char *path;

	arg_count = argc;
	arg_values = argv;
	for (int i = 1; i < argc; i += 2) {
		if (strncmp(argv[i], "--", 2) || i + 1 == argc ||
		    (!has_word("facts seconds", argv[i] + 2) && !has_word(names, argv[i] + 2)))
			usage(names, argv[i]);
	}
	path = work_option("facts", NULL);
	if (path) {
		facts_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		if (facts_fd < 0)
			work_die(path);
	}
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		work_die("sched_getaffinity");
	alarm(60 + (unsigned int)(4 * work_number("seconds", 30)));
}

void work_fact(const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line) - 1) {
		errno = EMSGSIZE;
		work_die("fact");
	}
	line[n] = '\n';
	if (write(facts_fd, line, (size_t)n + 1) != n + 1)
		work_die("facts");
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		work_die("clock_gettime");
	return (uint64_t)t.tv_sec * WORK_S + (uint64_t)t.tv_nsec;
}

uint64_t work_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t work_thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t work_process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

pid_t work_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

void work_sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / WORK_S), .tv_nsec = (long)(ns % WORK_S) };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void work_hold(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

void work_copy(const char *from_path, const char *to_path)
{
	int from = open(from_path, O_RDONLY | O_CLOEXEC);
	int to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	struct stat status;
	off_t at = 0;

	if (from < 0 || fstat(from, &status))
		work_die(from_path);
	if (to < 0)
		work_die(to_path);
	while (at < status.st_size)
		if (sendfile(to, from, &at, (size_t)(status.st_size - at)) <= 0)
			work_die(to_path);
	close(from);
	close(to);
}

static void pin(int first, int count)
{
	cpu_set_t set;
	int total = CPU_COUNT(&allowed), seen = 0;

	CPU_ZERO(&set);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (seen >= first % total && seen < first % total + count)
			CPU_SET(cpu, &set);
		seen++;
	}
	if (sched_setaffinity(0, sizeof(set), &set))
		work_die("sched_setaffinity");
}

pid_t work_fork_piped(int *ret_in, int *ret_out)
{
	int there[2], back[2];
	pid_t child;

	if (pipe(there) || pipe(back))
		work_die("pipe");
	child = fork();
	if (child < 0)
		work_die("fork");
	close(there[child ? 0 : 1]);
	close(back[child ? 1 : 0]);
	*ret_in = child ? back[0] : there[0];
	*ret_out = child ? there[1] : back[1];
	return child;
}

void work_pin(int count)
{
	pin(0, count);
}

void work_pin_to(int index)
{
	pin(index, 1);
}

struct start {
	char name[16];
	void *(*run)(void *);
	void *arg;
};

static void *named(void *data)
{
	struct start start = *(struct start *)data;

	free(data);
	pthread_setname_np(pthread_self(), start.name);
	return start.run(start.arg);
}

pthread_t work_thread(const char *name, void *(*run)(void *), void *arg)
{
	struct start *start = calloc(1, sizeof(*start));
	pthread_attr_t attr;
	pthread_t thread;

	if (!start)
		work_die("calloc");
	snprintf(start->name, sizeof(start->name), "%s", name);
	start->run = run;
	start->arg = arg;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	errno = pthread_create(&thread, &attr, named, start);
	if (errno)
		work_die("pthread_create");
	pthread_attr_destroy(&attr);
	return thread;
}
