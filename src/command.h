/* SPDX-License-Identifier: MIT */
/*
 * command.h - the commands. To add one: write src/cmd_NAME.c that defines
 * `const struct command command_NAME`, and add it to command_table (command.c).
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include "err.h"
#include "option_table.h"
#include "scope_event.h"

struct opts;
struct profile;

struct example {
	const char *line; /* as typed */
	const char *text; /* what it does, a few words */
};

#define COMMAND_EXAMPLES 6

struct command {
	const char *name;
	const char *summary; /* one line */
	const char *usage;   /* what follows the name */
	unsigned int bit;    /* FOR_* of option_table.h */
	bool states[SCOPE_STATES]; /* of a capture: what it reports */
	struct example examples[COMMAND_EXAMPLES]; /* ends with a NULL line, or full */
	/* Returns the exit code; with an error, that of *err, which the caller prints. */
	int (*run)(const struct opts *opts, struct err *err);
};

extern const struct command command_profile, command_oncpu, command_offcpu, command_symbolize,
	command_export, command_report, command_diff, command_doctor, command_help;

/* NULL-terminated, in the order of the help; the first is the default. */
extern const struct command *const command_table[];
const struct command *command_by_name(const char *name); /* NULL: none */

/* The whole program, but for the printing of *err. Returns the exit code. */
int command_main(int argc, char *const *argv, struct err *err);

/* What profile, oncpu and offcpu share (capture.c). */
int capture_run(const struct opts *opts, struct err *err);

/* What export and diff share (cmd_export.c): a note on stderr, if the file was cut off or damaged. */
void export_note_what_is_not_whole(const struct profile *profile, const char *name);

#endif
