// SPDX-License-Identifier: MIT
/*
 * ring - --threads N (default 64) threads that pass a token round through futexes: each waits for it,
 * wakes the next and waits again. --cpus N are the CPUs that they share (default: all); --seconds T.
 *
 * Facts: `process`, `ready`, and `result` with passes and wall_ns.
 */
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

struct place {
	_Alignas(64) atomic_int has_token;
	struct place *next;
	uint64_t passes;
};

static int cpu_count;

static void await_token(struct place *mine)
{
	while (!atomic_load(&mine->has_token))
		raw_call(SYS_futex, &mine->has_token, FUTEX_WAIT_PRIVATE, 0, NULL);
	atomic_store(&mine->has_token, 0);
}

static void pass_token(struct place *mine)
{
	mine->passes++;
	atomic_store(&mine->next->has_token, 1);
	raw_call(SYS_futex, &mine->next->has_token, FUTEX_WAKE_PRIVATE, 1, 0);
}

static void *sit(void *arg)
{
	struct place *mine = arg;

	if (cpu_count)
		work_pin(cpu_count);
	for (;;) {
		await_token(mine);
		pass_token(mine);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	uint64_t begin_ns, passes = 0;
	struct place *places;
	int count;

	work_begin(argc, argv, "threads cpus");
	count = (int)work_number("threads", 64);
	cpu_count = (int)work_number("cpus", 0);
	if (count < 2)
		work_die("--threads: at least 2");
	places = aligned_alloc(_Alignof(struct place), (size_t)count * sizeof(*places));
	if (!places)
		work_die("aligned_alloc");
	for (int i = 0; i < count; i++) {
		places[i] = (struct place){ .next = &places[(i + 1) % count] };
		work_thread("ring", sit, &places[i]);
	}
	work_fact("process pid=%d", getpid());
	work_fact("ready");
	begin_ns = work_now_ns();
	pass_token(&places[count - 1]);
	work_sleep_ns((uint64_t)(work_number("seconds", 5) * (double)WORK_S));
	for (int i = 0; i < count; i++)
		passes += places[i].passes;
	work_fact("result passes=%llu wall_ns=%llu", (unsigned long long)passes,
		  (unsigned long long)(work_now_ns() - begin_ns));
	return 0;
}
