// SPDX-License-Identifier: MIT
#include "ingest.h"

#include <errno.h>
#include <string.h>

#include "ingest_data.h"

struct ingest *ingest_new(void)
{
	struct ingest *g = mem_alloc(sizeof(*g));

	table_init(&g->stacks, sizeof(uint64_t));
	table_init(&g->addresses, sizeof(struct ingest_address));
	table_init(&g->sums, sizeof(struct ingest_sum_key));
	table_init(&g->ticks, sizeof(struct ingest_tick_key));
	table_init(&g->threads, sizeof(uint64_t));
	table_init(&g->seen, sizeof(struct ingest_seen_key));
	procs_init(&g->procs);
	return g;
}

void ingest_free(struct ingest **ingest)
{
	struct ingest *g = *ingest;

	if (!g)
		return;
	table_free(&g->stacks);
	array_free(&g->stack_data);
	table_free(&g->addresses);
	table_free(&g->sums);
	array_free(&g->sum_data);
	table_free(&g->ticks);
	array_free(&g->tick_counts);
	table_free(&g->threads);
	array_free(&g->last_lives);
	array_free(&g->lives);
	table_free(&g->seen);
	array_free(&g->seen_data);
	timeline_free(&g->timeline);
	procs_free(&g->procs);
	free(g);
	*ingest = NULL;
}

/* The id of the leaf; `ips` are leaf first. */
static uint32_t add_addresses(struct ingest *g, struct ingest_path *path, const uint64_t *ips,
			      uint32_t count)
{
	uint32_t same = 0;

	while (same < count && same < path->count && path->ips[same] == ips[count - 1 - same])
		same++;
	for (uint32_t i = same; i < count; i++) {
		uint64_t ip = ips[count - 1 - i];
		struct ingest_address address = {
			.caller = i ? path->ids[i - 1] : INGEST_OUTERMOST,
			.low = (uint32_t)ip,
			.high = (uint32_t)(ip >> 32),
		};

		path->ips[i] = ip;
		path->ids[i] = table_add(&g->addresses, &address, NULL);
	}
	path->count = count;
	return count ? path->ids[count - 1] : INGEST_OUTERMOST;
}

/* The first sending of a stack counts: it is the one whose time is nearest to the mappings used. */
static int take_stack(struct ingest *g, const void *record, size_t bytes)
{
	uint64_t ips[SCOPE_MAX_FRAMES];
	struct scope_stack r;
	struct ingest_stack *stack;
	bool is_new;

	memcpy(&r, record, sizeof(r));
	if (r.count > SCOPE_MAX_FRAMES || r.kind > SCOPE_STACK_KERNEL || r.end >= SCOPE_ENDS ||
	    !r.id || bytes != sizeof(r) + r.count * sizeof(uint64_t))
		return -EINVAL;
	table_add(&g->stacks, &r.id, &is_new);
	if (!is_new)
		return 0;
	stack = array_push(&g->stack_data);
	stack->time_ns = r.time_ns;
	stack->pid = r.pid;
	stack->kind = r.kind;
	stack->end = r.end;
	stack->count = r.count;
	memcpy(ips, (const char *)record + sizeof(r), r.count * sizeof(*ips));
	stack->leaf = add_addresses(g, &g->paths[r.kind], ips, r.count);
	return 0;
}

static int take_sum(struct ingest *g, const void *record, size_t bytes)
{
	struct ingest_sum_key key = { 0 };
	struct ingest_sum *sum;
	struct scope_sum r;
	uint32_t id;
	bool is_new;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (r.thinning >= SCOPE_THIN_STEPS)
		return -EINVAL;
	key.thread = r.thread;
	key.ustack = r.ustack;
	key.kstack = r.kstack;
	key.reason = r.reason;
	key.thinning = r.thinning;
	id = table_add(&g->sums, &key, &is_new);
	sum = is_new ? array_push(&g->sum_data) : &g->sum_data.items[id];
	sum->off_ns += r.off_ns;
	sum->off_count += r.off_count;
	sum->runq_ns += r.runq_ns;
	sum->runq_count += r.runq_count;
	return 0;
}

static int take_ticks(struct ingest *g, const void *record, size_t bytes)
{
	struct ingest_tick_key key;
	struct scope_ticks r;
	uint32_t id;
	bool is_new;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	key.thread = r.thread;
	key.ustack = r.ustack;
	key.kstack = r.kstack;
	id = table_add(&g->ticks, &key, &is_new);
	*(is_new ? array_push(&g->tick_counts) : &g->tick_counts.items[id]) += r.count;
	return 0;
}

/*
 * A thread's id can stand for several lives: one that calls execve takes the leader's tid and start
 * time, and with them the leader's id. A life is told by its first event; the leader's record may
 * well come after that of the thread that replaced it. One without any event (0) has no other life.
 */
static struct ingest_life *find_life(struct ingest *g, uint32_t id, uint64_t first_ns)
{
	for (uint32_t at = g->last_lives.items[id]; at != TABLE_NONE;
	     at = g->lives.items[at].earlier)
		if (!first_ns || !g->lives.items[at].record.first_ns ||
		    g->lives.items[at].record.first_ns == first_ns)
			return &g->lives.items[at];
	return NULL;
}

static int take_thread(struct ingest *g, const void *record, size_t bytes)
{
	struct ingest_life *life;
	struct scope_thread r;
	uint32_t id, earlier;
	bool is_new;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (r.state > SCOPE_DEAD || r.here.thinning >= SCOPE_THIN_STEPS ||
	    r.before.thinning >= SCOPE_THIN_STEPS)
		return -EINVAL;
	if (r.flags & SCOPE_THREAD_LOST) {
		g->lost = r;
		return 0;
	}
	id = table_add(&g->threads, &r.thread, &is_new);
	earlier = is_new ? TABLE_NONE : g->last_lives.items[id];
	life = is_new ? NULL : find_life(g, id, r.first_ns);
	if (life) {
		/* two that were sent by different ways may come in any order */
		if (r.since_ns >= life->record.since_ns)
			life->record = r;
		return 0;
	}
	*(is_new ? array_push(&g->last_lives) : &g->last_lives.items[id]) =
		(uint32_t)g->lives.count;
	life = array_push(&g->lives);
	life->record = r;
	life->earlier = earlier;
	return 0;
}

/* The first sight of a thread counts, unless only a later one has a stack. */
static int take_seen(struct ingest *g, const void *record, size_t bytes)
{
	struct ingest_seen_key key = { 0 };
	struct scope_seen r, *have;
	uint32_t id;
	bool is_new;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (r.state > SCOPE_DEAD)
		return -EINVAL;
	key.tid = r.tid;
	key.start_time_ns = r.start_time_ns;
	id = table_add(&g->seen, &key, &is_new);
	have = is_new ? array_push(&g->seen_data) : &g->seen_data.items[id];
	if (!have->ustack && !have->kstack)
		*have = r;
	return 0;
}

static int take_turn(struct ingest *g, const void *record, size_t bytes)
{
	struct profile_loss lost = { 0 };
	enum scope_loss cause = SCOPE_LOSS_TIMELINE_FULL;
	struct scope_turn r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (timeline_turn_is_sound(&r)) {
		timeline_add_turn(&g->timeline, &r, &lost);
	} else {
		/* counts of the scheduler's that cannot be: the ledger has them, and is right */
		timeline_lose(&lost, &r);
		cause = SCOPE_LOSS_TIMELINE_CUT;
	}
	g->losses[cause].count += lost.count;
	g->losses[cause].ns += lost.ns;
	return 0;
}

static int take_hit(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_hit r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	timeline_add_hit(&g->timeline, &r);
	return 0;
}

static int take_fork(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_fork r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	procs_add_fork(&g->procs, &r);
	return 0;
}

static int take_comm(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_comm r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	procs_add_comm(&g->procs, &r);
	return 0;
}

static int take_exit(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_exit r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	procs_add_exit(&g->procs, &r);
	return 0;
}

static int take_map(struct ingest *g, const void *record, size_t bytes)
{
	const char *path = (const char *)record + sizeof(struct scope_map);
	struct scope_map r;

	memcpy(&r, record, sizeof(r));
	if (r.path_len >= bytes - sizeof(r) || memchr(path, '\0', r.path_len) ||
	    path[r.path_len] != '\0')
		return -EINVAL;
	procs_add_map(&g->procs, &r, path, r.path_len);
	return 0;
}

static int take_loss(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_loss_record r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (r.cause >= SCOPE_LOSS_COUNT)
		return -EINVAL;
	g->losses[r.cause].count += r.count;
	g->losses[r.cause].ns += r.ns;
	return 0;
}

static int take_window(struct ingest *g, const void *record, size_t bytes)
{
	struct scope_window r;

	(void)bytes;
	memcpy(&r, record, sizeof(r));
	if (r.end_ns < r.start_ns)
		return -EINVAL;
	g->window = r;
	return 0;
}

struct record_kind {
	size_t bytes;	/* of the fixed part; 0: unknown type */
	bool has_tail;	/* more may follow, and the taker checks how much */
	bool is_told;	/* to the listener */
	int (*take)(struct ingest *g, const void *record, size_t bytes);
};

static const struct record_kind record_kinds[SCOPE_REC_TYPES] = {
	[SCOPE_REC_STACK] = { sizeof(struct scope_stack), true, false, take_stack },
	[SCOPE_REC_SUM] = { sizeof(struct scope_sum), false, false, take_sum },
	[SCOPE_REC_TICKS] = { sizeof(struct scope_ticks), false, false, take_ticks },
	[SCOPE_REC_THREAD] = { sizeof(struct scope_thread), false, false, take_thread },
	[SCOPE_REC_SEEN] = { sizeof(struct scope_seen), false, false, take_seen },
	[SCOPE_REC_FORK] = { sizeof(struct scope_fork), false, true, take_fork },
	[SCOPE_REC_COMM] = { sizeof(struct scope_comm), false, true, take_comm },
	[SCOPE_REC_EXIT] = { sizeof(struct scope_exit), false, true, take_exit },
	[SCOPE_REC_MAP] = { sizeof(struct scope_map), true, true, take_map },
	[SCOPE_REC_LOSS] = { sizeof(struct scope_loss_record), false, false, take_loss },
	[SCOPE_REC_TURN] = { sizeof(struct scope_turn), false, false, take_turn },
	[SCOPE_REC_HIT] = { sizeof(struct scope_hit), false, false, take_hit },
	[SCOPE_REC_WINDOW] = { sizeof(struct scope_window), false, false, take_window },
};

int ingest_record(struct ingest *ingest, const void *record, size_t bytes)
{
	const struct record_kind *kind;
	struct scope_record head;
	int ret;

	if (bytes < sizeof(head))
		return -EINVAL;
	memcpy(&head, record, sizeof(head));
	if (head.size != bytes || bytes % 8 || head.type >= SCOPE_REC_TYPES)
		return -EINVAL;
	kind = &record_kinds[head.type];
	if (!kind->take || (kind->has_tail ? bytes < kind->bytes : bytes != kind->bytes))
		return -EINVAL;
	ret = kind->take(ingest, record, bytes);
	if (!ret && kind->is_told && ingest->listener)
		ingest->listener(ingest->listener_context, record);
	return ret;
}

int ingest_stack(struct ingest *ingest, const struct scope_stack *head, const uint64_t *ips)
{
	size_t ips_bytes = head->count * sizeof(*ips), bytes = sizeof(*head) + ips_bytes;
	_cleanup_free_ struct scope_stack *stack = mem_alloc(bytes);

	*stack = *head;
	stack->rec = (struct scope_record){ SCOPE_REC_STACK, (uint32_t)bytes };
	memcpy(stack->ips, ips, ips_bytes);
	return ingest_record(ingest, stack, bytes);
}

void ingest_listen(struct ingest *ingest, ingest_listener *listener, void *context)
{
	ingest->listener = listener;
	ingest->listener_context = context;
}
