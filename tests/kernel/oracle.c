// SPDX-License-Identifier: MIT
#include "oracle.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool oracle_works(void)
{
	long long on = 0;
	/* Of a process just born it is still zero; the first one has run. */
	FILE *file = fopen("/proc/1/schedstat", "r");
	bool ok = file && fscanf(file, "%lld", &on) == 1 && on > 0;

	if (file)
		fclose(file);
	return ok;
}

void track_open(struct track *track, int pid, int tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	*track = (struct track){ .pid = pid, .tid = tid, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (track->fd < 0)
		known_fail("cannot open %s", path);
}

bool track_read(struct track *track)
{
	long long on, runq, count;
	struct reading *r;
	char text[128];
	ssize_t n;

	if (track->count == track->room) {
		track->room = track->room ? 2 * track->room : 64;
		track->readings = realloc(track->readings, track->room * sizeof(*track->readings));
		if (!track->readings)
			abort();
	}
	r = &track->readings[track->count];
	r->before_ns = known_now_ns();
	n = pread(track->fd, text, sizeof(text) - 1, 0);
	r->after_ns = known_now_ns();
	if (n <= 0)
		return false;
	text[n] = '\0';
	if (sscanf(text, "%lld %lld %lld", &on, &runq, &count) != 3)
		return false;
	r->on_ns = on;
	r->runq_ns = runq;
	r->count = count;
	track->count++;
	return true;
}

void track_close(struct track *track)
{
	close(track->fd);
	free(track->readings);
	track->readings = NULL;
}

bool oracle_check_settled(const struct doc_thread *thread, const struct track *track,
			  int64_t stolen_ns, struct doc_error *error)
{
	const struct reading *a = &track->readings[0], *b = &track->readings[track->count - 1];
	int64_t switches = b->count - a->count;
	char what[64];

	snprintf(what, sizeof(what), "%s %d: on-CPU against schedstat", thread->comm, thread->tid);
	if (!check_close(what, thread->ns[DOC_ON], b->on_ns - a->on_ns, switches, 0, error))
		return false;
	snprintf(what, sizeof(what), "%s %d: run queue against schedstat", thread->comm,
		 thread->tid);
	return check_close(what, thread->ns[DOC_RUNQ], b->runq_ns - a->runq_ns, switches, stolen_ns,
			   error);
}

bool oracle_check_sums(const struct doc *doc, const struct track *tracks, size_t count,
		       int64_t stolen_ns, struct doc_error *error)
{
	struct reading sum = { 0 };
	int64_t on_ns = 0, runq_ns = 0;

	for (size_t i = 0; i < count; i++) {
		const struct reading *a = &tracks[i].readings[0];
		const struct reading *b = &tracks[i].readings[tracks[i].count - 1];
		const struct doc_thread *t = doc_thread(doc, tracks[i].pid, tracks[i].tid);

		if (!t)
			return doc_wrong(error, "thread %d is missing", tracks[i].tid);
		on_ns += t->ns[DOC_ON];
		runq_ns += t->ns[DOC_RUNQ];
		sum.on_ns += b->on_ns - a->on_ns;
		sum.runq_ns += b->runq_ns - a->runq_ns;
		sum.count += b->count - a->count;
	}
	return check_close("all on-CPU against schedstat", on_ns, sum.on_ns, sum.count, 0, error) &&
	       check_close("all run queue against schedstat", runq_ns, sum.runq_ns, sum.count,
			   stolen_ns, error);
}

struct bounds {
	int64_t low, high;
};

/*
 * What the two counters can have been at the moment t: at least the last reading that ended before
 * t; at most the first one begun after t that is no longer stale: for the time on a CPU a tick
 * later, for the wait after the thread next got a CPU (or the last reading there is).
 */
static bool bounds_at(const struct track *track, int64_t t, int64_t tick_ns, struct bounds *on,
		      struct bounds *runq)
{
	size_t before = track->count, i = 0;
	bool on_known = false, runq_known = false;

	while (i < track->count && track->readings[i].after_ns <= t)
		before = i++;
	if (before == track->count)
		return false;
	on->low = track->readings[before].on_ns;
	runq->low = track->readings[before].runq_ns;
	for (; i < track->count && !(on_known && runq_known); i++) {
		const struct reading *r = &track->readings[i];

		if (r->before_ns < t)
			continue;
		if (!on_known && r->before_ns >= t + tick_ns) {
			on->high = r->on_ns;
			on_known = true;
		}
		if (!runq_known && r->count > track->readings[before].count) {
			runq->high = r->runq_ns;
			runq_known = true;
		}
	}
	if (!runq_known)
		runq->high = track->readings[track->count - 1].runq_ns;
	return on_known;
}

bool oracle_check_edges(const struct doc *doc, const struct doc_thread *thread,
			const struct track *track, int64_t tick_ns, int64_t stolen_ns,
			struct doc_error *error)
{
	struct bounds on[2], runq[2];
	int64_t switches = track->readings[track->count - 1].count - track->readings[0].count;
	char what[64];

	if (!bounds_at(track, doc->start_mono_ns, tick_ns, &on[0], &runq[0]) ||
	    !bounds_at(track, doc->start_mono_ns + doc->window_ns, tick_ns, &on[1], &runq[1]))
		return doc_wrong(error, "thread %d: no readings on both sides of the window",
				 track->tid);
	snprintf(what, sizeof(what), "%s %d: on-CPU against schedstat", thread->comm, thread->tid);
	if (!check_between(
		    what, thread->ns[DOC_ON], (on[1].low - on[0].high) * 99 / 100 - 2000 * switches,
		    (on[1].high - on[0].low) * 101 / 100 + 2000 * switches, error))
		return false;
	snprintf(what, sizeof(what), "%s %d: run queue against schedstat", thread->comm,
		 thread->tid);
	return check_between(what, thread->ns[DOC_RUNQ],
			     (runq[1].low - runq[0].high) * 99 / 100 - 2000 * switches,
			     (runq[1].high - runq[0].low) * 101 / 100 + 2000 * switches +
				     stolen_ns, error);
}

struct oracle_cpus oracle_cpus_now(void)
{
	/* user nice system idle iowait irq softirq steal: Documentation/filesystems/proc.rst */
	long long ticks[8] = { 0 }, all = 0;
	int64_t tick_ns = KNOWN_S / sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/stat", "r");

	if (!file ||
	    fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &ticks[0], &ticks[1],
		   &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]) != 8)
		known_note("no /proc/stat");
	if (file)
		fclose(file);
	for (int i = 0; i < 8; i++)
		all += ticks[i];
	return (struct oracle_cpus){
		.at_ns = known_now_ns(),
		.all_ns = all * tick_ns,
		.stolen_ns = (ticks[5] + ticks[6] + ticks[7]) * tick_ns,
	};
}

int64_t oracle_stolen_ns(void)
{
	return oracle_cpus_now().stolen_ns;
}
