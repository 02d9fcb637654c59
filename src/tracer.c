// SPDX-License-Identifier: MIT
#include "tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "feed.h"
#include "idle.h"
#include "losses.h"
#include "mem.h"
#include "object.h"
#include "rings.h"
#include "scope.skel.h"
#include "scope_maps.h"
#include "tables.h"
#include "tasks.h"
#include "ticks.h"
#include "unwinds.h"

#define CLOCK_READINGS 8 /* some 60 us each: one at least is not late */

struct tracer {
	const struct config *config;
	struct feed feed;
	struct object object;
	struct scope_bpf *skel; /* the object's */
	struct rings *rings;
	struct table_pair sums, ticks;
	unsigned char *members; /* the kernel side's bytes, mapped */
	struct ticks tick_links;
	struct bpf_link *exec_link, *exit_link; /* of the one program that has two */
	struct tasks *tasks;
	struct unwinds *unwinds; /* not owned; NULL: no user stacks */
	ARRAY(uint32_t) untold; /* members that the programs are to be told of */
	bool tells_members;	/* no more of these: at once */
	bool wants_drain;
	uint64_t stacks;
	nsec_t start_ns, end_ns, start_realtime_ns;
	nsec_t end_cpu_ns; /* our own, when the window had closed */
	nsec_t idle_ns; /* of all CPUs since boot, at the start */
	uint32_t cpus;
};

/* --- open --------------------------------------------------------------------------------------- */

/* What is for the unwinder goes there. */
static bool take_for_unwinds(struct tracer *t, const void *data, size_t bytes)
{
	const struct scope_record *r = data;

	if (!t->unwinds || bytes < sizeof(*r) ||
	    (r->type != SCOPE_REC_SPACE && r->type != SCOPE_REC_RAW))
		return false;
	unwinds_take(t->unwinds, data, bytes);
	return true;
}

static void on_stack_record(void *context, const void *data, size_t bytes)
{
	struct tracer *t = context;

	t->stacks++;
	if (!take_for_unwinds(t, data, bytes))
		feed_record(&t->feed, data, bytes);
}

static void on_thread_record(void *context, const void *data, size_t bytes)
{
	const struct scope_record *r = data;
	struct tracer *t = context;

	if (bytes >= sizeof(*r) && r->type == SCOPE_REC_WAKE)
		t->wants_drain = true;
	else if (!take_for_unwinds(t, data, bytes))
		feed_record(&t->feed, data, bytes);
}

static void on_timeline_record(void *context, const void *data, size_t bytes)
{
	struct tracer *t = context;

	feed_record(&t->feed, data, bytes);
}

static int make_rings(struct tracer *t, struct err *err)
{
	const struct scope_bpf *s = t->skel;
	int r;

	t->rings = rings_new();
	r = rings_add(t->rings, bpf_map__fd(s->maps.stack_ring), STACK_RING_BYTES, on_stack_record,
		      t);
	if (!r)
		r = rings_add(t->rings, bpf_map__fd(s->maps.thread_ring), THREAD_RING_BYTES,
			      on_thread_record, t);
	if (!r && t->config->timeline)
		r = rings_add(t->rings, bpf_map__fd(s->maps.timeline_ring), TIMELINE_RING_BYTES,
			      on_timeline_record, t);
	return r ? err_set(err, EXIT_CODE_FAILURE, r, "cannot map a BPF ring: %s", strerror(-r)) : 0;
}

/* Not there before tracer_attach() has waited for them. */
static void make_tables(struct tracer *t)
{
	t->sums.outer_fd = bpf_map__fd(t->skel->maps.sum_tables);
	t->sums.name = "scope_sums";
	t->sums.key_size = sizeof(struct scope_sum_key);
	t->sums.value_size = sizeof(struct scope_sum_value);
	t->sums.entries = SUM_ENTRIES;
	tables_make(&t->sums);
	t->ticks.outer_fd = bpf_map__fd(t->skel->maps.tick_tables);
	t->ticks.name = "scope_ticks";
	t->ticks.key_size = sizeof(struct scope_tick_key);
	t->ticks.value_size = sizeof(uint64_t);
	t->ticks.entries = TICK_ENTRIES;
	tables_make(&t->ticks);
}

static int await_tables(struct tracer *t, struct err *err)
{
	int r = tables_await(&t->sums);

	if (!r)
		r = tables_await(&t->ticks);
	return r ? err_set(err, EXIT_CODE_FAILURE, r, "cannot create a BPF table: %s", strerror(-r))
		 : 0;
}

static int map_members(struct tracer *t, struct err *err)
{
	void *members = mmap(NULL, SCOPE_MEMBER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     bpf_map__fd(t->skel->maps.members), 0);

	if (members == MAP_FAILED)
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot map a BPF array: %s",
			       strerror(errno));
	t->members = members;
	return 0;
}

int tracer_open(const struct config *config, uint64_t cgroup_id, struct ingest *ingest,
		struct tracer **ret_tracer, struct err *err)
{
	struct tracer *t = mem_alloc(sizeof(*t));
	int r;

	t->config = config;
	t->feed.ingest = ingest;
	t->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	t->sums = t->ticks = (struct table_pair)TABLE_PAIR_NONE;
	t->tasks = tasks_new(ingest);
	r = object_open(&t->object, config, cgroup_id, err);
	t->skel = t->object.skel;
	if (!r) {
		make_tables(t);
		r = map_members(t, err);
	}
	if (!r)
		r = make_rings(t, err);
	if (r) {
		tracer_close(&t);
		return r;
	}
	*ret_tracer = t;
	return 0;
}

static void detach(struct tracer *t)
{
	ticks_detach(&t->tick_links);
	bpf_link__destroy(t->exec_link);
	bpf_link__destroy(t->exit_link);
	t->exec_link = t->exit_link = NULL;
	scope_bpf__detach(t->skel);
}

void tracer_close(struct tracer **tracer)
{
	struct tracer *t = *tracer;

	if (!t)
		return;
	if (t->skel)
		detach(t);
	rings_free(&t->rings);
	tables_free(&t->sums);
	tables_free(&t->ticks);
	array_free(&t->untold);
	if (t->members)
		munmap(t->members, SCOPE_MEMBER_SIZE);
	object_close(&t->object);
	tasks_free(&t->tasks);
	free(t);
	*tracer = NULL;
}

/* Has a program do what it does once, with this argument. */
static int run_program(const struct bpf_program *program, uint64_t argument, struct err *err)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &argument, .ctx_size_in = sizeof(argument));
	int r = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	return r ? err_set(err, EXIT_CODE_FAILURE, r, "cannot run a BPF program: %s", strerror(-r))
		 : 0;
}

static int tell_of_member(struct tracer *t, uint32_t id, struct err *err)
{
	return run_program(t->skel->progs.lifecycle__add, id, err);
}

/* Those who were named before there was a program to tell: before any looks who is a member. */
static int tell_of_members(struct tracer *t, struct err *err)
{
	int r = 0;

	if (t->untold.count)
		r = object_await(&t->object, t->skel->progs.lifecycle__add, err);
	for (size_t i = 0; !r && i < t->untold.count; i++) {
		uint32_t id = t->untold.items[i];

		t->members[id] = 0; /* else the program takes it for one that it was told of */
		r = tell_of_member(t, id, err);
	}
	t->untold.count = 0;
	t->tells_members = true;
	return r;
}

int tracer_set_unwinds(struct tracer *t, struct unwinds *unwinds, struct err *err)
{
	int r = tell_of_members(t, err);

	if (!r)
		r = object_await(&t->object, t->skel->progs.edges__owners, err);
	if (r)
		return r;
	t->unwinds = unwinds;
	tasks_walk_with(t->tasks, unwinds);
	return tasks_before_start(t->tasks, t->skel->progs.edges__owners, err);
}

void tracer_unwind_fds(const struct tracer *t, struct unwind_fds *ret_fds)
{
	*ret_fds = (struct unwind_fds){
		.rules = bpf_map__fd(t->skel->maps.unwind_rules),
		.maps = bpf_map__fd(t->skel->maps.unwind_maps),
		.spaces = bpf_map__fd(t->skel->maps.unwind_spaces),
		.images = bpf_map__fd(t->skel->maps.unwind_images),
		.forget = bpf_program__fd(t->skel->progs.lifecycle__forget),
	};
}

int tracer_add_member(struct tracer *t, uint32_t id, struct err *err)
{
	if (id >= SCOPE_MEMBER_SIZE || t->members[id])
		return 0;
	if (t->tells_members)
		return tell_of_member(t, id, err);
	t->members[id] = 1;
	*array_push(&t->untold) = id;
	return 0;
}

uint32_t tracer_next_member(const struct tracer *t, uint32_t after)
{
	const unsigned char *next = NULL;

	if (after + 1 < SCOPE_MEMBER_SIZE)
		next = memchr(t->members + after + 1, 1, SCOPE_MEMBER_SIZE - after - 1);
	return next ? (uint32_t)(next - t->members) : 0;
}

/* --- attach --------------------------------------------------------------------------------------- */

/* Exits, and what goes before an execve, which older kernels do not tell of. */
static bool attach_memory_losses(struct tracer *t)
{
	const struct bpf_program *program = t->skel->progs.lifecycle__lose_memory;

	t->exec_link = bpf_program__attach_raw_tracepoint(program, "sched_prepare_exec");
	t->exit_link = bpf_program__attach_raw_tracepoint(program, "sched_process_exit");
	return t->exit_link;
}

int tracer_attach(struct tracer *t, struct err *err)
{
	struct bpf_program *program;
	int r;

	/* Whom to follow must be known before their events come; births before switches. */
	struct bpf_program *order[] = {
		t->skel->progs.lifecycle__fork,	 t->skel->progs.lifecycle__exec,
		t->skel->progs.lifecycle__attach, t->skel->progs.sched__wakeup_new,
		t->skel->progs.sched__switch,	 t->skel->progs.sched__waking,
		t->skel->progs.sched__wakeup,
	};
	struct bpf_link **links[] = {
		&t->skel->links.lifecycle__fork,   &t->skel->links.lifecycle__exec,
		&t->skel->links.lifecycle__attach, &t->skel->links.sched__wakeup_new,
		&t->skel->links.sched__switch,	   &t->skel->links.sched__waking,
		&t->skel->links.sched__wakeup,
	};

	r = object_await(&t->object, NULL, err);
	if (!r)
		r = await_tables(t, err);
	if (r)
		return r;
	r = tell_of_members(t, err);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		program = order[i];
		if (!bpf_program__autoload(program))
			continue;
		*links[i] = bpf_program__attach_trace(program);
		if (!*links[i])
			return err_set(err, EXIT_CODE_UNSUPPORTED, -errno, "cannot attach %s: %s",
				       bpf_program__name(program), strerror(errno));
	}
	if (t->config->user_stacks && !attach_memory_losses(t))
		return err_set(err, EXIT_CODE_UNSUPPORTED, -errno, "cannot attach to exits: %s",
			       strerror(errno));
	return ticks_attach(&t->tick_links, t->config, t->skel->progs.oncpu__tick, err);
}

/* --- the window ----------------------------------------------------------------------------------------- */

static int read_edges(struct tracer *t, struct err *err)
{
	typeof(*t->skel->data) data;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(t->skel->maps.data), &zero, &data))
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot read a BPF array: %s",
			       strerror(errno));
	t->start_ns = data.window_start_ns;
	t->end_ns = data.window_end_ns;
	return 0;
}

int tracer_arm(struct tracer *t, struct err *err)
{
	int r;

	t->idle_ns = idle_read();
	t->start_realtime_ns = clock_read(CLOCK_REALTIME);
	r = run_program(t->skel->progs.edges__open, t->config->duration_ns, err);
	if (r)
		return r;
	r = read_edges(t, err);
	if (r)
		return r;
	clock_sleep_until(t->start_ns);
	return tasks_at_start(t->tasks, t->skel->progs.edges__task, err);
}

int tracer_fd(const struct tracer *t)
{
	return rings_fd(t->rings);
}

int tracer_drain(struct tracer *t, bool sums, struct err *err)
{
	int r = rings_drain(t->rings);

	if (r < 0)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot read a BPF ring: %s",
			       strerror(-r));
	if (!sums && !t->wants_drain)
		return 0;
	t->wants_drain = false;
	t->skel->bss->sums_inserted = 0;
	r = tables_drain(&t->sums, feed_sum, &t->feed);
	if (!r)
		r = tables_drain(&t->ticks, feed_ticks, &t->feed);
	feed_losses(&t->feed, bpf_map__fd(t->skel->maps.losses));
	return r ? err_set(err, EXIT_CODE_FAILURE, r, "cannot read a BPF table: %s", strerror(-r)) :
		   0;
}

void tracer_cost(const struct tracer *t, struct scope_cost *ret_total)
{
	feed_cost(bpf_map__fd(t->skel->maps.costs), ret_total);
}

void tracer_thin(struct tracer *t, uint32_t step)
{
	t->skel->bss->thin_step = step;
}

/* What the iterator has to know where no wake-ups are traced: what the scheduler's clock shows. */
static int read_clock(struct tracer *t, struct err *err)
{
	const struct timespec moment = { .tv_nsec = 1000 };
	int r = 0;

	if (!bpf_program__autoload(t->skel->progs.edges__clock))
		return 0;
	for (int i = 0; !r && i < CLOCK_READINGS; i++) {
		nanosleep(&moment, NULL);
		r = run_program(t->skel->progs.edges__clock, 0, err);
	}
	return r;
}

int tracer_stop(struct tracer *t, struct err *err)
{
	struct scope_window window = {
		.rec = { SCOPE_REC_WINDOW, sizeof(window) },
		.start_ns = t->start_ns,
		.start_realtime_ns = t->start_realtime_ns,
		.frequency_hz = t->config->frequency_hz,
		.cpus = t->cpus,
		.min_block_ns = t->config->min_block_ns,
	};
	nsec_t idle_ns;
	int r;

	r = run_program(t->skel->progs.edges__close, 0, err);
	if (r)
		return r;
	r = read_edges(t, err);
	if (r)
		return r;
	r = read_clock(t, err);
	if (r)
		return r;
	clock_sleep_until(t->end_ns + 1);
	t->end_cpu_ns = clock_read(CLOCK_PROCESS_CPUTIME_ID);
	idle_ns = idle_read();
	window.end_ns = t->end_ns;
	/* time spent in I/O wait, which is in it, is known to go backwards */
	window.idle_ns = idle_ns > t->idle_ns ? idle_ns - t->idle_ns : 0;
	feed_record(&t->feed, &window, sizeof(window));

	/* Accounts while the programs still see deaths; then the rings, whose records win. */
	r = tasks_at_stop(t->tasks, t->skel->progs.edges__task, t->start_ns, t->end_ns, err);
	detach(t);
	if (!r)
		r = tracer_drain(t, true, err);
	rings_free(&t->rings); /* while they are mapped all that came through them counts as memory of ours */
	feed_lost_threads(&t->feed, bpf_map__fd(t->skel->maps.lost_threads));
	return r;
}

/* --- figures ----------------------------------------------------------------------------------------------- */

void tracer_stats(const struct tracer *t, struct tracer_stats *ret_stats)
{
	struct bpf_map *map;

	memset(ret_stats, 0, sizeof(*ret_stats));
	bpf_object__for_each_map(map, t->skel->obj)
		if (bpf_map__fd(map) >= 0)
			ret_stats->map_bytes += tables_map_bytes(bpf_map__fd(map));
	for (int i = 0; i < 2; i++)
		ret_stats->map_bytes += tables_map_bytes(t->sums.fd[i]) + tables_map_bytes(t->ticks.fd[i]);
	ret_stats->stacks = t->stacks;
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++)
		if (loss_table[i].cost != LOSS_MENDED)
			ret_stats->losses += t->feed.reported[i].count;
	ret_stats->start_ns = t->start_ns;
	ret_stats->end_ns = t->end_ns;
	ret_stats->end_cpu_ns = t->end_cpu_ns;
}
