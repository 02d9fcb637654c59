/* SPDX-License-Identifier: MIT */
/* clock.h - now, in the one unit. */
#ifndef CLOCK_H
#define CLOCK_H

#include <time.h>

#include "scope_time.h"

static inline nsec_t clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (nsec_t)t.tv_sec * NSEC_PER_SEC + (nsec_t)t.tv_nsec;
}

static inline nsec_t clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

#endif
