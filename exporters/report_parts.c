// SPDX-License-Identifier: MIT
/* report_parts.c - what the time of a state consists of: reasons of waits, and functions. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "functions.h"
#include "report.h"
#include "text.h"
#include "top.h"

#define TOP_REASONS	10
#define TOP_FUNCTIONS	10
#define FUNCTION_COLUMN 42 /* where its name begins */
#define NAME_COLUMNS	32
#define MODULE_COLUMNS	24

/* --- reasons ---------------------------------------------------------------------------------- */

struct reason_sum {
	nsec_t ns;
	uint64_t count;
	uint32_t reason;       /* string */
	uint32_t thread_count; /* that waited so */
	uint32_t last_thread;  /* and 1 */
};

static int compare_reasons(const void *a, const void *b)
{
	const struct reason_sum *s = a, *t = b;

	if (s->ns != t->ns)
		return s->ns > t->ns ? -1 : 1;
	return (s->reason > t->reason) - (s->reason < t->reason);
}

/* Sums by string, those that are not 0 first; returns how many. */
static uint32_t add_up_reasons(const struct profile *p, struct reason_sum *sums)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		struct reason_sum *sum = &sums[sample->reason];

		if (sample->state != SCOPE_OFF || !sample->ns ||
		    (p->system_wide && p->threads[sample->thread].never_ran))
			continue;
		sum->ns += sample->ns;
		sum->count += sample->count;
		sum->reason = sample->reason;
		sum->thread_count += sum->last_thread != sample->thread + 1;
		sum->last_thread = sample->thread + 1;
	}
	for (uint32_t i = 0; i < p->string_count; i++) {
		if (sums[i].ns)
			sums[count++] = sums[i];
	}
	qsort(sums, count, sizeof(*sums), compare_reasons);
	return count;
}

static int print_reason(const struct profile *p, const struct reason_sum *sum, nsec_t all_ns,
			FILE *out)
{
	const char *name = sum->reason ? profile_string(p, sum->reason) : "unknown";

	fprintf(out, "  %7s  %8s  %10" PRIu64 "  %8s  %7" PRIu32 "  ",
		text_share(sum->ns, all_ns).bytes, text_duration(sum->ns).bytes, sum->count,
		sum->count ? text_duration(sum->ns / sum->count).bytes : "-", sum->thread_count);
	if (columns_write_name(out, name, NAME_COLUMNS) != 0)
		return -ENOMEM;
	fputc('\n', out);
	return 0;
}

int report_print_reasons(const struct profile *profile, FILE *out)
{
	struct reason_sum *sums = calloc((size_t)profile->string_count + 1, sizeof(*sums));
	nsec_t all_ns = 0, rest_ns;
	uint32_t count;
	int ret = 0;

	if (!sums)
		return -ENOMEM;
	count = add_up_reasons(profile, sums);
	for (uint32_t i = 0; i < count; i++)
		all_ns += sums[i].ns;
	rest_ns = all_ns;
	if (count)
		fprintf(out, "\nBlocked, by reason: %s\n\n  %7s  %8s  %10s  %8s  %7s  reason\n",
			text_duration(all_ns).bytes, "share", "time", "waits", "average",
			"threads");
	for (uint32_t i = 0; i < count && i < TOP_REASONS && !ret; i++) {
		ret = print_reason(profile, &sums[i], all_ns, out);
		rest_ns -= sums[i].ns;
	}
	if (rest_ns && !ret)
		fprintf(out, "  and %s (%s) for %" PRIu32 " other reasons\n",
			text_duration(rest_ns).bytes, text_share(rest_ns, all_ns).bytes,
			count - TOP_REASONS);
	free(sums);
	return ret;
}

/* --- functions -------------------------------------------------------------------------------- */

/* The file's name; of the kernel and its like as they are called. NULL: no memory; "": none. */
static char *module_of(const struct profile *p, const struct function_sum *sum)
{
	const struct profile_frame *frame = &p->frames[sum->frame];
	const char *path = profile_string(p, p->images[frame->image].path);
	const char *slash = strrchr(path, '/');

	if (!sum->frame || !frame->image || sum->mixed)
		return strdup("");
	return columns_clean(slash ? slash + 1 : path, MODULE_COLUMNS);
}

static int print_function(const struct paths *paths, const struct function_sum *sum,
			  nsec_t state_ns, FILE *out)
{
	char *module = module_of(paths->profile, sum);
	unsigned room;
	int ret;

	if (!module)
		return -ENOMEM;
	fprintf(out, "  %7s  %8s  %7s  %8s  ", text_share(sum->self_ns, state_ns).bytes,
		text_duration(sum->self_ns).bytes, text_share(sum->total_ns, state_ns).bytes,
		text_duration(sum->total_ns).bytes);
	room = REPORT_COLUMNS - FUNCTION_COLUMN - (*module ? columns_of(module) + 4 : 0);
	ret = columns_write_name(out, paths->frames.text[sum->frame], room);
	if (*module)
		fprintf(out, "  (%s)", module);
	fputc('\n', out);
	free(module);
	return ret;
}

/* *titled: the section has begun. */
static int print_state(const struct paths *paths, enum scope_state state, bool *titled, FILE *out)
{
	struct functions f;
	int ret = functions_build(paths, state, &f);
	uint32_t shown = 0;

	if (ret)
		return ret;
	if (f.count && !*titled)
		fputs("Top functions: of their own, and with all that they call\n", out);
	if (f.count) {
		fprintf(out, "\n%s: %s\n  %17s  %17s  function\n", top_state_titles[state],
			text_duration(f.sum_ns).bytes, "self      time", "total      time");
		*titled = true;
	}
	for (; shown < f.count && shown < TOP_FUNCTIONS && f.items[shown].self_ns && !ret; shown++)
		ret = print_function(paths, &f.items[shown], f.sum_ns, out);
	if (shown < f.count && !ret)
		fprintf(out, "  and %" PRIu32 " other functions\n", f.count - shown);
	functions_free(&f);
	return ret;
}

int report_print_functions(const struct paths *paths, FILE *out)
{
	bool titled = false;
	int ret = 0;

	for (int state = SCOPE_ON; state < SCOPE_STATES && !ret; state++) {
		if (paths->profile->states[state])
			ret = print_state(paths, (enum scope_state)state, &titled, out);
	}
	return ret;
}
