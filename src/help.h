/* SPDX-License-Identifier: MIT */
/*
 * help.h - everything that explains the program, made from the tables: commands, options, formats,
 * labels. No fact about an option is written down here a second time.
 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

#include "command.h"
#include "labels.h"

/* At most 80 columns. `command` NULL: the program as a whole. */
void help_print(const struct command *command, FILE *out);
void help_print_frames(FILE *out);	    /* every bracketed name, and what it means */
void help_print_man(FILE *out);		    /* roff */
void help_print_bash_completion(FILE *out); /* a script to source */

struct help_exit {
	const char *code;
	const char *text;
};

extern const struct help_exit help_exits[]; /* ends with a NULL code */

/* "-F, -f, --frequency HZ" */
void help_option_head(const struct option_row *row, char *head, size_t size);
void help_label_name(const struct label_info *label, char *name, size_t size);

#endif
