// SPDX-License-Identifier: MIT
/*
 * jit - one thread that spins in code it made itself, in memory of no file (with --memfd 1: of one
 * that is nowhere), and that wrote down the code's name in a perf map: twice, since the memory had
 * another function before. It takes the map away when it ends.
 *
 * Facts: `thread` with tid, role=spinner and function, then `ready`.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "work.h"

#define TURNS 1000000

/* void (unsigned long turns): frame pointer, count down to zero, return. */
static const unsigned char code[] = {
	0x55, 0x48, 0x89, 0xe5, 0x48, 0xff, 0xcf, 0x75, 0xfb, 0x5d, 0xc3,
};

/* Executable, and not to be written: in a memfd by way of another mapping, as some runtimes do. */
static void *make_code(int fd)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		work_die("mmap");
	memcpy(memory, code, sizeof(code));
	if (fd < 0 && mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		work_die("mprotect");
	if (fd >= 0)
		memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, flags, fd, 0);
	if (memory == MAP_FAILED)
		work_die("mmap");
	return memory;
}

static void write_map(const char *path, const void *start)
{
	FILE *map = fopen(path, "we");

	if (!map ||
	    fprintf(map, "%lx 1000 jit_before\n%lx %zx jit_hot\n", (unsigned long)start,
		    (unsigned long)start, sizeof(code)) < 0 ||
	    fclose(map))
		work_die(path);
}

int main(int argc, char **argv)
{
	void (*hot)(unsigned long turns);
	uint64_t deadline_ns;
	char path[64];
	void *memory;
	int fd = -1;

	work_begin(argc, argv, "memfd");
	if (work_number("memfd", 0) > 0) {
		fd = memfd_create("code", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, 4096))
			work_die("memfd");
	}
	memory = make_code(fd);
	memcpy(&hot, &memory, sizeof(hot));
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	write_map(path, memory);
	work_fact("thread tid=%d role=spinner function=jit_hot", work_tid());
	work_fact("ready");
	deadline_ns = work_now_ns() + (uint64_t)(work_number("seconds", 5) * (double)WORK_S);
	while (work_now_ns() < deadline_ns)
		hot(TURNS);
	unlink(path);
	return 0;
}
