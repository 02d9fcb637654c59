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

#endif
