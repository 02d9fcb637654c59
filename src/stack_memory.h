/* SPDX-License-Identifier: MIT */
/*
 * stack_memory.h - the stack of another process's blocked thread, read where it is asked for.
 *
 * For threads that blocked before the window, whose registers the task iterator tells. The thread
 * must stay blocked meanwhile for what is read to be true; whoever asks checks that afterwards. What
 * is read is hostile.
 */
#ifndef STACK_MEMORY_H
#define STACK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STACK_MEMORY_BYTES (16u * 1024)

/*
 * A piece of the stack, from the last address that was not in it: most walks stay in the first one,
 * so that one call reads it all. Set `tid` and leave the rest zero. `tid` is the thread's own: a
 * leader that has left has no memory to be read.
 */
struct stack_memory {
	uint32_t tid;
	uint64_t start;
	size_t bytes;
	char data[STACK_MEMORY_BYTES];
};

/* Eight bytes at `address`. False: they cannot be read. `memory` is a struct stack_memory. */
bool stack_memory_read(void *memory, uint64_t address, uint64_t *ret_value);

#endif
