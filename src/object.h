/* SPDX-License-Identifier: MIT */
/*
 * object.h - the BPF object: which of its programs and maps a capture needs, the constants that they are
 * compiled with by the kernel, and their loading.
 *
 * When object_open() returns the maps are there, and programs are still being verified: whoever needs
 * one waits for it.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <stdint.h>

#include "config.h"
#include "err.h"

struct bpf_program;
struct loader;	  /* src/loader.h */
struct scope_bpf; /* the skeleton */

enum {
	STACK_RING_BYTES = 16 << 20,
	THREAD_RING_BYTES = 2 << 20,
	TIMELINE_RING_BYTES = 16 << 20,
	SUM_ENTRIES = 1 << 16,
	TICK_ENTRIES = 1 << 15,
};

struct object {
	struct scope_bpf *skel;
	struct loader *loader;
};

/* `cgroup_id`: kernfs id for TARGET_CGROUP, else 0. */
int object_open(struct object *object, const struct config *config, uint64_t cgroup_id,
		struct err *err);
void object_close(struct object *object); /* takes a zeroed one, and half an open one */

/* Waits for a program; NULL: for all. */
int object_await(struct object *object, const struct bpf_program *program, struct err *err);

#endif
