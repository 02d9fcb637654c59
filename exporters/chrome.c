// SPDX-License-Identifier: MIT
/*
 * chrome.c - the timeline as trace events, for Perfetto and chrome://tracing.
 *
 * A track for each thread with a slice for each interval: its category is the reason, an argument
 * its stack. Arrows go from the waker to what follows the wait; a counter tells how many threads
 * run. Times are microseconds since the window's start, to the nanosecond. A slice is two events:
 * were it told by begin and length, readers who add these as floating point would find overlaps.
 */
#include <errno.h>
#include <stdlib.h>

#include "exporter.h"
#include "text.h"
#include "tracks.h"

#define COUNTER_PID 0 /* nobody's */

struct writer {
	const struct profile *profile;
	FILE *out;
	const char *separator; /* before the next event */
	struct tracks tracks;
	char *names;	   /* of frames, escaped ... */
	size_t *name_ends; /* ... by frame, one after the other */
	uint32_t *path;	   /* scratch: frames of a stack, room for the deepest */
};

/* --- what is looked up ------------------------------------------------------------------------ */

/* Each name as it stands within a JSON string; a ';' would end the frame. */
static int escape_names(struct writer *w)
{
	const struct profile *p = w->profile;
	size_t size = 0;
	FILE *out = open_memstream(&w->names, &size);

	w->name_ends = calloc((size_t)p->frame_count + 1, sizeof(*w->name_ends));
	if (!out || !w->name_ends) {
		if (out)
			fclose(out);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->frame_count; i++) {
		text_write_json(out, i ? profile_string(p, p->frames[i].name)
				       : label_table[LABEL_NO_STACK].name);
		w->name_ends[i] = (size_t)ftello(out);
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++)
		if (w->names[i] == ';')
			w->names[i] = ':';
	return 0;
}

static int make_room_for_paths(struct writer *w)
{
	const struct profile *p = w->profile;
	uint32_t *depth = calloc((size_t)p->stack_count + 1, sizeof(*depth)), deepest = 0;

	if (!depth)
		return -ENOMEM;
	for (uint32_t i = 1; i < p->stack_count; i++) {
		depth[i] = depth[p->stacks[i].parent] + 1;
		if (depth[i] > deepest)
			deepest = depth[i];
	}
	free(depth);
	w->path = calloc((size_t)deepest + 1, sizeof(*w->path));
	return w->path ? 0 : -ENOMEM;
}

/* --- pieces of events ------------------------------------------------------------------------- */

static void put(const struct writer *w, const char *text)
{
	fputs_unlocked(text, w->out);
}

static void put_us(const struct writer *w, const char *key, nsec_t ns)
{
	char digits[] = ".000";

	for (size_t i = 3, rest = ns % 1000; i > 0; i--, rest /= 10)
		digits[i] = (char)('0' + rest % 10);
	put(w, key);
	text_write_number(w->out, ns / 1000);
	put(w, digits);
}

static void put_track(const struct writer *w, uint32_t thread)
{
	put(w, ",\"pid\":");
	text_write_number(w->out, tracks_pid(&w->tracks, w->profile->threads[thread].process));
	put(w, ",\"tid\":");
	text_write_number(w->out, tracks_tid(&w->tracks, thread));
}

static void begin_event(struct writer *w, const char *phase)
{
	put(w, w->separator);
	put(w, "{\"ph\":\"");
	put(w, phase);
	put(w, "\"");
	w->separator = ",\n";
}

static void put_frame(const struct writer *w, uint32_t frame)
{
	size_t begin = frame ? w->name_ends[frame - 1] : 0;

	/* without its quotes */
	fwrite_unlocked(w->names + begin + 1, 1, w->name_ends[frame] - begin - 2, w->out);
}

static void put_stack(const struct writer *w, uint32_t stack)
{
	const struct profile_stack *stacks = w->profile->stacks;
	uint32_t depth = 0;

	for (; stack; stack = stacks[stack].parent)
		w->path[depth++] = stacks[stack].frame;
	while (depth) {
		put_frame(w, w->path[--depth]);
		if (depth)
			putc_unlocked(';', w->out);
	}
}

/* --- names and order -------------------------------------------------------------------------- */

static void begin_fact(struct writer *w, const char *kind, uint64_t pid, uint64_t tid)
{
	begin_event(w, "M");
	put(w, ",\"name\":\"");
	put(w, kind);
	put(w, "\",\"pid\":");
	text_write_number(w->out, pid);
	put(w, ",\"tid\":");
	text_write_number(w->out, tid);
	put(w, ",\"args\":{");
}

static void put_name(struct writer *w, const char *kind, uint64_t pid, uint64_t tid,
		     const char *name)
{
	begin_fact(w, kind, pid, tid);
	put(w, "\"name\":");
	text_write_json(w->out, name);
	put(w, "}}");
}

static void put_rank(struct writer *w, const char *kind, uint64_t pid, uint64_t tid, uint64_t rank)
{
	begin_fact(w, kind, pid, tid);
	put(w, "\"sort_index\":");
	text_write_number(w->out, rank);
	put(w, "}}");
}

/* What is to be shown in this order: the largest `key` first. */
struct ranking {
	uint64_t key;
	uint32_t index;
};

static int compare_rankings(const void *a, const void *b)
{
	const struct ranking *r = a, *s = b;

	if (r->key != s->key)
		return r->key > s->key ? -1 : 1;
	return (r->index > s->index) - (r->index < s->index);
}

static uint64_t on_ns_of(const struct profile *p, uint32_t process)
{
	uint64_t ns = 0;

	for (uint32_t i = 0; i < p->processes[process].thread_count; i++)
		ns += p->threads[p->processes[process].first_thread + i].ns[SCOPE_ON];
	return ns;
}

/* The busiest process first, its first thread before the busiest of the others. */
static int put_names(struct writer *w)
{
	const struct profile *p = w->profile;
	size_t room = p->thread_count > p->process_count ? p->thread_count : p->process_count;
	struct ranking *ranking = calloc(room + 1, sizeof(*ranking));

	if (!ranking)
		return -ENOMEM;
	put_name(w, "process_name", COUNTER_PID, COUNTER_PID, "all threads");
	put_rank(w, "process_sort_index", COUNTER_PID, COUNTER_PID, 0);
	for (uint32_t i = 0; i < p->process_count; i++)
		ranking[i] = (struct ranking){ on_ns_of(p, i), i };
	qsort(ranking, p->process_count, sizeof(*ranking), compare_rankings);
	for (uint32_t i = 0; i < p->process_count; i++) {
		const struct profile_process *process = &p->processes[ranking[i].index];
		uint64_t pid = tracks_pid(&w->tracks, ranking[i].index);

		if (w->tracks.first[process->first_thread] ==
		    w->tracks.first[process->first_thread + process->thread_count])
			continue;
		put_name(w, "process_name", pid, pid, profile_string(p, process->comm));
		put_rank(w, "process_sort_index", pid, pid, i + 1);
	}
	for (uint32_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *t = &p->threads[i];
		bool leads = t->tid == p->processes[t->process].pid;

		ranking[i] = (struct ranking){ leads ? UINT64_MAX : t->ns[SCOPE_ON], i };
	}
	qsort(ranking, p->thread_count, sizeof(*ranking), compare_rankings);
	for (uint32_t i = 0; i < p->thread_count; i++) {
		uint32_t thread = ranking[i].index;
		uint64_t pid = tracks_pid(&w->tracks, p->threads[thread].process),
			 tid = tracks_tid(&w->tracks, thread);

		if (w->tracks.first[thread] == w->tracks.first[thread + 1])
			continue;
		put_name(w, "thread_name", pid, tid, profile_string(p, p->threads[thread].comm));
		put_rank(w, "thread_sort_index", pid, tid, i);
	}
	free(ranking);
	return text_check(w->out);
}

/* --- slices ----------------------------------------------------------------------------------- */

static const char *const state_names[SCOPE_STATES] = {
	[SCOPE_ON] = "on-CPU",
	[SCOPE_RUNQ] = "run queue",
	[SCOPE_OFF] = "blocked",
};

/*
 * What begins where another ends is told apart from it by name and arguments: speedscope lets the
 * one begin first if they are equal. So an end always has arguments, and a begin has none. An end
 * has its begin's category: the browser's own panel takes it for the end of another slice
 * otherwise.
 */
static void put_edge(struct writer *w, const char *phase, const struct profile_interval *v,
		     nsec_t at_ns)
{
	begin_event(w, phase);
	put(w, ",\"name\":\"");
	put(w, state_names[v->state]);
	put(w, "\",\"cat\":");
	text_write_json(w->out,
			v->reason ? profile_string(w->profile, v->reason) : state_names[v->state]);
	put_track(w, v->thread);
	put_us(w, ",\"ts\":", at_ns);
}

static int put_slices(struct writer *w)
{
	const struct profile *p = w->profile;

	for (uint32_t i = 0; i < p->interval_count; i++) {
		const struct profile_interval *v = &p->intervals[i];
		int ret;

		put_edge(w, "B", v, v->start_ns);
		put(w, "}");
		put_edge(w, "E", v, v->start_ns + v->ns);
		put(w, ",\"args\":{");
		if (v->stack) {
			put(w, "\"stack\":\"");
			put_stack(w, v->stack);
			put(w, "\"");
		}
		put(w, "}}");
		ret = text_check(w->out);
		if (ret)
			return ret;
	}
	return 0;
}

/* --- wake-ups --------------------------------------------------------------------------------- */

static void put_arrow_end(struct writer *w, const char *phase, uint64_t id, uint32_t thread,
			  nsec_t at_ns)
{
	begin_event(w, phase);
	put(w, ",\"name\":\"wake-up\",\"cat\":\"wake-up\",\"id\":");
	text_write_number(w->out, id);
	put_track(w, thread);
	put_us(w, ",\"ts\":", at_ns);
	put(w, "}");
}

static int put_arrows(struct writer *w)
{
	const struct profile *p = w->profile;
	uint64_t id = 0;

	for (uint32_t i = 0; i + 1 < p->interval_count; i++) {
		const struct profile_interval *v = &p->intervals[i], *next = v + 1;
		nsec_t end_ns = v->start_ns + v->ns, from_ns, to_ns;
		int ret;

		if (!v->waker || next->thread != v->thread || next->start_ns != end_ns ||
		    !tracks_ran_near(&w->tracks, v->waker - 1, end_ns, &from_ns))
			continue;
		if (from_ns >= next->start_ns + next->ns)
			continue;
		to_ns = tracks_within(next, from_ns);
		id++;
		put_arrow_end(w, "s", id, v->waker - 1, from_ns);
		put_arrow_end(w, "f\",\"bp\":\"e", id, v->thread, to_ns);
		ret = text_check(w->out);
		if (ret)
			return ret;
	}
	return 0;
}

/* --- the counter ------------------------------------------------------------------------------ */

struct edge {
	nsec_t at_ns;
	int32_t on, runq;
};

static int compare_edges(const void *a, const void *b)
{
	const struct edge *e = a, *f = b;

	return (e->at_ns > f->at_ns) - (e->at_ns < f->at_ns);
}

/* An edge for each interval's start and end, but not between two of a state. */
static size_t find_edges(const struct profile *p, struct edge *edges)
{
	size_t count = 0;

	for (uint32_t i = 0; i < p->interval_count; i++) {
		const struct profile_interval *v = &p->intervals[i], *last = i ? v - 1 : NULL;
		struct edge step = { .on = v->state == SCOPE_ON, .runq = v->state == SCOPE_RUNQ };

		if (v->state == SCOPE_OFF)
			continue;
		if (last && last->thread == v->thread && last->state == v->state &&
		    last->start_ns + last->ns == v->start_ns) {
			edges[count - 1].at_ns = v->start_ns + v->ns;
			continue;
		}
		edges[count] = step;
		edges[count++].at_ns = v->start_ns;
		edges[count] = (struct edge){ v->start_ns + v->ns, -step.on, -step.runq };
		count++;
	}
	return count;
}

static void put_counts(struct writer *w, nsec_t at_ns, const struct edge *sum)
{
	begin_event(w, "C");
	put(w, ",\"name\":\"threads\",\"pid\":");
	text_write_number(w->out, COUNTER_PID);
	put_us(w, ",\"ts\":", at_ns);
	put(w, ",\"args\":{\"on-CPU\":");
	text_write_number(w->out, (uint64_t)sum->on);
	put(w, ",\"run queue\":");
	text_write_number(w->out, (uint64_t)sum->runq);
	put(w, "}}");
}

static int put_counter(struct writer *w)
{
	const struct profile *p = w->profile;
	struct edge *edges = calloc((size_t)p->interval_count * 2 + 1, sizeof(*edges)), sum = { 0 };
	int32_t on = -1, runq = -1; /* as last written */
	size_t count;
	int ret = 0;

	if (!edges)
		return -ENOMEM;
	count = find_edges(p, edges);
	qsort(edges, count, sizeof(*edges), compare_edges);
	for (size_t i = 0; !ret && i < count; i++) {
		sum.on += edges[i].on;
		sum.runq += edges[i].runq;
		if ((i + 1 < count && edges[i + 1].at_ns == edges[i].at_ns) ||
		    (sum.on == on && sum.runq == runq))
			continue;
		put_counts(w, edges[i].at_ns, &sum);
		on = sum.on;
		runq = sum.runq;
		ret = text_check(w->out);
	}
	free(edges);
	return ret;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void put_header(const struct writer *w)
{
	const struct profile *p = w->profile;

	put(w, "{\"displayTimeUnit\":\"ns\",\n\"otherData\":{\"version\":");
	text_write_json(w->out, p->version ? p->version : "");
	put(w, ",\"target\":");
	text_write_json(w->out, p->target);
	put(w, ",\"start_realtime_ns\":\"");
	text_write_number(w->out, p->start_realtime_ns);
	put(w, "\",\"window_ns\":\"");
	text_write_number(w->out, p->window_ns);
	put(w, "\",\"lost_intervals\":\"");
	text_write_number(w->out, p->timeline_lost.count);
	put(w, "\",\"lost_ns\":\"");
	text_write_number(w->out, p->timeline_lost.ns);
	put(w, "\"},\n\"traceEvents\":[\n");
}

static int prepare(struct writer *w)
{
	int ret = tracks_build(w->profile, &w->tracks);

	if (!ret)
		ret = escape_names(w);
	return ret ? ret : make_room_for_paths(w);
}

static int chrome_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	struct writer w = { .profile = p, .out = out, .separator = "" };
	int ret = prepare(&w);

	(void)opts; /* they are of folded lines */
	if (!ret) {
		put_header(&w);
		ret = put_names(&w);
	}
	/* arrows come behind the slices that they are tied to */
	if (!ret)
		ret = put_slices(&w);
	if (!ret)
		ret = put_arrows(&w);
	if (!ret)
		ret = put_counter(&w);
	tracks_free(&w.tracks);
	free(w.names);
	free(w.name_ends);
	free(w.path);
	if (ret)
		return ret;
	put(&w, "\n]}\n");
	return text_flush(out);
}

const struct exporter exporter_chrome = {
	.name = "chrome",
	.suffixes = { ".trace.json" },
	.summary = "the timeline, for ui.perfetto.dev and chrome://tracing",
	.needs_timeline = true,
	.write = chrome_write,
};
