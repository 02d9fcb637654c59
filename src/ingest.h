/* SPDX-License-Identifier: MIT */
/*
 * ingest.h - the record sink: everything that a run learns comes in here, one record at a time,
 * from the live tracer, from the collectors, or from a test. Needs no privilege and opens no file.
 *
 * Records may come in any order, with these exceptions: WINDOW before profile_build(); the FORK,
 * COMM and MAP records of one process in time order where their times are equal. Addresses become
 * (image, offset) when the profile is built, so that a mapping record that arrives after the stack
 * that needs it still counts.
 *
 * A THREAD record replaces an earlier one of the same `thread` with the same first_ns, or one of which
 * no event is known (first_ns 0), unless that one tells of a later time (since_ns). With another
 * first_ns it is another life of that thread (it left the target and came back, or took over the
 * leader's identity in execve): the accounts are added up.
 * One THREAD record with SCOPE_THREAD_LOST stands for all lost threads together; the last wins.
 */
#ifndef INGEST_H
#define INGEST_H

#include <stddef.h>
#include <stdint.h>

#include "scope_event.h"

struct ingest;

struct ingest *ingest_new(void);
void ingest_free(struct ingest **ingest); /* takes NULL */

/*
 * Takes one record of `bytes` bytes (copied; any alignment). 0; -EINVAL: malformed (wrong size,
 * unknown type, count beyond the size): nothing was taken.
 */
int ingest_record(struct ingest *ingest, const void *record, size_t bytes);
/* The STACK with this head, whose `rec` need not be set, and its head->count addresses, leaf first. */
int ingest_stack(struct ingest *ingest, const struct scope_stack *head, const uint64_t *ips);

/*
 * Each FORK, COMM, EXIT and MAP goes on to `listener` after it was taken (NULL: to nobody). These come
 * aligned from the collectors.
 */
typedef void ingest_listener(void *context, const void *record);
void ingest_listen(struct ingest *ingest, ingest_listener *listener, void *context);

#endif
