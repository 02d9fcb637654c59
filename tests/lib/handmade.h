/* SPDX-License-Identifier: MIT */
/*
 * handmade.h - profiles made by hand, for tests of what reads them.
 *
 * struct handmade is its own storage: small, on the stack or static, no allocation but for strings,
 * which are the caller's literals. handmade_seal() sets the invariants of include/profile.h that
 * follow from the samples (the ledger of each thread, the order of the samples) and returns the
 * profile.
 */
#ifndef HANDMADE_H
#define HANDMADE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define HANDMADE_MAX 4096

struct handmade {
	struct profile profile;
	const char *strings[HANDMADE_MAX];
	struct profile_image images[64];
	struct profile_frame frames[HANDMADE_MAX];
	struct profile_stack stacks[HANDMADE_MAX];
	struct profile_process processes[64];
	struct profile_thread threads[64];
	struct profile_sample samples[HANDMADE_MAX];
};

static inline void handmade_init(struct handmade *h)
{
	struct profile *p = &h->profile;

	memset(h, 0, sizeof(*h));
	h->strings[0] = "";
	*p = (struct profile){
		.version = "test",
		.start_realtime_ns = 1700000000000000001u,
		.start_mono_ns = 5 * NSEC_PER_SEC,
		.window_ns = NSEC_PER_SEC,
		.frequency_hz = 49,
		.cpus = 2,
		.target = "pid 100 (app)",
		.states = { true, true, true },
		.strings = h->strings,
		.images = h->images,
		.frames = h->frames,
		.stacks = h->stacks,
		.processes = h->processes,
		.threads = h->threads,
		.samples = h->samples,
		.string_count = 1,
		.image_count = 1,
		.frame_count = 1,
		.stack_count = 1,
	};
}

static inline uint32_t handmade_string(struct handmade *h, const char *string)
{
	struct profile *p = &h->profile;

	for (uint32_t i = 0; i < p->string_count; i++) {
		if (strcmp(h->strings[i], string) == 0)
			return i;
	}
	assert(p->string_count < HANDMADE_MAX);
	h->strings[p->string_count] = string;
	return p->string_count++;
}

/* A new frame each time, as for a new address. */
static inline uint32_t handmade_frame(struct handmade *h, const char *name, enum frame_kind kind)
{
	struct profile *p = &h->profile;

	assert(p->frame_count < HANDMADE_MAX);
	h->frames[p->frame_count] = (struct profile_frame){
		.name = handmade_string(h, name),
		.offset = 0x1000u + p->frame_count,
		.kind = kind,
		.named = true,
	};
	return p->frame_count++;
}

/* One more frame under `parent`: "k:NAME" is a kernel frame, "l:NAME" a label. */
static inline uint32_t handmade_stack(struct handmade *h, uint32_t parent, const char *name)
{
	struct profile *p = &h->profile;
	enum frame_kind kind = FRAME_USER;

	if (strncmp(name, "k:", 2) == 0)
		kind = FRAME_KERNEL;
	else if (strncmp(name, "l:", 2) == 0)
		kind = FRAME_LABEL;
	assert(p->stack_count < HANDMADE_MAX && parent < p->stack_count);
	h->stacks[p->stack_count] = (struct profile_stack){
		.parent = parent,
		.frame = handmade_frame(h, kind == FRAME_USER ? name : name + 2, kind),
	};
	return p->stack_count++;
}

static inline uint32_t handmade_process(struct handmade *h, uint32_t pid, const char *comm)
{
	struct profile *p = &h->profile;

	assert(p->process_count < 64);
	h->processes[p->process_count] = (struct profile_process){
		.pid = pid,
		.comm = handmade_string(h, comm),
		.first_thread = p->thread_count,
	};
	return p->process_count++;
}

/* A thread of the process made last. */
static inline uint32_t handmade_thread(struct handmade *h, uint32_t tid, const char *comm)
{
	struct profile *p = &h->profile;

	assert(p->thread_count < 64 && p->process_count);
	h->threads[p->thread_count] = (struct profile_thread){
		.process = p->process_count - 1,
		.tid = tid,
		.comm = handmade_string(h, comm),
	};
	h->processes[p->process_count - 1].thread_count++;
	return p->thread_count++;
}

static inline struct profile_sample *handmade_sample(struct handmade *h, uint32_t thread,
						     enum scope_state state, uint32_t stack,
						     nsec_t ns)
{
	struct profile *p = &h->profile;
	struct profile_sample *sample = &h->samples[p->sample_count];

	assert(p->sample_count < HANDMADE_MAX && thread < p->thread_count &&
	       stack < p->stack_count);
	*sample = (struct profile_sample){
		.thread = thread,
		.stack = stack,
		.state = state,
		.ns = ns,
		.count = 1,
	};
	p->sample_count++;
	return sample;
}

static inline int handmade_compare(const void *a, const void *b)
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

static inline const struct profile *handmade_seal(struct handmade *h)
{
	struct profile *p = &h->profile;

	qsort(h->samples, p->sample_count, sizeof(h->samples[0]), handmade_compare);
	for (uint32_t i = 0; i < p->thread_count; i++)
		memset(h->threads[i].ns, 0, sizeof(h->threads[i].ns));
	for (uint32_t i = 0; i < p->sample_count; i++)
		h->threads[h->samples[i].thread].ns[h->samples[i].state] += h->samples[i].ns;
	for (uint32_t i = 0; i < p->thread_count; i++) {
		struct profile_thread *thread = &h->threads[i];

		thread->alive_ns = thread->ns[SCOPE_ON] + thread->ns[SCOPE_RUNQ] +
				   thread->ns[SCOPE_OFF] + (nsec_t)thread->residual_ns;
		thread->never_ran = !thread->ns[SCOPE_ON] && !thread->ns[SCOPE_RUNQ];
	}
	return p;
}

#endif
