// SPDX-License-Identifier: MIT
/*
 * known - the known-answer tests: runs systemscope on workloads whose answer is known and compares.
 *
 * Needs root and BPF for every case; prints `ok`, `not ok` or `skip` for each. Static, so that it
 * runs in a guest that holds nothing but this, the program and the workloads.
 */
#include "known.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"

#define EXIT_SKIPPED     42
#define MAX_ADOPTED      64
#define TMPFS_LIKE_RAMFS 0x858458f6

static const struct known_case *const all_cases[] = {
	ledger_cases, oracle_cases, stack_cases,  target_cases,
	error_cases,  load_cases,   unwind_cases, names_cases, timeline_cases,
};

static struct known known;
static pid_t adopted[MAX_ADOPTED];

static void end_case(const char *word, const char *format, va_list args)
{
	char text[2048];

	vsnprintf(text, sizeof(text), format, args);
	/* One line, whatever it quotes. */
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = c[1] ? '|' : '\0';
	printf("%s %s - %s\n", word, known.name, text);
	fflush(stdout);
}

void known_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end_case("not ok", format, args);
	va_end(args);
	exit(1);
}

void known_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end_case("skip", format, args);
	va_end(args);
	exit(EXIT_SKIPPED);
}

void known_note(const char *format, ...)
{
	va_list args;

	printf("# %s: ", known.name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void known_require(bool ok, const struct doc_error *error)
{
	if (!ok)
		known_fail("%s", error->text);
}

void known_adopt(pid_t pid)
{
	for (int i = 0; i < MAX_ADOPTED; i++) {
		if (!adopted[i]) {
			adopted[i] = pid;
			return;
		}
	}
	known_fail("too many processes");
}

bool known_adopted(pid_t pid)
{
	for (int i = 0; i < MAX_ADOPTED; i++)
		if (adopted[i] == pid)
			return true;
	return false;
}

int64_t known_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * KNOWN_S + t.tv_nsec;
}

void known_sleep_ms(const struct known *k, double ms)
{
	int64_t ns = (int64_t)(ms * k->slow * (double)KNOWN_MS);
	struct timespec t = { .tv_sec = ns / KNOWN_S, .tv_nsec = ns % KNOWN_S };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

const char *known_path(const struct known *k, const char *name)
{
	static char buffers[8][PATH_MAX];
	static int next;
	char *path = buffers[next++ % 8];

	if (snprintf(path, PATH_MAX, "%s/%s", k->dir, name) >= PATH_MAX)
		known_fail("path too long: %s", name);
	return path;
}

const char *known_workload(const struct known *k, const char *name)
{
	static char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", k->workloads, name) >= PATH_MAX)
		known_fail("path too long: %s", name);
	return path;
}

/* --- what the machine offers ----------------------------------------------------------------- */

static bool have_bpf(void)
{
	union bpf_attr attr = { 0 };

	return !access("/sys/kernel/btf/vmlinux", R_OK) &&
	       (!syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) || errno == ENOENT);
}

static bool have_disk(const char *dir)
{
	struct statfs fs;

	return !statfs(dir, &fs) && fs.f_type != TMPFS_MAGIC && fs.f_type != TMPFS_LIKE_RAMFS &&
	       fs.f_type != OVERLAYFS_SUPER_MAGIC;
}

/* In a child, so that this process keeps its namespace. */
static bool have_mounts(void)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid)
		_exit(unshare(CLONE_NEWNS) ? 1 : 0);
	waitpid(pid, &status, 0);
	return pid > 0 && status == 0;
}

/* The reason to leave the case out, or NULL. */
static const char *missing(const struct known_case *c, const char *dir)
{
	if (geteuid())
		return "needs root";
	if (!have_bpf())
		return "needs BPF and BTF";
	if ((c->needs & NEED_CGROUP2) && !cgroup_is_mounted())
		return "no cgroup v2 hierarchy is mounted";
	if ((c->needs & NEED_DISK) && !have_disk(dir))
		return "the scratch directory is not on a disk";
	if ((c->needs & NEED_MOUNTS) && !have_mounts())
		return "no mount namespace to be had";
	return NULL;
}

/* QEMU names a processor that it emulates so (target/i386/cpu.c). */
static bool is_emulated(void)
{
	FILE *info = fopen("/proc/cpuinfo", "r");
	bool found = false;
	char line[512];

	while (info && !found && fgets(line, sizeof(line), info))
		found = !strncmp(line, "model name", 10) && strstr(line, "TCG");
	if (info)
		fclose(info);
	return found;
}

/* How much longer than on an ordinary machine a fork, exec and wait of this program takes. */
static double measure_slowness(void)
{
	int64_t begin_ns = known_now_ns();
	double slow;

	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "known", "--nothing", (char *)NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	slow = (double)(known_now_ns() - begin_ns) / 20 / 1.5e6;
	return slow < 1 ? 1 : slow > 10 ? 10 : slow;
}

/* --- one case -------------------------------------------------------------------------------- */

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char below[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < PATH_MAX &&
		    unlink(below))
			remove_tree(below);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static _Noreturn void run_child(const struct known_case *c)
{
	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	c->run(&known);
	printf("ok %s\n", c->name);
	exit(0);
}

/* Everything the case started is in its process group or, orphaned, a child of this process. */
static void kill_rest(pid_t group)
{
	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Returns 1 if it failed. */
static int run_case(const struct known_case *c, const char *tmp)
{
	double limit_s = (c->seconds ? c->seconds : 60) * known.slow;
	int64_t begin_ns = known_now_ns();
	int status = 0;
	const char *reason;
	pid_t pid;

	known.name = c->name;
	if (snprintf(known.dir, sizeof(known.dir), "%s/%s", tmp, c->name) >= PATH_MAX) {
		printf("not ok %s - path too long\n", c->name);
		return 1;
	}
	reason = missing(c, tmp);
	if (reason) {
		printf("skip %s - %s\n", c->name, reason);
		return 0;
	}
	remove_tree(known.dir);
	if (mkdir(known.dir, 0755)) {
		printf("not ok %s - %s: %s\n", c->name, known.dir, strerror(errno));
		return 1;
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_child(c);
	setpgid(pid, pid);
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if ((double)(known_now_ns() - begin_ns) > limit_s * 1e9) {
			printf("not ok %s - no end within %.0f s\n", c->name, limit_s);
			kill_rest(pid);
			waitpid(pid, NULL, 0);
			cgroup_remove(pid);
			return 1;
		}
		usleep(2000);
	}
	kill_rest(pid);
	cgroup_remove(pid);
	if (WIFSIGNALED(status))
		printf("not ok %s - killed by signal %d\n", c->name, WTERMSIG(status));
	fflush(stdout);
	if (status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)) {
		remove_tree(known.dir);
		return 0;
	}
	printf("# %s: its files are in %s\n", c->name, known.dir);
	return 1;
}

/* --- the list -------------------------------------------------------------------------------- */

static bool wanted(const char *name, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name) ||
		    (!strncmp(names[i], name, strlen(names[i])) && name[strlen(names[i])] == '.'))
			return true;
	return count == 0;
}

/* --check JSON [FOLDED]: the balance of a profile that somebody else made. */
static int check_files(char **paths, int count)
{
	struct doc_error error;
	struct folded folded;
	struct doc doc;

	if (!doc_load(paths[0], &doc, &error) || !check_ledger(&doc, &error) ||
	    (count > 1 &&
	     (!folded_load(paths[1], &folded, &error) || !check_folded(&doc, &folded, &error)))) {
		printf("not ok %s - %s\n", paths[0], error.text);
		return 1;
	}
	printf("ok %s\n", paths[0]);
	return 0;
}

static int usage(const char *wrong)
{
	fprintf(stderr,
		"known: %s\n"
		"usage: known --systemscope PATH --workloads DIR [--tmp DIR] [--slow] [NAME...]\n"
		"       known --list\n"
		"       known --check JSON [FOLDED]\n"
		"NAME is a test's or what stands before its dot. --slow allows ten times the "
		"usual\n"
		"time; without it that is measured. The first two default to $SYSTEMSCOPE and\n"
		"$WORKLOADS, then to what lies beside the directory of this program.\n",
		wrong);
	return 2;
}

static const char *absolute(const char *path, const char *variable, const char *beside)
{
	static char self[PATH_MAX], buffer[PATH_MAX + 64];
	ssize_t n;

	if (!path)
		path = getenv(variable);
	if (!path) {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		self[n > 0 ? n : 0] = '\0';
		if (strrchr(self, '/'))
			*strrchr(self, '/') = '\0';
		snprintf(buffer, sizeof(buffer), "%s/../%s", self, beside);
		path = buffer;
	}
	return realpath(path, NULL);
}

static int run_all(char **names, int count, const char *tmp)
{
	int failures = 0, chosen = 0;

	known.emulated = is_emulated();
	known.slow = known.slow > 0 ? known.slow : measure_slowness();
	/* what was measured in a lucky moment does not last */
	if (known.emulated && known.slow < 5)
		known.slow = 5;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	printf("# this machine counts as %.1f times slower than usual%s\n", known.slow,
	       known.emulated ? ", and is emulated" : "");
	for (size_t i = 0; i < sizeof(all_cases) / sizeof(*all_cases); i++) {
		for (const struct known_case *c = all_cases[i]; c->name; c++) {
			if (!wanted(c->name, names, count))
				continue;
			chosen++;
			failures += run_case(c, tmp);
		}
	}
	if (!chosen)
		return usage("no test of that name");
	return failures != 0;
}

int main(int argc, char **argv)
{
	const char *systemscope = NULL, *workloads = NULL, *tmp = getenv("TMPDIR");
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--nothing"))
			return 0;
		if (!strcmp(argv[i], "--list")) {
			for (size_t n = 0; n < sizeof(all_cases) / sizeof(*all_cases); n++)
				for (const struct known_case *c = all_cases[n]; c->name; c++)
					puts(c->name);
			return 0;
		}
		if (!strcmp(argv[i], "--slow")) {
			known.slow = 10;
			continue;
		}
		if (i + 1 == argc)
			return usage(argv[i]);
		if (!strcmp(argv[i], "--check"))
			return check_files(argv + i + 1, argc - i - 1);
		if (!strcmp(argv[i], "--systemscope"))
			systemscope = argv[++i];
		else if (!strcmp(argv[i], "--workloads"))
			workloads = argv[++i];
		else if (!strcmp(argv[i], "--tmp"))
			tmp = argv[++i];
		else
			return usage(argv[i]);
	}
	known.systemscope = absolute(systemscope, "SYSTEMSCOPE", "systemscope");
	if (!known.systemscope)
		return usage("no systemscope");
	known.workloads = absolute(workloads, "WORKLOADS", "workloads");
	if (!known.workloads)
		return usage("no workloads");
	tmp = realpath(tmp ? tmp : "/tmp", NULL);
	if (!tmp)
		return usage("no such directory: --tmp");
	return run_all(argv + i, argc - i, tmp);
}
