// SPDX-License-Identifier: MIT
#include "scope_file_parts.h"

#include <errno.h>

void scope_chunks_init(struct scope_chunks *chunks, FILE *in)
{
	*chunks = (struct scope_chunks){ .in = in };
	/* the only way for it to fail is lack of memory, which ends the program anywhere */
	if (inflateInit2(&chunks->inflate, -MAX_WBITS) != Z_OK)
		abort();
}

void scope_chunks_free(struct scope_chunks *chunks)
{
	inflateEnd(&chunks->inflate);
	free(chunks->packed.bytes);
	free(chunks->content.bytes);
}

static uint32_t load_uint32(const uint8_t *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

static enum chunk_state read_bytes(struct scope_chunks *chunks, uint8_t *to, size_t count)
{
	errno = 0;
	if (fread(to, 1, count, chunks->in) == count)
		return CHUNK_WHOLE;
	return ferror(chunks->in) ? CHUNK_FAILED : CHUNK_CUT;
}

/* Exactly so many bytes of exactly so many, or it is not what was packed. */
static bool unpack(struct scope_chunks *chunks, const struct capture_chunk *chunk)
{
	z_stream *stream = &chunks->inflate;

	inflateReset(stream);
	stream->next_in = chunks->packed.bytes;
	stream->avail_in = chunk->packed_bytes;
	stream->next_out = chunks->content.bytes;
	stream->avail_out = chunk->unpacked_bytes;
	return inflate(stream, Z_FINISH) == Z_STREAM_END && !stream->avail_in && !stream->avail_out;
}

/* Some for none, too: zlib takes NULL for something else. */
static void make_room(struct scope_room *room, uint32_t bytes)
{
	if (bytes >= room->room)
		room->bytes = array_grow(room->bytes, &room->room, (size_t)bytes + 1, 1);
}

enum chunk_state scope_chunks_next(struct scope_chunks *chunks, uint32_t *ret_type,
				   struct cursor *ret_content)
{
	uint8_t head[sizeof(struct capture_chunk)];
	struct capture_chunk chunk;
	enum chunk_state state = read_bytes(chunks, head, sizeof(head));
	uLong crc;

	if (state != CHUNK_WHOLE)
		return state;
	chunk.type = load_uint32(head + offsetof(struct capture_chunk, type));
	chunk.packed_bytes = load_uint32(head + offsetof(struct capture_chunk, packed_bytes));
	chunk.unpacked_bytes = load_uint32(head + offsetof(struct capture_chunk, unpacked_bytes));
	chunk.crc = load_uint32(head + offsetof(struct capture_chunk, crc));
	if (chunk.packed_bytes > CAPTURE_PACKED_MAX || chunk.unpacked_bytes > CAPTURE_CHUNK_MAX)
		return CHUNK_DAMAGED;
	make_room(&chunks->packed, chunk.packed_bytes);
	make_room(&chunks->content, chunk.unpacked_bytes);
	state = read_bytes(chunks, chunks->packed.bytes, chunk.packed_bytes);
	if (state != CHUNK_WHOLE)
		return state;
	crc = crc32(0, head, offsetof(struct capture_chunk, crc));
	crc = crc32(crc, chunks->packed.bytes, chunk.packed_bytes);
	if (crc != chunk.crc || !unpack(chunks, &chunk))
		return CHUNK_DAMAGED;
	*ret_type = chunk.type;
	*ret_content = (struct cursor){
		.at = chunks->content.bytes,
		.end = chunks->content.bytes + chunk.unpacked_bytes,
	};
	return CHUNK_WHOLE;
}

bool scope_chunks_end(struct scope_chunks *chunks)
{
	return getc(chunks->in) == EOF && !ferror(chunks->in);
}
