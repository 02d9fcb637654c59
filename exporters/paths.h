/* SPDX-License-Identifier: MIT */
/*
 * paths.h - stacks as a reader sees them: by the names of their frames.
 *
 * Two stacks that differ only in return addresses (two calls of g() in f()) read the same. Here
 * they get the same rank, and ranks order all stacks frame by frame, by bytes, root first. A sample
 * without a stack (id 0) reads as the one frame "[no stack]".
 *
 * Ownership: paths_build() fills, paths_free() frees (a zeroed struct too). The profile must
 * outlive the paths.
 */
#ifndef PATHS_H
#define PATHS_H

#include "exporter.h"

/* Strings and their order: rank[i] and rank[j] compare as strcmp() says of text[i] and text[j]. */
struct ranked {
	char *bytes; /* what text points into */
	const char **text;
	uint32_t *rank;
};

/* Takes ownership of `bytes`: `count` strings, each with its NUL, one after the other. -ENOMEM. */
int ranked_build(char *bytes, uint32_t count, struct ranked *ret_ranked);
void ranked_free(struct ranked *ranked);

struct paths {
	const struct profile *profile;
	struct ranked frames; /* by frame id, fit for a folded line */
	uint32_t *rank;	      /* by stack id */
	uint32_t *depth;      /* by stack id: its frames; "[no stack]" is one */
	uint32_t max_depth;   /* frames of the deepest stack, at least 1 */
};

/*
 * `opts` choose what stands behind a function's name: its file and line, and FlameGraph's _[k] of
 * kernel frames or _[i] of inlined ones. 0 or -ENOMEM.
 */
int paths_build(const struct profile *profile, const struct export_opts *opts,
		struct paths *ret_paths);
void paths_free(struct paths *paths);

/* The texts of a stack's frames, root first. Returns how many: 1 to max_depth, the room needed. */
uint32_t paths_frames(const struct paths *paths, uint32_t stack, const char **ret_texts);

#endif
