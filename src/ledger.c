// SPDX-License-Identifier: MIT
#include "ledger.h"

#include <string.h>

static nsec_t later(nsec_t a, nsec_t b)
{
	return a > b ? a : b;
}

static nsec_t earlier(nsec_t a, nsec_t b)
{
	return a < b ? a : b;
}

static nsec_t start_of_life(const struct scope_thread *life, const struct scope_window *window)
{
	nsec_t start = later(window->start_ns, life->born_ns);

	/* without any event nobody saw it being born; the task itself knows */
	return life->flags & SCOPE_THREAD_NO_EVENT ? later(start, life->start_time_ns) : start;
}

nsec_t ledger_life_start_ns(const struct scope_thread *life, const struct scope_window *window)
{
	return earlier(start_of_life(life, window), window->end_ns);
}

nsec_t ledger_life_end_ns(const struct scope_thread *life, const struct scope_window *window)
{
	nsec_t end = window->end_ns;

	if (life->flags & SCOPE_THREAD_DEAD)
		end = earlier(end, life->dead_ns);
	return later(end, ledger_life_start_ns(life, window));
}

nsec_t ledger_pending_ns(const struct scope_thread *life, const struct scope_window *window)
{
	nsec_t since;

	if (life->state >= SCOPE_STATES)
		return 0;
	if (life->flags & SCOPE_THREAD_NO_EVENT)
		return ledger_life_end_ns(life, window) - ledger_life_start_ns(life, window);
	since = later(life->since_ns, window->start_ns);
	return since < window->end_ns ? window->end_ns - since : 0;
}

static void add_life(struct ledger_thread *t, const struct scope_thread *life,
		     const struct scope_window *window)
{
	nsec_t start = ledger_life_start_ns(life, window);

	t->born_ns = earlier(t->born_ns, start);
	t->alive_ns += ledger_life_end_ns(life, window) - start;
	t->switches += life->switches;
	for (int i = 0; i < SCOPE_STATES; i++) {
		t->ns[i] += life->total_ns[i];
		t->other_cpu_ns[i] += earlier(life->other_cpu_ns[i], life->total_ns[i]);
	}
	if (life->state < SCOPE_STATES)
		t->ns[life->state] += ledger_pending_ns(life, window);
}

static bool was_alive(const struct ledger_thread *t)
{
	return t->alive_ns || t->ns[SCOPE_ON] || t->ns[SCOPE_RUNQ] || t->ns[SCOPE_OFF];
}

static void add_thread(struct ledger *l, const struct ingest *ingest, uint32_t id)
{
	uint32_t last = ingest->last_lives.items[id];
	const struct scope_thread *record = &ingest->lives.items[last].record;
	struct ledger_thread *t = array_push(&l->threads);

	t->last_life = last;
	t->pid = record->pid;
	t->tid = record->tid;
	t->start_time_ns = record->start_time_ns;
	t->kernel_thread = record->flags & SCOPE_THREAD_KTHREAD;
	t->instance = procs_find(&ingest->procs, t->pid, t->start_time_ns);
	/* the kernel leaves an older, longer name's bytes behind the NUL */
	memcpy(t->comm, record->comm, strnlen(record->comm, SCOPE_COMM_LEN));
	t->born_ns = ~(nsec_t)0;
	for (uint32_t i = last; i != TABLE_NONE; i = ingest->lives.items[i].earlier)
		add_life(t, &ingest->lives.items[i].record, &ingest->window);
	if (!was_alive(t))
		l->threads.count--;
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* A process that only its leader's start tells apart: that comes before its threads' starts. */
static int compare_by_start(const void *a, const void *b)
{
	const struct ledger_thread *s = a, *t = b;
	int order = compare(s->pid, t->pid);

	if (!order)
		order = compare(s->instance, t->instance);
	if (!order)
		order = compare(s->start_time_ns, t->start_time_ns);
	if (!order)
		order = compare(s->tid != s->pid, t->tid != t->pid);
	return order ? order : compare(s->last_life, t->last_life);
}

static int compare_threads(const void *a, const void *b)
{
	const struct ledger_thread *s = a, *t = b;
	int order = compare(s->process, t->process);

	if (!order)
		order = compare(s->tid, t->tid);
	if (!order)
		order = compare(s->born_ns, t->born_ns);
	return order ? order : compare(s->last_life, t->last_life);
}

/* A leader with another start than the one before it is another process under a used pid. */
static bool is_new_process(const struct ledger_thread *t, const struct ledger_thread *before,
			   nsec_t leader_start_ns)
{
	if (!before || t->pid != before->pid || t->instance != before->instance)
		return true;
	return t->tid == t->pid && t->start_time_ns != leader_start_ns;
}

static void find_processes(struct ledger *l)
{
	nsec_t leader_start_ns = 0;

	if (l->threads.count)
		qsort(l->threads.items, l->threads.count, sizeof(*l->threads.items),
		      compare_by_start);
	for (uint32_t i = 0; i < l->threads.count; i++) {
		struct ledger_thread *t = &l->threads.items[i];

		if (is_new_process(t, i ? t - 1 : NULL, leader_start_ns)) {
			struct ledger_process *p = array_push(&l->processes);

			p->pid = t->pid;
			p->instance = t->instance;
			p->first_thread = i;
			leader_start_ns = t->start_time_ns;
		}
		t->process = (uint32_t)l->processes.count - 1;
		l->processes.items[t->process].thread_count++;
	}
	if (l->threads.count)
		qsort(l->threads.items, l->threads.count, sizeof(*l->threads.items),
		      compare_threads);
}

static void add_lost(struct ledger *l, const struct scope_thread *lost)
{
	struct ledger_process *p;
	struct ledger_thread *t;

	l->lost = LEDGER_NONE;
	if (!lost->rec.size)
		return;
	l->lost = (uint32_t)l->threads.count;
	p = array_push(&l->processes);
	p->instance = PROCS_NONE;
	p->first_thread = l->lost;
	p->thread_count = 1;
	t = array_push(&l->threads);
	t->last_life = LEDGER_NONE;
	t->process = (uint32_t)l->processes.count - 1;
	t->instance = PROCS_NONE;
	t->alive_ns = lost->dead_ns;
	for (int i = 0; i < SCOPE_STATES; i++)
		t->ns[i] = lost->total_ns[i];
}

void ledger_init(struct ledger *l, const struct ingest *ingest)
{
	memset(l, 0, sizeof(*l));
	l->by_id = mem_alloc_array(ingest->threads.count, sizeof(*l->by_id));
	for (uint32_t id = 0; id < ingest->threads.count; id++)
		add_thread(l, ingest, id);
	find_processes(l);
	for (uint32_t id = 0; id < ingest->threads.count; id++)
		l->by_id[id] = LEDGER_NONE;
	for (uint32_t i = 0; i < l->threads.count; i++) {
		const struct scope_thread *record =
			&ingest->lives.items[l->threads.items[i].last_life].record;

		l->by_id[table_find(&ingest->threads, &record->thread)] = i;
	}
	add_lost(l, &ingest->lost);
}

void ledger_free(struct ledger *l)
{
	array_free(&l->threads);
	array_free(&l->processes);
	free(l->by_id);
	l->by_id = NULL;
}

uint32_t ledger_find(const struct ledger *l, const struct ingest *ingest, uint64_t thread)
{
	uint32_t id = table_find(&ingest->threads, &thread);

	return id == TABLE_NONE ? l->lost : l->by_id[id];
}
