/* SPDX-License-Identifier: MIT */
/*
 * lines.h - a profile as folded stacks: samples that read the same are one line.
 *
 * Lines are sorted by root, then frame by frame, by bytes; then on-CPU, run queue, blocked. Samples
 * are one line whatever thread, reason or address they had. All lines together are the ledger's
 * time in microseconds, rounded once: the remainders of the division go to the lines that lose most
 * by it (largest remainder).
 *
 * Ownership: lines_build() fills, lines_free() frees (a zeroed struct too). The profile must
 * outlive the lines.
 */
#ifndef LINES_H
#define LINES_H

#include "exporter.h"
#include "paths.h"

struct line {
	uint32_t root; /* rank; then, in the same order: */
	uint32_t path; /* rank */
	enum scope_state state;
	uint32_t thread; /* one of those with that root */
	uint32_t stack;	 /* one of those that read so */
	nsec_t ns;
	nsec_t idle_ns; /* its part of threads that never ran */
	uint64_t us;
};

struct lines {
	const struct profile *profile;
	struct ranked roots; /* by thread; fit for a folded line */
	struct paths paths;
	struct line *lines;
	uint32_t line_count;
};

/* 0 or -ENOMEM. */
int lines_build(const struct profile *profile, const struct export_opts *opts,
		struct lines *ret_lines);
void lines_free(struct lines *lines);

/* The line's microseconds of threads that never ran: never more than its own. */
uint64_t lines_idle_us(const struct line *line);

/*
 * In a system-wide profile the threads that never ran have one more root, LABEL_IDLE: it stands,
 * with a ';', at the beginning of their roots' texts. Nothing else has a ';' in it.
 */
bool lines_idle_root(const struct profile *profile, uint32_t thread);

#endif
