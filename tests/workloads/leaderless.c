// SPDX-License-Identifier: MIT
/*
 * leaderless - the main thread leaves by pthread_exit(), the process lives on: one thread spins,
 * one waits on a futex since before the leader left. Ends after --seconds S (default 300) by exit.
 *
 * Facts: `thread` a thread that stays; `ready` when the leader is a zombie.
 */
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static volatile unsigned long work_done;

static void leaderless_wait(void)
{
	static int never;

	for (;;)
		raw_call(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static void leaderless_spin(void)
{
	for (int i = 0; i < 1000000; i++)
		work_done++;
}

static void *wait_main(void *arg)
{
	(void)arg;
	work_fact("thread tid=%d role=wait", work_tid());
	leaderless_wait();
	return NULL;
}

static char leader_state(void)
{
	char text[512] = "";
	FILE *stat = fopen("/proc/self/stat", "r");
	const char *end;

	if (!stat)
		work_die("/proc/self/stat");
	end = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
	fclose(stat);
	return end && end[1] ? end[2] : '?';
}

static void *spin_main(void *arg)
{
	uint64_t end_ns = work_now_ns() + (uint64_t)(work_number("seconds", 300) * (double)WORK_S);

	(void)arg;
	work_fact("thread tid=%d role=spin", work_tid());
	while (leader_state() != 'Z')
		work_sleep_ns(WORK_MS);
	work_fact("ready");
	while (work_now_ns() < end_ns)
		leaderless_spin();
	_exit(0);
}

int main(int argc, char **argv)
{
	work_begin(argc, argv, "");
	work_thread("wait", wait_main, NULL);
	work_thread("spin", spin_main, NULL);
	pthread_exit(NULL);
}
