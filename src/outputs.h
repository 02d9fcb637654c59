/* SPDX-License-Identifier: MIT */
/*
 * outputs.h - a config's outputs: opened all before the work, then written one after the other, in
 * the order they were given. What is not written leaves nothing behind.
 */
#ifndef OUTPUTS_H
#define OUTPUTS_H

#include "bundle.h"
#include "config.h"
#include "outfile.h"

struct outputs {
	const struct config *config;
	struct outfile **files; /* one for each of config->outputs */
	size_t written;		/* the first so many of them are whole */
	struct bundle *bundle;	/* the last to be written; NULL: no --output-dir */
	const struct profile *before; /* what is written is the difference from this; or NULL */
};

/* The config must outlive them. What was opened before a failure is in *outputs all the same. */
int outputs_open(struct outputs *outputs, const struct config *config, struct err *err);
bool outputs_remain(const struct outputs *outputs);
int outputs_write_next(struct outputs *outputs, const struct profile *profile, struct err *err);
void outputs_free(struct outputs *outputs); /* a zeroed one too */

/*
 * From here on writing fails with a reason, and no signal ends the process with an output half done.
 * What is started afterwards inherits it.
 */
void outputs_ignore_signals(void);

/* A profile that came from `name` has what each of the outputs is made of; else it is told. */
int outputs_check(const struct config *config, const struct profile *profile, const char *name,
		  struct err *err);

#endif
