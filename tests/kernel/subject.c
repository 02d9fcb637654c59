// SPDX-License-Identifier: MIT
#include "subject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 24

void subject_start(struct known *k, struct subject *ret_subject, const char *name, ...)
{
	static int number;
	struct subject s = { .control = -1 };
	const char *argv[MAX_ARGS];
	char program[PATH_MAX], facts_name[64];
	size_t argc = 0;
	int control[2];
	va_list args;

	if (snprintf(program, sizeof(program), "%s/%s", k->workloads, name) >= (int)sizeof(program))
		known_fail("path too long: %s", name);
	snprintf(facts_name, sizeof(facts_name), "%s-%d.facts", name, number++);
	snprintf(s.facts, sizeof(s.facts), "%s", known_path(k, facts_name));
	argv[argc++] = program;
	argv[argc++] = "--facts";
	argv[argc++] = s.facts;
	va_start(args, name);
	do
		argv[argc] = va_arg(args, const char *);
	while (argv[argc] && ++argc < MAX_ARGS - 1);
	argv[argc] = NULL;
	va_end(args);

	if (pipe2(control, O_CLOEXEC))
		known_fail("pipe: %s", strerror(errno));
	s.pid = fork();
	if (s.pid < 0)
		known_fail("fork: %s", strerror(errno));
	if (!s.pid) {
		dup2(control[0], STDIN_FILENO);
		execv(program, (char *const *)argv);
		fprintf(stderr, "%s: %s\n", program, strerror(errno));
		_exit(127);
	}
	known_adopt(s.pid);
	snprintf(s.pid_text, sizeof(s.pid_text), "%d", s.pid);
	close(control[0]);
	s.control = control[1];
	*ret_subject = s;
}

void subject_wait(const struct known *k, const struct subject *subject, const char *word,
		  size_t count)
{
	int64_t deadline_ns = known_now_ns() + (int64_t)(30 * k->slow * (double)KNOWN_S);

	while (known_now_ns() < deadline_ns) {
		struct facts facts = facts_load(subject->facts);
		const struct fact *fact = NULL;
		size_t found = 0;

		while ((fact = facts_next(&facts, word, fact)))
			found++;
		facts_free(&facts);
		if (found >= count)
			return;
		usleep(5000);
	}
	known_fail("workload %d did not say '%s' %zu times", subject->pid, word, count);
}

void subject_command(const struct subject *subject, char command)
{
	if (write(subject->control, &command, 1) != 1)
		known_fail("workload %d takes no command: %s", subject->pid, strerror(errno));
}

void subject_release(struct subject *subject)
{
	close(subject->control);
	subject->control = -1;
}

void subject_kill(struct subject *subject)
{
	kill(subject->pid, SIGKILL);
	waitpid(subject->pid, NULL, 0);
	close(subject->control);
	subject->pid = 0;
}

int subject_join(const struct known *k, struct subject *subject)
{
	int64_t deadline_ns = known_now_ns() + (int64_t)(60 * k->slow * (double)KNOWN_S);
	int status;

	close(subject->control);
	while (known_now_ns() < deadline_ns) {
		if (waitpid(subject->pid, &status, WNOHANG) == subject->pid) {
			subject->pid = 0;
			return status;
		}
		usleep(10000);
	}
	known_fail("workload %d did not end", subject->pid);
}

struct facts facts_load(const char *path)
{
	struct facts facts = { 0 };
	FILE *file = fopen(path, "r");
	size_t room = 0;
	struct fact row;

	while (file && fscanf(file, "%15s", row.word) == 1) {
		/* A line under way has no newline yet. */
		if (!fgets(row.text, sizeof(row.text), file) || !strchr(row.text, '\n'))
			break;
		if (facts.count == room) {
			room = room ? 2 * room : 64;
			facts.rows = realloc(facts.rows, room * sizeof(*facts.rows));
			if (!facts.rows)
				abort();
		}
		facts.rows[facts.count++] = row;
	}
	if (file)
		fclose(file);
	return facts;
}

void facts_free(struct facts *facts)
{
	free(facts->rows);
	*facts = (struct facts){ 0 };
}

const struct fact *facts_next(const struct facts *facts, const char *word, const struct fact *after)
{
	for (size_t i = after ? (size_t)(after - facts->rows) + 1 : 0; i < facts->count; i++)
		if (!strcmp(facts->rows[i].word, word))
			return &facts->rows[i];
	return NULL;
}

const struct fact *facts_role(const struct facts *facts, const char *role)
{
	const struct fact *fact = NULL;

	while ((fact = facts_next(facts, "thread", fact)))
		if (fact_is(fact, "role", role))
			return fact;
	known_fail("the workload has no thread of role %s", role);
}

/* Where the value of `key` begins, or NULL. */
static const char *find_value(const struct fact *fact, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = fact->text; (at = strstr(at, key)); at += n)
		if (at > fact->text && at[-1] == ' ' && at[n] == '=')
			return at + n + 1;
	return NULL;
}

bool fact_has(const struct fact *fact, const char *key)
{
	return find_value(fact, key) != NULL;
}

int64_t fact_number(const struct fact *fact, const char *key)
{
	const char *value = find_value(fact, key);

	if (!value)
		known_fail("fact '%s' has no %s", fact->word, key);
	return strtoll(value, NULL, 10);
}

void fact_text(const struct fact *fact, const char *key, char *buffer, size_t size)
{
	const char *value = find_value(fact, key);

	if (!value)
		known_fail("fact '%s' has no %s", fact->word, key);
	snprintf(buffer, size, "%.*s", (int)strcspn(value, " \n"), value);
}

bool fact_is(const struct fact *fact, const char *key, const char *value)
{
	char text[128];

	fact_text(fact, key, text, sizeof(text));
	return !strcmp(text, value);
}
