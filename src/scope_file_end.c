// SPDX-License-Identifier: MIT
#include "scope_file_parts.h"

#define TABLE(type) CAPTURE_TABLE_OF(CAPTURE_##type)

typedef nsec_t by_state[SCOPE_STATES];

/* A table of which not even the placeholder came. */
static void add_placeholders(struct scope_rows *rows)
{
	const struct profile *p = rows->profile;

	if (!p->image_count)
		scope_rows_push(rows, TABLE(IMAGE), 1);
	if (!p->frame_count)
		scope_rows_push(rows, TABLE(FRAME), 1);
	if (!p->stack_count)
		scope_rows_push(rows, TABLE(STACK), 1);
}

/* A process has one thread at least: those whose threads did not come are none. */
static void join_threads(struct profile *p)
{
	struct profile_process *processes = (struct profile_process *)p->processes;

	p->process_count = p->thread_count ? p->threads[p->thread_count - 1].process + 1 : 0;
	for (uint32_t i = p->thread_count; i-- > 0;) {
		processes[p->threads[i].process].first_thread = i;
		processes[p->threads[i].process].thread_count++;
	}
	for (uint32_t i = 0; i < p->process_count; i++)
		if (processes[i].anonymous_why >= p->string_count)
			processes[i].anonymous_why = 0; /* it did not come */
}

/* Into sums[thread]; false: a sum is larger than its thread's time. */
static bool add_up_samples(const struct profile *p, by_state *sums)
{
	for (uint32_t i = 0; i < p->sample_count; i++) {
		const struct profile_sample *sample = &p->samples[i];
		nsec_t *sum = &sums[sample->thread][sample->state];

		if (sample->ns > p->threads[sample->thread].ns[sample->state] - *sum)
			return false;
		*sum += sample->ns;
	}
	return true;
}

static uint32_t find_string(struct scope_rows *rows, const char *string)
{
	for (uint32_t i = 0; i < rows->strings.count; i++)
		if (!strcmp(rows->strings.items[i], string))
			return i;
	return scope_rows_add_string(rows, mem_copy_string(string));
}

static uint32_t add_label(struct scope_rows *rows)
{
	struct profile_frame *frame = scope_rows_push(rows, TABLE(FRAME), 1);
	struct profile_stack *stack = scope_rows_push(rows, TABLE(STACK), 1);

	frame->name = find_string(rows, label_table[LABEL_LOST_FILE].name);
	frame->kind = FRAME_LABEL;
	stack->frame = rows->profile->frame_count - 1;
	return rows->profile->stack_count - 1;
}

static int compare_samples(const void *a, const void *b)
{
	const struct profile_sample *s = a, *t = b;

	if (s->thread != t->thread)
		return s->thread < t->thread ? -1 : 1;
	if (s->state != t->state)
		return s->state < t->state ? -1 : 1;
	if (s->reason != t->reason)
		return s->reason < t->reason ? -1 : 1;
	return (s->stack > t->stack) - (s->stack < t->stack);
}

/* What a thread's samples lack of its time becomes one more of each state. Returns all of it. */
static nsec_t fill_up(struct scope_rows *rows, by_state *sums)
{
	const struct profile *p = rows->profile;
	uint32_t stack = 0, reason = 0;
	nsec_t lost_ns = 0;

	for (uint32_t i = 0; i < p->thread_count; i++) {
		for (int state = 0; state < SCOPE_STATES; state++) {
			nsec_t ns = p->threads[i].ns[state] - sums[i][state];
			struct profile_sample *sample;

			if (!p->states[state] || !ns)
				continue;
			if (!stack)
				stack = add_label(rows);
			if (!reason && state == SCOPE_OFF)
				reason = find_string(rows, "unknown"); /* as src/reasons.c has it */
			sample = scope_rows_push(rows, TABLE(SAMPLE), 1);
			sample->thread = i;
			sample->state = (enum scope_state)state;
			sample->reason = state == SCOPE_OFF ? reason : 0;
			sample->stack = stack;
			sample->ns = ns;
			lost_ns += ns;
		}
	}
	if (stack)
		qsort((void *)p->samples, p->sample_count, sizeof(*p->samples), compare_samples);
	return lost_ns;
}

/* Some of it may have been that before. */
static void add_stackless(struct profile *p, nsec_t lost_ns)
{
	nsec_t all_ns = 0;

	for (uint32_t i = 0; lost_ns && i < p->sample_count; i++)
		all_ns += p->samples[i].ns;
	if (lost_ns > all_ns - p->quality.stackless_ns)
		lost_ns = all_ns - p->quality.stackless_ns;
	p->quality.stackless_ns += lost_ns;
}

bool scope_rows_finish(struct scope_rows *rows, nsec_t *ret_lost_ns)
{
	struct profile *p = rows->profile;
	_cleanup_free_ by_state *sums = mem_alloc_array(p->thread_count, sizeof(*sums));

	add_placeholders(rows);
	join_threads(p);
	if (!add_up_samples(p, sums))
		return false;
	*ret_lost_ns = fill_up(rows, sums);
	add_stackless(p, *ret_lost_ns);
	return true;
}
