/* SPDX-License-Identifier: MIT */
/* report.h - what goes wrong in a timeline: each a diagnostic line, the first the case's reason. */
#ifndef TEST_REPORT_H
#define TEST_REPORT_H

#include <stdnoreturn.h>

void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The timeline itself makes no sense: ends its process. */
noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

void report_known_bug(const char *what);
/* The line that is being run; 0: none. */
void report_line(int number);

#endif
