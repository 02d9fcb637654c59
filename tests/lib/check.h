/* SPDX-License-Identifier: MIT */
/*
 * check.h - test cases in the protocol of tests/run: a line each, `ok NAME` or `not ok NAME - why`.
 *
 * A case is a function. CHECK() notes the first condition that does not hold and the case goes on,
 * so that what it allocated is freed. main() ends with `return check_status();`.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static char check_why[4096];
static int check_failures;

static inline void __attribute__((format(printf, 3, 4)))
check_fail(const char *file, int line, const char *format, ...)
{
	size_t used;
	va_list args;

	if (check_why[0])
		return;
	snprintf(check_why, sizeof(check_why), "%s:%d: ", file, line);
	used = strlen(check_why);
	va_start(args, format);
	vsnprintf(check_why + used, sizeof(check_why) - used, format, args);
	va_end(args);
	for (char *c = check_why; *c; c++) {
		if (*c == '\n')
			*c = '|';
	}
}

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			check_fail(__FILE__, __LINE__, "%s", #condition);                          \
	} while (0)

#define CHECK_INT(have, want)                                                                      \
	do {                                                                                       \
		int64_t have_ = (int64_t)(have), want_ = (int64_t)(want);                          \
		if (have_ != want_)                                                                \
			check_fail(__FILE__, __LINE__, "%s is %" PRId64 ", not %" PRId64, #have,   \
				   have_, want_);                                                  \
	} while (0)

#define CHECK_TEXT(have, want)                                                                     \
	do {                                                                                       \
		const char *have_ = (have), *want_ = (want);                                       \
		if (!have_ || strcmp(have_, want_) != 0)                                           \
			check_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #have,          \
				   have_ ? have_ : "(null)", want_);                               \
	} while (0)

#define CHECK_CONTAINS(have, part)                                                                 \
	do {                                                                                       \
		const char *have_ = (have), *part_ = (part);                                       \
		if (!have_ || !strstr(have_, part_))                                               \
			check_fail(__FILE__, __LINE__, "%s lacks \"%s\": \"%s\"", #have, part_,    \
				   have_ ? have_ : "(null)");                                      \
	} while (0)

static inline void check_case(const char *name, void (*run)(void))
{
	check_why[0] = '\0';
	run();
	if (check_why[0]) {
		printf("not ok %s - %s\n", name, check_why);
		check_failures++;
	} else {
		printf("ok %s\n", name);
	}
	fflush(stdout);
}

#define CHECK_CASE(function) check_case(#function, function)

static inline void check_skip(const char *name, const char *reason)
{
	printf("skip %s - %s\n", name, reason);
}

static inline int check_status(void)
{
	return check_failures ? 1 : 0;
}

#endif
