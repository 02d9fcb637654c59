// SPDX-License-Identifier: MIT
#include "blocked_thread.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mapping.h"

/* The line ends in stack pointer and address; of a thread that runs it is "running". */
bool blocked_thread_is(uint32_t pid, uint32_t tid, uint64_t sp, uint64_t ip)
{
	char path[64], line[256];
	char *last, *before;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (got <= 0)
		return false;
	line[got] = '\0';
	last = strrchr(line, ' ');
	if (!last || strtoull(last, NULL, 16) != ip)
		return false;
	*last = '\0';
	before = strrchr(line, ' ');
	return before && strtoull(before, NULL, 16) == sp;
}

uint32_t blocked_thread_find(uint32_t pid, uint64_t sp, uint64_t ip, unsigned int *looks)
{
	struct dirent *entry;
	uint32_t found = 0;
	char path[32];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = *looks ? opendir(path) : NULL;
	while (tasks && !found && *looks && (entry = readdir(tasks))) {
		uint32_t tid = proc_parse_id(entry->d_name);

		if (!tid)
			continue;
		--*looks;
		if (blocked_thread_is(pid, tid, sp, ip))
			found = tid;
	}
	if (tasks)
		closedir(tasks);
	return found;
}
