/* SPDX-License-Identifier: MIT */
/*
 * doc.h - a profile as its JSON file tells it, and the totals of a folded file.
 *
 * Reads what the program wrote and nothing else: no header of the program is included, so that a
 * mistake in a shared definition cannot hide itself. Loading refuses what is not well formed
 * (missing keys, unknown states, ids out of range, a stack whose parent is not before it) with a
 * text that says so. All times in ns. The document owns every string that it hands out.
 */
#ifndef DOC_H
#define DOC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum doc_state { DOC_ON, DOC_RUNQ, DOC_OFF, DOC_STATES };
enum doc_kind { DOC_USER, DOC_KERNEL, DOC_LABEL };

struct doc_thread {
	int pid, tid;
	const char *comm;
	int64_t alive_ns;
	int64_t ns[DOC_STATES];
	int64_t residual_ns;
	int64_t switches;
	int64_t born_ns;
	/* Computed from samples[]. */
	int64_t sampled_ns[DOC_STATES];
};

struct doc_frame {
	const char *name;
	enum doc_kind kind;
	bool named;
};

struct doc_stack {
	uint32_t parent, frame;
};

struct doc_sample {
	uint32_t thread; /* index */
	uint32_t stack;
	enum doc_state state;
	const char *reason; /* "" unless blocked */
	int64_t ns;
	int64_t count; /* ticks, or intervals */
};

struct doc_interval {
	uint32_t thread; /* index */
	uint32_t stack;
	enum doc_state state;
	const char *reason; /* "" unless blocked */
	int64_t start_ns, ns;
	int64_t waker; /* index of a thread; -1: none */
};

struct doc {
	json_t *root;
	int64_t start_mono_ns;
	int64_t start_realtime_ns;
	int64_t window_ns;
	int64_t frequency_hz;
	struct doc_thread *threads; /* sorted by pid, tid */
	size_t thread_count;
	struct doc_frame *frames;
	size_t frame_count;
	struct doc_stack *stacks;
	size_t stack_count;
	struct doc_sample *samples;
	size_t sample_count;
	struct doc_interval *intervals; /* none without a timeline */
	size_t interval_count;
	int64_t timeline_lost; /* intervals */
};

struct doc_error {
	char text[512];
};

/* Puts a text into `error` and returns false, so that a check can `return doc_wrong(...)`. */
bool doc_wrong(struct doc_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Takes over `root`, also on failure. */
bool doc_from_json(json_t *root, struct doc *ret_doc, struct doc_error *error);
bool doc_load(const char *path, struct doc *ret_doc, struct doc_error *error);
void doc_free(struct doc *doc);

/* The first row with this tid (and pid, unless 0); NULL if there is none. */
const struct doc_thread *doc_thread(const struct doc *doc, int pid, int tid);

bool doc_stack_has(const struct doc *doc, uint32_t stack, enum doc_kind kind, const char *name);

/* Which samples to add up. Unset fields (NULL; state DOC_STATES) match all. */
struct doc_filter {
	const struct doc_thread *thread;
	enum doc_state state;
	const char *reason;
	const char *function; /* a user frame of this name in the stack */
	const char *label;    /* a label frame of this name in the stack */
	bool with_kernel;     /* at least one kernel frame */
	bool without_frames;  /* neither user nor kernel frame */
};

struct doc_total {
	int64_t ns, count;
};

struct doc_total doc_total(const struct doc *doc, const struct doc_filter *filter);
int64_t doc_sum(const struct doc *doc, const struct doc_filter *filter);

struct folded {
	int64_t total_us;
	int64_t state_us[DOC_STATES];
	size_t line_count;
};

/* Refuses what flamegraph.pl would not draw, and lines of no time or no known state. */
bool folded_load(const char *path, struct folded *ret_folded, struct doc_error *error);

#endif
