/* SPDX-License-Identifier: MIT */
/*
 * summary.h - what a person sees of a profile in the terminal.
 *
 * The summary goes to stderr after every run: about ten lines, of which three answer "can I believe
 * it?" (coverage, stacks, losses). The digest goes to stdout where that is a terminal and no output
 * was asked for. Both are pure functions of the profile; names from the target are made harmless.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "profile.h"

struct summary_opts {
	bool color;
	int verbose;	  /* 1: the ledger too, thread by thread */
	unsigned columns; /* of the terminal, for the digest; 0: 80 */
};

void summary_print(const struct profile *profile, const struct summary_opts *opts, FILE *out);

/* The ten stacks with most time of each state, and how to draw a flame graph. (src/digest.c) */
void digest_print(const struct profile *profile, const struct summary_opts *opts, FILE *out);

#endif
