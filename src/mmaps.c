// SPDX-License-Identifier: MIT
#include "mmaps.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "mmaps_batch.h"

#define RING_BYTES_DEFAULT ((size_t)512 << 10)

struct ring {
	int fd;
	struct perf_event_mmap_page *control; /* the data follow it */
};

struct mmaps {
	ARRAY(struct ring) rings; /* one an online CPU */
	size_t page_bytes, ring_bytes;
	int epoll_fd;
	struct images *images; /* not owned; may be NULL */
	struct mmaps_batch batch;
};

void mmaps_close(struct mmaps **mmaps)
{
	struct mmaps *dead = *mmaps;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->rings.count; i++) {
		struct ring *ring = &dead->rings.items[i];

		if (ring->control)
			munmap(ring->control, dead->page_bytes + dead->ring_bytes);
		close(ring->fd);
	}
	if (dead->epoll_fd >= 0)
		close(dead->epoll_fd);
	array_free(&dead->rings);
	mmaps_batch_free(&dead->batch);
	free(dead);
	*mmaps = NULL;
}

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1, /* mmap2 alone is not counted as a listener */
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.watermark = 1,
		.wakeup_watermark = 1, /* bytes: at every record */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int add_ring(struct mmaps *mmaps, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct ring *ring = array_push(&mmaps->rings);
	void *memory;

	ring->fd = fd; /* mmaps_close() closes it from now on */
	memory = mmap(NULL, mmaps->page_bytes + mmaps->ring_bytes, PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ring->control = memory;
	if (epoll_ctl(mmaps->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return 0;
}

static int fail_open(struct err *err, int ret, int cpu)
{
	if (ret == -EACCES || ret == -EPERM)
		return err_set(err, EXIT_CODE_UNSUPPORTED, ret,
			       "cannot watch for new processes (perf event on CPU %d): %s; "
			       "run as root, or with sudo",
			       cpu, strerror(-ret));
	if (ret == -EMFILE)
		return err_set(err, EXIT_CODE_FAILURE, ret,
			       "cannot open a perf event on CPU %d: %s; raise the limit: "
			       "ulimit -n 65536",
			       cpu, strerror(-ret));
	return err_set(err, EXIT_CODE_FAILURE, ret,
		       "cannot watch for new processes (perf event on CPU %d): %s", cpu,
		       strerror(-ret));
}

/* CPU numbers have gaps where CPUs are offline (ENODEV) and end where the kernel says EINVAL. */
static int open_rings(struct mmaps *mmaps, struct err *err)
{
	for (int cpu = 0; cpu < SCOPE_MAX_CPUS; cpu++) {
		int fd = open_event(cpu), ret;

		if (fd == -ENODEV)
			continue;
		if (fd == -EINVAL && mmaps->rings.count)
			return 0;
		if (fd < 0)
			return fail_open(err, fd, cpu);
		ret = add_ring(mmaps, fd);
		if (ret)
			return fail_open(err, ret, cpu);
	}
	return 0;
}

int mmaps_open(const struct mmaps_config *config, struct mmaps **ret_mmaps, struct err *err)
{
	struct mmaps *mmaps = mem_alloc(sizeof(*mmaps));
	int ret;

	mmaps->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	mmaps->ring_bytes = config && config->ring_bytes ? config->ring_bytes : RING_BYTES_DEFAULT;
	mmaps->images = config ? config->images : NULL;
	mmaps->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (mmaps->epoll_fd < 0)
		ret = err_set(err, EXIT_CODE_FAILURE, -errno, "cannot create an epoll: %s",
			      strerror(errno));
	else
		ret = open_rings(mmaps, err);
	if (ret) {
		mmaps_close(&mmaps);
		return ret;
	}
	*ret_mmaps = mmaps;
	return 0;
}

int mmaps_poll_fd(const struct mmaps *mmaps)
{
	return mmaps->epoll_fd;
}

static int drain_ring(struct mmaps *mmaps, struct ring *ring)
{
	struct perf_event_mmap_page *control = ring->control;
	/* Pairs with the kernel's barrier before it moves data_head: the records are there. */
	uint64_t head = __atomic_load_n(&control->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = control->data_tail;
	int ret = mmaps_batch_take(&mmaps->batch, (char *)control + mmaps->page_bytes,
				   mmaps->ring_bytes, tail, head, mmaps->images);

	/* The kernel may write over the records from here on. */
	__atomic_store_n(&control->data_tail, head, __ATOMIC_RELEASE);
	return ret;
}

int mmaps_drain(struct mmaps *mmaps, bool final, struct ingest *ingest)
{
	struct scope_loss_record loss = {
		.rec = { SCOPE_REC_LOSS, sizeof(loss) },
		.cause = SCOPE_LOSS_MMAP_RING,
	};
	/* Of what is older than this, everything that it follows from is in a ring that is read. */
	nsec_t begun_ns = clock_now();
	int ret = 0;

	for (size_t i = 0; i < mmaps->rings.count; i++) {
		if (drain_ring(mmaps, &mmaps->rings.items[i])) {
			ret = -EINVAL;
			loss.count++;
		}
	}
	if (loss.count)
		ingest_record(ingest, &loss, sizeof(loss));
	mmaps_batch_emit(&mmaps->batch, final ? UINT64_MAX : begun_ns, ingest);
	return ret;
}
