/* SPDX-License-Identifier: MIT */
/*
 * kstack.h - the kernel stack of a thread that leaves its CPU, as words in memory.
 *
 * The addresses of its plan stand where frames put them: how large one is follows from its address,
 * but that of the function which a system call enters, the last but one, is moved by a random
 * distance. Kernel threads make no system calls, and begin a little below the top. What is between is left
 * over from before, or random; some of it looks like an address.
 */
#ifndef TEST_KSTACK_H
#define TEST_KSTACK_H

#include "kernel.h"
#include "words.h"

/* What the kernel's unwinder finds first of a tracepoint: the program and its caller, below. */
#define KSTACK_OWN 2
extern const __u64 kstack_own[KSTACK_OWN];

/* fuzz-kernel-stacks: a thread blocks again and again, with one of a few stacks. */
void kstack_run(struct words *w);

/* Where a tracepoint's context lies on it; NULL: it has no stack. */
void *kstack_lay(struct ktask *t);

#endif
