// SPDX-License-Identifier: MIT
#include "stack_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define PAGES	   (STACK_MEMORY_BYTES / PAGE_BYTES)
#define USER_END   ((uint64_t)1 << 56) /* five-level page tables */

/* For targets that process_vm_readv() may not read although /proc lets us. */
static void load_by_file(struct stack_memory *memory, size_t want)
{
	char path[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", memory->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	got = pread(fd, memory->data, want, (off_t)memory->start);
	close(fd);
	memory->bytes = got > 0 ? (size_t)got : 0;
}

/* Reads from `start` to the end of its page and some pages on; as much as is mapped. */
static void load(struct stack_memory *memory, uint64_t start)
{
	struct iovec local = { memory->data, sizeof(memory->data) }, remote[PAGES];
	uint64_t at = start;
	size_t want = 0;
	ssize_t got;

	/* A page an element: the call stops at elements, not within one. */
	for (size_t i = 0; i < PAGES; i++) {
		size_t bytes = PAGE_BYTES - (size_t)(at & (PAGE_BYTES - 1));

		remote[i] = (struct iovec){ (void *)(uintptr_t)at, bytes };
		at += bytes;
		want += bytes;
	}
	memory->start = start;
	memory->bytes = 0;
	got = process_vm_readv((pid_t)memory->tid, &local, 1, remote, PAGES, 0);
	if (got > 0)
		memory->bytes = (size_t)got;
	else if (errno == EPERM || errno == ENOSYS)
		load_by_file(memory, want);
}

static bool holds(const struct stack_memory *memory, uint64_t address, size_t bytes)
{
	uint64_t offset = address - memory->start;

	return address >= memory->start && offset <= memory->bytes &&
	       memory->bytes - offset >= bytes;
}

bool stack_memory_read(void *context, uint64_t address, uint64_t *ret_value)
{
	struct stack_memory *memory = context;

	if (address >= USER_END)
		return false;
	if (!holds(memory, address, sizeof(*ret_value)))
		load(memory, address);
	if (!holds(memory, address, sizeof(*ret_value)))
		return false;
	memcpy(ret_value, memory->data + (address - memory->start), sizeof(*ret_value));
	return true;
}
