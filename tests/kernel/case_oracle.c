// SPDX-License-Identifier: MIT
/* ON and RUNQ against the scheduler's own account of each thread, and the CPUs' against the clock.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "oracle.h"
#include "scope.h"
#include "subject.h"

#define MAX_TRACKS 16

struct tracks {
	struct track rows[MAX_TRACKS];
	size_t count;
};

static void tracks_open(struct tracks *tracks, const struct subject *subject)
{
	struct facts facts = facts_load(subject->facts);
	const struct fact *fact = NULL;

	tracks->count = 0;
	while ((fact = facts_next(&facts, "thread", fact)) && tracks->count < MAX_TRACKS)
		track_open(&tracks->rows[tracks->count++], subject->pid,
			   (int)fact_number(fact, "tid"));
	facts_free(&facts);
}

static void tracks_read(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		if (!track_read(&tracks->rows[i]))
			known_fail("thread %d is gone", tracks->rows[i].tid);
}

static void tracks_close(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->count; i++)
		track_close(&tracks->rows[i]);
}

/* The moments at which the workload's activity began and had come to rest again. */
static void require_inside(const struct doc *doc, const struct subject *subject)
{
	struct facts facts = facts_load(subject->facts);
	const struct fact *active = facts_next(&facts, "active", NULL), *parked = NULL;

	parked = active ? facts_next(&facts, "parked", active) : NULL;
	if (!parked)
		known_fail("the workload did not park");
	if (fact_number(active, "begin_ns") < doc->start_mono_ns ||
	    fact_number(parked, "end_ns") > doc->start_mono_ns + doc->window_ns)
		known_fail("the window %lld + %lld ns does not cover the activity %lld..%lld",
			   (long long)doc->start_mono_ns, (long long)doc->window_ns,
			   (long long)fact_number(active, "begin_ns"),
			   (long long)fact_number(parked, "end_ns"));
	facts_free(&facts);
}

/*
 * An emulated machine's CPUs have scheduler clocks that are not in step: schedstat gains or loses
 * milliseconds, once more than a second, with a thread that moves. There all share one CPU, and
 * nobody hops to another.
 */
static const char *cpus_in_step(const struct known *k)
{
	return k->emulated ? "1" : "2";
}

static const char *kinds_in_step(const struct known *k)
{
	return k->emulated ? "cond,epoll,sleep10,sleep700,spin,yield" :
				"cond,epoll,sleep10,sleep700,spin,yield,migrate";
}

/*
 * All threads stand still at both edges of the window and are active in between: the readings at
 * rest are exact, and so must the profile be, but for 1 % and 2 us a switch.
 */
static void settle(struct known *k, bool one_by_one)
{
	struct subject subject;
	struct tracks tracks;
	struct scope scope;
	struct doc doc;
	struct doc_error error;
	int64_t stolen_ns;

	if (!oracle_works())
		known_skip("this kernel keeps no schedstat (CONFIG_SCHED_INFO)");
	subject_start(k, &subject, "conserve", "--gated", "1", "--seconds", "300", "--cpus",
		      cpus_in_step(k), "--kinds", kinds_in_step(k), NULL);
	subject_wait(k, &subject, "ready", 1);
	subject_wait(k, &subject, "parked", 1);
	subject_wait(k, &subject, "thread", k->emulated ? 9 : 10);
	known_sleep_ms(k, 100);
	tracks_open(&tracks, &subject);
	tracks_read(&tracks);
	stolen_ns = oracle_stolen_ns();

	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "0", NULL);
	scope_wait_armed(k, &scope);
	subject_command(&subject, 'g');
	usleep(4000000);
	subject_command(&subject, 'p');
	subject_wait(k, &subject, "parked", 2);
	known_sleep_ms(k, 100);
	tracks_read(&tracks);
	stolen_ns = oracle_stolen_ns() - stolen_ns;
	kill(scope.pid, SIGINT);
	doc = scope_document(k, &scope, 30);
	require_inside(&doc, &subject);
	known_note("%lld us stolen or in interrupts", (long long)(stolen_ns / 1000));
	for (size_t i = 0; i < tracks.count; i++) {
		const struct track *track = &tracks.rows[i];
		const struct doc_thread *t = scope_thread(&doc, track->tid);
		const struct reading *a = &track->readings[0], *b = &track->readings[1];

		known_note("%-8s on %lld (%+lld) runq %lld (%+lld) ns, %lld switches", t->comm,
			   (long long)t->ns[DOC_ON],
			   (long long)(t->ns[DOC_ON] - (b->on_ns - a->on_ns)),
			   (long long)t->ns[DOC_RUNQ],
			   (long long)(t->ns[DOC_RUNQ] - (b->runq_ns - a->runq_ns)),
			   (long long)(b->count - a->count));
	}
	if (!one_by_one)
		known_require(oracle_check_sums(&doc, tracks.rows, tracks.count, stolen_ns, &error),
			      &error);
	for (size_t i = 0; one_by_one && i < tracks.count; i++)
		known_require(oracle_check_settled(scope_thread(&doc, tracks.rows[i].tid),
						   &tracks.rows[i], stolen_ns, &error),
			      &error);
	tracks_close(&tracks);
	doc_free(&doc);
	subject_kill(&subject);
}

/* Each thread by itself. */
static void settled(struct known *k)
{
	settle(k, true);
}

/*
 * All threads together: at a preemption the scheduler books the switch some microseconds before its
 * tracepoint, which takes from one thread what it gives to another and cancels in the sum.
 */
static void settled_sums(struct known *k)
{
	settle(k, false);
}

/* The window opens and closes while everything runs: what the readings around the edges allow. */
static void edges(struct known *k)
{
	struct subject subject;
	struct tracks tracks;
	struct scope scope;
	struct doc doc;
	struct doc_error error;
	int64_t stolen_ns, deadline_ns;

	if (!oracle_works())
		known_skip("this kernel keeps no schedstat (CONFIG_SCHED_INFO)");
	subject_start(k, &subject, "conserve", "--seconds", "300", "--cpus", cpus_in_step(k),
		      "--kinds", kinds_in_step(k), NULL);
	subject_wait(k, &subject, "ready", 1);
	subject_wait(k, &subject, "thread", k->emulated ? 9 : 10);
	tracks_open(&tracks, &subject);
	tracks_read(&tracks);
	stolen_ns = oracle_stolen_ns();
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "6", NULL);
	deadline_ns = known_now_ns() + (int64_t)(40 * k->slow * (double)KNOWN_S);
	while (!scope_ended(&scope) && known_now_ns() < deadline_ns) {
		tracks_read(&tracks);
		usleep((useconds_t)(2000 * k->slow));
	}
	known_sleep_ms(k, 100);
	tracks_read(&tracks);
	stolen_ns = oracle_stolen_ns() - stolen_ns;
	doc = scope_document(k, &scope, 30);
	for (size_t i = 0; i < tracks.count; i++)
		known_require(oracle_check_edges(&doc, scope_thread(&doc, tracks.rows[i].tid),
						 &tracks.rows[i], (int64_t)(12e6 * k->slow),
						 stolen_ns, &error),
			      &error);
	tracks_close(&tracks);
	doc_free(&doc);
	subject_kill(&subject);
}

/* From fork to exit under -- COMMAND: on-CPU time against what wait4 would say. */
static void whole_life(struct known *k)
{
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct fact *result;
	struct doc_error error;
	char program[PATH_MAX + 16], path[PATH_MAX];
	int64_t on_ns = 0, stolen_ns = oracle_stolen_ns(), count = 0;

	snprintf(program, sizeof(program), "%s/shortlived", k->workloads);
	snprintf(path, sizeof(path), "%s", known_path(k, "shortlived.facts"));
	scope_profile(k, &scope, "--", program, "--facts", path, "--processes", "500", "--seconds",
		      "2", "--exec", "1", NULL);
	doc = scope_document(k, &scope, 60);
	stolen_ns = oracle_stolen_ns() - stolen_ns;
	facts = facts_load(path);
	result = facts_next(&facts, "result", NULL);
	if (!result)
		known_fail("the workload did not get to its end");
	for (size_t i = 0; i < doc.thread_count; i++) {
		const struct fact *parent = facts_next(&facts, "main", NULL);

		if (doc.threads[i].pid == fact_number(parent, "pid"))
			continue;
		on_ns += doc.threads[i].ns[DOC_ON];
		count++;
	}
	if (count < fact_number(result, "processes"))
		known_fail("%lld processes, not %lld", (long long)count,
			   (long long)fact_number(result, "processes"));
	known_note("on-CPU %lld ns, wait4 says %lld", (long long)on_ns,
		   (long long)fact_number(result, "cpu_ns"));
	known_require(check_close("on-CPU against wait4", on_ns, fact_number(result, "cpu_ns"),
				  3 * count, stolen_ns, &error),
		      &error);
	facts_free(&facts);
	doc_free(&doc);
}

/* Whether the kernel's own count of the CPUs' time adds up, as idle time must for what follows. */
static bool proc_stat_adds_up(const struct oracle_cpus *before, const struct oracle_cpus *after)
{
	int64_t all_ns = after->all_ns - before->all_ns;
	int64_t wall_ns = (after->at_ns - before->at_ns) * sysconf(_SC_NPROCESSORS_ONLN);
	struct doc_error error;

	known_note("/proc/stat has %lld of %lld ns", (long long)all_ns, (long long)wall_ns);
	return check_share("", all_ns, wall_ns, 100, 1, &error);
}

/* What a hypervisor stole from just before the window to just after: some of it was outside. */
static bool check_cpus(const struct doc *doc, int64_t stolen_ns, struct doc_error *error)
{
	int64_t on_ns = 0, idle_ns, cpu_count, all_ns;

	for (size_t i = 0; i < doc->thread_count; i++)
		on_ns += doc->threads[i].ns[DOC_ON];
	idle_ns = (int64_t)json_number_value(json_object_get(doc->root, "idle_ns"));
	cpu_count = (int64_t)json_number_value(json_object_get(doc->root, "cpus"));
	if (cpu_count != sysconf(_SC_NPROCESSORS_ONLN))
		known_fail("%lld CPUs", (long long)cpu_count);
	all_ns = cpu_count * doc->window_ns;
	known_note("on-CPU %lld + idle %lld + stolen %lld of %lld ns", (long long)on_ns,
		   (long long)idle_ns, (long long)stolen_ns, (long long)all_ns);
	return check_between("on-CPU and idle", on_ns + idle_ns, all_ns / 100 * 99 - stolen_ns,
			     all_ns / 100 * 101, error);
}

/*
 * All threads' on-CPU time and the idle time are what the CPUs had, but for what interrupts took.
 * Few switches, since those are nobody's time: the scheduler has let go of one thread and has not
 * taken up the next. Idle time is the kernel's, which at times is off by half a second.
 */
static void cpus(struct known *k)
{
	struct oracle_cpus before, after;
	struct doc_error error;
	struct subject subject;
	struct scope scope;
	struct doc doc;
	bool right = false;

	subject_start(k, &subject, "conserve", "--seconds", "300", "--cpus", "1", "--kinds", "spin",
		      "--spinners", "1", NULL);
	subject_wait(k, &subject, "ready", 1);
	for (int tries = 0; tries < 5; tries++) {
		before = oracle_cpus_now();
		scope_profile(k, &scope, "--all", "-d", "4", NULL);
		doc = scope_document(k, &scope, 30);
		after = oracle_cpus_now();
		right = check_cpus(&doc, after.stolen_ns - before.stolen_ns, &error);
		doc_free(&doc);
		if (right || proc_stat_adds_up(&before, &after))
			break;
	}
	subject_kill(&subject);
	if (!right && k->emulated)
		known_skip("this emulated machine's /proc/stat does not add up");
	known_require(right, &error);
}

const struct known_case oracle_cases[] = {
	{ "oracle.settled", settled, 0, 90 }, { "oracle.settled_sums", settled_sums, 0, 90 },
	{ "oracle.edges", edges, 0, 90 },     { "oracle.whole_life", whole_life, 0, 90 },
	{ "oracle.cpus", cpus, 0, 0 },        { .name = NULL },
};
