// SPDX-License-Identifier: MIT
/*
 * callers - waits again and again at the same place, with the same registers, called through others each
 * time: six functions of one shape, of which nothing but a return address tells which it was; and code
 * that lies at one address in turns, in two versions, and is mapped anew each time. The order has no period
 * (--seed N, 1). --rounds N (3000) waits, each of --us N (200) microseconds. --mapped 0 leaves out the code that
 * is mapped anew.
 *
 * Facts: `thread`, `ready`, and `caller` of each function with the number of its waits. With --hold 1 it
 * begins at the end of its stdin.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

#define PAGE	4096
#define CALLERS 6
#define MAPPED	2 /* of those, which are mapped */

static long pause_ns;

/* Does not return to it by a tail call, so that it is in the stack. */
static __attribute__((noinline)) void wait_here(void)
{
	struct timespec time = { 0, pause_ns };

	raw_call(SYS_nanosleep, &time, 0, 0, 0);
	__asm__ volatile("" ::: "memory");
}

#define CALLER(name)                                                                               \
	static __attribute__((noinline)) void name(void (*wait)(void))                             \
	{                                                                                          \
		wait();                                                                            \
		__asm__ volatile("" ::: "memory");                                                 \
	}

CALLER(caller_a)
CALLER(caller_b)
CALLER(caller_c)
CALLER(caller_d)

/* Each alone in a page of the file; of one length, with the call in another place. */
static __attribute__((noinline, section(".text.mapped_e"), aligned(PAGE))) void
mapped_e(void (*wait)(void))
{
	wait();
	__asm__ volatile("nop; nop; nop" ::: "memory");
}

static __attribute__((noinline, section(".text.mapped_f"), aligned(PAGE))) void
mapped_f(void (*wait)(void))
{
	__asm__ volatile("nop; nop; nop" ::: "memory");
	wait();
	__asm__ volatile("" ::: "memory");
}

static void (*const callers[CALLERS - MAPPED])(void (*wait)(void)) = {
	caller_a, caller_b, caller_c, caller_d,
};
static void (*const mapped[MAPPED])(void (*wait)(void)) = { mapped_e, mapped_f };
static const char *const names[CALLERS] = {
	"caller_a", "caller_b", "caller_c", "caller_d", "mapped_e", "mapped_f",
};

/* The page of this program's file that a function of it is in, at `at`; NULL: anywhere. */
static void *map_page(void *at, void (*function)(void (*wait)(void)), int fd)
{
	extern const char __executable_start;
	off_t offset = (off_t)((uintptr_t)function - (uintptr_t)&__executable_start);
	void *page = mmap(at, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0), fd,
			  offset & -PAGE);

	if (page == MAP_FAILED)
		work_die("mmap");
	return page;
}

/* By one call, so that the registers are the same whoever it is. */
static __attribute__((noinline)) void call(void (*caller)(void (*wait)(void)))
{
	caller(wait_here);
	__asm__ volatile("" ::: "memory");
}

/* How often this thread has left its CPU to wait: on a slow machine a pause may be over before it does. */
static uint64_t waited(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return (uint64_t)usage.ru_nvcsw;
}

/* Calls `caller` and adds to its count of waits. */
static void count_call(void (*caller)(void (*wait)(void)), uint64_t *ret_waits)
{
	uint64_t before = waited();

	call(caller);
	*ret_waits += waited() - before;
}

int main(int argc, char **argv)
{
	uint64_t state, rounds, waits[CALLERS] = { 0 };
	int fd, is_mapped = -1;
	unsigned count;
	void *page;

	work_begin(argc, argv, "seed rounds us hold mapped");
	state = (uint64_t)work_number("seed", 1) * 0x9e3779b97f4a7c15ull + 1;
	rounds = (uint64_t)work_number("rounds", 3000);
	count = work_number("mapped", 1) > 0 ? CALLERS : CALLERS - MAPPED;
	pause_ns = (long)(work_number("us", 200) * 1000);
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		work_die("/proc/self/exe");
	page = map_page(NULL, mapped[0], fd);
	work_fact("thread tid=%d role=callers function=wait_here", work_tid());
	work_fact("ready");
	if (work_number("hold", 0) > 0)
		work_hold();
	for (uint64_t i = 0; i < rounds; i++) {
		unsigned n;

		state = state * 6364136223846793005ull + 1442695040888963407ull;
		n = (unsigned)(state >> 33) % count;
		if (n < CALLERS - MAPPED) {
			count_call(callers[n], &waits[n]);
			continue;
		}
		if (is_mapped != (int)n)
			map_page(page, mapped[n - (CALLERS - MAPPED)], fd);
		is_mapped = (int)n;
		count_call((void (*)(void (*)(void)))page, &waits[n]);
	}
	for (unsigned n = 0; n < count; n++)
		work_fact("caller function=%s waits=%llu", names[n], (unsigned long long)waits[n]);
	close(fd);
	return 0;
}
