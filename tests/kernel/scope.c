// SPDX-License-Identifier: MIT
#include "scope.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 40

/* --- BPF programs in the kernel -------------------------------------------------------------- */

static long bpf_call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The id of the next program after `id`; 0: none. */
static uint32_t next_program(uint32_t id)
{
	union bpf_attr attr = { .start_id = id };

	return bpf_call(BPF_PROG_GET_NEXT_ID, &attr) ? 0 : attr.next_id;
}

static uint32_t last_program(void)
{
	uint32_t id = 0, next;

	while ((next = next_program(id)))
		id = next;
	return id;
}

/* Its kind traces the kernel, and it is there still. */
static bool is_tracing_program(uint32_t id, char name[BPF_OBJ_NAME_LEN])
{
	union bpf_attr attr = { .prog_id = id };
	struct bpf_prog_info info = { 0 };
	long fd = bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);

	if (fd < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uint64_t)(uintptr_t)&info;
	if (bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr))
		info.type = 0;
	close((int)fd);
	memcpy(name, info.name, BPF_OBJ_NAME_LEN);
	return info.type == BPF_PROG_TYPE_TRACING || info.type == BPF_PROG_TYPE_PERF_EVENT ||
	       info.type == BPF_PROG_TYPE_RAW_TRACEPOINT || info.type == BPF_PROG_TYPE_TRACEPOINT ||
	       info.type == BPF_PROG_TYPE_KPROBE;
}

static bool file_mentions(const char *path, const char *needle)
{
	char text[2048];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, needle) != NULL;
}

/* Whether one of the process's descriptors says `needle` of itself. */
static bool process_holds(const char *pid, const char *needle)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", pid, entry->d_name);
		found = *entry->d_name != '.' && file_mentions(path, needle);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool anyone_holds(const char *needle)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9')
			found = process_holds(entry->d_name, needle);
	if (dir)
		closedir(dir);
	return found;
}

/* Programs of other runs, at work on the same machine, are held by those. */
static uint32_t abandoned_program(uint32_t since, char name[BPF_OBJ_NAME_LEN])
{
	for (uint32_t id = next_program(since); id; id = next_program(id)) {
		char needle[32];

		snprintf(needle, sizeof(needle), "prog_id:\t%u\n", id);
		if (is_tracing_program(id, name) && !anyone_holds(needle) &&
		    is_tracing_program(id, name))
			return id;
	}
	return 0;
}

/* --- what stays behind ----------------------------------------------------------------------- */

/* A living child of this process, the reaper of orphans, that no case started. */
static pid_t stray_child(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		char path[PATH_MAX], text[1024], state = 0;
		int ppid = 0;

		if (*entry->d_name < '1' || *entry->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		scope_read_text(path, text, sizeof(text));
		if (strrchr(text, ')') &&
		    sscanf(strrchr(text, ')') + 1, " %c %d", &state, &ppid) == 2 &&
		    ppid == getpid() && state != 'Z' && !known_adopted(atoi(entry->d_name)))
			found = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

void scope_require_clean(const struct known *k, const struct scope *scope)
{
	int64_t deadline_ns = known_now_ns() + (int64_t)(5 * k->slow * (double)KNOWN_S);
	char name[BPF_OBJ_NAME_LEN] = "";
	uint32_t program;
	pid_t child = stray_child();

	if (child)
		known_fail("process %d stays behind", child);
	/* The kernel frees programs a little after their last descriptor. */
	while ((program = abandoned_program(scope->programs_before, name))) {
		if (known_now_ns() > deadline_ns)
			known_fail("BPF program %u (%s) stays loaded", program, name);
		usleep(50000);
	}
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

void scope_require_files(const struct known *k, ...)
{
	const char *expected[16];
	bool seen[16] = { false };
	struct dirent *entry;
	size_t count = 0;
	va_list args;
	DIR *dir;

	va_start(args, k);
	while (count < 16 && (expected[count] = va_arg(args, const char *)))
		count++;
	va_end(args);
	dir = opendir(k->dir);
	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		size_t i = 0;

		if (!strcmp(name, ".") || !strcmp(name, "..") || ends_with(name, ".err") ||
		    ends_with(name, ".out") || ends_with(name, ".facts"))
			continue;
		while (i < count && strcmp(name, expected[i]))
			i++;
		if (i == count)
			known_fail("file '%s' stays behind", name);
		seen[i] = true;
	}
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < count; i++)
		if (!seen[i])
			known_fail("no file '%s'", expected[i]);
}

/* --- the run --------------------------------------------------------------------------------- */

void scope_read_text(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buffer, size - 1);

	buffer[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

void scope_start(struct known *k, struct scope *ret_scope, const struct scope_how *how,
		 const char *const *args)
{
	static int number;
	struct scope s = { .code = -1, .programs_before = last_program() };
	const char *argv[MAX_ARGS] = { k->systemscope };
	char name[32];
	int out, err;

	for (int i = 0; args[i] && i < MAX_ARGS - 2; i++)
		argv[i + 1] = args[i];
	snprintf(name, sizeof(name), "run-%d.out", number);
	snprintf(s.out, sizeof(s.out), "%s", known_path(k, name));
	snprintf(name, sizeof(name), "run-%d.err", number++);
	snprintf(s.err, sizeof(s.err), "%s", known_path(k, name));
	out = how && how->stdout_fd ? dup(how->stdout_fd)
				    : open(s.out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = open(s.err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0 || err < 0)
		known_fail("%s: %s", s.err, strerror(errno));
	s.pid = fork();
	if (s.pid < 0)
		known_fail("fork: %s", strerror(errno));
	if (!s.pid) {
		int self = open(k->systemscope, O_RDONLY | O_CLOEXEC);

		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		/* Not behind the dozens of threads that it looks at, where each of its steps takes
		 * twenty times longer. */
		if (k->emulated)
			setpriority(PRIO_PROCESS, 0, -10);
		/* Whoever runs the tests may ignore it, as shells do in the background. */
		signal(SIGINT, SIG_DFL);
		if (how && how->prepare)
			how->prepare(how->arg);
		/* By descriptor: a user without rights may not reach the path. */
		fexecve(self, (char *const *)argv, environ);
		_exit(127);
	}
	close(out);
	close(err);
	*ret_scope = s;
}

void scope_profile(struct known *k, struct scope *ret_scope, ...)
{
	static int number;
	const char *args[MAX_ARGS] = { "profile", "-o", NULL, "-o", NULL };
	char json[PATH_MAX], folded[PATH_MAX], name[32];
	size_t argc = 5;
	va_list list;

	snprintf(name, sizeof(name), "profile-%d.json", number);
	snprintf(json, sizeof(json), "%s", known_path(k, name));
	snprintf(name, sizeof(name), "profile-%d.folded", number++);
	snprintf(folded, sizeof(folded), "%s", known_path(k, name));
	args[2] = json;
	args[4] = folded;
	va_start(list, ret_scope);
	while (argc < MAX_ARGS - 1 && (args[argc] = va_arg(list, const char *)))
		argc++;
	va_end(list);
	scope_start(k, ret_scope, NULL, args);
	memcpy(ret_scope->json, json, sizeof(json));
	memcpy(ret_scope->folded, folded, sizeof(folded));
}

bool scope_ended(const struct scope *scope)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)scope->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

void scope_wait_armed(const struct known *k, const struct scope *scope)
{
	int64_t deadline_ns = known_now_ns() + (int64_t)(20 * k->slow * (double)KNOWN_S);
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", scope->pid);
	while (!process_holds(pid, "link_type:")) {
		if (scope_ended(scope))
			return; /* scope_wait() tells why */
		if (known_now_ns() > deadline_ns)
			known_fail("systemscope attaches nothing");
		usleep(10000);
	}
	/* The rest of the programs, and the look at the tasks that are there already. */
	known_sleep_ms(k, 700);
}

int scope_wait(const struct known *k, struct scope *scope, double seconds)
{
	int64_t deadline_ns = known_now_ns() + (int64_t)(seconds * k->slow * (double)KNOWN_S);
	int status;

	while (scope->code < 0) {
		if (waitpid(scope->pid, &status, WNOHANG) == scope->pid) {
			scope->code =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			return scope->code;
		}
		if (known_now_ns() > deadline_ns) {
			kill(scope->pid, SIGKILL);
			known_fail("systemscope still runs after %.0f s", seconds * k->slow);
		}
		usleep(5000);
	}
	return scope->code;
}

static void note_losses(const struct doc *doc)
{
	const char *key;
	json_t *loss;

	json_object_foreach(json_object_get(doc->root, "losses"), key, loss)
	{
		double count = json_number_value(json_object_get(loss, "count"));

		if (count > 0)
			known_note("loss %s: %.0f, %.0f ns", key, count,
				   json_number_value(json_object_get(loss, "ns")));
	}
}

struct doc scope_document_exit(const struct known *k, struct scope *scope, double seconds, int code)
{
	struct doc_error error;
	struct folded folded;
	struct doc doc;
	char text[2048];

	if (scope_wait(k, scope, seconds) != code) {
		scope_read_text(scope->err, text, sizeof(text));
		known_fail("exit code %d, not %d; it says: %s", scope->code, code, text);
	}
	known_require(doc_load(scope->json, &doc, &error), &error);
	note_losses(&doc);
	known_require(folded_load(scope->folded, &folded, &error), &error);
	known_require(check_ledger(&doc, &error), &error);
	known_require(check_folded(&doc, &folded, &error), &error);
	scope_require_clean(k, scope);
	return doc;
}

struct doc scope_document(const struct known *k, struct scope *scope, double seconds)
{
	return scope_document_exit(k, scope, seconds, 0);
}

const struct doc_thread *scope_thread(const struct doc *doc, int tid)
{
	const struct doc_thread *thread = doc_thread(doc, 0, tid);

	if (!thread)
		known_fail("thread %d is not in the profile", tid);
	return thread;
}
