/* SPDX-License-Identifier: MIT */
/*
 * views.h - a part of a profile as a profile: one thread, or one process with its threads. Every
 * exporter works on it.
 *
 * Invariants: a view holds all that include/profile.h promises. Its samples, intervals and accounts
 * are those of its threads, to the nanosecond, so that those of all threads together are the whole;
 * so are quality, the images' unnamed_ns and incomplete_ns, and anonymous_ns. (Not of a capture file
 * that is not whole: there the whole tells of what was captured, a view of what was read.) It has
 * only the strings, images, frames and stacks that it needs, in the order of the whole. What is told
 * of the run and not of a thread stays: the window, the CPUs, idle time, losses, what the profiler
 * cost. A view is not system-wide: threads that never ran are as good as any there.
 *
 * Ownership: the bytes of strings are the whole's, which must outlive the views; the rest belongs
 * to `struct views`, and is overwritten by the next view. So making the views of all threads in
 * turn costs little more than the sum of what is in them.
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "profile.h"

struct views;

struct views *views_new(const struct profile *whole);
void views_free(struct views **views); /* takes NULL */

/* By index. Valid, and constant, until the next call with the same views. */
const struct profile *views_thread(struct views *views, uint32_t thread);
const struct profile *views_process(struct views *views, uint32_t process);

#endif
