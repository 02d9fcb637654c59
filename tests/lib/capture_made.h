/* SPDX-License-Identifier: MIT */
/*
 * capture_made.h - capture files made of any content: packed as they should be, with the checksum
 * that belongs to it.
 */
#ifndef CAPTURE_MADE_H
#define CAPTURE_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "capture_file.h"

static inline void capture_put_head(FILE *out)
{
	uint32_t version = CAPTURE_VERSION;

	fwrite(CAPTURE_MAGIC, 1, CAPTURE_MAGIC_BYTES, out);
	fwrite(&version, sizeof(version), 1, out);
}

static inline void capture_put_chunk(FILE *out, uint32_t type, const uint8_t *content, size_t size)
{
	struct capture_chunk chunk = { .type = type, .unpacked_bytes = (uint32_t)size };
	z_stream deflate_ = { 0 };
	uint8_t *packed;
	uLong crc;

	deflateInit2(&deflate_, 1, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
	packed = malloc(deflateBound(&deflate_, size));
	deflate_.next_in = (uint8_t *)content;
	deflate_.avail_in = (uInt)size;
	deflate_.next_out = packed;
	deflate_.avail_out = (uInt)deflateBound(&deflate_, size);
	if (deflate(&deflate_, Z_FINISH) != Z_STREAM_END)
		abort();
	chunk.packed_bytes = (uint32_t)deflate_.total_out;
	crc = crc32(0, (const uint8_t *)&chunk, offsetof(struct capture_chunk, crc));
	chunk.crc = (uint32_t)crc32(crc, packed, chunk.packed_bytes);
	fwrite(&chunk, sizeof(chunk), 1, out);
	fwrite(packed, 1, chunk.packed_bytes, out);
	deflateEnd(&deflate_);
	free(packed);
}

/*
 * The chunk at *at of a file of `size` bytes that holds what it should, and *at behind it; the
 * content is to be freed. NULL: there is no more.
 */
static inline uint8_t *capture_take_chunk(const char *data, size_t size, size_t *at,
					  struct capture_chunk *ret_chunk)
{
	z_stream inflate_ = { 0 };
	uint8_t *content;

	if (*at == size)
		return NULL;
	memcpy(ret_chunk, data + *at, sizeof(*ret_chunk));
	content = malloc(ret_chunk->unpacked_bytes + 1);
	inflateInit2(&inflate_, -MAX_WBITS);
	inflate_.next_in = (uint8_t *)data + *at + sizeof(*ret_chunk);
	inflate_.avail_in = ret_chunk->packed_bytes;
	inflate_.next_out = content;
	inflate_.avail_out = ret_chunk->unpacked_bytes;
	if (inflate(&inflate_, Z_FINISH) != Z_STREAM_END)
		abort();
	inflateEnd(&inflate_);
	*at += sizeof(*ret_chunk) + ret_chunk->packed_bytes;
	return content;
}

#endif
