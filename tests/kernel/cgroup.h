/* SPDX-License-Identifier: MIT */
/*
 * cgroup.h - a cgroup v2 directory of a case's own, named after its process. known.c removes it
 * when the case has ended, however it did.
 */
#ifndef KNOWN_CGROUP_H
#define KNOWN_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

bool cgroup_is_mounted(void);
/* Makes it for the calling process; skips the case where that is not allowed. */
void cgroup_make(char *ret_path, size_t size);
/* CPU time of all that ever ran in it, to the last nanosecond of the dead: cpu.stat. */
int64_t cgroup_usage_ns(const char *path);
/* That of process `owner`; nothing happens if there is none. */
void cgroup_remove(pid_t owner);

#endif
