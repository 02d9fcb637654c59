// SPDX-License-Identifier: MIT
#include "search_path.h"

#include <string.h>
#include <unistd.h>

#include "mem.h"

char *search_path_find(const char *name, int mode)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t length = strcspn(path, ":");
		char *file = mem_format("%.*s/%s", (int)length, path, name);

		if (!access(file, mode))
			return file;
		free(file);
		path += length + (path[length] == ':');
	}
	return NULL;
}
