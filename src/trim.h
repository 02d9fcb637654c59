/* SPDX-License-Identifier: MIT */
/*
 * trim.h - which frames at the leaf of a kernel stack are there because it was taken, not because of
 * what the thread did: the profiler's own, the scheduler's, the timer interrupt of a tick.
 */
#ifndef TRIM_H
#define TRIM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many of the `count` leaf-first functions to drop. `on_cpu`: a tick's stack, else one taken at
 * switch-out. An entry is NULL where a frame has no name; suffixes like ".isra.0" are ignored.
 */
size_t trim_kernel_stack(bool on_cpu, const char *const *functions, size_t count);

#endif
