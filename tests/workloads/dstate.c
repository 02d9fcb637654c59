// SPDX-License-Identifier: MIT
/*
 * dstate - uninterruptible waits, as far as user space can ask for them.
 *
 *   vfork (always)     the main thread waits, in D, for a vfork child that sleeps 20 ms and exits
 *   sync (--file PATH) a thread writes to PATH and waits for the disk
 *
 * Facts: `thread` a thread with role, `ready`, in the end `result` with role, count and waited_ns:
 * the sum of its calls by its own clock.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static atomic_int ended;

static void wait_for_vfork(void)
{
	static const struct timespec t = { .tv_nsec = 20000000 };

	/* The child shares this frame; made without a libc call it harms nothing in it. */
	if (raw_call(SYS_vfork, 0, 0, 0, 0) == 0) {
		raw_call(SYS_nanosleep, &t, NULL, 0, 0);
		raw_call(SYS_exit, 0, 0, 0, 0);
	}
	raw_call(SYS_wait4, -1, NULL, 0, NULL);
}

static void wait_for_disk(int fd)
{
	static char block[65536];

	block[0]++;
	raw_call(SYS_pwrite64, fd, block, sizeof(block), 0);
	raw_call(SYS_fsync, fd, 0, 0, 0);
}

static void *sync_main(void *arg)
{
	const char *path = arg;
	uint64_t waited_ns = 0, count = 0;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		work_die(path);
	work_fact("thread tid=%d role=sync function=wait_for_disk", work_tid());
	while (!atomic_load(&ended)) {
		uint64_t begin_ns = work_now_ns();

		wait_for_disk(fd);
		waited_ns += work_now_ns() - begin_ns;
		count++;
	}
	work_fact("result role=sync count=%llu waited_ns=%llu", (unsigned long long)count,
		  (unsigned long long)waited_ns);
	close(fd);
	unlink(path);
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t waited_ns = 0, count = 0, deadline_ns;
	const char *path;
	pthread_t syncer;

	work_begin(argc, argv, "file");
	deadline_ns = work_now_ns() + (uint64_t)(work_number("seconds", 10) * (double)WORK_S);
	path = work_option("file", NULL);
	if (path)
		syncer = work_thread("sync", sync_main, (void *)path);
	work_fact("thread tid=%d role=vfork function=wait_for_vfork", work_tid());
	work_fact("ready");
	while (work_now_ns() < deadline_ns) {
		uint64_t begin_ns = work_now_ns();

		wait_for_vfork();
		waited_ns += work_now_ns() - begin_ns;
		count++;
	}
	atomic_store(&ended, 1);
	if (path)
		pthread_join(syncer, NULL);
	work_fact("result role=vfork count=%llu waited_ns=%llu", (unsigned long long)count,
		  (unsigned long long)waited_ns);
	return 0;
}
