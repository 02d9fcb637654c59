/* SPDX-License-Identifier: MIT */
/*
 * unnamed.h - how much time is in frames without a name, in which image or process, and why.
 *
 * Time is frames x time, as in quality.unnamed_ns: its parts sum to that. What has no name is
 * explained once all is named, from the files that are open still, so that what has one costs
 * nothing.
 */
#ifndef UNNAMED_H
#define UNNAMED_H

#include "frames.h"
#include "ledger.h"
#include "stacks.h"

/* Adds each stack's time to unnamed_ns of the images of its frames (frames->images). */
void unnamed_measure(struct frames *frames, const struct stacks *stacks,
		     const struct profile_sample *samples, size_t count);
/* After that: fills why, debug_file and debug_package of those that have any. */
void unnamed_explain(struct frames *frames, nsec_t frames_ns);
/* The anonymous_why (a string) of a process, by its instance (PROCS_NONE: not known). */
uint32_t unnamed_explain_anonymous(struct frames *frames, uint32_t instance);

#endif
