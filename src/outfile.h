/* SPDX-License-Identifier: MIT */
/*
 * outfile.h - a file that is written whole or not at all.
 *
 * outfile_open() finds out before the capture whether writing can work: a regular file gets an
 * unnamed file in the same directory, which takes the name in outfile_commit() by a rename; until
 * then, and after any failure, nothing is to be seen, whatever ends the process. A symbolic link
 * is followed, as by a shell's >. What is not a regular file (a device, a pipe) is written as it
 * is. A file that is replaced hands on its permissions. Under sudo a new file belongs to who called
 * it.
 */
#ifndef OUTFILE_H
#define OUTFILE_H

#include <stdio.h>

#include "err.h"

struct outfile;

/* `path` NULL: stdout. */
int outfile_open(const char *path, struct outfile **ret_file, struct err *err);
/* Where to write; owned by the outfile. The first call may create the file. */
int outfile_stream(struct outfile *file, FILE **ret_stream, struct err *err);
/* Flushes, and gives the file its name. `written` is what the writer returned: 0 or -errno. */
int outfile_commit(struct outfile *file, int written, struct err *err);
void outfile_free(struct outfile **file); /* takes NULL; without a commit nothing remains */

#endif
