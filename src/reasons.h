/* SPDX-License-Identifier: MIT */
/*
 * reasons.h - why a thread was blocked, in a word or two.
 *
 * A pure function of the raw facts that the kernel side kept (SCOPE_REASON_*) and of the kernel
 * functions that the thread waited in. Reasons are labels on blocked time and never add any.
 */
#ifndef REASONS_H
#define REASONS_H

#include <stddef.h>
#include <stdint.h>

#define REASON_NAME_BYTES 32

/*
 * `functions`: the names of the kernel stack after trim_kernel_stack(), leaf first, NULL where a frame
 * has none; count 0: not known. Returns a static string, or `space` filled in. Never NULL, never "".
 */
const char *reason_name(uint32_t reason, const char *const *functions, size_t count,
			char space[REASON_NAME_BYTES]);

/* The name of a system call of x86-64; NULL: not known. */
const char *reason_syscall_name(uint32_t number);

#endif
