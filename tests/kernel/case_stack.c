// SPDX-License-Identifier: MIT
/* Where the time went: shares of functions, and the reasons of waits. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scope.h"
#include "subject.h"

#define SHARES 3

/*
 * Adds to own_ns[] what the functions did by the clock of thread `tid`, from its last report before
 * one time to that before the other; sets their names.
 */
static void own_shares(const struct facts *facts, int tid, int64_t from_ns, int64_t to_ns,
		       char function[SHARES][64], int64_t own_ns[SHARES])
{
	const struct fact *fact = NULL;
	int64_t before_ns[SHARES] = { 0 }, until_ns[SHARES] = { 0 };
	int i = 0;

	while ((fact = facts_next(facts, "share", fact))) {
		int64_t at_ns = fact_number(fact, "at_ns");

		if (fact_number(fact, "tid") != tid)
			continue;
		fact_text(fact, "function", function[i], sizeof(function[i]));
		if (at_ns <= from_ns)
			before_ns[i] = fact_number(fact, "cpu_ns");
		if (at_ns <= to_ns)
			until_ns[i] = fact_number(fact, "cpu_ns");
		i = (i + 1) % SHARES;
	}
	for (i = 0; i < SHARES; i++)
		own_ns[i] += until_ns[i] - before_ns[i];
}

/*
 * 50/30/20 in bursts of 200 us: of the threads' on-CPU time, and of one another. An emulated
 * machine spends so much more of it in the sleeps between that only the second can be asked there.
 *
 * By the threads' own clocks the three are 45/27/18 % of on-CPU time, at the end of each burst
 * being what no tick can meet: a virtual CPU's timer comes 10 to 20 us late, and the thread sleeps
 * by then.
 */
static void shares(struct known *k)
{
	static const double built[SHARES] = { 50, 30, 20 };
	char function[SHARES][64];
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	struct doc_error error;
	const struct fact *thread = NULL, *total = NULL;
	int64_t got_ns[SHARES], own_ns[SHARES] = { 0 };
	int64_t on_ns = 0, in_three_ns = 0, own_three_ns = 0;
	/* two for more samples; the CPUs of an emulator take turns */
	int threads = k->emulated ? 1 : 2, ended = 0;

	subject_start(k, &subject, "shares", "--seconds", k->emulated ? "45" : "16", "--threads",
		      k->emulated ? "1" : "2", NULL);
	subject_wait(k, &subject, "share", (size_t)threads * SHARES);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "10", "-F", "499", NULL);
	doc = scope_document(k, &scope, 40);
	subject_join(k, &subject);
	facts = facts_load(subject.facts);
	for (; (total = facts_next(&facts, "total", total)); ended++)
		if (fact_number(total, "duty") < 50)
			known_skip("the workload came to a duty of only %lld %%",
				   (long long)fact_number(total, "duty"));
	if (ended != threads)
		known_fail("%d of the workload's %d threads got to their end", ended, threads);
	while ((thread = facts_next(&facts, "thread", thread))) {
		int tid = (int)fact_number(thread, "tid");

		on_ns += scope_thread(&doc, tid)->ns[DOC_ON];
		own_shares(&facts, tid, doc.start_mono_ns, doc.start_mono_ns + doc.window_ns,
			   function, own_ns);
	}
	for (int i = 0; i < SHARES; i++) {
		struct doc_filter filter = { .state = DOC_ON, .function = function[i] };

		got_ns[i] = doc_sum(&doc, &filter);
		in_three_ns += got_ns[i];
		own_three_ns += own_ns[i];
		known_note("%s: %.2f %% of on-CPU, %.2f %% by its own clock", function[i],
			   100.0 * (double)got_ns[i] / (double)on_ns,
			   100.0 * (double)own_ns[i] / (double)on_ns);
	}
	for (int i = 0; i < SHARES; i++) {
		double percent = 100.0 * (double)own_ns[i] / (double)own_three_ns;

		known_require(check_share("by its own clock, of the three", own_ns[i], own_three_ns,
					  built[i], 3, &error),
			      &error);
		known_require(check_share("share of the three", got_ns[i], in_three_ns, percent, 3,
					  &error),
			      &error);
		if (!k->emulated)
			known_require(check_share("share of on-CPU", got_ns[i], on_ns, percent, 3,
						  &error),
				      &error);
	}
	facts_free(&facts);
	doc_free(&doc);
}

/* What the program may call a wait: names in JSON's `reason`, separated by `|`. */
static const struct {
	const char *role;
	const char *names;
} reason_names[] = {
	{ "futex", "futex" },
	{ "epoll", "epoll" },
	{ "poll", "poll" },
	{ "select", "select" },
	{ "nanosleep", "sleep" },
	{ "pipe_read", "read pipe" },
	{ "pipe_write", "write pipe" },
	{ "socket_read", "read socket" },
	{ "socket_recv", "read socket" },
	{ "accept", "accept" },
	{ "wait4", "wait" },
	{ "sigtimedwait", "signal wait" },
	{ "flock", "flock" },
	{ "stopped", "stopped" },
};

static bool is_listed(const char *names, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = names; n && (at = strstr(at, name)); at += n)
		if ((at == names || at[-1] == '|') && (!at[n] || at[n] == '|'))
			return true;
	return false;
}

/* The share of the thread's blocked time under one of these reasons; the largest other in `other`.
 */
static double reason_share(const struct doc *doc, const struct doc_thread *t, const char *names,
			   const char **ret_other)
{
	int64_t right_ns = 0, largest_ns = 0;

	*ret_other = "";
	for (size_t i = 0; i < doc->sample_count; i++) {
		const struct doc_sample *s = &doc->samples[i];

		if (&doc->threads[s->thread] != t || s->state != DOC_OFF)
			continue;
		if (is_listed(names, s->reason)) {
			right_ns += s->ns;
		} else if (s->ns > largest_ns) {
			largest_ns = s->ns;
			*ret_other = s->reason;
		}
	}
	return t->ns[DOC_OFF] ? (double)right_ns / (double)t->ns[DOC_OFF] : 0;
}

static void require_reasons(struct known *k, const char *period_ms, double blocked, double share)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	char pids[64], wrong[1024] = "";

	subject_start(k, &subject, "reasons", "--period-ms", period_ms, "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	subject_wait(k, &subject, "thread", sizeof(reason_names) / sizeof(*reason_names));
	facts = facts_load(subject.facts);
	snprintf(pids, sizeof(pids), "%d,%d", subject.pid,
		 (int)fact_number(facts_role(&facts, "stopped"), "pid"));
	scope_profile(k, &scope, "-p", pids, "-d", "3", NULL);
	doc = scope_document(k, &scope, 30);
	for (size_t i = 0; i < sizeof(reason_names) / sizeof(*reason_names); i++) {
		const struct fact *fact = facts_role(&facts, reason_names[i].role);
		const struct doc_thread *t = scope_thread(&doc, (int)fact_number(fact, "tid"));
		char function[64];
		struct doc_filter filter = {
			.thread = t, .state = DOC_OFF, .with_kernel = true, .function = function
		};
		const char *other;
		double got;
		size_t n = strlen(wrong);

		fact_text(fact, "function", function, sizeof(function));
		got = reason_share(&doc, t, reason_names[i].names, &other);
		if (got < share)
			snprintf(wrong + n, sizeof(wrong) - n, "%s: %.1f %% %s, else '%s'; ",
				 reason_names[i].role, 100 * got, reason_names[i].names, other);
		else if ((double)t->ns[DOC_OFF] < blocked * (double)doc.window_ns)
			snprintf(wrong + n, sizeof(wrong) - n, "%s: only %lld ns blocked; ",
				 reason_names[i].role, (long long)t->ns[DOC_OFF]);
		else if ((double)doc_sum(&doc, &filter) < share * (double)t->ns[DOC_OFF])
			snprintf(wrong + n, sizeof(wrong) - n, "%s: only %lld of %lld ns in %s; ",
				 reason_names[i].role, (long long)doc_sum(&doc, &filter),
				 (long long)t->ns[DOC_OFF], function);
	}
	if (*wrong)
		known_fail("%s", wrong);
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* Blocked throughout: there is no event, the task iterator alone knows why they wait. */
static void reasons_throughout(struct known *k)
{
	require_reasons(k, "0", 0.999, 0.999);
}

/* Waits that end and begin anew in the window: the reason is taken at each switch-out. */
static void reasons_periodic(struct known *k)
{
	char period_ms[16];

	/* a slow machine takes longer to come to each wait */
	snprintf(period_ms, sizeof(period_ms), "%d", k->emulated ? 200 : 50);
	require_reasons(k, period_ms, 0.7, 0.97);
}

/* D is told from S: a parent waits for its vfork child without being interruptible. */
static void uninterruptible(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	struct doc_filter filter = { .state = DOC_OFF, .function = "wait_for_vfork" };
	const char *other;
	double share;

	subject_start(k, &subject, "dstate", "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "2", NULL);
	doc = scope_document(k, &scope, 30);
	filter.thread = scope_thread(&doc, subject.pid);
	if (doc_sum(&doc, &filter) < filter.thread->ns[DOC_OFF] / 100 * 97)
		known_fail("only %lld of %lld ns blocked in wait_for_vfork",
			   (long long)doc_sum(&doc, &filter),
			   (long long)filter.thread->ns[DOC_OFF]);
	share = reason_share(&doc, filter.thread, "vfork", &other);
	if (share < 0.97)
		known_fail("%.1f %% of its blocked time is 'vfork', else '%s'", 100 * share, other);
	doc_free(&doc);
	subject_kill(&subject);
}

/* A thread that waits for the disk, in fsync. */
static void disk(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct doc_thread *t;
	const char *other;
	double share;

	subject_start(k, &subject, "dstate", "--seconds", "300", "--file", known_path(k, "d.facts"),
		      NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "3", NULL);
	doc = scope_document(k, &scope, 30);
	facts = facts_load(subject.facts);
	t = scope_thread(&doc, (int)fact_number(facts_role(&facts, "sync"), "tid"));
	share = reason_share(&doc, t, "disk", &other);
	if (share < 0.9)
		known_fail("%.1f %% of its blocked time is 'disk', else '%s'", 100 * share, other);
	facts_free(&facts);
	doc_free(&doc);
	subject_kill(&subject);
}

/* A thread that waits for pages of a file. */
static void page_faults(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct doc_thread *t;
	const struct fact *result;
	struct doc_filter filter = { .state = DOC_OFF, .function = "touch_pages" };
	const char *other;
	double share;

	subject_start(k, &subject, "faults", "--seconds", k->emulated ? "30" : "8", "--file",
		      known_path(k, "f.facts"), NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "4", NULL);
	doc = scope_document(k, &scope, 30);
	t = filter.thread = scope_thread(&doc, subject.pid);
	subject_join(k, &subject);
	facts = facts_load(subject.facts);
	result = facts_next(&facts, "result", NULL);
	if (!result || !fact_number(result, "major"))
		known_skip("no page fault had to wait for the disk");
	if (doc_sum(&doc, &filter) < t->ns[DOC_OFF] / 2)
		known_fail("only %lld of %lld ns blocked in touch_pages",
			   (long long)doc_sum(&doc, &filter), (long long)t->ns[DOC_OFF]);
	share = reason_share(&doc, t, "page fault|disk", &other);
	if (share < 0.5)
		known_fail("%.1f %% of its blocked time is 'page fault' or 'disk', else '%s'",
			   100 * share, other);
	facts_free(&facts);
	doc_free(&doc);
}

/* Code that the program made at run time, named by its perf map, in a window of so many seconds. */
static void require_jit(struct known *k, const char *life_s, const char *window_s,
			const char *memfd)
{
	struct subject subject;
	struct scope scope;
	struct doc doc;
	struct doc_filter filter = { .state = DOC_ON, .function = "jit_hot" };
	int64_t got_ns;

	subject_start(k, &subject, "jit", "--seconds", life_s, "--memfd", memfd, NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", window_s, "-F", "199", NULL);
	doc = scope_document(k, &scope, 60);
	filter.thread = scope_thread(&doc, subject.pid);
	got_ns = doc_sum(&doc, &filter);
	if (got_ns < filter.thread->ns[DOC_ON] / 100 * 95)
		known_fail("%lld of %lld ns on-CPU in jit_hot", (long long)got_ns,
			   (long long)filter.thread->ns[DOC_ON]);
	doc_free(&doc);
	subject_join(k, &subject);
}

static void jit(struct known *k)
{
	require_jit(k, k->emulated ? "20" : "5", "2", "0");
}

/* In memory that has a name as a file has one. */
static void jit_memfd(struct known *k)
{
	require_jit(k, k->emulated ? "20" : "5", "2", "1");
}

/* It has ended and taken its map away before it is read. */
static void jit_ended(struct known *k)
{
	require_jit(k, k->emulated ? "20" : "3", "50", "0");
}

/* The waits of `thread` in the timeline that are called through `function`. */
static int64_t count_waits(const struct doc *doc, const struct doc_thread *thread, const char *function)
{
	int64_t count = 0;

	for (size_t i = 0; i < doc->interval_count; i++) {
		const struct doc_interval *v = &doc->intervals[i];

		count += v->thread == (size_t)(thread - doc->threads) && v->state == DOC_OFF &&
			 !strcmp(v->reason, "sleep") &&
			 doc_stack_has(doc, v->stack, DOC_USER, function);
	}
	return count;
}

/*
 * Thousands of waits with the same registers, which only return addresses tell apart, and mappings that
 * change in between: each stands under the function that it was called through.
 */
static void callers(struct known *k)
{
	struct subject subject;
	struct scope scope;
	struct facts facts;
	struct doc doc;
	const struct doc_thread *t;
	const struct fact *fact = NULL;
	char function[64];
	int64_t count, total = 0;

	subject_start(k, &subject, "callers", "--hold", "1", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "--timeline", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 60);
	t = scope_thread(&doc, subject.pid);
	subject_join(k, &subject);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "caller", fact))) {
		fact_text(fact, "function", function, sizeof(function));
		count = count_waits(&doc, t, function);
		if (count != fact_number(fact, "waits"))
			known_fail("%lld of %lld waits through %s", (long long)count,
				   (long long)fact_number(fact, "waits"), function);
		total += count;
	}
	if (!total)
		known_fail("it told of no wait");
	known_note("%lld waits", (long long)total);
	facts_free(&facts);
	doc_free(&doc);
}

/*
 * --max-overhead: of a thread that waits through four functions, some of the waits get their stacks, and
 * all of its time stands under them. Shares are of the number of waits: on an emulated machine some take a
 * thousand times as long as others, and whether these are drawn is chance.
 */
static void thinned(struct known *k)
{
	struct doc_filter filter = { .state = DOC_OFF, .reason = "sleep" };
	const struct fact *fact = NULL;
	int64_t waits, taken, all = 0, under_ns = 0;
	struct doc_total slept;
	struct subject subject;
	struct scope scope;
	struct facts facts;
	const json_t *told;
	struct doc doc;

	subject_start(k, &subject, "callers", "--hold", "1", "--us", "20", "--rounds", "30000",
		      "--mapped", "0", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "--max-overhead", "0.01", NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 60);
	filter.thread = scope_thread(&doc, subject.pid);
	subject_join(k, &subject);
	told = json_object_get(doc.root, "thinning");
	waits = (int64_t)json_number_value(json_object_get(told, "waits"));
	taken = (int64_t)json_number_value(json_object_get(told, "taken"));
	if (taken < 100 || taken > waits / 10 * 9)
		known_fail("%lld of %lld waits got stacks", (long long)taken, (long long)waits);
	slept = doc_total(&doc, &filter);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "caller", fact)))
		all += fact_number(fact, "waits");
	while ((fact = facts_next(&facts, "caller", fact))) {
		double want = 100.0 * (double)fact_number(fact, "waits") / (double)all, have;
		struct doc_total through;
		char function[64];

		fact_text(fact, "function", function, sizeof(function));
		filter.function = function;
		through = doc_total(&doc, &filter);
		under_ns += through.ns;
		have = 100.0 * (double)through.count / (double)slept.count;
		if (have < want - 6 || have > want + 6)
			known_fail("%.1f %% of the waits through %s, and it were %.1f %%", have,
				   function, want);
	}
	if (!slept.ns || under_ns < slept.ns / 100 * 98)
		known_fail("%lld of %lld ns have such a stack", (long long)under_ns,
			   (long long)slept.ns);
	if (slept.count < all / 10 * 9 || slept.count > all)
		known_fail("it tells of %lld waits, of %lld", (long long)slept.count, (long long)all);
	known_note("%lld of %lld waits got stacks", (long long)taken, (long long)waits);
	facts_free(&facts);
	doc_free(&doc);
}

/* What it is compared with is the whole window's, also of threads that are on a CPU when it ends. */
static void thinned_by_nothing(struct known *k)
{
	int64_t on_ns = 0, waits, taken, told_ns;
	struct subject subject;
	struct scope scope;
	const json_t *told;
	struct doc doc;

	subject_start(k, &subject, "shares", "--seconds", "30", "--threads", "3", NULL);
	subject_wait(k, &subject, "share", (size_t)3 * SHARES);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "0.5", "--max-overhead", "100", NULL);
	doc = scope_document(k, &scope, 40);
	subject_kill(&subject);
	for (size_t i = 0; i < doc.thread_count; i++)
		on_ns += doc.threads[i].ns[DOC_ON];
	told = json_object_get(doc.root, "thinning");
	told_ns = (int64_t)json_number_value(json_object_get(told, "on_ns"));
	waits = (int64_t)json_number_value(json_object_get(told, "waits"));
	taken = (int64_t)json_number_value(json_object_get(told, "taken"));
	if (told_ns != on_ns)
		known_fail("%lld ns on CPUs, of %lld", (long long)told_ns, (long long)on_ns);
	if (taken != waits)
		known_fail("%lld of %lld waits got stacks", (long long)taken, (long long)waits);
	doc_free(&doc);
}

const struct known_case stack_cases[] = {
	{ "stack.shares", shares, 0, 90 },
	{ "stack.callers", callers, 0, 0 },
	{ "stack.thinned", thinned, 0, 0 },
	{ "stack.thinned_by_nothing", thinned_by_nothing, 0, 0 },
	{ "stack.reasons_throughout", reasons_throughout, 0, 0 },
	{ "stack.reasons_periodic", reasons_periodic, 0, 0 },
	{ "stack.uninterruptible", uninterruptible, 0, 0 },
	{ "stack.disk", disk, NEED_DISK, 0 },
	{ "stack.page_faults", page_faults, NEED_DISK, 0 },
	{ "stack.jit", jit, 0, 0 },
	{ "stack.jit_memfd", jit_memfd, 0, 0 },
	{ "stack.jit_ended", jit_ended, 0, 0 },
	{ .name = NULL },
};
