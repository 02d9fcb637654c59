// SPDX-License-Identifier: MIT
/*
 * report.c - a profile for people to read: who did what with the time, in words first, then the
 * figures that carry them; the most important first, the rest summed and said.
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>

#include "columns.h"
#include "exporter.h"
#include "overview.h"
#include "roles.h"
#include "text.h"
#include "top.h"

#define LABEL_COLUMNS 14 /* of the overview's rows */

static int print_verdict(const struct standings *s, FILE *out)
{
	static const struct overview_opts plain;
	const struct profile *p = s->paths->profile;
	struct clauses clauses = {
		.out = out,
		.columns = REPORT_COLUMNS,
		.indent = LABEL_COLUMNS,
		.at = LABEL_COLUMNS,
	};

	overview_begin_row(&plain, "verdict", out);
	if (p->thread_count == 1 && role_of_thread(p, 0)->text[0])
		clauses_put(&clauses, role_of_thread(p, 0)->text);
	if (standing_put_verdict(s->paths, &s->all, &clauses) != 0)
		return -ENOMEM;
	fputc('\n', out);
	return 0;
}

/* Where threads wait for CPUs, whether it is for want of CPUs. */
static void print_queueing(const struct standings *s, FILE *out)
{
	static const struct overview_opts plain;
	const struct profile *p = s->paths->profile;
	nsec_t wanted_ns = s->all.ns[SCOPE_ON] + s->all.ns[SCOPE_RUNQ];
	nsec_t cpus_ns = p->window_ns * p->cpus;

	/* a tenth of what they wanted, and more than a trace of their time */
	if (s->all.ns[SCOPE_RUNQ] <= wanted_ns / 10 ||
	    s->all.ns[SCOPE_RUNQ] <= s->all.alive_ns / 100)
		return;
	overview_begin_row(&plain, "", out);
	fprintf(out, "of the time that a CPU was wanted, %s was waiting for one;",
		text_share(s->all.ns[SCOPE_RUNQ], wanted_ns).bytes);
	fprintf(out, " CPUs idle %s:\n", text_share(p->idle_ns, cpus_ns).bytes);
	overview_begin_row(&plain, "", out);
	fputs(p->idle_ns < cpus_ns / 10
		      ? "there was more work than CPUs\n"
		      : "kept from idle CPUs by a quota, by affinity, or by waking in bursts\n",
	      out);
}

static int write_head(const struct standings *s, FILE *out)
{
	static const struct overview_opts plain;
	const struct profile *p = s->paths->profile;

	overview_print_title(p, false, out);
	if (print_verdict(s, out) != 0)
		return -ENOMEM;
	print_queueing(s, out);
	return overview_print(p, &plain, out);
}

/* Its rows are the summary's, and as long as there; here no line is wider than the paper. */
static int print_head(const struct standings *s, FILE *out)
{
	char *text = NULL;
	size_t size = 0;
	FILE *wide = open_memstream(&text, &size);
	int ret;

	if (!wide)
		return -ENOMEM;
	ret = write_head(s, wide);
	if (fclose(wide) != 0)
		ret = -ENOMEM;
	if (!ret)
		columns_write_wrapped(out, text, REPORT_COLUMNS, LABEL_COLUMNS);
	free(text);
	return ret;
}

static int print_stacks(const struct paths *paths, FILE *out)
{
	const struct profile *p = paths->profile;
	const struct top_style style = { .columns = REPORT_COLUMNS };
	struct top top = { 0 };
	int ret = top_build(p, paths, &top);

	if (ret)
		return ret;
	if (top.count)
		fputs("\nTop stacks\n\n", out);
	ret = top_print(&top, &style, out);
	if (top.never_ran_ns)
		fprintf(out, "Threads that never ran: %s\n\n",
			text_duration(top.never_ran_ns).bytes);
	top_free(&top);
	return ret;
}

static int print_report(const struct paths *paths, FILE *out)
{
	const struct profile *p = paths->profile;
	struct standings standings = { 0 };
	int ret = standings_build(paths, &standings);

	if (ret)
		return ret;
	ret = print_head(&standings, out);
	/* of one thread, its process and all of them would say the same */
	if (!ret && p->thread_count > 1)
		ret = report_print_processes(&standings, out);
	if (!ret)
		ret = report_print_threads(&standings, out);
	if (!ret)
		ret = report_print_reasons(p, out);
	standings_free(&standings);
	if (!ret)
		ret = text_check(out);
	if (!ret)
		ret = print_stacks(paths, out);
	if (!ret)
		ret = report_print_functions(paths, out);
	return ret;
}

static int report_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	const struct export_opts shown = { .lines = opts->lines };
	struct paths paths = { 0 };
	int ret = paths_build(p, &shown, &paths);

	if (!ret)
		ret = print_report(&paths, out);
	if (!ret)
		ret = text_flush(out);
	paths_free(&paths);
	return ret;
}

const struct exporter exporter_report = {
	.name = "report",
	.suffixes = { ".txt" },
	.summary = "text to read: a verdict for each process and thread, and what carries it",
	.write = report_write,
};
