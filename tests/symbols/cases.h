/* SPDX-License-Identifier: MIT */
/*
 * cases.h - for the unit tests of images, symbols and collectors: test cases by the protocol of
 * tests/run, temporary files, a compiler where there is one, and a sink that remembers.
 *
 * A case is a function; CHECK() ends it at the first thing that is not so.
 */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ingest.h"

struct test_case {
	const char *name;
	void (*run)(void);
};

/* Runs them all; the exit code. Makes a temporary directory before and removes it afterwards. */
int cases_run(const struct test_case *cases, size_t count);

/* Ends the case. */
_Noreturn void case_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void case_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			case_fail(__FILE__, __LINE__, "not so: %s", #condition);                   \
	} while (0)
#define CHECK_STRING(is, should)                                                                   \
	case_check_string(__FILE__, __LINE__, #is, (is), (should))
void case_check_string(const char *file, int line, const char *what, const char *is,
		       const char *should);

/* A path in the temporary directory; valid until the next but seven. */
const char *temp_path(const char *name);
void temp_write(const char *path, const void *bytes, size_t count);
/* The whole file, NUL-terminated; free(). Ends the case if it cannot be read. */
char *file_read(const char *path, size_t *ret_bytes);
/* Runs a shell command quietly; its exit status. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Compiles `source` (text) with $CC or cc to an ELF file; skips the case where there is none. */
void compile(const char *output, const char *language, const char *source, const char *flags);
bool have_command(const char *name);

/* Numbers that are the same in every run. */
uint64_t random_next(uint64_t *state);

/* What the collectors handed to the sink. The test's ingest_record() stands in for src/ingest.c. */
extern struct scope_record **sink_records; /* each owned by the sink */
extern size_t sink_count;
void sink_clear(void);

#endif
