/* SPDX-License-Identifier: MIT */
/*
 * demangle_d_reader.h - a name of D that is read, and the text that is written meanwhile; shared by
 * demangle_d.c and demangle_d_value.c.
 *
 * A reader that has met what it does not know is `bad`, stands at an end, and writes nothing: who
 * uses it need not look after each step. Steps are bounded over all attempts, and so is depth.
 */
#ifndef DEMANGLE_D_READER_H
#define DEMANGLE_D_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Names, types and values read: libraries' longest names take some hundred. */
#define D_STEPS_MAX 10000
#define D_DEPTH_MAX 200

struct d_reader {
	const char *start, *at; /* terminated */
	char *text;
	size_t length, room;
	size_t ref_limit; /* types refer backward: only references before this are followed */
	uint32_t steps, depth;
	bool bad;
};

void d_read_type(struct d_reader *r);
/* Names with points between them; `with_modifiers`: const and such are shown behind a method. */
void d_read_qualified(struct d_reader *r, bool with_modifiers);
/* What a function says behind its name, if it is one's: its arguments are shown. */
void d_read_function_suffix(struct d_reader *r, bool with_modifiers);
void d_read_symbol(struct d_reader *r); /* from its _D on */
/* A template's argument of the type that `type` begins; 0: a part of a larger value. */
void d_read_value(struct d_reader *r, char type);

/* What was written from `middle` to `end` comes before what was from `from` on. */
void d_swap(struct d_reader *r, size_t from, size_t middle, size_t end);
/* After an attempt that did not fit: all as it was, but for the steps it took. */
void d_go_back(struct d_reader *r, const struct d_reader *before);
/* What the reference at `at` leads to; NULL: nothing. */
const char *d_reference(const struct d_reader *r, const char *at, const char **ret_end);

static inline void d_fail(struct d_reader *r)
{
	r->bad = true;
	r->at += strlen(r->at);
}

/* A step down: false when there were too many. Ends with d_leave(). */
static inline bool d_enter(struct d_reader *r)
{
	if (r->bad || !r->steps || r->depth == D_DEPTH_MAX) {
		d_fail(r);
		return false;
	}
	r->steps--;
	r->depth++;
	return true;
}

static inline void d_leave(struct d_reader *r)
{
	r->depth--;
}

/* --- reading ---------------------------------------------------------------------------------- */

static inline bool d_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool d_take(struct d_reader *r, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(r->at, text, length) != 0)
		return false;
	r->at += length;
	return true;
}

static inline uint32_t d_take_number(struct d_reader *r)
{
	uint64_t value = 0;

	if (!d_is_digit(*r->at))
		d_fail(r);
	for (; d_is_digit(*r->at); r->at++) {
		value = value * 10 + (uint64_t)(*r->at - '0');
		if (value > UINT32_MAX) {
			d_fail(r);
			return 0;
		}
	}
	return (uint32_t)value;
}

/* --- writing ---------------------------------------------------------------------------------- */

static inline void d_put_bytes(struct d_reader *r, const char *bytes, size_t count)
{
	if (r->bad)
		return;
	if (count >= r->room - r->length) {
		d_fail(r);
		return;
	}
	memcpy(r->text + r->length, bytes, count);
	r->length += count;
}

static inline void d_put(struct d_reader *r, const char *text)
{
	d_put_bytes(r, text, strlen(text));
}

#endif
