/* SPDX-License-Identifier: MIT */
/* privilege.h - whether this process may ask the kernel for a capture at all. */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include "err.h"

/* 0, or -EPERM and code 77 with the remedy. The kernel has the last word: lockdown, for one. */
int privilege_check(struct err *err);

#endif
