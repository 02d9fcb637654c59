/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - what /proc says at one moment: the mappings and names of processes that live already
 * when the run begins, and which processes a target means.
 *
 * A process may end while it is looked at: what was read until then counts, the rest is no error.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "ingest.h"
#include "scope_time.h"

/*
 * Sends the names of the process's threads (COMM, exec 0) and its executable mappings (MAP), and
 * pins the mapped files in `images` (NULL: does not pin). `time_ns`: 0, or now in mid-run, so that
 * they belong to what the process executes by now. -ESRCH: no such process.
 */
int snapshot_process(uint32_t pid, nsec_t time_ns, struct images *images, struct ingest *ingest);
/* The same for every process, with time 0. -errno when /proc cannot be read. */
int snapshot_all(struct images *images, struct ingest *ingest);

/* Process ids, ascending and unique. Zero is empty. */
struct snapshot_pids {
	uint32_t *items;
	size_t count;
	size_t room;
};

void snapshot_pids_free(struct snapshot_pids *pids);

/* These add to *pids and keep it ascending and unique. */

/* Processes whose leader has this name; the kernel keeps 15 bytes, the rest of `comm` is ignored. */
int snapshot_pids_by_comm(const char *comm, struct snapshot_pids *pids);
/* The children of *pids, their children, and so on. */
int snapshot_children(struct snapshot_pids *pids);
/* The processes of a cgroup v2 directory and of those below it. Does not take the descriptor. */
int snapshot_cgroup(int cgroup_fd, struct snapshot_pids *pids);

#endif
