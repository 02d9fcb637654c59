// SPDX-License-Identifier: MIT
/* src/feed.c, without a kernel: what becomes of records that the sink refuses. */
#include "feed.h"

#include "check.h"
#include "ingest_data.h"

static void what_is_refused_is_a_loss(void)
{
	struct feed feed = { .ingest = ingest_new() };
	struct scope_ticks ticks = { .rec = { SCOPE_REC_TICKS, sizeof(ticks) }, .thread = 1 };
	/* without an id */
	struct scope_stack stack = { .rec = { SCOPE_REC_STACK, sizeof(stack) } };

	feed_record(&feed, &ticks, sizeof(ticks));
	feed_losses(&feed, -1);
	CHECK_INT(feed.ingest->losses[SCOPE_LOSS_RECORD].count, 0);
	feed_record(&feed, &stack, sizeof(stack));
	feed_record(&feed, &ticks, sizeof(ticks) - 8);
	feed_losses(&feed, -1);
	feed_losses(&feed, -1);
	CHECK_INT(feed.ingest->losses[SCOPE_LOSS_RECORD].count, 2);
	CHECK_INT(feed.reported[SCOPE_LOSS_RECORD].count, 2);
	ingest_free(&feed.ingest);
}

static void tables_become_records(void)
{
	struct feed feed = { .ingest = ingest_new() };
	const struct scope_sum_key sum_key = { .thread = 1, .ustack = 2, .kstack = 3, .reason = 4 };
	const struct scope_sum_value sum = { 10, 1, 20, 2 };
	const struct scope_tick_key tick_key = { .thread = 5, .ustack = 6, .kstack = 7 };
	const uint64_t ticks = 8;
	const struct ingest_sum_key *have_sum;
	const struct ingest_tick_key *have_tick;

	feed_sum(&feed, &sum_key, &sum);
	feed_ticks(&feed, &tick_key, &ticks);
	CHECK_INT(feed.refused, 0);
	have_sum = table_key(&feed.ingest->sums, 0);
	CHECK(have_sum->thread == 1 && have_sum->ustack == 2 && have_sum->kstack == 3 &&
	      have_sum->reason == 4);
	CHECK_INT(feed.ingest->sum_data.items[0].off_ns, 10);
	CHECK_INT(feed.ingest->sum_data.items[0].off_count, 1);
	CHECK_INT(feed.ingest->sum_data.items[0].runq_ns, 20);
	CHECK_INT(feed.ingest->sum_data.items[0].runq_count, 2);
	have_tick = table_key(&feed.ingest->ticks, 0);
	CHECK(have_tick->thread == 5 && have_tick->ustack == 6 && have_tick->kstack == 7);
	CHECK_INT(feed.ingest->tick_counts.items[0], 8);
	ingest_free(&feed.ingest);
}

int main(void)
{
	CHECK_CASE(what_is_refused_is_a_loss);
	CHECK_CASE(tables_become_records);
	return check_status();
}
