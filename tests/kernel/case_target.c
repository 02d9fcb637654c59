// SPDX-License-Identifier: MIT
/* Every way to say what is looked at, and every way a run ends. All go through the ledger's checks.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "scope.h"
#include "subject.h"

static void start_quiet(struct known *k, struct subject *subject)
{
	subject_start(k, subject, "conserve", "--seconds", "300", "--spinners", "1", NULL);
	subject_wait(k, subject, "ready", 1);
	subject_wait(k, subject, "thread", 8);
}

static size_t threads_of(const struct doc *doc, int pid)
{
	size_t count = 0;

	for (size_t i = 0; i < doc->thread_count; i++)
		count += doc->threads[i].pid == pid;
	return count;
}

/* Nothing but these two processes (0: none) with eight threads each. */
static void require_only(const struct doc *doc, int pid, int other)
{
	size_t expected = other ? 16 : 8;

	if (threads_of(doc, pid) != 8 || (other && threads_of(doc, other) != 8))
		known_fail("%zu threads of %d, %zu of %d", threads_of(doc, pid), pid,
			   other ? threads_of(doc, other) : 0, other);
	if (doc->thread_count != expected)
		known_fail("%zu threads, not %zu: foreign ones", doc->thread_count, expected);
}

static void by_pid(struct known *k)
{
	struct subject mine, foreign;
	struct scope scope;
	struct doc doc;
	char pids[40];

	start_quiet(k, &mine);
	start_quiet(k, &foreign);
	scope_profile(k, &scope, "--pid", mine.pid_text, "-d", "1.5", NULL);
	doc = scope_document(k, &scope, 30);
	require_only(&doc, mine.pid, 0);
	doc_free(&doc);
	snprintf(pids, sizeof(pids), "%d,%d", mine.pid, foreign.pid);
	scope_profile(k, &scope, "-p", pids, "-d", "1500ms", NULL);
	doc = scope_document(k, &scope, 30);
	require_only(&doc, mine.pid, foreign.pid);
	doc_free(&doc);
	subject_kill(&mine);
	subject_kill(&foreign);
}

static void by_tid(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	char tids[40];
	int spin, cond;

	start_quiet(k, &subject);
	facts = facts_load(subject.facts);
	spin = (int)fact_number(facts_role(&facts, "spin"), "tid");
	cond = (int)fact_number(facts_role(&facts, "cond"), "tid");
	facts_free(&facts);
	snprintf(tids, sizeof(tids), "%d,%d", spin, cond);
	scope_profile(k, &scope, "--tid", tids, "-d", "1.5", NULL);
	doc = scope_document(k, &scope, 30);
	scope_thread(&doc, spin);
	scope_thread(&doc, cond);
	if (doc.thread_count != 2)
		known_fail("%zu threads, not 2", doc.thread_count);
	doc_free(&doc);
	subject_kill(&subject);
}

static void by_comm(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;

	/* Another's name that begins the same is not it. */
	start_quiet(k, &subject);
	scope_profile(k, &scope, "--comm", "conserve", "-d", "1.5", NULL);
	doc = scope_document(k, &scope, 30);
	if (threads_of(&doc, subject.pid) != 8)
		known_fail("%zu threads, not 8", threads_of(&doc, subject.pid));
	for (size_t i = 0; i < doc.thread_count; i++) {
		const struct doc_thread *leader =
			doc_thread(&doc, doc.threads[i].pid, doc.threads[i].pid);

		if (!leader || strcmp(leader->comm, "conserve"))
			known_fail("process %d is not called conserve", doc.threads[i].pid);
	}
	doc_free(&doc);
	subject_kill(&subject);
}

/* A process takes the name by exec in mid-run, and leaves it by exec again. */
static void by_comm_exec(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *stage = NULL;
	int64_t alive_ns = 0, stage_ns;

	scope_profile(k, &scope, "--comm", "stage_two", "-d", "0", NULL);
	scope_wait_armed(k, &scope);
	subject_start(k, &subject, "execchain", "--dir", k->dir, "--stage-ms", "500", NULL);
	subject_wait(k, &subject, "stage", 3);
	kill(scope.pid, SIGINT);
	doc = scope_document(k, &scope, 30);
	facts = facts_load(subject.facts);
	while ((stage = facts_next(&facts, "stage", stage)) && !fact_is(stage, "name", "stage_two"))
		;
	if (!stage)
		known_fail("the workload had no stage_two");
	/* The process's own thread: the other one lives for a moment only, at the exec. */
	for (size_t i = 0; i < doc.thread_count; i++)
		if (doc.threads[i].pid == subject.pid && doc.threads[i].tid == subject.pid)
			alive_ns += doc.threads[i].alive_ns;
	stage_ns = fact_number(stage, "end_ns") - fact_number(stage, "begin_ns");
	/* From the exec to the exec: loading either program takes a moment that it cannot time. */
	known_require(check_between("time under the name", alive_ns, stage_ns,
				    stage_ns + (int64_t)(30 * k->slow * (double)KNOWN_MS), &error),
		      &error);
	facts_free(&facts);
	doc_free(&doc);
	subject_join(k, &subject);
}

/* Under --pid the process is one throughout, whatever it executes, and bears its last name. */
static void exec_chain(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	const struct doc_thread *t;

	subject_start(k, &subject, "execchain", "--dir", k->dir, "--hold", "start", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "60", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 90);
	t = scope_thread(&doc, subject.pid);
	if (strcmp(t->comm, "stage_three"))
		known_fail("comm is '%s', not stage_three", t->comm);
	if (t->alive_ns < 1200 * KNOWN_MS)
		known_fail("alive only %lld ns", (long long)t->alive_ns);
	doc_free(&doc);
	subject_join(k, &subject);
}

/* A thread that calls execve goes on under its leader's tid, and the run goes on with it. */
static void tid_exec(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	char tid[16];

	subject_start(k, &subject, "execchain", "--dir", k->dir, "--hold", "exec", NULL);
	subject_wait(k, &subject, "executor", 1);
	facts = facts_load(subject.facts);
	snprintf(tid, sizeof(tid), "%d",
		 (int)fact_number(facts_next(&facts, "executor", NULL), "tid"));
	facts_free(&facts);
	scope_profile(k, &scope, "--tid", tid, "-d", "60", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 90);
	if (scope_thread(&doc, atoi(tid))->alive_ns < KNOWN_MS)
		known_fail("nothing of its life before the exec");
	if (scope_thread(&doc, subject.pid)->alive_ns < 400 * KNOWN_MS)
		known_fail("alive only %lld ns after the exec",
			   (long long)scope_thread(&doc, subject.pid)->alive_ns);
	if (doc.window_ns > 50000 * KNOWN_MS)
		known_fail("the run did not end with it");
	doc_free(&doc);
	subject_join(k, &subject);
}

/* Finds the v2 hierarchy and makes DIR/name-PID there. */
static void make_cgroup(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/mounts", "r");
	char line[1024], root[512] = "";

	while (mounts && !*root && fgets(line, sizeof(line), mounts))
		if (!strstr(line, " cgroup2 ") || sscanf(line, "%*s %511s", root) != 1)
			*root = '\0';
	if (mounts)
		fclose(mounts);
	snprintf(path, size, "%s/known-answer-%d", root, getpid());
	if (mkdir(path, 0755))
		known_skip("cannot make %s: %s", path, strerror(errno));
}

static void by_cgroup(struct known *k)
{
	struct subject mine, foreign;
	struct scope scope;
	struct doc doc;
	char path[600], file[640];
	FILE *procs;
	pid_t pid;
	int status = 0;

	start_quiet(k, &mine);
	start_quiet(k, &foreign);
	make_cgroup(path, sizeof(path));
	/* The directory must go in any case, so a failing check stays in a process of its own. */
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	procs = fopen(file, "w");
	if (!procs || fprintf(procs, "%d\n", mine.pid) < 0 || fclose(procs)) {
		rmdir(path);
		known_skip("cannot move a process to %s: %s", path, strerror(errno));
	}
	pid = fork();
	if (!pid) {
		scope_profile(k, &scope, "--cgroup", path, "-d", "1.5", NULL);
		doc = scope_document(k, &scope, 30);
		require_only(&doc, mine.pid, 0);
		doc_free(&doc);
		exit(0);
	}
	waitpid(pid, &status, 0);
	subject_kill(&mine);
	subject_kill(&foreign);
	for (int tries = 0; rmdir(path) && tries < 100; tries++)
		usleep(20000);
	if (status)
		exit(1);
}

/* A process that has not ended: /proc keeps the dead until they are waited for. */
static const char *stat_of(int pid)
{
	static char text[512];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	scope_read_text(path, text, sizeof(text));
	return text;
}

static bool lives(int pid)
{
	const char *state = strrchr(stat_of(pid), ')');

	return state && strlen(state) > 2 && state[2] != 'Z' && state[2] != 'X';
}

/*
 * When it started, at the latest, by the window's clock. The 22nd field of /proc/PID/stat tells it
 * in ticks since boot, with the time that the machine slept.
 */
static int64_t started_ns(int pid)
{
	const char *at = strrchr(stat_of(pid), ')');
	int64_t tick_ns = KNOWN_S / sysconf(_SC_CLK_TCK);
	struct timespec boot, mono;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? (atoll(at) + 1) * tick_ns - (boot.tv_sec - mono.tv_sec) * KNOWN_S : 0;
}

/*
 * Some kernels hide a hypervisor's agent from BPF altogether. Then even a run on this process alone
 * finds no thread, and says so.
 */
static bool hidden_by_the_kernel(struct known *k, int pid)
{
	struct scope scope;
	char number[16], text[512];
	const char *args[] = { "profile", "-p",	       number,	   "-d",   "0.2",
			       "-o",	  "/dev/null", "--output", "json", NULL };

	snprintf(number, sizeof(number), "%d", pid);
	scope_start(k, &scope, NULL, args);
	if (scope_wait(k, &scope, 30) != 1)
		return false;
	scope_read_text(scope.err, text, sizeof(text));
	return strstr(text, "no thread of") != NULL;
}

/* Every process that /proc shows alive in the middle of the window. */
static void by_all(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	DIR *proc;
	struct dirent *entry;
	int pids[8192];
	size_t count = 0;

	start_quiet(k, &subject);
	scope_profile(k, &scope, "--all", "-d", "3", NULL);
	scope_wait_armed(k, &scope);
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc)) && count < sizeof(pids) / sizeof(*pids))
		if (*entry->d_name >= '1' && *entry->d_name <= '9' && lives(atoi(entry->d_name)))
			pids[count++] = atoi(entry->d_name);
	if (proc)
		closedir(proc);
	doc = scope_document(k, &scope, 60);
	if (threads_of(&doc, subject.pid) != 8)
		known_fail("%zu threads of the workload, not 8", threads_of(&doc, subject.pid));
	if (threads_of(&doc, 0))
		known_fail("an idle task is among the threads");
	/* a kernel's worker that was seen may have ended before the window, or come after it: on a
	 * slow machine the list takes long */
	for (size_t i = 0; i < count; i++)
		if (lives(pids[i]) && started_ns(pids[i]) < doc.start_mono_ns + doc.window_ns &&
		    !doc_thread(&doc, pids[i], pids[i])) {
			if (!hidden_by_the_kernel(k, pids[i]))
				known_fail("process %d is missing: %s, window %lld + %lld ns",
					   pids[i], stat_of(pids[i]), (long long)doc.start_mono_ns,
					   (long long)doc.window_ns);
			known_note("process %d is hidden from BPF by the kernel", pids[i]);
		}
	doc_free(&doc);
	subject_kill(&subject);
}

/* Each process of the tree, from its first step to its last; the status is the command's. */
static void require_tree(struct known *k, struct scope *scope, const char *facts_path, int code)
{
	struct doc doc = scope_document_exit(k, scope, 60, code);
	struct facts facts = facts_load(facts_path);
	const struct fact *fact = NULL;
	size_t count = 0;

	while ((fact = facts_next(&facts, "process", fact))) {
		int pid = (int)fact_number(fact, "pid");
		const struct doc_thread *t = doc_thread(&doc, pid, pid);
		int64_t lived_ns = fact_number(fact, "death_ns") - fact_number(fact, "birth_ns");

		if (!t)
			known_fail("process %d is missing", pid);
		if (t->alive_ns < lived_ns)
			known_fail("process %d: alive %lld ns, by its own clock %lld", pid,
				   (long long)t->alive_ns, (long long)lived_ns);
		if (t->ns[DOC_ON] < fact_number(fact, "cpu_ns") / 100 * 99 - 50000)
			known_fail("process %d: on-CPU %lld ns, by its own clock %lld", pid,
				   (long long)t->ns[DOC_ON],
				   (long long)fact_number(fact, "cpu_ns"));
		count++;
	}
	if (count != 7)
		known_fail("%zu processes, not 7", count);
	if (doc.thread_count != 7)
		known_fail("%zu threads, not 7", doc.thread_count);
	facts_free(&facts);
	doc_free(&doc);
}

static void command(struct known *k)
{
	struct scope scope;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", known_path(k, "tree-7.facts"));
	scope_profile(k, &scope, "--", known_workload(k, "forktree"), "--facts", path, "--exit",
		      "7", NULL);
	require_tree(k, &scope, path, 7);
	snprintf(path, sizeof(path), "%s", known_path(k, "tree-term.facts"));
	scope_profile(k, &scope, "--", known_workload(k, "forktree"), "--facts", path, "--raise",
		      "15", NULL);
	require_tree(k, &scope, path, 128 + SIGTERM);
}

static void children(struct known *k)
{
	struct subject subject;
	struct scope scope;

	subject_start(k, &subject, "forktree", "--hold", "1", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d", "60", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	require_tree(k, &scope, subject.facts, 0);
	subject_join(k, &subject);
}

/* -a -- COMMAND: the command is the stopwatch, all threads are in it. */
static void stopwatch(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;

	start_quiet(k, &subject);
	scope_profile(k, &scope, "-a", "--", known_workload(k, "forktree"), "--facts",
		      known_path(k, "tree.facts"), "--exit", "3", NULL);
	doc = scope_document_exit(k, &scope, 60, 3);
	if (threads_of(&doc, subject.pid) != 8)
		known_fail("%zu threads of a bystander, not 8", threads_of(&doc, subject.pid));
	doc_free(&doc);
	subject_kill(&subject);
}

/* With the profile on stdout the command's own stdout goes to stderr. */
static void command_stdout(struct known *k)
{
	const char *args[] = { "profile", "--output", "folded", "--", known_workload(k, "forktree"),
			       NULL };
	struct doc_error error;
	struct folded folded;
	struct scope scope;
	char text[8192];

	scope_start(k, &scope, NULL, args);
	if (scope_wait(k, &scope, 60))
		known_fail("exit code %d", scope.code);
	known_require(folded_load(scope.out, &folded, &error), &error);
	scope_read_text(scope.err, text, sizeof(text));
	if (!strstr(text, "generation=2"))
		known_fail("the command's stdout is not on stderr");
	if (folded.total_us < 100000)
		known_fail("only %lld us in the profile", (long long)folded.total_us);
	scope_require_clean(k, &scope);
}

static void interrupted(struct known *k)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct subject subject;

	start_quiet(k, &subject);
	for (int i = 0; i < 2; i++) {
		struct scope scope;
		struct doc doc;

		scope_profile(k, &scope, "-p", subject.pid_text, "-d", "600", NULL);
		scope_wait_armed(k, &scope);
		usleep(1000000);
		kill(scope.pid, signals[i]);
		doc = scope_document(k, &scope, 20);
		require_only(&doc, subject.pid, 0);
		if (doc.window_ns < KNOWN_S / 2)
			known_fail("a window of %lld ns", (long long)doc.window_ns);
		doc_free(&doc);
	}
	subject_kill(&subject);
}

/* The second Ctrl-C leaves at once: no file, or a whole one. */
static void interrupted_twice(struct known *k)
{
	const char *json = known_path(k, "x.json");
	const char *args[] = { "profile", "-a", "-d", "600", "-o", json, NULL };
	struct doc_error error;
	struct scope scope;
	struct doc doc;

	scope_start(k, &scope, NULL, args);
	scope_wait_armed(k, &scope);
	usleep(300000);
	kill(scope.pid, SIGINT);
	usleep(500);
	kill(scope.pid, SIGINT);
	scope_wait(k, &scope, 10);
	if (!access(json, F_OK)) {
		known_require(doc_load(json, &doc, &error), &error);
		doc_free(&doc);
		unlink(json);
	}
	scope_require_files(k, NULL);
	scope_require_clean(k, &scope);
}

/* A target that ends in mid-run ends the run, and its last threads are accounted for. */
static void target_ends(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;

	subject_start(k, &subject, "conserve", "--seconds", "300", "--spinners", "1", "--gated", "1",
		      NULL);
	subject_wait(k, &subject, "thread", 8);
	subject_command(&subject, 'g');
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "600", NULL);
	scope_wait_armed(k, &scope);
	subject_command(&subject, 'q');
	doc = scope_document(k, &scope, 60);
	require_only(&doc, subject.pid, 0);
	doc_free(&doc);
	subject_join(k, &subject);
}

/* With --children a run lasts as long as the last of them, whoever ended before. */
static void orphans(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct fact *fact = NULL;
	int count = 0;

	subject_start(k, &subject, "orphans", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d", "60", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 90);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "end", fact))) {
		int64_t death_ns = fact_number(fact, "death_ns");

		scope_thread(&doc, (int)fact_number(fact, "pid"));
		if (doc.start_mono_ns + doc.window_ns < death_ns)
			known_fail("generation %d outlived the window by %lld ns", count,
				   (long long)(death_ns - doc.start_mono_ns - doc.window_ns));
		count++;
	}
	if (count != 3)
		known_fail("%d of 3 processes had ended", count);
	if (doc.window_ns > 30 * KNOWN_S)
		known_fail("a window of %lld ns", (long long)doc.window_ns);
	facts_free(&facts);
	doc_free(&doc);
	subject_join(k, &subject);
}

static void require_named(const struct doc *doc, int tid, enum doc_state state,
			  const char *function)
{
	const struct doc_thread *t = scope_thread(doc, tid);
	int64_t named_ns = doc_sum(
		doc, &(struct doc_filter){ .thread = t, .state = state, .function = function });
	struct doc_error error;

	if (t->ns[state] < t->alive_ns / 4)
		known_fail("thread %d: only %lld of %lld ns in its state", tid,
			   (long long)t->ns[state], (long long)t->alive_ns);
	known_require(check_share(function, named_ns, t->ns[state], 100, 5, &error), &error);
}

/* A process whose main thread has left is a process: it lasts, and its frames have names. */
static void leaderless(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;

	subject_start(k, &subject, "leaderless", NULL);
	subject_wait(k, &subject, "ready", 1);
	subject_wait(k, &subject, "thread", 2);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "1.5", NULL);
	doc = scope_document(k, &scope, 30);
	if (doc.window_ns < 1500 * KNOWN_MS)
		known_fail("a window of %lld ns", (long long)doc.window_ns);
	facts = facts_load(subject.facts);
	require_named(&doc, (int)fact_number(facts_role(&facts, "spin"), "tid"), DOC_ON,
		      "leaderless_spin");
	require_named(&doc, (int)fact_number(facts_role(&facts, "wait"), "tid"), DOC_OFF,
		      "leaderless_wait");
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* It runs for long when it is moved into the cgroup: nobody told its mappings at the start. */
static void joins_cgroup(struct known *k)
{
	struct subject mine, joins;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	char path[600], file[640];
	FILE *procs;

	start_quiet(k, &mine);
	subject_start(k, &joins, "leaderless", NULL);
	subject_wait(k, &joins, "ready", 1);
	subject_wait(k, &joins, "thread", 2);
	cgroup_make(path, sizeof(path));
	scope_profile(k, &scope, "--cgroup", path, "-d", "0", NULL);
	scope_wait_armed(k, &scope);
	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	procs = fopen(file, "w");
	if (!procs || fprintf(procs, "%d\n", joins.pid) < 0 || fclose(procs))
		known_skip("cannot move a process to %s: %s", path, strerror(errno));
	known_sleep_ms(k, 1500);
	kill(scope.pid, SIGINT);
	doc = scope_document(k, &scope, 30);
	if (threads_of(&doc, mine.pid))
		known_fail("a foreign process is among the threads");
	facts = facts_load(joins.facts);
	require_named(&doc, (int)fact_number(facts_role(&facts, "spin"), "tid"), DOC_ON,
		      "leaderless_spin");
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&mine);
	subject_kill(&joins);
}

/* Programs that are removed as soon as they have ended have names all the same. */
static void brief(struct known *k)
{
	struct doc_filter filter = { .state = DOC_ON };
	int64_t on_ns = 0, named_ns = 0;
	struct doc_error error;
	struct scope scope;
	struct doc doc;
	/* the exec is on-CPU time as well, and takes an emulated machine long */
	int programs = k->emulated ? 5 : 20, count = 0;

	scope_profile(k, &scope, "-F", "997", "--", known_workload(k, "conftest"), "--dir", k->dir,
		      "--count", k->emulated ? "5" : "20", "--work-ms", k->emulated ? "1500" : "40",
		      NULL);
	doc = scope_document(k, &scope, 60);
	for (size_t i = 0; i < doc.thread_count; i++) {
		if (strncmp(doc.threads[i].comm, "brief", 5))
			continue;
		count++;
		filter.thread = &doc.threads[i];
		filter.function = NULL;
		on_ns += doc_sum(&doc, &filter);
		filter.function = "conftest_work";
		named_ns += doc_sum(&doc, &filter);
	}
	if (count != programs)
		known_fail("%d programs, not %d", count, programs);
	known_require(check_share("on-CPU in conftest_work", named_ns, on_ns, 90, 10, &error),
		      &error);
	doc_free(&doc);
}

const struct known_case target_cases[] = {
	{ "target.pid", by_pid, 0, 0 },
	{ "target.tid", by_tid, 0, 0 },
	{ "target.comm", by_comm, 0, 0 },
	{ "target.comm_exec", by_comm_exec, 0, 0 },
	{ "target.exec_chain", exec_chain, 0, 0 },
	{ "target.tid_exec", tid_exec, 0, 0 },
	{ "target.cgroup", by_cgroup, NEED_CGROUP2, 0 },
	{ "target.all", by_all, 0, 0 },
	{ "target.command", command, 0, 0 },
	{ "target.children", children, 0, 0 },
	{ "target.stopwatch", stopwatch, 0, 0 },
	{ "target.command_stdout", command_stdout, 0, 0 },
	{ "target.interrupted", interrupted, 0, 0 },
	{ "target.interrupted_twice", interrupted_twice, 0, 0 },
	{ "target.ends", target_ends, 0, 0 },
	{ "target.leaderless", leaderless, 0, 0 },
	{ "target.orphans", orphans, 0, 0 },
	{ "target.brief", brief, 0, 0 },
	{ "target.joins_cgroup", joins_cgroup, NEED_CGROUP2, 0 },
	{ .name = NULL },
};
