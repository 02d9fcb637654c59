// SPDX-License-Identifier: MIT
/*
 * overview_unnamed.c - the images with most frames without a name, by time, and the processes with
 * most in memory of no file: one row each, the worst first.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "overview.h"
#include "text.h"

/* Less than one part in so many of all frames does not matter; nor does such a row. */
#define RELEVANT_PART 200

struct row {
	nsec_t ns;
	uint32_t index;
	enum { ROW_IMAGE, ROW_PROCESS, ROW_UNMAPPED } kind;
};

struct rows {
	struct row *items;
	size_t count;
};

/* For qsort(): most time first; of the same, as they stand in the profile. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *s = a, *t = b;

	if (s->ns != t->ns)
		return s->ns > t->ns ? -1 : 1;
	if (s->kind != t->kind)
		return s->kind < t->kind ? -1 : 1;
	return (s->index > t->index) - (s->index < t->index);
}

static void add_row(struct rows *rows, struct row row)
{
	if (row.ns)
		rows->items[rows->count++] = row;
}

static int collect_rows(const struct profile *p, struct rows *rows)
{
	nsec_t anonymous_ns = 0;

	rows->count = 0;
	rows->items = calloc((size_t)p->process_count + p->image_count + 1, sizeof(*rows->items));
	if (!rows->items)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->process_count; i++) {
		nsec_t ns = p->processes[i].anonymous_ns;

		anonymous_ns += ns;
		add_row(rows, (struct row){ ns, i, ROW_PROCESS });
	}
	/* what else is in no image is in no mapping */
	add_row(rows, (struct row){ p->images[0].unnamed_ns - anonymous_ns, 0, ROW_UNMAPPED });
	for (uint32_t i = 1; i < p->image_count; i++)
		add_row(rows, (struct row){ p->images[i].unnamed_ns, i, ROW_IMAGE });
	qsort(rows->items, rows->count, sizeof(*rows->items), compare_rows);
	return 0;
}

static void print_why(const struct profile *p, uint32_t why, FILE *out)
{
	if (!why)
		return;
	fputs(": ", out);
	text_write_name(out, profile_string(p, why));
}

static void print_image(const struct profile *p, const struct profile_image *image, FILE *out)
{
	uint32_t remedy = image->debug_package ? image->debug_package : image->debug_file;

	text_write_name(out, profile_string(p, image->path));
	print_why(p, image->why, out);
	if (!remedy)
		return;
	fputs(image->debug_package ? "; install " : "; lacks ", out);
	text_write_name(out, profile_string(p, remedy));
}

static void print_row(const struct profile *p, const struct row *row, FILE *out)
{
	const struct profile_process *process;

	fprintf(out, "%6s  ", text_share(row->ns, p->quality.frames_ns).bytes);
	switch (row->kind) {
	case ROW_IMAGE:
		print_image(p, &p->images[row->index], out);
		break;
	case ROW_PROCESS:
		process = &p->processes[row->index];
		text_write_name(out, profile_string(p, process->comm));
		fprintf(out, " (pid %" PRIu32 "), in memory of no file", process->pid);
		print_why(p, process->anonymous_why, out);
		break;
	case ROW_UNMAPPED:
		fputs("in no mapping", out);
		break;
	}
	fputc('\n', out);
}

int overview_print_unnamed(const struct profile *profile, unsigned max, unsigned indent, FILE *out)
{
	nsec_t relevant_ns = profile->quality.frames_ns / RELEVANT_PART, rest_ns = 0;
	struct rows rows;
	size_t shown = 0;

	if (profile->quality.unnamed_ns <= relevant_ns)
		return 0;
	if (collect_rows(profile, &rows) != 0)
		return -ENOMEM;
	for (; shown < rows.count && shown < max; shown++) {
		if (shown && rows.items[shown].ns <= relevant_ns)
			break;
		fprintf(out, "%*s", (int)indent, "");
		print_row(profile, &rows.items[shown], out);
	}
	for (size_t i = shown; i < rows.count; i++)
		rest_ns += rows.items[i].ns;
	if (rest_ns)
		fprintf(out, "%*s%6s  in %zu more\n", (int)indent, "",
			text_share(rest_ns, profile->quality.frames_ns).bytes, rows.count - shown);
	free(rows.items);
	return 0;
}
