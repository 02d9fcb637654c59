/* SPDX-License-Identifier: MIT */
/*
 * ledger_check.h - the same records through the project's own sink and ledger (src/ingest.c,
 * src/ledger.c). Speaks no kernel types, since those of user space differ.
 */
#ifndef TEST_LEDGER_CHECK_H
#define TEST_LEDGER_CHECK_H

#include <stddef.h>
#include <stdint.h>

struct ledger_line {
	uint64_t thread; /* 0: those that were lost */
	uint64_t alive_ns, ns[3];
};

/* A record as the tracer would hand it on; -EINVAL: the sink refuses it. */
int ledger_check_take(const void *record, size_t bytes);

typedef void ledger_line_fn(const struct ledger_line *line);
void ledger_check_each(ledger_line_fn *visit);

/*
 * All of it through src/profile_build.c, with a timeline. Visits the intervals, thread by thread and
 * in time order; fails where they overlap, or do not sum to the ledger or, where some were lost,
 * not even with these.
 */
struct interval_line {
	uint64_t thread; /* its id */
	uint64_t from_ns, to_ns;
	uint32_t tid, state;
	uint32_t waker; /* its tid; 0: none */
};

typedef void interval_fn(const struct interval_line *line);
void ledger_check_intervals(interval_fn *visit);

#endif
