// SPDX-License-Identifier: MIT
/*
 * faults - page faults that wait for a file: maps --file PATH (needed; made and removed, 32 MiB),
 * puts it out of the page cache, touches its pages in the function touch_pages, and begins anew
 * until
 * --seconds T are over.
 *
 * Facts: `thread`, `ready`, and `result` with major (faults that waited for the disk; 0 where the
 * file system is memory), minor and touch_ns: the time spent in touch_pages.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "work.h"

#define FILE_BYTES (32u << 20)

static volatile unsigned char seen;

static void touch_pages(const volatile unsigned char *map)
{
	/* Backwards, so that reading ahead helps little. */
	for (size_t at = FILE_BYTES; at; at -= 4096)
		seen = map[at - 4096];
}

int main(int argc, char **argv)
{
	static char block[65536];
	uint64_t deadline_ns, touch_ns = 0;
	const char *path;
	struct rusage before, usage;
	int fd;

	work_begin(argc, argv, "file");
	path = work_option("file", "faults.tmp");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		work_die(path);
	memset(block, 'x', sizeof(block));
	for (size_t n = 0; n < FILE_BYTES; n += sizeof(block))
		if (write(fd, block, sizeof(block)) != sizeof(block))
			work_die(path);
	if (fsync(fd))
		work_die(path);
	getrusage(RUSAGE_THREAD, &before);
	work_fact("thread tid=%d role=faults function=touch_pages", work_tid());
	work_fact("ready");
	deadline_ns = work_now_ns() + (uint64_t)(work_number("seconds", 10) * (double)WORK_S);
	while (work_now_ns() < deadline_ns) {
		void *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
		uint64_t begin_ns;

		if (map == MAP_FAILED)
			work_die("mmap");
		madvise(map, FILE_BYTES, MADV_RANDOM);
		begin_ns = work_now_ns();
		touch_pages(map);
		touch_ns += work_now_ns() - begin_ns;
		munmap(map, FILE_BYTES);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	getrusage(RUSAGE_THREAD, &usage);
	work_fact("result major=%ld minor=%ld touch_ns=%llu", usage.ru_majflt - before.ru_majflt,
		  usage.ru_minflt - before.ru_minflt, (unsigned long long)touch_ns);
	close(fd);
	unlink(path);
	return 0;
}
