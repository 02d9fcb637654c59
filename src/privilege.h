/* SPDX-License-Identifier: MIT */
/* privilege.h - whether this process may ask the kernel for a capture at all. */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>

#include "err.h"

/* CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON. True too where capabilities cannot be asked for: the
 * capture itself will tell. */
bool privilege_held(void);

/* Processes have the numbers here that they have for the kernel: no pid namespace of its own. True
 * too where that cannot be asked. */
bool privilege_counts_as_host(void);

#define PRIVILEGE_OWN_NUMBERS	 "processes have numbers of their own in this container"
#define PRIVILEGE_NUMBERS_REMEDY                                                                   \
	"run it on the host, or share its numbers (docker run --pid=host)"

/* 0, or -EPERM and code 77 with the remedy. The kernel has the last word: lockdown, for one. */
int privilege_check(struct err *err);

#endif
