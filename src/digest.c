// SPDX-License-Identifier: MIT
/*
 * digest.c - the stacks with most time, one a line: leaf first, so that the names to look at stand
 * in a column and a narrow terminal cuts off the callers that matter least.
 *
 * Of blocked and waiting stacks with user frames the kernel's are left out: the reason says it. In
 * a system-wide profile, threads that never ran are one line: there are too many of them.
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
	nsec_t never_ran_ns;
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
	uint32_t taken = 0, count = 0;

	d->entries = mem_alloc_array(p->sample_count, sizeof(*d->entries));
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		uint32_t stack = sample->stack;

		if (p->system_wide && p->threads[sample->thread].never_ran) {
			d->never_ran_ns += sample->ns;
			continue;
		}
		if (sample->state != SCOPE_ON)
			stack = trim_kernel(p, stack);
		d->entries[taken++] = (struct entry){
			.state = sample->state,
			.rank = d->paths.rank[stack],
			.comm = p->threads[sample->thread].comm,
			.reason = sample->reason,
			.stack = stack,
			.ns = sample->ns,
		};
	}
	qsort(d->entries, taken, sizeof(*d->entries), compare_keys);
	for (uint32_t i = 0; i < taken; i++) {
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

/* Frames at the leaf that are the kernel's, where there are user's above them; else 0. */
static uint32_t count_kernel_leaves(const struct profile *p, uint32_t stack)
{
	uint32_t count = 0, at = stack;

	for (; at && p->frames[p->stacks[at].frame].kind == FRAME_KERNEL; count++)
		at = p->stacks[at].parent;
	return at ? count : 0;
}

/*
 * leaf <- caller <- ... in `room` columns. The user's function that called the kernel matters more
 * than the kernel's own way from there to the leaf: where both do not fit, that is cut.
 */
static void print_path(const struct digest *d, uint32_t stack, unsigned room)
{
	enum { ARROW = 4, MORE = 3 }; /* columns of " <- " and "..." */
	uint32_t depth = paths_frames(&d->paths, stack, d->frames);
	uint32_t user = depth - count_kernel_leaves(d->profile, stack); /* so many are outside */
	unsigned used = 0, kept = 0; /* columns for the user's function, and what may follow it */

	if (user < depth) {
		kept = ARROW + count_columns(d->frames[user - 1]) + (user > 1 ? ARROW + MORE : 0);
		if (count_columns(d->frames[depth - 1]) + ARROW + MORE + kept > room)
			kept = 0;
	}
	for (uint32_t left = depth; left-- > 0;) {
		const char *frame = d->frames[left];
		bool is_leaf = left + 1 == depth;
		unsigned need = count_columns(frame) + (is_leaf ? 0 : ARROW);
		unsigned keep = left ? ARROW + MORE : 0;

		if (kept)
			keep = left > user ? ARROW + MORE + kept : kept;
		if (used + need + keep > room && kept && !is_leaf) {
			fputs(" <- ...", d->out);
			used += ARROW + MORE;
			left = user;
			kept = 0;
			continue;
		}
		if (used + need + keep > room) {
			if (is_leaf)
				put_cut(d->out, frame, room - MORE);
			fputs(is_leaf ? "..." : " <- ...", d->out);
			break;
		}
		if (left == user)
			kept = 0; /* the next one is the user's, and fits */
		if (is_leaf)
			fprintf(d->out, "%s%s%s", d->color ? BOLD : "", frame,
				d->color ? RESET : "");
		else
			fprintf(d->out, " <- %s", frame);
		used += need;
	}
	fputc('\n', d->out);
}

static char *clean_string(const struct profile *p, uint32_t id)
{
	char *clean = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&clean, &size);

	if (!out)
		return mem_copy_string("?");
	text_write_name(out, profile_string(p, id));
	fclose(out);
	return clean;
}

/* An entry as text: what a row of the table holds besides the path. */
struct row {
	struct text_quantity share, time;
	char *comm, *reason;
};

/* The columns that the texts of a table need. */
struct widths {
	unsigned share, time, comm, reason;
};

static void widen(unsigned *width, const char *text)
{
	unsigned need = count_columns(text);

	if (need > *width)
		*width = need;
}

/* One table: up to TOP_STACKS entries of one state, the largest first. */
static void print_entries(const struct digest *d, const struct entry *entries, uint32_t count,
			  nsec_t state_ns)
{
	const struct profile *p = d->profile;
	struct row rows[TOP_STACKS];
	struct widths width = { 0 };
	unsigned used, room;

	for (uint32_t i = 0; i < count; i++) {
		struct row *row = &rows[i];

		row->share = text_share(entries[i].ns, state_ns);
		row->time = text_duration(entries[i].ns);
		row->comm = clean_string(p, entries[i].comm);
		row->reason = entries[i].reason ? clean_string(p, entries[i].reason)
						: mem_copy_string("");
		widen(&width.share, row->share.bytes);
		widen(&width.time, row->time.bytes);
		widen(&width.comm, row->comm);
		widen(&width.reason, row->reason);
	}
	used = 2 + width.share + 2 + width.time + 2 + width.comm + 2;
	if (width.reason)
		used += width.reason + 2;
	room = d->columns > used + MIN_PATH ? d->columns - used : MIN_PATH;
	for (uint32_t i = 0; i < count; i++) {
		struct row *row = &rows[i];

		fprintf(d->out, "  %*s  %*s  ", (int)width.share, row->share.bytes, (int)width.time,
			row->time.bytes);
		put_padded(d->out, row->comm, width.comm + 2);
		if (width.reason)
			put_padded(d->out, row->reason, width.reason + 2);
		print_path(d, entries[i].stack, room);
		free(row->comm);
		free(row->reason);
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
		fprintf(d->out, "  and %s (%s) in other stacks\n",
			text_duration(state_ns - shown_ns).bytes,
			text_share(state_ns - shown_ns, state_ns).bytes);
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

	if (paths_build(profile, &(struct export_opts){ 0 }, &d.paths) != 0)
		return;
	d.frames = mem_alloc_array(d.paths.max_depth, sizeof(*d.frames));
	collect_entries(&d);
	fputc('\n', out); /* the summary stands above */
	for (int state = SCOPE_ON; state < SCOPE_STATES; state++)
		next = print_state(&d, (enum scope_state)state, next);
	if (d.never_ran_ns)
		fprintf(out, "Threads that never ran: %s\n\n", text_duration(d.never_ran_ns).bytes);
	fputs("For a flame graph run it again with -o out.folded, and then:\n"
	      "  flamegraph.pl --countname us out.folded > out.svg\n",
	      out);
	free(d.entries);
	free(d.frames);
	paths_free(&d.paths);
}
