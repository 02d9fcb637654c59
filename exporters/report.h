/* SPDX-License-Identifier: MIT */
/*
 * report.h - what the parts of the report share. Each prints one section, with a blank line above
 * it, or nothing where there is nothing to tell. 0 or -ENOMEM.
 */
#ifndef REPORT_H
#define REPORT_H

#include "standing.h"

#define REPORT_COLUMNS 100

/* Processes, and threads: the busiest first, the rest in a row. (report_tables.c) */
int report_print_processes(const struct standings *standings, FILE *out);
int report_print_threads(const struct standings *standings, FILE *out);

/* Blocked time by reason, and each state's by function. (report_parts.c) */
int report_print_reasons(const struct profile *profile, FILE *out);
int report_print_functions(const struct paths *paths, FILE *out);

#endif
