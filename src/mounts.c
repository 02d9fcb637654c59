// SPDX-License-Identifier: MIT
#include "mounts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

/* /proc/self/mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		unsigned int byte;
		int used;

		if (from[0] == '\\' && sscanf(from + 1, "%3o%n", &byte, &used) == 1 && used == 3) {
			*to++ = (char)byte;
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

/* One line of mountinfo: the mount point (unescaped, inside `line`) and the file system's type. */
static bool parse_mount(char *line, const char **ret_point, const char **ret_type)
{
	char *separator = strstr(line, " - "), *save = NULL, *point = line;

	if (!separator)
		return false;
	*separator = 0;
	for (int field = 0; point && field < 5; field++)
		point = strtok_r(field ? NULL : line, " ", &save);
	*ret_type = strtok_r(separator + 3, " \n", &save);
	if (!point || !*ret_type)
		return false;
	unescape(point);
	*ret_point = point;
	return true;
}

static bool is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length && directory[length - 1] == '/')
		length--;
	return !strncmp(path, directory, length) && (!path[length] || path[length] == '/');
}

int mounts_read(const char *proc, const char *path, struct mounts *ret_mounts)
{
	_cleanup_free_ char *name = mem_format("%s/self/mountinfo", proc);
	_cleanup_free_ char *line = NULL;
	size_t size = 0, longest = 0;
	FILE *file = fopen(name, "re");

	if (!file)
		return -errno;
	*ret_mounts = (struct mounts){ 0 };
	while (getline(&line, &size, file) > 0) {
		const char *point, *type;

		if (!parse_mount(line, &point, &type))
			continue;
		if (!ret_mounts->v2[0] && !strcmp(type, "cgroup2"))
			snprintf(ret_mounts->v2, sizeof(ret_mounts->v2), "%s", point);
		/* The later of two mounts on one point hides the earlier. */
		if (path && is_below(path, point) && strlen(point) >= longest) {
			longest = strlen(point);
			snprintf(ret_mounts->type, sizeof(ret_mounts->type), "%s", type);
		}
	}
	fclose(file);
	return 0;
}
