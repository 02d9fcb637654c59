/* SPDX-License-Identifier: MIT */
/*
 * trim.h - which frames at the leaf of a kernel stack are there because it was taken, not because
 * of what the thread did: the profiler's own, the scheduler's, the timer interrupt of a tick.
 */
#ifndef TRIM_H
#define TRIM_H

#include <stdbool.h>
#include <stddef.h>

/* What a kernel function means at the leaf of a stack. */
enum trim_kind {
	TRIM_NOT,
	TRIM_NAMELESS,	/* no name: perhaps a program that was compiled without one */
	TRIM_TRACE,	/* between a tracepoint and the profiler's program */
	TRIM_SCHEDULER, /* between the place that blocks and the tracepoint, sleeping helpers too */
	TRIM_TICK,	/* the perf event's handler */
	TRIM_INTERRUPT, /* from the interrupted place to that handler */
};

/* `function` is NULL where a frame has no name; suffixes like ".isra.0" are ignored. */
enum trim_kind trim_kind_of(const char *function);

/*
 * How many of the `count` leaf-first functions to drop. `on_cpu`: a tick's stack, else one taken at
 * switch-out.
 */
size_t trim_kernel_stack(bool on_cpu, const enum trim_kind *kinds, size_t count);

#endif
