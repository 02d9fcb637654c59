/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - a fake kernel: tasks, CPUs with clocks of their own, and the events that make the
 * programs of bpf/ run, each with the fields of its tasks as the kernel has them at that point.
 *
 * It also keeps the truth: each thread's states and when they changed, by the clock of the CPU at
 * hand, never running backwards. The truth knows nothing of bpf/; the ledger is compared with it.
 *
 * Tasks live in memory that is used again after kernel_reap(), as the kernel's slab does.
 */
#ifndef TEST_KERNEL_H
#define TEST_KERNEL_H

#include <stddef.h>

#include "core.bpf.h"
#include "maps.h"

#define KERNEL_TIME_0	  1000000000ull	  /* T+0 of a timeline */
#define KERNEL_CLOCK_LAG 77777777ull	  /* of the scheduler's clock behind the programs' */
#define KERNEL_USER_STACK 0x7ffc00000000ull /* where user memory begins, in every process */
#define KERNEL_USER_BYTES 0x9000u	  /* of it; the last page is the environment's */
#define KERNEL_ENVIRONMENT 0xe9e9e9e9e9e9e9e9ull /* what that is full of */

enum { KERNEL_USER_CS = 0x33, KERNEL_USER32_CS = 0x23 };

struct stack_plan {
	long error; /* what the helper returns instead; 0: the addresses */
	__u32 count;
	__u64 ips[SCOPE_MAX_FRAMES + 1]; /* leaf first; more than anybody takes */
};

struct span {
	__u64 from_ns, to_ns;
	__u64 place; /* frames_place() when it left its last CPU; 0: before the first event */
	__u32 state;
};

/* What really happened to one thread. */
struct truth {
	struct truth *next;
	__u32 tid, pid;
	__u64 start_time_ns; /* the task's identity together with tid */
	__u64 born_ns;	     /* 0: before the timeline */
	__u64 dead_ns;	     /* ~0: lives */
	__u64 since_ns;
	__u64 place;
	__u32 state;
	bool is_target; /* throughout its life, or `varying` */
	bool varying;	/* joined or left in mid-life: the timeline says what is expected */
	struct span *spans;
	size_t count, room;
};

struct ktask {
	struct task_struct task; /* first: the programs know a ktask by it */
	struct mm_struct mm, next_mm; /* of the program that it executes */
	struct css_set css_set;
	struct stack_plan user, kernel; /* set by kernel_set_stack() */
	__u64 user_memory[KERNEL_USER_BYTES / 8];
	__u32 bad_pages; /* of it: one bit each */
	bool is_code_away; /* its code cannot be read */
	struct task_values *storage; /* NULL: nothing yet */
	struct truth *truth;
	struct ktask *next;
	__u64 let_go_ns; /* the scheduler lets go of it so long before the next switch is traced */
	__u64 counted_wait_ns; /* part of its run delay: of the wait under way, or before its run */
	__u32 exec_tid; /* its tid until it took the leader's; 0: it is not within execve */
	bool woken, in_use;
	bool memory_is_next; /* within execve: it has the new program's, and no stack in it yet */
	bool told_of_loss; /* the programs hear of it before its memory goes */
	bool blocked; /* how it left its last CPU, or was at the start */
};

enum kernel_storage { STORAGE_WORKS, STORAGE_BUSY, STORAGE_NO_ROOM };
enum kernel_leave { LEAVE_BLOCKED, LEAVE_PREEMPTED, LEAVE_DEAD };

struct kernel {
	__u64 now_ns;
	__u64 read_ns;	/* an event's each reading of the clock after its first tells of so much more */
	__u32 readings; /* of the event under way */
	__u64 stolen_ns; /* by the hypervisor, once, after the next reading */
	signed char draws[64]; /* what chance is to say: 1 yes, -1 no; 0: no more of it */
	size_t next_draw;
	__s64 skew_ns[WORLD_CPUS];
	__u32 cpu; /* the one that runs the program */
	struct ktask *current[WORLD_CPUS];
	struct ktask *idle[WORLD_CPUS];
	struct ktask *tasks; /* all but idle, newest first */
	struct truth *truths;
	enum kernel_storage storage;
	/* Called once, from within the next walk of a stack: what another CPU does meanwhile. */
	void (*in_stack)(void);
	void (*in_opening)(void); /* the same, when next a program asks for its CPU's number */
	bool traces_fork, traces_attach; /* programs that the tracer loads for some targets only */
	__u32 stack_walks; /* by the kernel's own unwinder */
	int cpu_holds; /* by the programs, of the running one; none is left */
	bool has_old_state;		 /* a kernel before 5.14: task_struct.state */
	bool tells_exits_late;		 /* a kernel before 6.16: after exit_mm() */
};

extern struct kernel kernel;
extern bool shadow_has_new_state; /* what bpf_core_field_exists() answers */

void kernel_boot(void);
/* Writes one of the programs' constants, as libbpf does before loading. */
void kernel_set_constant(const volatile void *constant, const volatile void *value,
			 size_t bytes);

struct ktask *kernel_find(__u32 tid); /* NULL: nobody has that tid */
bool kernel_has_process(__u32 pid);  /* a thread of it is left */
struct cgroup *kernel_cgroup(__u64 id, __u64 parent_id); /* made when first asked for */

/* A thread that exists before anything is attached. `pid` == tid: a process. */
struct ktask *kernel_add_task(__u32 tid, __u32 pid, const char *comm, __u64 start_time_ns);
void kernel_start_in(struct ktask *t, enum scope_state state, __u32 task_state, int cpu);
void kernel_set_stack(struct ktask *t, enum scope_stack_kind kind, const struct stack_plan *plan);
void kernel_make_worker(struct ktask *t, __u32 flags); /* never in user mode */
void kernel_start_zombie(struct ktask *t);
struct pt_regs *kernel_regs(struct ktask *t); /* of user mode, at the top of its kernel stack */

void kernel_fork(__u32 cpu, __u32 tid, __u32 pid);
void kernel_wake_new(__u32 cpu, struct ktask *t);
void kernel_switch(__u32 cpu, struct ktask *next, enum kernel_leave how, __u32 task_state);
/* By the thread that runs there, or by an interrupt. */
void kernel_wake(__u32 cpu, struct ktask *t, bool by_interrupt);
/* To the queue of another CPU, while it waits. */
void kernel_requeue(__u32 cpu, struct ktask *t);
void kernel_rename(struct ktask *t, const char *comm);
void kernel_exchange_tids(struct ktask *t); /* within execve, if `t` is not the leader */
/* execve: sched_prepare_exec; then the old memory is gone; then all is done. */
void kernel_prepare_exec(__u32 cpu);
void kernel_exec_memory(__u32 cpu);
void kernel_exec(__u32 cpu, const char *comm);
void kernel_exit(__u32 cpu); /* the running thread becomes a zombie; it still has to switch out */
void kernel_reap(struct ktask *t);
void kernel_forget_places(struct ktask *t); /* where it left its CPU lately (bpf/place.bpf.h) */
void kernel_attach(__u32 cpu, struct ktask *t, struct cgroup *to);
void kernel_tick(__u32 cpu, bool in_kernel);
/* What user space does at the stop, so that the iterator knows what the scheduler's clock shows. */
void kernel_tell_clock(__u32 cpu);
/* The task iterator, on `cpu`; writes arrive at `write`. */
typedef void kernel_seq_fn(const void *data, size_t bytes);
void kernel_iterate(__u32 cpu, kernel_seq_fn *write);
void kernel_iterate_owners(__u32 cpu, kernel_seq_fn *write); /* the one before the window */

#endif
