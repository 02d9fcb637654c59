/* SPDX-License-Identifier: MIT */
/*
 * mmaps.h - who is born, takes a name, maps code and ends, from the kernel's own records
 * (perf FORK, COMM, MMAP2, EXIT), for all processes from mmaps_open() on. They come to the sink as
 * FORK, COMM, MAP (executable ones) and EXIT in the order of time, whatever CPU they come from;
 * what the rings lose is a LOSS of cause MMAP_RING. One whose CPU was interrupted between its time
 * stamp and its writing may come behind younger ones, but not behind any that follows from it.
 *
 * Take the snapshot (src/snapshot.h) after mmaps_open(), so that no mapping is missed between them.
 */
#ifndef MMAPS_H
#define MMAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "image.h"
#include "ingest.h"

struct mmaps;

struct mmaps_config {
	size_t ring_bytes;	/* per CPU, a power of two, at least a page; 0: 512 KiB */
	struct images *images;	/* mapped files are pinned here at once; NULL: not */
};

/* `config` may be NULL: the defaults. `images` must live until mmaps_close(). */
int mmaps_open(const struct mmaps_config *config, struct mmaps **ret_mmaps, struct err *err);
/*
 * Readable when there is a record: drain soon, so that what has ended can still be opened, and at
 * least once a second. Not the caller's.
 */
int mmaps_poll_fd(const struct mmaps *mmaps);
/*
 * Reads the rings and hands on what happened before the call; with `final`, everything. -EINVAL: a ring held nonsense and was skipped (counted as a loss).
 */
int mmaps_drain(struct mmaps *mmaps, bool final, struct ingest *ingest);
void mmaps_close(struct mmaps **mmaps); /* takes NULL */

#endif
