/* SPDX-License-Identifier: MIT */
/*
 * launch_user.h - the user that COMMAND runs as.
 *
 * Looked up in /etc/passwd and /etc/group as files: the C library's own look-ups load shared
 * objects, which a static program cannot rely on.
 */
#ifndef LAUNCH_USER_H
#define LAUNCH_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "mem.h"

struct launch_user {
	bool change; /* false: COMMAND runs as we do, and the rest is empty */
	uid_t uid;
	gid_t gid;
	ARRAY(gid_t) groups;
	char *name; /* NULL: no entry in /etc/passwd */
	char *home;
};

/* `wanted`: --user, a name or a number; NULL: who called sudo, if anybody. */
int launch_user_find(const char *wanted, struct launch_user *ret_user, struct err *err);
/* In the child: takes the identity. 0 or -errno; allocates nothing. */
int launch_user_change(const struct launch_user *user);
/* And its HOME, USER, LOGNAME. 0 or -errno. */
int launch_user_become(const struct launch_user *user);
void launch_user_free(struct launch_user *user);

#endif
