// SPDX-License-Identifier: MIT
#include "profile_build.h"

#include <stdlib.h>

#include "built.h"
#include "mem.h"

static void account_is_completed_to_the_end(void)
{
	/* off since 1.9 s, run queue since 1.7 s, on since 1.6 s, dead at 1.5 s */
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=off since=1900ms first=1001ms on=100ms runq=100ms off=700ms "
	      "ustack=1 kstack=3 reason=syscall+0\n"
	      "thread thread=2 pid=100 tid=2 state=runq since=1700ms first=1001ms on=700ms ustack=1 kstack=3 "
	      "reason=preempted\n"
	      "thread thread=3 pid=100 tid=3 state=on since=1600ms first=1001ms on=600ms\n"
	      "thread thread=4 pid=100 tid=4 state=dead flags=dead+born born=1200ms dead=1500ms since=1500ms "
	      "on=300ms\n");
	CHECK_INT(built->thread_count, 4);
	CHECK_CONTAINS(samples, "\n1 off 100000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 700000000 x0 unknown ;[stack lost: table full]\n");
	CHECK_CONTAINS(samples, "\n2 runq 300000000 x1  ;_start;main;pipe_read\n");
	CHECK_INT(built->threads[2].ns[SCOPE_ON], 1000000000);
	CHECK_INT(built->threads[3].alive_ns, 300000000);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_INT(built->threads[i].residual_ns, 0);
	done();
}

static void accounts_are_clipped_to_the_window(void)
{
	/* its last event lies before the window; it died after it */
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=off since=400ms first=300ms ustack=1 kstack=3 reason=syscall+0\n"
	      "thread thread=2 pid=100 tid=2 state=dead flags=dead dead=2500ms since=2500ms first=1s on=1s\n"
	      "thread thread=3 pid=100 tid=3 state=on since=2500ms born=900ms first=900ms flags=born on=1s\n");
	CHECK_CONTAINS(samples, "\n1 off 1000000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_INT(built->thread_count, 3);
	for (uint32_t i = 0; i < built->thread_count; i++) {
		CHECK_INT(built->threads[i].alive_ns, 1000000000);
		CHECK_INT(built->threads[i].residual_ns, 0);
		CHECK_INT(built->threads[i].born_ns, 1000000000);
	}
	done();
}

/* The kernel tells idle time in ticks of 10 ms, and it is read outside the window. */
static void idle_time_is_no_more_than_the_window_has(void)
{
	build_stream("window start=1s end=2s realtime=5s frequency=49 cpus=2 idle=2020ms\n");
	CHECK_INT(built->idle_ns, 2000000000);
	done();
	build_stream("window start=1s end=2s realtime=5s frequency=49 cpus=2 idle=1990ms\n");
	CHECK_INT(built->idle_ns, 1990000000);
	done();
}

/* 5.10's table of accounts was full: the thread has its life and nothing else. */
static void a_thread_without_an_account_is_unaccounted(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=dead since=2s first=1s\n"
	      "thread thread=2 pid=100 tid=2 state=off flags=no_event\n");
	CHECK_INT(built->thread_count, 2);
	CHECK_INT(built->threads[0].residual_ns, 1000000000);
	CHECK(!built->threads[0].never_ran);
	CHECK_INT(built->threads[1].residual_ns, 0);
	CHECK(built->threads[1].never_ran);
	CHECK(!strstr(samples, "\n0 "));
	done();
}

/* Nobody's ticks and sums are in no sample; they are counted. */
static void orphans_are_losses(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=1 count=2\n"
	      "ticks thread=7 ustack=1 count=3\n"
	      "ticks thread=8 ustack=1 count=4\n"
	      "sum thread=7 ustack=1 reason=syscall+202 off=100ms off_count=2 runq=1ms runq_count=2\n"
	      "loss cause=tick_thread count=10\n");
	CHECK_TEXT(samples, "\n1 on 1000000000 x2  ;_start;main\n");
	CHECK_INT(built->losses[SCOPE_LOSS_TICK_THREAD].count, 17);
	CHECK_INT(built->losses[SCOPE_LOSS_SUM_THREAD].count, 1);
	CHECK_INT(built->losses[SCOPE_LOSS_SUM_THREAD].ns, 101000000);
	done();
	/* where records of threads were lost, they are those threads' */
	build_stream(COMMON
	      "thread flags=lost dead=100ms on=30ms runq=20ms off=50ms switches=2\n"
	      "ticks thread=7 ustack=1 count=3\n");
	CHECK_INT(built->losses[SCOPE_LOSS_TICK_THREAD].count, 0);
	done();
}

/* Where kernel names are hidden, nobody knows what a read waits for: not "read file". */
static void a_place_without_a_name_gives_no_reason(void)
{
	build_stream(COMMON
	      "name image=\"[kernel]\" addr=0x81000300 size=0x100 name=\"vfs_read\"\n"
	      "stack id=8 kind=kernel ips=0x81001010,0x81001110\n"
	      "stack id=9 kind=kernel ips=0x81001010,0x81000310\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s off=1s\n"
	      "sum thread=1 kstack=8 reason=syscall+0 off=400ms off_count=1\n"
	      "sum thread=1 kstack=9 reason=syscall+0 off=600ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 400000000 x1 read ;");
	CHECK_CONTAINS(samples, "\n1 off 600000000 x1 read file ;");
	done();
}

static void late_sums_are_sums(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=600ms runq=100ms off=300ms "
	      "late_off=200ms late_off_count=3 late_runq=100ms late_runq_count=2 ustack=2 kstack=3 reason=syscall+0\n"
	      "sum thread=1 ustack=1 kstack=3 reason=syscall+0 off=100ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 runq 100000000 x2  ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 200000000 x3 read pipe ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x1 read pipe ;_start;main;pipe_read\n");
	done();
}

/* A thread that waits by turns in two places has both in its account. */
static void both_places_of_an_account_are_sums(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=550ms runq=150ms off=300ms "
	      "late_off=200ms late_off_count=3 late_runq=100ms late_runq_count=2 ustack=2 kstack=3 reason=syscall+0 "
	      "before_off=60ms before_off_count=4 before_runq=50ms before_runq_count=1 before_ustack=1 "
	      "before_kstack=3 before_reason=syscall+0\n"
	      "sum thread=1 ustack=2 kstack=3 reason=syscall+0 off=40ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 runq 100000000 x2  ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 240000000 x4 read pipe ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 runq 50000000 x1  ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 60000000 x4 read pipe ;_start;main;pipe_read\n");
	done();
}

/* Two calls of one reason, and two addresses of one frame, are one sample. */
static void what_reads_the_same_is_one_sample(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=700ms off=300ms\n"
	      "sum thread=1 ustack=1 reason=syscall+202 off=100ms off_count=2\n"
	      "sum thread=1 ustack=1 reason=syscall+449 off=200ms off_count=3\n"
	      "ticks thread=1 ustack=1 count=2\n"
	      "stack id=9 time=1s pid=100 kind=user ips=0x401010,0x401210\n"
	      "ticks thread=1 ustack=9 count=5\n");
	CHECK_TEXT(samples, "\n1 on 700000000 x7  ;_start;main\n1 off 300000000 x5 futex ;_start;main\n");
	done();
}

static void a_tick_in_the_scheduler_shows_it(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=500ms off=500ms\n"
	      "sum thread=1 kstack=3 reason=syscall+0 off=500ms off_count=1\n"
	      "ticks thread=1 kstack=3 count=1\n");
	CHECK_CONTAINS(samples, "\n1 on 500000000 x1  ;pipe_read;__schedule\n");
	CHECK_CONTAINS(samples, "\n1 off 500000000 x1 read pipe ;pipe_read\n");
	done();
}

static void no_event_is_one_state_throughout(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 start_time=5 flags=no_event state=off\n"
	      "seen pid=100 tid=1 start_time=5 time=1500ms ustack=2 kstack=3 reason=syscall+0 state=off\n"
	      /* born in the window, and has never run */
	      "thread thread=2 pid=100 tid=2 start_time=1400ms flags=no_event state=runq\n"
	      "seen pid=100 tid=2 start_time=1400ms time=1900ms kstack=4 state=runq\n"
	      /* joined the target */
	      "thread thread=3 pid=100 tid=3 start_time=5 born=1900ms flags=no_event state=off\n"
	      /* the whole window on a CPU */
	      "thread thread=4 pid=100 tid=4 start_time=5 flags=no_event state=on\n"
	      "ticks thread=4 ustack=1 count=49\n");
	CHECK_CONTAINS(samples, "\n1 off 1000000000 x1 read pipe ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n2 runq 600000000 x1  ;kthread;pipe_read\n");
	CHECK_CONTAINS(samples, "\n3 off 100000000 x1 unknown ;[waiting since before the window]\n");
	CHECK_CONTAINS(samples, "\n4 on 1000000000 x49  ;_start;main\n");
	CHECK(built->threads[0].never_ran && !built->threads[1].never_ran);
	CHECK_INT(built->threads[1].born_ns, 1400000000);
	done();
}

static void time_before_the_first_event_has_the_stack_seen(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 start_time=5 state=on since=2s first=1300ms on=600ms runq=100ms "
	      "off=300ms init_off=300ms init_runq=100ms\n"
	      "seen pid=100 tid=1 start_time=5 time=1300ms ustack=1 kstack=3 reason=syscall+0 state=off\n"
	      /* seen after it had moved: proves nothing */
	      "thread thread=2 pid=100 tid=2 start_time=5 state=on since=2s first=1300ms on=700ms off=300ms "
	      "init_off=300ms\n"
	      "seen pid=100 tid=2 start_time=5 time=1300000001 ustack=1 kstack=3 reason=syscall+0 state=off\n"
	      /* another thread of that tid */
	      "thread thread=3 pid=100 tid=3 start_time=6 state=on since=2s first=1300ms on=700ms off=300ms "
	      "init_off=300ms\n"
	      "seen pid=100 tid=3 start_time=5 time=1s ustack=1 kstack=3 reason=syscall+0 state=off\n"
	      /* woken, but has not run: no stack of its own yet */
	      "thread thread=4 pid=100 tid=4 start_time=5 state=runq since=1300ms first=1300ms off=300ms "
	      "init_off=300ms\n"
	      "seen pid=100 tid=4 start_time=5 time=1100ms ustack=2 kstack=3 reason=syscall+0 state=off\n"
	      /* seen while it ran: its stacks were not read */
	      "thread thread=5 pid=100 tid=5 start_time=5 state=on since=2s first=1300ms on=700ms off=300ms "
	      "init_off=300ms\n"
	      "seen pid=100 tid=5 start_time=5 time=1s state=on\n");
	CHECK_CONTAINS(samples, "\n5 off 300000000 x1 unknown ;[waiting since before the window]\n");
	CHECK_CONTAINS(samples, "\n1 off 300000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 runq 100000000 x1  ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n2 off 300000000 x1 unknown ;[waiting since before the window]\n");
	CHECK_CONTAINS(samples, "\n3 off 300000000 x1 unknown ;[waiting since before the window]\n");
	CHECK_CONTAINS(samples, "\n4 runq 700000000 x1  ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n4 off 300000000 x1 read pipe ;_start;main;work;pipe_read\n");
	done();
}

static void residual_is_measured_apart(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=999ms\n"
	      "thread thread=2 pid=100 tid=2 state=on since=2s first=1s on=1001ms\n");
	CHECK_INT(built->threads[0].residual_ns, 1000000);
	CHECK_INT(built->threads[1].residual_ns, -1000000);
	CHECK_INT(built->threads[0].alive_ns, 1000000000);
	done();
}

static void who_was_not_alive_is_not_there(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=dead flags=dead dead=900ms since=900ms\n"
	      "thread thread=2 pid=100 tid=2 start_time=2s flags=no_event state=off\n"
	      "sum thread=1 ustack=1 kstack=3 off=5 off_count=1\n");
	CHECK_INT(built->thread_count, 0);
	CHECK_INT(built->sample_count, 0);
	done();
}

static void several_lives_are_one_thread(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=100 start_time=5 state=dead flags=dead dead=1200ms since=1200ms "
	      "first=1s on=100ms off=100ms late_off=60ms late_off_count=1 init_off=40ms ustack=2 kstack=3 "
	      "reason=syscall+0 switches=2 comm=\"first\"\n"
	      "thread thread=1 pid=100 tid=100 start_time=5 state=on flags=born born=1500ms since=2s first=1500ms "
	      "on=400ms off=100ms switches=3 comm=\"second\"\n"
	      "sum thread=1 ustack=1 kstack=3 reason=syscall+0 off=100ms off_count=1\n");
	CHECK_INT(built->thread_count, 1);
	CHECK_INT(built->threads[0].alive_ns, 700000000);
	CHECK_INT(built->threads[0].ns[SCOPE_ON], 500000000);
	CHECK_CONTAINS(samples, "\n100 off 100000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n100 off 60000000 x1 read pipe ;_start;main;work;pipe_read\n");
	CHECK_CONTAINS(samples, "\n100 off 40000000 x1 unknown ;[waiting since before the window]\n");
	CHECK_INT(built->threads[0].residual_ns, 0);
	CHECK_INT(built->threads[0].switches, 5);
	CHECK_INT(built->threads[0].born_ns, 1000000000);
	CHECK_TEXT(profile_string(built, built->threads[0].comm), "second");
	done();
}

static void more_than_was_charged_is_cut(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=700ms off=300ms\n"
	      "sum thread=1 ustack=1 kstack=3 reason=syscall+0 off=300ms off_count=1\n"
	      "sum thread=1 ustack=2 kstack=3 reason=syscall+0 off=600ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 200000000 x1 read pipe ;_start;main;work;pipe_read\n");
	CHECK_INT(built->losses[SCOPE_LOSS_EVENT_ORDER].count, 1);
	done();
}

static void other_cpus_have_their_label(void)
{
	build_stream(COMMON
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=500ms runq=200ms off=300ms "
	      "other_on=400ms other_runq=150ms other_off=100ms\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "sum thread=1 ustack=1 kstack=3 reason=syscall+0 off=200ms off_count=1 runq=50ms runq_count=1\n");
	CHECK_CONTAINS(samples, "\n1 on 100000000 x1  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n1 on 400000000 x0  ;[other CPUs]\n");
	CHECK_CONTAINS(samples, "\n1 runq 150000000 x0  ;[other CPUs]\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x0 unknown ;[other CPUs]\n");
	CHECK_INT(built->quality.stackless_ns, 0);
	CHECK_INT(built->quality.on_sampled_ns, 100000000);
	CHECK_INT(built->quality.on_unsampled_ns, 0);
	done();
}

static void short_blocks_keep_their_time(void)
{
	build_stream(COMMON "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=900ms off=100ms\n"
			    "sum thread=1 reason=short off=100ms off_count=4000\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x4000 short block ;[blocked under 50 us]\n");
	CHECK_INT(built->quality.stackless_ns, 0);
	done();
}

/* 100 ms stand for themselves, 50 and 10 ms for 3 and 7 times as much besides; 440 ms are shared 150 : 70. */
static void waits_without_a_stack_are_shared_out(void)
{
	build_stream(COMMON "thread thread=1 pid=100 tid=1 state=on since=2s first=1s off=600ms runq=400ms "
			    "thinned_off=440ms thinned_off_count=22 thinned_runq=390ms "
			    "thinned_runq_count=9 ustack=2 reason=syscall+0 thinning=3 late_off=10ms "
			    "late_off_count=1\n"
			    "sum thread=1 ustack=1 reason=syscall+0 off=100ms off_count=5 runq=5ms runq_count=1\n"
			    "sum thread=1 ustack=1 kstack=3 reason=syscall+0 thinning=2 off=50ms off_count=5 "
			    "runq=5ms runq_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x5 read ;_start;main\n");
	CHECK_CONTAINS(samples, "\n1 off 350000000 x20 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 150000000 x8 read ;_start;main;work\n");
	CHECK_CONTAINS(samples, "\n1 runq 5000000 x1  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n1 runq 395000000 x10  ;_start;main;pipe_read\n");
	CHECK_INT(built->thinning.shared_ns, 830000000);
	CHECK_INT(built->losses[SCOPE_LOSS_EVENT_ORDER].count, 0);
	done();
}

/* A fortnight of waits, of which one in 2^15 was drawn. */
static void days_are_shared_out(void)
{
	build_stream(COMMON "window start=1s end=1209601s\n"
			    "thread thread=1 pid=100 tid=1 state=on since=1209601s first=1s off=1209600s "
			    "thinned_off=604800s thinned_off_count=8\n"
			    "sum thread=1 ustack=1 reason=syscall+0 thinning=15 off=600000s off_count=3\n"
			    "sum thread=1 ustack=2 reason=syscall+0 thinning=15 off=4800s off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 1200000000000000 x9 read ;_start;main\n");
	CHECK_CONTAINS(samples, "\n1 off 9600000000000 x3 read ;_start;main;work\n");
	done();
}

/* Also of the wait that the window ends in. */
static void waits_with_none_to_share_have_their_label(void)
{
	build_stream(COMMON "thread thread=1 pid=100 tid=1 state=off since=1900ms first=1s on=500ms off=400ms "
			    "flags=thinned thinned_off=300ms thinned_off_count=3 ustack=1 reason=syscall+0 "
			    "thinning=4\n"
			    "sum thread=1 ustack=1 reason=syscall+0 off=100ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x1 read ;_start;main\n");
	CHECK_CONTAINS(samples, "\n1 off 400000000 x4 unknown ;[stack not taken]\n");
	CHECK_INT(built->quality.stackless_ns, 400000000);
	done();
}

static void a_lost_half_leaves_the_other(void)
{
	build_stream(COMMON "thread thread=1 pid=100 tid=1 state=on since=2s first=1s off=1000ms\n"
			    "sum thread=1 ustack=99 kstack=3 reason=syscall+0 off=100ms off_count=1\n"
			    "sum thread=1 ustack=1 kstack=99 reason=syscall+0 off=200ms off_count=1\n"
			    "sum thread=1 ustack=98 kstack=99 reason=syscall+0 off=300ms off_count=1\n"
			    "sum thread=1 reason=syscall+0 off=400ms off_count=1\n");
	CHECK_CONTAINS(samples, "\n1 off 100000000 x1 read pipe ;[stack lost: ring full];pipe_read\n");
	CHECK_CONTAINS(samples, "\n1 off 200000000 x1 read ;_start;main;[stack lost: ring full]\n");
	CHECK_CONTAINS(samples, "\n1 off 300000000 x1 read ;[stack lost: ring full]\n");
	CHECK_CONTAINS(samples, "\n1 off 400000000 x1 read ;[no stack]\n");
	CHECK_INT(built->quality.stackless_ns, 1000000000);
	done();
}

static void what_was_not_asked_for_is_not_missed(void)
{
	static const char *const threads =
		"thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=500ms off=500ms\n"
		"thread thread=2 pid=2 tid=2 flags=kthread state=on since=2s first=1s on=500ms off=500ms\n"
		"ticks thread=1 count=1\n"
		"ticks thread=2 count=1\n"
		"sum thread=1 off=500ms off_count=1\n"
		"sum thread=2 reason=kthread off=500ms off_count=1\n";
	_cleanup_free_ char *user = mem_format(COMMON "config stacks=user\n%s", threads);
	_cleanup_free_ char *kernel = mem_format(COMMON "config stacks=kernel\n%s", threads);
	_cleanup_free_ char *both = mem_format(COMMON "%s", threads);

	build_stream(user);
	CHECK_CONTAINS(samples, "\n1 on 500000000 x1  ;[no stack]\n");
	CHECK_CONTAINS(samples, "\n1 off 500000000 x1 unknown ;[no stack]\n");
	CHECK_CONTAINS(samples, "\n2 on 500000000 x1  \n");
	CHECK_CONTAINS(samples, "\n2 off 500000000 x1 kernel thread \n");
	done();
	build_stream(kernel);
	CHECK_CONTAINS(samples, "\n1 on 500000000 x1  \n"); /* it was in user mode */
	CHECK_CONTAINS(samples, "\n1 off 500000000 x1 unknown ;[no stack]\n");
	CHECK_CONTAINS(samples, "\n2 on 500000000 x1  ;[no stack]\n");
	CHECK_INT(built->quality.user_ns, 0);
	done();
	build_stream(both);
	CHECK_INT(built->quality.stackless_ns, 2000000000);
	done();
}

static void threads_without_a_record_are_one(void)
{
	build_stream(COMMON "thread flags=lost+dead state=dead dead=600ms on=100ms runq=200ms off=300ms switches=7\n"
			    "sum thread=55 ustack=1 kstack=3 reason=syscall+0 off=50ms off_count=1\n"
			    "ticks thread=56 ustack=2 count=1\n");
	CHECK_INT(built->thread_count, 1);
	CHECK_INT(built->threads[0].alive_ns, 600000000);
	CHECK_TEXT(profile_string(built, built->threads[0].comm), "[threads without a record]");
	CHECK_CONTAINS(samples, "\n0 on 100000000 x1  ;_start;main;work\n");
	CHECK_CONTAINS(samples, "\n0 runq 200000000 x0  ;[threads without a record]\n");
	CHECK_CONTAINS(samples, "\n0 off 50000000 x1 read pipe ;_start;main;pipe_read\n");
	CHECK_CONTAINS(samples, "\n0 off 250000000 x0 unknown ;[threads without a record]\n");
	done();
	/* their alive time is measured apart, and what no state explains shows */
	build_stream(COMMON "thread flags=lost+dead state=dead dead=610ms on=100ms runq=200ms "
			    "off=300ms switches=7\n");
	CHECK_INT(built->threads[0].alive_ns, 610000000);
	CHECK_INT(built->threads[0].residual_ns, 10000000);
	done();
}

static void threads_without_a_record_have_their_label(void)
{
	build_stream(COMMON "thread flags=lost+dead state=dead dead=100ms on=100ms switches=7\n");
	CHECK_TEXT(samples, "\n0 on 100000000 x0  ;[threads without a record]\n");
	done();
}

static void states_left_out_are_still_in_the_ledger(void)
{
	build_stream(COMMON "config states=on\n"
			    "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=500ms off=500ms\n"
			    "sum thread=1 ustack=2 kstack=3 reason=syscall+0 off=500ms off_count=1\n"
			    "ticks thread=1 ustack=1 count=1\n");
	CHECK_TEXT(samples, "\n1 on 500000000 x1  ;_start;main\n");
	CHECK_INT(built->threads[0].ns[SCOPE_OFF], 500000000);
	/* nobody asked for the other stack */
	CHECK_INT(built->stack_count, 3);
	for (uint32_t i = 0; i < built->frame_count; i++)
		CHECK(strcmp(profile_string(built, built->frames[i].name), "work") != 0);
	done();
	build_stream(COMMON "config states=runq+off\n"
			    "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=500ms off=500ms\n"
			    "sum thread=1 ustack=2 kstack=3 reason=syscall+0 off=500ms off_count=1\n"
			    "ticks thread=1 ustack=1 count=1\n");
	CHECK_TEXT(samples, "\n1 off 500000000 x1 read pipe ;_start;main;work;pipe_read\n");
	CHECK_INT(built->stack_count, 5);
	CHECK_INT(built->threads[0].ns[SCOPE_ON], 500000000);
	done();
	build_stream(COMMON "config states=off\n"
			    "thread thread=1 pid=100 tid=1 state=on since=2s first=1s runq=500ms off=500ms\n");
	CHECK_TEXT(samples, "\n1 off 500000000 x0 unknown ;[stack lost: table full]\n");
	done();
}

/* --- on-CPU time ------------------------------------------------------------------------------ */

static void peers_lend_in_order(void)
{
	build_stream(COMMON
	      "fork time=1100ms pid=200 tid=200 ppid=100 ptid=100\n"
	      "fork time=1100ms pid=300 tid=300 ppid=100 ptid=100\n"
	      "comm time=1100ms pid=300 tid=300 exec=1 comm=\"app\"\n"
	      "map time=1101ms pid=300 start=0x400000 end=0x410000 inode=12 path=\"/bin/other\"\n"
	      "thread thread=1 pid=100 tid=100 start_time=5 state=on since=2s first=1s on=1s comm=\"app\"\n"
	      "ticks thread=1 ustack=1 count=3\n"
	      "ticks thread=1 ustack=2 count=1\n"
	      /* its process was hit */
	      "thread thread=2 pid=100 tid=101 start_time=6 state=on since=2s first=1s on=1s comm=\"helper\"\n"
	      /* same executable, same name, another process */
	      "thread thread=3 pid=200 tid=200 start_time=1100ms flags=born born=1100ms state=on since=2s on=900ms "
	      "comm=\"app\"\n"
	      /* same executable, another name */
	      "thread thread=4 pid=200 tid=201 start_time=1100ms flags=born born=1100ms state=on since=2s on=900ms "
	      "comm=\"lonely\"\n"
	      /* same name, another executable */
	      "thread thread=5 pid=300 tid=300 start_time=1100ms flags=born born=1100ms state=on since=2s on=900ms "
	      "comm=\"app\"\n"
	      /* a kernel thread of that name */
	      "thread thread=6 pid=9 tid=9 start_time=5 flags=kthread state=on since=2s on=1s comm=\"app\"\n");
	CHECK_CONTAINS(samples, "\n100 on 750000000 x3  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n101 on 750000000 x0~  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n101 on 250000000 x0~  ;_start;main;work\n");
	CHECK_CONTAINS(samples, "\n200 on 675000000 x0~  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n201 on 900000000 x0  ;[on-CPU, not sampled]\n");
	CHECK_CONTAINS(samples, "\n300 on 900000000 x0  ;[on-CPU, not sampled]\n");
	CHECK_CONTAINS(samples, "\n9 on 1000000000 x0  ;[on-CPU, not sampled]\n");
	CHECK_INT(built->quality.on_sampled_ns, 1000000000);
	CHECK_INT(built->quality.on_estimated_ns, 1900000000);
	CHECK_INT(built->quality.on_unsampled_ns, 2800000000);
	CHECK_INT(built->quality.ticks, 4);
	done();
}

static void kernel_threads_borrow_from_their_kind(void)
{
	build_stream("window start=1s end=2s\n"
	      "thread thread=1 pid=1 tid=1 state=on since=2s first=1s on=1s comm=\"x\"\n"
	      "thread thread=2 pid=2 tid=2 flags=kthread state=on since=2s first=1s on=1s comm=\"x\"\n"
	      "thread thread=3 pid=3 tid=3 flags=kthread state=on since=2s first=1s on=1s comm=\"y\"\n"
	      "thread thread=4 pid=4 tid=4 flags=kthread state=on since=2s first=1s on=1s comm=\"y\"\n"
	      "stack id=1 kind=kernel ips=0x81000010\n"
	      "ticks thread=1 kstack=1 count=1\n"
	      "ticks thread=3 kstack=1 count=1\n");
	CHECK_CONTAINS(samples, "\n2 on 1000000000 x0  ;[on-CPU, not sampled]\n");
	CHECK_CONTAINS(samples, "\n4 on 1000000000 x0~  ;[kernel]+0x81000010\n");
	done();
}

/* Many takers: each exact, together the distribution, and few samples. */
static void borrowing_is_exact_and_cheap(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	nsec_t work_ns = 0;

	fputs(COMMON
	      "thread thread=1 pid=100 tid=100 start_time=5 state=on since=2s first=1s on=1s comm=\"app\"\n"
	      "ticks thread=1 ustack=1 count=3\n"
	      "ticks thread=1 ustack=2 count=1\n", out);
	for (int i = 0; i < 999; i++)
		fprintf(out, "thread thread=%d pid=100 tid=%d start_time=6 state=dead flags=dead since=2s "
			"dead=1000001003 on=1003\n", 1000 + i, 1000 + i);
	fclose(out);
	build_stream(text);
	free(text);
	CHECK_INT(built->thread_count, 1000);
	CHECK(built->sample_count <= 2 + 999 + 2);
	for (uint32_t i = 0; i < built->sample_count; i++)
		if (built->samples[i].estimated &&
		    built->stacks[built->samples[i].stack].parent !=
			    built->stacks[built->samples[0].stack].parent)
			work_ns += built->samples[i].ns;
	CHECK_INT(work_ns, (999 * 1003 + 2) / 4);
	CHECK_INT(built->quality.on_estimated_ns, 999 * 1003);
	done();
}

/* --- processes -------------------------------------------------------------------------------- */

static void a_pid_used_again_is_two_processes(void)
{
	build_stream("window start=1s end=2s\n"
	      "map pid=100 start=0x400000 end=0x410000 inode=11 path=\"/bin/one\"\n"
	      "exit time=1300ms pid=100 tid=100\n"
	      "fork time=1500ms pid=100 tid=100 ppid=1 ptid=1\n"
	      "comm time=1500ms pid=100 tid=100 exec=1 comm=\"two\"\n"
	      "map time=1501ms pid=100 start=0x400000 end=0x410000 inode=12 path=\"/bin/two\"\n"
	      "thread thread=1 pid=100 tid=100 start_time=5 state=dead flags=dead dead=1300ms on=300ms comm=\"one\"\n"
	      "thread thread=2 pid=100 tid=101 start_time=6 state=dead flags=dead dead=1200ms on=200ms comm=\"one-b\"\n"
	      "thread thread=3 pid=100 tid=100 start_time=1499ms state=on flags=born born=1500ms since=2s on=500ms "
	      "comm=\"two\"\n");
	CHECK_INT(built->process_count, 2);
	CHECK_INT(built->processes[0].thread_count, 2);
	CHECK_TEXT(profile_string(built, built->processes[0].comm), "one");
	CHECK_TEXT(profile_string(built, built->processes[0].exe), "/bin/one");
	CHECK_TEXT(profile_string(built, built->processes[1].comm), "two");
	CHECK_TEXT(profile_string(built, built->processes[1].exe), "/bin/two");
	done();
	/* the same, told by nothing but the threads' records */
	build_stream("window start=1s end=2s\n"
	      "thread thread=1 pid=100 tid=100 start_time=5 state=dead flags=dead dead=1300ms on=300ms\n"
	      "thread thread=2 pid=100 tid=101 start_time=6 state=dead flags=dead dead=1200ms on=200ms\n"
	      "thread thread=3 pid=100 tid=100 start_time=1499ms state=on flags=born born=1500ms since=2s on=500ms\n");
	CHECK_INT(built->process_count, 2);
	CHECK_INT(built->processes[0].thread_count, 2);
	CHECK_INT(built->threads[2].tid, 100);
	done();
}

/* Without leaders, the records of forks and exits tell them apart. */
static void threads_of_a_pid_used_again(void)
{
	build_stream("window start=1s end=2s\n"
	      "comm time=0 pid=100 tid=100 comm=\"one\"\n"
	      "exit time=1300ms pid=100 tid=100\n"
	      "fork time=1500ms pid=100 tid=100 ppid=1 ptid=1\n"
	      "comm time=1500ms pid=100 tid=100 comm=\"two\"\n"
	      "thread thread=1 pid=100 tid=101 start_time=5 state=dead flags=dead dead=1300ms on=300ms comm=\"a\"\n"
	      "thread thread=2 pid=100 tid=102 start_time=1600ms state=on flags=born born=1600ms since=2s on=400ms "
	      "comm=\"b\"\n");
	CHECK_INT(built->process_count, 2);
	CHECK_TEXT(profile_string(built, built->processes[0].comm), "one");
	CHECK_TEXT(profile_string(built, built->processes[1].comm), "two");
	done();
}

static void bytes_behind_a_name_are_not_it(void)
{
	struct scope_window window = { .rec = { SCOPE_REC_WINDOW, sizeof(window) }, .end_ns = 10 };
	struct scope_thread thread = { .rec = { SCOPE_REC_THREAD, sizeof(thread) },
				       .flags = SCOPE_THREAD_NO_EVENT, .comm = "ab\0older name" };
	const struct profile_config config = { .states = { true, true, true } };
	struct ingest *g = ingest_new();

	/* a peer by executable and name, once the older bytes are gone */
	thread.thread = thread.pid = thread.tid = 1;
	CHECK_INT(ingest_record(g, &window, sizeof(window)), 0);
	CHECK_INT(ingest_record(g, &thread, sizeof(thread)), 0);
	thread.thread = thread.pid = thread.tid = 2;
	memcpy(thread.comm, "ab\0else", 8);
	CHECK_INT(ingest_record(g, &thread, sizeof(thread)), 0);
	CHECK_INT(ingest_record(g, &(struct scope_ticks){ .rec = { SCOPE_REC_TICKS, sizeof(struct scope_ticks) },
							  .thread = 2, .count = 1 },
				sizeof(struct scope_ticks)), 0);
	built = profile_build(g, &config);
	CHECK_TEXT(profile_string(built, built->threads[0].comm), "ab");
	CHECK(built->threads[0].estimated);
	ingest_free(&g);
	done();
}

static void names_of_processes(void)
{
	build_stream("window start=1s end=2s\n"
	      "comm time=0 pid=100 tid=100 comm=\"leader\"\n"
	      "thread thread=1 pid=100 tid=101 start_time=6 flags=no_event state=off comm=\"worker\"\n"
	      "thread thread=2 pid=200 tid=201 start_time=6 flags=no_event state=off comm=\"alone\"\n"
	      "thread thread=3 pid=300 tid=300 start_time=6 flags=no_event state=off comm=\"sixteen-bytes-ab\"\n");
	CHECK_TEXT(profile_string(built, built->processes[0].comm), "leader");
	CHECK_TEXT(profile_string(built, built->processes[1].comm), "alone");
	CHECK_TEXT(profile_string(built, built->processes[2].comm), "sixteen-bytes-ab");
	done();
}

static void the_run_is_described(void)
{
	build_stream(COMMON "config target=\"pid 100 (app)\" system_wide\n"
			    "loss cause=ring_stack count=5 ns=7\nloss cause=ring_stack count=1 ns=1\n");
	CHECK_TEXT(built->target, "pid 100 (app)");
	CHECK(built->system_wide);
	CHECK_INT(built->window_ns, 1000000000);
	CHECK_INT(built->start_mono_ns, 1000000000);
	CHECK_INT(built->start_realtime_ns, 5000000000);
	CHECK_INT(built->min_block_ns, 50000);
	CHECK_INT(built->idle_ns, 300000000);
	CHECK_INT(built->losses[SCOPE_LOSS_RING_STACK].count, 6);
	CHECK_INT(built->losses[SCOPE_LOSS_RING_STACK].ns, 8);
	CHECK_TEXT(built->version, SYSTEMSCOPE_VERSION);
	done();
}

static void nothing_gives_an_empty_profile(void)
{
	build_stream("");
	CHECK_INT(built->thread_count + built->process_count + built->sample_count, 0);
	done();
	CHECK(!built);
}

/* --- any run ---------------------------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* A thread whose sums, late sums, ticks and losses are consistent with its totals. */
static void write_thread(FILE *out, uint32_t id)
{
	nsec_t left[SCOPE_STATES], alive = 1 + draw(NSEC_PER_SEC), pending = draw(2) ? draw(alive) : 0;
	nsec_t charged = alive - pending, other_off, late_off;
	uint32_t pid = 100 + (uint32_t)draw(4);
	bool dead = !pending && draw(2);

	left[SCOPE_ON] = draw(charged + 1);
	left[SCOPE_RUNQ] = draw(charged - left[SCOPE_ON] + 1);
	left[SCOPE_OFF] = charged - left[SCOPE_ON] - left[SCOPE_RUNQ];
	other_off = draw(3) ? 0 : draw(left[SCOPE_OFF] + 1);
	late_off = draw(2) ? 0 : draw(left[SCOPE_OFF] - other_off + 1);
	fprintf(out, "thread thread=%u pid=%u tid=%u start_time=%u flags=born%s born=%" PRIu64
		" dead=%" PRIu64 " since=%" PRIu64 " state=%s on=%" PRIu64 " runq=%" PRIu64
		" off=%" PRIu64 " other_off=%" PRIu64 " late_off=%" PRIu64
		" late_off_count=1 ustack=%" PRIu64 " kstack=%" PRIu64 " reason=syscall+0 comm=\"t%u\"\n",
		id, pid, id, id, dead ? "+dead" : "", dead ? NSEC_PER_SEC : 2 * NSEC_PER_SEC - alive,
		NSEC_PER_SEC + alive, dead ? NSEC_PER_SEC + alive : 2 * NSEC_PER_SEC - pending,
		dead ? "dead" : (const char *[]){ "on", "runq", "off" }[draw(3)], left[SCOPE_ON],
		left[SCOPE_RUNQ], left[SCOPE_OFF], other_off, late_off, draw(4), 3 * draw(2),
		(uint32_t)draw(3));
	left[SCOPE_OFF] -= other_off + late_off;
	for (uint64_t i = draw(5); i > 0; i--) {
		nsec_t off = draw(left[SCOPE_OFF] + 1), runq = draw(left[SCOPE_RUNQ] + 1);

		left[SCOPE_OFF] -= off;
		left[SCOPE_RUNQ] -= runq;
		fprintf(out, "sum thread=%u ustack=%" PRIu64 " kstack=%" PRIu64 " reason=syscall+%" PRIu64
			" off=%" PRIu64 " off_count=1 runq=%" PRIu64 " runq_count=1\n",
			id, draw(4), 3 + draw(3), draw(300), off, runq);
	}
	for (uint64_t i = draw(3); i > 0; i--)
		fprintf(out, "ticks thread=%u ustack=%" PRIu64 " count=%" PRIu64 "\n", id, draw(4),
			1 + draw(9));
}

static void every_nanosecond_is_found_again(void)
{
	for (uint64_t seed = 1; seed <= 300; seed++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		random_state = seed * 0x9e3779b97f4a7c15u;
		fputs(COMMON, out);
		for (uint64_t i = 1 + draw(12); i > 0; i--)
			write_thread(out, (uint32_t)i);
		fclose(out);
		build_stream(text);
		for (uint32_t i = 0; built && i < built->thread_count; i++)
			CHECK_INT(built->threads[i].residual_ns, 0);
		CHECK_INT(built->losses[SCOPE_LOSS_EVENT_ORDER].count, 0);
		if (check_why[0])
			fputs(text, stdout);
		free(text);
		done();
		if (check_why[0])
			return;
	}
}

int main(void)
{
	CHECK_CASE(account_is_completed_to_the_end);
	CHECK_CASE(accounts_are_clipped_to_the_window);
	CHECK_CASE(idle_time_is_no_more_than_the_window_has);
	CHECK_CASE(a_thread_without_an_account_is_unaccounted);
	CHECK_CASE(orphans_are_losses);
	CHECK_CASE(a_place_without_a_name_gives_no_reason);
	CHECK_CASE(late_sums_are_sums);
	CHECK_CASE(both_places_of_an_account_are_sums);
	CHECK_CASE(what_reads_the_same_is_one_sample);
	CHECK_CASE(a_tick_in_the_scheduler_shows_it);
	CHECK_CASE(no_event_is_one_state_throughout);
	CHECK_CASE(time_before_the_first_event_has_the_stack_seen);
	CHECK_CASE(residual_is_measured_apart);
	CHECK_CASE(who_was_not_alive_is_not_there);
	CHECK_CASE(several_lives_are_one_thread);
	CHECK_CASE(more_than_was_charged_is_cut);
	CHECK_CASE(other_cpus_have_their_label);
	CHECK_CASE(short_blocks_keep_their_time);
	CHECK_CASE(waits_without_a_stack_are_shared_out);
	CHECK_CASE(days_are_shared_out);
	CHECK_CASE(waits_with_none_to_share_have_their_label);
	CHECK_CASE(a_lost_half_leaves_the_other);
	CHECK_CASE(what_was_not_asked_for_is_not_missed);
	CHECK_CASE(threads_without_a_record_are_one);
	CHECK_CASE(threads_without_a_record_have_their_label);
	CHECK_CASE(states_left_out_are_still_in_the_ledger);
	CHECK_CASE(peers_lend_in_order);
	CHECK_CASE(kernel_threads_borrow_from_their_kind);
	CHECK_CASE(borrowing_is_exact_and_cheap);
	CHECK_CASE(a_pid_used_again_is_two_processes);
	CHECK_CASE(threads_of_a_pid_used_again);
	CHECK_CASE(bytes_behind_a_name_are_not_it);
	CHECK_CASE(names_of_processes);
	CHECK_CASE(the_run_is_described);
	CHECK_CASE(nothing_gives_an_empty_profile);
	CHECK_CASE(every_nanosecond_is_found_again);
	return check_status();
}
