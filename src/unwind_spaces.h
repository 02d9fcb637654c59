/* SPDX-License-Identifier: MIT */
/*
 * unwind_spaces.h - what each live process has mapped to run, for the unwinders of both sides.
 *
 * Takes the same FORK, COMM, EXIT and MAP records as the sink, and applies them at once: whoever
 * asks about a moment must have handed in what came before it. fork shares the parent's mappings, exec
 * begins with none, and what has ended is known for another SPACE_GRACE_NS, for stacks that are
 * still on their way. (src/procs.h keeps it for ever, for names; it is complete only when the run
 * is over.)
 *
 * An address space that the kernel side has asked for is bound: its mappings lie in `unwind_maps`, and are
 * written anew, elsewhere, whenever they or the tables of their images change.
 */
#ifndef UNWIND_SPACES_H
#define UNWIND_SPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"
#include "mem.h"
#include "scope_event.h"
#include "scope_time.h"
#include "table.h"
#include "unwind_layout.h"
#include "unwind_maps.h"

#define SPACE_GRACE_NS (5 * NSEC_PER_SEC)

/* A process until it executes another program, or ends. */
struct unwind_space {
	uint32_t pid;
	bool whole; /* all of its mappings are known, not only those made since the run began */
	nsec_t since_ns;
	nsec_t ended_ns; /* 0: it lives */
	struct unwind_layout *layout;
	uint64_t owner; /* what the kernel side calls it; 0: has not asked */
	struct scope_unwind_space told; /* what it was told */
};

struct unwind_leaving {
	uint32_t pid;
	nsec_t ended_ns, look_ns;
};

struct unwind_spaces {
	struct unwind_maps *maps; /* these three are not owned */
	struct unwind_images *tables;
	struct images *images;
	struct table pids;
	ARRAY(struct unwind_space *) current; /* by pids; NULL: none */
	ARRAY(struct unwind_space *) retired; /* in the order of their ends */
	ARRAY(struct unwind_space *) bound;   /* that live and have an owner */
	ARRAY(struct unwind_leaving) leaving; /* whose leaders have ended */
	bool changed; /* something that is bound has */
	uint64_t version; /* of the images, when the kernel side was told last */
	nsec_t swept_ns;
	uint64_t no_room; /* times the kernel's maps were full */
};

void unwind_spaces_init(struct unwind_spaces *spaces, struct unwind_maps *maps,
			struct unwind_images *tables, struct images *images);
void unwind_spaces_free(struct unwind_spaces *spaces);

/* Takes a FORK, COMM, EXIT or MAP that the sink has taken; passes over others. */
void unwind_spaces_take(struct unwind_spaces *spaces, const void *record);

/* The address space of `pid` at `time_ns`; NULL: nothing is known of it. */
struct unwind_space *unwind_spaces_find(const struct unwind_spaces *spaces, uint32_t pid,
					nsec_t time_ns);

/* Asks for the tables of each process that is known as a whole and bound: of others nobody is to walk a stack. */
void unwind_spaces_want_all(struct unwind_spaces *spaces, nsec_t now);
/* The kernel side asked for a process of which nothing is known: it forgets it, if it is gone. */
void unwind_spaces_refuse(struct unwind_spaces *spaces, uint32_t pid, uint64_t owner);
/* The kernel side is told of it under this name by the next update; if it has ended, forgets it. */
void unwind_spaces_bind(struct unwind_spaces *spaces, struct unwind_space *space, uint64_t owner);
/* Brings the kernel's maps up to date, and forgets what ended long ago. */
void unwind_spaces_update(struct unwind_spaces *spaces, nsec_t now);

#endif
