// SPDX-License-Identifier: MIT
#include "standing.h"

#include <errno.h>
#include <stdlib.h>

/* Sums by key, of which few are not 0 at a time. */
struct tally {
	nsec_t *ns;	/* by key */
	uint32_t *keys; /* whose sums are not 0 */
	uint32_t count;
};

static int tally_init(struct tally *tally, size_t keys)
{
	tally->count = 0;
	tally->ns = calloc(keys + 1, sizeof(*tally->ns));
	tally->keys = calloc(keys + 1, sizeof(*tally->keys));
	return tally->ns && tally->keys ? 0 : -ENOMEM;
}

static void tally_free(struct tally *tally)
{
	free(tally->ns);
	free(tally->keys);
}

static void tally_add(struct tally *tally, uint32_t key, nsec_t ns)
{
	if (!ns)
		return;
	if (!tally->ns[key])
		tally->keys[tally->count++] = key;
	tally->ns[key] += ns;
}

/* The largest sum, of equal ones that with the smallest key; and begins anew. 0: there is none. */
static nsec_t tally_take(struct tally *tally, uint32_t *ret_key)
{
	nsec_t most_ns = 0;

	*ret_key = 0;
	for (uint32_t i = 0; i < tally->count; i++) {
		uint32_t key = tally->keys[i];
		nsec_t ns = tally->ns[key];

		if (ns > most_ns || (ns == most_ns && key < *ret_key)) {
			most_ns = ns;
			*ret_key = key;
		}
		tally->ns[key] = 0;
	}
	tally->count = 0;
	return most_ns;
}

/* What one group's samples are added up in. */
struct adder {
	const struct paths *paths;
	struct tally reasons;	/* by string */
	struct tally functions; /* by rank of the frame */
	uint32_t *frame_of;	/* by rank: one that reads so */
	nsec_t borrowed_ns;
};

static void adder_free(struct adder *a)
{
	tally_free(&a->reasons);
	tally_free(&a->functions);
	free(a->frame_of);
}

static int adder_init(struct adder *a, const struct paths *paths)
{
	const struct profile *p = paths->profile;
	int ret;

	*a = (struct adder){ .paths = paths };
	a->frame_of = calloc((size_t)p->frame_count + 1, sizeof(*a->frame_of));
	ret = a->frame_of ? tally_init(&a->reasons, p->string_count) : -ENOMEM;
	if (!ret)
		ret = tally_init(&a->functions, p->frame_count);
	if (ret) {
		adder_free(a);
		return ret;
	}
	for (uint32_t i = p->frame_count; i-- > 1;)
		a->frame_of[paths->frames.rank[i]] = i;
	return 0;
}

static void adder_add(struct adder *a, const struct profile_sample *sample)
{
	const struct profile *p = a->paths->profile;
	uint32_t frame = p->stacks[sample->stack].frame;

	if (sample->state == SCOPE_OFF)
		tally_add(&a->reasons, sample->reason, sample->ns);
	if (sample->state != SCOPE_ON)
		return;
	if (sample->estimated)
		a->borrowed_ns += sample->ns;
	if (sample->stack && p->frames[frame].kind != FRAME_LABEL)
		tally_add(&a->functions, a->paths->frames.rank[frame], sample->ns);
}

static void adder_take(struct adder *a, struct standing *to)
{
	uint32_t rank;

	to->reason_ns = tally_take(&a->reasons, &to->reason);
	to->frame_ns = tally_take(&a->functions, &rank);
	to->frame = to->frame_ns ? a->frame_of[rank] : 0;
	to->estimated = a->borrowed_ns && a->borrowed_ns == to->ns[SCOPE_ON];
	a->borrowed_ns = 0;
}

void standing_add(struct standing *sum, const struct standing *one)
{
	sum->alive_ns += one->alive_ns;
	for (size_t state = 0; state < SCOPE_STATES; state++)
		sum->ns[state] += one->ns[state];
	sum->residual_ns += one->residual_ns;
	sum->thread_count += one->thread_count;
}

nsec_t standing_covered(const struct standing *standing)
{
	return standing->residual_ns < standing->alive_ns
		       ? standing->alive_ns - standing->residual_ns
		       : 0;
}

static bool is_left_out(const struct profile *p, uint32_t thread)
{
	return p->system_wide && p->threads[thread].never_ran;
}

static void add_up_accounts(const struct profile *p, struct standings *s)
{
	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *thread = &p->threads[i];
		struct standing *to = &s->threads[i];

		to->thread_count = 1;
		to->alive_ns = thread->alive_ns;
		for (size_t state = 0; state < SCOPE_STATES; state++)
			to->ns[state] = thread->ns[state];
		to->residual_ns = thread->residual_ns < 0 ? -(nsec_t)thread->residual_ns
							  : (nsec_t)thread->residual_ns;
		standing_add(&s->processes[thread->process], to);
		if (!is_left_out(p, i))
			standing_add(&s->all, to);
	}
}

/* Samples come thread by thread, and threads process by process. */
static void add_up_samples(const struct profile *p, struct standings *s, struct adder *a)
{
	uint32_t next = 0, process_begin = 0;

	for (uint32_t i = 0; i < p->thread_count; i++) {
		uint32_t process = p->threads[i].process;

		for (; next < p->sample_count && p->samples[next].thread == i; next++)
			adder_add(a, &p->samples[next]);
		adder_take(a, &s->threads[i]);
		if (i + 1 < p->thread_count && p->threads[i + 1].process == process)
			continue;
		for (; process_begin < next; process_begin++)
			adder_add(a, &p->samples[process_begin]);
		adder_take(a, &s->processes[process]);
	}
	for (uint32_t i = 0; i < p->sample_count; i++) {
		if (!is_left_out(p, p->samples[i].thread))
			adder_add(a, &p->samples[i]);
	}
	adder_take(a, &s->all);
}

int standings_build(const struct paths *paths, struct standings *ret_standings)
{
	const struct profile *p = paths->profile;
	struct standings s = { .paths = paths };
	struct adder adder;
	int ret = adder_init(&adder, paths);

	if (ret)
		return ret;
	s.threads = calloc((size_t)p->thread_count + 1, sizeof(*s.threads));
	s.processes = calloc((size_t)p->process_count + 1, sizeof(*s.processes));
	if (s.threads && s.processes) {
		add_up_accounts(p, &s);
		add_up_samples(p, &s, &adder);
		*ret_standings = s;
	} else {
		standings_free(&s);
		ret = -ENOMEM;
	}
	adder_free(&adder);
	return ret;
}

void standings_free(struct standings *standings)
{
	free(standings->threads);
	free(standings->processes);
	*standings = (struct standings){ 0 };
}
