/* SPDX-License-Identifier: MIT */
/*
 * labels.h - every name in brackets that stands where a frame's name would, in one table:
 * `systemscope help frames`, the README's table and the exporters' text all come from it.
 * A label costs no time: time under it is counted like any other, only its stack is not known.
 */
#ifndef LABELS_H
#define LABELS_H

enum label {
	LABEL_NOT_SAMPLED,
	LABEL_BLOCKED_UNDER,
	LABEL_OTHER_CPUS,
	LABEL_THINNED,
	LABEL_LOST_TABLE,
	LABEL_LOST_RING,
	LABEL_LOST_FILE,
	LABEL_NO_STACK,
	LABEL_TRUNCATED,
	LABEL_BROKEN,
	LABEL_BEFORE_WINDOW,
	LABEL_LOST_THREADS,
	LABEL_IDLE,
	LABEL_UNMAPPED,
	LABEL_ANONYMOUS,
	LABEL_COUNT,
};

struct label_info {
	const char *name; /* LABEL_BLOCKED_UNDER: a format with one %llu, in microseconds */
	const char *text; /* for `help frames` and the README */
};

/* clang-format off */
static const struct label_info label_table[LABEL_COUNT] = {
	[LABEL_NOT_SAMPLED]   = { "[on-CPU, not sampled]",
		"On-CPU time, exact, of a thread that no tick hit and that has no peer to borrow from." },
	[LABEL_BLOCKED_UNDER] = { "[blocked under %llu us]",
		"Blocked intervals shorter than --min-block-us: their time, without their stacks." },
	[LABEL_OTHER_CPUS]    = { "[other CPUs]",
		"With -C/--cpu: time on a CPU that is left out, and waits that began on one." },
	[LABEL_THINNED]	      = { "[stack not taken]",
		"With --max-overhead: waits of a thread of which none was drawn to get its stacks." },
	[LABEL_LOST_TABLE]    = { "[stack lost: table full]",
		"The kernel-side table was full; the time is exact, its stack was not kept." },
	[LABEL_LOST_RING]     = { "[stack lost: ring full]",
		"The stack's addresses did not fit into the ring to user space." },
	[LABEL_LOST_FILE]     = { "[stack lost: file not whole]",
		"The capture file was cut off or is damaged: its stacks from there on are not known." },
	[LABEL_NO_STACK]      = { "[no stack]",
		"No stack could be read, as of sleepers in a window of a few milliseconds." },
	[LABEL_TRUNCATED]     = { "[truncated]",
		"Root of a user stack deeper than --max-stack: its outermost frames are left out." },
	[LABEL_BROKEN]	      = { "[broken stack]",
		"Root of a user stack that could not be followed to its outermost frame." },
	[LABEL_BEFORE_WINDOW] = { "[waiting since before the window]",
		"The wait had begun before the first event and its stack could not be proven." },
	[LABEL_LOST_THREADS]  = { "[threads without a record]",
		"Threads that ended while the thread ring was full: their time, together." },
	[LABEL_IDLE]	      = { "[idle]",
		"Not a frame: the root, with --all, of threads that never ran in the window." },
	[LABEL_UNMAPPED]      = { "[unmapped]",
		"A frame whose address was in no mapping: a broken stack, or code unmapped since." },
	[LABEL_ANONYMOUS]     = { "[anonymous]",
		"A frame in memory that belongs to no file: code made at run time, without a name." },
};
/* clang-format on */

#endif
