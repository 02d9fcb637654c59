// SPDX-License-Identifier: MIT
/*
 * speedscope.c - speedscope's own JSON: first all threads together, then each one, busiest first.
 *
 * On-CPU time is the leaf's own. Time in the run queue and blocked time hang below the function
 * that waited, in a frame of their own that says why: a function's total is its wall time, its self
 * time is what it ran.
 *
 * Stacks of a sampled profile are in the order of their names, not of time, which samples have not:
 * then equal callers stand beside each other in every view. A thread that has intervals is evented:
 * there the order is that of time.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exporter.h"
#include "speedscope_index.h"
#include "text.h"

#define SCHEMA	      "https://www.speedscope.app/file-format-schema.json"
#define DIGITS_MAX    10 /* of a frame's number */
#define EVENT_END_MAX 32 /* of `,"at":N}` */
#define EVENT_MAX     (32 + DIGITS_MAX + EVENT_END_MAX)
#define AHEAD	      8 /* samples: they lie apart in memory, so the next ones are asked for early */

/* Time of a stack in one state, for one reason. */
struct part {
	uint32_t node;
	uint32_t wait; /* number in the index; 0: on a CPU */
	nsec_t ns;
};

struct speedscope {
	const struct profile *profile;
	struct speedscope_index index;
	FILE *out;
	int error;
	struct part *parts; /* of the profile that is written: room for all samples */
	uint32_t part_count;

	/* the stack that was written last: outermost first, from 1 on, and as text */
	uint32_t *path;
	size_t *ends; /* of each in `line` */
	uint32_t depth;
	char *line;

	uint32_t *open, *next; /* of a timeline: the frames of two stacks, outermost first */
	char *events;	       /* room for those of a stack */
	bool events_before;    /* the next one is not the profile's first */
};

/* A JSON string. */
static void __attribute__((format(printf, 2, 3)))
put_text(struct speedscope *w, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		w->error = -ENOMEM;
	else
		text_write_json(w->out, text);
	va_end(args);
	free(text);
}

/* --- frames ----------------------------------------------------------------------------------- */

static void put_wait(struct speedscope *w, const struct pair *wait)
{
	if (wait->first == SCOPE_ON)
		put_text(w, "%s", label_table[LABEL_NOT_SAMPLED].name);
	else if (wait->first == SCOPE_RUNQ)
		put_text(w, "[run queue]");
	else if (wait->second)
		put_text(w, "[blocked: %s]", profile_string(w->profile, wait->second));
	else
		put_text(w, "[blocked]");
}

static void put_frames(struct speedscope *w)
{
	const struct profile *p = w->profile;
	FILE *out = w->out;

	fprintf(out, "\"shared\":{\"frames\":[\n{\"name\":\"%s\"}",
		label_table[LABEL_NO_STACK].name);
	for (uint32_t i = 1; i <= w->index.places.count && !ferror_unlocked(out); i++) {
		const struct pair *place = &w->index.places.items[i];
		const struct pair *function = &w->index.functions.items[place->first];

		fputs_unlocked(",\n{\"name\":", out);
		text_write_json(out, profile_string(p, function->first));
		if (function->second) {
			fputs_unlocked(",\"file\":", out);
			text_write_json(out, profile_string(p, function->second));
		}
		if (place->second) {
			fputs_unlocked(",\"line\":", out);
			text_write_number(out, place->second);
		}
		putc_unlocked('}', out);
	}
	for (uint32_t i = 1; i <= w->index.waits.count; i++) {
		fputs_unlocked(",\n{\"name\":", out);
		put_wait(w, &w->index.waits.items[i]);
		putc_unlocked('}', out);
	}
	fputs_unlocked("\n]}", out);
}

/* --- sampled ---------------------------------------------------------------------------------- */

/* Into `parts`: of the ordered samples from `first` to `end`, what is alike together. */
static void gather_parts(struct speedscope *w, uint32_t first, uint32_t end)
{
	w->part_count = 0;
	for (uint32_t i = first; i < end; i++) {
		const struct profile_sample *sample = &w->profile->samples[w->index.samples[i]];
		uint32_t wait = speedscope_index_wait(&w->index, sample->state, sample->reason);
		uint32_t node = w->index.node[sample->stack];
		struct part *last = w->part_count ? &w->parts[w->part_count - 1] : NULL;

		if (i + AHEAD < end)
			__builtin_prefetch(&w->profile->samples[w->index.samples[i + AHEAD]]);
		if (last && last->node == node && last->wait == wait)
			last->ns += sample->ns;
		else if (sample->ns)
			w->parts[w->part_count++] = (struct part){ node, wait, sample->ns };
	}
}

static size_t put_number(char *at, uint32_t number)
{
	char digits[DIGITS_MAX];
	size_t count = 0;

	do {
		digits[DIGITS_MAX - ++count] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(at, digits + DIGITS_MAX - count, count);
	return count;
}

/*
 * Stacks come in the order of their names, so that most begin as the one before: `line` keeps that
 * one's text, up to where they part.
 */
static void put_stack(struct speedscope *w, const struct part *part)
{
	const struct speedscope_node *nodes = w->index.nodes;
	uint32_t depth = nodes[part->node].depth, at = depth;
	char end[DIGITS_MAX + 3];
	size_t end_size = 0;

	for (uint32_t node = part->node; at && (at > w->depth || w->path[at] != node); at--) {
		w->path[at] = node;
		node = nodes[node].parent;
	}
	w->depth = depth;
	for (; at < depth; at++) {
		size_t size = w->ends[at];

		w->line[size++] = at ? ',' : '[';
		w->ends[at + 1] = size + put_number(w->line + size, nodes[w->path[at + 1]].frame);
	}
	fwrite_unlocked(w->line, 1, w->ends[depth], w->out);
	if (part->wait) {
		end[end_size++] = ',';
		end_size += put_number(end + end_size, w->index.places.count + part->wait);
	}
	end[end_size++] = ']';
	fwrite_unlocked(end, 1, end_size, w->out);
}

static void put_sampled(struct speedscope *w, uint32_t first, uint32_t end)
{
	nsec_t sum_ns = 0;

	gather_parts(w, first, end);
	fputs_unlocked("\"type\":\"sampled\",\"unit\":\"nanoseconds\",\"samples\":[", w->out);
	for (uint32_t i = 0; i < w->part_count && !ferror_unlocked(w->out); i++) {
		fputs_unlocked(i ? ",\n" : "\n", w->out);
		put_stack(w, &w->parts[i]);
	}
	fputs_unlocked("\n],\n\"weights\":[", w->out);
	for (uint32_t i = 0; i < w->part_count && !ferror_unlocked(w->out); i++) {
		if (i)
			putc_unlocked(',', w->out);
		text_write_number(w->out, w->parts[i].ns);
		sum_ns += w->parts[i].ns;
	}
	fputs_unlocked("],\n\"startValue\":0,\"endValue\":", w->out);
	text_write_number(w->out, sum_ns);
	putc_unlocked('}', w->out);
}

/* --- evented ---------------------------------------------------------------------------------- */

/* The frames of an interval, outermost first, and how many. */
static uint32_t list_frames(struct speedscope *w, const struct profile_interval *interval,
			    uint32_t *ret_frames)
{
	const struct speedscope_node *nodes = w->index.nodes;
	uint32_t wait = speedscope_index_wait(&w->index, interval->state, interval->reason);
	uint32_t node = w->index.node[interval->stack], depth = nodes[node].depth;

	if (interval->state == SCOPE_ON && !interval->stack) {
		ret_frames[0] = w->index.places.count + pairs_find(&w->index.waits, SCOPE_ON, 0);
		return 1;
	}
	for (uint32_t at = depth; at--; node = nodes[node].parent)
		ret_frames[at] = nodes[node].frame;
	if (wait)
		ret_frames[depth++] = w->index.places.count + wait;
	return depth;
}

/*
 * That frames[outer] and what they call, up to `depth`, begin (`type` is O) or end (C) at a moment.
 * A timeline may have a hundred million of these events: those of a moment are written at once.
 */
static void put_events(struct speedscope *w, char type, const uint32_t *frames, uint32_t outer,
		       uint32_t depth, nsec_t at_ns)
{
	char begin[] = ",\n{\"type\":\"?\",\"frame\":", end[EVENT_END_MAX];
	size_t begin_size = sizeof(begin) - 1, size = 0, skipped = w->events_before ? 0 : 1;
	size_t end_size =
		(size_t)snprintf(end, sizeof(end), ",\"at\":%llu}", (unsigned long long)at_ns);

	if (outer >= depth)
		return;
	begin[strlen(",\n{\"type\":\"")] = type;
	for (uint32_t i = outer; i < depth; i++) {
		memcpy(w->events + size, begin, begin_size);
		size += begin_size;
		size += put_number(w->events + size,
				   frames[type == 'O' ? i : outer + depth - 1 - i]);
		memcpy(w->events + size, end, end_size);
		size += end_size;
	}
	fwrite_unlocked(w->events + skipped, 1, size - skipped, w->out);
	w->events_before = true;
}

/* Frames that two intervals without a gap between them share stay open. */
static void put_evented(struct speedscope *w, uint32_t first, uint32_t end)
{
	uint32_t depth = 0;
	nsec_t now_ns = 0;

	w->events_before = false;
	fputs_unlocked("\"type\":\"evented\",\"unit\":\"nanoseconds\",\"events\":[", w->out);
	for (uint32_t i = first; i <= end && !ferror_unlocked(w->out); i++) {
		const struct profile_interval *interval =
			i < end ? &w->profile->intervals[i] : NULL;
		uint32_t next_depth = interval ? list_frames(w, interval, w->next) : 0;
		uint32_t common = 0, *swap = w->open;

		if (interval && interval->start_ns == now_ns) {
			while (common < depth && common < next_depth &&
			       w->open[common] == w->next[common])
				common++;
		}
		put_events(w, 'C', w->open, common, depth, now_ns);
		if (!interval)
			break;
		put_events(w, 'O', w->next, common, next_depth, interval->start_ns);
		depth = next_depth;
		now_ns = interval->start_ns + interval->ns;
		w->open = w->next;
		w->next = swap;
	}
	fputs_unlocked("\n],\n\"startValue\":0,\"endValue\":", w->out);
	text_write_number(w->out, w->profile->window_ns > now_ns ? w->profile->window_ns : now_ns);
	putc_unlocked('}', w->out);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void put_thread(struct speedscope *w, uint32_t i)
{
	const struct profile_thread *thread = &w->profile->threads[i];
	uint32_t samples = w->index.first_sample[i], intervals = w->index.first_interval[i];

	if (samples == w->index.first_sample[i + 1])
		return; /* of none of the states that were asked for */
	fputs_unlocked(",\n{\"name\":", w->out);
	put_text(w, "%s-%u/%u", profile_string(w->profile, thread->comm),
		 w->profile->processes[thread->process].pid, thread->tid);
	putc_unlocked(',', w->out);
	if (intervals < w->index.first_interval[i + 1])
		put_evented(w, intervals, w->index.first_interval[i + 1]);
	else
		put_sampled(w, samples, w->index.first_sample[i + 1]);
}

static const char *clock_name(const struct profile *p)
{
	if (!p->states[SCOPE_OFF])
		return "on-CPU time";
	return p->states[SCOPE_ON] ? "wall clock" : "off-CPU time";
}

static int make_room(struct speedscope *w)
{
	size_t depth = (size_t)w->index.paths.max_depth + 1; /* and a wait */

	w->parts = calloc((size_t)w->profile->sample_count + 1, sizeof(*w->parts));
	w->path = calloc(depth, sizeof(*w->path));
	w->ends = calloc(depth, sizeof(*w->ends));
	w->line = malloc(depth * (DIGITS_MAX + 1));
	w->open = calloc(depth, sizeof(*w->open));
	w->next = calloc(depth, sizeof(*w->next));
	w->events = malloc(depth * EVENT_MAX);
	if (!w->parts || !w->path || !w->ends || !w->line || !w->open || !w->next || !w->events)
		return -ENOMEM;
	return 0;
}

static void put_all(struct speedscope *w)
{
	const struct profile *p = w->profile;

	fprintf(w->out, "{\"$schema\":\"%s\",\n\"exporter\":", SCHEMA);
	put_text(w, "systemscope %s", p->version);
	fputs_unlocked(",\n\"name\":", w->out);
	text_write_json(w->out, p->target);
	fputs_unlocked(",\n\"activeProfileIndex\":0,\n", w->out);
	put_frames(w);
	fprintf(w->out, ",\n\"profiles\":[\n{\"name\":\"all threads, %s\",", clock_name(p));
	put_sampled(w, 0, p->sample_count);
	if (!w->error)
		w->error = speedscope_index_by_thread(&w->index);
	for (uint32_t i = 0; i < p->thread_count && !w->error && !ferror_unlocked(w->out); i++)
		put_thread(w, w->index.threads[i]);
	fputs_unlocked("\n]}\n", w->out);
}

static int speedscope_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct speedscope w = { .profile = p, .out = out };

	w.error = speedscope_index_build(p, opts->lines, &w.index);
	if (!w.error)
		w.error = make_room(&w);
	if (!w.error)
		put_all(&w);
	if (!w.error)
		w.error = text_flush(out);
	speedscope_index_free(&w.index);
	free(w.parts);
	free(w.path);
	free(w.ends);
	free(w.line);
	free(w.open);
	free(w.next);
	free(w.events);
	return w.error;
}

const struct exporter exporter_speedscope = {
	.name = "speedscope",
	.suffixes = { ".speedscope.json" },
	.summary = "for speedscope.app: all threads, then each, busiest first",
	.write = speedscope_write,
};
