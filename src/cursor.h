/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - bytes read one after the other, never beyond their end.
 *
 * A read that does not fit sets `bad`, gives 0, and so does every read after it: callers may read
 * on and look at `bad` once.
 */
#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void cursor_fail(struct cursor *c)
{
	c->at = c->end;
	c->bad = true;
}

static inline void cursor_skip(struct cursor *c, uint64_t bytes)
{
	if (bytes > cursor_left(c))
		cursor_fail(c);
	else
		c->at += bytes;
}

#define CURSOR_FIXED(name, type)                                                                   \
	static inline type cursor_##name(struct cursor *c)                                         \
	{                                                                                          \
		type value = 0;                                                                    \
                                                                                                   \
		if (cursor_left(c) < sizeof(value)) {                                              \
			cursor_fail(c);                                                            \
			return 0;                                                                  \
		}                                                                                  \
		memcpy(&value, c->at, sizeof(value));                                              \
		c->at += sizeof(value);                                                            \
		return value;                                                                      \
	}
CURSOR_FIXED(uint8, uint8_t)
CURSOR_FIXED(uint16, uint16_t)
CURSOR_FIXED(uint32, uint32_t)
CURSOR_FIXED(uint64, uint64_t)
CURSOR_FIXED(int8, int8_t)
CURSOR_FIXED(int16, int16_t)
CURSOR_FIXED(int32, int32_t)
CURSOR_FIXED(int64, int64_t)
#undef CURSOR_FIXED

/* LEB128 may be padded to any length; bits beyond the 64th are dropped. */
static inline uint64_t cursor_leb(struct cursor *c, bool is_signed)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = cursor_uint8(c);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift = shift < 64 ? shift + 7 : shift;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= UINT64_MAX << shift;
	return value;
}

static inline uint64_t cursor_uleb(struct cursor *c)
{
	if (c->at < c->end && *c->at < 0x80) /* nearly all */
		return *c->at++;
	return cursor_leb(c, false);
}

static inline int64_t cursor_sleb(struct cursor *c)
{
	return (int64_t)cursor_leb(c, true);
}

#endif
