/* SPDX-License-Identifier: MIT */
/*
 * cfi_cursor.h - bytes read one after the other, never beyond their end.
 *
 * A read that does not fit sets `bad`, gives 0, and so does every read after it: callers may read
 * on and look at `bad` once.
 */
#ifndef CFI_CURSOR_H
#define CFI_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cfi_cursor {
	const uint8_t *at, *end;
	bool bad;
};

static inline size_t cfi_left(const struct cfi_cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void cfi_fail(struct cfi_cursor *c)
{
	c->at = c->end;
	c->bad = true;
}

static inline void cfi_skip(struct cfi_cursor *c, uint64_t bytes)
{
	if (bytes > cfi_left(c))
		cfi_fail(c);
	else
		c->at += bytes;
}

#define CFI_READ_FIXED(type)                                                                       \
	static inline type cfi_read_##type(struct cfi_cursor *c)                                   \
	{                                                                                          \
		type value = 0;                                                                    \
                                                                                                   \
		if (cfi_left(c) < sizeof(value)) {                                                 \
			cfi_fail(c);                                                               \
			return 0;                                                                  \
		}                                                                                  \
		memcpy(&value, c->at, sizeof(value));                                              \
		c->at += sizeof(value);                                                            \
		return value;                                                                      \
	}
CFI_READ_FIXED(uint8_t)
CFI_READ_FIXED(uint16_t)
CFI_READ_FIXED(uint32_t)
CFI_READ_FIXED(uint64_t)
CFI_READ_FIXED(int8_t)
CFI_READ_FIXED(int16_t)
CFI_READ_FIXED(int32_t)
CFI_READ_FIXED(int64_t)
#undef CFI_READ_FIXED

/* LEB128 may be padded to any length; bits beyond the 64th are dropped. */
static inline uint64_t cfi_read_leb(struct cfi_cursor *c, bool is_signed)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = cfi_read_uint8_t(c);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift = shift < 64 ? shift + 7 : shift;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= UINT64_MAX << shift;
	return value;
}

static inline uint64_t cfi_read_uleb(struct cfi_cursor *c)
{
	if (c->at < c->end && *c->at < 0x80) /* nearly all */
		return *c->at++;
	return cfi_read_leb(c, false);
}

static inline int64_t cfi_read_sleb(struct cfi_cursor *c)
{
	return (int64_t)cfi_read_leb(c, true);
}

#endif
