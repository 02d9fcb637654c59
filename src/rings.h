/* SPDX-License-Identifier: MIT */
/*
 * rings.h - the readers' end of BPF ring buffers.
 *
 * Of each ring a window is mapped, and another when the records have left it. What is mapped counts as
 * memory of the process, and a ring mapped whole, for wrapping records twice, would be most of what
 * this one has.
 */
#ifndef RINGS_H
#define RINGS_H

#include <stddef.h>

struct rings;

/* One whole record. */
typedef void ring_sink(void *context, const void *record, size_t bytes);

struct rings *rings_new(void);
void rings_free(struct rings **rings); /* takes NULL */

/* Reads the ring behind `fd`, of `bytes`, as well; `fd` is not owned. 0 or -errno. */
int rings_add(struct rings *rings, int fd, size_t bytes, ring_sink *sink, void *context);

/* Readable when a ring called. */
int rings_fd(const struct rings *rings);

/* Hands on all records that are there, ring after ring. 0 or -errno. */
int rings_drain(struct rings *rings);

#endif
