/* SPDX-License-Identifier: MIT */
/*
 * ledger.h - each thread's exact account, completed to the end of the window.
 *
 * Invariants
 *  - alive_ns comes from birth, death and window alone; ns[] from what the kernel side charged, and
 *    from the state under way at the end. Neither is ever adjusted to the other; the difference is
 *    the residual.
 *  - Threads are sorted by pid, process (a pid may be used again), tid, birth; the threads of a
 *    process are contiguous. The threads that were lost with their records are one more, the last,
 *    in a process of their own with pid 0.
 *  - Threads that were not alive in the window are not there.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "ingest_data.h"
#include "profile.h"

#define LEDGER_NONE UINT32_MAX

struct ledger_thread {
	uint32_t last_life; /* in ingest.lives, leads to earlier ones; LEDGER_NONE: the lost */
	uint32_t process;   /* index */
	uint32_t instance;  /* of procs, or PROCS_NONE */
	uint32_t pid, tid;
	nsec_t start_time_ns;
	bool kernel_thread;
	nsec_t born_ns; /* clipped to the window */
	nsec_t alive_ns;
	nsec_t ns[SCOPE_STATES];
	nsec_t other_cpu_ns[SCOPE_STATES]; /* part of ns[], never more */
	uint64_t switches;
	char comm[SCOPE_COMM_LEN + 1];
};

struct ledger_process {
	uint32_t pid;
	uint32_t instance; /* of procs, or PROCS_NONE */
	uint32_t first_thread, thread_count;
};

struct ledger {
	ARRAY(struct ledger_thread) threads;
	ARRAY(struct ledger_process) processes;
	uint32_t *by_id; /* by thread of the ingest: index into threads, or LEDGER_NONE */
	uint32_t lost;	 /* index of the lost threads, or LEDGER_NONE */
};

void ledger_init(struct ledger *l, const struct ingest *ingest); /* after procs_seal() */
void ledger_free(struct ledger *l);

/*
 * The thread that sums and ticks of this id belong to. Those of ids that no record told of are the
 * lost threads', if there are any. LEDGER_NONE: nobody's.
 */
uint32_t ledger_find(const struct ledger *l, const struct ingest *ingest, uint64_t thread);

/* The part of a life's state at its last event that reaches to the end of the window. */
nsec_t ledger_pending_ns(const struct scope_thread *life, const struct scope_window *window);
/* Start and end of a life in the window; end >= start. */
nsec_t ledger_life_start_ns(const struct scope_thread *life, const struct scope_window *window);
nsec_t ledger_life_end_ns(const struct scope_thread *life, const struct scope_window *window);

#endif
