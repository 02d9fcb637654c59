/* SPDX-License-Identifier: MIT */
/*
 * gzip.h - bytes into a gzip stream. The same bytes give the same stream: there is no time in it.
 *
 * What goes wrong is kept, and told by gzip_close(); from then on nothing more is written.
 */
#ifndef GZIP_H
#define GZIP_H

#include <stddef.h>
#include <stdio.h>

struct gzip;

/* NULL: no memory. `out` must outlive it, and stays open. */
struct gzip *gzip_open(FILE *out);

void gzip_write(struct gzip *gz, const void *bytes, size_t count);

/* 0, or -errno of the write that failed. To be asked in long loops. */
int gzip_error(const struct gzip *gz);

/* Ends the stream and frees it. 0, or -errno. `out` may still have bytes in its buffer. */
int gzip_close(struct gzip *gz);

#endif
