/* SPDX-License-Identifier: MIT */
/*
 * capture_file.h - the layout of a capture file (FILE.scope): a sealed profile as bytes, for
 * exporters/scope.c, which writes it, and src/scope_file*.c, which reads it. In words it stands in
 * docs/formats.md.
 *
 * A file is CAPTURE_MAGIC, CAPTURE_VERSION as 32 bits, and chunks. A chunk is a struct
 * capture_chunk and, packed by DEFLATE (RFC 1951), its content. Numbers of 32 bits are
 * little-endian, all others LEB128. The head is the first chunk, the end the last: a file without
 * it was cut off. A table is in as many chunks as it takes, in its order, with others between them;
 * what a row refers to came before it.
 *
 * Whoever changes anything here, adds a column or gives one another meaning, raises the version and
 * reads the older one too.
 */
#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H

#include "profile.h"

/* No text file begins with it, and a copy that changed its newlines does not either. */
#define CAPTURE_MAGIC	    "\x89scope\r\n"
#define CAPTURE_MAGIC_BYTES 8
#define CAPTURE_VERSION	    2u /* 1 had no columns of `thinning` */

#define CAPTURE_ROWS_MAX    (1u << 28) /* of a table, and strings */
#define CAPTURE_CHUNK_ROWS  4096u      /* of a table, in one chunk */
#define CAPTURE_COLUMNS_MAX 16
#define CAPTURE_CHUNK_MAX   (1u << 20) /* bytes of a chunk, unpacked; packed, not many more: */
#define CAPTURE_PACKED_MAX  (CAPTURE_CHUNK_MAX + (CAPTURE_CHUNK_MAX >> 4))
#define CAPTURE_TEXT_BYTES  (1u << 16) /* of text, in one chunk */
#define CAPTURE_STACK_MAX   (1u << 14) /* frames of a stack, those of inlined calls too */

enum capture_chunk_type {
	CAPTURE_HEAD = 1, /* the profile's own columns; then how many losses there are, and each:
			   * its key (losses.h) with a NUL, count, ns */
	CAPTURE_TEXT,	  /* version, target, then strings from 1 on: each with its NUL */
	CAPTURE_PROCESS,  /* these: how many rows; then column by column, one value a row */
	CAPTURE_THREAD,
	CAPTURE_IMAGE,
	CAPTURE_FRAME,
	CAPTURE_STACK,
	CAPTURE_SAMPLE,
	CAPTURE_INTERVAL,
	CAPTURE_END, /* nothing */
};

struct capture_chunk {
	uint32_t type;
	uint32_t packed_bytes;
	uint32_t unpacked_bytes;
	uint32_t crc; /* CRC-32 of the three numbers above and of the packed bytes */
};

static_assert(sizeof(struct capture_chunk) == 16, "file");

/* How a column's values are written; what comes before a chunk's first row counts as 0. */
enum capture_coding {
	CAPTURE_PLAIN,
	/* how far it is from the row before: 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
	CAPTURE_STEP,
	/* how far it is from that row's value plus that row's value of the column before this one:
	 * from where the interval before ended */
	CAPTURE_AFTER,
};

/* Which values a column may have. */
enum capture_range {
	CAPTURE_ANY, /* that its width holds */
	CAPTURE_BOOL,
	CAPTURE_STATE,
	CAPTURE_KIND,
	CAPTURE_STRING_LATER, /* an index of these, which may come after it */
	CAPTURE_STRING,	      /* an index of these */
	CAPTURE_A_PROCESS,
	CAPTURE_A_THREAD,
	CAPTURE_THREAD_OR_NONE, /* an index, and 1 */
	CAPTURE_AN_IMAGE,
	CAPTURE_A_FRAME,
	CAPTURE_A_STACK,
};

struct capture_column {
	uint16_t off; /* in the row's struct */
	uint8_t bytes;
	uint8_t coding; /* enum capture_coding */
	uint8_t range;	/* enum capture_range */
};

/* clang-format off */
#define CAPTURE_COLUMN(type, member, coding, range)                                                \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), coding, range }

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_head[] = {
	COLUMN(start_realtime_ns, PLAIN, ANY),
	COLUMN(start_mono_ns, PLAIN, ANY),
	COLUMN(window_ns, PLAIN, ANY),
	COLUMN(frequency_hz, PLAIN, ANY),
	COLUMN(cpus, PLAIN, ANY),
	COLUMN(min_block_ns, PLAIN, ANY),
	COLUMN(idle_ns, PLAIN, ANY),
	COLUMN(states[SCOPE_ON], PLAIN, BOOL),
	COLUMN(states[SCOPE_RUNQ], PLAIN, BOOL),
	COLUMN(states[SCOPE_OFF], PLAIN, BOOL),
	COLUMN(system_wide, PLAIN, BOOL),
	COLUMN(has_timeline, PLAIN, BOOL),
	COLUMN(timeline_lost.count, PLAIN, ANY),
	COLUMN(timeline_lost.ns, PLAIN, ANY),
	COLUMN(string_count, PLAIN, ANY),
	COLUMN(process_count, PLAIN, ANY),
	COLUMN(thread_count, PLAIN, ANY),
	COLUMN(image_count, PLAIN, ANY),
	COLUMN(frame_count, PLAIN, ANY),
	COLUMN(stack_count, PLAIN, ANY),
	COLUMN(sample_count, PLAIN, ANY),
	COLUMN(interval_count, PLAIN, ANY),
	COLUMN(quality.on_sampled_ns, PLAIN, ANY),
	COLUMN(quality.on_estimated_ns, PLAIN, ANY),
	COLUMN(quality.on_unsampled_ns, PLAIN, ANY),
	COLUMN(quality.stackless_ns, PLAIN, ANY),
	COLUMN(quality.user_ns, PLAIN, ANY),
	COLUMN(quality.end_ns[SCOPE_END_COMPLETE], PLAIN, ANY),
	COLUMN(quality.end_ns[SCOPE_END_TRUNCATED], PLAIN, ANY),
	COLUMN(quality.end_ns[SCOPE_END_NO_RULE], PLAIN, ANY),
	COLUMN(quality.end_ns[SCOPE_END_UNREADABLE], PLAIN, ANY),
	COLUMN(quality.end_ns[SCOPE_END_UNMAPPED], PLAIN, ANY),
	COLUMN(quality.frames_ns, PLAIN, ANY),
	COLUMN(quality.unnamed_ns, PLAIN, ANY),
	COLUMN(quality.ticks, PLAIN, ANY),
	COLUMN(self.cpu_ns, PLAIN, ANY),
	COLUMN(self.armed_cpu_ns, PLAIN, ANY),
	COLUMN(self.names_cpu_ns, PLAIN, ANY),
	COLUMN(self.peak_rss_bytes, PLAIN, ANY),
	COLUMN(self.start_to_armed_ns, PLAIN, ANY),
	COLUMN(self.stop_to_written_ns, PLAIN, ANY),
	COLUMN(self.kernel_map_bytes, PLAIN, ANY),
	COLUMN(self.unwind_tables, PLAIN, ANY),
	COLUMN(self.unwind_rows, PLAIN, ANY),
	COLUMN(self.unwind_bytes, PLAIN, ANY),
	COLUMN(self.unwind_rules, PLAIN, ANY),
	COLUMN(self.unwind_build_ns, PLAIN, ANY),
	COLUMN(self.unwind_evicted, PLAIN, ANY),
	COLUMN(self.unwind_refused, PLAIN, ANY),
	COLUMN(self.unwind_spaces, PLAIN, ANY),
	COLUMN(self.unwind_raw, PLAIN, ANY),
	COLUMN(thinning.max_ppm, PLAIN, ANY), /* from version 2 on */
	COLUMN(thinning.probe_ns, PLAIN, ANY),
	COLUMN(thinning.on_ns, PLAIN, ANY),
	COLUMN(thinning.waits, PLAIN, ANY),
	COLUMN(thinning.taken, PLAIN, ANY),
	COLUMN(thinning.shared_ns, PLAIN, ANY),
};
static_assert(SCOPE_ENDS == 5, "a new end is a new column of the head");
#undef COLUMN

/* first_thread and thread_count follow from the threads. */
#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_process, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_processes[] = {
	COLUMN(pid, STEP, ANY),
	COLUMN(comm, PLAIN, STRING),
	COLUMN(exe, PLAIN, STRING),
	COLUMN(anonymous_ns, PLAIN, ANY),
	COLUMN(anonymous_why, PLAIN, STRING_LATER),
};
#undef COLUMN

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_thread, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_threads[] = {
	COLUMN(process, STEP, A_PROCESS),
	COLUMN(tid, STEP, ANY),
	COLUMN(comm, PLAIN, STRING),
	COLUMN(kernel_thread, PLAIN, BOOL),
	COLUMN(never_ran, PLAIN, BOOL),
	COLUMN(estimated, PLAIN, BOOL),
	COLUMN(born_ns, STEP, ANY),
	COLUMN(alive_ns, PLAIN, ANY),
	COLUMN(ns[SCOPE_ON], PLAIN, ANY),
	COLUMN(ns[SCOPE_RUNQ], PLAIN, ANY),
	COLUMN(ns[SCOPE_OFF], PLAIN, ANY),
	COLUMN(residual_ns, STEP, ANY),
	COLUMN(switches, PLAIN, ANY),
};
#undef COLUMN

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_image, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_images[] = {
	COLUMN(path, STEP, STRING),
	COLUMN(build_id, STEP, STRING),
	COLUMN(incomplete_ns, PLAIN, ANY),
	COLUMN(unnamed_ns, PLAIN, ANY),
	COLUMN(why, PLAIN, STRING),
	COLUMN(debug_file, PLAIN, STRING),
	COLUMN(debug_package, PLAIN, STRING),
};
#undef COLUMN

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_frame, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_frames[] = {
	COLUMN(name, STEP, STRING),
	COLUMN(image, STEP, AN_IMAGE),
	COLUMN(offset, STEP, ANY),
	COLUMN(file, STEP, STRING),
	COLUMN(line, PLAIN, ANY),
	COLUMN(kind, PLAIN, KIND),
	COLUMN(named, PLAIN, BOOL),
	COLUMN(inlined, PLAIN, BOOL),
};
#undef COLUMN

/* That a parent is smaller than its stack is checked stack by stack. */
#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_stack, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_stacks[] = {
	COLUMN(parent, STEP, ANY),
	COLUMN(frame, STEP, A_FRAME),
};
#undef COLUMN

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_sample, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_samples[] = {
	COLUMN(thread, STEP, A_THREAD),
	COLUMN(reason, PLAIN, STRING),
	COLUMN(stack, STEP, A_STACK),
	COLUMN(state, PLAIN, STATE),
	COLUMN(ns, PLAIN, ANY),
	COLUMN(count, PLAIN, ANY),
	COLUMN(estimated, PLAIN, BOOL),
};
#undef COLUMN

#define COLUMN(member, coding, range) \
	CAPTURE_COLUMN(profile_interval, member, CAPTURE_##coding, CAPTURE_##range)
static const struct capture_column capture_intervals[] = {
	COLUMN(thread, STEP, A_THREAD),
	COLUMN(reason, PLAIN, STRING),
	COLUMN(stack, STEP, A_STACK),
	COLUMN(waker, PLAIN, THREAD_OR_NONE),
	COLUMN(state, PLAIN, STATE),
	COLUMN(ns, PLAIN, ANY),
	COLUMN(start_ns, AFTER, ANY),
};
#undef COLUMN

struct capture_table {
	enum capture_chunk_type type;
	size_t row_bytes;
	size_t rows_off, count_off; /* in struct profile: where the rows are, and how many */
	const struct capture_column *columns;
	size_t column_count;
};

#define TABLE(type, singular, plural)                                                              \
	{ CAPTURE_##type, sizeof(struct profile_##singular), offsetof(struct profile, plural),     \
	  offsetof(struct profile, singular##_count), capture_##plural,                            \
	  sizeof(capture_##plural) / sizeof(struct capture_column) }
static const struct capture_table capture_tables[] = {
	TABLE(PROCESS, process, processes),
	TABLE(THREAD, thread, threads),
	TABLE(IMAGE, image, images),
	TABLE(FRAME, frame, frames),
	TABLE(STACK, stack, stacks),
	TABLE(SAMPLE, sample, samples),
	TABLE(INTERVAL, interval, intervals),
};
#undef TABLE
/* clang-format on */

#define CAPTURE_HEAD_COLUMNS (sizeof(capture_head) / sizeof(capture_head[0]))
#define CAPTURE_HEAD_COLUMNS_1 (CAPTURE_HEAD_COLUMNS - 6) /* of version 1 */
#define CAPTURE_TABLES	     (sizeof(capture_tables) / sizeof(capture_tables[0]))
/* The table that chunks of a type are of, as an index. */
#define CAPTURE_TABLE_OF(type) ((size_t)(type)-CAPTURE_PROCESS)

/* A member more is a column more. */
static_assert(sizeof(struct profile) - sizeof(((struct profile *)0)->losses) == 496,
	      "see the head");
static_assert(sizeof(struct profile_process) == 40, "see its table");
static_assert(sizeof(struct profile_thread) == 72, "see its table");
static_assert(sizeof(struct profile_image) == 40, "see its table");
static_assert(sizeof(struct profile_frame) == 32, "see its table");
static_assert(sizeof(struct profile_stack) == 8, "see its table");
static_assert(sizeof(struct profile_sample) == 32, "see its table");
static_assert(sizeof(struct profile_interval) == 40, "see its table");
static_assert(CAPTURE_TABLES == CAPTURE_TABLE_OF(CAPTURE_END), "in the order of the chunks");

#endif
