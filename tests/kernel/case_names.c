// SPDX-License-Identifier: MIT
/*
 * The right names where a path does not lead to them: other roots, files that are replaced or
 * removed before the window or within it, processes that are gone. The workload `names` and its
 * twin say what their threads are in (tests/workloads/names.c); a name of the other one would be
 * that of another file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"
#include "subject.h"

enum moment { BEFORE, WITHIN };

/* Frames of the other program are nowhere in the process's stacks. */
static void require_own(const struct doc *doc, int pid, const char *function)
{
	const char *foreign = strncmp(function, "names_", 6) ? "names_" : "other_";

	for (size_t i = 0; i < doc->sample_count; i++) {
		const struct doc_sample *s = &doc->samples[i];

		if (doc->threads[s->thread].pid != pid)
			continue;
		for (uint32_t at = s->stack; at; at = doc->stacks[at].parent)
			if (!strncmp(doc->frames[doc->stacks[at].frame].name, foreign, 6))
				known_fail("process %d is in %s, and has it in %s", pid, function,
					   doc->frames[doc->stacks[at].frame].name);
	}
}

/* All of the thread's time in its state has names, and is in its function. */
static void require_thread(const struct doc *doc, const struct doc_thread *t, enum doc_state state,
			   const char *function)
{
	struct doc_filter filter = { .thread = t, .state = state, .function = function };
	struct doc_error error;

	if (!t->ns[state])
		known_fail("%s: never in its state", function);
	known_require(check_share(function, doc_sum(doc, &filter), t->ns[state], 100, 1, &error),
		      &error);
	known_require(check_names(doc, t, state, &error), &error);
	require_own(doc, t->pid, function);
}

/* The workload's three threads, by what it says of itself. */
static void require_subject(const struct doc *doc, const struct subject *subject)
{
	static const struct {
		const char *role;
		enum doc_state state;
	} roles[] = { { "wait", DOC_OFF }, { "spin", DOC_ON }, { "trap", DOC_OFF } };
	struct facts facts = facts_load(subject->facts);

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++) {
		const struct fact *fact = facts_role(&facts, roles[i].role);
		char function[64];

		fact_text(fact, "function", function, sizeof(function));
		require_thread(doc, scope_thread(doc, (int)fact_number(fact, "tid")),
			       roles[i].state, function);
	}
	facts_free(&facts);
}

static void start_as(struct known *k, struct subject *subject, const char *program,
		     const char *path)
{
	subject_start(k, subject, program, "--seconds", "300", "--as", path, NULL);
	subject_wait(k, subject, "ready", 1);
	subject_wait(k, subject, "thread", 3);
}

static void copy_path(struct known *k, char *path, const char *name)
{
	snprintf(path, PATH_MAX, "%s", known_path(k, name));
}

/* --- replaced, removed ------------------------------------------------------------------------ */

/* Two programs run that were executed by one path. The second took the first one's place. */
static void require_replaced(struct known *k, enum moment moment)
{
	struct subject first, second;
	char path[PATH_MAX];
	struct scope scope;
	struct doc doc;

	copy_path(k, path, "replaced");
	start_as(k, &first, "names", path);
	if (moment == BEFORE)
		start_as(k, &second, "names-other", path);
	scope_profile(k, &scope, "--comm", "replaced", "-d", k->slow > 4 ? "10" : "4", "-F", "199",
		      NULL);
	if (moment == WITHIN) {
		scope_wait_armed(k, &scope);
		start_as(k, &second, "names-other", path);
	}
	doc = scope_document(k, &scope, 40);
	require_subject(&doc, &first);
	require_subject(&doc, &second);
	doc_free(&doc);
	subject_kill(&first);
	subject_kill(&second);
}

static void replaced(struct known *k)
{
	require_replaced(k, WITHIN);
}

static void replaced_before(struct known *k)
{
	require_replaced(k, BEFORE);
}

static void require_deleted(struct known *k, enum moment moment)
{
	struct subject subject;
	char path[PATH_MAX];
	struct scope scope;
	struct doc doc;

	copy_path(k, path, "deleted");
	start_as(k, &subject, "names", path);
	if (moment == BEFORE)
		unlink(path);
	scope_profile(k, &scope, "-p", subject.pid_text, "-d", k->slow > 4 ? "10" : "3", "-F",
		      "199", NULL);
	if (moment == WITHIN) {
		scope_wait_armed(k, &scope);
		unlink(path);
	}
	doc = scope_document(k, &scope, 40);
	require_subject(&doc, &subject);
	doc_free(&doc);
	subject_kill(&subject);
}

static void deleted(struct known *k)
{
	require_deleted(k, WITHIN);
}

static void deleted_before(struct known *k)
{
	require_deleted(k, BEFORE);
}

/* --- another root ----------------------------------------------------------------------------- */

/* As seen from outside, by which the profile knows it; its own numbers are others. */
static const struct doc_thread *inside(const struct doc *doc, const struct subject *subject,
				       const char *comm)
{
	struct facts facts = facts_load(subject->facts);
	const struct fact *fact = facts_next(&facts, "inside", NULL);
	int pid = fact ? (int)fact_number(fact, "pid") : 0;

	facts_free(&facts);
	for (size_t i = 0; i < doc->thread_count; i++)
		if (doc->threads[i].pid == pid && !strcmp(doc->threads[i].comm, comm))
			return &doc->threads[i];
	known_fail("no thread '%s' of process %d, which is in the container", comm, pid);
}

/* The path by which the container knows the program is, outside, that of its twin. */
static void start_contained(struct known *k, struct subject *subject, const char *path,
			    const char *hold, const char *work_ms)
{
	char program[PATH_MAX], root[PATH_MAX];

	snprintf(program, sizeof(program), "%s", known_workload(k, "names"));
	copy_path(k, root, "root");
	if (mkdir(root, 0755))
		known_fail("%s: %s", root, strerror(errno));
	subject_start(k, subject, "contain", "--seconds", "300", "--program", program, "--as", path,
		      "--dir", root, "--hold", hold, work_ms ? "--work-ms" : NULL, work_ms, NULL);
	subject_wait(k, subject, "ready", 1);
}

/* It runs for long. */
static void container(struct known *k)
{
	struct subject twin, subject;
	struct facts facts;
	char path[PATH_MAX], pid[16];
	struct scope scope;
	struct doc doc;

	copy_path(k, path, "contained");
	start_as(k, &twin, "names-other", path);
	start_contained(k, &subject, path, "0", NULL);
	subject_wait(k, &subject, "inside", 1);
	subject_wait(k, &subject, "thread", 3);
	facts = facts_load(subject.facts);
	snprintf(pid, sizeof(pid), "%d",
		 (int)fact_number(facts_next(&facts, "inside", NULL), "pid"));
	facts_free(&facts);
	scope_profile(k, &scope, "-p", pid, "-d", k->slow > 4 ? "10" : "3", "-F", "199", NULL);
	doc = scope_document(k, &scope, 40);
	require_thread(&doc, inside(&doc, &subject, "contained"), DOC_OFF, "names_wait");
	require_thread(&doc, inside(&doc, &subject, "names-spin"), DOC_ON, "names_spin");
	require_thread(&doc, inside(&doc, &subject, "names-trap"), DOC_OFF, "names_trap");
	doc_free(&doc);
	subject_kill(&subject);
	subject_kill(&twin);
}

/* The container is made within the window, and gone long before its end. */
static void container_brief(struct known *k)
{
	struct subject twin, subject;
	const struct doc_thread *t;
	char path[PATH_MAX];
	struct scope scope;
	struct doc doc;
	struct doc_error error;

	copy_path(k, path, "contained");
	start_as(k, &twin, "names-other", path);
	start_contained(k, &subject, path, "1", k->emulated ? "3000" : "300");
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d", "0", "-F", "499",
		      NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	/* the target's end is the window's: what is named now is gone */
	doc = scope_document(k, &scope, 40);
	t = inside(&doc, &subject, "contained");
	known_require(check_share("on-CPU in names_work",
				  doc_sum(&doc, &(struct doc_filter){ .thread = t,
								      .state = DOC_ON,
								      .function = "names_work" }),
				  t->ns[DOC_ON], 90, 10, &error),
		      &error);
	require_own(&doc, t->pid, "names_work");
	doc_free(&doc);
	subject_join(k, &subject);
	subject_kill(&twin);
}

/* --- gone ------------------------------------------------------------------------------------- */

/* Programs of two kinds in turn, by one path, each removed at once: never the other one's names. */
static void gone(struct known *k)
{
	struct facts facts;
	struct subject subject;
	const struct fact *fact = NULL;
	struct doc_error error;
	char other[PATH_MAX];
	struct scope scope;
	struct doc doc;
	int64_t on_ns = 0, named_ns = 0;

	snprintf(other, sizeof(other), "%s", known_workload(k, "names-other"));
	subject_start(k, &subject, "names", "--hold", "1", "--series", k->emulated ? "10" : "100",
		      "--work-ms", k->emulated ? "1000" : "20", "--dir", k->dir, "--with", other,
		      NULL);
	scope_profile(k, &scope, "-p", subject.pid_text, "--children", "-d", "0", "-F", "499",
		      NULL);
	scope_wait_armed(k, &scope);
	subject_release(&subject);
	doc = scope_document(k, &scope, 60);
	facts = facts_load(subject.facts);
	while ((fact = facts_next(&facts, "brief", fact))) {
		struct doc_filter filter = { .state = DOC_ON };
		int pid = (int)fact_number(fact, "pid");
		char function[64];

		fact_text(fact, "function", function, sizeof(function));
		filter.thread = scope_thread(&doc, pid);
		on_ns += doc_sum(&doc, &filter);
		filter.function = function;
		named_ns += doc_sum(&doc, &filter);
		require_own(&doc, pid, function);
	}
	fact = facts_next(&facts, "result", NULL);
	if (!fact)
		known_fail("the workload has no result");
	known_note("%d programs, %d inodes", (int)fact_number(fact, "programs"),
		   (int)fact_number(fact, "numbers"));
	known_require(
		check_share("on-CPU in names_work or other_work", named_ns, on_ns, 90, 10, &error),
		&error);
	facts_free(&facts);
	doc_free(&doc);
	subject_join(k, &subject);
}

const struct known_case names_cases[] = {
	{ "names.replaced", replaced, 0, 0 },
	{ "names.replaced_before", replaced_before, 0, 0 },
	{ "names.deleted", deleted, 0, 0 },
	{ "names.deleted_before", deleted_before, 0, 0 },
	{ "names.container", container, NEED_MOUNTS, 0 },
	{ "names.container_brief", container_brief, NEED_MOUNTS, 0 },
	{ "names.gone", gone, 0, 0 },
	{ .name = NULL },
};
