// SPDX-License-Identifier: MIT
/*
 * edges.c - the window's edges: each lies ahead of the time at which everybody knows of it, also where the
 * hypervisor takes the CPU between the reading of the clock and that.
 */
#include "kernel.h"
#include "core.bpf.h"
#include "programs.h"
#include "report.h"
#include "timeline.h"

#define LONG_NS 5000000 /* more than an edge lies ahead */

static void check_ahead(const char *what, __u64 edge_ns)
{
	if (edge_ns <= kernel.now_ns)
		fail("%s is known %llu ns late", what, (unsigned long long)(kernel.now_ns - edge_ns));
	if (edge_ns > kernel.now_ns + LONG_NS)
		fail("%s lies %llu ns ahead", what, (unsigned long long)(edge_ns - kernel.now_ns));
}

static void open_window(__u64 duration_ns, __u64 stolen_ns)
{
	window_start_ns = window_end_ns = ~0ull;
	kernel.stolen_ns = stolen_ns;
	edges__open(&(struct bpf_raw_tracepoint_args){ { duration_ns } });
	check_ahead("the start", window_start_ns);
	if (window_end_ns != (duration_ns ? window_start_ns + duration_ns : ~0ull))
		fail("the end is not as far from the start as it should be");
}

static void close_window(__u64 planned_ns, __u64 stolen_ns)
{
	window_end_ns = planned_ns;
	kernel.stolen_ns = stolen_ns;
	edges__close(NULL);
}

void edges_run(void)
{
	for (__u64 stolen_ns = 0; stolen_ns <= LONG_NS; stolen_ns += LONG_NS) {
		open_window(0, stolen_ns);
		open_window(1000000000, stolen_ns);
		close_window(~0ull, stolen_ns);
		check_ahead("the end", window_end_ns);
		/* a second of it is left, and then next to nothing */
		close_window(kernel.now_ns + 1000000000, stolen_ns);
		check_ahead("the end", window_end_ns);
		close_window(kernel.now_ns + 1, 0);
		if (window_end_ns != kernel.now_ns + 1)
			fail("an end that is near was moved");
	}
	window_start_ns = window_end_ns = kernel.now_ns;
}
