// SPDX-License-Identifier: MIT
/* Blocked children's stacks by the tables of this very program: walked where they are, and shipped.
 */
#include "unwinds.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "ingest_data.h"
#include "rawcall.h"
#include "snapshot.h"
#include "unwind_walk.h"

#define MAX    256u
#define LEVELS 4u
#define BIG    (24u << 10) /* a frame of which nothing is shipped */

enum { DWARF_RBX = 3, DWARF_RBP = 6, DWARF_RSP = 7, DWARF_R12 = 12, DWARF_RIP = 16 };

static struct images *images;
static struct ingest *ingest;
static struct unwinds *unwinds;
static uint64_t ips[MAX];
static enum scope_stack_end end;

static void open_all(void)
{
	struct unwinds_config config;
	struct err err;

	images = images_new();
	ingest = ingest_new();
	config = (struct unwinds_config){ .images = images, .ingest = ingest, .max_frames = MAX };
	CHECK(unwinds_open(&config, &unwinds, &err) == 0);
}

static void close_all(void)
{
	unwinds_close(&unwinds);
	unwinds_close(&unwinds);
	ingest_free(&ingest);
	images_free(&images);
}

/* --- a child that is blocked in a known place ----------------------------------------------------
 */

/* Where each of its functions returns to, by its own account; innermost first. */
static uint64_t child_returns[LEVELS];

static __attribute__((noinline)) void child_blocks(int report)
{
	child_returns[0] = (uintptr_t)__builtin_return_address(0);
	raw_call(SYS_write, report, child_returns, sizeof(child_returns), 0);
	for (;;)
		raw_call(SYS_pause, 0, 0, 0, 0);
}

static __attribute__((noinline)) int child_inner(int report)
{
	child_returns[1] = (uintptr_t)__builtin_return_address(0);
	child_blocks(report);
	return 0;
}

static __attribute__((noinline)) int child_big(int report)
{
	volatile char big[BIG];

	big[0] = big[BIG - 1] = 1;
	child_returns[2] = (uintptr_t)__builtin_return_address(0);
	return child_inner(report) + big[0];
}

static __attribute__((noinline)) int child_outer(int report)
{
	child_returns[3] = (uintptr_t)__builtin_return_address(0);
	return child_big(report) + 1;
}

struct child {
	pid_t pid;
	uint64_t returns[LEVELS];
	uint64_t regs[SCOPE_RAW_REGS];
};

/* In the system call that it stays in. */
static bool wait_for_pause(pid_t pid)
{
	char path[64], line[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	for (int i = 0; i < 1000; i++) {
		FILE *file = fopen(path, "re");
		bool paused = file && fgets(line, sizeof(line), file) && atoi(line) == SYS_pause;

		if (file)
			fclose(file);
		if (paused)
			return true;
		usleep(5000);
	}
	return false;
}

/* By ptrace, and left running, that is: blocked. False: it may not be traced or looked at. */
static bool read_registers(struct child *child)
{
	struct user_regs_struct registers;

	if (!wait_for_pause(child->pid) || ptrace(PTRACE_ATTACH, child->pid, NULL, NULL))
		return false;
	CHECK(waitpid(child->pid, NULL, 0) == child->pid);
	CHECK(ptrace(PTRACE_GETREGS, child->pid, NULL, &registers) == 0);
	CHECK(ptrace(PTRACE_DETACH, child->pid, NULL, NULL) == 0);
	child->regs[DWARF_RBX] = registers.rbx;
	child->regs[DWARF_RBP] = registers.rbp;
	child->regs[DWARF_RSP] = registers.rsp;
	child->regs[DWARF_R12] = registers.r12;
	child->regs[DWARF_RIP] = registers.rip;
	return wait_for_pause(child->pid);
}

static bool start_child(struct child *child)
{
	int report[2];

	memset(child, 0, sizeof(*child));
	CHECK(pipe(report) == 0);
	child->pid = fork();
	if (child->pid == 0)
		_exit(child_outer(report[1]));
	CHECK(read(report[0], child->returns, sizeof(child->returns)) == sizeof(child->returns));
	close(report[0]);
	close(report[1]);
	return read_registers(child);
}

static void end_child(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

static void check_ips(const struct child *child, const uint64_t *have, size_t count)
{
	CHECK(count > LEVELS + 2);
	CHECK_INT(have[0], child->regs[DWARF_RIP]);
	for (size_t i = 0; i < LEVELS && i + 1 < count; i++)
		CHECK_INT(have[i + 1], child->returns[i]);
}

static void blocked_threads_are_walked(void)
{
	struct unwinds_stats stats;
	struct child child;
	size_t count;

	if (!start_child(&child)) {
		check_skip("blocked_threads_are_walked", "cannot trace a child");
		end_child(&child);
		return;
	}
	open_all();
	CHECK(snapshot_process((uint32_t)child.pid, 0, images, ingest) == 0);
	unwinds_expect(unwinds, 9, (uint32_t)child.pid);
	unwinds_prepare(unwinds);
	count = unwinds_walk_blocked(unwinds, (uint32_t)child.pid, (uint32_t)child.pid, child.regs,
				     ips, MAX, &end);
	check_ips(&child, ips, count);
	CHECK_INT(end, SCOPE_END_COMPLETE);
	/* no more than there is room for, and it says so */
	CHECK_INT(unwinds_walk_blocked(unwinds, (uint32_t)child.pid, (uint32_t)child.pid,
				       child.regs, ips, 3, &end),
		  3);
	CHECK_INT(end, SCOPE_END_TRUNCATED);
	/* of a process that nobody knows */
	CHECK(unwinds_walk_blocked(unwinds, 1u << 30, 1u << 30, child.regs, ips, MAX, &end) == 1);
	CHECK_INT(end, SCOPE_END_UNMAPPED);
	unwinds_stats(unwinds, &stats);
	CHECK(stats.tables >= 2 && stats.rows > 1000 && stats.rules > 10 && stats.build_ns > 0);
	close_all();
	end_child(&child);
}

/* --- shipped whole -------------------------------------------------------------------------------
 */

static void send_raw(const struct child *child, uint64_t id, size_t bytes)
{
	union {
		struct scope_raw raw;
		char room[sizeof(struct scope_raw) + SCOPE_RAW_BYTES];
	} record = { .raw = { .rec = { SCOPE_REC_RAW, (uint32_t)(sizeof(record.raw) + bytes) },
			      .id = id,
			      .owner = 9,
			      .time_ns = clock_now(),
			      .pid = (uint32_t)child->pid,
			      .bytes = (uint32_t)bytes } };
	struct iovec local = { record.raw.stack, bytes };
	struct iovec remote = { (void *)(uintptr_t)child->regs[DWARF_RSP], bytes };

	memcpy(record.raw.regs, child->regs, sizeof(child->regs));
	CHECK(process_vm_readv(child->pid, &local, 1, &remote, 1, 0) == (ssize_t)bytes);
	unwinds_take(unwinds, &record, record.raw.rec.size);
}

static const struct ingest_stack *sent_stack(uint64_t id)
{
	uint32_t at = table_find(&ingest->stacks, &id);

	return at == TABLE_NONE ? NULL : &ingest->stack_data.items[at];
}

/* Of a process that is not known yet: its mappings are read, its tables built, and then it is
 * walked. */
static void shipped_stacks_are_walked(void)
{
	const struct ingest_stack *stack;
	struct unwinds_stats stats;
	struct child child;

	if (!start_child(&child)) {
		check_skip("shipped_stacks_are_walked", "cannot trace a child");
		end_child(&child);
		return;
	}
	open_all();
	send_raw(&child, 5, SCOPE_RAW_BYTES);
	for (int i = 0; i < 2000 && !sent_stack(5); i++) {
		unwinds_work(unwinds);
		usleep(5000);
	}
	stack = sent_stack(5);
	CHECK(stack && stack->kind == SCOPE_STACK_USER && stack->pid == (uint32_t)child.pid);
	if (stack) {
		/* it is longer than what was shipped, and its thread is still there */
		CHECK_INT(stack->end, SCOPE_END_COMPLETE);
		uint32_t at = stack->leaf;

		for (uint32_t i = 0; i < stack->count; i++)
			ips[i] = ingest_address(ingest, at, &at);
		check_ips(&child, ips, stack->count);
	}
	/* once more, but the thread is not where it was */
	child.regs[DWARF_RIP]++;
	send_raw(&child, 6, SCOPE_RAW_BYTES);
	unwinds_finish(unwinds);
	stack = sent_stack(6);
	CHECK(stack && stack->end == SCOPE_END_UNREADABLE && stack->count >= 3);
	/* and not there at all; two slots of it are known */
	child.regs[DWARF_RIP]--;
	send_raw(&child, 7, 16);
	end_child(&child);
	unwinds_finish(unwinds);
	stack = sent_stack(7);
	CHECK(stack && stack->end == SCOPE_END_UNREADABLE && stack->count >= 1);
	unwinds_stats(unwinds, &stats);
	CHECK_INT(stats.raw_stacks, 3);
	close_all();
}

static void nonsense_is_left_out(void)
{
	struct scope_space space = { .rec = { SCOPE_REC_SPACE, sizeof(space) },
				     .owner = 1,
				     .pid = 1u << 30 };
	union {
		struct scope_raw raw;
		char room[sizeof(struct scope_raw) + 16];
	} raw = { .raw = { .rec = { SCOPE_REC_RAW, sizeof(raw) }, .id = 1, .bytes = 24 } };
	struct unwinds_stats stats;

	open_all();
	unwinds_take(unwinds, &raw, sizeof(raw)); /* fewer bytes than it says */
	raw.raw.bytes = 12;
	unwinds_take(unwinds, &raw, sizeof(raw.raw) + 12);
	unwinds_take(unwinds, &raw, 4);
	unwinds_take(unwinds, &space, sizeof(space) - 8);
	unwinds_take(unwinds, &space, sizeof(space));
	/* a stack pointer at the end of everything, and nobody's mappings */
	raw.raw.bytes = 16;
	raw.raw.pid = 1u << 30;
	memset(raw.raw.regs, 0xff, sizeof(raw.raw.regs));
	unwinds_take(unwinds, &raw, sizeof(raw));
	unwinds_work(unwinds);
	unwinds_finish(unwinds);
	unwinds_stats(unwinds, &stats);
	CHECK_INT(stats.raw_stacks, 1);
	CHECK_INT(stats.spaces, 1);
	CHECK(sent_stack(1) && sent_stack(1)->end == SCOPE_END_UNMAPPED);
	close_all();
}

static void a_full_queue_loses_stacks(void)
{
	enum { MANY = (64 << 20) / SCOPE_RAW_BYTES + 10 };
	struct unwinds_stats stats;
	union {
		struct scope_raw raw;
		char room[sizeof(struct scope_raw) + SCOPE_RAW_BYTES];
	} raw = { .raw = { .rec = { SCOPE_REC_RAW, sizeof(raw) }, .bytes = SCOPE_RAW_BYTES } };

	open_all();
	for (uint64_t i = 1; i <= MANY; i++) {
		raw.raw.id = i;
		unwinds_take(unwinds, &raw, sizeof(raw));
	}
	unwinds_stats(unwinds, &stats);
	CHECK(stats.raw_dropped > 0 && stats.raw_dropped < 100);
	CHECK_INT(ingest->losses[SCOPE_LOSS_RING_STACK].count, stats.raw_dropped);
	close_all();
}

int main(void)
{
	CHECK_CASE(blocked_threads_are_walked);
	CHECK_CASE(shipped_stacks_are_walked);
	CHECK_CASE(nonsense_is_left_out);
	CHECK_CASE(a_full_queue_loses_stacks);
	return check_status();
}
