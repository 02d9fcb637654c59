/* SPDX-License-Identifier: MIT */
/*
 * columns.h - names in columns, for what people read. A column is a character: what is wider, or
 * has no width, is taken for one.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdio.h>

/*
 * `name` as text_write_name() writes it, in at most so many columns (more than 3): what does not
 * fit ends in "...". The caller's to free; NULL: no memory.
 */
char *columns_clean(const char *name, unsigned columns);
/* The same, written. 0 or -ENOMEM. */
int columns_write_name(FILE *out, const char *name, unsigned columns);

/* Of text that is clean: valid UTF-8 without control characters. */
unsigned columns_of(const char *clean);
void columns_write_cut(FILE *out, const char *clean, unsigned columns);
/* Followed by blanks up to so many columns. */
void columns_write_padded(FILE *out, const char *clean, unsigned columns);

/*
 * Clean text, lines of it broken between words at so many columns; they go on behind `indent`
 * blanks. A word that is longer than a line is broken.
 */
void columns_write_wrapped(FILE *out, const char *clean, unsigned columns, unsigned indent);

#endif
