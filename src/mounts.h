/* SPDX-License-Identifier: MIT */
/* mounts.h - what is mounted where, as far as cgroups go. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <limits.h>

struct mounts {
	char v2[PATH_MAX]; /* where the first cgroup2 is; "": nowhere */
	char type[32];	   /* of the file system that `path` is on; "": not asked */
};

/* From `proc`/self/mountinfo. `path`: absolute, or NULL. 0 or -errno. */
int mounts_read(const char *proc, const char *path, struct mounts *ret_mounts);

#endif
