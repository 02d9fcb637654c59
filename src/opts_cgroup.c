// SPDX-License-Identifier: MIT
/* --cgroup PATH: found in the v2 hierarchy, or refused with the place where that is. */
#include "opts_draft.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

struct mounts {
	char v2[PATH_MAX];    /* the first cgroup2 mount; "": none */
	char type[32];	      /* of the file system that `path` is on */
};

static int read_mounts(const struct opts_world *world, const char *path, struct mounts *ret)
{
	_cleanup_free_ char *name = mem_format("%s/self/mountinfo", world->proc);
	_cleanup_free_ char *line = NULL;
	size_t size = 0, longest = 0;
	FILE *file = fopen(name, "re");

	if (!file)
		return -errno;
	*ret = (struct mounts){ 0 };
	while (getline(&line, &size, file) > 0) {
		const char *point, *type;

		if (!parse_mount(line, &point, &type))
			continue;
		if (!ret->v2[0] && !strcmp(type, "cgroup2"))
			snprintf(ret->v2, sizeof(ret->v2), "%s", point);
		/* The later of two mounts on one point hides the earlier. */
		if (path && is_below(path, point) && strlen(point) >= longest) {
			longest = strlen(point);
			snprintf(ret->type, sizeof(ret->type), "%s", type);
		}
	}
	fclose(file);
	return 0;
}

/* The path as it stands if it is one, else as a name below the v2 mount ("/user.slice" too). */
static char *find_directory(const char *path, const char *v2)
{
	_cleanup_free_ char *below = mem_format("%s/%s", v2, path);
	char *found = path[0] == '/' ? realpath(path, NULL) : NULL;

	return found ? found : realpath(below, NULL);
}

int cgroup_resolve(const struct opts_world *world, const char *path, char **ret_path,
		   struct err *err)
{
	_cleanup_free_ char *found = NULL;
	struct mounts mounts;
	struct stat status;
	int r;

	if (!path[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--cgroup: an empty path: give a directory of the v2 hierarchy");
	r = read_mounts(world, NULL, &mounts);
	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot read %s/self/mountinfo: %s",
			       world->proc, strerror(-r));
	if (!mounts.v2[0])
		return err_set(err, EXIT_CODE_UNSUPPORTED, -ENOENT,
			       "--cgroup %s: no cgroup v2 is mounted: mount -t cgroup2 none "
			       "/sys/fs/cgroup", path);
	found = find_directory(path, mounts.v2);
	if (!found)
		return err_set(err, EXIT_CODE_FAILURE, -ENOENT,
			       "--cgroup %s: no such cgroup: the v2 hierarchy is at %s", path,
			       mounts.v2);
	r = read_mounts(world, found, &mounts);
	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot read %s/self/mountinfo: %s",
			       world->proc, strerror(-r));
	if (!strcmp(mounts.type, "cgroup"))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--cgroup %s: this is a cgroup v1 path; v2 is needed, and mounted "
			       "at %s", path, mounts.v2);
	if (strcmp(mounts.type, "cgroup2") != 0 || stat(found, &status) ||
	    !S_ISDIR(status.st_mode))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "--cgroup %s: not a cgroup's directory: the v2 hierarchy is at %s",
			       path, mounts.v2);
	*ret_path = found;
	found = NULL;
	return 0;
}
