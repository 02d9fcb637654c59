// SPDX-License-Identifier: MIT
/*
 * digest.c - the stacks with most time, one a line: leaf first, so that the names to look at stand
 * in a column and a narrow terminal cuts off the callers that matter least.
 *
 * Of blocked and waiting stacks with user frames the kernel's are left out: the reason says it.
 */
#include <stdlib.h>

#include "../exporters/paths.h"
#include "../exporters/text.h"
#include "mem.h"
#include "summary.h"

#define TOP_STACKS	10
#define DEFAULT_COLUMNS 80
#define MIN_PATH	24 /* columns; rather a line too long than a path that says nothing */

#define BOLD  "\033[1m"
#define RESET "\033[0m"

struct entry {
	enum scope_state state;
	uint32_t rank; /* of the path */
	uint32_t comm;
	uint32_t reason;
	uint32_t stack; /* one of those that read so */
	nsec_t ns;
};

struct digest {
	const struct profile *profile;
	struct paths paths;
	struct entry *entries;
	uint32_t count;
	const char **frames; /* room for one path */
	unsigned columns;
	bool color;
	FILE *out;
};

static uint32_t trim_kernel(const struct profile *p, uint32_t stack)
{
	uint32_t at = stack;

	while (at && p->frames[p->stacks[at].frame].kind == FRAME_KERNEL)
		at = p->stacks[at].parent;
	return at ? at : stack;
}

static int compare_keys(const void *a, const void *b)
{
	const struct entry *s = a, *t = b;

	if (s->state != t->state)
		return s->state < t->state ? -1 : 1;
	if (s->rank != t->rank)
		return s->rank < t->rank ? -1 : 1;
	if (s->comm != t->comm)
		return s->comm < t->comm ? -1 : 1;
	return (s->reason > t->reason) - (s->reason < t->reason);
}

static int compare_times(const void *a, const void *b)
{
	const struct entry *s = a, *t = b;

	if (s->state != t->state)
		return s->state < t->state ? -1 : 1;
	if (s->ns != t->ns)
		return s->ns > t->ns ? -1 : 1;
	return compare_keys(a, b);
}

/* One entry for all samples that read the same; by state, then most time first. */
static void collect_entries(struct digest *d)
{
	const struct profile *p = d->profile;
	uint32_t count = 0;

	d->entries = mem_alloc_array(p->sample_count, sizeof(*d->entries));
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		uint32_t stack = sample->stack;

		if (sample->state != SCOPE_ON)
			stack = trim_kernel(p, stack);
		d->entries[i] = (struct entry){
			.state = sample->state,
			.rank = d->paths.rank[stack],
			.comm = p->threads[sample->thread].comm,
			.reason = sample->reason,
			.stack = stack,
			.ns = sample->ns,
		};
	}
	qsort(d->entries, p->sample_count, sizeof(*d->entries), compare_keys);
	for (uint32_t i = 0; i < p->sample_count; i++) {
		if (count && compare_keys(&d->entries[count - 1], &d->entries[i]) == 0)
			d->entries[count - 1].ns += d->entries[i].ns;
		else
			d->entries[count++] = d->entries[i];
	}
	qsort(d->entries, count, sizeof(*d->entries), compare_times);
	d->count = count;
}

/* Columns of clean UTF-8: characters, taken to be one column each. */
static unsigned count_columns(const char *text)
{
	unsigned columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static void put_cut(FILE *out, const char *text, unsigned columns)
{
	for (; *text; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && !columns--)
			return;
		putc(*text, out);
	}
}

static void put_padded(FILE *out, const char *text, unsigned columns)
{
	unsigned have = count_columns(text);

	fputs(text, out);
	fprintf(out, "%*s", (int)(have < columns ? columns - have : 0), "");
}

/* leaf <- caller <- ... in `room` columns. */
static void print_path(const struct digest *d, uint32_t stack, unsigned room)
{
	enum { ARROW = 4, MORE = 3 }; /* columns of " <- " and "..." */
	uint32_t depth = paths_frames(&d->paths, stack, d->frames);
	unsigned used = 0;

	for (uint32_t left = depth; left-- > 0;) {
		const char *frame = d->frames[left];
		bool is_leaf = left + 1 == depth;
		unsigned need = count_columns(frame) + (is_leaf ? 0 : ARROW);
		unsigned keep = left ? ARROW + MORE : 0;

		if (used + need + keep > room) {
			if (is_leaf)
				put_cut(d->out, frame, room - MORE);
			fputs(is_leaf ? "..." : " <- ...", d->out);
			break;
		}
		if (is_leaf)
			fprintf(d->out, "%s%s%s", d->color ? BOLD : "", frame,
				d->color ? RESET : "");
		else
			fprintf(d->out, " <- %s", frame);
		used += need;
	}
	fputc('\n', d->out);
}

static char *clean_name(const char *name)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return mem_copy_string("?");
	text_write_name(out, name);
	fclose(out);
	return clean;
}

/* One table: `count` entries of one state, the largest first. */
static void print_entries(const struct digest *d, const struct entry *entries, uint32_t count,
			  nsec_t state_ns)
{
	const struct profile *p = d->profile;
	unsigned comm_width = 0, reason_width = 0, used, room;
	char *comm[TOP_STACKS], *reason[TOP_STACKS];

	for (uint32_t i = 0; i < count; i++) {
		comm[i] = clean_name(profile_string(p, entries[i].comm));
		reason[i] = clean_name(profile_string(p, entries[i].reason));
		if (count_columns(comm[i]) > comm_width)
			comm_width = count_columns(comm[i]);
		if (count_columns(reason[i]) > reason_width)
			reason_width = count_columns(reason[i]);
	}
	used = 2 + 7 + 2 + 11 + 2 + comm_width + 2 + (reason_width ? reason_width + 2 : 0);
	room = d->columns > used + MIN_PATH ? d->columns - used : MIN_PATH;
	for (uint32_t i = 0; i < count; i++) {
		fprintf(d->out, "  %7s  %11s  ", text_share(entries[i].ns, state_ns).bytes,
			text_duration(entries[i].ns).bytes);
		put_padded(d->out, comm[i], comm_width + 2);
		if (reason_width)
			put_padded(d->out, reason[i], reason_width + 2);
		print_path(d, entries[i].stack, room);
		free(comm[i]);
		free(reason[i]);
	}
}

/* Prints the entries of one state, which begin at `first`; returns where the next state's begin. */
static uint32_t print_state(const struct digest *d, enum scope_state state, uint32_t first)
{
	static const char *const titles[SCOPE_STATES] = {
		[SCOPE_ON] = "On CPU",
		[SCOPE_RUNQ] = "Waiting for a CPU",
		[SCOPE_OFF] = "Blocked",
	};
	nsec_t state_ns = 0, shown_ns = 0;
	uint32_t end = first, shown = 0;

	for (; end < d->count && d->entries[end].state == state; end++)
		state_ns += d->entries[end].ns;
	if (!state_ns)
		return end;
	while (shown < TOP_STACKS && first + shown < end && d->entries[first + shown].ns)
		shown_ns += d->entries[first + shown++].ns;
	fprintf(d->out, "%s%s: %s%s\n", d->color ? BOLD : "", titles[state],
		text_duration(state_ns).bytes, d->color ? RESET : "");
	print_entries(d, d->entries + first, shown, state_ns);
	if (shown_ns < state_ns)
		fprintf(d->out, "  %7s  %11s  in %u more\n",
			text_share(state_ns - shown_ns, state_ns).bytes,
			text_duration(state_ns - shown_ns).bytes, end - first - shown);
	fputc('\n', d->out);
	return end;
}

void digest_print(const struct profile *profile, const struct summary_opts *opts, FILE *out)
{
	struct digest d = {
		.profile = profile,
		.columns = opts->columns ? opts->columns : DEFAULT_COLUMNS,
		.color = opts->color,
		.out = out,
	};
	uint32_t next = 0;

	if (paths_build(profile, false, &d.paths) != 0)
		return;
	d.frames = mem_alloc_array(d.paths.max_depth, sizeof(*d.frames));
	collect_entries(&d);
	for (int state = SCOPE_ON; state < SCOPE_STATES; state++)
		next = print_state(&d, (enum scope_state)state, next);
	fputs("For a flame graph run it again with -o out.folded, and then:\n"
	      "  flamegraph.pl --countname us out.folded > out.svg\n",
	      out);
	free(d.entries);
	free(d.frames);
	paths_free(&d.paths);
}
