// SPDX-License-Identifier: MIT
#include "roles.h"

#include <string.h>

enum {
	ROLE_NONE,
	ROLE_MAIN,
	ROLE_KERNEL,
	ROLE_GC,
	ROLE_COMPILER,
	ROLE_WORKER,
	ROLE_IO,
	ROLE_TIMER,
	ROLE_SIGNAL,
	ROLE_RUNTIME,
	ROLE_LOST,
};

static const struct role roles[] = {
	[ROLE_NONE] = { "", "" },
	[ROLE_MAIN] = { "main", "main thread" },
	[ROLE_KERNEL] = { "kernel", "kernel thread" },
	[ROLE_GC] = { "gc", "garbage collector" },
	[ROLE_COMPILER] = { "compiler", "compiler of a runtime" },
	[ROLE_WORKER] = { "worker", "worker pool" },
	[ROLE_IO] = { "io", "I/O" },
	[ROLE_TIMER] = { "timer", "timers" },
	[ROLE_SIGNAL] = { "signal", "signals" },
	[ROLE_RUNTIME] = { "runtime", "housekeeping of a runtime" },
	[ROLE_LOST] = { "lost", "threads whose records were lost" },
};

/*
 * Names as the kernel keeps them: cut at 15 characters. A pattern is what the name begins with;
 * with
 * '*' in front, what it holds anywhere. The first that fits wins.
 */
static const struct {
	const char *pattern;
	int role;
} patterns[] = {
	{ "GC ", ROLE_GC }, /* OpenJDK: GC Thread#0 */
	{ "G1 ", ROLE_GC },
	{ "ZGC", ROLE_GC },
	{ "ZWorker", ROLE_GC },
	{ "ZDriver", ROLE_GC },
	{ "Shenandoah", ROLE_GC },
	{ "Concurrent Mark", ROLE_GC },
	{ "Reference Handl", ROLE_GC },
	{ "Finalizer", ROLE_GC },
	{ ".NET BGC", ROLE_GC },
	{ ".NET Server GC", ROLE_GC },
	{ ".NET Finalizer", ROLE_GC },
	{ "*gc-", ROLE_GC },
	{ "*GCWorker", ROLE_GC },
	{ "bgsweep", ROLE_GC },

	{ "C1 Compiler", ROLE_COMPILER },
	{ "C2 Compiler", ROLE_COMPILER },
	{ "*JVMCI", ROLE_COMPILER },
	{ ".NET Tiered", ROLE_COMPILER },
	{ "JIT", ROLE_COMPILER },

	{ "DelayedTask", ROLE_TIMER }, /* node */
	{ "VM Periodic", ROLE_TIMER },
	{ "*imer", ROLE_TIMER },
	{ "*cron", ROLE_TIMER },

	{ "Signal", ROLE_SIGNAL },
	{ "*signal", ROLE_SIGNAL },

	{ "VM Thread", ROLE_RUNTIME },
	{ "Common-Cleaner", ROLE_RUNTIME },
	{ "Service Thread", ROLE_RUNTIME },
	{ "Monitor Deflati", ROLE_RUNTIME },
	{ "Sweeper thread", ROLE_RUNTIME },
	{ "Attach Listener", ROLE_RUNTIME },

	{ "libuv-worker", ROLE_IO },
	{ "iou-", ROLE_IO },   /* io_uring's */
	{ "io_thd", ROLE_IO }, /* redis */
	{ "bio_", ROLE_IO },
	{ "ib_io", ROLE_IO }, /* MySQL */
	{ "ib_log", ROLE_IO },
	{ "*EventLoop", ROLE_IO }, /* netty */
	{ "*IOThread", ROLE_IO },
	{ "*reactor", ROLE_IO },
	{ "grpc", ROLE_IO },
	{ "epoll", ROLE_IO },
	{ "io-", ROLE_IO },
	{ "IO ", ROLE_IO },

	{ "tokio", ROLE_WORKER },
	{ "rayon", ROLE_WORKER },
	{ "V8 ", ROLE_WORKER },
	{ "http-nio", ROLE_WORKER }, /* Tomcat */
	{ "http-", ROLE_WORKER },
	{ "qtp", ROLE_WORKER }, /* Jetty */
	{ "pool-", ROLE_WORKER },
	{ "ForkJoin", ROLE_WORKER },
	{ "*orker", ROLE_WORKER },
	{ "*hreadPool", ROLE_WORKER },
	{ "*hread-pool", ROLE_WORKER },
	{ "*-exec-", ROLE_WORKER },
};

static int role_by_name(const char *comm)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *pattern = patterns[i].pattern;

		if (*pattern == '*' ? strstr(comm, pattern + 1) != NULL
				    : strncmp(comm, pattern, strlen(pattern)) == 0)
			return patterns[i].role;
	}
	return ROLE_NONE;
}

const struct role *role_of_thread(const struct profile *profile, uint32_t thread)
{
	const struct profile_thread *t = &profile->threads[thread];
	uint32_t pid = profile->processes[t->process].pid;

	if (!t->tid && !pid)
		return &roles[ROLE_LOST];
	if (t->kernel_thread)
		return &roles[ROLE_KERNEL];
	if (t->tid == pid)
		return &roles[ROLE_MAIN];
	return &roles[role_by_name(profile_string(profile, t->comm))];
}
