// SPDX-License-Identifier: MIT
#include "columns.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define DOTS	     "..."
#define DOTS_COLUMNS 3

/* A byte within a character, not its first. */
static bool is_inside(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

static char *clean_whole(const char *name)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return NULL;
	text_write_name(out, name);
	if (fclose(out) != 0) {
		free(clean);
		return NULL;
	}
	return clean;
}

char *columns_clean(const char *name, unsigned columns)
{
	char *clean = clean_whole(name);

	if (clean && columns_of(clean) > columns) {
		size_t length = 0;

		for (columns -= DOTS_COLUMNS; columns || is_inside(clean[length]); length++)
			columns -= !is_inside(clean[length]);
		memcpy(clean + length, DOTS, sizeof(DOTS)); /* that many characters are longer */
	}
	return clean;
}

unsigned columns_of(const char *clean)
{
	unsigned columns = 0;

	for (; *clean; clean++)
		columns += !is_inside(*clean);
	return columns;
}

void columns_write_cut(FILE *out, const char *clean, unsigned columns)
{
	for (; *clean; clean++) {
		if (!is_inside(*clean) && !columns--)
			return;
		putc_unlocked(*clean, out);
	}
}

void columns_write_padded(FILE *out, const char *clean, unsigned columns)
{
	unsigned have = columns_of(clean);

	fputs(clean, out);
	fprintf(out, "%*s", (int)(have < columns ? columns - have : 0), "");
}

int columns_write_name(FILE *out, const char *name, unsigned columns)
{
	char *clean = columns_clean(name, columns);

	if (!clean)
		return -ENOMEM;
	fputs(clean, out);
	free(clean);
	return 0;
}

/* The bytes of up to so many characters. */
static size_t cut_length(const char *text, size_t length, unsigned columns)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_inside(text[i]) && !columns--)
			return i;
	}
	return length;
}

/*
 * The blanks at `text`, and the word behind them; no more of it than a line has room for. A number
 * stays with its sign.
 */
static size_t word_length(const char *text, unsigned room)
{
	size_t blanks = strspn(text, " "), length = strcspn(text + blanks, " \n");

	if (strncmp(text + blanks + length, " %", 2) == 0)
		length += 2 + strcspn(text + blanks + length + 2, " \n");
	return blanks + cut_length(text + blanks, length, room);
}

static unsigned columns_in(const char *text, size_t length)
{
	unsigned columns = 0;

	for (size_t i = 0; i < length; i++)
		columns += !is_inside(text[i]);
	return columns;
}

void columns_write_wrapped(FILE *out, const char *clean, unsigned columns, unsigned indent)
{
	unsigned at = 0;

	while (*clean) {
		size_t length = word_length(clean, columns - indent);
		unsigned need = columns_in(clean, length);

		if (at > 0 && at + need > columns) {
			clean += strspn(clean, " ");
			length = word_length(clean, columns - indent);
			need = columns_in(clean, length);
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		}
		fwrite_unlocked(clean, 1, length, out);
		at += need;
		clean += length;
		if (*clean == '\n') {
			putc_unlocked(*clean++, out);
			at = 0;
		}
	}
}
