// SPDX-License-Identifier: MIT
#include "ledger_check.h"

#include <string.h>

#include "ingest.h"
#include "ledger.h"

static struct ingest *ingest;

int ledger_check_take(const void *record, size_t bytes)
{
	if (!ingest)
		ingest = ingest_new();
	return ingest_record(ingest, record, bytes);
}

void ledger_check_each(ledger_line_fn *visit)
{
	struct ledger ledger;

	procs_seal(&ingest->procs);
	ledger_init(&ledger, ingest);
	for (size_t i = 0; i < ledger.threads.count; i++) {
		const struct ledger_thread *t = &ledger.threads.items[i];
		struct ledger_line line = { .alive_ns = t->alive_ns };

		if (t->last_life != LEDGER_NONE)
			line.thread = ingest->lives.items[t->last_life].record.thread;
		memcpy(line.ns, t->ns, sizeof(line.ns));
		visit(&line);
	}
	ledger_free(&ledger);
}
