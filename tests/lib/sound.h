/* SPDX-License-Identifier: MIT */
/*
 * sound.h - what holds for every sealed profile (include/profile.h), as a check; and its samples as
 * text, to be looked for in tests.
 */
#ifndef SOUND_H
#define SOUND_H

#include <stdlib.h>

#include "check.h"
#include "profile.h"

static inline void check_tables(const struct profile *p)
{
	CHECK_TEXT(p->strings[0], "");
	for (uint32_t i = 1; i < p->stack_count; i++) {
		CHECK(p->stacks[i].parent < i);
		CHECK(p->stacks[i].frame > 0 && p->stacks[i].frame < p->frame_count);
	}
	for (uint32_t i = 1; i < p->frame_count; i++) {
		CHECK(p->frames[i].name > 0 && p->frames[i].name < p->string_count);
		CHECK(p->frames[i].image < p->image_count);
		CHECK(p->frames[i].file < p->string_count);
	}
	for (uint32_t i = 0; i < p->image_count; i++) {
		CHECK(p->images[i].path < p->string_count);
		CHECK(p->images[i].build_id < p->string_count);
		CHECK(p->images[i].why < p->string_count);
		CHECK(p->images[i].debug_file < p->string_count);
		CHECK(p->images[i].debug_package < p->string_count);
	}
}

static inline void check_threads(const struct profile *p)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < p->process_count; i++) {
		CHECK_INT(p->processes[i].first_thread, next);
		CHECK(p->processes[i].thread_count > 0);
		CHECK(p->processes[i].comm < p->string_count);
		CHECK(p->processes[i].exe < p->string_count);
		CHECK(p->processes[i].anonymous_why < p->string_count);
		for (uint32_t n = 0; n < p->processes[i].thread_count; n++, next++)
			CHECK_INT(p->threads[next].process, i);
	}
	CHECK_INT(next, p->thread_count);
	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *t = &p->threads[i];

		CHECK(t->comm < p->string_count);
		CHECK_INT(t->residual_ns, (int64_t)(t->alive_ns - t->ns[SCOPE_ON] -
						    t->ns[SCOPE_RUNQ] - t->ns[SCOPE_OFF]));
	}
}

static inline int sound_compare(const struct profile_sample *s, const struct profile_sample *t)
{
	if (s->thread != t->thread)
		return s->thread < t->thread ? -1 : 1;
	if (s->state != t->state)
		return s->state < t->state ? -1 : 1;
	if (s->reason != t->reason)
		return s->reason < t->reason ? -1 : 1;
	return (s->stack > t->stack) - (s->stack < t->stack);
}

/* Law 1: every thread's samples of a state are that state's time, to the nanosecond. */
static inline void check_samples(const struct profile *p)
{
	uint64_t(*sums)[SCOPE_STATES] = calloc((size_t)p->thread_count + 1, sizeof(*sums));

	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *s = &p->samples[i];

		CHECK(s->thread < p->thread_count && s->stack < p->stack_count);
		CHECK(s->reason < p->string_count && s->state < SCOPE_STATES);
		CHECK(s->state == SCOPE_OFF || !s->reason);
		CHECK(s->state != SCOPE_OFF || s->reason);
		CHECK(p->states[s->state]);
		CHECK(!i || sound_compare(s - 1, s) < 0);
		CHECK(!s->estimated || (!s->count && p->threads[s->thread].estimated));
		sums[s->thread][s->state] += s->ns;
	}
	for (uint32_t i = 0; i < p->thread_count; i++)
		for (int state = 0; state < SCOPE_STATES; state++)
			if (p->states[state])
				CHECK_INT(sums[i][state], p->threads[i].ns[state]);
	free(sums);
}

static inline void check_quality(const struct profile *p)
{
	const struct profile_quality *q = &p->quality;
	nsec_t on = 0, all = 0, ended = 0, incomplete = 0, unnamed = 0, anonymous = 0;

	for (uint32_t i = 0; i < p->sample_count; i++) {
		all += p->samples[i].ns;
		if (p->samples[i].state == SCOPE_ON)
			on += p->samples[i].ns;
	}
	CHECK(q->on_sampled_ns + q->on_estimated_ns + q->on_unsampled_ns <= on);
	CHECK(q->stackless_ns <= all && q->user_ns <= all);
	for (int end = 0; end < SCOPE_ENDS; end++)
		ended += q->end_ns[end];
	for (uint32_t i = 0; i < p->image_count; i++)
		incomplete += p->images[i].incomplete_ns;
	CHECK(ended <= q->user_ns && incomplete == ended - q->end_ns[SCOPE_END_COMPLETE]);
	CHECK(q->unnamed_ns <= q->frames_ns);
	for (uint32_t i = 0; i < p->image_count; i++)
		unnamed += p->images[i].unnamed_ns;
	CHECK_INT(unnamed, q->unnamed_ns);
	for (uint32_t i = 0; i < p->process_count; i++)
		anonymous += p->processes[i].anonymous_ns;
	CHECK(anonymous <= p->images[0].unnamed_ns);
}

static inline void check_intervals(const struct profile *p)
{
	CHECK(p->has_timeline || !p->interval_count);
	for (uint32_t i = 0; i < p->interval_count; i++) {
		const struct profile_interval *v = &p->intervals[i];

		CHECK(v->thread < p->thread_count && v->waker <= p->thread_count);
		CHECK(v->stack < p->stack_count && v->reason < p->string_count);
		CHECK(v->state < SCOPE_STATES && p->states[v->state]);
		CHECK((v->state == SCOPE_OFF) == (v->reason != 0));
		CHECK(v->ns && v->start_ns < p->window_ns && v->ns <= p->window_ns - v->start_ns);
		if (i)
			CHECK(v[-1].thread < v->thread || (v[-1].thread == v->thread &&
							   v[-1].start_ns + v[-1].ns <= v->start_ns));
	}
}

static inline void check_sound(const struct profile *p)
{
	check_tables(p);
	check_threads(p);
	check_samples(p);
	check_intervals(p);
	check_quality(p);
}

static inline void sound_write_stack(const struct profile *p, uint32_t stack, FILE *out)
{
	if (!stack)
		return;
	sound_write_stack(p, p->stacks[stack].parent, out);
	fprintf(out, ";%s", profile_string(p, p->frames[p->stacks[stack].frame].name));
}

/* A newline, then a line a sample: `TID STATE NS xCOUNT[~] REASON ;ROOT;...;LEAF`. free() it. */
static inline char *sound_text(const struct profile *p)
{
	static const char *const states[SCOPE_STATES] = { "on", "runq", "off" };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputc('\n', out);
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *s = &p->samples[i];

		fprintf(out, "%u %s %" PRIu64 " x%" PRIu64 "%s %s ", p->threads[s->thread].tid,
			states[s->state], s->ns, s->count, s->estimated ? "~" : "",
			profile_string(p, s->reason));
		sound_write_stack(p, s->stack, out);
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

#endif
