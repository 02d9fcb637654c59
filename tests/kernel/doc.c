// SPDX-License-Identifier: MIT
#include "doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[DOC_STATES] = { "on", "runq", "off" };
/* Numbers come as doubles, since addresses exceed jansson's integers: exact for 104 days in ns. */
#define LIMIT 9e18

static const char *const kind_names[] = { "user", "kernel", "label" };

bool doc_wrong(struct doc_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return false;
}

static void *allocate(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size);

	if (!p)
		abort();
	return p;
}

static int find_name(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static bool get_integer(const json_t *object, const char *key, int64_t *ret,
			struct doc_error *error)
{
	const json_t *value = json_object_get(object, key);
	double number = json_number_value(value);

	if (!json_is_number(value) || number < -LIMIT || number > LIMIT)
		return doc_wrong(error, "no integer '%s'", key);
	*ret = (int64_t)number;
	if ((double)*ret < number || (double)*ret > number)
		return doc_wrong(error, "'%s' is no integer", key);
	return true;
}

static bool get_string(const json_t *object, const char *key, const char **ret,
		       struct doc_error *error)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return doc_wrong(error, "no string '%s'", key);
	*ret = json_string_value(value);
	return true;
}

static bool get_index(const json_t *object, const char *key, size_t limit, uint32_t *ret,
		      struct doc_error *error)
{
	int64_t value;

	if (!get_integer(object, key, &value, error))
		return false;
	if (value < 0 || (size_t)value >= limit)
		return doc_wrong(error, "'%s' %lld of %zu", key, (long long)value, limit);
	*ret = (uint32_t)value;
	return true;
}

static bool get_array(const json_t *root, const char *key, size_t *ret_count,
		      struct doc_error *error)
{
	const json_t *array = json_object_get(root, key);

	if (!json_is_array(array))
		return doc_wrong(error, "no array '%s'", key);
	*ret_count = json_array_size(array);
	return true;
}

static int compare_threads(const void *a, const void *b)
{
	const struct doc_thread *x = a, *y = b;

	return x->pid != y->pid ? (x->pid < y->pid ? -1 : 1)
				: (x->tid > y->tid) - (x->tid < y->tid);
}

static bool load_threads(struct doc *doc, struct doc_error *error)
{
	const json_t *array = json_object_get(doc->root, "threads"), *row;
	size_t i;

	doc->threads = allocate(doc->thread_count, sizeof(*doc->threads));
	json_array_foreach(array, i, row)
	{
		struct doc_thread *t = &doc->threads[i];
		int64_t pid, tid;

		if (!get_integer(row, "pid", &pid, error) ||
		    !get_integer(row, "tid", &tid, error) ||
		    !get_string(row, "comm", &t->comm, error) ||
		    !get_integer(row, "alive_ns", &t->alive_ns, error) ||
		    !get_integer(row, "on_ns", &t->ns[DOC_ON], error) ||
		    !get_integer(row, "runq_ns", &t->ns[DOC_RUNQ], error) ||
		    !get_integer(row, "off_ns", &t->ns[DOC_OFF], error) ||
		    !get_integer(row, "residual_ns", &t->residual_ns, error) ||
		    !get_integer(row, "born_ns", &t->born_ns, error) ||
		    !get_integer(row, "switches", &t->switches, error))
			return false;
		t->pid = (int)pid;
		t->tid = (int)tid;
		if (i && compare_threads(t - 1, t) > 0)
			return doc_wrong(error, "thread %d/%d: not sorted", t->pid, t->tid);
		if (t->alive_ns < 0 || t->ns[DOC_ON] < 0 || t->ns[DOC_RUNQ] < 0 ||
		    t->ns[DOC_OFF] < 0)
			return doc_wrong(error, "thread %d/%d: negative time", t->pid, t->tid);
	}
	return true;
}

static bool load_frames(struct doc *doc, struct doc_error *error)
{
	const json_t *array = json_object_get(doc->root, "frames"), *row;
	size_t i;

	doc->frames = allocate(doc->frame_count, sizeof(*doc->frames));
	json_array_foreach(array, i, row)
	{
		const char *kind = "";
		int found;

		/* The placeholder may be anything. */
		if (i == 0) {
			doc->frames[0] = (struct doc_frame){ .name = "", .kind = DOC_LABEL };
			continue;
		}
		if (!get_string(row, "name", &doc->frames[i].name, error) ||
		    !get_string(row, "kind", &kind, error))
			return false;
		found = find_name(kind, kind_names, 3);
		if (found < 0)
			return doc_wrong(error, "frame %zu: unknown kind '%s'", i, kind);
		if (!*doc->frames[i].name)
			return doc_wrong(error, "frame %zu has an empty name", i);
		doc->frames[i].kind = (enum doc_kind)found;
		doc->frames[i].named = json_is_true(json_object_get(row, "named"));
	}
	return true;
}

static bool load_stacks(struct doc *doc, struct doc_error *error)
{
	const json_t *array = json_object_get(doc->root, "stacks"), *row;
	size_t i;

	doc->stacks = allocate(doc->stack_count, sizeof(*doc->stacks));
	json_array_foreach(array, i, row)
	{
		struct doc_stack *s = &doc->stacks[i];

		if (i == 0)
			continue;
		if (!get_index(row, "parent", i, &s->parent, error) ||
		    !get_index(row, "frame", doc->frame_count, &s->frame, error))
			return false;
		if (s->frame == 0)
			return doc_wrong(error, "stack %zu has no frame", i);
		if (doc->frames[s->frame].kind == DOC_USER && s->parent &&
		    doc->frames[doc->stacks[s->parent].frame].kind == DOC_KERNEL)
			return doc_wrong(error, "stack %zu: user frame under a kernel frame", i);
	}
	return true;
}

static bool load_samples(struct doc *doc, struct doc_error *error)
{
	const json_t *array = json_object_get(doc->root, "samples"), *row;
	size_t i;

	doc->samples = allocate(doc->sample_count, sizeof(*doc->samples));
	json_array_foreach(array, i, row)
	{
		struct doc_sample *s = &doc->samples[i];
		const json_t *reason = json_object_get(row, "reason");
		struct doc_thread *thread;
		int64_t pid, tid;
		const char *state = "";
		int found;

		if (!get_integer(row, "pid", &pid, error) ||
		    !get_integer(row, "tid", &tid, error) ||
		    !get_string(row, "state", &state, error) ||
		    !get_integer(row, "ns", &s->ns, error) ||
		    !get_integer(row, "count", &s->count, error) ||
		    !get_index(row, "thread", doc->thread_count, &s->thread, error) ||
		    !get_index(row, "stack", doc->stack_count, &s->stack, error))
			return false;
		found = find_name(state, state_names, DOC_STATES);
		if (found < 0)
			return doc_wrong(error, "sample %zu: unknown state '%s'", i, state);
		if (s->ns < 0)
			return doc_wrong(error, "sample %zu: negative time", i);
		thread = &doc->threads[s->thread];
		if (thread->pid != (int)pid || thread->tid != (int)tid)
			return doc_wrong(error, "sample %zu: thread %d/%d is not row %u", i,
					 (int)pid, (int)tid, s->thread);
		s->state = (enum doc_state)found;
		s->reason = json_is_string(reason) ? json_string_value(reason) : "";
		thread->sampled_ns[s->state] += s->ns;
	}
	return true;
}

static bool load_interval(const struct doc *doc, const json_t *row, struct doc_interval *v,
			  struct doc_error *error)
{
	const json_t *reason = json_object_get(row, "reason");
	const char *state = "";
	uint32_t waker = 0;
	int found;

	if (!get_string(row, "state", &state, error) ||
	    !get_integer(row, "start_ns", &v->start_ns, error) ||
	    !get_integer(row, "ns", &v->ns, error) ||
	    !get_index(row, "thread", doc->thread_count, &v->thread, error) ||
	    !get_index(row, "stack", doc->stack_count, &v->stack, error))
		return false;
	v->waker = -1;
	if (!json_is_null(json_object_get(row, "waker"))) {
		if (!get_index(row, "waker", doc->thread_count, &waker, error))
			return false;
		v->waker = waker;
	}
	found = find_name(state, state_names, DOC_STATES);
	if (found < 0)
		return doc_wrong(error, "unknown state '%s'", state);
	v->state = (enum doc_state)found;
	v->reason = json_is_string(reason) ? json_string_value(reason) : "";
	return true;
}

/* There are none without a timeline. */
static bool load_intervals(struct doc *doc, struct doc_error *error)
{
	static const char *const causes[] = { "timeline_ring", "timeline_full", "timeline_cut" };
	const json_t *array = json_object_get(doc->root, "intervals"), *row, *loss;
	int64_t lost = 0;
	size_t i;

	if (!array)
		return true;
	doc->interval_count = json_array_size(array);
	doc->intervals = allocate(doc->interval_count, sizeof(*doc->intervals));
	json_array_foreach(array, i, row)
		if (!load_interval(doc, row, &doc->intervals[i], error))
			return false;
	for (i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		loss = json_object_get(json_object_get(doc->root, "losses"), causes[i]);
		if (!get_integer(loss, "count", &lost, error))
			return false;
		doc->timeline_lost += lost;
	}
	return true;
}

bool doc_from_json(json_t *root, struct doc *ret_doc, struct doc_error *error)
{
	struct doc doc = { .root = root };

	if (get_integer(root, "start_mono_ns", &doc.start_mono_ns, error) &&
	    get_integer(root, "start_realtime_ns", &doc.start_realtime_ns, error) &&
	    get_integer(root, "window_ns", &doc.window_ns, error) &&
	    get_integer(root, "frequency_hz", &doc.frequency_hz, error) &&
	    get_array(root, "threads", &doc.thread_count, error) &&
	    get_array(root, "frames", &doc.frame_count, error) &&
	    get_array(root, "stacks", &doc.stack_count, error) &&
	    get_array(root, "samples", &doc.sample_count, error) && load_threads(&doc, error) &&
	    load_frames(&doc, error) && load_stacks(&doc, error) && load_samples(&doc, error) &&
	    load_intervals(&doc, error)) {
		*ret_doc = doc;
		return true;
	}
	doc_free(&doc);
	return false;
}

bool doc_load(const char *path, struct doc *ret_doc, struct doc_error *error)
{
	json_error_t where;
	json_t *root =
		json_load_file(path, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &where);

	if (!root)
		return doc_wrong(error, "%s:%d: %s", path, where.line, where.text);
	return doc_from_json(root, ret_doc, error);
}

void doc_free(struct doc *doc)
{
	free(doc->threads);
	free(doc->frames);
	free(doc->stacks);
	free(doc->samples);
	free(doc->intervals);
	json_decref(doc->root);
	*doc = (struct doc){ 0 };
}

const struct doc_thread *doc_thread(const struct doc *doc, int pid, int tid)
{
	size_t low = 0, high = doc->thread_count;

	if (!pid) {
		for (size_t i = 0; i < doc->thread_count; i++)
			if (doc->threads[i].tid == tid)
				return &doc->threads[i];
		return NULL;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct doc_thread key = { .pid = pid, .tid = tid };

		if (compare_threads(&doc->threads[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < doc->thread_count && doc->threads[low].pid == pid && doc->threads[low].tid == tid)
		return &doc->threads[low];
	return NULL;
}

bool doc_stack_has(const struct doc *doc, uint32_t stack, enum doc_kind kind, const char *name)
{
	for (; stack; stack = doc->stacks[stack].parent) {
		const struct doc_frame *frame = &doc->frames[doc->stacks[stack].frame];

		if (frame->kind == kind && (!name || !strcmp(frame->name, name)))
			return true;
	}
	return false;
}

struct doc_total doc_total(const struct doc *doc, const struct doc_filter *f)
{
	struct doc_total sum = { 0 };

	for (size_t i = 0; i < doc->sample_count; i++) {
		const struct doc_sample *s = &doc->samples[i];

		if (f->thread && f->thread != &doc->threads[s->thread])
			continue;
		if (f->state != DOC_STATES && f->state != s->state)
			continue;
		if (f->reason && strcmp(f->reason, s->reason))
			continue;
		if (f->function && !doc_stack_has(doc, s->stack, DOC_USER, f->function))
			continue;
		if (f->label && !doc_stack_has(doc, s->stack, DOC_LABEL, f->label))
			continue;
		if (f->with_kernel && !doc_stack_has(doc, s->stack, DOC_KERNEL, NULL))
			continue;
		if (f->without_frames && (doc_stack_has(doc, s->stack, DOC_KERNEL, NULL) ||
					  doc_stack_has(doc, s->stack, DOC_USER, NULL)))
			continue;
		sum.ns += s->ns;
		sum.count += s->count;
	}
	return sum;
}

int64_t doc_sum(const struct doc *doc, const struct doc_filter *f)
{
	return doc_total(doc, f).ns;
}

/* One line, without its newline. */
static bool folded_add(struct folded *folded, char *line, struct doc_error *error)
{
	static const char *const suffixes[DOC_STATES] = { "_[c]", "_[r]", "_[o]" };
	char *space = strrchr(line, ' '), *end;
	long long us;
	size_t n;

	if (!space || !space[1])
		return doc_wrong(error, "no number: '%.200s'", line);
	errno = 0;
	us = strtoll(space + 1, &end, 10);
	if (*end || errno || us <= 0)
		return doc_wrong(error, "bad number '%s'", space + 1);
	*space = '\0';
	for (const unsigned char *c = (const unsigned char *)line; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return doc_wrong(error, "control character in '%.200s'", line);
	if (*line == ';' || strstr(line, ";;"))
		return doc_wrong(error, "empty frame in '%.200s'", line);
	n = strlen(line);
	for (int state = 0; n > 4 && state < DOC_STATES; state++) {
		if (strcmp(line + n - 4, suffixes[state]))
			continue;
		folded->state_us[state] += us;
		folded->total_us += us;
		folded->line_count++;
		return true;
	}
	return doc_wrong(error, "no state at the end of '%.200s'", line);
}

bool folded_load(const char *path, struct folded *ret_folded, struct doc_error *error)
{
	struct folded folded = { 0 };
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	bool ok = true;

	if (!file)
		return doc_wrong(error, "%s: %s", path, strerror(errno));
	while (ok && (n = getline(&line, &size, file)) > 0) {
		if (line[n - 1] != '\n')
			ok = doc_wrong(error, "%s: last line not ended", path);
		else if (strlen(line) != (size_t)n)
			ok = doc_wrong(error, "%s: a zero byte", path);
		line[n - 1] = '\0';
		ok = ok && folded_add(&folded, line, error);
	}
	if (ok && ferror(file))
		ok = doc_wrong(error, "%s: %s", path, strerror(errno));
	free(line);
	fclose(file);
	if (ok)
		*ret_folded = folded;
	return ok;
}
