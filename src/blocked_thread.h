/* SPDX-License-Identifier: MIT */
/*
 * blocked_thread.h - which thread of a process is blocked at a given place, by /proc/PID/task/TID/syscall.
 */
#ifndef BLOCKED_THREAD_H
#define BLOCKED_THREAD_H

#include <stdbool.h>
#include <stdint.h>

/* Is this thread blocked with these user registers? */
bool blocked_thread_is(uint32_t pid, uint32_t tid, uint64_t sp, uint64_t ip);

/* The thread that is; 0: none, or none among the first *looks, which is what is left of it afterwards. */
uint32_t blocked_thread_find(uint32_t pid, uint64_t sp, uint64_t ip, unsigned int *looks);

#endif
