// SPDX-License-Identifier: MIT
/*
 * Whole stacks of code without frame pointers: for each thread of the workload `unwind`, which says
 * what its stack is (tests/workloads/unwind.c), the share of its time that has exactly that stack.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "chain.h"
#include "scope.h"
#include "subject.h"

#define WHOLE_SHARE 0.99
#define CREATOR	    "~,main,unwind_serve,~"

/* --- a stack ---------------------------------------------------------------------------------- */

/* The call that the outermost frame is in, as an address of its file. */
static int64_t outermost_off(const struct doc *doc, const struct chain_stack *stack)
{
	const json_t *frame;

	if (!stack->count)
		return -1;
	frame = json_array_get(json_object_get(doc->root, "frames"), stack->outermost);
	return (int64_t)json_number_value(json_object_get(frame, "offset"));
}

/* --- a thread's time ------------------------------------------------------------------------- */

/* How a thread's stacks may be. */
enum want {
	WANT_WHOLE,
	WANT_HONEST,	/* whole and marked complete, or a part and marked as such */
	WANT_TRUNCATED, /* a part of at least 256 frames, marked as truncated */
};

struct tally {
	int64_t all_ns, good_ns, first_ns, then_ns;
	int64_t worst_ns;
	size_t worst_sample;
	const char *worst_why;
};

/* NULL: the stack is as wanted. A label at its root says that it ended before its time. */
static const char *judge(const struct doc *doc, const struct chain_stack *stack,
			 enum chain_match match, int64_t end_off, enum want want)
{
	if (!stack->count)
		return "no user frames";
	if (match == CHAIN_WRONG)
		return "wrong frames";
	if (match == CHAIN_PART || outermost_off(doc, stack) != end_off - 1) {
		if (want == WANT_WHOLE)
			return match == CHAIN_PART ? "ends early" : "not at the outermost function";
		if (!stack->label)
			return "ends early and is not marked";
		if (want == WANT_TRUNCATED && strcmp(stack->label, "[truncated]"))
			return "not marked as truncated";
		if (want == WANT_TRUNCATED && stack->count < 256)
			return "truncated before 256 frames";
		return NULL;
	}
	if (want == WANT_TRUNCATED)
		return "is whole";
	return stack->label ? "whole and not marked as such" : NULL;
}

static void add_sample(const struct doc *doc, size_t sample, const struct fact *fact,
		       enum want want, struct tally *tally)
{
	const struct doc_sample *s = &doc->samples[sample];
	static struct chain_stack stack;
	char chain[480], then[480];
	enum chain_match match;
	bool is_then = false;
	const char *why;

	fact_text(fact, "chain", chain, sizeof(chain));
	chain_take(doc, s->stack, &stack);
	match = chain_match(&stack, chain);
	/* Nobody has seen the stack of a thread that waited for a CPU when the window began; one
	 * that is new waits for its first CPU under the stack of who made it. */
	if (s->state == DOC_RUNQ &&
	    ((!stack.count && stack.label) || chain_match(&stack, CREATOR) == CHAIN_WHOLE))
		return;
	if (fact_has(fact, "then") && match != CHAIN_WHOLE) {
		fact_text(fact, "then", then, sizeof(then));
		is_then = chain_match(&stack, then) == CHAIN_WHOLE;
		if (is_then)
			match = CHAIN_WHOLE;
	}
	tally->all_ns += s->ns;
	why = judge(doc, &stack, match, fact_number(fact, "end_off"), want);
	if (!why) {
		tally->good_ns += s->ns;
		*(is_then ? &tally->then_ns : &tally->first_ns) += s->ns;
	} else if (s->ns > tally->worst_ns) {
		tally->worst_ns = s->ns;
		tally->worst_sample = sample;
		tally->worst_why = why;
	}
}

/* --- a run ----------------------------------------------------------------------------------- */

struct verdict {
	/* Of each kind of time, what may pass until the tables of a new program are there: what
	 * runs meanwhile is not seen below its topmost 16 KiB. A quarter at most. */
	int64_t grace_ns;
	int threads, failed;
	char wrong[1200];
};

static void complain(struct verdict *v, const char *role, const char *what)
{
	size_t n = strlen(v->wrong);

	v->failed++;
	snprintf(v->wrong + n, sizeof(v->wrong) - n, "%s %s; ", role, what);
}

static void check_state(const struct doc *doc, const struct fact *fact, const struct doc_thread *t,
			enum doc_state state, enum want want, struct verdict *v)
{
	static const char *const state_names[] = { "on-CPU", "run queue", "blocked" };
	static struct chain_stack worst;
	struct tally tally = { 0 };
	int64_t grace_ns;
	char role[64], what[160], stack[700];

	fact_text(fact, "role", role, sizeof(role));
	for (size_t i = 0; i < doc->sample_count; i++)
		if (&doc->threads[doc->samples[i].thread] == t && doc->samples[i].state == state)
			add_sample(doc, i, fact, want, &tally);
	/* What a busy machine leaves of a state may be nothing. */
	if (state == DOC_RUNQ && tally.all_ns < t->alive_ns / 100)
		return;
	v->threads++;
	if (!tally.all_ns) {
		snprintf(what, sizeof(what), "has no %s time", state_names[state]);
		complain(v, role, what);
		return;
	}
	grace_ns = v->grace_ns < tally.all_ns / 4 ? v->grace_ns : tally.all_ns / 4;
	if ((double)(tally.good_ns + grace_ns) < WHOLE_SHARE * (double)tally.all_ns) {
		chain_take(doc, doc->samples[tally.worst_sample].stack, &worst);
		chain_write(&worst, stack, sizeof(stack));
		known_note("%s %s: %.2f %% of %lld ms; %lld ms: %s: %s", role, state_names[state],
			   100.0 * (double)tally.good_ns / (double)tally.all_ns,
			   (long long)(tally.all_ns / KNOWN_MS),
			   (long long)(tally.worst_ns / KNOWN_MS), tally.worst_why, stack);
		snprintf(what, sizeof(what), "%s %.1f %%, else %s", state_names[state],
			 100.0 * (double)tally.good_ns / (double)tally.all_ns, tally.worst_why);
		complain(v, role, what);
	} else if (fact_has(fact, "then") &&
		   (tally.first_ns < tally.all_ns / 10 || tally.then_ns < tally.all_ns / 10)) {
		complain(v, role, "has one of its two chains only");
	}
}

static void check_thread(const struct doc *doc, const struct fact *fact, enum want want,
			 struct verdict *v)
{
	const struct doc_thread *t =
		doc_thread(doc, (int)fact_number(fact, "pid"), (int)fact_number(fact, "tid"));
	char role[64];

	if (fact_number(fact, "incomplete"))
		want = WANT_HONEST;
	if (!t) {
		fact_text(fact, "role", role, sizeof(role));
		complain(v, role, "is not in the profile");
	} else if (fact_is(fact, "place", "running")) {
		check_state(doc, fact, t, DOC_ON, want, v);
		check_state(doc, fact, t, DOC_RUNQ, want, v);
	} else {
		check_state(doc, fact, t, DOC_OFF, want, v);
	}
}

/* `role`: only threads of this shape; NULL: all. */
static void check_threads(const struct doc *doc, const struct subject *subject, const char *shape,
			  enum want want, struct verdict *v)
{
	struct facts facts = facts_load(subject->facts);
	const struct fact *fact = NULL;
	char role[64];

	while ((fact = facts_next(&facts, "thread", fact))) {
		fact_text(fact, "role", role, sizeof(role));
		if (!shape || !strncmp(role, shape, strlen(shape)))
			check_thread(doc, fact, want, v);
	}
	facts_free(&facts);
}

static void require_verdict(const struct verdict *v)
{
	if (v->failed)
		known_fail("%d of %d: %s", v->failed, v->threads, v->wrong);
	known_note("%d kinds of time", v->threads);
}

static void require_runnable(const struct known *k, const char *name)
{
	char path[PATH_MAX];

	if (!strstr(name, "static") && access("/lib64/ld-linux-x86-64.so.2", R_OK))
		known_skip("this system has no dynamic linker");
	snprintf(path, sizeof(path), "%s/%s", k->workloads, name);
	if (access(path, X_OK))
		known_fail("no workload %s", path);
}

static void run_shapes(struct known *k, const char *name)
{
	struct verdict verdict = { 0 };
	struct subject subject;
	struct scope scope;
	struct doc doc;

	require_runnable(k, name);
	subject_start(k, &subject, name, "--seconds", "300", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", k->slow > 4 ? "10" : "4", "-F",
		      "499", NULL);
	doc = scope_document(k, &scope, 40);
	check_threads(&doc, &subject, NULL, WANT_WHOLE, &verdict);
	doc_free(&doc);
	subject_kill(&subject);
	require_verdict(&verdict);
}

static void linked_static(struct known *k)
{
	run_shapes(k, "unwind-static");
}

static void linked_static_pie(struct known *k)
{
	run_shapes(k, "unwind-static-pie");
}

static void linked_pie(struct known *k)
{
	run_shapes(k, "unwind-pie");
}

static void linked_no_pie(struct known *k)
{
	run_shapes(k, "unwind-no-pie");
}

/* --- what comes late ------------------------------------------------------------------------- */

/*
 * Threads that are born, a library that is opened and a program that is started when the window has
 * begun, their stacks from the first moment on. `commands` are the workload's.
 */
static void run_late(struct known *k, const char *name, const char *commands, size_t threads)
{
	struct verdict verdict = { .grace_ns = (int64_t)(30 * k->slow * (double)KNOWN_MS) };
	struct subject subject;
	struct scope scope;
	struct doc doc;

	require_runnable(k, name);
	subject_start(k, &subject, name, "--seconds", "300", "--mode", "late", "--shapes",
		      "call,recursion,deep,qsort,jit", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d",
		      k->slow > 4 ? "20" : "5", "-F", "499", NULL);
	scope_wait_armed(k, &scope);
	for (const char *c = commands; *c; c++)
		subject_command(&subject, *c);
	subject_wait(k, &subject, "thread", threads);
	doc = scope_document(k, &scope, 60);
	check_threads(&doc, &subject, NULL, WANT_WHOLE, &verdict);
	doc_free(&doc);
	subject_kill(&subject);
	require_verdict(&verdict);
}

/* The main thread, five shapes in three places; the same of two shapes in another program. */
static void born(struct known *k)
{
	run_late(k, "unwind-static", "b", 1 + 5 * 3);
}

static void started(struct known *k)
{
	run_late(k, "unwind-static", "s", 1 + 1 + 2 * 3);
}

static void started_dynamic(struct known *k)
{
	run_late(k, "unwind-pie", "s", 1 + 1 + 2 * 3);
}

/* Three places under the library, and one in it. */
static void opened(struct known *k)
{
	run_late(k, "unwind-pie", "d", 1 + 4);
}

static void vforked(struct known *k, const char *name)
{
	struct verdict verdict = { 0 };
	struct subject subject;
	struct scope scope;
	struct doc doc;

	require_runnable(k, name);
	subject_start(k, &subject, name, "--seconds", "300", "--mode", "vfork", NULL);
	subject_wait(k, &subject, "thread", 2);
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d",
		      k->slow > 4 ? "30" : "10", NULL);
	scope_wait_armed(k, &scope);
	/* Tables are made between attaching and arming, on a busy machine for seconds. */
	known_sleep_ms(k, k->slow > 4 ? 700 : 4000 / k->slow);
	subject_command(&subject, 'x');
	doc = scope_document(k, &scope, 60);
	check_threads(&doc, &subject, NULL, WANT_WHOLE, &verdict);
	doc_free(&doc);
	subject_kill(&subject);
	require_verdict(&verdict);
}

static void vfork_static(struct known *k)
{
	vforked(k, "unwind-static");
}

static void vfork_dynamic(struct known *k)
{
	vforked(k, "unwind-pie");
}

/* --- what the verifier has to go through --------------------------------------------------------
 */

#define VERIFIED_MAX 100000

/* The most instructions that this kernel's verifier went through for one of the programs. */
static long most_verified(struct known *k, const char *frames, const char *budget)
{
	const char *args[] = { "profile", "-vv", "--all", "-d", "0.1", "--max-stack", frames, "-o",
			       NULL, budget, NULL };
	struct scope scope;
	char line[512];
	long count, most = 0;
	FILE *words;

	args[8] = known_path(k, "verified.folded");
	scope_start(k, &scope, NULL, args);
	if (scope_wait(k, &scope, 30))
		known_fail("--max-stack %s: exit code %d", frames, scope.code);
	words = fopen(scope.err, "r");
	while (words && fgets(line, sizeof(line), words))
		if (sscanf(line, "processed %ld insns", &count) == 1 && count > most)
			most = count;
	if (words)
		fclose(words);
	if (!most)
		known_fail("the verifier does not say how much it went through");
	return most;
}

/* The kernels' report quotes the note. */
static void verified(struct known *k)
{
	long usual = most_verified(k, "256", NULL), deep = most_verified(k, "1024", NULL);
	long thrifty = most_verified(k, "1024", "--max-overhead=1");

	known_note("at most %ld instructions, %ld with --max-stack 1024, %ld with --max-overhead too", usual,
		   deep, thrifty);
	if (usual > VERIFIED_MAX || deep > VERIFIED_MAX || thrifty > VERIFIED_MAX)
		known_fail("a program of more than %d instructions to verify", VERIFIED_MAX);
}

/* --- the limit ------------------------------------------------------------------------------- */

/* 700 frames: too many by default, and not for --max-stack. */
static void run_abyss(struct known *k, const char *frames, enum want want)
{
	struct verdict verdict = { 0 };
	struct subject subject;
	struct scope scope;
	struct doc doc;

	subject_start(k, &subject, "unwind-static", "--seconds", "300", "--shapes", "abyss", NULL);
	subject_wait(k, &subject, "ready", 1);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", "3", "-F", "499",
		      frames ? "--max-stack" : NULL, frames, NULL);
	doc = scope_document(k, &scope, 40);
	check_threads(&doc, &subject, "abyss.", want, &verdict);
	doc_free(&doc);
	subject_kill(&subject);
	require_verdict(&verdict);
}

static void truncated(struct known *k)
{
	run_abyss(k, NULL, WANT_TRUNCATED);
}

static void max_stack(struct known *k)
{
	run_abyss(k, "1024", WANT_WHOLE);
}

/* --- threads without memory ------------------------------------------------------------------ */

/* This kernel's release is at least `major`.`minor`. */
static bool kernel_is(int major, int minor)
{
	struct utsname name;
	int have_major = 0, have_minor = 0;

	if (uname(&name) || sscanf(name.release, "%d.%d", &have_major, &have_minor) != 2)
		known_fail("what kernel is this?");
	return have_major > major || (have_major == major && have_minor >= minor);
}

/*
 * All time in exit_mmap(), which frees the memory, within `caller` of the kernel is whole, and most
 * of it under `function`, if this kernel tells of it in time (`told`). Else nothing can be said.
 */
static void check_memory_loss(const struct doc *doc, const char *caller, const char *function,
			      bool told)
{
	int64_t all_ns = 0, whole_ns = 0, function_ns = 0;

	for (size_t i = 0; i < doc->sample_count; i++) {
		const struct doc_sample *s = &doc->samples[i];

		if (!doc_stack_has(doc, s->stack, DOC_KERNEL, "exit_mmap") ||
		    !doc_stack_has(doc, s->stack, DOC_KERNEL, caller))
			continue;
		all_ns += s->ns;
		if (doc_stack_has(doc, s->stack, DOC_USER, "_start"))
			whole_ns += s->ns;
		if (doc_stack_has(doc, s->stack, DOC_USER, function))
			function_ns += s->ns;
	}
	known_note("%s: %lld us, whole %lld us, under %s %lld us", caller, (long long)all_ns / 1000,
		   (long long)whole_ns / 1000, function, (long long)function_ns / 1000);
	if (!all_ns)
		known_fail("no time in exit_mmap() within %s()", caller);
	if (told && (whole_ns != all_ns || function_ns < all_ns / 2))
		known_fail("within %s(): %lld ns, whole %lld ns, under %s %lld ns", caller,
			   (long long)all_ns, (long long)whole_ns, function,
			   (long long)function_ns);
}

static void without_memory(struct known *k)
{
	struct scope scope;
	struct doc doc;

	scope_profile(k, &scope, "-F", "997", "--", known_workload(k, "bigexit"), NULL);
	doc = scope_document(k, &scope, 60);
	check_memory_loss(&doc, "do_exit", "leave_by_exit", kernel_is(6, 16));
	check_memory_loss(&doc, "load_elf_binary", "leave_by_exec", kernel_is(6, 10));
	doc_free(&doc);
}

const struct known_case unwind_cases[] = {
	{ "unwind.static", linked_static, 0, 0 },
	{ "unwind.static_pie", linked_static_pie, 0, 0 },
	{ "unwind.pie", linked_pie, 0, 0 },
	{ "unwind.no_pie", linked_no_pie, 0, 0 },
	{ "unwind.born", born, 0, 0 },
	{ "unwind.started", started, 0, 0 },
	{ "unwind.started_dynamic", started_dynamic, 0, 0 },
	{ "unwind.dlopen", opened, 0, 0 },
	{ "unwind.vfork", vfork_static, 0, 0 },
	{ "unwind.vfork_dynamic", vfork_dynamic, 0, 0 },
	{ "unwind.truncated", truncated, 0, 0 },
	{ "unwind.max_stack", max_stack, 0, 0 },
	{ "unwind.verified", verified, 0, 0 },
	{ "unwind.without_memory", without_memory, 0, 0 },
	{ .name = NULL },
};
