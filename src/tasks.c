// SPDX-License-Identifier: MIT
#include "tasks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "scope_iter.h"
#include "table.h"
#include "unwind_walk.h"
#include "unwinds.h"

/*
 * How often accounts are looked at that were being written to: 1, 2, 4 ... 128 ms after one
 * another. An emulator may let a CPU stand for 100 ms while another is busy.
 */
#define STOP_LOOKS 9

struct tasks {
	struct ingest *ingest;
	struct unwinds *unwinds; /* NULL: no user stacks */
	/* The kernel's count of switches per thread at the start, to tell threads that never moved
	 * from those that no account could be made for. */
	struct table seen;
	ARRAY(uint64_t) seen_switches; /* by the table's ids */
	nsec_t start_ns, end_ns;
	/* Of threads whose accounts were being written to: at which look of the stop, from 1, the
	 * last time. */
	struct table torn;
	ARRAY(int) torn_look; /* by the table's ids */
	int look;
	bool look_again;
};

struct tasks *tasks_new(struct ingest *ingest)
{
	struct tasks *t = mem_alloc(sizeof(*t));

	t->ingest = ingest;
	table_init(&t->seen, sizeof(uint64_t));
	table_init(&t->torn, sizeof(uint64_t));
	return t;
}

void tasks_free(struct tasks **tasks)
{
	struct tasks *t = *tasks;

	if (!t)
		return;
	table_free(&t->seen);
	table_free(&t->torn);
	array_free(&t->seen_switches);
	array_free(&t->torn_look);
	free(t);
	*tasks = NULL;
}

typedef void task_fn(struct tasks *t, const struct scope_iter_task *task);

/* These take the whole records at the front of the buffer; return how many bytes they had. */
typedef size_t take_fn(struct tasks *t, const unsigned char *bytes, size_t have, task_fn *visit);

static size_t take_tasks(struct tasks *t, const unsigned char *bytes, size_t have, task_fn *visit)
{
	_Alignas(8) static unsigned char
		record[sizeof(struct scope_iter_task) + SCOPE_KERNEL_FRAMES * 8];
	size_t used = 0;

	while (have - used >= sizeof(struct scope_iter_task)) {
		struct scope_iter_task *task = (struct scope_iter_task *)record;
		size_t size;

		memcpy(record, bytes + used, sizeof(*task));
		if (task->count > SCOPE_KERNEL_FRAMES)
			return have; /* cannot be: the iterator bounds it */
		size = sizeof(*task) + task->count * 8;
		if (have - used < size)
			break;
		memcpy(record, bytes + used, size);
		visit(t, task);
		used += size;
	}
	return used;
}

static size_t take_owners(struct tasks *t, const unsigned char *bytes, size_t have, task_fn *visit)
{
	struct scope_iter_owner owner;
	size_t used = 0;

	(void)visit;
	for (; have - used >= sizeof(owner); used += sizeof(owner)) {
		memcpy(&owner, bytes + used, sizeof(owner));
		unwinds_expect(t->unwinds, owner.owner, owner.pid);
	}
	return used;
}

static int iterate(struct tasks *t, struct bpf_program *iterator, take_fn *take, task_fn *visit,
		   struct err *err)
{
	struct bpf_link *link = bpf_program__attach_iter(iterator, NULL);
	_cleanup_free_ unsigned char *buffer = mem_alloc(1 << 16);
	size_t have = 0, used;
	ssize_t n = -1;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1, r = 0;

	while (fd >= 0) {
		n = read(fd, buffer + have, (1 << 16) - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
		used = take(t, buffer, have, visit);
		memmove(buffer, buffer + used, have - used);
		have -= used;
	}
	if (n < 0)
		r = err_set(err, EXIT_CODE_UNSUPPORTED, -errno, "cannot walk the tasks: %s",
			    strerror(errno));
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return r;
}

/* Sends a stack as the kernel side would; returns its id. `pid` 0: a kernel stack. */
static uint64_t send_stack(struct tasks *t, uint64_t id, uint32_t pid, enum scope_stack_end end,
			   const uint64_t *ips, size_t count)
{
	struct scope_stack head = {
		.id = id,
		.time_ns = clock_now(),
		.pid = pid,
		.kind = pid ? SCOPE_STACK_USER : SCOPE_STACK_KERNEL,
		.end = (uint8_t)end,
		.count = (uint16_t)count,
	};

	if (!count || count > SCOPE_MAX_FRAMES)
		return 0;
	ingest_stack(t->ingest, &head, ips);
	return id;
}

/* An id of its own, not the kernel side's hash. */
static uint64_t user_stack_id(const struct scope_iter_task *task, const uint64_t *ips, size_t count)
{
	uint64_t h = task->owner ^ task->thread.thread;

	for (size_t i = 0; i < count; i++) {
		h = (h ^ ips[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 29;
	}
	return h ? h : 1;
}

static uint64_t send_user_stack(struct tasks *t, const struct scope_iter_task *task)
{
	const struct scope_thread *thread = &task->thread;
	uint64_t ips[SCOPE_MAX_FRAMES];
	enum scope_stack_end end;
	size_t count;

	if (!t->unwinds || !unwind_stack_pointer((const uint64_t *)task->regs))
		return 0;
	count = unwinds_walk_blocked(t->unwinds, thread->pid, thread->tid,
				     (const uint64_t *)task->regs, ips, ARRAY_SIZE(ips), &end);
	return send_stack(t, user_stack_id(task, ips, count), thread->pid, end, ips, count);
}

/* Start: the stacks of those that wait already. Only a thread without any event needs them. */
static void see_task(struct tasks *t, const struct scope_iter_task *task)
{
	const struct scope_thread *thread = &task->thread;
	struct scope_seen seen = {
		.rec = { SCOPE_REC_SEEN, sizeof(seen) },
		.pid = thread->pid,
		.tid = thread->tid,
		.start_time_ns = thread->start_time_ns,
		.reason = task->reason,
		.state = thread->state,
	};
	bool is_new;

	if (!(thread->flags & SCOPE_THREAD_NO_EVENT))
		return;
	table_add(&t->seen, &thread->thread, &is_new);
	if (is_new)
		*array_push(&t->seen_switches) = task->task_switches;
	seen.kstack = send_stack(t, task->kstack, 0, SCOPE_END_COMPLETE,
				 (const uint64_t *)task->ips, task->count);
	seen.ustack = send_user_stack(t, task);
	seen.time_ns = clock_now();
	ingest_record(t->ingest, &seen, sizeof(seen));
}

/* Whether this is the look to take the account at: the first that met no writer, or the last. */
static bool take_at_this_look(struct tasks *t, const struct scope_iter_task *task)
{
	struct scope_loss_record loss = { .rec = { SCOPE_REC_LOSS, sizeof(loss) },
					  .cause = SCOPE_LOSS_ACCOUNT_TORN,
					  .count = 1 };
	uint32_t id = table_find(&t->torn, &task->thread.thread);
	bool is_new;

	if (t->look > 1 && (id == TABLE_NONE || t->torn_look.items[id] != t->look - 1))
		return false;
	if (!task->torn)
		return true;
	if (t->look == STOP_LOOKS) {
		ingest_record(t->ingest, &loss, sizeof(loss));
		return true;
	}
	id = table_add(&t->torn, &task->thread.thread, &is_new);
	if (is_new)
		array_push(&t->torn_look);
	t->torn_look.items[id] = t->look;
	t->look_again = true;
	return false;
}

/*
 * Stop: everybody's account. A thread without one had no event in the whole window, unless the
 * kernel counted switches: then no account could be made for it, and its time is unaccounted.
 */
static void settle_task(struct tasks *t, const struct scope_iter_task *task)
{
	struct scope_thread thread = task->thread;
	uint32_t id;

	if (!take_at_this_look(t, task))
		return;
	if (thread.flags & SCOPE_THREAD_NO_EVENT) {
		id = table_find(&t->seen, &thread.thread);
		if (id == TABLE_NONE ? thread.start_time_ns > t->start_ns
				     : t->seen_switches.items[id] != task->task_switches) {
			thread.flags &= ~SCOPE_THREAD_NO_EVENT;
			thread.flags |= SCOPE_THREAD_DEAD;
			thread.state = SCOPE_DEAD;
			thread.born_ns = thread.start_time_ns;
			thread.dead_ns = t->end_ns;
			thread.first_ns = t->end_ns;
		}
	}
	if (thread.start_time_ns < t->end_ns)
		ingest_record(t->ingest, &thread, sizeof(thread));
	if (task->turn.start_ns)
		ingest_record(t->ingest, &task->turn, sizeof(task->turn));
}

void tasks_walk_with(struct tasks *t, struct unwinds *unwinds)
{
	t->unwinds = unwinds;
}

int tasks_before_start(struct tasks *t, struct bpf_program *iterator, struct err *err)
{
	return t->unwinds ? iterate(t, iterator, take_owners, NULL, err) : 0;
}

int tasks_at_start(struct tasks *t, struct bpf_program *iterator, struct err *err)
{
	return iterate(t, iterator, take_tasks, see_task, err);
}

int tasks_at_stop(struct tasks *t, struct bpf_program *iterator, nsec_t start_ns, nsec_t end_ns,
		  struct err *err)
{
	struct timespec pause = { .tv_nsec = 1000000 };
	int r;

	t->start_ns = start_ns;
	t->end_ns = end_ns;
	for (t->look = 1;; t->look++) {
		t->look_again = false;
		r = iterate(t, iterator, take_tasks, settle_task, err);
		if (r || !t->look_again)
			return r;
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
	}
}
