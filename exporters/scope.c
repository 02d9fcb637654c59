// SPDX-License-Identifier: MIT
/*
 * scope.c - the profile itself, to be read back by `systemscope export` and `report`. The layout
 * and the tables' columns are include/capture_file.h's.
 *
 * Chunks are filled one after the other and leave as soon as they are full: beside the profile
 * there is never more than one. What a row refers to comes before it, but not long before: of a
 * file that was cut off in the middle, the first half of the samples can be read.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "capture_file.h"
#include "exporter.h"
#include "losses.h"
#include "text.h"

#define LEB_MAX 10 /* bytes of a number of 64 bits */

#define PARTS	  32 /* of samples, and of intervals, where there are many */
#define PART_ROWS 16 /* fewer are not worth a chunk */

struct writer {
	const struct profile *profile;
	FILE *out;
	z_stream deflate;
	uint8_t *chunk; /* CAPTURE_CHUNK_MAX bytes */
	size_t used;
	uint8_t *packed; /* CAPTURE_PACKED_MAX bytes */
	/* written so far: */
	uint32_t texts;
	uint32_t rows[CAPTURE_TABLES];
};

/* --- chunks ----------------------------------------------------------------------------------- */

static int writer_init(struct writer *w, const struct profile *profile, FILE *out)
{
	*w = (struct writer){ .profile = profile, .out = out };
	/* without zlib's own header and checksum */
	if (deflateInit2(&w->deflate, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	w->chunk = malloc(CAPTURE_CHUNK_MAX);
	w->packed = malloc(CAPTURE_PACKED_MAX);
	return w->chunk && w->packed ? 0 : -ENOMEM;
}

static void writer_free(struct writer *w)
{
	deflateEnd(&w->deflate);
	free(w->chunk);
	free(w->packed);
}

static void store_uint32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static int put_chunk(struct writer *w, enum capture_chunk_type type)
{
	uint8_t head[sizeof(struct capture_chunk)];
	uint32_t packed_bytes;
	uLong crc;

	deflateReset(&w->deflate);
	w->deflate.next_in = w->chunk;
	w->deflate.avail_in = (uInt)w->used;
	w->deflate.next_out = w->packed;
	w->deflate.avail_out = CAPTURE_PACKED_MAX;
	if (deflate(&w->deflate, Z_FINISH) != Z_STREAM_END)
		return -EIO;
	packed_bytes = CAPTURE_PACKED_MAX - w->deflate.avail_out;
	store_uint32(head + offsetof(struct capture_chunk, type), type);
	store_uint32(head + offsetof(struct capture_chunk, packed_bytes), packed_bytes);
	store_uint32(head + offsetof(struct capture_chunk, unpacked_bytes), (uint32_t)w->used);
	crc = crc32(0, head, offsetof(struct capture_chunk, crc));
	crc = crc32(crc, w->packed, packed_bytes);
	store_uint32(head + offsetof(struct capture_chunk, crc), (uint32_t)crc);
	w->used = 0;

	fwrite_unlocked(head, 1, sizeof(head), w->out);
	fwrite_unlocked(w->packed, 1, packed_bytes, w->out);
	return text_check(w->out);
}

/* There is room: a chunk of CAPTURE_CHUNK_ROWS rows fits whatever the numbers are. */
static void put_leb(struct writer *w, uint64_t value)
{
	while (value >= 0x80) {
		w->chunk[w->used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	w->chunk[w->used++] = (uint8_t)value;
}

static uint64_t load(const uint8_t *row, const struct capture_column *column)
{
	uint64_t wide;
	uint32_t narrow;

	switch (column->bytes) {
	case sizeof(wide):
		memcpy(&wide, row + column->off, sizeof(wide));
		return wide;
	case sizeof(narrow):
		memcpy(&narrow, row + column->off, sizeof(narrow));
		return narrow;
	default:
		return row[column->off];
	}
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
static uint64_t fold_sign(uint64_t value)
{
	return value << 1 ^ (value >> 63 ? UINT64_MAX : 0);
}

static void put_column(struct writer *w, const struct capture_column *column, const uint8_t *rows,
		       size_t row_bytes, uint32_t count)
{
	uint64_t expected = 0;

	for (uint32_t i = 0; i < count; i++, rows += row_bytes) {
		uint64_t value = load(rows, column);

		if (column->coding == CAPTURE_PLAIN) {
			put_leb(w, value);
			continue;
		}
		put_leb(w, fold_sign(value - expected));
		expected = value;
		if (column->coding == CAPTURE_AFTER)
			expected += load(rows, column - 1);
	}
}

static void put_bytes(struct writer *w, const char *bytes, size_t count)
{
	memcpy(w->chunk + w->used, bytes, count);
	w->used += count;
}

/* --- the head --------------------------------------------------------------------------------- */

/* What the reader takes; a profile has that many of nothing. */
static int check_counts(const struct profile *p)
{
	uint32_t most = p->string_count;

	for (size_t i = 0; i < CAPTURE_TABLES; i++) {
		uint32_t count;

		memcpy(&count, (const uint8_t *)p + capture_tables[i].count_off, sizeof(count));
		most = count > most ? count : most;
	}
	return most > CAPTURE_ROWS_MAX ? -EFBIG : 0;
}

static int put_head(struct writer *w)
{
	const struct profile *p = w->profile;
	unsigned int causes = 0;

	for (size_t i = 0; i < CAPTURE_HEAD_COLUMNS; i++)
		put_column(w, &capture_head[i], (const uint8_t *)p, 0, 1);
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++)
		causes += p->losses[i].count || p->losses[i].ns;
	put_leb(w, causes);
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		if (!p->losses[i].count && !p->losses[i].ns)
			continue;
		put_bytes(w, loss_table[i].key, strlen(loss_table[i].key) + 1);
		put_leb(w, p->losses[i].count);
		put_leb(w, p->losses[i].ns);
	}
	return put_chunk(w, CAPTURE_HEAD);
}

/* --- texts and rows --------------------------------------------------------------------------- */

/* The version, the target, then the strings but for the first, which is "". */
static const char *text_at(const struct profile *p, uint32_t i)
{
	if (i > 1)
		return profile_string(p, i - 1);
	return i ? p->target : p->version ? p->version : "";
}

/* The texts up to string `id`, whatever their lengths: a chunk may end within one. */
static int put_texts(struct writer *w, uint32_t id)
{
	int ret = 0;

	while (w->texts < id + 2 && !ret) {
		const char *text = text_at(w->profile, w->texts++);
		size_t left = strlen(text) + 1;

		while (left && !ret) {
			size_t room = CAPTURE_TEXT_BYTES - w->used;
			size_t now = left < room ? left : room;

			put_bytes(w, text, now);
			text += now;
			left -= now;
			if (w->used == CAPTURE_TEXT_BYTES)
				ret = put_chunk(w, CAPTURE_TEXT);
		}
	}
	return ret || !w->used ? ret : put_chunk(w, CAPTURE_TEXT);
}

static uint64_t largest(const struct capture_column *column, const uint8_t *rows, size_t row_bytes,
			uint32_t count)
{
	uint64_t most = 0;

	for (uint32_t i = 0; i < count; i++, rows += row_bytes) {
		uint64_t value = load(rows, column);

		most = value > most ? value : most;
	}
	return most;
}

static int put_rows(struct writer *w, enum capture_chunk_type type, uint32_t end, uint32_t step);

/* What these rows refer to, as far as it is not written yet. */
static int put_referred(struct writer *w, const struct capture_table *table, const uint8_t *rows,
			uint32_t count)
{
	int ret = 0;

	for (size_t i = 0; i < table->column_count && !ret; i++) {
		const struct capture_column *column = &table->columns[i];
		uint32_t most;

		if (column->range < CAPTURE_STRING)
			continue;
		most = (uint32_t)largest(column, rows, table->row_bytes, count);
		if (column->range == CAPTURE_STRING)
			ret = put_texts(w, most);
		else if (column->range == CAPTURE_AN_IMAGE)
			ret = put_rows(w, CAPTURE_IMAGE, most + 1, CAPTURE_CHUNK_ROWS);
		else if (column->range == CAPTURE_A_FRAME)
			ret = put_rows(w, CAPTURE_FRAME, most + 1, CAPTURE_CHUNK_ROWS);
		else if (column->range == CAPTURE_A_STACK)
			ret = put_rows(w, CAPTURE_STACK, most + 1, CAPTURE_CHUNK_ROWS);
	}
	return ret;
}

/* The rows of a table up to `end`, in chunks of `step`. */
static int put_rows(struct writer *w, enum capture_chunk_type type, uint32_t end, uint32_t step)
{
	const struct capture_table *table = &capture_tables[CAPTURE_TABLE_OF(type)];
	uint32_t *written = &w->rows[CAPTURE_TABLE_OF(type)];
	const uint8_t *rows;
	int ret = 0;

	static_assert(LEB_MAX * (1 + CAPTURE_CHUNK_ROWS * CAPTURE_COLUMNS_MAX) <= CAPTURE_CHUNK_MAX,
		      "room for the largest numbers");
	memcpy(&rows, (const uint8_t *)w->profile + table->rows_off, sizeof(rows));
	while (*written < end && !ret) {
		const uint8_t *first = rows + *written * table->row_bytes;
		uint32_t left = end - *written, now = left < step ? left : step;

		ret = put_referred(w, table, first, now);
		if (ret)
			break;
		put_leb(w, now);
		for (size_t i = 0; i < table->column_count; i++)
			put_column(w, &table->columns[i], first, table->row_bytes, now);
		ret = put_chunk(w, type);
		*written += now;
	}
	return ret;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* In so many parts that a cut takes few that were not reached. */
static int put_parts(struct writer *w, enum capture_chunk_type type, uint32_t count)
{
	uint32_t step = count / PARTS + PART_ROWS;

	return put_rows(w, type, count, step < CAPTURE_CHUNK_ROWS ? step : CAPTURE_CHUNK_ROWS);
}

static int put_tables(struct writer *w)
{
	const struct profile *p = w->profile;
	int ret = put_rows(w, CAPTURE_PROCESS, p->process_count, CAPTURE_CHUNK_ROWS);

	if (!ret)
		ret = put_rows(w, CAPTURE_THREAD, p->thread_count, CAPTURE_CHUNK_ROWS);
	if (!ret)
		ret = put_parts(w, CAPTURE_SAMPLE, p->sample_count);
	if (!ret)
		ret = put_parts(w, CAPTURE_INTERVAL, p->interval_count);
	/* what nothing referred to */
	if (!ret)
		ret = put_rows(w, CAPTURE_STACK, p->stack_count, CAPTURE_CHUNK_ROWS);
	if (!ret)
		ret = put_rows(w, CAPTURE_FRAME, p->frame_count, CAPTURE_CHUNK_ROWS);
	if (!ret)
		ret = put_rows(w, CAPTURE_IMAGE, p->image_count, CAPTURE_CHUNK_ROWS);
	if (!ret)
		ret = put_texts(w, p->string_count - 1);
	return ret;
}

static int put_profile(struct writer *w)
{
	uint8_t version[4];
	int ret = check_counts(w->profile);

	if (ret)
		return ret;
	store_uint32(version, CAPTURE_VERSION);
	fwrite(CAPTURE_MAGIC, 1, CAPTURE_MAGIC_BYTES, w->out);
	fwrite(version, 1, sizeof(version), w->out);
	ret = text_check(w->out);
	if (!ret)
		ret = put_head(w);
	if (!ret)
		ret = put_tables(w);
	if (!ret)
		ret = put_chunk(w, CAPTURE_END);
	return ret ? ret : text_flush(w->out);
}

static int scope_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct writer w;
	int ret = writer_init(&w, p, out);

	(void)opts; /* all is kept, and chosen from when it is read */
	if (!ret)
		ret = put_profile(&w);
	writer_free(&w);
	return ret;
}

const struct exporter exporter_scope = {
	.name = "scope",
	.suffixes = { ".scope" },
	.summary = "the capture itself, to be exported or reported later, elsewhere",
	.binary = true,
	.write = scope_write,
};
