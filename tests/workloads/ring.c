// SPDX-License-Identifier: MIT
/*
 * ring - --threads N (default 64) threads that pass tokens round through futexes: each waits for
 * one, wakes the next and waits again. --tokens N are on their way (default 1; with 0 all sleep
 * throughout); with --processes 1 each thread is a process of its own; --sleepers N further threads
 * never wake up; --cpus N are the CPUs that they share (default: all); --seconds T.
 *
 * Facts: `process` each process that passes tokens, and `ready`.
 */
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

struct place {
	_Alignas(64) atomic_int tokens;
	struct place *next;
};

static void await_token(struct place *mine)
{
	while (!atomic_load(&mine->tokens))
		raw_call(SYS_futex, &mine->tokens, FUTEX_WAIT, 0, NULL);
	atomic_fetch_sub(&mine->tokens, 1);
}

static void pass_token(struct place *to)
{
	atomic_fetch_add(&to->tokens, 1);
	raw_call(SYS_futex, &to->tokens, FUTEX_WAKE, 1, 0);
}

static void *sit(void *arg)
{
	struct place *mine = arg;

	for (;;) {
		await_token(mine);
		pass_token(mine->next);
	}
	return NULL;
}

static void *sleep_throughout(void *arg)
{
	static atomic_int never;

	for (;;)
		raw_call(SYS_futex, &never, FUTEX_WAIT, 0, NULL);
	return arg;
}

static void sit_alone(struct place *place)
{
	pid_t child = fork();

	if (child < 0)
		work_die("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sit(place);
	}
	work_fact("process pid=%d", child);
}

int main(int argc, char **argv)
{
	int count, tokens, cpus, apart;
	struct place *places;

	work_begin(argc, argv, "threads tokens processes sleepers cpus");
	count = (int)work_number("threads", 64);
	tokens = (int)work_number("tokens", 1);
	apart = work_number("processes", 0) > 0;
	cpus = (int)work_number("cpus", 0);
	if (count < 2)
		work_die("--threads: at least 2");
	if (cpus)
		work_pin(cpus);
	places = mmap(NULL, (size_t)count * sizeof(*places), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		work_die("mmap");
	for (int i = 0; i < count; i++) {
		places[i].next = &places[(i + 1) % count];
		if (apart)
			sit_alone(&places[i]);
		else
			work_thread("ring", sit, &places[i]);
	}
	for (int i = (int)work_number("sleepers", 0); i > 0; i--)
		work_thread("sleeper", sleep_throughout, NULL);
	if (!apart)
		work_fact("process pid=%d", getpid());
	work_fact("ready");
	for (int i = 0; i < tokens; i++)
		pass_token(&places[(long)i * count / tokens]);
	work_sleep_ns((uint64_t)(work_number("seconds", 5) * (double)WORK_S));
	return 0;
}
