// SPDX-License-Identifier: MIT
/*
 * stacks - a thread that blocks in one stack after the other: --depth N (default 20) frames lead
 * there, each by one of two ways that the bits of a counter choose, the outermost by the highest.
 * Then it passes a byte to another process through a pipe and waits for the answer. --rate R stacks
 * a second (default: as many as it gets to), --distinct N of them (default: each is new) in turn,
 * and with --scattered 1 those that follow on one another have little in common. --seconds T.
 *
 * Facts: `process` (twice, the first has the stacks), `ready`, `result` with stacks and wall_ns.
 */
#include <sched.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static int in, out;

static void block(void)
{
	char byte = 'x';

	if (raw_call(SYS_write, out, &byte, 1, 0) != 1 || raw_call(SYS_read, in, &byte, 1, 0) != 1)
		work_die("the other process is gone");
}

/* The `nop` keeps the two calls, and so their return addresses, apart. */
static void deeper(uint64_t way, int depth)
{
	if (!depth) {
		block();
	} else if (way >> (depth - 1) & 1) {
		deeper(way, depth - 1);
		__asm__ volatile("nop");
	} else {
		deeper(way, depth - 1);
	}
}

static void answer(int from, int to)
{
	char byte;

	while (raw_call(SYS_read, from, &byte, 1, 0) == 1)
		if (raw_call(SYS_write, to, &byte, 1, 0) != 1)
			break;
}

/* So many bits, of which about half differ between a number and the next. */
static uint64_t scattered(uint64_t number, int bits)
{
	number *= 0x9e3779b97f4a7c15u;
	return number >> (64 - bits);
}

int main(int argc, char **argv)
{
	uint64_t begin_ns, end_ns, distinct, done = 0;
	int depth, apart;
	double rate;
	pid_t child;

	work_begin(argc, argv, "depth rate distinct scattered");
	depth = (int)work_number("depth", 20);
	if (depth < 1 || depth > 63)
		work_die("--depth: 1 to 63");
	rate = work_number("rate", 1e9);
	distinct = (uint64_t)work_number("distinct", 1e18);
	apart = (int)work_number("scattered", 0);
	work_pin(1);
	child = work_fork_piped(&in, &out);
	if (!child) {
		answer(in, out);
		return 0;
	}
	work_fact("process pid=%d role=stacks", getpid());
	work_fact("process pid=%d role=answers", child);
	work_fact("ready");
	begin_ns = work_now_ns();
	end_ns = begin_ns + (uint64_t)(work_number("seconds", 5) * (double)WORK_S);
	while (work_now_ns() < end_ns) {
		uint64_t number = done % distinct;

		if ((double)done > rate * (double)(work_now_ns() - begin_ns) / 1e9) {
			sched_yield();
			continue;
		}
		deeper(apart ? scattered(number, depth) : number, depth);
		done++;
	}
	work_fact("result stacks=%llu wall_ns=%llu", (unsigned long long)done,
		  (unsigned long long)(work_now_ns() - begin_ns));
	return 0;
}
