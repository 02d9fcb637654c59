// SPDX-License-Identifier: MIT
/*
 * sym_jitdump.c - names of code made at run time, from the jitdump that its process writes
 * (tools/perf/Documentation/jitdump-specification.txt in Linux): records of code that was loaded
 * somewhere, with its name and bytes, or moved.
 *
 * As in a perf map, the later record has the addresses that several cover; what was moved keeps its
 * name at the old place, since the stacks of before have that. The code itself is passed over.
 * Lines are not taken: V8 writes their addresses 64 bytes too high, for the sake of one tool, and
 * nothing in the file says so.
 *
 * The file is as hostile as its writer, and may grow while it is read. Where a record cannot be
 * one, the rest is not to be found; what came before it counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor.h"
#include "image_jit.h"
#include "mem.h"
#include "sym_files.h"
#include "sym_ranges.h"
#include "symsource.h"

#define MAGIC	0x4a695444u /* in our byte order: no program here has code of another */
#define VERSION 1

enum { RECORD_LOAD = 0, RECORD_MOVE = 1 };

#define HEADER_BYTES 40u
#define RECORD_BYTES 16u  /* id, size of it all, time */
#define LOAD_BYTES   40u  /* pid, tid, vma, address, size, index; then the name, then the code */
#define LOOK_BYTES   512u /* nearly all names end in the first so many bytes of their record */

#define RECORDS_MAX    ((size_t)8 << 20)
#define NAME_BYTES_MAX ((size_t)256 << 20) /* of all names together */

/* One load or move: the name came to be at an address. */
struct code {
	uint64_t start, size;
	uint64_t index;		    /* by which the writer tells codes apart */
	uint32_t name, name_length; /* in names; no length: of a move, not found yet */
};

struct sym_jitdump {
	int fd; /* the image's */
	uint8_t head[RECORD_BYTES + LOAD_BYTES + IMAGE_JIT_NAME_MAX];
	char *names; /* one behind the other */
	size_t name_bytes, name_room;
	ARRAY(struct code) codes;
	bool has_moves;
	struct sym_ranges ranges;
};

static void sym_jitdump_close(void *state)
{
	struct sym_jitdump *dump = state;

	if (!dump)
		return;
	free(dump->names);
	array_free(&dump->codes);
	sym_ranges_free(&dump->ranges);
	free(dump);
}

/* --- records ---------------------------------------------------------------------------------- */

/* At most `bytes` bytes of the file, in `head`. */
static struct cursor read_head(struct sym_jitdump *dump, uint64_t off, size_t bytes)
{
	ssize_t got = off <= INT64_MAX ? pread(dump->fd, dump->head, bytes, (off_t)off) : 0;

	return (struct cursor){ .at = dump->head, .end = dump->head + (got > 0 ? got : 0) };
}

static bool add_name(struct sym_jitdump *dump, const void *name, size_t length, struct code *code)
{
	if (length > NAME_BYTES_MAX - dump->name_bytes)
		return false;
	if (length > dump->name_room - dump->name_bytes) {
		dump->name_room = 2 * dump->name_room + IMAGE_JIT_NAME_MAX;
		dump->names = mem_resize_array(dump->names, dump->name_room, 1);
	}
	memcpy(dump->names + dump->name_bytes, name, length);
	code->name = (uint32_t)dump->name_bytes;
	code->name_length = (uint32_t)length;
	dump->name_bytes += length;
	return true;
}

/* `at` stands behind the record's own head; `off`: of the record, which is `bytes` long. */
static void take_load(struct sym_jitdump *dump, struct cursor at, uint64_t off, uint32_t bytes)
{
	struct code code = { 0 };
	size_t length;

	cursor_skip(&at, 4 + 4 + 8);
	code.start = cursor_uint64(&at);
	code.size = cursor_uint64(&at);
	code.index = cursor_uint64(&at);
	length = strnlen((const char *)at.at, cursor_left(&at));
	if (!at.bad && length == cursor_left(&at) && bytes > LOOK_BYTES) {
		at = read_head(dump, off, bytes < sizeof(dump->head) ? bytes : sizeof(dump->head));
		cursor_skip(&at, RECORD_BYTES + LOAD_BYTES);
		length = strnlen((const char *)at.at, cursor_left(&at));
	}
	/* a name without an end is one that is being written, or too long */
	if (at.bad || !length || (length == cursor_left(&at) && length < IMAGE_JIT_NAME_MAX))
		return;
	if (add_name(dump, at.at, length, &code))
		*array_push(&dump->codes) = code;
}

static void take_move(struct sym_jitdump *dump, struct cursor at)
{
	struct code code = { 0 };

	cursor_skip(&at, 4 + 4 + 8 + 8);
	code.start = cursor_uint64(&at);
	code.size = cursor_uint64(&at);
	code.index = cursor_uint64(&at);
	if (at.bad)
		return;
	*array_push(&dump->codes) = code;
	dump->has_moves = true;
}

static void take_records(struct sym_jitdump *dump, uint64_t off)
{
	for (size_t i = 0; i < RECORDS_MAX && dump->codes.count < IMAGE_JIT_CODES_MAX; i++) {
		struct cursor at = read_head(dump, off, LOOK_BYTES);
		uint32_t id = cursor_uint32(&at), bytes = cursor_uint32(&at);

		cursor_skip(&at, 8);
		if (at.bad || bytes < RECORD_BYTES)
			return;
		if (cursor_left(&at) > bytes - RECORD_BYTES)
			at.end = at.at + (bytes - RECORD_BYTES);
		if (id == RECORD_LOAD)
			take_load(dump, at, off, bytes);
		else if (id == RECORD_MOVE)
			take_move(dump, at);
		off += bytes;
	}
}

/* --- names ------------------------------------------------------------------------------------ */

/* By index, and of one index in the order of the file. */
static int compare_codes(const void *a, const void *b)
{
	const struct code *x = *(const struct code *const *)a, *y = *(const struct code *const *)b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (x > y) - (x < y);
}

/* By sorting: a writer could see to it that a hash is slow. */
static void name_moves(struct sym_jitdump *dump)
{
	size_t count = dump->codes.count;
	_cleanup_free_ struct code **sorted = mem_alloc_array(count, sizeof(struct code *));

	for (size_t i = 0; i < count; i++)
		sorted[i] = &dump->codes.items[i];
	qsort(sorted, count, sizeof(struct code *), compare_codes);
	for (size_t i = 1; i < count; i++) {
		if (sorted[i]->name_length || sorted[i]->index != sorted[i - 1]->index)
			continue;
		sorted[i]->name = sorted[i - 1]->name;
		sorted[i]->name_length = sorted[i - 1]->name_length;
	}
}

static void seal(struct sym_jitdump *dump)
{
	ARRAY(struct sym_range) found = { 0 };

	if (dump->has_moves)
		name_moves(dump);
	for (size_t i = 0; i < dump->codes.count; i++) {
		const struct code *code = &dump->codes.items[i];

		if (!code->name_length || !code->size || code->size > UINT64_MAX - code->start)
			continue;
		*array_push(&found) = (struct sym_range){
			.start = code->start,
			.end = code->start + code->size,
			.name = dump->names + code->name,
			.name_length = code->name_length,
		};
	}
	array_free(&dump->codes);
	sym_ranges_seal_latest(&dump->ranges, found.items, found.count);
	array_free(&found);
}

static int sym_jitdump_open(struct sym_files *files, void **ret_state)
{
	const struct image *image = sym_files_image(files);
	struct sym_jitdump *dump;
	uint32_t magic, version, bytes;
	struct cursor at;

	if (image->kind != IMAGE_JIT || !image->dump || image->dump->fd < 0)
		return -ENOENT;
	dump = mem_alloc(sizeof(*dump));
	dump->fd = image->dump->fd;
	at = read_head(dump, 0, HEADER_BYTES);
	magic = cursor_uint32(&at);
	version = cursor_uint32(&at);
	bytes = cursor_uint32(&at);
	if (!at.bad && magic == MAGIC && version == VERSION && bytes >= HEADER_BYTES)
		take_records(dump, bytes);
	seal(dump);
	if (!dump->ranges.count) {
		sym_jitdump_close(dump);
		return -ENOENT;
	}
	*ret_state = dump;
	return 0;
}

static size_t sym_jitdump_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names,
				  size_t max)
{
	struct sym_jitdump *dump = state;

	return sym_ranges_resolve(&dump->ranges, vaddr, ret_names, max);
}

const struct symsource sym_jitdump_source = {
	.name = "jitdump",
	.open = sym_jitdump_open,
	.resolve = sym_jitdump_resolve,
	.close = sym_jitdump_close,
};
