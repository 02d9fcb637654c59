/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * scope_event.h - the wire: every record that the kernel side or the user-space collectors hand to
 * the record sink (src/ingest.h). Shared with bpf/, so it includes nothing on that side.
 *
 * Invariants
 *  - Every record begins with struct scope_record; `size` counts the whole record in bytes, header
 *    included, and is a multiple of 8. Host byte order.
 *  - Times are CLOCK_MONOTONIC nanoseconds.
 *  - A thread is named by `thread`, a 64-bit number given once per task by the kernel side; pids and
 *    tids are those of the initial pid namespace and may be used again within a run.
 *  - A stack is named by a 64-bit hash of its owner and its addresses; 0 means "no stack".
 *    Addresses are leaf first. A stack record is sent at least once before the sums that use it are
 *    drained, unless a loss of cause RING_STACK says otherwise.
 *  - ON + RUNQ + OFF of a thread is its alive time in the window (law 1). Sums and ticks only say
 *    *where*; the totals in scope_thread say *how much*.
 *  - Layouts have explicit padding; strings are NUL-terminated and NUL-padded to 8 bytes.
 */
#ifndef SCOPE_EVENT_H
#define SCOPE_EVENT_H

#ifndef __bpf__
#include <assert.h>
#include <linux/types.h>
#endif

#define SCOPE_COMM_LEN	  16  /* TASK_COMM_LEN, include/linux/sched.h */
#define SCOPE_MAX_FRAMES  1024 /* of a user stack: what --max-stack may ask for */
#define SCOPE_KERNEL_FRAMES 127 /* PERF_MAX_STACK_DEPTH, the default of kernel.perf_event_max_stack */
#define SCOPE_MEMBER_SIZE (1u << 22) /* PID_MAX_LIMIT on 64-bit, include/linux/threads.h */
#define SCOPE_MAX_CPUS	  8192 /* largest CONFIG_NR_CPUS of x86-64 (arch/x86/Kconfig) */

/* The closed partition of a thread's wall time. DEAD adds no time. */
enum scope_state {
	SCOPE_ON = 0,	/* on a CPU */
	SCOPE_RUNQ = 1, /* runnable, waiting for a CPU: preempted, or woken and not yet running */
	SCOPE_OFF = 2,	/* blocked */
	SCOPE_STATES = 3,
	SCOPE_DEAD = 3,
};

/*
 * Why a thread left the CPU, as seen at switch-out: raw facts, named in user space (src/reasons.h).
 * Low 16 bits: the system call's number, valid with REASON_SYSCALL.
 */
#define SCOPE_REASON_NR_MASK   0xffffu
#define SCOPE_REASON_SYSCALL   (1u << 16) /* inside a system call */
#define SCOPE_REASON_COMPAT    (1u << 17) /* of the 32-bit table */
#define SCOPE_REASON_FAULT     (1u << 18) /* came from user mode by exception or interrupt */
#define SCOPE_REASON_D	       (1u << 19) /* TASK_UNINTERRUPTIBLE, not TASK_IDLE */
#define SCOPE_REASON_IOWAIT    (1u << 20) /* task_struct.in_iowait */
#define SCOPE_REASON_STOPPED   (1u << 21) /* TASK_STOPPED or TASK_TRACED */
#define SCOPE_REASON_PREEMPTED (1u << 22) /* still runnable: the interval is RUNQ, not OFF */
#define SCOPE_REASON_KTHREAD   (1u << 23) /* a thread that is never in user mode waits: no system call, no fault */
#define SCOPE_REASON_SHORT     (1u << 24) /* blocked for less than --min-block-us: stack withheld */

/* Every way to lose something, by cause. Names in include/losses.h. */
enum scope_loss {
	SCOPE_LOSS_SUMS_FULL,	   /* the table of sums was full: time kept, its stack lost */
	SCOPE_LOSS_TICKS_FULL,	   /* the table of ticks was full */
	SCOPE_LOSS_RING_STACK,	   /* the stack ring was full: addresses of a stack not sent */
	SCOPE_LOSS_RING_THREAD,	   /* the thread ring was full: an exited thread's record not sent */
	SCOPE_LOSS_THREAD_STATE,   /* no thread state to be had (table full, storage busy) */
	SCOPE_LOSS_STACK_KERNEL,   /* the kernel stack could not be read */
	SCOPE_LOSS_STACK_USER,	   /* the user stack could not be read */
	SCOPE_LOSS_EVENT_ORDER,	   /* an event contradicted the thread's state: one was missed */
	SCOPE_LOSS_CLOCK,	   /* two CPUs' clocks a hair apart: a negative interval made 0 */
	SCOPE_LOSS_MMAP_RING,	   /* perf lost mapping records */
	SCOPE_LOSS_JOIN_FULL,	   /* table of processes that joined in mid-run was full */
	SCOPE_LOSS_TICK_THREAD,	   /* a tick hit a thread without state */
	SCOPE_LOSS_SUM_THREAD,	   /* a sum of a thread that no account came of */
	SCOPE_LOSS_RECORD,	   /* a record that the sink refused: malformed */
	SCOPE_LOSS_ACCOUNT_TORN,   /* an account was read in the midst of a write */
	SCOPE_LOSS_SPACE_FULL,	   /* the table of address spaces was full: a stack without tables */
	SCOPE_LOSS_FILE_CUT,	   /* a capture file ended before its end */
	SCOPE_LOSS_FILE_DAMAGED,   /* a capture file is not what was written from some place on */
	SCOPE_LOSS_TIMELINE_RING,  /* the timeline's ring was full: intervals, or a tick, not sent */
	SCOPE_LOSS_TIMELINE_FULL,  /* more turns than are kept: the oldest intervals dropped */
	SCOPE_LOSS_TIMELINE_CUT,   /* intervals that overlap others, or are of a thread without record */
	SCOPE_LOSS_COUNT,
};

enum scope_record_type {
	SCOPE_REC_STACK = 1,
	SCOPE_REC_SUM,
	SCOPE_REC_TICKS,
	SCOPE_REC_THREAD,
	SCOPE_REC_SEEN,
	SCOPE_REC_FORK,
	SCOPE_REC_COMM,
	SCOPE_REC_EXIT,
	SCOPE_REC_MAP,
	SCOPE_REC_LOSS,
	SCOPE_REC_WINDOW,
	SCOPE_REC_WAKE, /* nothing but a nudge to drain; never reaches the sink */
	SCOPE_REC_SPACE, /* src/unwinds.h only, as RAW: neither reaches the sink */
	SCOPE_REC_RAW,
	SCOPE_REC_TURN, /* these two with --timeline only */
	SCOPE_REC_HIT,
	SCOPE_REC_TYPES,
};

struct scope_record {
	__u32 type;
	__u32 size;
};

enum scope_stack_kind { SCOPE_STACK_USER = 0, SCOPE_STACK_KERNEL = 1 };

/* How a user stack's walk ended. */
enum scope_stack_end {
	SCOPE_END_COMPLETE,   /* at the outermost frame of the stack it runs on; all kernel stacks */
	SCOPE_END_TRUNCATED,  /* at the limit of frames */
	SCOPE_END_NO_RULE,    /* no table, or no rule in it, and no chain of frame pointers */
	SCOPE_END_UNREADABLE, /* a slot of the stack could not be read */
	SCOPE_END_UNMAPPED,   /* an address is in no known mapping of code */
	SCOPE_ENDS,
};

/*
 * A stack's addresses, leaf first. Sent when first seen; may be sent again. One less than any but the leaf's
 * is inside the function that runs: they are return addresses, or, of a frame that a signal interrupted, one
 * more than where it runs.
 */
struct scope_stack {
	struct scope_record rec;
	__u64 id;
	__u64 time_ns; /* when it was taken: selects the mappings of `pid` */
	__u32 pid;     /* whose address space; 0 for kernel stacks */
	__u8 kind;     /* enum scope_stack_kind */
	__u8 end;      /* enum scope_stack_end */
	__u16 count;   /* addresses that follow */
	__u64 ips[];
};

/* Somebody runs in an address space that the unwinder knows nothing of. */
struct scope_space {
	struct scope_record rec;
	__u64 owner;
	__u64 time_ns;
	__u32 pid;
	__u32 pad;
};

#define SCOPE_RAW_REGS	17	     /* by DWARF's numbers; on x86-64 the last is the address */
#define SCOPE_RAW_BYTES (16u * 1024) /* of stack, at most */

/*
 * A user stack that could not be walked yet, since mappings or tables are not there: registers, and the
 * stack from the stack pointer up, as far as it can be read, and no further than the frames of main's
 * callers. User space walks it and gives the sink a STACK with this id.
 */
struct scope_raw {
	struct scope_record rec;
	__u64 id;
	__u64 owner;
	__u64 time_ns;
	__u32 pid;
	__u32 bytes; /* of stack that follow, a multiple of 8 */
	__u64 regs[SCOPE_RAW_REGS];
	__u64 stack[];
};

#define SCOPE_THIN_STEPS 16 /* `thinning` is less */

/*
 * What one thread spent blocked, and then waiting to run, with one pair of stacks and one reason. With
 * --max-overhead these are some of its waits, drawn by chance, and each stands for 2^thinning of its kind.
 */
struct scope_sum {
	struct scope_record rec;
	__u64 thread;
	__u64 ustack;
	__u64 kstack;
	__u32 reason;
	__u32 thinning;
	__u64 off_ns;
	__u64 off_count;
	__u64 runq_ns;
	__u64 runq_count;
};

/* Profiling ticks that hit one thread with one pair of stacks. */
struct scope_ticks {
	struct scope_record rec;
	__u64 thread;
	__u64 ustack;
	__u64 kstack;
	__u64 count;
};

/* Where a thread left its CPU and why, and what it spent there: as in struct scope_sum, and in none yet. */
struct scope_waits {
	__u64 ustack;
	__u64 kstack;
	__u32 reason;
	__u32 thinning;
	__u64 off_ns; /* from here on as in struct scope_sum_value */
	__u64 off_count;
	__u64 runq_ns;
	__u64 runq_count;
};

#define SCOPE_THREAD_KTHREAD  (1u << 0)
#define SCOPE_THREAD_DEAD     (1u << 1) /* died (or left the target) inside the window */
#define SCOPE_THREAD_BORN     (1u << 2) /* sched_wakeup_new was seen */
#define SCOPE_THREAD_NO_EVENT (1u << 3) /* had no scheduler event at all: `state` held throughout */
#define SCOPE_THREAD_LOST     (1u << 4) /* stands for threads whose records were lost; thread = 0 */
#define SCOPE_THREAD_THINNED  (1u << 5) /* the wait under way is one of thinned_*: it has no stack */

/*
 * A thread's exact account: sent once when it dies, else by the task iterator at the stop.
 * A thread may come twice; the last record wins.
 *
 * The totals hold what was charged up to `since_ns`; the sink adds the time from there to the end
 * of the window (or, for the dead, nothing) to `state`. All times are already clipped to the window
 * except that born_ns and since_ns may lie before its start.
 */
struct scope_thread {
	struct scope_record rec;
	__u64 thread;
	__u32 pid;
	__u32 tid;
	__u64 start_time_ns; /* task_struct.start_time: the task's identity together with tid */
	__u32 flags;	     /* SCOPE_THREAD_* */
	__u32 state;	     /* enum scope_state at since_ns */
	__u64 born_ns;	     /* start of its life in the window: wake-up, join, or 0: before the window */
	__u64 dead_ns;	     /* with SCOPE_THREAD_DEAD: when. With SCOPE_THREAD_LOST: how long they
			      * lived in the window, together */
	__u64 since_ns;
	__u64 first_ns;	     /* time of the first event seen, at most the window's end; 0 with NO_EVENT */
	__u64 total_ns[SCOPE_STATES];
	__u64 init_ns[SCOPE_STATES]; /* part of total_ns before the first event: its stack is SEEN's */
	__u64 switches;		     /* times it left a CPU */
	__u64 other_cpu_ns[SCOPE_STATES]; /* part of total_ns on CPUs that -C leaves out */
	/* Waits that were given no stack, for --max-overhead; as in struct scope_sum_value. */
	__u64 thinned_off_ns;
	__u64 thinned_off_count;
	__u64 thinned_runq_ns;
	__u64 thinned_runq_count;
	struct scope_waits here;   /* with the stacks of the interval under way */
	struct scope_waits before; /* with those it had before these: many a thread has two, by turns */
	char comm[SCOPE_COMM_LEN];
};

#define SCOPE_TURN_OTHER_CPU(state) (1u << (state)) /* ns[state] is time that -C leaves out */
#define SCOPE_TURN_FIRST  (1u << 8) /* its waits are part of init_ns: their stack is SEEN's */
#define SCOPE_TURN_SHORT  (1u << 9) /* blocked for less than --min-block-us: stack withheld */
#define SCOPE_TURN_THINNED (1u << 10) /* its waits were given no stack, for --max-overhead */

/*
 * What a thread did from one switch-out to the next, clipped to the window: it was blocked, then it
 * waited for a CPU, then it was on one; each may be nothing. The turns of a thread's life follow on
 * one another without a gap, and the last of them, which is under way at the stop, ends at the
 * since_ns of its scope_thread. So those that came and those that were lost sum to its total_ns.
 *
 * Sent when the turn is over; that under way, by the task iterator at the stop. Of two with the same
 * thread and start the longer one counts.
 */
struct scope_turn {
	struct scope_record rec;
	__u64 thread;
	__u64 start_ns; /* 0: nothing was gathered yet */
	__u64 ns[SCOPE_STATES];
	__u64 taken_ns; /* part of ns[SCOPE_RUNQ], within the run: interrupts, hypervisor */
	__u64 ustack;	/* these three: where it waited, and why */
	__u64 kstack;
	__u32 reason;
	__u32 flags; /* SCOPE_TURN_* */
	__u64 waker; /* the thread that ended its being blocked; 0: an interrupt, or not known */
};

/* A tick that hit a thread, and when; the tick counts in a scope_ticks as well. */
struct scope_hit {
	struct scope_record rec;
	__u64 thread;
	__u64 time_ns;
	__u64 ustack;
	__u64 kstack;
};

/*
 * A thread found by the task iterator at the start, or at the stop when it had no event (then with
 * its scope_thread). Its stacks hold for time before its first event, if `time_ns`, taken after the
 * stacks were read, lies before that event.
 */
struct scope_seen {
	struct scope_record rec;
	__u32 pid;
	__u32 tid;
	__u64 start_time_ns;
	__u64 time_ns;
	__u64 ustack;
	__u64 kstack;
	__u32 reason;
	__u32 state; /* enum scope_state when looked at */
};

/* A process or thread came to be. pid == ppid: a thread of that process. */
struct scope_fork {
	struct scope_record rec;
	__u64 time_ns;
	__u32 pid, tid;
	__u32 ppid, ptid;
};

/* A thread took a name; with exec, the process's mappings are void from here on. */
struct scope_comm {
	struct scope_record rec;
	__u64 time_ns;
	__u32 pid, tid;
	__u32 exec; /* 1: by execve */
	__u32 pad;
	char comm[SCOPE_COMM_LEN];
};

struct scope_exit {
	struct scope_record rec;
	__u64 time_ns;
	__u32 pid, tid;
};

/* What a mapping is of. A file that is gone may leave its inode number to another. */
struct scope_file {
	__u64 inode; /* 0: no file */
	__u32 dev_major, dev_minor;
	__u32 generation; /* of the inode (struct inode, include/linux/fs.h); 0: not told */
	__u32 pad;
};

/* A mapping of a process. From the start snapshot time_ns is 0. */
struct scope_map {
	struct scope_record rec;
	__u64 time_ns;
	__u64 start;
	__u64 end;
	__u64 file_off; /* bytes */
	struct scope_file file;
	__u32 pid;
	__u16 executable; /* 1: PROT_EXEC */
	__u16 path_len;	  /* without the NUL */
	char path[];	  /* "" when anonymous; "[vdso]" and the like as the kernel spells them */
};

struct scope_loss_record {
	struct scope_record rec;
	__u32 cause; /* enum scope_loss */
	__u32 pad;
	__u64 count;
	__u64 ns; /* time whose stack was lost, where known */
};

/* Sent once, when the run is over, before the live threads' scope_thread records. */
struct scope_window {
	struct scope_record rec;
	__u64 start_ns;
	__u64 end_ns;
	__u64 start_realtime_ns;
	__u32 frequency_hz;
	__u32 cpus;	    /* online */
	__u64 min_block_ns; /* what --min-block-us hides */
	__u64 idle_ns;	    /* all CPUs' idle time in the window */
};

#ifndef __bpf__
static_assert(sizeof(struct scope_stack) == 32, "wire");
static_assert(sizeof(struct scope_sum) == 72, "wire");
static_assert(sizeof(struct scope_space) == 32, "wire");
static_assert(sizeof(struct scope_raw) == 176, "wire");
static_assert(sizeof(struct scope_ticks) == 40, "wire");
static_assert(sizeof(struct scope_waits) == 56, "wire");
static_assert(sizeof(struct scope_thread) == 312, "wire");
static_assert(sizeof(struct scope_turn) == 88, "wire");
static_assert(sizeof(struct scope_hit) == 40, "wire");
static_assert(sizeof(struct scope_seen) == 56, "wire");
static_assert(sizeof(struct scope_map) == 72, "wire");
static_assert(sizeof(struct scope_window) == 56, "wire");
#endif

#endif
