/* SPDX-License-Identifier: MIT */
/*
 * config.h - what a run was asked to do, after parsing: no text left to interpret.
 *
 * Filled by src/opts.c; const for everybody else. Strings point into argv or are owned by the
 * config; opts_free() (src/opts.h) frees them.
 *
 * `target` alone says what is recorded. `argv` without TARGET_COMMAND is a stopwatch: COMMAND runs
 * beside the target, is not followed, and its end ends the run.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "exporter.h"
#include "scope_event.h"
#include "scope_time.h"
#include "symbolize.h"

enum target_kind {
	TARGET_ALL,
	TARGET_PIDS,
	TARGET_TIDS,
	TARGET_COMM,
	TARGET_CGROUP,
	TARGET_COMMAND, /* argv, and the processes it starts */
};

struct config_output {
	const struct exporter *exporter;
	const char *path; /* NULL: stdout */
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct config {
	bool states[SCOPE_STATES]; /* which states to report: all / oncpu / offcpu */

	enum target_kind target;
	bool system_wide;  /* target is TARGET_ALL: --all, given or by default */
	bool children;	   /* follow children of --pid; always with COMMAND */
	const uint32_t *ids; /* TARGET_PIDS, TARGET_TIDS: sorted, unique */
	size_t id_count;
	const char *comm;	 /* TARGET_COMM */
	const char *cgroup_path; /* TARGET_CGROUP: absolute, a directory below the v2 mount */
	char *const *argv;	 /* COMMAND, NULL-terminated; NULL: none */
	const char *user;	 /* --user: a name or a number; NULL: under sudo, who called it */

	nsec_t duration_ns; /* 0: until Ctrl-C, the target's or COMMAND's end */
	uint32_t frequency_hz;
	nsec_t min_block_ns;
	uint32_t max_overhead_ppm; /* --max-overhead, in millionths; 0: no matter */
	bool user_stacks, kernel_stacks;   /* both true unless -K / -U */
	uint32_t max_stack;		   /* frames of a user stack: 1 .. SCOPE_MAX_FRAMES */
	bool user_threads, kernel_threads; /* both true unless restricted */
	const bool *cpus; /* -C: SCOPE_MAX_CPUS flags; NULL: all */
	bool timeline; /* --timeline, or an output needs one */

	struct symbolize_options symbols;

	const struct config_output *outputs;
	size_t output_count; /* 0, and no output_dir: the terminal's digest */
	const char *output_dir; /* NULL: none */
	struct export_opts export;

	enum color_when color;
	bool quiet;
	int verbose;
};

#endif
