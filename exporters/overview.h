/* SPDX-License-Identifier: MIT */
/*
 * overview.h - the head of what a person reads of a profile: the window, the times, and "can I
 * believe it?" (coverage, stacks, names, losses). The summary of a run and the report begin with it.
 */
#ifndef OVERVIEW_H
#define OVERVIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "profile.h"

struct overview_opts {
	bool color;
	bool verbose; /* more of the images that lack names */
};

void overview_print_title(const struct profile *profile, bool color, FILE *out);
/* A row of it begins so, and others that follow: a label of up to 10 columns between two blanks. */
void overview_begin_row(const struct overview_opts *opts, const char *label, FILE *out);
/* What stands below the title. 0 or -ENOMEM. */
int overview_print(const struct profile *profile, const struct overview_opts *opts, FILE *out);

/*
 * The part of it that tells where most frames without a name are, why, and what would name them; up
 * to `max` rows, each behind as many blanks. Nothing where few frames lack one. 0 or -ENOMEM.
 * (exporters/overview_unnamed.c)
 */
int overview_print_unnamed(const struct profile *profile, unsigned max, unsigned indent, FILE *out);

/* A thread's residual without its sign. */
nsec_t overview_residual(const struct profile_thread *thread);

#endif
