// SPDX-License-Identifier: MIT
/*
 * sym_perfmap.c - names of code made at run time, from the perf map that its process writes: a line
 * for each function, `START SIZE NAME`, the numbers hexadecimal.
 *
 * The file is as hostile as its writer. A line that is no such line is passed over, as is one whose
 * range wraps. A JIT uses memory again, so the later line has the addresses that both cover. The
 * file may grow while it is read: what has been written by then is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image_jit.h"
#include "mem.h"
#include "sym_files.h"
#include "sym_ranges.h"
#include "symsource.h"

struct sym_perfmap {
	char *text; /* owns the names */
	size_t bytes;
	struct sym_ranges ranges;
};

static void sym_perfmap_close(void *state)
{
	struct sym_perfmap *map = state;

	if (!map)
		return;
	free(map->text);
	sym_ranges_free(&map->ranges);
	free(map);
}

static void read_text(struct sym_perfmap *map, const struct image *image)
{
	size_t room = image->size < IMAGE_JIT_BYTES_MAX ? image->size : IMAGE_JIT_BYTES_MAX;
	ssize_t got;

	map->text = mem_alloc(room + 1);
	while (map->bytes < room && (got = pread(image->fd, map->text + map->bytes,
						 room - map->bytes, (off_t)map->bytes)) > 0)
		map->bytes += (size_t)got;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A number and the blanks behind it. Java writes `0x` before it. NULL: there is none. */
static const char *parse_hex(const char *at, const char *end, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *digits;

	if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		at += 2;
	for (digits = at; at < end; at++) {
		unsigned int c = (unsigned char)*at;
		unsigned int digit = c - '0' < 10 ? c - '0' : (c | 0x20) - 'a' + 10;

		if ((c - '0' >= 10 && digit < 10) || digit > 15)
			break;
		if (value >> 60)
			return NULL;
		value = value << 4 | digit;
	}
	if (at == digits || at == end || !is_blank(*at))
		return NULL;
	while (at < end && is_blank(*at))
		at++;
	*ret_value = value;
	return at;
}

/* Without its newline. */
static bool parse_line(const char *line, size_t length, struct sym_range *ret_range)
{
	const char *end = line + length;
	uint64_t start, size;
	size_t name_bytes;

	line = parse_hex(line, end, &start);
	if (line)
		line = parse_hex(line, end, &size);
	if (!line || !size || size > UINT64_MAX - start)
		return false;
	name_bytes = strnlen(line, (size_t)(end - line));
	if (!name_bytes)
		return false;
	*ret_range = (struct sym_range){
		.start = start,
		.end = start + size,
		.name = line,
		.name_length = (uint32_t)(name_bytes < IMAGE_JIT_NAME_MAX ? name_bytes
									  : IMAGE_JIT_NAME_MAX),
	};
	return true;
}

static void parse_text(struct sym_perfmap *map)
{
	ARRAY(struct sym_range) found = { 0 };

	for (size_t at = 0; at < map->bytes && found.count < IMAGE_JIT_CODES_MAX;) {
		const char *line = map->text + at;
		const char *end = memchr(line, '\n', map->bytes - at);
		size_t length = end ? (size_t)(end - line) : map->bytes - at;
		struct sym_range range;

		if (parse_line(line, length, &range))
			*array_push(&found) = range;
		at += length + 1;
	}
	sym_ranges_seal_latest(&map->ranges, found.items, found.count);
	array_free(&found);
}

static int sym_perfmap_open(struct sym_files *files, void **ret_state)
{
	const struct image *image = sym_files_image(files);
	struct sym_perfmap *map;

	if (image->kind != IMAGE_JIT || image->fd < 0)
		return -ENOENT;
	map = mem_alloc(sizeof(*map));
	read_text(map, image);
	parse_text(map);
	if (!map->ranges.count) {
		sym_perfmap_close(map);
		return -ENOENT;
	}
	*ret_state = map;
	return 0;
}

static size_t sym_perfmap_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names,
				  size_t max)
{
	struct sym_perfmap *map = state;

	return sym_ranges_resolve(&map->ranges, vaddr, ret_names, max);
}

const struct symsource sym_perfmap_source = {
	.name = "perfmap",
	.open = sym_perfmap_open,
	.resolve = sym_perfmap_resolve,
	.close = sym_perfmap_close,
};
