/* SPDX-License-Identifier: MIT */
/*
 * namer.h - names looked up while sampling goes on, on a thread at idle priority (SCHED_IDLE), so
 * that little is left to do at the end.
 *
 *   namer_new -> namer_want, namer_hand_over ... -> namer_finish -> namer_resolve ... -> namer_free
 *
 * What an image's files tell is kept from one address to the next, within a bound for all images
 * together. Beyond it those that were asked longest ago are closed, and opened again only when as
 * much is asked of them as ever before: however small the portions, the work stays near that of one
 * batch.
 *
 * The thread reads images and their files, and nothing else that the caller may change; signals are
 * blocked in it. All functions are called by one thread.
 */
#ifndef NAMER_H
#define NAMER_H

#include "scope_time.h"
#include "symbolize.h"

struct namer;

struct namer_config {
	struct symbolize_options options;
	size_t max_bytes; /* of symbols kept; 0: 256 MiB */
};

struct namer *namer_new(const struct namer_config *config);
void namer_free(struct namer **namer); /* takes NULL; ends the thread */

/*
 * The names of an address will be asked for. `image` must live, unchanged, until namer_free(). Twice is
 * as good as once.
 */
void namer_want(struct namer *namer, const struct image *image, uint64_t vaddr);
/* Hands over what was wanted since. */
void namer_hand_over(struct namer *namer);

/* Ends the thread, after the address that it is at; what is left is for namer_resolve(). */
void namer_finish(struct namer *namer);
/* As symbolize_batch() in src/symbolize.h, of any image. Only what has no names yet is looked up. */
void namer_resolve(struct namer *namer, const struct image *image, const uint64_t *vaddrs,
		   size_t count, symbolize_sink *sink, void *context);

/* After namer_finish(). */
struct namer_stats {
	nsec_t cpu_ns;	   /* of the thread */
	uint64_t wanted;   /* addresses */
	uint64_t resolved; /* of them, by the thread */
	uint64_t opened;   /* images, by the thread: one may count several times */
};

void namer_stats(const struct namer *namer, struct namer_stats *ret_stats);

#endif
