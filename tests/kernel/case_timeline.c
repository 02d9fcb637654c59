// SPDX-License-Identifier: MIT
/* The timeline is the ledger, in time; and says who woke whom. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "scope.h"
#include "subject.h"

/* Intervals of the thread; *ret_first is the first, and they follow on it. */
static size_t intervals_of(const struct doc *doc, const struct doc_thread *thread,
			   const struct doc_interval **ret_first)
{
	size_t count = 0;

	for (size_t i = 0; i < doc->interval_count; i++)
		if (doc->intervals[i].thread == (size_t)(thread - doc->threads) && !count++)
			*ret_first = &doc->intervals[i];
	return count;
}

/* Each kind of thread, from the window's start to its end without a gap; who sleeps throughout has
 * one interval. */
static void sums(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *fact = NULL;

	subject_start(k, &subject, "conserve", "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "--pid", subject.pid_text, "-d", "2", "--timeline", NULL);
	doc = scope_document(k, &scope, 30);
	known_require(check_timeline(&doc, &error), &error);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "thread", fact))) {
		const struct doc_thread *t = scope_thread(&doc, (int)fact_number(fact, "tid"));
		const struct doc_interval *v = NULL;
		size_t count = intervals_of(&doc, t, &v);
		int64_t end_ns = 0;

		for (size_t i = 0; i < count; i++) {
			if (v[i].start_ns != end_ns)
				known_fail("%s %d: nothing from %lld to %lld ns", t->comm, t->tid,
					   (long long)end_ns, (long long)v[i].start_ns);
			end_ns = v[i].start_ns + v[i].ns;
		}
		if (end_ns != doc.window_ns)
			known_fail("%s %d: nothing after %lld ns", t->comm, t->tid,
				   (long long)end_ns);
		if ((fact_is(fact, "role", "cond") || fact_is(fact, "role", "epoll")) &&
		    (count != 1 || v->state != DOC_OFF || !v->stack))
			known_fail("%s %d: %zu intervals of one wait", t->comm, t->tid, count);
		known_note("%s: %zu intervals", t->comm, count);
	}
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* The whole system, processes that come and go, and a COMMAND from its first moment on. */
static void lives(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	struct doc_error error;

	subject_start(k, &subject, "shortlived", "--processes", "300", "--seconds", "2", NULL);
	scope_profile(k, &scope, "--all", "-d", "2", "--timeline", NULL);
	doc = scope_document(k, &scope, 60);
	known_require(check_timeline(&doc, &error), &error);
	known_note("%zu threads, %zu intervals", doc.thread_count, doc.interval_count);
	doc_free(&doc);
	subject_kill(&subject);
	scope_profile(k, &scope, "--timeline", "--", known_workload(k, "forktree"), NULL);
	doc = scope_document(k, &scope, 60);
	known_require(check_timeline(&doc, &error), &error);
	known_note("%zu threads, %zu intervals", doc.thread_count, doc.interval_count);
	doc_free(&doc);
}

/* Of two that play ping-pong each waits for the other's byte, on one CPU and on two. */
static void wakers(struct known *k)
{
	for (int cpus = 1; cpus <= 2; cpus++) {
		struct subject subject;
		struct scope scope;
		struct doc doc;
		struct doc_error error;
		size_t waits = 0, right = 0;
		char pid[16], seconds[16];
		const struct doc_thread *ping;
		struct facts facts;

		subject_start(k, &subject, "pingpong", "--cpus", cpus == 1 ? "1" : "2", "--seconds",
			      "300", NULL);
		subject_wait(k, &subject, "ready", 1);
		facts = facts_load(subject.facts);
		snprintf(pid, sizeof(pid), "%d",
			 (int)fact_number(
				 facts_next(&facts, "process", facts_next(&facts, "process", NULL)),
				 "pid"));
		snprintf(seconds, sizeof(seconds), "%.1f", k->slow / 10 + 0.05);
		scope_profile(k, &scope, "-p", subject.pid_text, "-p", pid, "-d", seconds,
			      "--timeline", NULL);
		doc = scope_document(k, &scope, 60);
		known_require(check_timeline(&doc, &error), &error);
		ping = scope_thread(&doc, subject.pid);
		for (size_t i = 0; i < doc.interval_count; i++) {
			const struct doc_interval *v = &doc.intervals[i];
			size_t other = v->thread == (size_t)(ping - doc.threads) ? 1 : 0;

			if (doc.thread_count != 2)
				known_fail("%zu threads, not 2", doc.thread_count);
			if ((size_t)(ping - doc.threads))
				other = 1 - other;
			if (strcmp(v->reason, "read pipe") || v->start_ns + v->ns == doc.window_ns)
				continue;
			waits++;
			if (v->waker == v->thread)
				known_fail("a thread woke itself");
			right += v->waker == (int64_t)other;
		}
		known_note("%d CPU(s): %zu of %zu waits ended by the other", cpus, right, waits);
		if (waits < 20 || right < waits - waits / 100)
			known_fail("%d CPU(s): %zu of %zu waits were ended by the other", cpus,
				   right, waits);
		facts_free(&facts);
		doc_free(&doc);
		subject_kill(&subject);
	}
}

/* A tick ends a stretch, with its stack: there are as many of these as ticks. */
static void ticks(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	struct doc_error error;
	int64_t with_stack = 0, wanted;

	subject_start(k, &subject, "conserve", "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "2", "-F", "199", "--timeline",
		      NULL);
	doc = scope_document(k, &scope, 30);
	known_require(check_timeline(&doc, &error), &error);
	for (size_t i = 0; i < doc.interval_count; i++)
		with_stack += doc.intervals[i].state == DOC_ON && doc.intervals[i].stack;
	wanted = (int64_t)json_number_value(
		json_object_get(json_object_get(doc.root, "quality"), "ticks"));
	known_note("%lld stretches with a stack, %lld ticks", (long long)with_stack,
		   (long long)wanted);
	known_require(check_between("stretches with a stack", with_stack, wanted - wanted / 50 - 2,
				    wanted, &error),
		      &error);
	doc_free(&doc);
	subject_kill(&subject);
}

const struct known_case timeline_cases[] = {
	{ "timeline.sums", sums, 0, 0 },
	{ "timeline.lives", lives, 0, 120 },
	{ "timeline.wakers", wakers, 0, 0 },
	{ "timeline.ticks", ticks, 0, 0 },
	{ .name = NULL },
};
