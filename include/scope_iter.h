/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * scope_iter.h - what the task iterators (bpf/edges.bpf.c) write for each target thread or process, read
 * by src/tasks.c. Not part of the record stream: SEEN, STACK and THREAD records are made of it.
 */
#ifndef SCOPE_ITER_H
#define SCOPE_ITER_H

#include "scope_event.h"

struct scope_iter_task {
	struct scope_thread thread; /* its account so far; NO_EVENT: only identity and state */
	struct scope_turn turn;	    /* the one under way, up to thread.since_ns; start_ns 0: none */
	__u64 owner;		    /* seed of its user stacks' ids */
	__u64 task_switches;	    /* the kernel's own count: nvcsw + nivcsw */
	__u64 regs[SCOPE_RAW_REGS]; /* user registers by DWARF's numbers; 0: a kernel thread, or on a CPU */
	__u64 kstack;		    /* id; 0: none (it was on a CPU) */
	__u32 torn;		    /* not 0: a writer was at the account, which may contradict itself */
	__u32 reason;		    /* what it waits in, if it is blocked */
	__u32 count;		    /* kernel addresses that follow, at most SCOPE_KERNEL_FRAMES */
	__u32 pad;
	__u64 ips[];
};

/* What a process's address space is known by on the kernel side. */
struct scope_iter_owner {
	__u64 owner;
	__u32 pid;
	__u32 pad;
};

#endif
