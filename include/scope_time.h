/* SPDX-License-Identifier: MIT */
/*
 * scope_time.h - the one unit of time.
 *
 * Every time and duration inside systemscope is an unsigned count of nanoseconds. Instants are
 * CLOCK_MONOTONIC, which is what bpf_ktime_get_ns() reads (kernel/bpf/helpers.c) and what the perf
 * events are told to use. Text becomes ns in src/opts.c only; ns becomes text in exporters/ and in
 * the summary only.
 */
#ifndef SCOPE_TIME_H
#define SCOPE_TIME_H

#include <stdint.h>

typedef uint64_t nsec_t;

#define NSEC_PER_USEC ((nsec_t)1000)
#define NSEC_PER_MSEC ((nsec_t)1000000)
#define NSEC_PER_SEC  ((nsec_t)1000000000)

#endif
