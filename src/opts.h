/* SPDX-License-Identifier: MIT */
/*
 * opts.h - argv becomes a checked configuration, or one error that names the thing and the remedy.
 *
 * Order of the checks: first everything that argv alone can tell (exit code 2), then what needs a
 * look at the machine (does the pid exist, is the path a v2 cgroup).
 */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>

#include "command.h"
#include "config.h"
#include "err.h"

/* What the checks look at: the live machine, or a test's own directories. */
struct opts_world {
	const char *proc; /* "/proc" */
	const char *sys;  /* "/sys" */
	bool stdout_is_terminal;
};

struct opts {
	const struct command *command; /* never NULL; profile if none was given */
	bool help, version;	       /* asked for: print it and end */
	bool man, bash_completion;     /* of `help` */
	const char *topic;	       /* of `help`; NULL: none */
	const char *file;	       /* of `export` and `report`: the capture; of `diff`: before */
	const char *after;	       /* of `diff` */
	struct opts_symbolize {
		const char *exe; /* never NULL */
		bool addresses, basenames;
		const char *const *words; /* as given; none: they come from stdin */
		size_t word_count;
	} symbolize;
	struct config config;
};

/* On failure *ret is untouched. The result points into argv: keep that. */
int opts_parse(int argc, char *const *argv, const struct opts_world *world, struct opts *ret,
	       struct err *err);
void opts_free(struct opts *opts);

#endif
