// SPDX-License-Identifier: MIT
#include "gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "text.h"

#define GZIP_WINDOW_BITS (MAX_WBITS + 16) /* + 16: as gzip does, with its header */
#define GZIP_MEMORY	 8		  /* zlib's own default */

struct gzip {
	FILE *out;
	z_stream stream;
	int error;
	size_t used; /* of raw: what comes in small pieces is deflated in large ones */
	unsigned char raw[1 << 16];
	unsigned char packed[1 << 16];
};

struct gzip *gzip_open(FILE *out)
{
	struct gzip *gz = malloc(sizeof(*gz));

	if (!gz)
		return NULL;
	gz->out = out;
	gz->error = 0;
	gz->used = 0;
	gz->stream = (z_stream){ 0 };
	/* The slower levels take several times as long for a tenth less. */
	if (deflateInit2(&gz->stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gz);
		return NULL;
	}
	return gz;
}

static void deflate_raw(struct gzip *gz, int flush)
{
	z_stream *stream = &gz->stream;

	stream->next_in = gz->raw;
	stream->avail_in = (uInt)gz->used;
	gz->used = 0;
	do {
		size_t count;

		stream->next_out = gz->packed;
		stream->avail_out = sizeof(gz->packed);
		deflate(stream, flush); /* cannot fail: it has room, and the state is sound */
		count = sizeof(gz->packed) - stream->avail_out;
		if (!gz->error && fwrite_unlocked(gz->packed, 1, count, gz->out) != count)
			gz->error = text_check(gz->out);
	} while (stream->avail_out == 0 && !gz->error);
}

void gzip_write(struct gzip *gz, const void *bytes, size_t count)
{
	const unsigned char *from = bytes;

	while (count && !gz->error) {
		size_t room = sizeof(gz->raw) - gz->used, now = count < room ? count : room;

		memcpy(gz->raw + gz->used, from, now);
		gz->used += now;
		from += now;
		count -= now;
		if (gz->used == sizeof(gz->raw))
			deflate_raw(gz, Z_NO_FLUSH);
	}
}

int gzip_error(const struct gzip *gz)
{
	return gz->error;
}

int gzip_close(struct gzip *gz)
{
	int error;

	if (!gz->error)
		deflate_raw(gz, Z_FINISH);
	error = gz->error;
	deflateEnd(&gz->stream);
	free(gz);
	return error;
}
