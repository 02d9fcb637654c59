// SPDX-License-Identifier: MIT
/*
 * pingpong - two processes that pass a byte through two pipes, on one CPU (--cpus 1, the default)
 * or one on each of two. --rounds N ends after N round trips, else --seconds T does. The first
 * plays --depth N frames deep (0), which have no frame pointers; with --paths N it goes there anew
 * for each round, in turn by one of N ways; each differs in every frame from the one before or after.
 *
 * Facts: `process` (twice), `result` with rounds, wall_ns, switches (both processes' voluntary
 * ones) and switches_per_s.
 */
#include <stdbool.h>
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

struct game {
	int in, out;
	bool anew;
	uint64_t paths, way; /* a bit for each frame, again after 64 */
	uint64_t done, rounds, deadline_ns;
};

/* One round trip; whether there is another. */
static bool play(struct game *g)
{
	char byte = 'x';

	if (raw_call(SYS_write, g->out, &byte, 1, 0) != 1 ||
	    raw_call(SYS_read, g->in, &byte, 1, 0) != 1)
		return false;
	g->done++;
	return g->done < g->rounds && (g->done % 64 || work_now_ns() < g->deadline_ns);
}

/* The `nop` keeps the two calls, and so their return addresses, apart. */
static __attribute__((noinline, optimize("O1", "omit-frame-pointer"))) bool deeper(struct game *g,
										   int depth)
{
	bool goes_on;

	if (depth <= 0) {
		do {
			goes_on = play(g);
		} while (goes_on && !g->anew);
	} else if (g->way >> depth % 64 & 1) {
		goes_on = deeper(g, depth - 1);
		__asm__ volatile("nop");
	} else {
		goes_on = deeper(g, depth - 1);
		__asm__ volatile("");
	}
	return goes_on;
}

int main(int argc, char **argv)
{
	uint64_t begin_ns, wall_ns, switches;
	struct game g;
	struct rusage mine, childs;
	int in, out, two;
	pid_t child;

	work_begin(argc, argv, "rounds cpus depth paths");
	two = work_number("cpus", 1) >= 2;
	child = work_fork_piped(&in, &out);
	if (!child) {
		work_pin_to(two);
		_exit(pong(in, out));
	}
	work_pin_to(0);
	work_fact("process pid=%d role=ping", getpid());
	work_fact("process pid=%d role=pong", child);
	work_fact("ready");
	begin_ns = work_now_ns();
	g = (struct game){
		.in = in,
		.out = out,
		.anew = work_number("paths", 1) >= 2,
		.paths = (uint64_t)work_number("paths", 1),
		.rounds = (uint64_t)work_number("rounds", 1e18),
		.deadline_ns = begin_ns + (uint64_t)(work_number("seconds", 5) * (double)WORK_S),
	};
	do {
		uint64_t path = g.done % g.paths;

		g.way = path / 2 * 0x9e3779b97f4a7c15u ^ (path % 2 ? ~0ull : 0);
	} while (deeper(&g, (int)work_number("depth", 0)));
	wall_ns = work_now_ns() - begin_ns;
	close(out);
	waitpid(child, NULL, 0);
	getrusage(RUSAGE_SELF, &mine);
	getrusage(RUSAGE_CHILDREN, &childs);
	switches = (uint64_t)mine.ru_nvcsw + (uint64_t)childs.ru_nvcsw;
	work_fact("result rounds=%llu wall_ns=%llu switches=%llu switches_per_s=%llu",
		  (unsigned long long)g.done, (unsigned long long)wall_ns,
		  (unsigned long long)switches,
		  (unsigned long long)((double)switches * 1e9 / (double)(wall_ns ? wall_ns : 1)));
	return 0;
}
