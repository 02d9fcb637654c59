// SPDX-License-Identifier: MIT
/* verdict.c - a standing in words (exporters/standing.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "standing.h"
#include "text.h"

#define IDLE_PERCENT  5	 /* less activity than that is "mostly idle" */
#define WORTH_PERCENT 10 /* a share that is worth a clause of its own */
#define REASON_SHARE  80 /* percent of all waits: one reason speaks for them */
#define NAME_COLUMNS  32

/* What a wait is for, where its name does not say so by itself. */
static const struct {
	const char *reason, *text;
} waits[] = {
	{ "futex", "a lock or a condition" },
	{ "epoll", "events" },
	{ "poll", "events" },
	{ "select", "events" },
	{ "io_uring_enter", "I/O" },
	{ "sleep", "time to pass" },
	{ "read timerfd", "time to pass" },
	{ "read pipe", "the writer of a pipe" },
	{ "write pipe", "the reader of a pipe" },
	{ "read socket", "its peer" },
	{ "write socket", "its peer" },
	{ "read terminal", "input" },
	{ "write terminal", "a terminal" },
	{ "accept", "connections" },
	{ "connect", "a connection" },
	{ "wait", "a child process" },
	{ "vfork", "a child process" },
	{ "disk", "a disk" },
	{ "page fault", "memory" },
	{ "signal wait", "signals" },
	{ "idle worker", "work" },
	{ "kernel thread", "work" },
	{ "io_uring worker", "work" },
	{ "short block", "many things, briefly" },
};

static bool is_share(nsec_t part, nsec_t whole, unsigned percent)
{
	return (double)part * 100 >= (double)whole * percent && part;
}

void clauses_put(struct clauses *c, const char *text)
{
	unsigned columns = columns_of(text);

	if (c->begun) {
		putc_unlocked(';', c->out);
		c->at++;
		if (c->at + 1 + columns > c->columns) {
			fprintf(c->out, "\n%*s", (int)c->indent, "");
			c->at = c->indent;
		} else {
			putc_unlocked(' ', c->out);
			c->at++;
		}
	}
	fputs(text, c->out);
	c->at += columns;
	c->begun = true;
}

static int write_reason(const struct profile *p, uint32_t reason, FILE *out)
{
	const char *name = profile_string(p, reason);

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		if (strcmp(waits[i].reason, name) == 0) {
			fprintf(out, "%s (%s)", waits[i].text, name);
			return 0;
		}
	}
	return columns_write_name(out, name, NAME_COLUMNS);
}

static const char *share(nsec_t part, const struct standing *s, struct text_quantity *space)
{
	*space = text_share(part, s->alive_ns);
	return space->bytes;
}

/* What the first share is of; the others are of the same. */
static const char *of_time(const struct standing *s, bool first)
{
	if (!first)
		return "";
	return s->thread_count > 1 ? " of its threads' time" : " of its time";
}

static bool is_known(const struct profile *p, uint32_t reason)
{
	return reason && strcmp(profile_string(p, reason), "unknown") != 0;
}

static int write_runs(const struct paths *paths, const struct standing *s, bool first, FILE *out)
{
	const struct profile *p = paths->profile;
	struct text_quantity space;

	fprintf(out, "computes %s%s", share(s->ns[SCOPE_ON], s, &space), of_time(s, first));
	if (!s->frame || s->estimated || !is_share(s->frame_ns, s->alive_ns, WORTH_PERCENT))
		return 0;
	fprintf(out, ", %s in ", share(s->frame_ns, s, &space));
	return columns_write_name(out, profile_string(p, p->frames[s->frame].name), NAME_COLUMNS);
}

static void write_queues(const struct standing *s, bool first, FILE *out)
{
	struct text_quantity space;

	fprintf(out, "queues for a CPU %s%s", share(s->ns[SCOPE_RUNQ], s, &space),
		of_time(s, first));
}

/* All its waits, named by what most of them are for. */
static int write_waits(const struct paths *paths, const struct standing *s, bool first, FILE *out)
{
	bool speaks = is_share(s->reason_ns, s->ns[SCOPE_OFF], REASON_SHARE);
	const char *of = of_time(s, first);
	struct text_quantity space;
	int ret;

	if (!is_known(paths->profile, s->reason)) {
		fprintf(out, "blocked %s%s", share(s->ns[SCOPE_OFF], s, &space), of);
		return 0;
	}
	if (speaks) {
		fputs("waits for ", out);
		ret = write_reason(paths->profile, s->reason, out);
		fprintf(out, " %s%s", share(s->reason_ns, s, &space), of);
		return ret;
	}
	fprintf(out, "blocked %s%s, most for ", share(s->ns[SCOPE_OFF], s, &space), of);
	ret = write_reason(paths->profile, s->reason, out);
	fprintf(out, ", %s", share(s->reason_ns, s, &space));
	return ret;
}

static int write_state(const struct paths *paths, const struct standing *s, int state, bool first,
		       FILE *out)
{
	struct text_quantity space;

	switch (state) {
	case SCOPE_ON:
		return write_runs(paths, s, first, out);
	case SCOPE_RUNQ:
		write_queues(s, first, out);
		return 0;
	case SCOPE_OFF:
		return write_waits(paths, s, first, out);
	default:
		fprintf(out, "not accounted for %s%s", share(s->residual_ns, s, &space),
			of_time(s, first));
		return 0;
	}
}

static void put_activity(const struct standing *s, struct clauses *clauses)
{
	struct text_quantity space;
	char text[64];

	snprintf(text, sizeof(text), "mostly idle (activity %s)",
		 share(s->ns[SCOPE_ON], s, &space));
	clauses_put(clauses, text);
}

static int put_state(const struct paths *paths, const struct standing *s, int state, bool first,
		     struct clauses *clauses)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int ret;

	if (!out)
		return -ENOMEM;
	ret = write_state(paths, s, state, first, out);
	if (fclose(out) != 0)
		ret = -ENOMEM;
	if (!ret)
		clauses_put(clauses, text);
	free(text);
	return ret;
}

int standing_put_verdict(const struct paths *paths, const struct standing *s,
			 struct clauses *clauses)
{
	/* in the order in which they are told after the first */
	nsec_t ns[SCOPE_STATES + 1] = { s->ns[0], s->ns[1], s->ns[2], s->residual_ns };
	int first = SCOPE_STATES, ret;

	if (!s->alive_ns) {
		clauses_put(clauses, "had no time in the window");
		return 0;
	}
	for (int state = SCOPE_STATES - 1; state >= 0; state--) {
		if (ns[state] >= ns[first])
			first = state;
	}
	if (first == SCOPE_OFF && !is_share(s->ns[SCOPE_ON], s->alive_ns, IDLE_PERCENT))
		put_activity(s, clauses);
	ret = put_state(paths, s, first, true, clauses);
	for (int state = 0; state <= SCOPE_STATES && !ret; state++) {
		if (state != first && is_share(ns[state], s->alive_ns, WORTH_PERCENT))
			ret = put_state(paths, s, state, false, clauses);
	}
	if (s->estimated && !ret)
		clauses_put(clauses, "its on-CPU stacks are borrowed from its peers");
	return ret;
}
