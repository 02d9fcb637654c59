/* SPDX-License-Identifier: MIT */
/*
 * err.h - one error, told once.
 *
 * The layer that knows the name of the thing fills a struct err; main() prints it, nobody else.
 * A message is one line: what failed, on what, why, and after it the remedy where there is one.
 */
#ifndef ERR_H
#define ERR_H

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_FAILURE = 1,
	EXIT_CODE_USAGE = 2,
	EXIT_CODE_UNSUPPORTED = 77, /* missing privilege or kernel support */
	EXIT_CODE_CANNOT_RUN = 126,
	EXIT_CODE_NOT_FOUND = 127,
};

struct err {
	int code;	   /* enum exit_code for main(); 0: no error */
	char message[512]; /* without "systemscope: " and newline; cut if longer */
};

/* Fills *err (if not NULL and not filled yet: the first cause wins) and returns `ret`, so that
 * callers write `return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot open %s: ...", path)`. */
int err_set(struct err *err, int code, int ret, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
