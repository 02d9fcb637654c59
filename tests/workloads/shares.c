// SPDX-License-Identifier: MIT
/*
 * shares - --threads (2) threads, on a CPU each, whose CPU time is 50/30/20 % in three functions,
 * in bursts of about 200 us between short sleeps, so that few bursts see a tick and the switch-out
 * is never where the time went.
 *
 * The bursts have the same number of loop turns, found once at the start, of the same code at the
 * same alignment. Five, three and two of every ten are of one function, shuffled anew each time: in
 * an order that repeats, the ticks would meet the same few bursts for seconds wherever a tick's
 * period is near a multiple of half of it. Each burst's CPU time is measured as well.
 *
 * Facts: per thread, every 100 ms or so, three times `share` with tid, at_ns (CLOCK_MONOTONIC),
 * function and cpu_ns, the sum up to then; in the end a `total` with tid, cpu_ns (everything the
 * thread did since `ready`), wall_ns and duty (per cent of wall).
 */
#include <time.h>

#include "rawcall.h"
#include "work.h"

#define THREADS_MAX 8
#define BURST_NS    200000
#define CALIBRATED  2000000
#define REPORT_NS   100000000

/* Each begins at a cache line: the same speed for all three. */
#define OF_ITS_OWN __attribute__((aligned(64)))

static _Thread_local volatile unsigned long work_half, work_third, work_fifth;
static long turns;
static uint64_t begin_ns, deadline_ns;

static OF_ITS_OWN void burn_half(void)
{
	for (long i = 0; i < turns; i++)
		work_half++;
}

static OF_ITS_OWN void burn_third(void)
{
	for (long i = 0; i < turns; i++)
		work_third++;
}

static OF_ITS_OWN void burn_fifth(void)
{
	for (long i = 0; i < turns; i++)
		work_fifth++;
}

static void rest(long ns)
{
	struct timespec t = { .tv_nsec = ns };

	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void calibrate(void)
{
	uint64_t best_ns = UINT64_MAX;

	turns = CALIBRATED / 10;
	for (int i = 0; i < 10; i++) {
		uint64_t before_ns = work_thread_cpu_ns(), took_ns;

		burn_half();
		took_ns = work_thread_cpu_ns() - before_ns;
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	turns = (long)((uint64_t)turns * BURST_NS / (best_ns ? best_ns : 1));
}

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* Fisher and Yates. */
static void shuffle(unsigned char *order, int count, unsigned int *seed)
{
	for (int i = count - 1; i > 0; i--) {
		int with = (int)(next_random(seed) % (unsigned int)(i + 1));
		unsigned char kept = order[i];

		order[i] = order[with];
		order[with] = kept;
	}
}

static void *burner(void *data)
{
	static void (*const burn[3])(void) = { burn_half, burn_third, burn_fifth };
	static const char *const names[3] = { "burn_half", "burn_third", "burn_fifth" };
	unsigned char order[10] = { 0, 0, 0, 0, 0, 1, 1, 1, 2, 2 };
	uint64_t cpu_ns[3] = { 0 }, begin_cpu_ns, now_ns, report_ns = begin_ns, total_ns;
	unsigned int seed = 1 + *(const unsigned int *)data;

	work_pin_to(*(const int *)data);
	begin_cpu_ns = work_thread_cpu_ns();
	work_fact("thread tid=%d role=shares turns=%ld", work_tid(), turns);
	while ((now_ns = work_now_ns()) < deadline_ns) {
		if (now_ns >= report_ns) {
			for (int i = 0; i < 3; i++)
				work_fact("share tid=%d at_ns=%llu function=%s cpu_ns=%llu",
					  work_tid(), (unsigned long long)now_ns, names[i],
					  (unsigned long long)cpu_ns[i]);
			report_ns = now_ns + REPORT_NS;
		}
		shuffle(order, 10, &seed);
		for (int i = 0; i < 10; i++) {
			uint64_t before_ns = work_thread_cpu_ns();

			burn[order[i]]();
			cpu_ns[order[i]] += work_thread_cpu_ns() - before_ns;
			rest(10000 + (long)(next_random(&seed) % 40000));
		}
	}
	total_ns = work_thread_cpu_ns() - begin_cpu_ns;
	work_fact("total tid=%d cpu_ns=%llu wall_ns=%llu duty=%llu", work_tid(),
		  (unsigned long long)total_ns, (unsigned long long)(now_ns - begin_ns),
		  (unsigned long long)(total_ns * 100 / (now_ns - begin_ns)));
	return NULL;
}

int main(int argc, char **argv)
{
	static int cpus[THREADS_MAX];
	pthread_t threads[THREADS_MAX];
	int count;

	work_begin(argc, argv, "threads");
	count = (int)work_number("threads", 2);
	if (count < 1 || count > THREADS_MAX)
		count = 2;
	rest(1000000);
	calibrate();
	begin_ns = work_now_ns();
	deadline_ns = begin_ns + (uint64_t)(work_number("seconds", 12) * (double)WORK_S);
	for (int i = 0; i < count; i++) {
		cpus[i] = i;
		threads[i] = work_thread("shares", burner, &cpus[i]);
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
