// SPDX-License-Identifier: MIT
/* --cgroup PATH: found in the v2 hierarchy, or refused with the place where that is. */
#include "opts_draft.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mounts.h"

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
	r = mounts_read(world->proc, NULL, &mounts);
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
	r = mounts_read(world->proc, found, &mounts);
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
