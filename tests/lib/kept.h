/* SPDX-License-Identifier: MIT */
/*
 * kept.h - for tests of capture files: a profile with one of everything, and a capture file as
 * bytes in memory, there and back.
 */
#ifndef KEPT_H
#define KEPT_H

#include "capture_file.h"
#include "check.h"
#include "handmade.h"
#include "profile_build.h"
#include "scope_file.h"
#include "written.h"

/* What handmade.h has no place for. */
static struct handmade h;
static struct profile_interval intervals[64];

static char long_name[CAPTURE_TEXT_BYTES + 5000] = "short";

static inline void add_interval(uint32_t thread, enum scope_state state, nsec_t start_ns, nsec_t ns)
{
	assert(h.profile.interval_count < 64);
	intervals[h.profile.interval_count++] = (struct profile_interval){
		.thread = thread,
		.state = state,
		.reason = state == SCOPE_OFF ? handmade_string(&h, "futex") : 0,
		.stack = 1,
		.waker = state == SCOPE_OFF ? 2 : 0,
		.start_ns = start_ns,
		.ns = ns,
	};
}

static inline void add_rest(struct profile *p)
{
	p->target = "pid 100 (\xff\"</script>;\n)";
	p->min_block_ns = 1;
	p->idle_ns = UINT64_MAX;
	p->system_wide = true;
	for (size_t i = 0; i < SCOPE_LOSS_COUNT; i++)
		p->losses[i] = (struct profile_loss){ i % 3, i % 3 ? i * 1000 : 0 };
	p->losses[SCOPE_LOSS_FILE_CUT] = (struct profile_loss){ 0 };
	p->losses[SCOPE_LOSS_FILE_DAMAGED] = (struct profile_loss){ 0 };
	p->timeline_lost = (struct profile_loss){ 3, 70 };
	p->quality = (struct profile_quality){
		.on_sampled_ns = 1,
		.on_estimated_ns = 2,
		.on_unsampled_ns = 3,
		.stackless_ns = 4,
		.user_ns = 5,
		.end_ns = { 6, 7, 8, 9, 10 },
		.frames_ns = 11,
		.unnamed_ns = 12,
		.ticks = 13,
	};
	p->self = (struct profile_self){
		.cpu_ns = 1,
		.armed_cpu_ns = 2,
		.names_cpu_ns = 3,
		.peak_rss_bytes = 4,
		.start_to_armed_ns = 5,
		.stop_to_written_ns = 6,
		.kernel_map_bytes = 7,
		.unwind_tables = 8,
		.unwind_rows = 9,
		.unwind_bytes = 10,
		.unwind_rules = 11,
		.unwind_build_ns = 12,
		.unwind_evicted = 13,
		.unwind_refused = 14,
		.unwind_spaces = 15,
		.unwind_raw = 16,
	};
	p->thinning = (struct profile_thinning){
		.max_ppm = 17,
		.probe_ns = 18,
		.on_ns = 19,
		.waits = 20,
		.taken = 21,
		.shared_ns = 22,
	};
}

static inline void add_images(void)
{
	struct profile *p = &h.profile;

	h.images[0].incomplete_ns = 5;
	h.images[0].why = handmade_string(&h, "in no mapping");
	h.images[p->image_count++] = (struct profile_image){
		.path = handmade_string(&h, "/bin/\xff app"),
		.build_id = handmade_string(&h, "00ff"),
		.incomplete_ns = 1,
		.unnamed_ns = UINT64_MAX,
		.why = handmade_string(&h, "stripped"),
		.debug_file = handmade_string(&h, "/usr/lib/debug/x"),
		.debug_package = handmade_string(&h, "app-dbgsym"),
	};
}

/* One of everything. The samples are `more` and some others. */
static inline struct profile *make_profile(uint32_t more)
{
	uint32_t main_, read_, inlined, wait, lost, deep;

	handmade_init(&h);
	h.profile.intervals = intervals;
	h.profile.has_timeline = true;
	add_images();
	handmade_process(&h, 100, "app");
	handmade_thread(&h, 100, "app");
	handmade_thread(&h, 107, "wor;ker\n");
	h.processes[0].exe = handmade_string(&h, "/bin/app");
	handmade_process(&h, 100, "app"); /* its number, used again */
	handmade_thread(&h, 100, "kthread");
	h.threads[2].kernel_thread = true;
	handmade_process(&h, 0, "lost");
	handmade_thread(&h, 0, "[threads without a record]");

	main_ = handmade_stack(&h, 0, "main");
	read_ = handmade_stack(&h, main_, "\xe2\x80\xae\xffread</script>");
	inlined = handmade_stack(&h, main_, long_name);
	wait = handmade_stack(&h, read_, "k:futex_wait");
	lost = handmade_stack(&h, 0, "l:[stack lost: ring full]");
	h.frames[2].image = 1;
	h.frames[2].file = handmade_string(&h, "src/read.c");
	h.frames[2].line = UINT32_MAX;
	h.frames[2].offset = UINT64_MAX;
	h.frames[3].inlined = true;
	h.frames[3].named = false;
	handmade_sample(&h, 0, SCOPE_ON, main_, 1234567);
	handmade_sample(&h, 0, SCOPE_OFF, wait, 7654321)->reason = handmade_string(&h, "futex");
	handmade_sample(&h, 0, SCOPE_OFF, 0, 0)->reason = handmade_string(&h, "epoll");
	handmade_sample(&h, 1, SCOPE_ON, inlined, 99)->count = UINT64_MAX;
	handmade_sample(&h, 1, SCOPE_RUNQ, lost, (nsec_t)1 << 62);
	handmade_sample(&h, 2, SCOPE_ON, read_, 5)->count = 0;
	h.samples[5].estimated = h.threads[2].estimated = true;
	deep = main_;
	for (uint32_t i = 0; i < more; i++) {
		deep = handmade_stack(&h, deep, i % 7 ? "f" : "g");
		handmade_sample(&h, 3, SCOPE_OFF, deep, i)->reason = handmade_string(&h, "poll");
		if (i % 50 == 49)
			deep = main_;
	}
	h.threads[0].residual_ns = -17;
	h.threads[1].residual_ns = 17;
	h.threads[1].switches = 1000;
	h.threads[1].born_ns = 4;
	add_interval(0, SCOPE_ON, 0, 10);
	add_interval(0, SCOPE_OFF, 10, 1);
	add_interval(0, SCOPE_RUNQ, 100, (nsec_t)1 << 40);
	for (uint32_t i = 0; i < 40; i++)
		add_interval(2, i % 3 ? SCOPE_ON : SCOPE_OFF, 5 + 100 * i, 1 + i % 7);
	h.processes[2].anonymous_ns = 8; /* known last, as in a capture */
	h.processes[2].anonymous_why = handmade_string(&h, "/tmp/perf-1.map: not found");
	add_rest(&h.profile);
	return (struct profile *)handmade_seal(&h);
}

/* --- bytes ------------------------------------------------------------------------------------ */

struct bytes {
	char *data;
	size_t size;
};

static inline struct bytes capture_of(const struct profile *profile)
{
	struct bytes bytes;

	bytes.data = written_by(exporter_by_name("scope"), profile, NULL, &bytes.size);
	CHECK(bytes.data != NULL);
	return bytes;
}

static struct err err;

/* From exactly so many bytes: what is read beyond them is seen. NULL: refused, with a message. */
static inline struct profile *read_bytes(const char *data, size_t size)
{
	struct profile *profile = NULL;
	char *exact = malloc(size ? size : 1);
	FILE *in;
	int ret;

	memcpy(exact, data, size);
	in = size ? fmemopen(exact, size, "r") : fopen("/dev/null", "r");
	err = (struct err){ 0 };
	ret = scope_file_read_stream(in, "x.scope", &profile, &err);
	fclose(in);
	free(exact);
	CHECK((ret == 0) == (profile != NULL) && (ret == 0) == !err.code && ret <= 0);
	return profile;
}

/* Not whole, and it says so. */
static inline bool is_told(const struct profile *p)
{
	return p->losses[SCOPE_LOSS_FILE_CUT].count + p->losses[SCOPE_LOSS_FILE_DAMAGED].count == 1;
}

static inline void check_refused(const char *data, size_t size, const char *message)
{
	struct profile *profile = read_bytes(data, size);

	CHECK(!profile);
	CHECK_CONTAINS(err.message, message);
	profile_free(&profile);
}

#endif
