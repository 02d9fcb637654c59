/* SPDX-License-Identifier: MIT */
/*
 * scratch.h - a directory of a test's own below $TMPDIR, and files in it. scratch_remove() takes all
 * of it away again. What fails here ends the test.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_directory[256];

static inline void scratch_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch_directory, sizeof(scratch_directory), "%.200s/scratch-XXXXXX",
		 tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch_directory))
		scratch_die(scratch_directory);
}

/* The path of `name` in the scratch directory: one of eight buffers in turn. */
static inline const char *scratch_path(const char *name)
{
	static char paths[8][512];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch_directory, name);
	return path;
}

/* Writes a file, making the directories above it. */
static inline void scratch_write(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	char above[512];
	FILE *file;

	snprintf(above, sizeof(above), "%s", path);
	for (char *slash = above + strlen(scratch_directory) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = 0;
		if (mkdir(above, 0755) < 0 && errno != EEXIST)
			scratch_die(above);
		*slash = '/';
	}
	file = fopen(path, "w");
	if (!file || fputs(text, file) == EOF || fclose(file) == EOF)
		scratch_die(path);
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int type,
				     struct FTW *where)
{
	(void)status, (void)type, (void)where;
	return remove(path);
}

static inline void scratch_remove(void)
{
	nftw(scratch_directory, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
