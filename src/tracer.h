/* SPDX-License-Identifier: MIT */
/*
 * tracer.h - the kernel side as an object: loaded, armed, drained, stopped.
 *
 *   tracer_open -> tracer_attach -> tracer_arm -> tracer_drain ... -> tracer_stop -> tracer_close
 *
 * Owns the BPF programs, maps and perf events; all of them hang on descriptors, so that the
 * process's end, however it comes, leaves nothing in the kernel. Records go to the sink given.
 */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "err.h"
#include "ingest.h"
#include "scope_maps.h"

struct tracer;
struct unwind_fds; /* src/unwind_maps.h */
struct unwinds;	   /* src/unwinds.h */

/* Loads everything, attaches nothing. `cgroup_id`: kernfs id for TARGET_CGROUP, else 0. */
int tracer_open(const struct config *config, uint64_t cgroup_id, struct ingest *ingest,
		struct tracer **ret_tracer, struct err *err);
void tracer_close(struct tracer **tracer); /* takes NULL */

/*
 * Where unwind tables and address spaces are written (include/scope_unwind.h). `rules` and `maps` are
 * arrays of one element, which can be mapped; an inner map of `images` is an array of elements of
 * SCOPE_UNWIND_ELEMENT bytes, as many as its image needs, BPF_F_INNER_MAP | BPF_F_MMAPABLE.
 */
void tracer_unwind_fds(const struct tracer *tracer, struct unwind_fds *ret_fds);
/*
 * Who gets SPACE and RAW records, and walks threads that are blocked at the start. It is told at once
 * of the members that are there. Must live until the tracer stops.
 */
int tracer_set_unwinds(struct tracer *tracer, struct unwinds *unwinds, struct err *err);

/* Makes a process (with TARGET_TIDS: a thread) a target. */
int tracer_add_member(struct tracer *tracer, uint32_t id, struct err *err);
/*
 * The next one above `after`, in order of ids; 0: none. With those that became targets in mid-run,
 * and those that have ended, as long as their ids are not used again.
 */
uint32_t tracer_next_member(const struct tracer *tracer, uint32_t after);

/* Programs begin to keep the accounts; no time is counted before tracer_arm(). */
int tracer_attach(struct tracer *tracer, struct err *err);
/* Opens the window and looks at the threads that wait already. */
int tracer_arm(struct tracer *tracer, struct err *err);

/* One descriptor to poll; readable when a ring wants to be drained before its time. */
int tracer_fd(const struct tracer *tracer);
/* Empties the rings; with `sums`, or when a table is half full, the tables as well. */
int tracer_drain(struct tracer *tracer, bool sums, struct err *err);

/* With --max-overhead: what all CPUs have counted so far, and how much is left out from here on. */
void tracer_cost(const struct tracer *tracer, struct scope_cost *ret_total);
void tracer_thin(struct tracer *tracer, uint32_t step);

/* Closes the window, collects every account, and detaches. `idle_ns`, `realtime` go with it. */
int tracer_stop(struct tracer *tracer, struct err *err);

struct tracer_stats {
	uint64_t map_bytes;  /* kernel memory of all maps */
	uint64_t stacks;     /* stack records so far */
	uint64_t losses;     /* so far, all causes but those that are mended */
	nsec_t start_ns, end_ns;
	nsec_t end_cpu_ns; /* the process's CPU time when the window had closed */
};

void tracer_stats(const struct tracer *tracer, struct tracer_stats *ret_stats);

#endif
