// SPDX-License-Identifier: MIT
/*
 * conserve - eight kinds of thread whose every nanosecond has a known state.
 *
 *   poll      the main thread, in a poll() of 5 ms again and again
 *   cond      blocked throughout, on a futex as in a condition variable
 *   epoll     blocked throughout, in epoll_wait
 *   sleep10   sleeps of 10 ms
 *   sleep700  sleeps of 700 ms
 *   spin      three threads (--spinners) that never call the kernel: on a CPU or waiting for one
 *   yield     spins and gives way: never blocked either
 *   migrate   hops between the CPUs, with short sleeps
 *
 * --cpus N (default 2) is the number of CPUs they share; --kinds LIST leaves kinds out.
 * With --gated 1 commands come from stdin, one letter each: g (go), p (park), q (quit). All but
 * cond, epoll and main begin parked on a futex, so that their accounts can be read standing still.
 * Facts: `thread` a thread, `ready`, `active begin_ns`, `parked end_ns`.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

enum { PARKED, ACTIVE, QUIT };

static atomic_int phase = PARKED;
static atomic_int parked_count;
static int parkable_count;
static volatile unsigned long work_done;

static void park_until_go(void)
{
	atomic_fetch_add(&parked_count, 1);
	while (atomic_load(&phase) == PARKED)
		raw_call(SYS_futex, &phase, FUTEX_WAIT, PARKED, NULL);
	atomic_fetch_sub(&parked_count, 1);
}

static void set_phase(int value)
{
	atomic_store(&phase, value);
	raw_call(SYS_futex, &phase, FUTEX_WAKE, INT_MAX, 0);
}

static void wait_condition_forever(void)
{
	static int never;

	for (;;)
		raw_call(SYS_futex, &never, FUTEX_WAIT_PRIVATE, 0, NULL);
}

static void wait_epoll_forever(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	for (;;)
		raw_call(SYS_epoll_wait, fd, &event, 1, -1);
}

static void sleep_ten_ms(void)
{
	struct timespec t = { .tv_nsec = 10000000 };

	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void sleep_seven_hundred_ms(void)
{
	struct timespec t = { .tv_nsec = 700000000 };

	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

static void spin_on_cpu(void)
{
	for (int i = 0; i < 100000; i++)
		work_done++;
}

static void spin_and_yield(void)
{
	for (int i = 0; i < 100000; i++)
		work_done++;
	raw_call(SYS_sched_yield, 0, 0, 0, 0);
}

static void hop_between_cpus(void)
{
	static int cpu;
	struct timespec t = { .tv_nsec = 1000000 };

	work_pin_to(cpu++ % 2);
	for (int i = 0; i < 100000; i++)
		work_done++;
	raw_call(SYS_nanosleep, &t, NULL, 0, 0);
}

struct kind {
	const char *name;
	const char *function;
	void (*run)(void);
	int forever; /* never returns and cannot be parked */
};

static const struct kind kinds[] = {
	{ "cond", "wait_condition_forever", wait_condition_forever, 1 },
	{ "epoll", "wait_epoll_forever", wait_epoll_forever, 1 },
	{ "sleep10", "sleep_ten_ms", sleep_ten_ms, 0 },
	{ "sleep700", "sleep_seven_hundred_ms", sleep_seven_hundred_ms, 0 },
	{ "spin", "spin_on_cpu", spin_on_cpu, 0 },
	{ "yield", "spin_and_yield", spin_and_yield, 0 },
	{ "migrate", "hop_between_cpus", hop_between_cpus, 0 },
};

static void *thread_main(void *arg)
{
	const struct kind *kind = arg;

	work_fact("thread tid=%d role=%s function=%s birth_ns=%llu", work_tid(), kind->name,
		  kind->function, (unsigned long long)work_now_ns());
	for (;;) {
		if (!kind->forever && atomic_load(&phase) == PARKED)
			park_until_go();
		if (atomic_load(&phase) == QUIT)
			return NULL;
		kind->run();
	}
}

/* The main thread's own kind. Returns the command that came, or 0. */
static char poll_five_ms(int control)
{
	struct pollfd fd = { .fd = control ? STDIN_FILENO : -1, .events = POLLIN };
	char command = 0;

	if (raw_call(SYS_poll, &fd, 1, 5, 0) > 0 && read(STDIN_FILENO, &command, 1) != 1)
		command = 'q';
	return command;
}

static char wait_for_command(void)
{
	char command;

	if (raw_call(SYS_read, STDIN_FILENO, &command, 1, 0) != 1)
		return 'q';
	return command;
}

static void wait_all_parked(void)
{
	while (atomic_load(&parked_count) < parkable_count)
		work_sleep_ns(WORK_MS);
	work_fact("parked end_ns=%llu", (unsigned long long)work_now_ns());
}

static void go(void)
{
	work_fact("active begin_ns=%llu", (unsigned long long)work_now_ns());
	set_phase(ACTIVE);
}

static void run_gated(uint64_t deadline_ns)
{
	char command = 0;

	wait_all_parked();
	while (command != 'q' && work_now_ns() < deadline_ns) {
		command = atomic_load(&phase) == ACTIVE ? poll_five_ms(1) : wait_for_command();
		if (command == 'g') {
			go();
		} else if (command == 'p') {
			set_phase(PARKED);
			wait_all_parked();
		}
	}
}

static int listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') && (!at[length] || at[length] == ','))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *list;
	uint64_t deadline_ns;

	work_begin(argc, argv, "kinds spinners cpus gated");
	deadline_ns = work_now_ns() + (uint64_t)(work_number("seconds", 30) * (double)WORK_S);
	list = work_option("kinds", "cond,epoll,sleep10,sleep700,spin,yield,migrate");
	work_pin((int)work_number("cpus", 2));
	work_fact("thread tid=%d role=poll function=poll_five_ms birth_ns=%llu", work_tid(),
		  (unsigned long long)work_now_ns());
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		int count = !strcmp(kinds[i].name, "spin") ? (int)work_number("spinners", 3) : 1;

		if (!listed(list, kinds[i].name))
			continue;
		for (int n = 0; n < count; n++)
			work_thread(kinds[i].name, thread_main, (void *)&kinds[i]);
		if (!kinds[i].forever)
			parkable_count += count;
	}
	if (work_number("gated", 0) > 0) {
		work_fact("ready");
		run_gated(deadline_ns);
	} else {
		wait_all_parked();
		go();
		work_fact("ready");
		while (work_now_ns() < deadline_ns)
			poll_five_ms(0);
	}
	return 0;
}
