/* SPDX-License-Identifier: MIT */
/*
 * feed.h - what the kernel side's maps and rings hold, handed to the sink as records.
 *
 * A record that the sink refuses is counted as a loss (SCOPE_LOSS_RECORD).
 */
#ifndef FEED_H
#define FEED_H

#include <stddef.h>
#include <stdint.h>

#include "ingest.h"
#include "scope_maps.h"

struct feed {
	struct ingest *ingest;
	uint64_t refused; /* records, by the sink */
	struct scope_loss_value reported[SCOPE_LOSS_COUNT]; /* so far */
};

void feed_record(struct feed *feed, const void *record, size_t bytes);

/* For tables_drain(); `feed` is a struct feed. */
void feed_sum(void *feed, const void *key, const void *value);
void feed_ticks(void *feed, const void *key, const void *value);

/* What was lost since the last call. `fd`: the map of losses. */
void feed_losses(struct feed *feed, int fd);
/* What all CPUs have counted for --max-overhead. `fd`: their map. */
void feed_cost(int fd, struct scope_cost *ret_total);
/* The dead whose records found no room, as one, if there are any. `fd`: their map. */
void feed_lost_threads(struct feed *feed, int fd);

#endif
