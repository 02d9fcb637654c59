// SPDX-License-Identifier: MIT
#include "launch_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sudo.h"
#include "value.h"

/* The entry of that name, or (name NULL) of that number; false: none. */
static bool read_passwd(const char *name, uid_t uid, struct launch_user *user)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (name ? strcmp(entry->pw_name, name) != 0 : entry->pw_uid != uid)
			continue;
		user->uid = entry->pw_uid;
		user->gid = entry->pw_gid;
		user->name = mem_copy_string(entry->pw_name);
		user->home = mem_copy_string(entry->pw_dir);
		break;
	}
	if (file)
		fclose(file);
	return user->name != NULL;
}

static void read_groups(struct launch_user *user)
{
	FILE *file = fopen("/etc/group", "re");
	const struct group *entry;

	*array_push(&user->groups) = user->gid;
	while (file && user->name && (entry = fgetgrent(file))) {
		for (char **member = entry->gr_mem; *member; member++) {
			if (entry->gr_gid != user->gid && !strcmp(*member, user->name)) {
				*array_push(&user->groups) = entry->gr_gid;
				break;
			}
		}
	}
	if (file)
		fclose(file);
}

int launch_user_find(const char *wanted, struct launch_user *ret_user, struct err *err)
{
	struct launch_user user = { 0 };
	uint64_t number;
	bool numeric;

	if (wanted) {
		numeric = !value_parse_number(wanted, strlen(wanted), UINT32_MAX - 1, &number);
		if (!read_passwd(wanted, 0, &user) &&
		    !(numeric && read_passwd(NULL, (uid_t)number, &user)))
			return err_set(err, EXIT_CODE_FAILURE, -ENOENT,
				       "--user %s: no such user in /etc/passwd", wanted);
		user.change = user.uid != geteuid();
	} else if (sudo_caller(&user.uid, &user.gid)) {
		gid_t gid = user.gid;

		read_passwd(NULL, user.uid, &user);
		user.gid = gid;
		user.change = true;
	}
	if (user.change)
		read_groups(&user);
	*ret_user = user;
	return 0;
}

int launch_user_change(const struct launch_user *user)
{
	if (user->change &&
	    (setgroups(user->groups.count, user->groups.items) < 0 ||
	     setresgid(user->gid, user->gid, user->gid) < 0 ||
	     setresuid(user->uid, user->uid, user->uid) < 0))
		return -errno;
	return 0;
}

int launch_user_become(const struct launch_user *user)
{
	int r = launch_user_change(user);

	if (r)
		return r;
	if (user->change && user->name &&
	    (setenv("HOME", user->home, 1) < 0 || setenv("USER", user->name, 1) < 0 ||
	     setenv("LOGNAME", user->name, 1) < 0))
		return -ENOMEM;
	return 0;
}

void launch_user_free(struct launch_user *user)
{
	array_free(&user->groups);
	free(user->name);
	free(user->home);
}
