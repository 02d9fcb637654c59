// SPDX-License-Identifier: MIT
/* src/frames.c, src/stacks.c: what the frames of a profile are called, and where they are. */
#include "built.h"

static void frames_are_places(void)
{
	build_stream("window start=1s end=2s\n"
	      "map pid=100 start=0x400000 end=0x410000 off=0x2000 inode=11 path=\"/opt/app\"\n"
	      "map pid=100 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "map pid=100 start=0x7fff000 end=0x8000000 path=\"[vdso]\"\n"
	      "name image=\"/opt/app\" addr=0x3000 size=0x10 name=\"innermost\" file=\"a.c\" line=5\n"
	      "name image=\"/opt/app\" addr=0x3000 size=0x10 name=\"outer\" file=\"b.c\" line=7\n"
	      "name image=\"[vdso]\" addr=0xa00 size=0x10 name=\"clock_gettime\"\n"
	      /* the leaf is exact; a return address just past a function still is in it */
	      "stack id=1 time=1s pid=100 kind=user ips=0x7fffa00,0x401010,0x401010,0x501234,0x509999,0x601111\n"
	      "stack id=2 kind=kernel ips=0x81000010\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=1 kstack=2 count=1\n");
	CHECK_TEXT(samples, "\n1 on 1000000000 x1  ;[unmapped];[anonymous];[anonymous];outer;innermost;"
			    "outer;innermost;clock_gettime;[kernel]+0x81000010\n");
	for (uint32_t i = 1; built && i < built->frame_count; i++) {
		const struct profile_frame *f = &built->frames[i];
		const char *name = profile_string(built, f->name);

		if (strcmp(name, "innermost") == 0) {
			CHECK(f->inlined && f->named && f->line == 5 && f->kind == FRAME_USER);
			CHECK_TEXT(profile_string(built, f->file), "a.c");
			CHECK_TEXT(profile_string(built, built->images[f->image].path), "/opt/app");
			CHECK_INT(f->offset, 0x300f);
		} else if (name[0] == '[') {
			CHECK(!f->named);
			CHECK(f->kind == (name[1] == 'k' ? FRAME_KERNEL : FRAME_USER));
		}
	}
	CHECK_INT(built->quality.frames_ns, 9000000000);
	CHECK_INT(built->quality.unnamed_ns, 4000000000);
	done();
}

static void an_address_in_no_symbol_is_an_offset(void)
{
	build_stream(COMMON
	      "stack id=9 time=1s pid=100 kind=user ips=0x401ff0\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=9 count=1\n");
	CHECK_TEXT(samples, "\n1 on 1000000000 x1  ;app+0x1ff0\n");
	done();
}

/* Processes of one file have its frames in common, wherever it is mapped. */
static void frames_are_shared_between_processes(void)
{
	build_stream(COMMON
	      "map pid=200 start=0x900000 end=0x910000 inode=11 path=\"/bin/app\"\n"
	      "stack id=9 time=1s pid=200 kind=user ips=0x901010,0x901210\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "thread thread=2 pid=200 tid=2 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "ticks thread=2 ustack=9 count=1\n");
	CHECK_INT(built->sample_count, 2);
	CHECK_INT(built->samples[0].stack, built->samples[1].stack);
	CHECK_INT(built->stack_count, 3);
	done();
}

static void the_mappings_of_the_time_count(void)
{
	build_stream(COMMON
	      "comm time=1500ms pid=100 tid=100 exec=1 comm=\"new\"\n"
	      "map time=1501ms pid=100 start=0x400000 end=0x410000 inode=12 path=\"/bin/new\"\n"
	      "name image=\"/bin/new\" addr=0x1000 size=0x100 name=\"new_main\"\n"
	      "stack id=9 time=1600ms pid=100 kind=user ips=0x401010\n"
	      "thread thread=1 pid=100 tid=100 state=on since=2s first=1s on=1s comm=\"new\"\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "ticks thread=1 ustack=9 count=1\n");
	CHECK_CONTAINS(samples, "\n100 on 500000000 x1  ;_start;main\n");
	CHECK_CONTAINS(samples, "\n100 on 500000000 x1  ;new_main\n");
	CHECK_TEXT(profile_string(built, built->processes[0].exe), "/bin/new");
	done();
}

/* Stacks that share addresses share what these are only where that is the same. */
static void shared_addresses_are_of_their_time_and_process(void)
{
	build_stream("window start=1s end=2s\n"
	      "map pid=100 start=0x400000 end=0x410000 inode=11 path=\"/lib/old\"\n"
	      "map time=1500ms pid=100 start=0x400000 end=0x410000 inode=12 path=\"/lib/new\"\n"
	      "map pid=200 start=0x400000 end=0x410000 inode=13 path=\"/lib/other\"\n"
	      "stack id=1 time=1700ms pid=100 kind=user ips=0x401010,0x402010,0x403010\n"
	      "stack id=2 time=1100ms pid=100 kind=user ips=0x401110,0x402010,0x403010\n"
	      "stack id=3 time=1800ms pid=100 kind=user ips=0x401210,0x402010,0x403010\n"
	      "stack id=4 time=1100ms pid=200 kind=user ips=0x401010,0x402010,0x403010\n"
	      /* an address that is a leaf here and a caller there */
	      "stack id=5 time=1800ms pid=100 kind=user ips=0x402010,0x403010\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "thread thread=2 pid=200 tid=2 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "ticks thread=1 ustack=2 count=1\n"
	      "ticks thread=1 ustack=3 count=1\n"
	      "ticks thread=1 ustack=5 count=1\n"
	      "ticks thread=2 ustack=4 count=1\n");
	CHECK_CONTAINS(samples, ";new+0x300f;new+0x200f;new+0x1010\n");
	CHECK_CONTAINS(samples, ";old+0x300f;old+0x200f;old+0x1110\n");
	CHECK_CONTAINS(samples, ";new+0x300f;new+0x200f;new+0x1210\n");
	CHECK_CONTAINS(samples, ";new+0x300f;new+0x2010\n");
	CHECK_CONTAINS(samples, ";other+0x300f;other+0x200f;other+0x1010\n");
	done();
}

/* One address in two processes, each with a map of its own; one image for all of it. */
static void code_made_at_run_time_is_its_process_s_own(void)
{
	uint32_t jit_images = 0;

	build_stream("window start=1s end=2s\n"
	      "map pid=100 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "map pid=200 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "map pid=200 start=0x700000 end=0x710000 inode=5 path=\"/memfd:code (deleted)\"\n"
	      "map pid=300 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "name image=\"/tmp/perf-100.map\" addr=0x501000 size=0x10 name=\"hundred\"\n"
	      "name image=\"/tmp/perf-200.map\" addr=0x501000 size=0x10 name=\"two hundred\"\n"
	      "name image=\"/tmp/perf-200.map\" addr=0x701000 size=0x10 name=\"in a memfd\"\n"
	      "stack id=1 time=1s pid=100 kind=user ips=0x501000,0x501010,0x502000\n"
	      "stack id=2 time=1s pid=200 kind=user ips=0x501000,0x701010\n"
	      "stack id=3 time=1s pid=300 kind=user ips=0x501000\n"
	      "thread thread=1 pid=100 tid=1 state=on since=2s first=1s on=1s\n"
	      "thread thread=2 pid=200 tid=2 state=on since=2s first=1s on=1s\n"
	      "thread thread=3 pid=300 tid=3 state=on since=2s first=1s on=1s\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "ticks thread=2 ustack=2 count=1\n"
	      "ticks thread=3 ustack=3 count=1\n");
	CHECK_CONTAINS(samples, "\n1 on 1000000000 x1  ;[anonymous];hundred;hundred\n");
	CHECK_CONTAINS(samples, "\n2 on 1000000000 x1  ;in a memfd;two hundred\n");
	CHECK_CONTAINS(samples, "\n3 on 1000000000 x1  ;[anonymous]\n");
	for (uint32_t i = 1; built && i < built->image_count; i++)
		jit_images += strcmp(profile_string(built, built->images[i].path), "[jit]") == 0;
	CHECK_INT(jit_images, 1);
	for (uint32_t i = 1; built && i < built->frame_count; i++) {
		const struct profile_frame *f = &built->frames[i];
		bool named = profile_string(built, f->name)[0] != '[';

		CHECK(f->named == named && f->kind == FRAME_USER);
		CHECK_TEXT(profile_string(built, built->images[f->image].path), named ? "[jit]" : "");
		CHECK(named ? f->offset >= 0x501000 : !f->offset);
	}
	done();
}

/* The files are those of the last process of a number. */
static void code_of_an_earlier_process_of_the_number_has_no_name(void)
{
	build_stream("window start=1s end=4s\n"
	      "map pid=100 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "exit time=2s pid=100 tid=100\n"
	      "fork time=3s pid=100 tid=100 ppid=1 ptid=1\n"
	      "map time=3s+1ms pid=100 start=0x500000 end=0x510000 path=\"//anon\"\n"
	      "name image=\"/tmp/perf-100.map\" addr=0x501000 size=0x10 name=\"last\"\n"
	      "stack id=1 time=1s pid=100 kind=user ips=0x501000\n"
	      "stack id=2 time=3500ms pid=100 kind=user ips=0x501000\n"
	      "thread thread=1 pid=100 tid=100 state=dead flags=dead dead=2s since=2s first=1s on=1s\n"
	      "thread thread=2 pid=100 tid=100 start_time=9 state=on flags=born born=3s since=4s first=3s on=1s\n"
	      "ticks thread=1 ustack=1 count=1\n"
	      "ticks thread=2 ustack=2 count=1\n");
	CHECK_CONTAINS(samples, "x1  ;[anonymous]\n");
	CHECK_CONTAINS(samples, "x1  ;last\n");
	done();
}

/* Its name does not matter: the walk knows where it ended. */
static void stacks_say_how_they_ended(void)
{
	static const struct {
		const char *end, *label;
	} rows[SCOPE_ENDS] = {
		[SCOPE_END_COMPLETE] = { "complete", "" },
		[SCOPE_END_TRUNCATED] = { "truncated", "[truncated];" },
		[SCOPE_END_NO_RULE] = { "no_rule", "[broken stack];" },
		[SCOPE_END_UNREADABLE] = { "unreadable", "[broken stack];" },
		[SCOPE_END_UNMAPPED] = { "unmapped", "[broken stack];" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = mem_format(
			"window start=1s end=2s\n"
			"map pid=1 start=0x400000 end=0x410000 path=\"/a\"\n"
			"map pid=1 start=0x500000 end=0x510000 path=\"/b\"\n"
			"name image=\"/a\" addr=0 size=0x1000 name=\"_start\"\n"
			"name image=\"/b\" addr=0 size=0x1000 name=\"leaf\"\n"
			"stack id=1 time=1s pid=1 kind=user end=%s ips=0x500010,0x400010\n"
			"thread thread=1 pid=1 tid=1 state=on since=2s first=1s on=1s\n"
			"thread thread=2 pid=2 tid=2 flags=kthread+no_event state=off\n"
			"ticks thread=1 ustack=1 count=1\n", rows[i].end);
		_cleanup_free_ char *wanted = mem_format("\n1 on 1000000000 x1  ;%s_start;leaf\n",
							 rows[i].label);

		build_stream(text);
		CHECK_INT(built->quality.user_ns, 1000000000);
		for (size_t end = 0; end < SCOPE_ENDS; end++)
			CHECK_INT(built->quality.end_ns[end], end == i ? 1000000000 : 0);
		CHECK_CONTAINS(samples, wanted);
		/* the outermost frame's, not the leaf's */
		for (uint32_t n = 0; n < built->image_count; n++)
			CHECK_INT(built->images[n].incomplete_ns,
				  i && strcmp(profile_string(built, built->images[n].path), "/a") == 0 ?
					  1000000000 : 0);
		done();
	}
}

static nsec_t unnamed_in(const char *path)
{
	for (uint32_t i = 0; built && i < built->image_count; i++)
		if (strcmp(profile_string(built, built->images[i].path), path) == 0)
			return built->images[i].unnamed_ns;
	return ~(nsec_t)0;
}

/* One of 1 s, one of 2 s; frames x time, and each frame's to its own image. */
static void unnamed_time_is_told_by_image(void)
{
	build_stream("window start=1s end=4s\n"
	      "map pid=1 start=0x400000 end=0x410000 inode=1 path=\"/a\"\n"
	      "map pid=1 start=0x500000 end=0x510000 inode=2 path=\"/b\"\n"
	      "map pid=1 start=0x700000 end=0x710000 path=\"//anon\"\n"
	      "map pid=2 start=0x400000 end=0x410000 inode=1 path=\"/a\"\n"
	      "map pid=2 start=0x700000 end=0x710000 path=\"//anon\"\n"
	      "name image=\"/a\" addr=0x1000 size=0x1000 name=\"main\"\n"
	      "name image=\"/tmp/perf-2.map\" addr=0x700000 size=0x10 name=\"jitted\"\n"
	      "stack id=1 time=1s pid=1 kind=user ips=0x400010,0x500010,0x500020,0x401010\n"
	      "stack id=2 time=1s pid=1 kind=user ips=0x700010,0x600000,0x400020,0x401010\n"
	      "stack id=3 time=1s pid=2 kind=user ips=0x700008,0x700100,0x700200,0x401010\n"
	      "stack id=4 kind=kernel ips=0x81000010\n"
	      "thread thread=1 pid=1 tid=1 state=on since=4s first=1s on=3s\n"
	      "thread thread=2 pid=2 tid=2 state=on since=4s first=1s on=3s\n"
	      "ticks thread=1 ustack=1 kstack=4 count=1\n"
	      "ticks thread=1 ustack=2 count=2\n"
	      "ticks thread=2 ustack=3 count=1\n");
	CHECK_INT(unnamed_in("/a"), (1 + 2) * NSEC_PER_SEC);
	CHECK_INT(unnamed_in("/b"), 2 * 1 * NSEC_PER_SEC);
	CHECK_INT(unnamed_in("[kernel]"), 1 * NSEC_PER_SEC);
	CHECK_INT(unnamed_in("[jit]"), 0);
	CHECK_INT(unnamed_in(""), (2 + 2 + 2 * 3) * NSEC_PER_SEC);
	CHECK_INT(built->processes[0].anonymous_ns, 2 * NSEC_PER_SEC);
	CHECK_INT(built->processes[1].anonymous_ns, 2 * 3 * NSEC_PER_SEC);
	CHECK_INT(built->quality.unnamed_ns, (3 + 2 + 1 + 10) * NSEC_PER_SEC);
	done();
}

int main(void)
{
	CHECK_CASE(frames_are_places);
	CHECK_CASE(an_address_in_no_symbol_is_an_offset);
	CHECK_CASE(frames_are_shared_between_processes);
	CHECK_CASE(the_mappings_of_the_time_count);
	CHECK_CASE(shared_addresses_are_of_their_time_and_process);
	CHECK_CASE(code_made_at_run_time_is_its_process_s_own);
	CHECK_CASE(code_of_an_earlier_process_of_the_number_has_no_name);
	CHECK_CASE(stacks_say_how_they_ended);
	CHECK_CASE(unnamed_time_is_told_by_image);
	return check_status();
}
