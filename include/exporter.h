/* SPDX-License-Identifier: MIT */
/*
 * exporter.h - one output format.
 *
 * To add one: write exporters/NAME.c that defines `const struct exporter exporter_NAME`, and add one
 * line to exporters/table.c. Help, completion, suffixes and golden tests iterate the table.
 *
 * An exporter is a pure function of the sealed profile: it opens no file, reads no clock, allocates
 * only what it frees, and writes to `out` alone. It returns 0, or -errno when writing failed
 * (the caller names the file). Exporters are compiled without -Isrc.
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include <stdbool.h>
#include <stdio.h>

#include "profile.h"

struct export_opts {
	bool per_thread;  /* roots are comm-PID/TID */
	bool per_process; /* roots are comm-PID */
	bool annotate;	  /* FlameGraph's _[k] _[i] on frames */
	bool lines;	  /* `name file.c:12` where the line is known */
};

struct exporter {
	const char *name;      /* --output NAME, -o NAME:FILE */
	const char *suffixes[3]; /* with the dot; NULL-terminated; the first is the canonical one */
	const char *summary;   /* one line for --help */
	bool binary;	       /* refused on a terminal */
	bool needs_timeline;   /* of profiles without one, nothing can be written */
	int (*write)(const struct profile *p, const struct export_opts *opts, FILE *out);
	/* What changed from one profile to another; NULL: this format cannot say it. */
	int (*write_diff)(const struct profile *before, const struct profile *after,
			  const struct export_opts *opts, FILE *out);
};

/* NULL-terminated, in the order of --help. */
extern const struct exporter *const exporter_table[];

/* The longest suffix of `path` that any exporter claims; NULL if none does. */
const struct exporter *exporter_for_path(const char *path);
const struct exporter *exporter_by_name(const char *name);

#endif
