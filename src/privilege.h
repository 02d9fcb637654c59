/* SPDX-License-Identifier: MIT */
/* privilege.h - whether this process may ask the kernel for a capture at all. */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>

#include "err.h"

/* CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON. True too where capabilities cannot be asked for: the
 * capture itself will tell. */
bool privilege_held(void);

/* 0, or -EPERM and code 77 with the remedy. The kernel has the last word: lockdown, for one. */
int privilege_check(struct err *err);

#endif
