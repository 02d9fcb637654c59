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

/* The kinds of place (bits) that a kernel function tells of; 0 for most. */
uint32_t reason_places_of(const char *function);

/*
 * `places`: what reason_places_of() says of the kernel stack's functions after trim_kernel_stack(),
 * or-ed together; REASON_PLACES_UNKNOWN: there is no such stack, or it has no names. Returns a
 * static string, or `space` filled in. Never NULL, never "".
 */
#define REASON_PLACES_UNKNOWN (1u << 31)
const char *reason_name(uint32_t reason, uint32_t places, char space[REASON_NAME_BYTES]);

/* The name of a system call of x86-64; NULL: not known. */
const char *reason_syscall_name(uint32_t number);

#endif
