// SPDX-License-Identifier: MIT
/* The stack of a thread, read piecewise: our own memory, at its edges, and a blocked child's. */
#include "stack_memory.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define STACK_BYTES (64u << 10)

static uint64_t *stack; /* between two pages that cannot be read */

static void make_stack(void)
{
	char *memory =
		mmap(NULL, STACK_BYTES + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	stack = (uint64_t *)(void *)(memory + 4096);
	CHECK(memory != MAP_FAILED);
	CHECK(mprotect(stack, STACK_BYTES, PROT_READ | PROT_WRITE) == 0);
	for (size_t i = 0; i < STACK_BYTES / sizeof(*stack); i++)
		stack[i] = i * 3;
}

static void drop_stack(void)
{
	munmap((char *)stack - 4096, STACK_BYTES + 8192);
}

static void every_slot_is_read(void)
{
	struct stack_memory memory = { .tid = (uint32_t)getpid() };
	const size_t slots = STACK_BYTES / sizeof(*stack);
	uint64_t value;

	make_stack();
	/* up, down, and in leaps, over all windows */
	for (size_t i = 0; i < slots; i++)
		CHECK(stack_memory_read(&memory, (uintptr_t)&stack[i], &value) && value == i * 3);
	for (size_t i = slots; i > 0; i -= 64)
		CHECK(stack_memory_read(&memory, (uintptr_t)&stack[i - 1], &value) &&
		      value == (i - 1) * 3);
	for (size_t i = 0; i < 3000; i++) {
		size_t slot = i * 2654435761u % slots;

		CHECK(stack_memory_read(&memory, (uintptr_t)&stack[slot], &value) &&
		      value == slot * 3);
	}
	/* not aligned, and across two pages */
	CHECK(stack_memory_read(&memory, (uintptr_t)stack + 4092, &value));
	drop_stack();
}

static void edges_are_not_passed(void)
{
	struct stack_memory memory = { .tid = (uint32_t)getpid() };
	uint64_t value = 7, end;

	make_stack();
	end = (uintptr_t)stack + STACK_BYTES;
	CHECK(!stack_memory_read(&memory, (uintptr_t)stack - 8, &value));
	CHECK(stack_memory_read(&memory, end - 8, &value) && value == (STACK_BYTES / 8 - 1) * 3);
	value = 7;
	CHECK(!stack_memory_read(&memory, end - 4, &value));
	CHECK(!stack_memory_read(&memory, end, &value));
	CHECK(!stack_memory_read(&memory, 0, &value));
	CHECK(!stack_memory_read(&memory, UINT64_MAX - 3, &value));
	CHECK(!stack_memory_read(&memory, (uint64_t)1 << 63, &value));
	CHECK_INT(value, 7);
	CHECK(stack_memory_read(&memory, (uintptr_t)stack, &value) && value == 0);
	drop_stack();
	memory = (struct stack_memory){ .tid = 1u << 30 };
	CHECK(!stack_memory_read(&memory, (uintptr_t)&value, &value));
}

static void a_childs_memory_is_its_own(void)
{
	volatile uint64_t slot = 1;
	struct stack_memory memory = { 0 };
	uint64_t value = 0;
	int ready[2];
	char byte;

	CHECK(pipe(ready) == 0);
	memory.tid = (uint32_t)fork();
	if (!memory.tid) {
		slot = 2;
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	CHECK(stack_memory_read(&memory, (uintptr_t)&slot, &value));
	CHECK_INT(value, 2);
	kill((pid_t)memory.tid, SIGKILL);
	waitpid((pid_t)memory.tid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	CHECK_CASE(every_slot_is_read);
	CHECK_CASE(edges_are_not_passed);
	CHECK_CASE(a_childs_memory_is_its_own);
	return check_status();
}
