// SPDX-License-Identifier: MIT
/* From turns and ticks to the timeline; and what of it is kept. */
#include "intervals.h"

#include "built.h"
#include "ingest_data.h"

static char *timeline;

/* A newline, then a line an interval: `TID STATE START+NS REASON <WAKER ;ROOT;...;LEAF`. */
static void write_timeline(void)
{
	static const char *const states[SCOPE_STATES] = { "on", "runq", "off" };
	size_t size;
	FILE *out = open_memstream(&timeline, &size);

	fputc('\n', out);
	for (uint32_t i = 0; i < built->interval_count; i++) {
		const struct profile_interval *v = &built->intervals[i];

		fprintf(out, "%u %s %" PRIu64 "+%" PRIu64 " %s <%u ", built->threads[v->thread].tid,
			states[v->state], v->start_ns / 1000, v->ns / 1000,
			profile_string(built, v->reason),
			v->waker ? built->threads[v->waker - 1].tid : 0);
		sound_write_stack(built, v->stack, out);
		fputc('\n', out);
	}
	fclose(out);
}

/* Per thread and state the intervals are the ledger, if nothing was lost. */
static void check_sums(void)
{
	nsec_t ns[8][SCOPE_STATES] = { 0 };

	for (uint32_t i = 0; i < built->interval_count; i++)
		ns[built->intervals[i].thread][built->intervals[i].state] += built->intervals[i].ns;
	for (uint32_t i = 0; i < built->thread_count; i++)
		for (int state = 0; state < SCOPE_STATES; state++)
			if (built->states[state])
				CHECK_INT(ns[i][state], built->threads[i].ns[state]);
}

static void draw_stream(const char *text)
{
	build_stream(text);
	write_timeline();
}

static void erase(void)
{
	free(timeline);
	done();
}

#define TURNS                                                                                      \
	"thread thread=1 pid=100 tid=1 state=off since=1700us+1s first=1100us+1s on=500us "        \
	"runq=100us "                                                                              \
	"off=1100us ustack=1 kstack=3 reason=syscall+0 late_off=1100us late_off_count=2 "          \
	"late_runq=100us late_runq_count=1\n"                                                      \
	"turn thread=1 start=1s off=100us on=300us flags=first\n"                                  \
	"turn thread=1 start=1s+400us off=1ms runq=100us on=200us ustack=1 kstack=3 "              \
	"reason=syscall+0 waker=2\n"                                                               \
	"thread thread=2 pid=100 tid=2 flags=no_event state=off\n"

static void a_turn_is_three_intervals(void)
{
	draw_stream("config timeline\n" COMMON TURNS);
	CHECK_CONTAINS(timeline, "\n1 off 0+100 unknown <0 ;[waiting since before the window]\n"
				 "1 on 100+300  <0 \n"
				 "1 off 400+1000 read pipe <2 ;_start;main;pipe_read\n"
				 "1 runq 1400+100  <0 ;_start;main;pipe_read\n"
				 "1 on 1500+200  <0 \n"
				 "1 off 1700+998300 read pipe <0 ;_start;main;pipe_read\n");
	check_sums();
	CHECK_INT(built->timeline_lost.count, 0);
	erase();
}

static void without_a_timeline_there_is_none(void)
{
	draw_stream(COMMON TURNS);
	CHECK(!built->has_timeline && !built->interval_count);
	CHECK_TEXT(timeline, "\n");
	erase();
}

/* The stretch that a tick ends has its stack, also where the ledger ends the run a little before.
 */
static void ticks_split_runs(void)
{
	draw_stream("config timeline\n" COMMON TURNS "hit thread=1 time=1s+1600us ustack=2\n"
		    "hit thread=1 time=1s+200us ustack=1\n"
		    "hit thread=1 time=1s+1750us ustack=1\n"
		    "hit thread=1 time=1s+1450us ustack=2\n"
		    "hit thread=9 time=1s+1510us ustack=2\n");
	CHECK_CONTAINS(timeline, "\n1 on 100+100  <0 ;_start;main\n1 on 200+200  <0 \n");
	CHECK_CONTAINS(timeline, "\n1 on 1500+100  <0 ;_start;main;work\n"
				 "1 on 1600+100  <0 ;_start;main\n");
	check_sums();
	erase();
}

/* What interrupts took of a run is in it, before and after a tick by its length; it is a wait. */
static void what_was_taken_is_within_the_run(void)
{
	draw_stream(
		"config timeline\n" COMMON
		"thread thread=1 pid=100 tid=1 state=off since=1s+1ms first=1s on=400us runq=600us "
		"ustack=1 kstack=3 reason=syscall+0 late_runq=600us late_runq_count=1\n"
		"turn thread=1 start=1s runq=600us taken=400us on=400us ustack=1 kstack=3 "
		"reason=preempted\n"
		"hit thread=1 time=1s+400us ustack=2\n");
	CHECK_CONTAINS(timeline, "\n1 runq 0+300  <0 ;_start;main;pipe_read\n"
				 "1 on 300+100  <0 ;_start;main;work\n"
				 "1 runq 400+300  <0 ;_start;main;pipe_read\n"
				 "1 on 700+300  <0 \n");
	check_sums();
	erase();
}

/* The iterator told of a turn that was under way; what came after the stop tells of it again. */
static void what_is_told_twice_is_there_once(void)
{
	draw_stream("config timeline\n" COMMON "thread thread=1 pid=100 tid=1 state=runq "
					       "since=1s+500us first=1s on=100us off=400us "
		    "ustack=1 kstack=3 reason=syscall+0 late_off=400us late_off_count=1\n"
		    "turn thread=1 start=1s on=100us\n"
		    "turn thread=1 start=1s+100us off=400us ustack=1 kstack=3 reason=syscall+0\n"
		    "turn thread=1 start=1s+100us off=400us runq=999500us ustack=1 kstack=3 "
		    "reason=syscall+0\n");
	CHECK_CONTAINS(timeline, "\n1 off 100+400 read pipe <0 ;_start;main;pipe_read\n"
				 "1 runq 500+999500  <0 ;_start;main;pipe_read\n");
	check_sums();
	CHECK_INT(built->timeline_lost.count, 0);
	erase();
}

/* What overlaps is cut, and counted. */
static void overlaps_are_cut(void)
{
	draw_stream("config timeline\n" COMMON "thread thread=1 pid=100 tid=1 state=dead "
					       "flags=dead dead=1s+1ms since=1s+1ms first=1s "
		    "on=1ms\n"
		    "turn thread=1 start=1s on=600us\n"
		    "turn thread=1 start=1s+500us on=500us\n");
	CHECK_CONTAINS(timeline, "\n1 on 0+600  <0 \n1 on 600+400  <0 \n");
	CHECK_INT(built->timeline_lost.count, 1);
	CHECK_INT(built->timeline_lost.ns, 100000);
	erase();
}

/* The time of threads without a record is in the ledger, on no track. */
static void turns_of_lost_threads_are_lost(void)
{
	draw_stream("config timeline\n" COMMON "thread thread=0 flags=lost+dead state=dead "
					       "dead=1ms on=700us runq=100us off=200us\n"
		    "turn thread=7 start=1s off=200us runq=100us on=700us\n");
	CHECK_TEXT(timeline, "\n");
	CHECK_INT(built->timeline_lost.count, 3);
	CHECK_INT(built->timeline_lost.ns, 1000000);
	erase();
}

/* A leader's number goes to the thread that replaces it: two lives, one track. */
static void two_lives_are_on_one_track(void)
{
	draw_stream(
		"config timeline\n" COMMON "thread thread=1 pid=100 tid=100 state=dead flags=dead "
					   "dead=1s+200us since=1s+200us "
		"first=1s+100us on=200us\n"
		"thread thread=1 pid=100 tid=100 state=on flags=born born=1s+300us since=1s+400us "
		"first=1s+300us on=50us runq=50us ustack=1 kstack=3 reason=preempted "
		"late_runq=50us "
		"late_runq_count=1\n"
		"turn thread=1 start=1s+300us on=50us\n"
		"turn thread=1 start=1s on=200us flags=first\n"
		"turn thread=1 start=1s+350us runq=50us ustack=1 kstack=3 reason=preempted\n");
	CHECK_CONTAINS(timeline, "\n100 on 0+200  <0 \n100 on 300+50  <0 \n"
				 "100 runq 350+50  <0 ;_start;main;pipe_read\n"
				 "100 on 400+999600  <0 \n");
	check_sums();
	erase();
}

static void only_states_that_are_asked_for(void)
{
	draw_stream("config timeline states=on\n" COMMON TURNS);
	CHECK_CONTAINS(timeline, "\n1 on 100+300  <0 \n1 on 1500+200  <0 \n");
	CHECK(!strstr(timeline, "off") && !strstr(timeline, "runq"));
	check_sums();
	erase();
	draw_stream("config timeline states=runq+off\n" COMMON TURNS);
	CHECK(!strstr(timeline, " on ") && strstr(timeline, "off") && strstr(timeline, "runq"));
	check_sums();
	erase();
}

static struct ingest *push_turns(uint64_t count)
{
	struct ingest *g = ingest_new();
	struct scope_turn turn = { .rec = { SCOPE_REC_TURN, sizeof(turn) }, .thread = 1 };

	for (uint64_t i = 0; i < count; i++) {
		turn.start_ns = 10 * (i + 1);
		turn.ns[SCOPE_ON] = 4;
		turn.ns[SCOPE_OFF] = 6;
		CHECK_INT(ingest_record(g, &turn, sizeof(turn)), 0);
	}
	return g;
}

/* The oldest make room, and are counted. */
static void the_newest_turns_are_kept(void)
{
	struct ingest *g = push_turns(TIMELINE_TURNS_MAX);
	uint64_t oldest = UINT64_MAX;

	CHECK_INT(g->losses[SCOPE_LOSS_TIMELINE_FULL].count, 0);
	ingest_free(&g);
	g = push_turns(TIMELINE_TURNS_MAX + 5);
	CHECK_INT(g->timeline.turns.count, TIMELINE_TURNS_MAX);
	CHECK_INT(g->losses[SCOPE_LOSS_TIMELINE_FULL].count, 10);
	CHECK_INT(g->losses[SCOPE_LOSS_TIMELINE_FULL].ns, 50);
	for (size_t i = 0; i < g->timeline.turns.count; i++)
		if (g->timeline.turns.items[i].start_ns < oldest)
			oldest = g->timeline.turns.items[i].start_ns;
	CHECK_INT(oldest, 60);
	ingest_free(&g);
}

/* Counts of the scheduler's that cannot be make lengths that cannot: the ledger has that time. */
static void a_turn_that_cannot_be_is_counted(void)
{
	struct ingest *g = ingest_new();
	struct scope_turn turn = { .rec = { SCOPE_REC_TURN, sizeof(turn) },
				   .thread = 1,
				   .start_ns = 5,
				   .ns = { (__u64)-10, 30, 0 } };

	CHECK_INT(ingest_record(g, &turn, sizeof(turn)), 0);
	CHECK_INT(g->timeline.turns.count, 0);
	CHECK_INT(g->losses[SCOPE_LOSS_TIMELINE_CUT].count, 2);
	CHECK_INT(g->losses[SCOPE_LOSS_TIMELINE_CUT].ns, 20);
	ingest_free(&g);
}

int main(void)
{
	CHECK_CASE(a_turn_is_three_intervals);
	CHECK_CASE(without_a_timeline_there_is_none);
	CHECK_CASE(ticks_split_runs);
	CHECK_CASE(what_was_taken_is_within_the_run);
	CHECK_CASE(what_is_told_twice_is_there_once);
	CHECK_CASE(overlaps_are_cut);
	CHECK_CASE(turns_of_lost_threads_are_lost);
	CHECK_CASE(two_lives_are_on_one_track);
	CHECK_CASE(only_states_that_are_asked_for);
	CHECK_CASE(the_newest_turns_are_kept);
	CHECK_CASE(a_turn_that_cannot_be_is_counted);
	return check_status();
}
