// SPDX-License-Identifier: MIT
#include "frame_pointer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE_BYTES   4096u
#define WINDOW_PAGES 4u
/* Frames further than this above the stack pointer are on no sane stack. */
#define STACK_SPAN_MAX ((uint64_t)1 << 30)
#define USER_END       ((uint64_t)1 << 56) /* five-level page tables */

/*
 * A piece of the target's stack. Most walks stay in the first one, so that one call reads it all.
 */
struct window {
	uint32_t tid;
	uint64_t start;
	size_t bytes;
	char data[WINDOW_PAGES * PAGE_BYTES];
};

/* For targets that process_vm_readv() may not read although /proc lets us. */
static void window_load_by_file(struct window *window, size_t want)
{
	char path[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", window->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	got = pread(fd, window->data, want, (off_t)window->start);
	close(fd);
	window->bytes = got > 0 ? (size_t)got : 0;
}

/* Reads from `start` to the end of its page and some pages on; as much as is mapped. */
static void window_load(struct window *window, uint64_t start)
{
	struct iovec local = { window->data, sizeof(window->data) }, remote[WINDOW_PAGES];
	uint64_t at = start;
	size_t want = 0;
	ssize_t got;

	/* A page an element: the call stops at elements, not within one. */
	for (size_t i = 0; i < WINDOW_PAGES; i++) {
		size_t bytes = PAGE_BYTES - (size_t)(at & (PAGE_BYTES - 1));

		remote[i] = (struct iovec){ (void *)(uintptr_t)at, bytes };
		at += bytes;
		want += bytes;
	}
	window->start = start;
	window->bytes = 0;
	got = process_vm_readv((pid_t)window->tid, &local, 1, remote, WINDOW_PAGES, 0);
	if (got > 0)
		window->bytes = (size_t)got;
	else if (errno == EPERM || errno == ENOSYS)
		window_load_by_file(window, want);
}

static bool window_read(struct window *window, uint64_t at, uint64_t ret_values[2])
{
	const size_t bytes = 2 * sizeof(*ret_values);

	if (at < window->start || at - window->start > window->bytes ||
	    window->bytes - (at - window->start) < bytes)
		window_load(window, at);
	if (at - window->start > window->bytes || window->bytes - (at - window->start) < bytes)
		return false;
	memcpy(ret_values, window->data + (at - window->start), bytes);
	return true;
}

size_t frame_pointer_walk(uint32_t tid, uint64_t ip, uint64_t sp, uint64_t bp, uint64_t *ret_ips,
			  size_t max)
{
	struct window window = { .tid = tid };
	size_t count = 0;
	uint64_t low = sp; /* the next frame lies at or above this */

	if (!max)
		return 0;
	ret_ips[count++] = ip;
	if (sp < USER_END)
		window_load(&window, sp);
	while (count < max) {
		uint64_t frame[2]; /* saved frame pointer, return address */

		if (bp < low || bp & 7 || bp - sp > STACK_SPAN_MAX || bp >= USER_END ||
		    !window_read(&window, bp, frame))
			break;
		/* 0 is how the first frame of a thread is marked. */
		if (frame[1] == 0 || frame[1] >= USER_END)
			break;
		ret_ips[count++] = frame[1];
		low = bp + sizeof(frame);
		bp = frame[0];
	}
	return count;
}
