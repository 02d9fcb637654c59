// SPDX-License-Identifier: MIT
#include "checks.h"

static const char *const state_words[DOC_STATES] = { "on-CPU", "run queue", "blocked" };

static int64_t total_ns(const struct doc_thread *t)
{
	return t->ns[DOC_ON] + t->ns[DOC_RUNQ] + t->ns[DOC_OFF];
}

static bool check_thread(const struct doc *doc, const struct doc_thread *t, struct doc_error *error)
{
	int64_t residual_ns = t->residual_ns < 0 ? -t->residual_ns : t->residual_ns;

	if (total_ns(t) + t->residual_ns != t->alive_ns)
		return doc_wrong(error, "%s %d/%d: %lld + residual %lld ns is not alive %lld ns",
				 t->comm, t->pid, t->tid, (long long)total_ns(t),
				 (long long)t->residual_ns, (long long)t->alive_ns);
	if (residual_ns > t->alive_ns / 1000)
		return doc_wrong(error, "%s %d/%d: residual %lld ns of alive %lld ns", t->comm,
				 t->pid, t->tid, (long long)t->residual_ns, (long long)t->alive_ns);
	if (t->alive_ns > doc->window_ns)
		return doc_wrong(error, "%s %d/%d: alive %lld ns, longer than the window", t->comm,
				 t->pid, t->tid, (long long)t->alive_ns);
	for (int state = 0; state < DOC_STATES; state++)
		if (t->sampled_ns[state] != t->ns[state])
			return doc_wrong(error, "%s %d/%d: %s samples %lld ns, account %lld ns",
					 t->comm, t->pid, t->tid, state_words[state],
					 (long long)t->sampled_ns[state], (long long)t->ns[state]);
	return true;
}

bool check_ledger(const struct doc *doc, struct doc_error *error)
{
	if (!doc->thread_count)
		return doc_wrong(error, "no threads");
	for (size_t i = 0; i < doc->thread_count; i++)
		if (!check_thread(doc, &doc->threads[i], error))
			return false;
	return true;
}

static bool check_interval(const struct doc *doc, const struct doc_interval *v,
			   const struct doc_interval *before, struct doc_error *error)
{
	const struct doc_thread *t = &doc->threads[v->thread];

	if (v->ns <= 0 || v->start_ns < 0 || v->start_ns + v->ns > doc->window_ns ||
	    doc->start_mono_ns + v->start_ns < t->born_ns)
		return doc_wrong(error, "%s %d/%d: an interval of %lld ns at %lld", t->comm, t->pid,
				 t->tid, (long long)v->ns, (long long)v->start_ns);
	if (!before || before->thread < v->thread)
		return true;
	if (before->thread > v->thread || before->start_ns + before->ns > v->start_ns)
		return doc_wrong(error, "%s %d/%d: the interval at %lld ns is not behind that at %lld",
				 t->comm, t->pid, t->tid, (long long)v->start_ns,
				 (long long)before->start_ns);
	return true;
}

bool check_timeline(const struct doc *doc, struct doc_error *error)
{
	size_t at = 0;

	if (doc->timeline_lost)
		return doc_wrong(error, "%lld intervals are lost", (long long)doc->timeline_lost);
	for (size_t i = 0; i < doc->interval_count; i++)
		if (!check_interval(doc, &doc->intervals[i], i ? &doc->intervals[i - 1] : NULL,
				    error))
			return false;
	for (size_t i = 0; i < doc->thread_count; i++) {
		const struct doc_thread *t = &doc->threads[i];
		int64_t ns[DOC_STATES] = { 0 };

		for (; at < doc->interval_count && doc->intervals[at].thread == i; at++)
			ns[doc->intervals[at].state] += doc->intervals[at].ns;
		for (int state = 0; state < DOC_STATES; state++)
			if (ns[state] != t->ns[state])
				return doc_wrong(error, "%s %d/%d: %s intervals %lld ns, account %lld ns",
						 t->comm, t->pid, t->tid, state_words[state],
						 (long long)ns[state], (long long)t->ns[state]);
	}
	return true;
}

bool check_folded(const struct doc *doc, const struct folded *folded, struct doc_error *error)
{
	int64_t state_ns[DOC_STATES] = { 0 }, sum_ns = 0;

	for (size_t i = 0; i < doc->thread_count; i++) {
		for (int state = 0; state < DOC_STATES; state++)
			state_ns[state] += doc->threads[i].ns[state];
		sum_ns += total_ns(&doc->threads[i]);
	}
	if (folded->total_us != (sum_ns + 500) / 1000)
		return doc_wrong(error, "folded sum %lld us, ledger %lld ns",
				 (long long)folded->total_us, (long long)sum_ns);
	for (int state = 0; state < DOC_STATES; state++) {
		int64_t off_us = folded->state_us[state] - state_ns[state] / 1000;

		/* Lines that came to zero are gone; they took less than a microsecond each. */
		if (off_us < 0)
			off_us = -off_us;
		if (off_us > 1 + (int64_t)(folded->line_count + doc->sample_count))
			return doc_wrong(error, "folded %s %lld us, ledger %lld ns",
					 state_words[state], (long long)folded->state_us[state],
					 (long long)state_ns[state]);
	}
	return true;
}

/* 99.9 % */
static bool nearly_all(int64_t part_ns, int64_t whole_ns)
{
	return part_ns >= whole_ns - whole_ns / 1000;
}

bool check_blocked(const struct doc *doc, const struct doc_thread *t, const char *function,
		   struct doc_error *error)
{
	struct doc_filter filter = { .thread = t, .state = DOC_OFF, .with_kernel = true };
	int64_t ns;

	if (!nearly_all(t->alive_ns, doc->window_ns))
		return doc_wrong(error, "%s %d: alive %lld of %lld ns", t->comm, t->tid,
				 (long long)t->alive_ns, (long long)doc->window_ns);
	if (!nearly_all(t->ns[DOC_OFF], doc->window_ns))
		return doc_wrong(error, "%s %d: blocked %lld of %lld ns", t->comm, t->tid,
				 (long long)t->ns[DOC_OFF], (long long)doc->window_ns);
	ns = doc_sum(doc, &filter);
	if (!nearly_all(ns, doc->window_ns))
		return doc_wrong(error, "%s %d: only %lld of %lld ns have kernel frames", t->comm,
				 t->tid, (long long)ns, (long long)doc->window_ns);
	filter.function = function;
	ns = doc_sum(doc, &filter);
	if (function && !nearly_all(ns, doc->window_ns))
		return doc_wrong(error, "%s %d: only %lld of %lld ns in %s", t->comm, t->tid,
				 (long long)ns, (long long)doc->window_ns, function);
	return true;
}

bool check_spinner(const struct doc *doc, const struct doc_thread *t, const char *function,
		   struct doc_error *error)
{
	struct doc_filter filter = { .thread = t, .state = DOC_ON, .function = function };
	int64_t ns = doc_sum(doc, &filter);

	if (t->ns[DOC_OFF])
		return doc_wrong(error, "%s %d: %lld ns blocked, though it never blocks", t->comm,
				 t->tid, (long long)t->ns[DOC_OFF]);
	if (ns * 100 < t->ns[DOC_ON] * 95)
		return doc_wrong(error, "%s %d: %lld of %lld ns on-CPU in %s", t->comm, t->tid,
				 (long long)ns, (long long)t->ns[DOC_ON], function);
	return true;
}

bool check_names(const struct doc *doc, const struct doc_thread *t, enum doc_state state,
		 struct doc_error *error)
{
	const char *nameless = "no user frame";
	int64_t named_ns = 0;

	for (size_t i = 0; i < doc->sample_count; i++) {
		const struct doc_sample *s = &doc->samples[i];
		bool has_user = false, named = true;

		if (&doc->threads[s->thread] != t || s->state != state)
			continue;
		for (uint32_t at = s->stack; at; at = doc->stacks[at].parent) {
			const struct doc_frame *frame = &doc->frames[doc->stacks[at].frame];

			has_user |= frame->kind == DOC_USER;
			if (frame->kind == DOC_USER && !frame->named) {
				named = false;
				nameless = frame->name;
			}
		}
		if (has_user && named)
			named_ns += s->ns;
	}
	if (named_ns * 100 < t->ns[state] * 99)
		return doc_wrong(error, "%s %d: %lld of %lld ns named; %s", t->comm, t->tid,
				 (long long)named_ns, (long long)t->ns[state], nameless);
	return true;
}

bool check_between(const char *what, int64_t value, int64_t low, int64_t high,
		   struct doc_error *error)
{
	if (value >= low && value <= high)
		return true;
	return doc_wrong(error, "%s: %lld, not within %lld..%lld", what, (long long)value,
			 (long long)low, (long long)high);
}

bool check_close(const char *what, int64_t value, int64_t expected, int64_t switches,
		 int64_t more_ns, struct doc_error *error)
{
	int64_t slack_ns = expected / 100 + 2000 * switches;

	return check_between(what, value, expected - slack_ns, expected + slack_ns + more_ns,
			     error);
}

bool check_share(const char *what, int64_t part, int64_t whole, double percent, double points,
		 struct doc_error *error)
{
	double got = whole ? 100.0 * (double)part / (double)whole : 0;

	if (whole && got >= percent - points && got <= percent + points)
		return true;
	return doc_wrong(error, "%s: %.2f %%, not %.2f +- %.1f", what, got, percent, points);
}

bool check_stacks(const struct doc *doc, struct doc_error *error)
{
	struct doc_filter all = { .state = DOC_STATES };
	struct doc_filter bare = { .state = DOC_STATES, .without_frames = true };
	int64_t whole_ns = doc_sum(doc, &all), bare_ns = doc_sum(doc, &bare);

	if (bare_ns * 100 > whole_ns)
		return doc_wrong(error, "%lld of %lld ns without a stack", (long long)bare_ns,
				 (long long)whole_ns);
	return true;
}
