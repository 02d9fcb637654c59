/* SPDX-License-Identifier: MIT */
/*
 * names_ahead.h - hands the addresses of stacks to the namer as they come in, by the mappings that are
 * known then. What this misses, or takes for another image than it was, costs time and no name: in
 * the end the profile's own mappings decide which address of which image a frame is.
 *
 * Only of files: the kernel's names are one table, read at once, and code made at run time is
 * described by files that still grow.
 */
#ifndef NAMES_AHEAD_H
#define NAMES_AHEAD_H

#include "ingest.h"
#include "namer.h"
#include "unwinds.h"

struct names_ahead {
	size_t seen; /* stacks of the sink */
};

/* All stacks that came in since the last time; their mappings must have. */
void names_ahead_look(struct names_ahead *ahead, const struct ingest *ingest,
		      const struct unwinds *unwinds, struct namer *namer);

#endif
