/* SPDX-License-Identifier: MIT */
/*
 * functions.h - time by function: its own (at the leaf), and all under it, once however often it
 * calls itself. Of waits the kernel frames at the leaf are left out, as in top.h.
 *
 * Functions that read the same are one. functions_build() fills, functions_free() frees (a zeroed
 * struct too); the paths must outlive it.
 */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "paths.h"

struct function_sum {
	uint32_t frame; /* one of those that read so; 0: "[no stack]" */
	bool mixed;	/* they are of several images */
	nsec_t self_ns, total_ns;
};

struct functions {
	struct function_sum *items; /* most time of their own first, then most in all */
	uint32_t count;
	nsec_t sum_ns; /* of the state */
};

/* 0 or -ENOMEM. */
int functions_build(const struct paths *paths, enum scope_state state,
		    struct functions *ret_functions);
void functions_free(struct functions *functions);

#endif
