// SPDX-License-Identifier: MIT
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

bool lines_idle_root(const struct profile *profile, uint32_t thread)
{
	return profile->system_wide && profile->threads[thread].never_ran;
}

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

static void write_root(FILE *out, const struct profile *p, uint32_t index,
		       const struct export_opts *opts)
{
	const struct profile_thread *thread = &p->threads[index];
	const struct profile_process *process = &p->processes[thread->process];

	if (lines_idle_root(p, index))
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
		write_root(out, p, i, opts);
		putc_unlocked('\0', out);
	}
	if (fclose(out) != 0) {
		free(bytes);
		return -ENOMEM;
	}
	return ranked_build(bytes, p->thread_count, ret_roots);
}

/* The place of a line: a sample's is told from another's by these three alone. */
static struct line line_of(const struct lines *l, const struct profile_sample *sample)
{
	return (struct line){
		.root = l->roots.rank[sample->thread],
		.path = l->paths.rank[sample->stack],
		.state = sample->state,
		.stack = sample->stack,
		.thread = sample->thread,
	};
}

static bool same_line(const struct line *a, const struct line *b)
{
	return a->root == b->root && a->path == b->path && a->state == b->state;
}

static uint32_t path_key(const struct lines *l, const struct profile_sample *sample)
{
	return l->paths.rank[sample->stack] * SCOPE_STATES + sample->state;
}

static uint32_t root_key(const struct lines *l, const struct profile_sample *sample)
{
	return l->roots.rank[sample->thread];
}

/*
 * Samples in ascending order of a key below `keys`; those with the same key stay in their order.
 * There may be a million of them, and a sort that compares would take most of an export's time.
 */
static int sort_by_key(const struct lines *l, const uint32_t *from, uint32_t keys,
		       uint32_t (*key)(const struct lines *, const struct profile_sample *),
		       uint32_t *to)
{
	const struct profile *p = l->profile;
	uint32_t *next = calloc((size_t)keys + 1, sizeof(*next));

	if (!next)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->sample_count; i++)
		next[key(l, &p->samples[i]) + 1]++;
	for (uint32_t i = 1; i <= keys; i++)
		next[i] += next[i - 1];
	for (uint32_t i = 0; i < p->sample_count; i++)
		to[next[key(l, &p->samples[from[i]])]++] = from[i];
	free(next);
	return 0;
}

/* The samples' numbers in the order of lines, in `order`; `spare` has as much room. */
static int sort_samples(const struct lines *l, uint32_t *order, uint32_t *spare)
{
	const struct profile *p = l->profile;
	int ret;

	for (uint32_t i = 0; i < p->sample_count; i++)
		order[i] = i;
	ret = sort_by_key(l, order, p->stack_count * SCOPE_STATES, path_key, spare);
	return ret ? ret : sort_by_key(l, spare, p->thread_count, root_key, order);
}

static int add_up(struct lines *l, const uint32_t *order)
{
	const struct profile *p = l->profile;
	struct line last;
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		struct line line = line_of(l, &p->samples[order[i]]);

		count += !i || !same_line(&line, &last);
		last = line;
	}
	l->lines = calloc((size_t)count + 1, sizeof(*l->lines));
	if (!l->lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[order[i]];
		struct line line = line_of(l, sample), *to = &l->lines[l->line_count];

		if (l->line_count && same_line(to - 1, &line))
			to--;
		else
			l->lines[l->line_count++] = line;
		to->ns += sample->ns;
		if (p->threads[sample->thread].never_ran)
			to->idle_ns += sample->ns;
	}
	return 0;
}

static int collect_lines(struct lines *l)
{
	uint32_t *order = calloc((size_t)l->profile->sample_count + 1, sizeof(*order));
	uint32_t *spare = calloc((size_t)l->profile->sample_count + 1, sizeof(*spare));
	int ret = order && spare ? sort_samples(l, order, spare) : -ENOMEM;

	free(spare);
	if (!ret)
		ret = add_up(l, order);
	free(order);
	return ret;
}

/*
 * ns to us, by largest remainder; of equal remainders the earlier line's is the larger. There are
 * never more microseconds to give than lines with a remainder.
 */
static void round_lines(struct lines *l)
{
	uint32_t with_rest[NSEC_PER_USEC] = { 0 }; /* lines, by remainder in ns */
	uint32_t limit = NSEC_PER_USEC;		   /* lines with this remainder or more get one */
	uint64_t rest_ns = 0, owed;

	for (uint32_t i = 0; i < l->line_count; i++) {
		uint64_t rest = l->lines[i].ns % NSEC_PER_USEC;

		with_rest[rest]++;
		rest_ns += rest;
	}
	owed = (rest_ns + NSEC_PER_USEC / 2) / NSEC_PER_USEC;
	while (limit > 1 && owed >= with_rest[limit - 1])
		owed -= with_rest[--limit];

	for (uint32_t i = 0; i < l->line_count; i++) {
		struct line *line = &l->lines[i];
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

int lines_build(const struct profile *profile, const struct export_opts *opts,
		struct lines *ret_lines)
{
	struct lines lines = { .profile = profile };
	int ret = rank_roots(profile, opts, &lines.roots);

	if (!ret)
		ret = paths_build(profile, opts, &lines.paths);
	if (!ret)
		ret = collect_lines(&lines);
	if (ret) {
		lines_free(&lines);
		return ret;
	}
	round_lines(&lines);
	*ret_lines = lines;
	return 0;
}

void lines_free(struct lines *lines)
{
	free(lines->lines);
	paths_free(&lines->paths);
	ranked_free(&lines->roots);
	*lines = (struct lines){ 0 };
}

uint64_t lines_idle_us(const struct line *line)
{
	uint64_t us;

	if (line->idle_ns == line->ns)
		return line->us;
	us = line->idle_ns / NSEC_PER_USEC;
	return us < line->us ? us : line->us;
}
