// SPDX-License-Identifier: MIT
#include "overview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "losses.h"
#include "text.h"

#define TOP_REASONS   4
#define TOP_RESIDUALS 5
#define TOP_IMAGES    3
#define TOP_UNNAMED   3
#define MOST_UNNAMED  20 /* with -v */

#define PPM 1000000

#define LABEL_COLUMNS 14 /* with two blanks before and behind */

#define BOLD   "\033[1m"
#define YELLOW "\033[33m"
#define RESET  "\033[0m"

/* All threads' accounts together. */
struct totals {
	nsec_t alive_ns;
	nsec_t ns[SCOPE_STATES];
	nsec_t residual_ns; /* sum of the threads' absolute residuals */
	uint32_t residual_threads; /* whose residual is not 0; the largest first: */
	const struct profile_thread *residuals[TOP_RESIDUALS];
	uint32_t never_ran;
	uint32_t estimated;
};

struct printer {
	const struct profile *profile;
	struct totals totals;
	const struct overview_opts *opts;
	FILE *out;
};

nsec_t overview_residual(const struct profile_thread *thread)
{
	return thread->residual_ns < 0 ? -(nsec_t)thread->residual_ns : (nsec_t)thread->residual_ns;
}

/* Counts the thread, and gives it its place among those with the largest residuals. */
static void note_residual(struct totals *totals, const struct profile_thread *thread)
{
	uint32_t place = totals->residual_threads++;

	if (place >= TOP_RESIDUALS) {
		place = TOP_RESIDUALS - 1;
		if (overview_residual(thread) <= overview_residual(totals->residuals[place]))
			return;
	}
	for (; place && overview_residual(thread) > overview_residual(totals->residuals[place - 1]); place--)
		totals->residuals[place] = totals->residuals[place - 1];
	totals->residuals[place] = thread;
}

static struct totals add_up(const struct profile *p)
{
	struct totals totals = { 0 };

	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *thread = &p->threads[i];

		totals.alive_ns += thread->alive_ns;
		for (size_t state = 0; state < SCOPE_STATES; state++)
			totals.ns[state] += thread->ns[state];
		totals.residual_ns += overview_residual(thread);
		if (thread->residual_ns)
			note_residual(&totals, thread);
		totals.never_ran += thread->never_ran;
		totals.estimated += thread->estimated;
	}
	return totals;
}

static const char *paint(const struct printer *w, const char *color)
{
	return w->opts->color ? color : "";
}

void overview_begin_row(const struct overview_opts *opts, const char *label, FILE *out)
{
	fprintf(out, "  %s%-*s%s  ", opts->color ? BOLD : "", LABEL_COLUMNS - 4, label,
		opts->color ? RESET : "");
}

static void begin_row(const struct printer *w, const char *label)
{
	overview_begin_row(w->opts, label, w->out);
}

static const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

void overview_print_title(const struct profile *profile, bool color, FILE *out)
{
	const bool *states = profile->states;
	const char *kind = "wall-clock";

	if (!states[SCOPE_OFF])
		kind = "on-CPU";
	else if (!states[SCOPE_ON])
		kind = "off-CPU";
	fprintf(out, "%s%s profile of ", color ? BOLD : "", kind);
	text_write_name(out, profile->target);
	fprintf(out, "%s\n", color ? RESET : "");
}

static void print_window(const struct printer *w)
{
	const struct profile *p = w->profile;

	begin_row(w, "window");
	fprintf(w->out, "%s", text_duration(p->window_ns).bytes);
	if (p->states[SCOPE_ON])
		fprintf(w->out, " at %" PRIu32 " Hz", p->frequency_hz);
	fprintf(w->out, ", %" PRIu32 " %s, idle %s\n", p->cpus, plural(p->cpus, "CPU", "CPUs"),
		text_share(p->idle_ns, p->window_ns * p->cpus).bytes);
}

static void print_threads(const struct printer *w)
{
	const struct profile *p = w->profile;

	begin_row(w, "threads");
	fprintf(w->out, "%" PRIu32 " in %" PRIu32 " %s, alive for %s together", p->thread_count,
		p->process_count, plural(p->process_count, "process", "processes"),
		text_duration(w->totals.alive_ns).bytes);
	if (w->totals.never_ran)
		fprintf(w->out, "; %" PRIu32 " never ran", w->totals.never_ran);
	fputc('\n', w->out);
}

/* The ledger is whole whatever states the profile shows: it tells what is not shown, too. */
static void print_time(const struct printer *w)
{
	static const char *const names[SCOPE_STATES] = { "on CPU", "run queue", "blocked" };
	const struct totals *totals = &w->totals;
	const char *separator = "";

	begin_row(w, "time");
	for (size_t state = 0; state < SCOPE_STATES; state++) {
		fprintf(w->out, "%s%s %s (%s)", separator, names[state],
			text_duration(totals->ns[state]).bytes,
			text_share(totals->ns[state], totals->alive_ns).bytes);
		separator = ", ";
	}
	fputc('\n', w->out);
}

static void print_coverage(const struct printer *w)
{
	const struct totals *totals = &w->totals;
	bool bad = totals->residual_ns > totals->alive_ns / 1000;
	nsec_t covered_ns = totals->alive_ns - totals->residual_ns;

	if (totals->residual_ns > totals->alive_ns)
		covered_ns = 0;
	begin_row(w, "coverage");
	fprintf(w->out, "%s%s of alive time accounted for, residual %s%s",
		bad ? paint(w, YELLOW) : "", text_share(covered_ns, totals->alive_ns).bytes,
		text_duration(totals->residual_ns).bytes, bad ? paint(w, RESET) : "");
	fputc('\n', w->out);
}

/* Whose time no state explains: on 5.10, threads beyond the table of accounts. */
static void print_unaccounted(const struct printer *w)
{
	const struct totals *totals = &w->totals;
	uint32_t shown = 0;

	if (!totals->residual_threads)
		return;
	begin_row(w, "");
	fputs("unaccounted: ", w->out);
	for (; shown < totals->residual_threads && shown < TOP_RESIDUALS; shown++) {
		const struct profile_thread *thread = totals->residuals[shown];

		fputs(shown ? ", " : "", w->out);
		text_write_name(w->out, profile_string(w->profile, thread->comm));
		fprintf(w->out, " (tid %" PRIu32 ") %s%s", thread->tid,
			thread->residual_ns < 0 ? "-" : "",
			text_duration(overview_residual(thread)).bytes);
	}
	if (shown < totals->residual_threads)
		fprintf(w->out, ", and %" PRIu32 " more", totals->residual_threads - shown);
	fputc('\n', w->out);
}

/* The largest of `count` sums that is above 0: its index, or `count`. The first of equal ones. */
static uint32_t find_largest(const nsec_t *sums_ns, uint32_t count)
{
	uint32_t largest = count;

	for (uint32_t i = 0; i < count; i++) {
		if (sums_ns[i] && (largest == count || sums_ns[i] > sums_ns[largest]))
			largest = i;
	}
	return largest;
}

/*
 * Time blocked by reason, into sums_ns[string]; returns their sum. In a system-wide profile the
 * many threads that never ran would hide what the others wait for: their time goes to *ret_idle_ns.
 */
static nsec_t add_up_reasons(const struct profile *p, nsec_t *sums_ns, nsec_t *ret_idle_ns)
{
	nsec_t total_ns = 0;

	*ret_idle_ns = 0;
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];

		if (sample->state != SCOPE_OFF)
			continue;
		if (p->system_wide && p->threads[sample->thread].never_ran) {
			*ret_idle_ns += sample->ns;
		} else {
			sums_ns[sample->reason] += sample->ns;
			total_ns += sample->ns;
		}
	}
	return total_ns;
}

static int print_reasons(const struct printer *w)
{
	const struct profile *p = w->profile;
	nsec_t *sums_ns = calloc(p->string_count, sizeof(*sums_ns));
	nsec_t idle_ns, total_ns, rest_ns;
	uint32_t reason;
	int shown = 0;

	if (!sums_ns)
		return -ENOMEM;
	rest_ns = total_ns = add_up_reasons(p, sums_ns, &idle_ns);
	begin_row(w, "blocked in");
	while (shown < TOP_REASONS &&
	       (reason = find_largest(sums_ns, p->string_count)) < p->string_count) {
		fputs(shown++ ? ", " : "", w->out);
		text_write_name(w->out, reason ? profile_string(p, reason) : "unknown");
		fprintf(w->out, " %s (%s)", text_duration(sums_ns[reason]).bytes,
			text_share(sums_ns[reason], total_ns).bytes);
		rest_ns -= sums_ns[reason];
		sums_ns[reason] = 0;
	}
	if (!shown)
		fputs("nothing", w->out);
	if (rest_ns)
		fprintf(w->out, ", other %s (%s)", text_duration(rest_ns).bytes,
			text_share(rest_ns, total_ns).bytes);
	if (idle_ns)
		fprintf(w->out, "; threads that never ran %s", text_duration(idle_ns).bytes);
	fputc('\n', w->out);
	free(sums_ns);
	return 0;
}

/* By the image of the outermost frame; image 0 stands for none. */
static int print_worst_images(const struct printer *w)
{
	const struct profile *p = w->profile;
	nsec_t *sums_ns = calloc(p->image_count, sizeof(*sums_ns));

	if (!sums_ns)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->image_count; i++)
		sums_ns[i] = p->images[i].incomplete_ns;
	for (int shown = 0; shown < TOP_IMAGES; shown++) {
		uint32_t image = find_largest(sums_ns, p->image_count);

		if (image == p->image_count)
			break;
		fputs(shown ? ", " : "; ended in ", w->out);
		text_write_name(w->out, image ? profile_string(p, p->images[image].path) : "no file");
		fprintf(w->out, " %s", text_share(sums_ns[image], p->quality.user_ns).bytes);
		sums_ns[image] = 0;
	}
	free(sums_ns);
	return 0;
}

/* Why stacks are not complete, where that is more than a trace of the time. */
static int print_incomplete(const struct printer *w)
{
	static const char *const names[SCOPE_ENDS] = {
		[SCOPE_END_TRUNCATED] = "truncated",
		[SCOPE_END_NO_RULE] = "no unwind rule",
		[SCOPE_END_UNREADABLE] = "unreadable",
		[SCOPE_END_UNMAPPED] = "code not mapped",
	};
	const struct profile_quality *quality = &w->profile->quality;
	nsec_t incomplete_ns = 0;
	const char *separator = "incomplete: ";
	int ret;

	for (int end = SCOPE_END_COMPLETE + 1; end < SCOPE_ENDS; end++)
		incomplete_ns += quality->end_ns[end];
	if (incomplete_ns <= quality->user_ns / 200)
		return 0;
	begin_row(w, "");
	for (int end = SCOPE_END_COMPLETE + 1; end < SCOPE_ENDS; end++) {
		if (!quality->end_ns[end])
			continue;
		fprintf(w->out, "%s%s %s", separator, names[end],
			text_share(quality->end_ns[end], quality->user_ns).bytes);
		separator = ", ";
	}
	ret = print_worst_images(w);
	fputc('\n', w->out);
	return ret;
}

/*
 * Ticks are timer interrupts, and time on CPUs says how many of them should have met the target. Where far fewer did,
 * others came where it was not running: in step with it, or late, as on virtual machines whose interrupts wait until a
 * CPU has nothing to do. Which ticks are missing is not chance then.
 */
static void print_missing_ticks(const struct printer *w, nsec_t on_ns)
{
	double due = (double)on_ns * w->profile->frequency_hz / NSEC_PER_SEC;
	uint64_t came = w->profile->quality.ticks + w->profile->losses[SCOPE_LOSS_TICKS_FULL].count +
			w->profile->losses[SCOPE_LOSS_TICK_THREAD].count;
	double missing = due - (double)came;

	/* a quarter, and four times what chance varies those of one CPU by */
	if (missing <= due / 4 || missing * missing < 16 * due)
		return;
	begin_row(w, "");
	fprintf(w->out, "%s%.0f were due: hardly by chance, so where it ran may be biased%s\n",
		paint(w, YELLOW), due, paint(w, RESET));
}

static int print_quality(const struct printer *w)
{
	const struct profile *p = w->profile;
	const struct profile_quality *quality = &p->quality;
	nsec_t on_ns = quality->on_sampled_ns + quality->on_estimated_ns + quality->on_unsampled_ns;
	nsec_t sampled_ns = 0;
	int ret;

	for (uint32_t i = 0; i < p->sample_count; i++)
		sampled_ns += p->samples[i].ns;
	begin_row(w, "stacks");
	fprintf(w->out, "complete for %s of user threads' time, missing for %s of all time\n",
		text_share(quality->end_ns[SCOPE_END_COMPLETE], quality->user_ns).bytes,
		text_share(quality->stackless_ns, sampled_ns).bytes);
	ret = print_incomplete(w);
	if (ret)
		return ret;
	begin_row(w, "names");
	fprintf(w->out, "missing for %s of the frames, by time\n",
		text_share(quality->unnamed_ns, quality->frames_ns).bytes);
	ret = overview_print_unnamed(p, w->opts->verbose ? MOST_UNNAMED : TOP_UNNAMED,
				     LABEL_COLUMNS, w->out);
	if (ret || !p->states[SCOPE_ON])
		return ret;
	begin_row(w, "sampling");
	fprintf(w->out,
		"%" PRIu64 " %s; of on-CPU time %s sampled, %s borrowed from peers, %s unknown\n",
		quality->ticks, plural(quality->ticks, "tick", "ticks"),
		text_share(quality->on_sampled_ns, on_ns).bytes,
		text_share(quality->on_estimated_ns, on_ns).bytes,
		text_share(quality->on_unsampled_ns, on_ns).bytes);
	print_missing_ticks(w, on_ns);
	return 0;
}

/* Those of one kind; returns whether there are any. */
static bool print_losses_of(const struct printer *w, enum loss_cost cost, const char *label)
{
	bool mended = cost == LOSS_MENDED;
	const char *color = mended ? "" : paint(w, YELLOW), *reset = mended ? "" : paint(w, RESET);
	bool any = false;

	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++) {
		const struct profile_loss *loss = &w->profile->losses[i];

		if (loss_table[i].cost != cost || (!loss->count && !loss->ns))
			continue;
		begin_row(w, any ? "" : label);
		fprintf(w->out, "%s%s: %" PRIu64 " %s%s", color, loss_table[i].text, loss->count,
			cost == LOSS_TIMELINE ? plural(loss->count, "interval", "intervals") :
						plural(loss->count, "time", "times"), reset);
		if (loss->ns)
			fprintf(w->out, ", %s %s", text_duration(loss->ns).bytes,
				cost == LOSS_TIMELINE ? "left out of it" : "without a stack");
		fputc('\n', w->out);
		any = true;
	}
	return any;
}

static void print_losses(const struct printer *w)
{
	if (!print_losses_of(w, LOSS_COSTS, "losses")) {
		begin_row(w, "losses");
		fputs("none\n", w->out);
	}
	print_losses_of(w, LOSS_MENDED, "mended");
}

static void print_timeline(const struct printer *w)
{
	if (!w->profile->has_timeline)
		return;
	begin_row(w, "timeline");
	fprintf(w->out, "%" PRIu32 " %s\n", w->profile->interval_count,
		plural(w->profile->interval_count, "interval", "intervals"));
	print_losses_of(w, LOSS_TIMELINE, "");
}

static void print_thinning(const struct printer *w)
{
	const struct profile_thinning *thinning = &w->profile->thinning;

	if (!thinning->max_ppm)
		return;
	begin_row(w, "overhead");
	fprintf(w->out, "%s of its time on CPUs, where at most %.7g %% is asked for; ",
		text_share(thinning->probe_ns, thinning->on_ns).bytes, 100.0 * thinning->max_ppm / PPM);
	if (thinning->taken == thinning->waits)
		fputs("all waits got their stacks\n", w->out);
	else
		fprintf(w->out, "%" PRIu64 " of %" PRIu64 " waits got stacks, and share the others' %s\n",
			thinning->taken, thinning->waits, text_duration(thinning->shared_ns).bytes);
}

static void print_cost(const struct printer *w)
{
	const struct profile_self *self = &w->profile->self;

	if (!self->cpu_ns)
		return;
	begin_row(w, "own cost");
	fprintf(w->out, "%s CPU (%s of a core while armed", text_duration(self->cpu_ns).bytes,
		text_share(self->armed_cpu_ns, w->profile->window_ns).bytes);
	if (self->names_cpu_ns)
		fprintf(w->out, "; of it %s for names, at idle priority",
			text_duration(self->names_cpu_ns).bytes);
	fprintf(w->out, "), %s and %s in the kernel, armed in %s\n",
		text_size(self->peak_rss_bytes).bytes, text_size(self->kernel_map_bytes).bytes,
		text_duration(self->start_to_armed_ns).bytes);
}

int overview_print(const struct profile *profile, const struct overview_opts *opts, FILE *out)
{
	const struct printer w = {
		.profile = profile,
		.totals = add_up(profile),
		.opts = opts,
		.out = out,
	};
	int ret = 0;

	print_window(&w);
	print_threads(&w);
	print_time(&w);
	print_coverage(&w);
	print_unaccounted(&w);
	if (profile->states[SCOPE_OFF])
		ret = print_reasons(&w);
	if (!ret)
		ret = print_quality(&w);
	if (ret)
		return ret;
	print_losses(&w);
	print_timeline(&w);
	print_thinning(&w);
	print_cost(&w);
	return 0;
}
