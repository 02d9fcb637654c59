// SPDX-License-Identifier: MIT
/* report_tables.c - the report's tables of processes and of threads. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "columns.h"
#include "report.h"
#include "roles.h"
#include "text.h"

#define TOP_PROCESSES 10
#define TOP_THREADS   20
#define NAME_COLUMNS  32
#define MAX_ROWS      (TOP_THREADS + 1) /* and the rest */

enum cell {
	CELL_NUMBER,
	CELL_ON,
	CELL_ACTIVE,
	CELL_RUNQ,
	CELL_RUNQ_SHARE,
	CELL_OFF,
	CELL_OFF_SHARE,
	CELL_ALIVE,
	CELL_ALIVE_SHARE,
	CELL_COVERED,
	CELLS,
};

/* The columns' heads; a share without one belongs to the time before it. */
static const char *const heads[CELLS] = {
	[CELL_NUMBER] = "",	    [CELL_ON] = "on CPU",   [CELL_ACTIVE] = "active",
	[CELL_RUNQ] = "run queue",  [CELL_RUNQ_SHARE] = "", [CELL_OFF] = "blocked",
	[CELL_OFF_SHARE] = "",	    [CELL_ALIVE] = "alive", [CELL_ALIVE_SHARE] = "of all",
	[CELL_COVERED] = "covered",
};

struct row {
	const struct standing *standing;
	uint32_t index; /* of the process or thread */
	struct text_quantity cells[CELLS];
};

struct rows {
	const struct standings *standings;
	bool processes; /* or threads */
	nsec_t all_ns;	/* alive, of all of them */
	struct row rows[MAX_ROWS];
	uint32_t shown;
	uint32_t rest_count;
	struct standing rest;
	int width[CELLS];
};

static const struct standing *standing_of(const struct rows *t, uint32_t index)
{
	return t->processes ? &t->standings->processes[index] : &t->standings->threads[index];
}

/* Who wanted a CPU most comes first; then who waited longest; then as in the profile. */
static bool comes_before(const struct standing *a, const struct standing *b)
{
	nsec_t wanted_a = a->ns[SCOPE_ON] + a->ns[SCOPE_RUNQ];
	nsec_t wanted_b = b->ns[SCOPE_ON] + b->ns[SCOPE_RUNQ];

	if (wanted_a != wanted_b)
		return wanted_a > wanted_b;
	return a->alive_ns > b->alive_ns;
}

/* Gives it its place among the first `max`; what falls out of them is of the rest. */
static void insert_row(struct rows *t, uint32_t index, uint32_t max)
{
	const struct standing *standing = standing_of(t, index);
	uint32_t place = t->shown;

	t->all_ns += standing->alive_ns;
	if (t->shown < max) {
		t->shown++;
	} else {
		const struct standing *last = t->rows[max - 1].standing;
		bool better = comes_before(standing, last);

		standing_add(&t->rest, better ? last : standing);
		t->rest_count++;
		if (!better)
			return;
		place = max - 1;
	}
	for (; place && comes_before(standing, t->rows[place - 1].standing); place--)
		t->rows[place] = t->rows[place - 1];
	t->rows[place] = (struct row){ .standing = standing, .index = index };
}

static void fill_row(struct rows *t, struct row *row)
{
	const struct profile *p = t->standings->paths->profile;
	const struct standing *s = row->standing;
	struct text_quantity *cells = row->cells;
	uint32_t number;

	if (s == &t->rest) {
		snprintf(cells[CELL_NUMBER].bytes, sizeof(cells[CELL_NUMBER].bytes), "others");
	} else {
		number = t->processes ? p->processes[row->index].pid : p->threads[row->index].tid;
		snprintf(cells[CELL_NUMBER].bytes, sizeof(cells[CELL_NUMBER].bytes), "%" PRIu32,
			 number);
	}
	cells[CELL_ON] = text_duration(s->ns[SCOPE_ON]);
	cells[CELL_ACTIVE] = text_share(s->ns[SCOPE_ON], s->alive_ns);
	cells[CELL_RUNQ] = text_duration(s->ns[SCOPE_RUNQ]);
	cells[CELL_RUNQ_SHARE] = text_share(s->ns[SCOPE_RUNQ], s->alive_ns);
	cells[CELL_OFF] = text_duration(s->ns[SCOPE_OFF]);
	cells[CELL_OFF_SHARE] = text_share(s->ns[SCOPE_OFF], s->alive_ns);
	cells[CELL_ALIVE] = text_duration(s->alive_ns);
	cells[CELL_ALIVE_SHARE] = text_share(s->alive_ns, t->all_ns);
	cells[CELL_COVERED] = text_share(standing_covered(s), s->alive_ns);
}

static const char *head_of(const struct rows *t, enum cell cell)
{
	if (cell == CELL_NUMBER)
		return t->processes ? "pid" : "tid";
	return heads[cell];
}

static void measure(struct rows *t)
{
	for (int cell = 0; cell < CELLS; cell++) {
		t->width[cell] = (int)columns_of(head_of(t, (enum cell)cell));
		for (uint32_t i = 0; i < t->shown; i++) {
			int need = (int)columns_of(t->rows[i].cells[cell].bytes);

			if (need > t->width[cell])
				t->width[cell] = need;
		}
	}
}

static void print_cells(const struct rows *t, const struct row *row, FILE *out)
{
	for (int cell = 0; cell < CELLS; cell++)
		fprintf(out, "  %*s", t->width[cell],
			row ? row->cells[cell].bytes : head_of(t, (enum cell)cell));
	fputc('\n', out);
}

static int put_name(const struct rows *t, const struct row *row, struct clauses *clauses)
{
	const struct profile *p = t->standings->paths->profile;
	uint32_t comm = t->processes ? p->processes[row->index].comm : p->threads[row->index].comm;
	char *name = columns_clean(profile_string(p, comm), NAME_COLUMNS);

	if (!name)
		return -ENOMEM;
	clauses_put(clauses, name);
	free(name);
	return 0;
}

/* The row's line of words: who it is, and the verdict. */
static int print_words(const struct rows *t, const struct row *row, FILE *out)
{
	const struct profile *p = t->standings->paths->profile;
	unsigned indent = 2 + (unsigned)t->width[CELL_NUMBER] + 2;
	struct clauses clauses = {
		.out = out,
		.columns = REPORT_COLUMNS,
		.indent = indent,
		.at = indent,
	};
	char text[64];

	fprintf(out, "%*s", (int)indent, "");
	if (row->standing == &t->rest) {
		fprintf(out, "%" PRIu32 " more %s, less busy, together\n", t->rest_count,
			t->processes ? "processes" : "threads");
		return 0;
	}
	if (put_name(t, row, &clauses) != 0)
		return -ENOMEM;
	if (t->processes) {
		snprintf(text, sizeof(text), "%" PRIu32 " thread%s", row->standing->thread_count,
			 row->standing->thread_count == 1 ? "" : "s");
		clauses_put(&clauses, text);
	} else if (role_of_thread(p, row->index)->text[0]) {
		clauses_put(&clauses, role_of_thread(p, row->index)->text);
	}
	if (standing_put_verdict(t->standings->paths, row->standing, &clauses) != 0)
		return -ENOMEM;
	fputc('\n', out);
	return 0;
}

static int print_table(struct rows *t, uint32_t count, uint32_t max, FILE *out)
{
	int ret = 0;

	for (uint32_t i = 0; i < count; i++)
		insert_row(t, i, max);
	fprintf(out, "\n%s%s", t->processes ? "Process" : "Thread",
		count == 1     ? ""
		: t->processes ? "es, the busiest first"
			       : "s, the busiest first");
	if (t->rest_count) {
		fprintf(out, ": %" PRIu32 " of %" PRIu32, t->shown, count);
		t->rows[t->shown++] = (struct row){ .standing = &t->rest };
	}
	fputs("\n\n", out);
	for (uint32_t i = 0; i < t->shown; i++)
		fill_row(t, &t->rows[i]);
	measure(t);
	print_cells(t, NULL, out);
	for (uint32_t i = 0; i < t->shown && !ret; i++) {
		print_cells(t, &t->rows[i], out);
		ret = print_words(t, &t->rows[i], out);
	}
	return ret;
}

int report_print_processes(const struct standings *standings, FILE *out)
{
	struct rows rows = { .standings = standings, .processes = true };
	uint32_t count = standings->paths->profile->process_count;

	return count ? print_table(&rows, count, TOP_PROCESSES, out) : 0;
}

int report_print_threads(const struct standings *standings, FILE *out)
{
	struct rows rows = { .standings = standings };
	uint32_t count = standings->paths->profile->thread_count;

	return count ? print_table(&rows, count, TOP_THREADS, out) : 0;
}
