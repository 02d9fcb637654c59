/* SPDX-License-Identifier: MIT */
/*
 * roles.h - what a thread is there for, as far as its name tells: a guess by what runtimes and
 * servers call their threads, and nothing that times depend on. Defined in exporters/roles.c.
 */
#ifndef ROLES_H
#define ROLES_H

#include "profile.h"

struct role {
	const char *name; /* a word, for a file's name */
	const char *text; /* for people */
};

/* Never NULL: of a thread that nothing is known of, name and text are "". */
const struct role *role_of_thread(const struct profile *profile, uint32_t thread);

#endif
