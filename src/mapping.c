// SPDX-License-Identifier: MIT
#include "mapping.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define PROC_TEXT_MAX  ((size_t)256 << 20)
#define PROC_TEXT_ROOM ((size_t)64 << 10)

int proc_text_read(struct proc_text *text, int dir_fd, const char *path)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	text->bytes = 0;
	for (;;) {
		ssize_t got;

		if (text->bytes + 1 >= text->room) {
			if (text->room >= PROC_TEXT_MAX) {
				ret = -EFBIG;
				break;
			}
			text->room = text->room ? text->room * 2 : PROC_TEXT_ROOM;
			text->data = mem_resize_array(text->data, text->room, 1);
		}
		got = read(fd, text->data + text->bytes, text->room - text->bytes - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ret = -errno;
		if (got <= 0)
			break;
		text->bytes += (size_t)got;
	}
	text->data[text->bytes] = '\0';
	close(fd);
	return ret;
}

void proc_text_free(struct proc_text *text)
{
	free(text->data);
	memset(text, 0, sizeof(*text));
}

uint32_t proc_parse_id(const char *name)
{
	uint64_t id = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9' || id > SCOPE_MEMBER_SIZE)
			return 0;
		id = id * 10 + (uint64_t)(*name - '0');
	}
	return (uint32_t)id;
}

/* Of a thread that has ended but not gone the text is empty. */
static bool read_thread_maps(struct proc_text *text, uint32_t tid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/maps", tid);
	return !proc_text_read(text, AT_FDCWD, path) && text->bytes;
}

int proc_text_read_maps(struct proc_text *text, uint32_t pid, uint32_t *ret_tid)
{
	uint32_t found = pid;
	struct dirent *entry;
	char path[32];
	DIR *tasks;

	if (!read_thread_maps(text, pid)) {
		snprintf(path, sizeof(path), "/proc/%u/task", pid);
		tasks = opendir(path);
		if (!tasks)
			return -errno;
		found = 0;
		while (!found && (entry = readdir(tasks))) {
			uint32_t tid = proc_parse_id(entry->d_name);

			if (tid && tid != pid && read_thread_maps(text, tid))
				found = tid;
		}
		closedir(tasks);
	}
	if (!found)
		return -ESRCH;
	*ret_tid = found;
	return 0;
}

/* Hand-made: a snapshot reads some hundred thousand numbers, and sscanf takes 1 us for each. */
static const char *parse_number(const char *at, unsigned int base, char stop, uint64_t *ret_value)
{
	const char *begin = at;
	uint64_t value = 0;

	for (;; at++) {
		unsigned int digit;

		if (*at >= '0' && *at <= '9')
			digit = (unsigned int)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			digit = (unsigned int)(*at - 'a') + 10;
		else
			break;
		if (digit >= base || at - begin >= 20)
			return NULL;
		value = value * base + digit;
	}
	if (at == begin || *at != stop)
		return NULL;
	*ret_value = value;
	return at + 1;
}

static bool parse_line(const char *line, const char *end, struct mapping *map)
{
	uint64_t major, minor, inode;

	line = parse_number(line, 16, '-', &map->start);
	if (line)
		line = parse_number(line, 16, ' ', &map->end);
	if (!line || end - line < 5 || line[4] != ' ' || map->start >= map->end)
		return false;
	map->executable = line[2] == 'x';
	line = parse_number(line + 5, 16, ' ', &map->file_off);
	if (line)
		line = parse_number(line, 16, ':', &major);
	if (line)
		line = parse_number(line, 16, ' ', &minor);
	/* The inode ends the line of an anonymous mapping in some kernels. */
	if (line && memchr(line, ' ', (size_t)(end - line)))
		line = parse_number(line, 10, ' ', &inode);
	else if (line)
		line = parse_number(line, 10, *end, &inode);
	if (!line || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	map->file = (struct scope_file){
		.inode = inode,
		.dev_major = (uint32_t)major,
		.dev_minor = (uint32_t)minor,
	};
	while (line < end && *line == ' ')
		line++;
	map->path = line < end ? line : end;
	map->path_len = line < end ? (size_t)(end - line) : 0;
	return true;
}

bool mapping_next(const char **cursor, struct mapping *ret_mapping)
{
	while (**cursor) {
		const char *line = *cursor, *end = strchrnul(line, '\n');
		struct mapping map = { 0 };

		*cursor = *end ? end + 1 : end;
		if (parse_line(line, end, &map)) {
			*ret_mapping = map;
			return true;
		}
	}
	return false;
}

int mapping_send(const struct mapping *mapping, uint32_t pid, nsec_t time_ns, struct ingest *ingest)
{
	union {
		struct scope_map map;
		char room[(sizeof(struct scope_map) + MAPPING_PATH_MAX + 1 + 7) & ~(size_t)7];
	} record;
	size_t length = mapping->path_len < MAPPING_PATH_MAX ? mapping->path_len : MAPPING_PATH_MAX;
	size_t bytes = (sizeof(record.map) + length + 1 + 7) & ~(size_t)7;

	memset(&record, 0, bytes);
	record.map.rec.type = SCOPE_REC_MAP;
	record.map.rec.size = (uint32_t)bytes;
	record.map.time_ns = time_ns;
	record.map.start = mapping->start;
	record.map.end = mapping->end;
	record.map.file_off = mapping->file_off;
	record.map.file = mapping->file;
	record.map.pid = pid;
	record.map.executable = mapping->executable;
	record.map.path_len = (uint16_t)length;
	memcpy(record.room + sizeof(record.map), mapping->path, length);
	return ingest_record(ingest, &record, bytes);
}
