// SPDX-License-Identifier: MIT
/*
 * shares - one thread whose CPU time is 50/30/20 % in three functions, in bursts of about 200 us
 * between short sleeps, so that few bursts see a tick and the switch-out is never where the time
 * went.
 *
 * The bursts have the same number of loop turns, found once at the start; the functions take turns
 * in a shuffled order. Each burst's CPU time is measured as well. Facts, in the end: one `share` a
 * function with cpu_ns, and `total` with cpu_ns (everything the thread did since `ready`), wall_ns
 * and duty (per cent of wall).
 */
#include <time.h>

#include "rawcall.h"
#include "work.h"

#define BURST_NS   200000
#define CALIBRATED 2000000

static volatile unsigned long work_half, work_third, work_fifth;
static long turns;

static void burn_half(void)
{
	for (long i = 0; i < turns; i++)
		work_half++;
}

static void burn_third(void)
{
	for (long i = 0; i < turns; i++)
		work_third++;
}

static void burn_fifth(void)
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
		uint64_t begin_ns = work_thread_cpu_ns(), took_ns;

		burn_half();
		took_ns = work_thread_cpu_ns() - begin_ns;
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	turns = (long)((uint64_t)turns * BURST_NS / (best_ns ? best_ns : 1));
}

int main(int argc, char **argv)
{
	static void (*const burn[3])(void) = { burn_half, burn_third, burn_fifth };
	static const char *const names[3] = { "burn_half", "burn_third", "burn_fifth" };
	static const unsigned char order[10] = { 0, 1, 0, 2, 0, 1, 0, 1, 2, 0 };
	uint64_t cpu_ns[3] = { 0 }, begin_ns, begin_cpu_ns, deadline_ns, wall_ns, total_ns;
	unsigned int seed = 1;

	work_begin(argc, argv, "");
	work_pin(1);
	rest(1000000);
	calibrate();
	begin_ns = work_now_ns();
	begin_cpu_ns = work_thread_cpu_ns();
	deadline_ns = begin_ns + (uint64_t)(work_number("seconds", 12) * (double)WORK_S);
	work_fact("thread tid=%d role=shares turns=%ld", work_tid(), turns);
	work_fact("ready");
	for (unsigned int i = 0; work_now_ns() < deadline_ns; i++) {
		unsigned int which = order[i % 10];
		uint64_t before_ns = work_thread_cpu_ns();

		burn[which]();
		cpu_ns[which] += work_thread_cpu_ns() - before_ns;
		/* Irregular, so that bursts and ticks cannot march in step. */
		seed = seed * 1103515245 + 12345;
		rest(10000 + (long)(seed >> 16) % 60000);
	}
	wall_ns = work_now_ns() - begin_ns;
	total_ns = work_thread_cpu_ns() - begin_cpu_ns;
	for (int i = 0; i < 3; i++)
		work_fact("share function=%s cpu_ns=%llu", names[i], (unsigned long long)cpu_ns[i]);
	work_fact("total cpu_ns=%llu wall_ns=%llu duty=%llu", (unsigned long long)total_ns,
		  (unsigned long long)wall_ns, (unsigned long long)(total_ns * 100 / wall_ns));
	return 0;
}
