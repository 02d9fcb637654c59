// SPDX-License-Identifier: MIT
/*
 * folded.c - one line a stack, for flamegraph.pl and its kin: `comm;outer;...;leaf_[c] N`.
 *
 * N is in microseconds. All lines together are the ledger's time, rounded once: the remainders of
 * the division go to the lines that lose most by it (largest remainder). Lines that come to 0 are
 * left out. Samples that read the same are one line, whatever thread, reason or address they had.
 * Lines are sorted by root, then frame by frame, by bytes; then on-CPU, run queue, blocked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "paths.h"
#include "text.h"

struct line {
	uint32_t root; /* rank; then, in the same order: */
	uint32_t path; /* rank */
	uint32_t state;
	uint32_t thread; /* one of those with that root */
	uint32_t stack;	 /* one of those that read so */
	nsec_t ns;
	uint64_t us;
};

struct folded {
	const struct profile *profile;
	struct ranked roots; /* by thread */
	struct paths paths;
	struct line *lines;
	uint32_t line_count;
};

static const char *const state_suffix[SCOPE_STATES] = {
	[SCOPE_ON] = "_[c]",
	[SCOPE_RUNQ] = "_[r]",
	[SCOPE_OFF] = "_[o]",
};

/* A program that calls itself "[idle]" must not pass for the root that readers filter out. */
static void write_comm(FILE *out, const char *comm)
{
	const char *idle = label_table[LABEL_IDLE].name;

	if (strncmp(comm, idle, strlen(idle)) == 0) {
		putc_unlocked('(', out);
		comm++;
	}
	text_write_folded(out, comm);
}

static void write_root(FILE *out, const struct profile *p, const struct profile_thread *thread,
		       const struct export_opts *opts)
{
	const struct profile_process *process = &p->processes[thread->process];

	if (p->system_wide && thread->never_ran)
		fprintf(out, "%s;", label_table[LABEL_IDLE].name);
	if (opts->per_thread) {
		write_comm(out, profile_string(p, thread->comm));
		fprintf(out, "-%u/%u", process->pid, thread->tid);
	} else if (opts->per_process) {
		write_comm(out, profile_string(p, process->comm));
		fprintf(out, "-%u", process->pid);
	} else {
		write_comm(out, profile_string(p, thread->comm));
	}
}

static int rank_roots(const struct profile *p, const struct export_opts *opts,
		      struct ranked *ret_roots)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);

	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->thread_count; i++) {
		write_root(out, p, &p->threads[i], opts);
		putc_unlocked('\0', out);
	}
	if (fclose(out) != 0) {
		free(bytes);
		return -ENOMEM;
	}
	return ranked_build(bytes, p->thread_count, ret_roots);
}

/* The place of a line: a sample's is told from another's by these three alone. */
static int compare_lines(const void *a, const void *b)
{
	const struct line *s = a, *t = b;

	if (s->root != t->root)
		return s->root < t->root ? -1 : 1;
	if (s->path != t->path)
		return s->path < t->path ? -1 : 1;
	return (s->state > t->state) - (s->state < t->state);
}

static int collect_lines(struct folded *f)
{
	const struct profile *p = f->profile;
	uint32_t count = 0;

	f->lines = calloc((size_t)p->sample_count + 1, sizeof(*f->lines));
	if (!f->lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];

		f->lines[i] = (struct line){
			.root = f->roots.rank[sample->thread],
			.path = f->paths.rank[sample->stack],
			.state = sample->state,
			.stack = sample->stack,
			.thread = sample->thread,
			.ns = sample->ns,
		};
	}
	qsort(f->lines, p->sample_count, sizeof(*f->lines), compare_lines);
	for (uint32_t i = 0; i < p->sample_count; i++) {
		if (count && compare_lines(&f->lines[count - 1], &f->lines[i]) == 0)
			f->lines[count - 1].ns += f->lines[i].ns;
		else
			f->lines[count++] = f->lines[i];
	}
	f->line_count = count;
	return 0;
}

/*
 * ns to us, by largest remainder; of equal remainders the earlier line's is the larger. There are
 * never more microseconds to give than lines with a remainder.
 */
static void round_lines(struct folded *f)
{
	uint32_t with_rest[NSEC_PER_USEC] = { 0 }; /* lines, by remainder in ns */
	uint32_t limit = NSEC_PER_USEC;		   /* lines with this remainder or more get one */
	uint64_t rest_ns = 0, owed;

	for (uint32_t i = 0; i < f->line_count; i++) {
		uint64_t rest = f->lines[i].ns % NSEC_PER_USEC;

		with_rest[rest]++;
		rest_ns += rest;
	}
	owed = (rest_ns + NSEC_PER_USEC / 2) / NSEC_PER_USEC;
	while (limit > 1 && owed >= with_rest[limit - 1])
		owed -= with_rest[--limit];

	for (uint32_t i = 0; i < f->line_count; i++) {
		struct line *line = &f->lines[i];
		uint64_t rest = line->ns % NSEC_PER_USEC;

		line->us = line->ns / NSEC_PER_USEC;
		if (rest >= limit) {
			line->us++;
		} else if (rest + 1 == limit && owed) {
			line->us++;
			owed--;
		}
	}
}

static int write_lines(const struct folded *f, FILE *out)
{
	const char **frames = calloc(f->paths.max_depth, sizeof(*frames));
	int ret = 0;

	if (!frames)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->line_count && !ret; i++) {
		const struct line *line = &f->lines[i];
		uint32_t depth;

		if (!line->us)
			continue;
		depth = paths_frames(&f->paths, line->stack, frames);
		fputs(f->roots.text[line->thread], out);
		for (uint32_t at = 0; at < depth; at++) {
			putc_unlocked(';', out);
			fputs(frames[at], out);
		}
		fprintf(out, "%s %llu\n", state_suffix[line->state], (unsigned long long)line->us);
		ret = text_check(out);
	}
	free(frames);
	return ret;
}

static int folded_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct folded f = { .profile = p };
	int ret = rank_roots(p, opts, &f.roots);

	if (!ret)
		ret = paths_build(p, opts, &f.paths);
	if (!ret)
		ret = collect_lines(&f);
	if (!ret) {
		round_lines(&f);
		ret = write_lines(&f, out);
	}
	if (!ret)
		ret = text_flush(out);
	free(f.lines);
	paths_free(&f.paths);
	ranked_free(&f.roots);
	return ret;
}

const struct exporter exporter_folded = {
	.name = "folded",
	.suffixes = { ".folded" },
	.summary = "one line a stack with its microseconds, for flamegraph.pl",
	.write = folded_write,
};
