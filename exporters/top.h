/* SPDX-License-Identifier: MIT */
/*
 * top.h - the stacks with most time of each state, one a line: leaf first, so that the names to
 * look at stand in a column and a narrow terminal cuts off the callers that matter least.
 *
 * Of blocked and waiting stacks with user frames the kernel's are left out: the reason says it. In
 * a system-wide profile, threads that never ran are one sum: there are too many of them.
 *
 * Ownership: top_build() fills, top_free() frees (a zeroed struct too). The profile and the paths
 * must outlive it.
 */
#ifndef TOP_H
#define TOP_H

#include "paths.h"

/* All samples of a state that read the same. */
struct top_entry {
	enum scope_state state;
	uint32_t rank; /* of the path */
	uint32_t comm;
	uint32_t reason;
	uint32_t stack; /* one of those that read so */
	nsec_t ns;
};

struct top {
	const struct profile *profile;
	const struct paths *paths;
	struct top_entry *entries; /* by state, then most time first */
	uint32_t count;
	nsec_t never_ran_ns;
};

struct top_style {
	unsigned columns; /* of the paper */
	bool color;
};

/* 0 or -ENOMEM. */
int top_build(const struct profile *profile, const struct paths *paths, struct top *ret_top);
void top_free(struct top *top);

/* A title and up to ten stacks for each state that has time. 0 or -ENOMEM. */
int top_print(const struct top *top, const struct top_style *style, FILE *out);

/* The stack without the kernel frames at its leaf, where there are user frames above them. */
uint32_t top_trim_kernel(const struct profile *profile, uint32_t stack);

extern const char *const top_state_titles[SCOPE_STATES];

#endif
