/* SPDX-License-Identifier: MIT */
/*
 * unwinds.h - user space's part in unwinding user stacks: keeps the kernel side supplied with mappings
 * and tables, and walks what the kernel side could not.
 *
 *   unwinds_open -> (records) -> unwinds_prepare -> unwinds_work ... -> unwinds_finish -> unwinds_close
 *
 * It hears of processes and mappings from the sink, as they come in. Before unwinds_work() everything
 * must have been handed in that came before the requests it was given: drain the rings first, then the
 * mapping records, then work.
 *
 * src/unwind_spaces.h has the processes, src/unwind_images.h the tables, src/unwind_maps.h the
 * memory shared with the kernel side, src/unwind_walk.h the walk.
 */
#ifndef UNWINDS_H
#define UNWINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "image.h"
#include "ingest.h"
#include "scope_time.h"
#include "unwind_maps.h"

struct unwinds;
struct unwind_layout;

struct unwinds_config {
	const struct unwind_fds *fds; /* NULL: no kernel side */
	struct images *images;	      /* not owned, as the sink */
	struct ingest *ingest;
	uint32_t max_frames; /* of a stack; at most SCOPE_MAX_FRAMES */
	uint64_t max_bytes;  /* of tables; 0: 256 MiB */
};

/* Listens to the sink until it is closed. */
int unwinds_open(const struct unwinds_config *config, struct unwinds **ret_unwinds,
		 struct err *err);
void unwinds_close(struct unwinds **unwinds); /* takes NULL */

/* A SPACE or RAW of the kernel side (copied). */
void unwinds_take(struct unwinds *unwinds, const void *record, size_t bytes);

/* As a SPACE that was asked for now. */
void unwinds_expect(struct unwinds *unwinds, uint64_t owner, uint32_t pid);
/* Builds the tables of all that is mapped so far, and waits for them; answers the requests. */
void unwinds_prepare(struct unwinds *unwinds);
/* Answers the requests, loads the tables that are ready, walks the stacks that can be walked. */
void unwinds_work(struct unwinds *unwinds);
/* Nothing more comes: walks what is left. */
void unwinds_finish(struct unwinds *unwinds);
/* Readable when there is work that no request calls for. */
int unwinds_fd(const struct unwinds *unwinds);

/*
 * The stack of a thread that is blocked, by its registers (by DWARF's numbers); as unwind_walk() in
 * src/unwind_walk.h.
 */
size_t unwinds_walk_blocked(struct unwinds *unwinds, uint32_t pid, uint32_t tid,
			    const uint64_t regs[SCOPE_RAW_REGS], uint64_t *ret_ips, size_t max,
			    enum scope_stack_end *ret_end);

/* What `pid` had mapped at `time_ns`; NULL: not known. Valid until the next call of another function. */
const struct unwind_layout *unwinds_layout(const struct unwinds *unwinds, uint32_t pid,
					   nsec_t time_ns);

struct unwinds_stats {
	uint64_t tables, rows, table_bytes; /* in the maps */
	uint64_t rules;
	uint64_t unsupported_rows;
	uint64_t built, evicted, refused; /* tables */
	nsec_t build_ns;
	uint64_t spaces;      /* that the kernel side asked for */
	uint64_t no_room;     /* times that the maps of mappings were full */
	uint64_t raw_stacks;  /* walked here */
	uint64_t raw_dropped; /* since the queue was full */
};

void unwinds_stats(const struct unwinds *unwinds, struct unwinds_stats *ret_stats);

#endif
