// SPDX-License-Identifier: MIT
#include "unpack_xz.h"

#include <lzma.h>

#include "mem.h"

/* Symbols unpack to five times their size. */
#define UNPACKED_MAX  ((size_t)256 << 20)
#define UNPACK_FACTOR 4096
/* The dictionary of xz -9 has 64 MiB. */
#define DECODER_MAX ((uint64_t)128 << 20)

/* What the stream claims to have is not asked: room grows with what comes out. */
uint8_t *unpack_xz(const uint8_t *packed, size_t packed_size, size_t *ret_size)
{
	size_t bound = packed_size < UNPACKED_MAX / UNPACK_FACTOR ? packed_size * UNPACK_FACTOR
								  : UNPACKED_MAX;
	size_t room = packed_size < bound / 8 ? packed_size * 8 : bound;
	lzma_stream stream = LZMA_STREAM_INIT;
	uint8_t *bytes = mem_resize_array(NULL, room, 1);
	size_t made = 0;
	lzma_ret result = lzma_stream_decoder(&stream, DECODER_MAX, 0);

	stream.next_in = packed;
	stream.avail_in = packed_size;
	while (result == LZMA_OK) {
		if (made == room) {
			if (room == bound)
				break;
			room = room < bound / 2 ? room * 2 : bound;
			bytes = mem_resize_array(bytes, room, 1);
		}
		stream.next_out = bytes + made;
		stream.avail_out = room - made;
		result = lzma_code(&stream, LZMA_FINISH);
		made = room - stream.avail_out;
	}
	lzma_end(&stream);
	if (result == LZMA_STREAM_END) {
		*ret_size = made;
		return bytes;
	}
	free(bytes);
	return NULL;
}
