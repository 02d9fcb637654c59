// SPDX-License-Identifier: MIT
#include "sudo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "value.h"

static bool read_id(const char *variable, uint64_t *ret_id)
{
	const char *text = getenv(variable);

	/* The highest number means "no id" to the system calls. */
	return text && !value_parse_number(text, strlen(text), UINT32_MAX - 1, ret_id);
}

bool sudo_caller(uid_t *ret_uid, gid_t *ret_gid)
{
	uint64_t uid, gid;

	if (geteuid() != 0 || !read_id("SUDO_UID", &uid) || !read_id("SUDO_GID", &gid) || !uid)
		return false;
	*ret_uid = (uid_t)uid;
	*ret_gid = (gid_t)gid;
	return true;
}
