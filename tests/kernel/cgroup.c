// SPDX-License-Identifier: MIT
#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "known.h"

static bool find_root(char root[512])
{
	FILE *mounts = fopen("/proc/mounts", "r");
	char line[1024];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = strstr(line, " cgroup2 ") && sscanf(line, "%*s %511s", root) == 1;
	if (mounts)
		fclose(mounts);
	return found;
}

static bool path_of(pid_t owner, char *ret_path, size_t size)
{
	char root[512];

	if (!find_root(root))
		return false;
	snprintf(ret_path, size, "%s/known-answer-%d", root, owner);
	return true;
}

bool cgroup_is_mounted(void)
{
	char root[512];

	return find_root(root);
}

void cgroup_make(char *ret_path, size_t size)
{
	if (!path_of(getpid(), ret_path, size))
		known_skip("no cgroup v2 hierarchy is mounted");
	if (mkdir(ret_path, 0755))
		known_skip("cannot make %s: %s", ret_path, strerror(errno));
}

int64_t cgroup_usage_ns(const char *path)
{
	char name[600];
	long long usage_us = -1;
	FILE *file;

	snprintf(name, sizeof(name), "%s/cpu.stat", path);
	file = fopen(name, "r");
	if (!file || fscanf(file, "usage_usec %lld", &usage_us) != 1)
		known_fail("cannot read %s", name);
	fclose(file);
	return usage_us * 1000;
}

void cgroup_remove(pid_t owner)
{
	char path[600];

	if (!path_of(owner, path, sizeof(path)))
		return;
	/* the dead leave it a little after they have been waited for */
	for (int tries = 0; rmdir(path) && errno == EBUSY && tries < 100; tries++)
		usleep(20000);
}
