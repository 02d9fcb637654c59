/* SPDX-License-Identifier: MIT */
/*
 * flame.h - one profile, or two to be compared, as the stacks of a flame graph.
 *
 * A frame is its name here: a number, in the order of the texts, the same on both sides. A thread's
 * name is the outermost frame; above it, where the folded file has it, is LABEL_IDLE. Stacks come
 * in the order of lines.h, each once, with its microseconds of each side and state: what the folded
 * files of the two profiles say, to the microsecond. The stacks of threads that never ran come
 * apart.
 *
 * Ownership: flame_build() fills, flame_free() frees (a zeroed struct too). The profiles must
 * outlive the flame.
 */
#ifndef FLAME_H
#define FLAME_H

#include "lines.h"

#define FLAME_SIDES 2 /* before and after; of a single profile only the first */

/* Whose stacks a walk shows: of threads that never ran, of all others, or of all. */
enum flame_threads { FLAME_ACTIVE, FLAME_IDLE, FLAME_ALL };

enum flame_kind { FLAME_THREAD, FLAME_USER, FLAME_KERNEL, FLAME_LABEL };

/* What is known of the frames with a name. A path of NULL: not known. */
struct flame_name {
	const char *text; /* fit for a folded line */
	enum flame_kind kind;
	const char *module, *file;	/* of one of them ... */
	bool more_modules, more_files;	/* ... and others have another */
	uint32_t first_line, last_line; /* of those in `file`; 0: not known */
};

struct flame_times {
	uint64_t us[FLAME_SIDES][SCOPE_STATES];
};

struct flame_stack {
	const uint32_t *names; /* the outermost first; until the next call */
	uint32_t depth;
	uint32_t kept; /* how many of them are the last stack's, too */
	struct flame_times times;
};

/* A stack of the profile, with all that a walk asks of it. */
struct flame_link {
	uint32_t parent, name;
	uint32_t depth; /* frames, itself included */
};

struct flame_side {
	struct lines lines;
	uint32_t *root_name;  /* by rank */
	uint32_t *frame_name; /* by rank */
	uint32_t idle_name;
	struct flame_link *links; /* by stack */
	/* where the walk is */
	uint32_t next;		/* line */
	uint32_t *names, depth; /* of the stack that comes next; depth 0: none */
	uint32_t *path;		/* the profile's stacks that the last names were of, or are ... */
	uint32_t path_depth;	/* ... so many; */
	uint32_t roots;		/* of them, names that are no frame's */
	uint64_t us[SCOPE_STATES];
};

struct flame {
	struct flame_side sides[FLAME_SIDES];
	uint32_t side_count;
	struct flame_name *names;
	uint32_t name_count;
	uint32_t max_depth;
	enum flame_threads threads;
	uint32_t *names_now, *names_last, last_depth;
};

/* `after` NULL: `before` alone. 0 or -ENOMEM. */
int flame_build(const struct profile *before, const struct profile *after,
		const struct export_opts *opts, struct flame *ret_flame);
void flame_free(struct flame *flame);

/* Begins a walk. */
void flame_rewind(struct flame *flame, enum flame_threads threads);
/* False: that was the last. No stack that is returned is without time. */
bool flame_next(struct flame *flame, struct flame_stack *ret_stack);

#endif
