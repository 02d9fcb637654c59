/* SPDX-License-Identifier: MIT */
/*
 * opts_draft.h - private to opts*.c: options as they come in, before they are checked together.
 */
#ifndef OPTS_DRAFT_H
#define OPTS_DRAFT_H

#include "mem.h"
#include "opts.h"

struct draft {
	const struct opts_world *world;
	struct opts opts;
	bool seen[OPTION_COUNT];
	ARRAY(uint32_t) ids; /* of --pid or --tid */
	ARRAY(const char *) files; /* of -o, as given */
	ARRAY(const char *) words; /* of symbolize */
	const char *frequency; /* of --frequency, as given */
	const char *format; /* of --output */
	const char *cpus;   /* of --cpu */
	const char *cgroup; /* of --cgroup */
	char *const *argv;  /* COMMAND */
};

/* opts_apply.c: one option into the draft; what its text alone can tell is checked. */
int draft_apply(struct draft *draft, enum option_id id, const char *value, struct err *err);

/* opts_check.c: options together, then against the machine; completes draft->opts. */
int draft_check(struct draft *draft, struct err *err);

/* opts_output.c: -o and --output into config.outputs. */
int draft_resolve_outputs(struct draft *draft, struct err *err);

/* opts_cgroup.c: the path's directory in the v2 hierarchy; *ret_path is the caller's to free. */
int cgroup_resolve(const struct opts_world *world, const char *path, char **ret_path,
		   struct err *err);

#endif
