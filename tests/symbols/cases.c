// SPDX-License-Identifier: MIT
/* Included by each test once: a test executable is one source file and src/. */
#include "cases.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static jmp_buf case_end;
static char case_why[512];
static enum { CASE_OK, CASE_FAILED, CASE_SKIPPED } case_result;
static char temp_dir[256];
static bool any_cut_short;

static void case_explain(const char *format, va_list arguments)
{
	vsnprintf(case_why, sizeof(case_why), format, arguments);
	/* A case is one line. */
	for (char *at = case_why; *at; at++)
		if (*at == '\n')
			*at = ' ';
}

void case_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	char with_place[400];

	snprintf(with_place, sizeof(with_place), "%s:%d: %s", file, line, format);
	va_start(arguments, format);
	case_explain(with_place, arguments);
	va_end(arguments);
	case_result = CASE_FAILED;
	longjmp(case_end, 1);
}

void case_skip(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	case_explain(format, arguments);
	va_end(arguments);
	case_result = CASE_SKIPPED;
	longjmp(case_end, 1);
}

void case_check_string(const char *file, int line, const char *what, const char *is,
		       const char *should)
{
	if (!is || !should || strcmp(is, should) != 0)
		case_fail(file, line, "%s is \"%s\", should be \"%s\"", what, is ? is : "(null)",
			  should ? should : "(null)");
}

static void case_run(const struct test_case *test)
{
	case_result = CASE_OK;
	sink_clear();
	if (!setjmp(case_end))
		test->run();
	else
		any_cut_short = true;
	sink_clear();
}

int cases_run(const struct test_case *cases, size_t count)
{
	const char *parent = getenv("TMPDIR");
	int code = 0;

	snprintf(temp_dir, sizeof(temp_dir), "%s/symbols.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(temp_dir)) {
		printf("not ok temporary directory - %s: %s\n", temp_dir, strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < count; i++) {
		case_run(&cases[i]);
		if (case_result == CASE_OK)
			printf("ok %s\n", cases[i].name);
		else if (case_result == CASE_SKIPPED)
			printf("skip %s - %s\n", cases[i].name, case_why);
		else
			printf("not ok %s - %s\n", cases[i].name, case_why);
		if (case_result == CASE_FAILED)
			code = 1;
		fflush(stdout);
	}
	shell("rm -rf '%s'", temp_dir);
	if (any_cut_short)
		_exit(code); /* such a case leaks what it held: no business of the leak checker */
	return code;
}

const char *temp_path(const char *name)
{
	static char paths[8][512];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", temp_dir, name);
	return path;
}

void temp_write(const char *path, const void *bytes, size_t count)
{
	FILE *file = fopen(path, "we");

	CHECK(file);
	CHECK(fwrite(bytes, 1, count, file) == count);
	CHECK(fclose(file) == 0);
}

char *file_read(const char *path, size_t *ret_bytes)
{
	FILE *file = fopen(path, "re");
	size_t room = 1 << 16, bytes = 0, got;
	char *text = malloc(room);

	CHECK(file && text);
	while ((got = fread(text + bytes, 1, room - bytes - 1, file)) > 0) {
		bytes += got;
		if (room - bytes < 2)
			text = realloc(text, room *= 2);
		CHECK(text);
	}
	fclose(file);
	text[bytes] = '\0';
	if (ret_bytes)
		*ret_bytes = bytes;
	return text;
}

int shell(const char *format, ...)
{
	char command[4096];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	status = system(command);
	return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool have_command(const char *name)
{
	return shell("command -v %s >/dev/null 2>&1", name) == 0;
}

void compile(const char *output, const char *language, const char *source, const char *flags)
{
	const char *cc = getenv("CC");
	char input[600];

	if (!cc || !*cc)
		cc = "cc";
	if (!have_command(cc))
		case_skip("no C compiler (%s)", cc);
	snprintf(input, sizeof(input), "%s.input", output);
	temp_write(input, source, strlen(source));
	if (shell("%s -x %s %s '%s' -o '%s' >/dev/null", cc, language, flags, input, output))
		case_fail(__FILE__, __LINE__, "%s cannot compile %s", cc, input);
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

struct scope_record **sink_records;
size_t sink_count;

int ingest_record(struct ingest *ingest, const void *record, size_t bytes)
{
	const struct scope_record *header = record;
	struct scope_record *copy = malloc(bytes);

	(void)ingest;
	if (!copy || header->size != bytes || bytes % 8 || header->type >= SCOPE_REC_TYPES)
		abort();
	memcpy(copy, record, bytes);
	if ((sink_count & (sink_count - 1)) == 0)
		sink_records = realloc(sink_records,
				       (sink_count ? 2 * sink_count : 1) * sizeof(*sink_records));
	sink_records[sink_count++] = copy;
	return 0;
}

void sink_clear(void)
{
	for (size_t i = 0; i < sink_count; i++)
		free(sink_records[i]);
	free(sink_records);
	sink_records = NULL;
	sink_count = 0;
}
