// SPDX-License-Identifier: MIT
/* Time is conserved: for every kind of thread, at rest and coming and going. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup.h"
#include "scope.h"
#include "subject.h"

static const struct doc_thread *role_thread(const struct doc *doc, const struct facts *facts,
					    const char *role)
{
	return scope_thread(doc, (int)fact_number(facts_role(facts, role), "tid"));
}

static void require_window(const struct known *k, const struct doc *doc, double seconds)
{
	struct doc_error error;

	known_require(check_between("window", doc->window_ns, (int64_t)(seconds * 0.999e9),
				    (int64_t)((seconds + 0.5 * k->slow) * 1e9), &error),
		      &error);
}

/* The eight kinds of thread, on two CPUs (or the one there is). */
static void conserve(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *fact = NULL;
	int64_t waited_ns = 0;

	subject_start(k, &subject, "conserve", "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "--pid", subject.pid_text, "-d", "4", NULL);
	doc = scope_document(k, &scope, 30);
	require_window(k, &doc, 4);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "thread", fact))) {
		const struct doc_thread *t = scope_thread(&doc, (int)fact_number(fact, "tid"));
		char function[64];

		fact_text(fact, "function", function, sizeof(function));
		if (t->pid != subject.pid || t->alive_ns != doc.window_ns)
			known_fail("%s %d/%d: alive %lld of %lld ns", t->comm, t->pid, t->tid,
				   (long long)t->alive_ns, (long long)doc.window_ns);
		if (fact_is(fact, "role", "cond") || fact_is(fact, "role", "epoll"))
			known_require(check_blocked(&doc, t, function, &error), &error);
		if (fact_is(fact, "role", "spin") || fact_is(fact, "role", "yield")) {
			known_require(check_spinner(&doc, t, function, &error), &error);
			waited_ns += t->ns[DOC_RUNQ];
		}
	}
	/* Four that never block, on two CPUs: together they wait as long as two others run. */
	if (waited_ns < doc.window_ns * 3 / 2)
		known_fail("spinners waited only %lld ns in the run queue", (long long)waited_ns);
	if (doc.thread_count != 10)
		known_fail("%zu threads, not 10", doc.thread_count);
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* A sleeper's sleep is blocked time in its function, at the edges of the window too. */
static void sleepers(struct known *k)
{
	static const struct {
		const char *role, *function;
	} rows[] = {
		{ "poll", "poll_five_ms" },
		{ "sleep10", "sleep_ten_ms" },
		{ "sleep700", "sleep_seven_hundred_ms" },
	};
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;

	subject_start(k, &subject, "conserve", "--seconds", "300", "--spinners", "0", "--kinds",
		      "sleep10,sleep700", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "3", NULL);
	doc = scope_document(k, &scope, 30);
	facts = facts_load(subject.facts);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct doc_thread *t = role_thread(&doc, &facts, rows[i].role);
		struct doc_filter filter = { .thread = t,
					     .state = DOC_OFF,
					     .with_kernel = true,
					     .function = rows[i].function };
		int64_t ns = doc_sum(&doc, &filter);

		if (ns < t->ns[DOC_OFF] / 1000 * 999)
			known_fail("%s: %lld of %lld ns blocked in %s", rows[i].role, (long long)ns,
				   (long long)t->ns[DOC_OFF], rows[i].function);
		if (t->ns[DOC_OFF] < doc.window_ns / 2)
			known_fail("%s: blocked only %lld ns", rows[i].role,
				   (long long)t->ns[DOC_OFF]);
	}
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

static int64_t overlap_ns(int64_t begin, int64_t end, int64_t window_begin, int64_t window_end)
{
	begin = begin > window_begin ? begin : window_begin;
	end = end < window_end ? end : window_end;
	return end > begin ? end - begin : 0;
}

struct churn {
	int64_t more_ns; /* how much longer the threads lived than they know, all together */
	int64_t seen;
};

static void churn_add(const struct known *k, const struct doc *doc, const struct fact *fact,
		      struct churn *sums)
{
	int64_t from = doc->start_mono_ns, to = from + doc->window_ns;
	int64_t created = fact_number(fact, "created_ns"), death = fact_number(fact, "death_ns");
	int64_t low = overlap_ns(fact_number(fact, "birth_ns"), death, from, to);
	/* Its last steps, which it cannot time, may be kept waiting for a CPU. */
	int64_t grace_ns = (int64_t)(20 * k->slow * (double)KNOWN_MS);
	const struct doc_thread *t = doc_thread(doc, 0, (int)fact_number(fact, "tid"));
	struct doc_error error;

	if (!t) {
		if (low > KNOWN_MS)
			known_fail("thread %lld, alive for %lld ns of the window, is missing",
				   (long long)fact_number(fact, "tid"), (long long)low);
		return;
	}
	known_require(check_between("alive against its own clock", t->alive_ns, low - 2000,
				    overlap_ns(created, death + grace_ns, from, to) + 2000, &error),
		      &error);
	sums->seen++;
	sums->more_ns += t->alive_ns - overlap_ns(created, death, from, to);
}

static void churn_require(const struct known *k, const struct churn *sums)
{
	int64_t each_us = sums->more_ns / sums->seen / 1000;

	known_note("%lld threads lived %lld us longer than they know, each", (long long)sums->seen,
		   (long long)each_us);
	if ((double)each_us > 5000 * k->slow)
		known_fail("threads live %lld us too long on average", (long long)each_us);
}

/* 200 threads that come and go while the window opens and closes. */
static void churn(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct fact *fact = NULL;
	struct churn sums = { 0 };
	/* Long enough for the profiler's start and a window of 4 s; 50 threads a second. */
	int seconds = 4 + (int)(4 * k->slow);
	char seconds_text[16], threads_text[16];

	snprintf(seconds_text, sizeof(seconds_text), "%d", seconds);
	snprintf(threads_text, sizeof(threads_text), "%d", 50 * seconds);
	subject_start(k, &subject, "churn", "--threads", threads_text, "--seconds", seconds_text,
		      NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "4", NULL);
	doc = scope_document(k, &scope, 30);
	subject_join(k, &subject);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "thread", fact)))
		churn_add(k, &doc, fact, &sums);
	if ((size_t)sums.seen + 1 != doc.thread_count)
		known_fail("%zu threads, of which %lld are the workload's", doc.thread_count,
			   (long long)sums.seen);
	if (sums.seen < 100)
		known_fail("only %lld threads of churn", (long long)sums.seen);
	churn_require(k, &sums);
	facts_free(&facts);
	doc_free(&doc);
}

/*
 * On-CPU time of all threads, ended ones too, against what their cgroup counted: 1 % and 2 us a
 * switch. (The process's own clock lacks the end of each thread: what it does after release_task()
 * in kernel/exit.c has added up its time.) `more_ns`: what neither may have counted.
 */
static void churn_on_cpu(const struct doc *doc, int64_t usage_ns, int64_t more_ns)
{
	int64_t on_ns = 0, switches = 0;
	struct doc_error error;

	for (size_t i = 0; i < doc->thread_count; i++) {
		on_ns += doc->threads[i].ns[DOC_ON];
		switches += doc->threads[i].switches;
	}
	known_note("on-CPU %lld ns, the cgroup says %lld, and up to %lld", (long long)on_ns,
		   (long long)usage_ns, (long long)more_ns);
	known_require(check_close("on-CPU against the cgroup", on_ns, usage_ns, switches, more_ns,
				  &error),
		      &error);
}

/* The same from birth to death under -- COMMAND, so that no edge cuts anything. */
static void churn_command(struct known *k)
{
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct fact *fact = NULL, *start;
	char program[PATH_MAX + 16], path[PATH_MAX], cgroup[560], early[PATH_MAX], text[64];
	struct churn sums = { 0 };
	size_t count = 0;
	long long before_ns, after_ns;
	int64_t usage_ns;

	snprintf(program, sizeof(program), "%s/churn", k->workloads);
	snprintf(path, sizeof(path), "%s", known_path(k, "churn.facts"));
	cgroup_make(cgroup, sizeof(cgroup));
	snprintf(early, sizeof(early), "%s", known_path(k, "early"));
	/*
	 * The shell notes what was counted of it before and after it joins the cgroup. The file is as
	 * of the last tick or switch, or of the joining, which ends what the other cgroup gets.
	 */
	scope_profile(k, &scope, "--", "sh", "-c",
		      "read -r on rest </proc/$$/schedstat; echo $$ >\"$0/cgroup.procs\"; "
		      "read -r then rest </proc/$$/schedstat; echo \"$on $then\" >\"$1\"; "
		      "shift; exec \"$@\"",
		      cgroup, early, program, "--facts", path, "--threads", "200", "--seconds", "3",
		      NULL);
	doc = scope_document(k, &scope, 60);
	scope_read_text(early, text, sizeof(text));
	if (sscanf(text, "%lld %lld", &before_ns, &after_ns) != 2 || after_ns < before_ns)
		known_fail("the shell noted \"%s\"", text);
	usage_ns = cgroup_usage_ns(cgroup) + before_ns;
	facts = facts_load(path);
	while ((fact = facts_next(&facts, "thread", fact))) {
		churn_add(k, &doc, fact, &sums);
		if (!doc_thread(&doc, 0, (int)fact_number(fact, "tid")))
			known_fail("thread %lld is missing", (long long)fact_number(fact, "tid"));
		count++;
	}
	if (count != 200)
		known_fail("%zu threads, not 200", count);
	churn_require(k, &sums);
	churn_on_cpu(&doc, usage_ns, after_ns - before_ns);
	start = facts_next(&facts, "main", NULL);
	fact = facts_next(&facts, "done", NULL);
	if (!start || !fact)
		known_fail("the workload did not get to its end");
	if (scope_thread(&doc, (int)fact_number(start, "tid"))->alive_ns <
	    fact_number(fact, "end_ns") - fact_number(start, "begin_ns"))
		known_fail("the command's main thread lived longer than the profile says");
	facts_free(&facts);
	doc_free(&doc);
}

/* oncpu and offcpu are views of the same ledger. */
static void states(struct known *k)
{
	static const char *const commands[] = { "oncpu", "offcpu" };
	struct subject subject;
	char json[PATH_MAX];

	subject_start(k, &subject, "conserve", "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	snprintf(json, sizeof(json), "%s", known_path(k, "view.json"));
	for (int i = 0; i < 2; i++) {
		const char *args[] = { commands[i], "-p", subject.pid_text, "-d", "1", "-o",
				       json,        NULL };
		struct doc_filter filter = { .state = DOC_ON };
		struct doc_error error;
		struct scope scope;
		struct doc doc;
		bool has_on, has_off;

		scope_start(k, &scope, NULL, args);
		if (scope_wait(k, &scope, 30))
			known_fail("%s: exit code %d", commands[i], scope.code);
		known_require(doc_load(json, &doc, &error), &error);
		has_on = doc_sum(&doc, &filter) > 0;
		filter.state = DOC_OFF;
		has_off = doc_sum(&doc, &filter) > 0;
		if (has_on != (i == 0) || has_off != (i == 1))
			known_fail("%s: on-CPU samples %d, blocked samples %d", commands[i], has_on,
				   has_off);
		doc_free(&doc);
	}
	subject_kill(&subject);
}

const struct known_case ledger_cases[] = {
	{ "ledger.conserve", conserve, 0, 0 }, { "ledger.sleepers", sleepers, 0, 0 },
	{ "ledger.churn", churn, 0, 0 },
	{ "ledger.churn_command", churn_command, NEED_CGROUP2, 90 },
	{ "ledger.states", states, 0, 0 },     { .name = NULL },
};
