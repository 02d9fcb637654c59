// SPDX-License-Identifier: MIT
/*
 * pingpong - two processes that pass a byte through two pipes, on one CPU (--cpus 1, the default)
 * or one on each of two. --rounds N ends after N round trips, else --seconds T does.
 *
 * Facts: `process` (twice), `result` with rounds, wall_ns, switches (both processes' voluntary
 * ones) and switches_per_s.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rawcall.h"
#include "work.h"

static int pong(int in, int out)
{
	char byte;

	while (raw_call(SYS_read, in, &byte, 1, 0) == 1)
		if (raw_call(SYS_write, out, &byte, 1, 0) != 1)
			break;
	return 0;
}

static uint64_t ping(int in, int out, uint64_t rounds, uint64_t deadline_ns)
{
	uint64_t done = 0;
	char byte = 'x';

	while (done < rounds) {
		if (raw_call(SYS_write, out, &byte, 1, 0) != 1 ||
		    raw_call(SYS_read, in, &byte, 1, 0) != 1)
			break;
		done++;
		if (done % 64 == 0 && work_now_ns() >= deadline_ns)
			break;
	}
	return done;
}

int main(int argc, char **argv)
{
	uint64_t begin_ns, wall_ns, rounds, switches;
	struct rusage mine, childs;
	int there[2], back[2], two;
	pid_t child;

	work_begin(argc, argv, "rounds cpus");
	two = work_number("cpus", 1) >= 2;
	if (pipe(there) || pipe(back))
		work_die("pipe");
	child = fork();
	if (child < 0)
		work_die("fork");
	if (!child) {
		work_pin_to(two);
		close(there[1]);
		close(back[0]);
		_exit(pong(there[0], back[1]));
	}
	work_pin_to(0);
	close(there[0]);
	close(back[1]);
	work_fact("process pid=%d role=ping", getpid());
	work_fact("process pid=%d role=pong", child);
	work_fact("ready");
	begin_ns = work_now_ns();
	rounds = ping(back[0], there[1], (uint64_t)work_number("rounds", 1e18),
		      begin_ns + (uint64_t)(work_number("seconds", 5) * (double)WORK_S));
	wall_ns = work_now_ns() - begin_ns;
	close(there[1]);
	waitpid(child, NULL, 0);
	getrusage(RUSAGE_SELF, &mine);
	getrusage(RUSAGE_CHILDREN, &childs);
	switches = (uint64_t)mine.ru_nvcsw + (uint64_t)childs.ru_nvcsw;
	work_fact("result rounds=%llu wall_ns=%llu switches=%llu switches_per_s=%llu",
		  (unsigned long long)rounds, (unsigned long long)wall_ns,
		  (unsigned long long)switches,
		  (unsigned long long)((double)switches * 1e9 / (double)(wall_ns ? wall_ns : 1)));
	return 0;
}
