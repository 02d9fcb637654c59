/* SPDX-License-Identifier: MIT */
/*
 * profile.h - a sealed profile: the value that every exporter reads.
 *
 * Built by src/profile_build.c from what src/ingest.c gathered; const from then on and freed by
 * profile_free(). Owns every byte it points to.
 *
 * Invariants
 *  - Ids are indexes into the arrays; id 0 is "none" in strings, images, frames and stacks, whose
 *    element 0 is a placeholder. processes and threads count from 0.
 *  - strings[0] is "". Strings are NUL-terminated bytes that come from the target: any byte but NUL
 *    may occur, invalid UTF-8 too. Exporters make them harmless.
 *  - stacks form a prefix tree, root first: stacks[i].parent < i. User frames come before
 *    (nearer to the root than) kernel frames.
 *  - Samples are sorted by (thread, state, reason, stack) and unique in that key; ns may be 0.
 *  - Per thread: the samples of a state sum to that state's ns (on_ns, runq_ns, off_ns). Where
 *    residual_ns is positive it is not part of any sample.
 *  - Processes are sorted by (pid, birth): a pid may be used again. Threads are sorted by (process,
 *    tid, birth). Threads whose records were lost are one more, the last, in a process with pid 0.
 *  - A sample whose stack is 0 has nothing to show and lost nothing: no stack was asked for that its
 *    thread could have had.
 *  - The same records and symbols give the same bytes.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "labels.h"
#include "scope_event.h"
#include "scope_time.h"

enum frame_kind { FRAME_USER, FRAME_KERNEL, FRAME_LABEL };

struct profile_image {
	uint32_t path; /* string: as mapped, "[kernel]", a module's name in brackets, "[vdso]"; "[jit]":
			* of the code that all processes made at run time, if any of it has names */
	uint32_t build_id; /* string, hexadecimal; 0: none or not known */
	nsec_t incomplete_ns; /* of user stacks that ended before their time, with the outermost frame
			       * in this image; of image 0: in none */
	nsec_t unnamed_ns; /* frames x time, its part of quality.unnamed_ns; of image 0: in no mapping,
			    * and in memory of no file */
	uint32_t why; /* string: why these have no name; 0: there are none, or it is not known */
	uint32_t debug_file;	/* string: where a file that names them is looked for; 0: nowhere */
	uint32_t debug_package; /* string: the distribution's that has it; 0: not known */
};

struct profile_frame {
	uint32_t name;	/* string; never 0: `module+0xoffset` when nothing names it */
	uint32_t image; /* 0: none (labels, unmapped addresses) */
	uint64_t offset; /* in the image's file address space (ELF vaddr); the address in [jit], and if
			  * no image */
	uint32_t file;	/* string, 0: not known */
	uint32_t line;	/* 0: not known */
	enum frame_kind kind;
	bool named;	/* false: `name` is an address, not a function */
	bool inlined;	/* a call expanded into its parent in the stack */
};

struct profile_stack {
	uint32_t parent;
	uint32_t frame;
};

struct profile_process {
	uint32_t pid;
	uint32_t comm; /* string: the leader's at the end */
	uint32_t exe;  /* string; 0: not known, or a kernel thread */
	uint32_t first_thread; /* threads of a process are contiguous */
	uint32_t thread_count;
	nsec_t anonymous_ns;	/* frames x time: of image 0's unnamed_ns, in memory of no file */
	uint32_t anonymous_why; /* string: why nothing names that; 0: there is none, or not known */
};

struct profile_thread {
	uint32_t process; /* index */
	uint32_t tid;
	uint32_t comm; /* string: at the end */
	bool kernel_thread;
	bool never_ran; /* no on-CPU and no run-queue time in the window, and no residual */
	bool estimated; /* its on-CPU stacks were borrowed from its peers */
	nsec_t born_ns; /* clipped to the window */
	nsec_t alive_ns;
	nsec_t ns[SCOPE_STATES]; /* the ledger: on, runq, off */
	int64_t residual_ns;	 /* alive - (on + runq + off) */
	uint64_t switches;
};

struct profile_sample {
	uint32_t thread; /* index */
	uint32_t reason; /* string: why it was blocked; 0 unless state is OFF */
	uint32_t stack;
	uint8_t state;	/* enum scope_state */
	bool estimated; /* a share borrowed from peers */
	nsec_t ns;
	uint64_t count; /* ticks, or intervals; 0 when borrowed */
};

/* A stretch of a thread's time in one state: the timeline. */
struct profile_interval {
	uint32_t thread; /* index */
	uint32_t reason; /* as in a sample */
	uint32_t stack;	 /* where it waited; where the tick that ended the stretch met it; 0: neither */
	uint32_t waker;	 /* thread, and 1, that ended the wait; 0: not known, or none of these */
	enum scope_state state;
	nsec_t start_ns; /* since the window's start */
	nsec_t ns;	 /* never 0 */
};

struct profile_loss {
	uint64_t count;
	nsec_t ns;
};

/* Times are sums of sample ns over all threads; each names a share of one whole. */
struct profile_quality {
	nsec_t on_sampled_ns;	 /* on-CPU time of threads hit by ticks */
	nsec_t on_estimated_ns;	 /* of threads that took their peers' distribution */
	nsec_t on_unsampled_ns;	 /* [on-CPU, not sampled] */
	nsec_t stackless_ns;	 /* any state: under a label for a lost or unreadable stack */
	nsec_t user_ns;		 /* time of user threads (all states) ... */
	nsec_t end_ns[SCOPE_ENDS]; /* ... by how the user stack ended; the rest has none */
	nsec_t frames_ns;	 /* frame x time, user and kernel ... */
	nsec_t unnamed_ns;	 /* ... of which in frames without a name */
	uint64_t ticks;
};

/* What --max-overhead did. All 0: it was not asked for. */
struct profile_thinning {
	uint32_t max_ppm;  /* as asked for, in millionths of the target's time on CPUs */
	nsec_t probe_ns;   /* what events cost, of which some were timed */
	nsec_t on_ns;	   /* the target's time on CPUs while it was */
	uint64_t waits;	   /* that began */
	uint64_t taken;	   /* of these got stacks */
	nsec_t shared_ns;  /* time of waits without one, shared out to those that had some */
};

/* What the profiler itself cost. 0: not measured (a profile read back or built by a test). */
struct profile_self {
	nsec_t cpu_ns;		/* user + system, whole process */
	nsec_t armed_cpu_ns;	/* of which between armed and stop */
	nsec_t names_cpu_ns;	/* of that about, at idle priority: names, looked up ahead */
	uint64_t peak_rss_bytes;
	nsec_t start_to_armed_ns;
	nsec_t stop_to_written_ns;
	uint64_t kernel_map_bytes;
	/* unwind tables, as they were in the kernel at the end */
	uint64_t unwind_tables, unwind_rows, unwind_bytes, unwind_rules;
	nsec_t unwind_build_ns;	  /* to build them, on a thread beside the others */
	uint64_t unwind_evicted;  /* tables that made room for others */
	uint64_t unwind_refused;  /* tables, and lists of mappings, that found no room */
	uint64_t unwind_spaces;	  /* address spaces that the kernel side walked in */
	uint64_t unwind_raw;	  /* stacks that user space had to walk */
};

struct profile {
	const char *version;
	nsec_t start_realtime_ns;
	nsec_t start_mono_ns;
	nsec_t window_ns;
	uint32_t frequency_hz;
	uint32_t cpus;
	nsec_t min_block_ns;
	nsec_t idle_ns; /* CPU idle time in the window, all CPUs */
	bool states[SCOPE_STATES]; /* which states have samples: all, or oncpu's, or offcpu's */
	bool system_wide;
	const char *target; /* in words: "pid 1234 (redis-server)"; never NULL */

	const char *const *strings;
	uint32_t string_count;
	const struct profile_image *images;
	uint32_t image_count;
	const struct profile_frame *frames;
	uint32_t frame_count;
	const struct profile_stack *stacks;
	uint32_t stack_count;
	const struct profile_process *processes;
	uint32_t process_count;
	const struct profile_thread *threads;
	uint32_t thread_count;
	const struct profile_sample *samples;
	uint32_t sample_count;
	/* Sorted by (thread, start_ns); those of a thread do not overlap. Without has_timeline, none. */
	const struct profile_interval *intervals;
	uint32_t interval_count;
	bool has_timeline;		   /* it was asked for */
	struct profile_loss timeline_lost; /* intervals for which there was no room */

	struct profile_loss losses[SCOPE_LOSS_COUNT];
	struct profile_quality quality;
	struct profile_self self;
	struct profile_thinning thinning;
};

static inline const char *profile_string(const struct profile *p, uint32_t id)
{
	return p->strings[id];
}

#endif
