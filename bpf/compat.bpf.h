/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * compat.bpf.h - one accessor per difference between kernels, with the release that made it.
 * The oldest kernel served is 5.10.
 */
#ifndef COMPAT_BPF_H
#define COMPAT_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "scope_maps.h"

/* include/linux/sched.h; stable since 4.20 */
#define TASK_UNINTERRUPTIBLE 0x0002u
#define TASK_STOPPED_MASK    0x000cu /* __TASK_STOPPED | __TASK_TRACED */
#define TASK_DEAD	     0x0080u
#define TASK_NOLOAD	     0x0400u
#define TASK_NEW	     0x0800u
#define PF_IO_WORKER	     0x00000010u /* since 5.12 a thread of its process */
#define PF_USER_WORKER	     0x00004000u /* 6.4; PF_USED_ASYNC until 5.17 */
#define PF_EXITING	     0x00000004u
#define PF_KTHREAD	     0x00200000u

/* 5.11 brought task storage to tracing programs; before it a hash keyed by the task's address. */
extern const volatile bool have_task_storage;
/* 5.15 brought bpf_task_pt_regs(). */
extern const volatile bool have_task_pt_regs;

/*
 * 5.14 renamed task_struct.state to __state. At switch-out a task that blocks still has the state
 * it blocks in, or TASK_WAKING when a waker is already at it; TASK_RUNNING is written only after
 * it was enqueued again, or by __schedule() itself when a signal keeps it from sleeping. So
 * "not 0 and not preempted" tells blocked from runnable on every kernel, without the tracepoint's
 * prev_state argument, which is new in 5.18 and stale in the signal's case.
 */
static __always_inline unsigned int task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return (unsigned int)BPF_CORE_READ((struct task_struct___state *)task, state);
}

/*
 * kernel/bpf/helpers.c, 6.10. As __ksym these would have libbpf read all types of the kernel: user space
 * puts in the numbers by which the kernel knows them (src/loader.c).
 */
#ifdef __bpf__
static void (*const bpf_preempt_disable)(void) = (void *)SCOPE_CALL_PREEMPT_DISABLE;
static void (*const bpf_preempt_enable)(void) = (void *)SCOPE_CALL_PREEMPT_ENABLE;
static void *(*const bpf_rdonly_cast)(const void *address, __u32 type) =
	(void *)SCOPE_CALL_RDONLY_CAST; /* 6.2 */
#else
void bpf_preempt_disable(void);
void bpf_preempt_enable(void);
void *bpf_rdonly_cast(const void *address, __u32 type);
#endif

/* Since 6.15 (kernel/bpf/verifier.c) the programs' own functions may be called in between. */
static __always_inline bool can_hold_cpu(void)
{
	return bpf_core_field_exists(((struct bpf_subprog_info *)0)->might_sleep);
}

/*
 * Until release_cpu() no other thread comes to this CPU. Tracepoints saw to that themselves until 7.0
 * (include/linux/tracepoint.h): since then those that are not within the scheduler can be preempted
 * in mid-program, by the thread's own switch-out for one. On every way to the end it is released.
 */
static __always_inline void hold_cpu(void)
{
	if (can_hold_cpu())
		bpf_preempt_disable();
}

static __always_inline void release_cpu(void)
{
	if (can_hold_cpu())
		bpf_preempt_enable();
}

/* The number of struct pt_regs, which begins with a word; 0: this kernel has no bpf_rdonly_cast(). */
extern const volatile __u32 word_type;

static __always_inline bool can_cast(void)
{
	return word_type != 0;
}

/*
 * Eight bytes of the kernel's memory, where can_cast(); 0 where there is none. It is no call, but what
 * the verifier takes the address for. `type` is `word_type`.
 */
static __always_inline __u64 kernel_word_at(__u32 type, __u64 address)
{
	const struct pt_regs *word = bpf_rdonly_cast((void *)address, type);

	return word->r15; /* its first field */
}

/*
 * A word of the kernel's, whatever it is. A field that is a pointer is better read as one: to know whether
 * the pointer may be trusted the verifier looks through all of the kernel's types, up to three times,
 * each time it comes by.
 */
static __always_inline __u64 kernel_field(const void *field)
{
	__u64 word = 0;

	if (can_cast())
		return kernel_word_at(word_type, (__u64)field);
	bpf_probe_read_kernel(&word, sizeof(word), field);
	return word;
}

/* The address of what describes its memory; 0: it has none. */
static __always_inline __u64 task_mm(const struct task_struct *task)
{
	return kernel_field(&task->mm);
}

static __always_inline __u64 task_leader_start(const struct task_struct *task)
{
	const struct task_struct *leader = (void *)kernel_field(&task->group_leader);

	return kernel_field(&leader->start_time);
}

/*
 * How long `task` has waited for a CPU in its life, up to when it last got one (field 2 of its
 * schedstat); false if this kernel does not count that: built without CONFIG_SCHED_INFO, or with it for
 * CONFIG_TASK_DELAY_ACCT alone, which is off until asked for since 5.14.
 */
static __always_inline bool task_run_delay(struct task_struct *task, __u64 *ret_ns)
{
	if (!bpf_core_field_exists(task->sched_info.run_delay) || !task->sched_info.pcount)
		return false;
	*ret_ns = task->sched_info.run_delay;
	return true;
}

/*
 * Since when `task` waits in the queue that it is in, by the scheduler's clock; 0: it does not wait. What it has
 * waited in other CPUs' queues before is in its run delay already.
 */
static __always_inline __u64 task_queued_at(const struct task_struct *task)
{
	if (!bpf_core_field_exists(task->sched_info.last_queued))
		return 0;
	return task->sched_info.last_queued;
}

/* Never in user mode: kernel threads, and those that io_uring (5.12) and vhost (6.4) make of a
 * process's, which have its memory and registers that mean nothing. */
static __always_inline bool task_is_worker(__u32 flags)
{
	if (bpf_core_field_exists(((struct kernel_clone_args *)0)->user_worker))
		flags &= PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER;
	else
		flags &= PF_KTHREAD | PF_IO_WORKER;
	return flags != 0;
}

/*
 * orig_ax is -1 after an exception, the complement of the vector or a vector number after an
 * interrupt; user mode can write it too, so only what may be a system call counts as one.
 */
static __always_inline bool is_syscall(long orig_ax)
{
	return orig_ax >= 0 && orig_ax <= 0xffff;
}

#if defined(__TARGET_ARCH_x86)
/* THREAD_SIZE of x86-64 (arch/x86/include/asm/page_64_types.h), without FRED's padding (6.9+). */
#define KERNEL_STACK_SIZE 16384
#endif

/* The user-mode registers of `task`, saved at the top of its kernel stack. */
static __always_inline struct pt_regs *task_user_regs(struct task_struct *task)
{
	if (have_task_pt_regs)
		return (struct pt_regs *)bpf_task_pt_regs(task);
	return (struct pt_regs *)((char *)task->stack + KERNEL_STACK_SIZE - sizeof(struct pt_regs));
}

/* The same for the running task, without a trusted pointer to it, which 5.10 has no helper for. */
static __always_inline struct pt_regs *current_user_regs(void)
{
	if (have_task_pt_regs)
		return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return (struct pt_regs *)((char *)BPF_CORE_READ(
		(struct task_struct *)bpf_get_current_task(), stack) + KERNEL_STACK_SIZE -
		sizeof(struct pt_regs));
}

#if defined(__TARGET_ARCH_x86)
/* Of the user-mode registers what nearly every event needs. */
struct user_entry {
	__u64 ip, sp, bp;
	__s64 orig_ax;
	__u16 cs;
};

/*
 * `user` as one of the two above returned it. What bpf_task_pt_regs() gives is read without a call. Of
 * cs two bytes, which it has on every kernel (a bit field follows since 6.9).
 */
static __always_inline bool user_entry_read(struct pt_regs *user, struct user_entry *ret_entry)
{
	if (have_task_pt_regs) {
		ret_entry->ip = user->ip;
		ret_entry->sp = user->sp;
		ret_entry->bp = user->bp;
		ret_entry->orig_ax = (__s64)user->orig_ax;
		ret_entry->cs = *(__u16 *)&user->cs;
		return true;
	}
	return !bpf_probe_read_kernel(&ret_entry->ip, sizeof(__u64), &user->ip) &&
	       !bpf_probe_read_kernel(&ret_entry->sp, sizeof(__u64), &user->sp) &&
	       !bpf_probe_read_kernel(&ret_entry->bp, sizeof(__u64), &user->bp) &&
	       !bpf_probe_read_kernel(&ret_entry->orig_ax, sizeof(__u64), &user->orig_ax) &&
	       !bpf_probe_read_kernel(&ret_entry->cs, sizeof(__u16), &user->cs);
}

/* System V ABI, AMD64 supplement, figure 3.36: DWARF register numbers. */
static __always_inline void registers_by_number(const struct pt_regs *user, __u64 *ret_regs)
{
	ret_regs[0] = user->ax;
	ret_regs[1] = user->dx;
	ret_regs[2] = user->cx;
	ret_regs[3] = user->bx;
	ret_regs[4] = user->si;
	ret_regs[5] = user->di;
	ret_regs[6] = user->bp;
	ret_regs[7] = user->sp;
	ret_regs[8] = user->r8;
	ret_regs[9] = user->r9;
	ret_regs[10] = user->r10;
	ret_regs[11] = user->r11;
	ret_regs[12] = user->r12;
	ret_regs[13] = user->r13;
	ret_regs[14] = user->r14;
	ret_regs[15] = user->r15;
	ret_regs[16] = user->ip;
}

/* 32-bit code: its frames are of another kind. */
static __always_inline bool entry_is_compat(const struct user_entry *entry)
{
	return entry->cs == 0x23; /* __USER32_CS, arch/x86/include/asm/segment.h */
}
#endif

/*
 * Whether a tracepoint with this context is what the running thread, `task`, does, and no interrupt.
 *
 * The preempt count, which says so, is a per-CPU variable that a program can get at on some kernels
 * only. But the context lies on the stack that the kernel runs on. Interrupts have one of their own,
 * or that of a thread which they met in user mode (arch/x86/include/asm/irq_stack.h); then the saved
 * registers are not those of a system call. So what a thread does by a page fault, or on a signal's
 * way out, passes for an interrupt's doing.
 */
static __always_inline bool is_doing_of(void *ctx, struct task_struct *task)
{
	long nr = -1;

#if defined(__TARGET_ARCH_x86)
	__u64 stack = (__u64)BPF_CORE_READ(task, stack), end = stack + KERNEL_STACK_SIZE;

	if ((__u64)ctx < stack)
		return false;
	barrier_var(end); /* two comparisons: the verifier takes no difference of a context */
	if ((__u64)ctx >= end)
		return false;
	if (task_is_worker(BPF_CORE_READ(task, flags)))
		return true;
	bpf_probe_read_kernel(&nr, sizeof(nr), &current_user_regs()->orig_ax);
#endif
	return is_syscall(nr);
}

#endif
