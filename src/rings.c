// SPDX-License-Identifier: MIT
#include "rings.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"

#define WINDOW_BYTES ((size_t)256 << 10) /* any record fits several times */

/* kernel/bpf/ringbuf.c: a page for the reader's position, one for the writers', then the data, twice. */
struct ring {
	int fd;
	size_t bytes;
	ring_sink *sink;
	void *context;
	uint64_t *read_at;	   /* where we are; the kernel reads it */
	const uint64_t *written_to;
	const unsigned char *window; /* NULL: none is mapped */
	uint64_t window_at;	   /* the position of its first byte */
	size_t window_bytes;
};

struct rings {
	ARRAY(struct ring) items;
	size_t page_bytes;
	int epoll_fd;
};

static void unmap_window(struct ring *ring)
{
	if (ring->window)
		munmap((void *)(uintptr_t)ring->window, ring->window_bytes);
	ring->window = NULL;
}

void rings_free(struct rings **rings)
{
	struct rings *dead = *rings;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->items.count; i++) {
		struct ring *ring = &dead->items.items[i];

		unmap_window(ring);
		if (ring->read_at)
			munmap(ring->read_at, dead->page_bytes);
		if (ring->written_to)
			munmap((void *)(uintptr_t)ring->written_to, dead->page_bytes);
	}
	array_free(&dead->items);
	if (dead->epoll_fd >= 0)
		close(dead->epoll_fd);
	free(dead);
	*rings = NULL;
}

struct rings *rings_new(void)
{
	struct rings *rings = mem_alloc(sizeof(*rings));

	rings->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	rings->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return rings;
}

static void *map_part(int fd, int protection, size_t at, size_t bytes)
{
	void *memory = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)at);

	return memory == MAP_FAILED ? NULL : memory;
}

int rings_add(struct rings *rings, int fd, size_t bytes, ring_sink *sink, void *context)
{
	struct epoll_event event = { .events = EPOLLIN };
	size_t page = rings->page_bytes;
	struct ring *ring = array_push(&rings->items); /* rings_free() frees it from now on */

	*ring = (struct ring){ .fd = fd, .bytes = bytes, .sink = sink, .context = context };
	ring->window_bytes = bytes < WINDOW_BYTES ? bytes : WINDOW_BYTES;
	ring->read_at = map_part(fd, PROT_READ | PROT_WRITE, 0, page);
	if (!ring->read_at)
		return -errno;
	ring->written_to = map_part(fd, PROT_READ, page, page);
	if (!ring->written_to)
		return -errno;
	return epoll_ctl(rings->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int rings_fd(const struct rings *rings)
{
	return rings->epoll_fd;
}

/* The bytes from `at` on; NULL: they cannot be mapped. */
static const unsigned char *look_at(const struct rings *rings, struct ring *ring, uint64_t at,
				    size_t bytes)
{
	size_t page = rings->page_bytes;

	if (!ring->window || at < ring->window_at ||
	    at + bytes > ring->window_at + ring->window_bytes) {
		unmap_window(ring);
		ring->window_at = at & ~(uint64_t)(page - 1);
		ring->window = map_part(ring->fd, PROT_READ,
					2 * page + (ring->window_at & (ring->bytes - 1)),
					ring->window_bytes);
		if (!ring->window)
			return NULL;
	}
	return ring->window + (at - ring->window_at);
}

static int drain(const struct rings *rings, struct ring *ring)
{
	uint64_t at = *ring->read_at;

	/* Pairs with the writers' release: a record before it has its head. */
	while (at < __atomic_load_n(ring->written_to, __ATOMIC_ACQUIRE)) {
		const unsigned char *head = look_at(rings, ring, at, BPF_RINGBUF_HDR_SZ), *record;
		uint32_t word;
		size_t bytes;

		if (!head)
			return -errno;
		word = __atomic_load_n((const uint32_t *)(const void *)head, __ATOMIC_ACQUIRE);
		if (word & BPF_RINGBUF_BUSY_BIT)
			return 0; /* it is being written */
		bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (bytes > ring->window_bytes - rings->page_bytes - BPF_RINGBUF_HDR_SZ)
			return -EMSGSIZE; /* cannot be: nobody writes that much at once */
		record = look_at(rings, ring, at, BPF_RINGBUF_HDR_SZ + bytes);
		if (!record)
			return -errno;
		if (!(word & BPF_RINGBUF_DISCARD_BIT))
			ring->sink(ring->context, record + BPF_RINGBUF_HDR_SZ, bytes);
		at += (BPF_RINGBUF_HDR_SZ + bytes + 7) & ~(uint64_t)7;
		__atomic_store_n(ring->read_at, at, __ATOMIC_RELEASE);
	}
	return 0;
}

int rings_drain(struct rings *rings)
{
	int r = 0;

	for (size_t i = 0; !r && i < rings->items.count; i++)
		r = drain(rings, &rings->items.items[i]);
	return r;
}
