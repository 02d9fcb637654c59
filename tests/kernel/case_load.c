// SPDX-License-Identifier: MIT
/* Much at once: many threads, many short lives, many switches. Time stays whole, losses are named.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "scope.h"
#include "subject.h"

static void many_threads(struct known *k)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *fact = NULL;
	size_t asleep = 0;

	setrlimit(RLIMIT_NPROC, &limit);
	subject_start(k, &subject, "manythreads", "--threads", "5000", "--seconds", "600",
		      "--restless", "1", NULL);
	subject_wait(k, &subject, "ready", 1);
	subject_wait(k, &subject, "thread", 5000);
	scope_profile(k, &scope, "--all", "-d", "5", NULL);
	doc = scope_document(k, &scope, 90);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "thread", fact))) {
		const struct doc_thread *t =
			doc_thread(&doc, subject.pid, (int)fact_number(fact, "tid"));

		if (!t)
			known_fail("thread %lld is missing", (long long)fact_number(fact, "tid"));
		if (t->alive_ns != doc.window_ns)
			known_fail("thread %d: alive %lld of %lld ns", t->tid,
				   (long long)t->alive_ns, (long long)doc.window_ns);
		/* The sum over all samples for each of 5000 threads would take long: every 50th. */
		if (fact_is(fact, "role", "asleep") && asleep++ % 50 == 0)
			known_require(check_blocked(&doc, t, "sleep_throughout", &error), &error);
	}
	known_require(check_stacks(&doc, &error), &error);
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

static void short_lives(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *result;
	int64_t processes, alive_ns = 0, seen = 0;
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "%d", (int)(20000 / k->slow));
	scope_profile(k, &scope, "--all", "-d", "0", NULL);
	scope_wait_armed(k, &scope);
	subject_start(k, &subject, "shortlived", "--processes", wanted, "--seconds", "10", NULL);
	subject_wait(k, &subject, "result", 1);
	kill(scope.pid, SIGINT);
	doc = scope_document(k, &scope, 60);
	facts = facts_load(subject.facts);
	result = facts_next(&facts, "result", NULL);
	processes = fact_number(result, "processes");
	for (size_t i = 0; i < doc.thread_count; i++) {
		const struct doc_thread *t = &doc.threads[i];

		if (t->pid == t->tid && t->pid != subject.pid && t->alive_ns < doc.window_ns / 2) {
			alive_ns += t->alive_ns;
			seen++;
		}
	}
	known_note("%lld processes in %lld ms; %lld rows, alive %lld us on average",
		   (long long)processes, (long long)(fact_number(result, "wall_ns") / KNOWN_MS),
		   (long long)seen, (long long)(seen ? alive_ns / seen / 1000 : 0));
	if (seen < processes)
		known_fail("%lld processes lived shortly, of %lld", (long long)seen,
			   (long long)processes);
	known_require(check_stacks(&doc, &error), &error);
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* Two processes that switch as fast as they can, on one CPU and on two. */
static void switches(struct known *k)
{
	for (int cpus = 1; cpus <= 2; cpus++) {
		struct subject subject;
		struct scope scope;
		struct facts facts;
		struct doc doc;
		const struct fact *fact = NULL;
		char pids[32] = "", seconds[16];
		int n = 0;

		snprintf(seconds, sizeof(seconds), "%d", 4 + (int)(3 * k->slow));
		subject_start(k, &subject, "pingpong", "--cpus", cpus == 1 ? "1" : "2", "--seconds",
			      seconds, NULL);
		subject_wait(k, &subject, "ready", 1);
		facts = facts_load(subject.facts);
		while ((fact = facts_next(&facts, "process", fact)))
			n += snprintf(pids + n, sizeof(pids) - (size_t)n, "%s%d", n ? "," : "",
				      (int)fact_number(fact, "pid"));
		scope_profile(k, &scope, "-p", pids, "-d", "3", NULL);
		doc = scope_document(k, &scope, 40);
		subject_join(k, &subject);
		facts_free(&facts);
		facts = facts_load(subject.facts);
		fact = facts_next(&facts, "result", NULL);
		if (!fact || fact_number(fact, "rounds") < 1000)
			known_fail("no rounds on %d CPUs", cpus);
		known_note("%d CPU(s): %lld switches/s while profiled in part", cpus,
			   (long long)fact_number(fact, "switches_per_s"));
		if (doc.thread_count != 2)
			known_fail("%zu threads, not 2", doc.thread_count);
		facts_free(&facts);
		doc_free(&doc);
	}
}

const struct known_case load_cases[] = {
	{ "load.many_threads", many_threads, 0, 180 },
	{ "load.short_lives", short_lives, 0, 180 },
	{ "load.switches", switches, 0, 90 },
	{ .name = NULL },
};
