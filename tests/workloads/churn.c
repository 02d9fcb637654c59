// SPDX-License-Identifier: MIT
/*
 * churn - threads that come and go: --threads N (default 200) over --seconds T, at a steady rate,
 * each with a little work, two sleeps and a known life.
 *
 * Facts: `main` with tid and begin_ns, `done` with end_ns and cpu_ns (the process's), and one
 * `thread` a thread: created_ns (taken by the parent just before its life), birth_ns and death_ns
 * (taken by the thread, inside of it), cpu_ns (its own clock at death_ns).
 */
#include <stdlib.h>
#include <time.h>

#include "rawcall.h"
#include "work.h"

#define AT_ONCE 8

struct life {
	pthread_t thread;
	int number;
	pid_t tid;
	uint64_t created_ns, birth_ns, death_ns, cpu_ns;
};

static volatile unsigned long work_done;

static void churn_work(int number)
{
	for (int i = 0; i < 200000 * (1 + number % 4); i++)
		work_done++;
}

static void churn_sleep(int number)
{
	struct timespec t = { .tv_nsec = 1000000L * (1 + number % 7) };

	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void *churn_main(void *arg)
{
	struct life *life = arg;

	life->birth_ns = work_now_ns();
	life->tid = work_tid();
	churn_sleep(life->number);
	churn_work(life->number);
	churn_sleep(life->number / 7);
	life->cpu_ns = work_thread_cpu_ns();
	life->death_ns = work_now_ns();
	return NULL;
}

static void report(struct life *life)
{
	pthread_join(life->thread, NULL);
	work_fact("thread tid=%d role=churn created_ns=%llu birth_ns=%llu death_ns=%llu "
		  "cpu_ns=%llu",
		  life->tid, (unsigned long long)life->created_ns,
		  (unsigned long long)life->birth_ns, (unsigned long long)life->death_ns,
		  (unsigned long long)life->cpu_ns);
}

int main(int argc, char **argv)
{
	int count;
	uint64_t begin_ns, step_ns;
	struct life *lives;

	work_begin(argc, argv, "threads cpus");
	count = (int)work_number("threads", 200);
	step_ns = (uint64_t)(work_number("seconds", 4) * (double)WORK_S) /
		  (uint64_t)(count ? count : 1);
	lives = calloc((size_t)count + 1, sizeof(*lives));
	if (!lives)
		work_die("calloc");
	work_pin((int)work_number("cpus", 2));
	begin_ns = work_now_ns();
	work_fact("main tid=%d begin_ns=%llu", work_tid(), (unsigned long long)begin_ns);
	work_fact("ready");
	for (int i = 0; i < count; i++) {
		uint64_t due_ns = begin_ns + (uint64_t)i * step_ns, now_ns = work_now_ns();

		if (due_ns > now_ns)
			work_sleep_ns(due_ns - now_ns);
		if (i >= AT_ONCE)
			report(&lives[i - AT_ONCE]);
		lives[i].number = i;
		lives[i].created_ns = work_now_ns();
		lives[i].thread = work_thread("churn", churn_main, &lives[i]);
	}
	for (int i = count > AT_ONCE ? count - AT_ONCE : 0; i < count; i++)
		report(&lives[i]);
	work_fact("done end_ns=%llu cpu_ns=%llu", (unsigned long long)work_now_ns(),
		  (unsigned long long)work_process_cpu_ns());
	free(lives);
	return 0;
}
