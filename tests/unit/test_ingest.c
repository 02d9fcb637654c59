// SPDX-License-Identifier: MIT
#include "ingest.h"

#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "ingest_data.h"
#include "mem.h"
#include "profile_build.h"
#include "sound.h"

static const struct symsource *const no_sources[] = { NULL };
static const struct profile_config config = {
	.states = { true, true, true },
	.user_stacks = true,
	.kernel_stacks = true,
	.timeline = true,
	.target = "a test",
	.symbols.sources = no_sources,
};

#define HEAD(record, record_type) { .type = (record_type), .size = sizeof(record) }

static const size_t fixed_bytes[SCOPE_REC_TYPES] = {
	[SCOPE_REC_SUM] = sizeof(struct scope_sum),
	[SCOPE_REC_TICKS] = sizeof(struct scope_ticks),
	[SCOPE_REC_THREAD] = sizeof(struct scope_thread),
	[SCOPE_REC_SEEN] = sizeof(struct scope_seen),
	[SCOPE_REC_FORK] = sizeof(struct scope_fork),
	[SCOPE_REC_COMM] = sizeof(struct scope_comm),
	[SCOPE_REC_EXIT] = sizeof(struct scope_exit),
	[SCOPE_REC_LOSS] = sizeof(struct scope_loss_record),
	[SCOPE_REC_TURN] = sizeof(struct scope_turn),
	[SCOPE_REC_HIT] = sizeof(struct scope_hit),
	[SCOPE_REC_WINDOW] = sizeof(struct scope_window),
};

static void sizes_are_checked(void)
{
	struct ingest *g = ingest_new();
	uint64_t space[64];

	for (uint32_t type = 0; type < SCOPE_REC_TYPES + 2; type++) {
		size_t right = type < SCOPE_REC_TYPES ? fixed_bytes[type] : 0;

		for (size_t bytes = 0; bytes <= sizeof(space); bytes++) {
			struct scope_record head = { type, (uint32_t)bytes };
			int ret;

			if (type == SCOPE_REC_STACK || type == SCOPE_REC_MAP)
				continue;
			memset(space, 0, sizeof(space));
			memcpy(space, &head, sizeof(head));
			ret = ingest_record(g, space, bytes);
			CHECK_INT(ret, right && bytes == right ? 0 : -EINVAL);
		}
	}
	ingest_free(&g);
	CHECK(!g);
	ingest_free(&g);
}

static void size_said_is_size_given(void)
{
	struct scope_exit record = { .rec = { SCOPE_REC_EXIT, sizeof(record) + 8 } };
	struct ingest *g = ingest_new();

	CHECK_INT(ingest_record(g, &record, sizeof(record)), -EINVAL);
	record.rec.size = sizeof(record);
	CHECK_INT(ingest_record(g, &record, sizeof(record)), 0);
	ingest_free(&g);
}

struct stack_record {
	struct scope_stack head;
	uint64_t ips[SCOPE_MAX_FRAMES + 1];
};

static int take_stack(struct ingest *g, uint64_t id, uint16_t count, size_t there)
{
	struct stack_record r = { .head = { .id = id, .count = count } };
	size_t bytes = sizeof(r.head) + there * 8;

	r.head.rec.type = SCOPE_REC_STACK;
	r.head.rec.size = (uint32_t)bytes;
	for (size_t i = 0; i < there; i++)
		r.ips[i] = id + i;
	return ingest_record(g, &r, bytes);
}

static void stacks_are_as_long_as_they_say(void)
{
	struct ingest *g = ingest_new();
	uint32_t leaf;

	CHECK_INT(take_stack(g, 1, 2, 1), -EINVAL);
	CHECK_INT(take_stack(g, 1, 1, 2), -EINVAL);
	CHECK_INT(take_stack(g, 1, SCOPE_MAX_FRAMES + 1, SCOPE_MAX_FRAMES + 1), -EINVAL);
	CHECK_INT(take_stack(g, 0, 1, 1), -EINVAL);
	CHECK_INT(g->stack_data.count, 0);
	CHECK_INT(take_stack(g, 5, SCOPE_MAX_FRAMES, SCOPE_MAX_FRAMES), 0);
	CHECK_INT(take_stack(g, 6, 0, 0), 0);
	CHECK_INT(take_stack(g, 5, 3, 3), 0); /* again: the first counts */
	CHECK_INT(g->stack_data.count, 2);
	CHECK_INT(g->stack_data.items[0].count, SCOPE_MAX_FRAMES);
	leaf = g->stack_data.items[0].leaf;
	for (uint32_t i = 0; i < SCOPE_MAX_FRAMES; i++)
		CHECK_INT(ingest_address(g, leaf, &leaf), 5 + i);
	CHECK(leaf == INGEST_OUTERMOST && g->stack_data.items[1].leaf == INGEST_OUTERMOST);
	ingest_free(&g);
}

static int take_map(struct ingest *g, const char *path, uint16_t path_len, size_t room)
{
	struct {
		struct scope_map head;
		char path[64];
	} r = { .head = { .start = 0x1000, .end = 0x2000, .pid = 1, .executable = 1 } };

	r.head.path_len = path_len;
	r.head.rec.type = SCOPE_REC_MAP;
	r.head.rec.size = (uint32_t)(sizeof(r.head) + room);
	memcpy(r.path, path, strlen(path));
	return ingest_record(g, &r, r.head.rec.size);
}

static void paths_end_where_they_say(void)
{
	struct ingest *g = ingest_new();

	CHECK_INT(take_map(g, "", 0, 0), -EINVAL); /* not even a NUL */
	CHECK_INT(take_map(g, "abcdefgh", 8, 8), -EINVAL);
	CHECK_INT(take_map(g, "abcdefgh", 65535, 16), -EINVAL);
	CHECK_INT(take_map(g, "abcd", 6, 8), -EINVAL);	 /* a NUL inside */
	CHECK_INT(take_map(g, "abcdefg", 3, 8), -EINVAL); /* and none at the end */
	CHECK_INT(g->procs.maps.count, 0);
	CHECK_INT(take_map(g, "abcdefg", 7, 8), 0);
	CHECK_INT(take_map(g, "", 0, 8), 0);
	CHECK_INT(g->procs.maps.count, 2);
	ingest_free(&g);
}

static void values_are_in_range(void)
{
	struct scope_thread thread = { .rec = HEAD(thread, SCOPE_REC_THREAD), .thread = 1,
				       .state = SCOPE_DEAD + 1 },
			    here = { .rec = HEAD(here, SCOPE_REC_THREAD), .thread = 1,
				     .here.thinning = SCOPE_THIN_STEPS },
			    before = { .rec = HEAD(before, SCOPE_REC_THREAD), .thread = 1,
				       .before.thinning = SCOPE_THIN_STEPS };
	struct scope_seen seen = { .rec = HEAD(seen, SCOPE_REC_SEEN), .state = SCOPE_DEAD + 1 };
	struct scope_loss_record loss = { .rec = HEAD(loss, SCOPE_REC_LOSS),
					  .cause = SCOPE_LOSS_COUNT };
	struct scope_window window = { .rec = HEAD(window, SCOPE_REC_WINDOW), .start_ns = 2,
				       .end_ns = 1 };
	struct ingest *g = ingest_new();

	CHECK_INT(ingest_record(g, &thread, sizeof(thread)), -EINVAL);
	CHECK_INT(ingest_record(g, &here, sizeof(here)), -EINVAL);
	CHECK_INT(ingest_record(g, &before, sizeof(before)), -EINVAL);
	CHECK_INT(ingest_record(g, &seen, sizeof(seen)), -EINVAL);
	CHECK_INT(ingest_record(g, &loss, sizeof(loss)), -EINVAL);
	CHECK_INT(ingest_record(g, &window, sizeof(window)), -EINVAL);
	CHECK_INT(g->threads.count, 0);
	CHECK_INT(g->seen.count, 0);
	ingest_free(&g);
}

static void sums_and_ticks_add_up(void)
{
	struct scope_sum sum = { .rec = HEAD(sum, SCOPE_REC_SUM), .thread = 1, .ustack = 2,
				 .kstack = 3, .reason = 4, .off_ns = 10, .off_count = 1,
				 .runq_ns = 5, .runq_count = 2 };
	struct scope_ticks ticks = { .rec = HEAD(ticks, SCOPE_REC_TICKS), .thread = 1, .ustack = 2,
				     .count = 3 };
	struct ingest *g = ingest_new();

	for (int i = 0; i < 3; i++) {
		ingest_record(g, &sum, sizeof(sum));
		ingest_record(g, &ticks, sizeof(ticks));
	}
	sum.reason = 5;
	ingest_record(g, &sum, sizeof(sum));
	ingest_record(g, &sum, sizeof(sum));
	sum.thinning = 15; /* of which each stands for others */
	ingest_record(g, &sum, sizeof(sum));
	sum.thinning = 16;
	CHECK(ingest_record(g, &sum, sizeof(sum)) < 0);
	CHECK_INT(g->sums.count, 3);
	CHECK_INT(g->sum_data.items[0].off_ns, 30);
	CHECK_INT(g->sum_data.items[0].off_count, 3);
	CHECK_INT(g->sum_data.items[0].runq_ns, 15);
	CHECK_INT(g->sum_data.items[0].runq_count, 6);
	CHECK_INT(g->sum_data.items[1].off_ns, 20);
	CHECK_INT(g->ticks.count, 1);
	CHECK_INT(g->tick_counts.items[0], 9);
	ingest_free(&g);
}

static void last_record_of_a_thread_wins(void)
{
	struct scope_thread thread = { .rec = HEAD(thread, SCOPE_REC_THREAD), .thread = 9,
				       .switches = 1 };
	struct ingest *g = ingest_new();

	ingest_record(g, &thread, sizeof(thread));
	thread.switches = 2;
	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->lives.count, 1);
	CHECK_INT(g->lives.items[0].record.switches, 2);
	/* dead, and told of twice: one life */
	thread.flags = SCOPE_THREAD_DEAD | SCOPE_THREAD_BORN;
	thread.born_ns = 100;
	thread.dead_ns = 200;
	ingest_record(g, &thread, sizeof(thread));
	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->lives.count, 1);
	/* another first event: another life, whichever record comes first or again */
	thread.first_ns = 100;
	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->lives.count, 1);
	thread.flags = SCOPE_THREAD_BORN;
	thread.first_ns = thread.born_ns = 200;
	ingest_record(g, &thread, sizeof(thread));
	ingest_record(g, &thread, sizeof(thread));
	thread.first_ns = 100;
	thread.switches = 3;
	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->lives.items[0].record.switches, 3);
	CHECK_INT(g->lives.count, 2);
	CHECK_INT(g->lives.items[g->last_lives.items[0]].earlier, 0);
	CHECK_INT(g->threads.count, 1);
	/* one that tells of an earlier time came late: by another ring, say */
	thread.since_ns = 5;
	thread.switches = 5;
	ingest_record(g, &thread, sizeof(thread));
	thread.since_ns = 4;
	thread.switches = 4;
	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->lives.items[0].record.switches, 5);
	ingest_free(&g);
}

static void first_sight_of_a_thread_wins(void)
{
	struct scope_seen seen = { .rec = HEAD(seen, SCOPE_REC_SEEN), .tid = 7, .time_ns = 1 };
	struct ingest *g = ingest_new();

	ingest_record(g, &seen, sizeof(seen));
	seen.time_ns = 2;
	seen.kstack = 5;
	ingest_record(g, &seen, sizeof(seen)); /* the first with a stack */
	seen.time_ns = 3;
	seen.kstack = 6;
	ingest_record(g, &seen, sizeof(seen));
	CHECK_INT(g->seen.count, 1);
	CHECK_INT(g->seen_data.items[0].time_ns, 2);
	CHECK_INT(g->seen_data.items[0].kstack, 5);
	seen.start_time_ns = 9; /* another thread of that tid */
	ingest_record(g, &seen, sizeof(seen));
	CHECK_INT(g->seen.count, 2);
	ingest_free(&g);
}

static void lost_threads_are_one(void)
{
	struct scope_thread thread = { .rec = HEAD(thread, SCOPE_REC_THREAD),
				       .flags = SCOPE_THREAD_LOST, .switches = 3 };
	struct ingest *g = ingest_new();

	ingest_record(g, &thread, sizeof(thread));
	CHECK_INT(g->threads.count, 0);
	CHECK_INT(g->lost.switches, 3);
	ingest_free(&g);
}

/* --- anything at all -------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252u;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Small numbers often, so that records meet; huge ones sometimes. */
static uint64_t draw_value(void)
{
	switch (draw() % 8) {
	case 0:
		return draw();
	case 1:
		return UINT64_MAX - draw() % 3;
	case 2:
		return draw() % 1000000000;
	default:
		return draw() % 6;
	}
}

static size_t draw_record(unsigned char *record, size_t room)
{
	uint32_t type = (uint32_t)(draw() % (SCOPE_REC_TYPES + 1));
	size_t bytes = type < SCOPE_REC_TYPES ? fixed_bytes[type] : draw() % room;
	struct scope_record head;

	if (type == SCOPE_REC_STACK)
		bytes = sizeof(struct scope_stack) + draw() % 8 * 8;
	if (type == SCOPE_REC_MAP)
		bytes = sizeof(struct scope_map) + 8 + draw() % 3 * 8;
	for (size_t i = 0; i + 4 <= room; i += 4) {
		uint32_t value = (uint32_t)draw_value();

		if (draw() % 2)
			value = 0;
		memcpy(record + i, &value, 4);
	}
	for (size_t i = 8; i + 8 <= room && draw() % 4; i += 8) {
		uint64_t value = draw_value();

		memcpy(record + i, &value, 8);
	}
	if (type == SCOPE_REC_STACK && draw() % 8)
		((struct scope_stack *)record)->count =
			(uint16_t)((bytes - sizeof(struct scope_stack)) / 8);
	if (type == SCOPE_REC_MAP && draw() % 8) {
		((struct scope_map *)record)->path_len = 2;
		memcpy(((struct scope_map *)record)->path, "/a\0", 3);
		((struct scope_map *)record)->executable = 1;
	}
	if (!(draw() % 64))
		bytes = draw() % room;
	head.type = type;
	head.size = (uint32_t)(draw() % 64 ? bytes : draw());
	memcpy(record, &head, sizeof(head));
	return bytes;
}

static void random_records_do_no_harm(void)
{
	uint64_t taken = 0;

	for (int round = 0; round < 400; round++) {
		struct ingest *g = ingest_new();
		struct profile *p;

		for (uint64_t i = draw() % 400; i > 0; i--) {
			uint64_t space[64];
			unsigned char *record = (unsigned char *)space;
			size_t bytes = draw_record(record, sizeof(space));
			/* its own allocation: reading past it is seen */
			_cleanup_free_ unsigned char *copy = malloc(bytes ? bytes : 1);

			memcpy(copy, record, bytes);
			taken += ingest_record(g, copy, bytes) == 0;
		}
		p = profile_build(g, &config);
		check_tables(p);
		check_threads(p);
		check_samples(p);
		profile_free(&p);
		ingest_free(&g);
	}
	CHECK(taken > 10000);
}

int main(void)
{
	CHECK_CASE(sizes_are_checked);
	CHECK_CASE(size_said_is_size_given);
	CHECK_CASE(stacks_are_as_long_as_they_say);
	CHECK_CASE(paths_end_where_they_say);
	CHECK_CASE(values_are_in_range);
	CHECK_CASE(sums_and_ticks_add_up);
	CHECK_CASE(last_record_of_a_thread_wins);
	CHECK_CASE(first_sight_of_a_thread_wins);
	CHECK_CASE(lost_threads_are_one);
	CHECK_CASE(random_records_do_no_harm);
	return check_status();
}
