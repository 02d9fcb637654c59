// SPDX-License-Identifier: MIT
#include "sink.h"
#include "kstack.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "frames.h"
#include "ledger_check.h"
#include "report.h"
#include "stack.bpf.h"

struct sink sink;

#define PUSH(array, count)                                                                         \
	(assert((count) < sizeof(array) / sizeof((array)[0])), &(array)[(count)++])

void sink_open(size_t sum_entries, size_t tick_entries)
{
	for (int i = 0; i < 2; i++) {
		sink.sum_tables[i] = map_new_hash(sizeof(struct scope_sum_key), sizeof(struct scope_sum_value),
						  sum_entries);
		sink.tick_tables[i] =
			map_new_hash(sizeof(struct scope_tick_key), sizeof(__u64), tick_entries);
	}
	map_put_inner(&sum_tables, 0, sink.sum_tables[0]);
	map_put_inner(&tick_tables, 0, sink.tick_tables[0]);
}

/* --- records ---------------------------------------------------------------------------------- */

const struct sent_stack *sink_stack(__u64 id)
{
	for (size_t i = 0; i < sink.stack_count; i++)
		if (sink.stacks[i].id == id)
			return &sink.stacks[i];
	return NULL;
}

static struct sent_stack *take_stack(const struct scope_stack *r, const __u64 *ips)
{
	struct sent_stack *s = (struct sent_stack *)sink_stack(r->id);
	__u32 count = r->count;

	if (r->kind == SCOPE_STACK_KERNEL && count >= KSTACK_OWN && ips[0] == kstack_own[0]) {
		ips += KSTACK_OWN;
		count -= KSTACK_OWN;
	}
	if (!s) {
		s = PUSH(sink.stacks, sink.stack_count);
		*s = (struct sent_stack){ .id = r->id, .pid = r->pid, .kind = r->kind,
					  .end = r->end, .count = (__u16)count };
		memcpy(s->ips, ips, count * 8u);
	}
	s->times++;
	if (!r->id || s->pid != r->pid || s->kind != r->kind || s->count != count ||
	    s->end != r->end || memcmp(s->ips, ips, count * 8u))
		fail("two stacks with one id %llx", r->id);
	return s;
}

/* What goes to the project's own sink as well. */
static void pass_on(const void *record, size_t bytes)
{
	if (ledger_check_take(record, bytes))
		fail("the sink refuses a record of type %u", ((const struct scope_record *)record)->type);
}

static struct life *take_thread(const struct scope_thread *t);

static bool read_raw(const void *context, __u64 address, __u64 *ret_value)
{
	const struct scope_raw *r = context;
	__u64 off = address - r->regs[7];

	if (off >= r->bytes || off & 7)
		return false;
	*ret_value = r->stack[off / 8];
	return true;
}

/* As src/unwinds.c: walked when all is known, and handed on as a stack. */
static void take_raw(const struct scope_raw *r, size_t bytes)
{
	_Alignas(struct scope_stack) unsigned char
		buffer[sizeof(struct scope_stack) + SCOPE_MAX_FRAMES * 8];
	struct scope_stack *stack = (struct scope_stack *)buffer;
	struct found found;

	if (bytes < sizeof(*r) || r->rec.size != bytes || r->bytes > SCOPE_RAW_BYTES ||
	    r->bytes % 8 || bytes != sizeof(*r) + r->bytes) {
		fail("a malformed raw record of %zu bytes", bytes);
		return;
	}
	for (__u32 i = 0; i < r->bytes / 8; i++)
		if (r->stack[i] == KERNEL_ENVIRONMENT) {
			fail("a process's environment is in a raw record");
			break;
		}
	sink.raws++;
	frames_walk(r->regs, read_raw, r, &found);
	*stack = (struct scope_stack){
		.rec = { SCOPE_REC_STACK, (__u32)(sizeof(*stack) + found.count * 8) },
		.id = r->id, .time_ns = r->time_ns, .pid = r->pid,
		.end = (__u8)found.end, .count = (__u16)found.count,
	};
	memcpy(stack->ips, found.ips, found.count * 8);
	pass_on(stack, stack->rec.size);
	take_stack(stack, stack->ips)->raw = true;
}

static void take_stack_record(void *context, const void *data, size_t bytes)
{
	const struct scope_stack *r = data;

	(void)context;
	if (bytes >= sizeof(r->rec) && r->rec.type == SCOPE_REC_RAW) {
		take_raw(data, bytes);
		return;
	}
	if (r->rec.type == SCOPE_REC_THREAD && bytes == sizeof(struct scope_thread)) {
		take_thread(data); /* found no room in its own ring */
		return;
	}
	if (bytes < sizeof(*r) || r->rec.type != SCOPE_REC_STACK || r->rec.size != bytes ||
	    r->count > (r->kind == SCOPE_STACK_USER ? user_frames_max : SCOPE_KERNEL_FRAMES) ||
	    r->end >= SCOPE_ENDS || bytes != sizeof(*r) + r->count * 8u) {
		fail("a malformed stack record of %zu bytes", bytes);
		return;
	}
	pass_on(data, bytes);
	take_stack(r, r->ips);
}

/* A life is told by its first event; one without has no other (src/ingest.c). */
static bool is_same_life(const struct scope_thread *a, const struct scope_thread *b)
{
	return !a->first_ns || !b->first_ns || a->first_ns == b->first_ns;
}

/* The latest record of a life wins. */
static struct life *take_thread(const struct scope_thread *t)
{
	struct life *life = NULL;

	pass_on(t, sizeof(*t));
	for (size_t i = 0; i < sink.life_count; i++)
		if (sink.lives[i].t.thread == t->thread && is_same_life(&sink.lives[i].t, t))
			life = &sink.lives[i];
	if (life && t->since_ns < life->t.since_ns)
		return life;
	if (!life)
		life = PUSH(sink.lives, sink.life_count);
	*life = (struct life){ .t = *t };
	return life;
}

static void take_thread_record(void *context, const void *data, size_t bytes)
{
	const struct scope_record *r = data;

	(void)context;
	if (bytes >= sizeof(*r) && r->type == SCOPE_REC_WAKE)
		sink.nudges++;
	else if (bytes == sizeof(struct scope_space) && r->type == SCOPE_REC_SPACE)
		sink.spaces++;
	else if (bytes != sizeof(struct scope_thread))
		fail("a malformed record of %zu bytes in the thread ring", bytes);
	else
		take_thread(data);
}

static void take_turn(const struct scope_turn *turn)
{
	sink.taken |= turn->taken_ns != 0;
	if (sink.turn_count < sizeof(sink.turns) / sizeof(sink.turns[0]))
		sink.turns[sink.turn_count++] = *turn;
}

static void take_timeline_record(void *context, const void *data, size_t bytes)
{
	const struct scope_record *r = data;

	(void)context;
	pass_on(data, bytes);
	if (r->type == SCOPE_REC_TURN && bytes == sizeof(struct scope_turn))
		take_turn(data);
	else if (r->type == SCOPE_REC_HIT && bytes == sizeof(struct scope_hit))
		*PUSH(sink.hits, sink.hit_count) = *(const struct scope_hit *)data;
	else
		fail("a malformed record of %zu bytes in the timeline's ring", bytes);
}

static void take_sum(void *context, const void *key, const void *value)
{
	const struct scope_sum_key *k = key;
	const struct scope_sum_value *v = value;

	(void)context;
	if (k->thinning >= SCOPE_THIN_STEPS) /* of map_fill() */
		return;
	*PUSH(sink.sums, sink.sum_count) = (struct scope_sum){
		.rec = { SCOPE_REC_SUM, sizeof(struct scope_sum) }, .thread = k->thread, .ustack = k->ustack, .kstack = k->kstack,
		.reason = k->reason, .thinning = k->thinning, .off_ns = v->off_ns, .off_count = v->off_count,
		.runq_ns = v->runq_ns, .runq_count = v->runq_count,
	};
	pass_on(&sink.sums[sink.sum_count - 1], sizeof(struct scope_sum));
}

static void take_ticks(void *context, const void *key, const void *value)
{
	const struct scope_tick_key *k = key;

	(void)context;
	if (k->kstack == ~0ull) /* of map_fill() */
		return;
	*PUSH(sink.ticks, sink.tick_count) = (struct scope_ticks){
		.rec = { SCOPE_REC_TICKS, sizeof(struct scope_ticks) }, .thread = k->thread, .ustack = k->ustack, .kstack = k->kstack,
		.count = *(const __u64 *)value,
	};
	pass_on(&sink.ticks[sink.tick_count - 1], sizeof(struct scope_ticks));
}

void sink_take_rings(void)
{
	ring_take_all(&stack_ring, take_stack_record, NULL);
	ring_take_all(&thread_ring, take_thread_record, NULL);
	ring_take_all(&timeline_ring, take_timeline_record, NULL);
}

/* The order of tracer_drain() in src/tracer.c. */
void sink_drain(void)
{
	unsigned old = sink.drains++ & 1, now = !old;

	sink_take_rings();
	sums_inserted = 0;
	map_put_inner(&sum_tables, 0, sink.sum_tables[now]);
	map_take_all(sink.sum_tables[old], take_sum, NULL);
	map_put_inner(&tick_tables, 0, sink.tick_tables[now]);
	map_take_all(sink.tick_tables[old], take_ticks, NULL);
}

/* --- the iterator ----------------------------------------------------------------------------- */

static const struct scope_iter_task *check_iter(const void *data, size_t bytes)
{
	const struct scope_iter_task *task = data;
	struct scope_stack stack = { .kind = SCOPE_STACK_KERNEL };

	if (bytes < sizeof(*task) || bytes != sizeof(*task) + task->count * 8u) {
		fail("a malformed record of %zu bytes from the iterator", bytes);
		return NULL;
	}
	stack.id = task->kstack;
	stack.count = (__u16)task->count;
	if (task->kstack)
		take_stack(&stack, task->ips);
	return task;
}

/* As take_owners() in src/tasks.c. */
static void answer(const void *data, size_t bytes)
{
	const struct scope_iter_owner *told = data;

	if (bytes != sizeof(*told) || !kernel_has_process(told->pid))
		fail("a malformed record of %zu bytes from the iterator", bytes);
	else
		code_bind(told->owner);
}

void sink_ask(__u32 cpu)
{
	kernel_iterate_owners(cpu, answer);
}

/* All that a waiting thread came with from user mode, or none. */
static void check_registers(const struct scope_iter_task *task)
{
	__u64 regs[SCOPE_RAW_REGS];

	frames_registers(kernel_find(task->thread.tid), regs);
	if (task->regs[7] && memcmp(task->regs, regs, sizeof(regs)))
		fail("thread %u: the iterator has other registers", task->thread.tid);
}

/* As see_task() in src/tasks.c. */
static void see(const void *data, size_t bytes)
{
	const struct scope_iter_task *task = check_iter(data, bytes);

	if (!task || !(task->thread.flags & SCOPE_THREAD_NO_EVENT))
		return;
	check_registers(task);
	*PUSH(sink.seen, sink.seen_count) =
		(struct seen){ .t = task->thread, .kstack = task->kstack,
			       .task_switches = task->task_switches, .sp = task->regs[7],
			       .reason = task->reason };
}

void sink_see(__u32 cpu)
{
	kernel_iterate(cpu, see);
}

static bool has_no_account(const struct scope_iter_task *task)
{
	const struct scope_thread *t = &task->thread;

	if (!(t->flags & SCOPE_THREAD_NO_EVENT))
		return false;
	for (size_t i = 0; i < sink.seen_count; i++)
		if (sink.seen[i].t.thread == t->thread)
			return sink.seen[i].task_switches != task->task_switches;
	return t->start_time_ns > window_start_ns;
}

/* As settle_task() in src/tasks.c: switches without an account mean that none could be made. */
static void settle(const void *data, size_t bytes)
{
	const struct scope_iter_task *task = check_iter(data, bytes);
	struct scope_thread thread;
	bool no_account;

	if (!task || task->thread.start_time_ns >= window_end_ns)
		return;
	thread = task->thread;
	sink.losses[SCOPE_LOSS_ACCOUNT_TORN].count += task->torn; /* there is one look here */
	no_account = has_no_account(task);
	if (no_account) {
		thread.flags &= ~SCOPE_THREAD_NO_EVENT;
		thread.flags |= SCOPE_THREAD_DEAD;
		thread.state = SCOPE_DEAD;
		thread.born_ns = thread.start_time_ns;
		thread.dead_ns = thread.first_ns = window_end_ns;
	}
	take_thread(&thread)->no_account = no_account;
	if (task->turn.start_ns)
		take_timeline_record(NULL, &task->turn, sizeof(task->turn));
}

void sink_collect(__u32 cpu)
{
	if (!want_wakeups)
		kernel_tell_clock(cpu);
	kernel_iterate(cpu, settle);
	sink.collected = true;
}

/* --- the end ---------------------------------------------------------------------------------- */

static __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/* What include/scope_event.h says of struct scope_thread. */
static void complete(struct life *life)
{
	const struct scope_thread *t = &life->t;
	__u64 from = later_of(window_start_ns, t->born_ns), to = window_end_ns, since;

	if (t->flags & SCOPE_THREAD_DEAD && t->dead_ns < to)
		to = t->dead_ns;
	life->alive_ns = to > from ? to - from : 0;
	since = later_of(t->since_ns, from);
	if (t->state < SCOPE_STATES && since < window_end_ns)
		life->tail_ns[t->state] = window_end_ns - since;
	for (int i = 0; i < SCOPE_STATES; i++)
		life->ns[i] = t->total_ns[i] + life->tail_ns[i];
}

/* Lives of one tid stand in the order in which they began. */
static int compare_lives(const void *a, const void *b)
{
	const struct scope_thread *s = &((const struct life *)a)->t;
	const struct scope_thread *t = &((const struct life *)b)->t;

	if (s->start_time_ns != t->start_time_ns)
		return s->start_time_ns < t->start_time_ns ? -1 : 1;
	return (s->born_ns > t->born_ns) - (s->born_ns < t->born_ns);
}

static void pass_on_window(void)
{
	struct scope_window window = {
		.rec = { SCOPE_REC_WINDOW, sizeof(window) },
		.start_ns = window_start_ns,
		.end_ns = window_end_ns,
	};

	pass_on(&window, sizeof(window));
}

static void add_up_lost_threads(void)
{
	sink.lost.rec = (struct scope_record){ SCOPE_REC_THREAD, sizeof(sink.lost) };
	sink.lost.flags = SCOPE_THREAD_LOST | SCOPE_THREAD_DEAD;
	sink.lost.state = SCOPE_DEAD;
	for (__u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
		const struct scope_thread *lost = map_element(&lost_threads, 0, cpu);

		sink.lost.switches += lost->switches;
		sink.lost.dead_ns += lost->dead_ns;
		for (int i = 0; i < SCOPE_STATES; i++)
			sink.lost.total_ns[i] += lost->total_ns[i];
	}
	if (sink.lost.switches)
		pass_on(&sink.lost, sizeof(sink.lost));
}

static void pass_on_loss(__u32 cause)
{
	struct scope_loss_record loss = {
		.rec = { SCOPE_REC_LOSS, sizeof(loss) },
		.cause = cause,
		.count = sink.losses[cause].count,
		.ns = sink.losses[cause].ns,
	};

	pass_on(&loss, sizeof(loss));
}

static void add_up_losses(void)
{
	for (__u32 cause = 0; cause < SCOPE_LOSS_COUNT; cause++) {
		for (__u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
			const struct scope_loss_value *l = map_element(&losses, cause, cpu);

			sink.losses[cause].count += l->count;
			sink.losses[cause].ns += l->ns;
		}
		pass_on_loss(cause);
	}
}

void sink_close(void)
{
	sink_drain();
	pass_on_window();
	add_up_lost_threads();
	add_up_losses();
	qsort(sink.lives, sink.life_count, sizeof(sink.lives[0]), compare_lives);
	for (size_t i = 0; i < sink.life_count; i++)
		complete(&sink.lives[i]);
}
