// SPDX-License-Identifier: MIT
#include "top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "text.h"

#define TOP_STACKS 10
#define MAX_NAME   26 /* columns of a thread's name, and of a reason */
#define MIN_PATH   24 /* columns; rather a line too long than a path that says nothing */

#define BOLD  "\033[1m"
#define RESET "\033[0m"

const char *const top_state_titles[SCOPE_STATES] = {
	[SCOPE_ON] = "On CPU",
	[SCOPE_RUNQ] = "Waiting for a CPU",
	[SCOPE_OFF] = "Blocked",
};

/* The table as it is being printed. */
struct printer {
	const struct top *top;
	const struct top_style *style;
	const char **frames; /* room for one path */
	FILE *out;
};

uint32_t top_trim_kernel(const struct profile *p, uint32_t stack)
{
	uint32_t at = stack;

	while (at && p->frames[p->stacks[at].frame].kind == FRAME_KERNEL)
		at = p->stacks[at].parent;
	return at ? at : stack;
}

static int compare_keys(const void *a, const void *b)
{
	const struct top_entry *s = a, *t = b;

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
	const struct top_entry *s = a, *t = b;

	if (s->state != t->state)
		return s->state < t->state ? -1 : 1;
	if (s->ns != t->ns)
		return s->ns > t->ns ? -1 : 1;
	return compare_keys(a, b);
}

/* One entry for all samples that read the same; by state, then most time first. */
static int collect_entries(struct top *top)
{
	const struct profile *p = top->profile;
	uint32_t taken = 0, count = 0;

	top->entries = calloc((size_t)p->sample_count + 1, sizeof(*top->entries));
	if (!top->entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		uint32_t stack = sample->stack;

		if (p->system_wide && p->threads[sample->thread].never_ran) {
			top->never_ran_ns += sample->ns;
			continue;
		}
		if (sample->state != SCOPE_ON)
			stack = top_trim_kernel(p, stack);
		top->entries[taken++] = (struct top_entry){
			.state = sample->state,
			.rank = top->paths->rank[stack],
			.comm = p->threads[sample->thread].comm,
			.reason = sample->reason,
			.stack = stack,
			.ns = sample->ns,
		};
	}
	qsort(top->entries, taken, sizeof(*top->entries), compare_keys);
	for (uint32_t i = 0; i < taken; i++) {
		if (count && compare_keys(&top->entries[count - 1], &top->entries[i]) == 0)
			top->entries[count - 1].ns += top->entries[i].ns;
		else
			top->entries[count++] = top->entries[i];
	}
	qsort(top->entries, count, sizeof(*top->entries), compare_times);
	top->count = count;
	return 0;
}

int top_build(const struct profile *profile, const struct paths *paths, struct top *ret_top)
{
	struct top top = { .profile = profile, .paths = paths };
	int ret = collect_entries(&top);

	if (!ret)
		*ret_top = top;
	return ret;
}

void top_free(struct top *top)
{
	free(top->entries);
	*top = (struct top){ 0 };
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
static void print_path(const struct printer *w, uint32_t stack, unsigned room)
{
	enum { ARROW = 4, MORE = 3 }; /* columns of " <- " and "..." */
	uint32_t depth = paths_frames(w->top->paths, stack, w->frames);
	uint32_t user = depth - count_kernel_leaves(w->top->profile, stack); /* so many are outside */
	unsigned used = 0, kept = 0; /* columns for the user's function, and what may follow it */

	if (user < depth) {
		kept = ARROW + columns_of(w->frames[user - 1]) + (user > 1 ? ARROW + MORE : 0);
		if (columns_of(w->frames[depth - 1]) + ARROW + MORE + kept > room)
			kept = 0;
	}
	for (uint32_t left = depth; left-- > 0;) {
		const char *frame = w->frames[left];
		bool is_leaf = left + 1 == depth;
		unsigned need = columns_of(frame) + (is_leaf ? 0 : ARROW);
		unsigned keep = left ? ARROW + MORE : 0;

		if (kept)
			keep = left > user ? ARROW + MORE + kept : kept;
		if (used + need + keep > room && kept && !is_leaf) {
			fputs(" <- ...", w->out);
			used += ARROW + MORE;
			left = user;
			kept = 0;
			continue;
		}
		if (used + need + keep > room) {
			if (is_leaf)
				columns_write_cut(w->out, frame, room - MORE);
			fputs(is_leaf ? "..." : " <- ...", w->out);
			break;
		}
		if (left == user)
			kept = 0; /* the next one is the user's, and fits */
		if (is_leaf)
			fprintf(w->out, "%s%s%s", w->style->color ? BOLD : "", frame,
				w->style->color ? RESET : "");
		else
			fprintf(w->out, " <- %s", frame);
		used += need;
	}
	fputc('\n', w->out);
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
	unsigned need = columns_of(text);

	if (need > *width)
		*width = need;
}

static int make_row(const struct profile *p, const struct top_entry *entry, nsec_t state_ns,
		    struct row *ret_row)
{
	*ret_row = (struct row){
		.share = text_share(entry->ns, state_ns),
		.time = text_duration(entry->ns),
		.comm = columns_clean(profile_string(p, entry->comm), MAX_NAME),
		.reason = entry->reason ? columns_clean(profile_string(p, entry->reason), MAX_NAME)
					: strdup(""),
	};
	return ret_row->comm && ret_row->reason ? 0 : -ENOMEM;
}

static void print_row(const struct printer *w, const struct row *row, const struct widths *width,
		      uint32_t stack)
{
	unsigned used = 2 + width->share + 2 + width->time + 2 + width->comm + 2;
	unsigned columns = w->style->columns;

	if (width->reason)
		used += width->reason + 2;
	fprintf(w->out, "  %*s  %*s  ", (int)width->share, row->share.bytes, (int)width->time,
		row->time.bytes);
	columns_write_padded(w->out, row->comm, width->comm + 2);
	if (width->reason)
		columns_write_padded(w->out, row->reason, width->reason + 2);
	print_path(w, stack, columns > used + MIN_PATH ? columns - used : MIN_PATH);
}

/* One table: up to TOP_STACKS entries of one state, the largest first. */
static int print_entries(const struct printer *w, const struct top_entry *entries, uint32_t count,
			 nsec_t state_ns)
{
	struct row rows[TOP_STACKS] = { 0 };
	struct widths width = { 0 };
	int ret = 0;

	for (uint32_t i = 0; i < count && !ret; i++) {
		struct row *row = &rows[i];

		ret = make_row(w->top->profile, &entries[i], state_ns, row);
		if (ret)
			break;
		widen(&width.share, row->share.bytes);
		widen(&width.time, row->time.bytes);
		widen(&width.comm, row->comm);
		widen(&width.reason, row->reason);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!ret)
			print_row(w, &rows[i], &width, entries[i].stack);
		free(rows[i].comm);
		free(rows[i].reason);
	}
	return ret;
}
/* Prints the entries of one state, which are those from *first on; moves that to the next one's. */
static int print_state(const struct printer *w, enum scope_state state, uint32_t *first)
{
	const struct top_entry *entries = w->top->entries + *first;
	uint32_t count = 0, shown = 0;
	nsec_t state_ns = 0, shown_ns = 0;
	int ret;

	for (; *first + count < w->top->count && entries[count].state == state; count++)
		state_ns += entries[count].ns;
	*first += count;
	if (!state_ns)
		return 0;
	while (shown < TOP_STACKS && shown < count && entries[shown].ns)
		shown_ns += entries[shown++].ns;
	fprintf(w->out, "%s%s: %s%s\n", w->style->color ? BOLD : "", top_state_titles[state],
		text_duration(state_ns).bytes, w->style->color ? RESET : "");
	ret = print_entries(w, entries, shown, state_ns);
	if (shown_ns < state_ns)
		fprintf(w->out, "  and %s (%s) in other stacks\n",
			text_duration(state_ns - shown_ns).bytes,
			text_share(state_ns - shown_ns, state_ns).bytes);
	fputc('\n', w->out);
	return ret;
}

int top_print(const struct top *top, const struct top_style *style, FILE *out)
{
	struct printer w = { .top = top, .style = style, .out = out };
	uint32_t first = 0;
	int ret = 0;

	w.frames = calloc(top->paths->max_depth, sizeof(*w.frames));
	if (!w.frames)
		return -ENOMEM;
	for (int state = SCOPE_ON; state < SCOPE_STATES && !ret; state++)
		ret = print_state(&w, (enum scope_state)state, &first);
	free(w.frames);
	return ret;
}
