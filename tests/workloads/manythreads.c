// SPDX-License-Identifier: MIT
/*
 * manythreads - --threads N (default 5000) threads asleep for --seconds T, in the function
 * sleep_throughout. Every tenth (--restless 1) wakes up each 100 ms instead, in sleep_restlessly.
 * One more (--busy 1) is on a CPU all the time, and calls the kernel after each 20 000 steps, which
 * /proc/PID/io counts as a write.
 *
 * Facts: `thread` a thread with role asleep or restless, `process`, then `ready`.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static void sleep_throughout(void)
{
	struct timespec t = { .tv_sec = 3600 };

	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void sleep_restlessly(void)
{
	struct timespec t = { .tv_nsec = 100000000 };

	for (;;)
		raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void *asleep(void *arg)
{
	(void)arg;
	work_fact("thread tid=%d role=asleep", work_tid());
	sleep_throughout();
	return NULL;
}

static void *restless(void *arg)
{
	(void)arg;
	work_fact("thread tid=%d role=restless", work_tid());
	sleep_restlessly();
	return NULL;
}

static void *busy(void *arg)
{
	static volatile unsigned long steps;
	int nowhere = open("/dev/null", O_WRONLY);

	if (nowhere < 0)
		work_die("/dev/null");
	for (;;) {
		for (int i = 0; i < 20000; i++)
			steps++;
		raw_call(SYS_write, nowhere, "", 1, 0);
	}
	return arg;
}

int main(int argc, char **argv)
{
	int count, with_restless;

	work_begin(argc, argv, "threads restless busy");
	count = (int)work_number("threads", 5000);
	with_restless = (int)work_number("restless", 0);
	for (int i = 0; i < count; i++)
		work_thread("many", with_restless && i % 10 == 0 ? restless : asleep, NULL);
	if (work_number("busy", 0) > 0)
		work_thread("busy", busy, NULL);
	work_fact("process pid=%d", getpid());
	work_fact("ready");
	work_sleep_ns((uint64_t)(work_number("seconds", 30) * (double)WORK_S));
	return 0;
}
