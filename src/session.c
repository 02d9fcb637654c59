// SPDX-License-Identifier: MIT
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "budget.h"
#include "clock.h"
#include "image.h"
#include "ingest.h"
#include "launch.h"
#include "mem.h"
#include "mmaps.h"
#include "names_ahead.h"
#include "profile_build.h"
#include "signals.h"
#include "snapshot.h"
#include "target.h"
#include "tracer.h"
#include "unwinds.h"

#define WAIT_NS	 (NSEC_PER_SEC / 4) /* how often it looks up when nothing calls */
#define DRAIN_NS NSEC_PER_SEC	    /* how often the tables are emptied when none is half full */
/*
 * How long new mappings do not call after they did. A program that is deleted sooner than that
 * after its exec has no names; to look at each record by itself costs more than it tells.
 */
#define MMAPS_NS (20 * NSEC_PER_MSEC)

enum { FILES_NEEDED = 64, FILES_PER_CPU = 3 };

/* Everything a capture owns, in the order of its making. */
struct session {
	const struct config *config;
	struct launch *launch;
	const struct session_hooks *hooks;
	struct err *err;
	struct ingest *ingest;
	struct images *images;
	struct target *target;
	struct tracer *tracer;
	struct unwinds *unwinds; /* NULL: no user stacks are asked for */
	struct mmaps *mmaps;
	struct namer *namer; /* NULL: no user stacks are asked for */
	struct names_ahead names_ahead;
	nsec_t begun_ns, armed_ns;
	nsec_t mmaps_rest_ns; /* until when new mappings do not call */
	nsec_t armed_cpu_ns, stopped_cpu_ns;
	struct budget budget;
	struct scope_cost cost; /* in the window, with a budget */
	uint64_t map_bytes;
	struct unwinds_stats unwinds_stats;
};

static nsec_t own_cpu(void)
{
	return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

/*
 * Each CPU has a ring and a tick with its link, each image that is named a descriptor. Nobody
 * inherits what is raised here: COMMAND was forked before. Asked ahead, since a lack of descriptors
 * looks like a lack of features to whoever meets it.
 */
static int raise_file_limit(struct err *err)
{
	rlim_t needed = FILES_NEEDED + FILES_PER_CPU * (rlim_t)sysconf(_SC_NPROCESSORS_CONF);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot read a limit: %s",
			       strerror(errno));
	if (limit.rlim_max < needed)
		return err_set(
			err, EXIT_CODE_FAILURE, -EMFILE,
			"too many open files: the limit is %llu, and %llu are needed; raise it: "
			"ulimit -n 65536",
			(unsigned long long)limit.rlim_max, (unsigned long long)needed);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot raise a limit: %s",
			       strerror(errno));
	return 0;
}

static int open_unwinds(struct session *s)
{
	struct unwind_fds fds;
	struct unwinds_config config = {
		.fds = &fds,
		.images = s->images,
		.ingest = s->ingest,
		.max_frames = s->config->max_stack,
	};
	struct namer_config namer = { .options = s->config->symbols };

	if (!s->config->user_stacks)
		return 0;
	s->namer = namer_new(&namer);
	tracer_unwind_fds(s->tracer, &fds);
	return unwinds_open(&config, &s->unwinds, s->err);
}

/* Members so far: what they have mapped is unwound from the first stack on. */
static int prepare_members(struct session *s)
{
	int r = target_snapshot(s->target, s->images, s->ingest);

	if (r || !s->unwinds)
		return r;
	r = tracer_set_unwinds(s->tracer, s->unwinds, s->err);
	mmaps_drain(s->mmaps, false, s->ingest);
	unwinds_prepare(s->unwinds);
	return r;
}

/*
 * The order matters: mappings are recorded before they are listed, so that none falls between;
 * programs attach before anybody looks for members, so that a child of a member is one. But those that
 * are known before are made ready to be unwound first: a thread that leaves its CPU then may not come
 * to one again in the whole window.
 */
static int prepare(struct session *s)
{
	struct mmaps_config mmaps = { .images = s->images };
	uint32_t command = s->launch ? (uint32_t)launch_pid(s->launch) : 0;
	int r;

	r = target_open(s->config, command, &s->target, s->err);
	if (!r)
		r = tracer_open(s->config, target_cgroup_id(s->target), s->ingest, &s->tracer,
				s->err);
	if (!r)
		r = open_unwinds(s);
	if (!r)
		r = mmaps_open(&mmaps, &s->mmaps, s->err);
	if (r)
		return r;
	r = target_add_named(s->target, s->tracer, s->err);
	if (!r)
		r = prepare_members(s);
	if (!r)
		r = tracer_attach(s->tracer, s->err);
	if (!r)
		r = target_add_found(s->target, s->tracer, s->err);
	if (!r)
		r = prepare_members(s);
	return r;
}

static int arm(struct session *s)
{
	int r = tracer_arm(s->tracer, s->err);

	s->armed_ns = clock_now();
	s->armed_cpu_ns = own_cpu();
	if (r)
		return r;
	return s->launch ? launch_release(s->launch, s->err) : 0;
}

static bool is_over(struct session *s)
{
	nsec_t duration = s->config->duration_ns;

	if (signals_came())
		return true;
	if (duration && clock_now() - s->armed_ns >= duration)
		return true;
	return s->launch ? launch_ended(s->launch) : target_gone(s->target, s->tracer);
}

static void show_progress(struct session *s)
{
	struct tracer_stats stats;
	struct session_progress progress;

	if (!s->hooks || !s->hooks->progress)
		return;
	tracer_stats(s->tracer, &stats);
	progress = (struct session_progress){
		.elapsed_ns = clock_now() - s->armed_ns,
		.duration_ns = s->config->duration_ns,
		.stacks = stats.stacks,
		.losses = stats.losses,
	};
	s->hooks->progress(s->hooks->context, &progress);
}

/* Sleeps until something calls, the run's end is due, or it is time to look up. */
static void wait_for_work(struct session *s)
{
	nsec_t now = clock_now(), wait = WAIT_NS, end = s->armed_ns + s->config->duration_ns;
	struct pollfd fds[] = {
		{ .fd = tracer_fd(s->tracer), .events = POLLIN },
		{ .fd = now < s->mmaps_rest_ns ? -1 : mmaps_poll_fd(s->mmaps), .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = s->launch ? launch_pidfd(s->launch) : target_end_fd(s->target),
		  .events = POLLIN },
		{ .fd = s->unwinds ? unwinds_fd(s->unwinds) : -1, .events = POLLIN },
	};

	if (now < s->mmaps_rest_ns)
		wait = s->mmaps_rest_ns - now;
	if (s->budget.max_ppm && s->budget.next_ns < now + wait)
		wait = s->budget.next_ns > now ? s->budget.next_ns - now : 0;
	if (s->config->duration_ns && end < now + wait)
		wait = end > now ? end - now : 0;
	poll(fds, ARRAY_SIZE(fds), (int)((wait + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC));
	if (fds[1].revents)
		s->mmaps_rest_ns = clock_now() + MMAPS_NS;
}

static bool is_due(nsec_t *last_ns, nsec_t every_ns)
{
	nsec_t now = clock_now();

	if (now - *last_ns < every_ns)
		return false;
	*last_ns = now;
	return true;
}

/* With --max-overhead: whether fewer stacks will do, or more. */
static void keep_to_budget(struct session *s)
{
	nsec_t now = clock_now();

	if (!s->budget.max_ppm || now < s->budget.next_ns)
		return;
	tracer_cost(s->tracer, &s->cost);
	tracer_thin(s->tracer, budget_look(&s->budget, &s->cost, now));
}

static int record(struct session *s)
{
	nsec_t drained = clock_now(), looked = drained;
	int r = 0;

	budget_begin(&s->budget, s->config->max_overhead_ppm, drained);
	while (!r && !is_over(s)) {
		wait_for_work(s);
		keep_to_budget(s);
		/* first the questions, then the mappings that the answers need */
		r = tracer_drain(s->tracer, is_due(&drained, DRAIN_NS), s->err);
		mmaps_drain(s->mmaps, false, s->ingest);
		if (s->unwinds) {
			unwinds_work(s->unwinds);
			names_ahead_look(&s->names_ahead, s->ingest, s->unwinds, s->namer);
		}
		if (!is_due(&looked, WAIT_NS))
			continue;
		target_snapshot_joined(s->target, s->tracer, s->images, s->ingest);
		show_progress(s);
	}
	target_snapshot_joined(s->target, s->tracer, s->images, s->ingest);
	return r;
}

static int stop(struct session *s)
{
	struct tracer_stats stats;
	int r = tracer_stop(s->tracer, s->err);

	if (s->budget.max_ppm)
		tracer_cost(s->tracer, &s->cost);
	mmaps_drain(s->mmaps, true, s->ingest);
	tracer_stats(s->tracer, &stats);
	s->stopped_cpu_ns = stats.end_cpu_ns;
	s->map_bytes = stats.map_bytes;
	if (s->unwinds) {
		unwinds_finish(s->unwinds);
		unwinds_stats(s->unwinds, &s->unwinds_stats);
		unwinds_close(&s->unwinds);
	}
	/* the tracer stays for now: /proc/kallsyms names its programs as long as they are loaded */
	mmaps_close(&s->mmaps);
	if (s->namer)
		namer_finish(s->namer);
	return r;
}

/* getrusage() would tell of the program as well that was here before execve: a shell, an interpreter. */
static uint64_t peak_rss_bytes(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long kib = 0;
	char line[128];

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmHWM: %llu", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib * 1024;
}

/* The time on CPUs is the ledger's: the programs count it when a thread leaves its CPU, and some never do. */
static void tell_thinning(const struct session *s, struct profile *profile)
{
	struct profile_thinning *t = &profile->thinning;

	t->max_ppm = s->budget.max_ppm;
	t->probe_ns = s->cost.probe_ns;
	for (uint32_t i = 0; i < profile->thread_count; i++)
		t->on_ns += profile->threads[i].ns[SCOPE_ON];
	t->waits = s->cost.waits;
	t->taken = s->cost.taken;
}

static struct profile *build(struct session *s)
{
	struct profile_config config = {
		.system_wide = s->config->system_wide,
		.user_stacks = s->config->user_stacks,
		.kernel_stacks = s->config->kernel_stacks,
		.timeline = s->config->timeline,
		.target = target_text(s->target),
		.images = s->images,
		.namer = s->namer,
		.symbols = s->config->symbols,
	};
	const struct unwinds_stats *unwind = &s->unwinds_stats;
	struct namer_stats names = { 0 };
	struct profile *profile;

	memcpy(config.states, s->config->states, sizeof(config.states));
	profile = profile_build(s->ingest, &config);
	if (s->namer)
		namer_stats(s->namer, &names);
	profile->self = (struct profile_self){
		.cpu_ns = own_cpu(),
		.armed_cpu_ns = s->stopped_cpu_ns - s->armed_cpu_ns,
		.names_cpu_ns = names.cpu_ns,
		.peak_rss_bytes = peak_rss_bytes(),
		.start_to_armed_ns = s->armed_ns - s->begun_ns,
		.kernel_map_bytes = s->map_bytes + unwind->table_bytes,
		.unwind_tables = unwind->tables,
		.unwind_rows = unwind->rows,
		.unwind_bytes = unwind->table_bytes,
		.unwind_rules = unwind->rules,
		.unwind_build_ns = unwind->build_ns,
		.unwind_evicted = unwind->evicted,
		.unwind_refused = unwind->refused + unwind->no_room,
		.unwind_spaces = unwind->spaces,
		.unwind_raw = unwind->raw_stacks,
	};
	if (s->budget.max_ppm)
		tell_thinning(s, profile);
	return profile;
}

static void session_close(struct session *s)
{
	namer_free(&s->namer);
	unwinds_close(&s->unwinds);
	tracer_close(&s->tracer);
	mmaps_close(&s->mmaps);
	target_close(&s->target);
	ingest_free(&s->ingest);
	images_free(&s->images);
}

int session_run(const struct config *config, struct launch *launch,
		const struct session_hooks *hooks, struct profile **ret_profile, struct err *err)
{
	struct session s = {
		.config = config,
		.launch = launch,
		.hooks = hooks,
		.err = err,
		.begun_ns = clock_now(),
		.ingest = ingest_new(),
		.images = images_new(),
	};
	int r = raise_file_limit(err);

	if (!r)
		r = prepare(&s);
	if (!r)
		r = arm(&s);
	if (!r)
		r = record(&s);
	if (!r)
		r = stop(&s);
	if (!r)
		*ret_profile = build(&s);
	session_close(&s);
	return r;
}
