/* SPDX-License-Identifier: MIT */
/* clock.h - now and then, in the one unit. */
#ifndef CLOCK_H
#define CLOCK_H

#include <errno.h>
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

/* Whatever signals come meanwhile. */
static inline void clock_sleep_until(nsec_t when_ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(when_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(when_ns % NSEC_PER_SEC),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

#endif
