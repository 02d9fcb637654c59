// SPDX-License-Identifier: MIT
/* Stacks walked along frame pointers: made up in our own memory, and a blocked child's. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "frame_pointer.h"
#include "rawcall.h"

#define STACK_BYTES (64u << 10)
#define MAX         127

static uint64_t *stack; /* between two pages that cannot be read */
static uint64_t ips[MAX];

static void make_stack(void)
{
	char *memory =
		mmap(NULL, STACK_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED);
	CHECK(mprotect(memory + 4096, STACK_BYTES, PROT_READ | PROT_WRITE) == 0);
	stack = (uint64_t *)(void *)(memory + 4096);
}

static void drop_stack(void)
{
	munmap((char *)stack - 4096, STACK_BYTES + 8192);
}

static uint64_t address_of(size_t slot)
{
	return (uint64_t)(uintptr_t)&stack[slot];
}

static size_t walk(size_t sp_slot, uint64_t bp, size_t max)
{
	return frame_pointer_walk((uint32_t)getpid(), 0x1000, address_of(sp_slot), bp, ips, max);
}

/* A frame at `slot` whose caller's frame is at `next`. */
static void put_frame(size_t slot, uint64_t next, uint64_t ret)
{
	stack[slot] = next;
	stack[slot + 1] = ret;
}

static void test_chain(void)
{
	const size_t slots = STACK_BYTES / sizeof(uint64_t);

	make_stack();
	/* Within the first window, far beyond it, and at the very top. */
	put_frame(10, address_of(12), 0x2000);
	put_frame(12, address_of(6000), 0x3000);
	put_frame(6000, address_of(slots - 2), 0x4000);
	put_frame(slots - 2, 0, 0x5000);
	CHECK(walk(0, address_of(10), MAX) == 5);
	CHECK(ips[0] == 0x1000 && ips[1] == 0x2000 && ips[2] == 0x3000 && ips[3] == 0x4000);
	CHECK(ips[4] == 0x5000);
	/* Never more than there is room for. */
	ips[3] = 7;
	CHECK(walk(0, address_of(10), 3) == 3 && ips[2] == 0x3000 && ips[3] == 7);
	CHECK(walk(0, address_of(10), 1) == 1);
	CHECK(walk(0, address_of(10), 0) == 0);
	drop_stack();
}

static void test_ends(void)
{
	make_stack();
	put_frame(10, address_of(20), 0x2000);
	put_frame(20, address_of(30), 0); /* the mark of the first frame */
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(20, address_of(30), UINT64_MAX); /* no user address */
	CHECK(walk(0, address_of(10), MAX) == 2);
	CHECK(walk(0, 0, MAX) == 1);
	drop_stack();
}

static void test_hostile(void)
{
	const size_t slots = STACK_BYTES / sizeof(uint64_t);

	make_stack();
	put_frame(10, address_of(10), 0x2000); /* itself */
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(10, address_of(20), 0x2000); /* a circle */
	put_frame(20, address_of(10), 0x3000);
	CHECK(walk(0, address_of(10), MAX) == 3);
	put_frame(20, address_of(11), 0x3000); /* downwards, within the frame */
	CHECK(walk(0, address_of(10), MAX) == 3);
	put_frame(10, address_of(11), 0x2000); /* overlapping */
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(10, address_of(20) + 4, 0x2000); /* not aligned */
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(10, address_of(slots - 1), 0x2000); /* half of it beyond the stack */
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(10, address_of(slots), 0x2000);
	CHECK(walk(0, address_of(10), MAX) == 2);
	put_frame(10, UINT64_MAX - 7, 0x2000);
	CHECK(walk(0, address_of(10), MAX) == 2);
	CHECK(walk(20, address_of(10), MAX) == 1); /* below the stack pointer */
	CHECK(frame_pointer_walk((uint32_t)getpid(), 1, UINT64_MAX, UINT64_MAX & ~7ull, ips, MAX) ==
	      1);
	CHECK(frame_pointer_walk(1u << 30, 1, address_of(0), address_of(10), ips, MAX) == 1);
	drop_stack();
}

/* Every slot a frame: as many as there is room for, no more. */
static void test_endless(void)
{
	make_stack();
	for (size_t i = 0; i + 4 < STACK_BYTES / sizeof(uint64_t); i += 2)
		put_frame(i, address_of(i + 2), 0x2000 + i);
	CHECK(walk(0, address_of(0), MAX) == MAX);
	CHECK(ips[MAX - 1] == 0x2000 + 2 * (MAX - 2));
	drop_stack();
}

static void test_noise(void)
{
	uint64_t seed = 13;

	make_stack();
	for (int round = 0; round < 300; round++) {
		for (size_t i = 0; i < STACK_BYTES / sizeof(uint64_t); i++)
			stack[i] = random_next(&seed) % 3
					   ? address_of(random_next(&seed) % (STACK_BYTES / 8 + 64))
					   : random_next(&seed);
		walk(random_next(&seed) % 64, address_of(random_next(&seed) % 8192), MAX);
	}
	drop_stack();
}

/* --- a child's -------------------------------------------------------------------------------- */

/* Where each of the child's functions returns to, by its own account; innermost first. */
static uint64_t child_returns[3];

#define NOTE_RETURN(level) (child_returns[level] = (uint64_t)(uintptr_t)__builtin_return_address(0))

static __attribute__((noinline)) void child_blocks(int report)
{
	NOTE_RETURN(0);
	raw_call(SYS_write, report, child_returns, sizeof(child_returns), 0);
	for (;;)
		raw_call(SYS_pause, 0, 0, 0, 0);
}

static __attribute__((noinline)) void child_inner(int report)
{
	NOTE_RETURN(1);
	child_blocks(report);
	__asm__ volatile(""); /* no tail call: the frame must be there */
}

static __attribute__((noinline)) void child_outer(int report)
{
	NOTE_RETURN(2);
	child_inner(report);
	__asm__ volatile("");
}

static void test_child(void)
{
	struct user_regs_struct registers;
	uint64_t returns[3];
	int report[2];
	size_t count;
	pid_t pid;

	CHECK(pipe(report) == 0);
	pid = fork();
	if (pid == 0)
		child_outer(report[1]);
	CHECK(pid > 0);
	CHECK(read(report[0], returns, sizeof(returns)) == sizeof(returns));
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL)) {
		int error = errno;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		case_skip("cannot trace a child: %s", strerror(error));
	}
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(ptrace(PTRACE_GETREGS, pid, NULL, &registers) == 0);
	count = frame_pointer_walk((uint32_t)pid, registers.rip, registers.rsp, registers.rbp, ips,
				   MAX);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(report[0]);
	close(report[1]);
	CHECK(count >= 4 && ips[0] == registers.rip);
	CHECK(ips[1] == returns[0] && ips[2] == returns[1] && ips[3] == returns[2]);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "frame_pointer: a chain over several windows", test_chain },
		{ "frame_pointer: where a chain ends", test_ends },
		{ "frame_pointer: chains that lead astray", test_hostile },
		{ "frame_pointer: a chain without an end", test_endless },
		{ "frame_pointer: noise", test_noise },
		{ "frame_pointer: a blocked child's stack", test_child },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
