/* SPDX-License-Identifier: MIT */
/*
 * oracle.h - what the kernel's scheduler itself says of a thread: fields 1 to 3 of
 * /proc/PID/task/TID/schedstat, which are its time on a CPU, its time waiting for one (both in ns)
 * and the number of times it got one.
 *
 * The first is brought up to date at ticks and switches, the second only when the thread gets a
 * CPU. So a reading tells the truth of a thread that is blocked, and a lower bound of any other.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "known.h"

struct reading {
	int64_t before_ns, after_ns; /* CLOCK_MONOTONIC around it */
	int64_t on_ns, runq_ns, count;
};

/* One thread's readings over time. */
struct track {
	int pid, tid;
	int fd;
	struct reading *readings;
	size_t count, room;
};

/* False where the kernel does not keep the file (CONFIG_SCHED_INFO). */
bool oracle_works(void);

void track_open(struct track *track, int pid, int tid);
/* Appends one reading; false if the thread is gone. */
bool track_read(struct track *track);
void track_close(struct track *track);

/*
 * ON and RUNQ of `thread` against the first and last reading of a track whose thread was blocked at
 * both and did nothing outside of the window.
 */
bool oracle_check_settled(const struct doc_thread *thread, const struct track *track,
			  int64_t stolen_ns, struct doc_error *error);

/* The sums over all tracks, to the same bound. */
bool oracle_check_sums(const struct doc *doc, const struct track *tracks, size_t count,
		       int64_t stolen_ns, struct doc_error *error);

/*
 * The same for one thread against readings taken all the while, with the window's edges anywhere
 * between them: the bounds are what the readings next to the edges allow. `tick_ns`: how stale time
 * on a CPU can be.
 */
bool oracle_check_edges(const struct doc *doc, const struct doc_thread *thread,
			const struct track *track, int64_t tick_ns, int64_t stolen_ns,
			struct doc_error *error);

/*
 * Time that a host took away or interrupts used, all CPUs, since boot. A kernel may leave it out of
 * a thread's time on a CPU, and so does the ledger, for which it is waiting for the CPU.
 */
int64_t oracle_stolen_ns(void);


/* What the kernel says of all CPUs together, in ticks of 10 ms. */
struct oracle_cpus {
	int64_t at_ns;	   /* known_now_ns() */
	int64_t all_ns;	   /* used, idle and stolen */
	int64_t stolen_ns; /* as oracle_stolen_ns() */
};

struct oracle_cpus oracle_cpus_now(void);

#endif
