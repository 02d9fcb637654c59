/* SPDX-License-Identifier: MIT */
/*
 * target.h - who is profiled: the members a run starts with, and whether any is left.
 *
 * Members that appear later are the kernel side's to find (bpf/lifecycle.bpf.c).
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "err.h"
#include "image.h"
#include "ingest.h"
#include "tracer.h"

struct target;

/* Looks at the target's names; no member is added yet. `command_pid`: with TARGET_COMMAND. */
int target_open(const struct config *config, uint32_t command_pid, struct target **ret_target,
		struct err *err);
void target_close(struct target **target); /* takes NULL */

uint64_t target_cgroup_id(const struct target *target); /* kernfs id; 0: not by cgroup */

/* Named members, before the programs attach; then those found by looking around, after it. */
int target_add_named(struct target *target, struct tracer *tracer, struct err *err);
int target_add_found(struct target *target, struct tracer *tracer, struct err *err);

/* The mappings and names of all members so far, of each once. */
int target_snapshot(struct target *target, struct images *images, struct ingest *ingest);

/* The same for those that have joined since, with the present time. */
void target_snapshot_joined(struct target *target, const struct tracer *tracer,
			    struct images *images, struct ingest *ingest);

/*
 * True when every process or thread that was named has ended, and where children are followed every
 * one of these as well; never for open targets.
 */
bool target_gone(struct target *target, const struct tracer *tracer);
/* Readable when one that is waited for has ended: ask target_gone() then. -1: none, ask now and
 * then. */
int target_end_fd(const struct target *target);

/* In words, for reports: "pid 1234 (redis-server)". Valid until target_close(). */
const char *target_text(const struct target *target);

#endif
