/* SPDX-License-Identifier: MIT */
/*
 * sudo.h - who called sudo: the user that COMMAND runs as and that files belong to.
 */
#ifndef SUDO_H
#define SUDO_H

#include <stdbool.h>
#include <sys/types.h>

/* False: not root, not under sudo, or sudo was called by root. */
bool sudo_caller(uid_t *ret_uid, gid_t *ret_gid);

#endif
