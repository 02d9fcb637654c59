/* SPDX-License-Identifier: MIT */
/*
 * mmaps_batch.h - perf records taken from the rings, waiting to be handed on in the order of time.
 * The pure part of src/mmaps.c: needs no kernel, trusts no size.
 */
#ifndef MMAPS_BATCH_H
#define MMAPS_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "ingest.h"
#include "mem.h"
#include "scope_time.h"

struct mmaps_held {
	nsec_t time_ns;
	uint64_t sequence; /* order of arrival, for equal times */
	void *record;	   /* owned */
};

/* Zero is empty. */
struct mmaps_batch {
	ARRAY(struct mmaps_held) held;
	uint64_t sequence;
};

/*
 * Copies the records between `tail` and `head` (free-running byte counts, as perf has them) out of
 * a ring of `ring_bytes` (a power of two). -EINVAL: a record's size is impossible; what came before
 * it was taken, the rest cannot be found. The mapped files are pinned in `images` (NULL: not).
 */
int mmaps_batch_take(struct mmaps_batch *batch, const void *ring, size_t ring_bytes, uint64_t tail,
		     uint64_t head, struct images *images);
/* Hands on what is not newer than `until_ns`, oldest first. */
void mmaps_batch_emit(struct mmaps_batch *batch, nsec_t until_ns, struct ingest *ingest);
void mmaps_batch_free(struct mmaps_batch *batch);

#endif
