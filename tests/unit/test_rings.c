// SPDX-License-Identifier: MIT
/* A ring as the kernel lays it out, in a file: what is written is read, wherever it lies. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "rings.h"

enum { RING = 512 << 10, LONGEST = 20 << 10 };

struct made {
	int fd;
	size_t page;
	uint64_t *read_at, *written_to;
	unsigned char *data; /* twice, as in the kernel */
	uint64_t at;
	uint32_t sent, taken, wrong;
	struct rings *rings;
};

/* The n-th record: as many bytes as `length`, each n's. */
static void take(void *context, const void *record, size_t bytes)
{
	struct made *m = context;
	const unsigned char *data = record;
	uint32_t n;

	if (bytes < sizeof(n)) {
		m->wrong++;
		return;
	}
	memcpy(&n, data, sizeof(n));
	m->wrong += n != m->taken++;
	for (size_t i = sizeof(n); i < bytes; i++)
		m->wrong += data[i] != (unsigned char)n;
}

static void make(struct made *m)
{
	unsigned char *memory;

	memset(m, 0, sizeof(*m));
	m->page = (size_t)sysconf(_SC_PAGESIZE);
	m->fd = memfd_create("ring", MFD_CLOEXEC);
	CHECK(!ftruncate(m->fd, (off_t)(2 * m->page + 2 * (size_t)RING)));
	memory = mmap(NULL, 2 * m->page + 2 * (size_t)RING, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	m->read_at = (uint64_t *)(void *)memory;
	m->written_to = (uint64_t *)(void *)(memory + m->page);
	m->data = memory + 2 * m->page;
	m->rings = rings_new();
	CHECK(rings_add(m->rings, m->fd, RING, take, m) == -EPERM); /* a file is not polled */
}

static void drop(struct made *m)
{
	rings_free(&m->rings);
	munmap(m->read_at, 2 * m->page + 2 * (size_t)RING);
	close(m->fd);
}

static void put(struct made *m, uint64_t at, unsigned char byte)
{
	m->data[at % RING] = m->data[at % RING + RING] = byte;
}

static void put_word(struct made *m, uint64_t at, uint32_t word)
{
	for (int i = 0; i < 4; i++)
		put(m, at + (uint64_t)i, (unsigned char)(word >> 8 * i));
}

/* A record with `flags` in its head; returns where that is. */
static uint64_t write_record(struct made *m, uint32_t bytes, uint32_t flags)
{
	uint64_t head = m->at, body = head + BPF_RINGBUF_HDR_SZ;
	uint32_t n = flags & BPF_RINGBUF_DISCARD_BIT ? ~0u : m->sent++;

	put_word(m, head, bytes | flags);
	for (uint32_t i = 0; i < bytes; i++)
		put(m, body + i, (unsigned char)n);
	put_word(m, body, n);
	m->at = (body + bytes + 7) & ~7ull;
	*m->written_to = m->at;
	return head;
}

static void all_that_is_written(void)
{
	struct made m;

	make(&m);
	srandom(5);
	while (m.at < 20ull * RING) {
		while (m.at + BPF_RINGBUF_HDR_SZ + LONGEST + 8 < *m.read_at + RING)
			write_record(&m, 4 + (uint32_t)random() % (LONGEST - 4),
				     random() % 8 ? 0 : BPF_RINGBUF_DISCARD_BIT);
		CHECK(!rings_drain(m.rings));
		CHECK(*m.read_at == m.at);
	}
	CHECK_INT(m.taken, m.sent);
	CHECK_INT(m.wrong, 0);
	drop(&m);
}

static void not_what_is_being_written(void)
{
	struct made m;
	uint64_t busy;

	make(&m);
	write_record(&m, 100, 0);
	busy = write_record(&m, 50, BPF_RINGBUF_BUSY_BIT);
	write_record(&m, 10, 0);
	CHECK(!rings_drain(m.rings));
	CHECK_INT(m.taken, 1);
	CHECK(*m.read_at == busy);
	put_word(&m, busy, 50);
	CHECK(!rings_drain(m.rings));
	CHECK_INT(m.taken, 3);
	CHECK_INT(m.wrong, 0);
	drop(&m);
}

static void one_that_cannot_be(void)
{
	struct made m;

	make(&m);
	put_word(&m, 0, RING);
	*m.written_to = 64;
	CHECK(rings_drain(m.rings) == -EMSGSIZE);
	CHECK_INT(m.taken, 0);
	drop(&m);
}

int main(void)
{
	CHECK_CASE(all_that_is_written);
	CHECK_CASE(not_what_is_being_written);
	CHECK_CASE(one_that_cannot_be);
	return check_status();
}
