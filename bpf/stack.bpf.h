/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * stack.bpf.h - the stack of the running task, as an id.
 *
 * stack_take_*() reads one stack, names it by a 64-bit hash and sends its addresses to user space
 * when that id was not sent lately. The filter of sent ids is an array that may forget (then the
 * stack is sent again) and never merges. Behind it: walk_user() for user stacks, by frame pointers,
 * and the kernel's own unwinder for kernel stacks.
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "core.bpf.h"

#define STACK_SENT_SIZE (1u << 16)

/* Programs that may interrupt each other on a CPU do not share a buffer. */
enum scratch_slot { SCRATCH_SCHED, SCRATCH_TICK, SCRATCH_ITER, SCRATCH_SLOTS };

struct scratch {
	struct scope_stack head;
	__u64 ips[SCOPE_MAX_FRAMES];
};

struct stack_scratch {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
};

extern struct stack_scratch stack_scratch SEC(".maps");
extern __u64 stack_sent[STACK_SENT_SIZE];
extern const volatile __u64 stack_ring_wake_bytes;

/*
 * The id of the first `count` addresses in the buffer. Never 0. Every address goes through the multiplier and a shift,
 * so that two that differ in few bits do not meet. A global function: the verifier goes through it
 * once, not once for every state of its callers.
 */
__noinline __u64 stack_hash(__u32 slot, __u32 count, __u64 seed)
{
	struct scratch *s = bpf_map_lookup_elem(&stack_scratch, &slot);
	__u64 h = seed ^ 0x632be59bd9b4e019ull;

	if (!s)
		return 1;
	for (__u32 i = 0; i < SCOPE_MAX_FRAMES; i++) {
		if (i >= count)
			break;
		h = (h ^ s->ips[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	h = mix(h + count);
	return h ? h : 1;
}

/* Sends the buffer's addresses under their id unless they were sent lately. */
static __always_inline void stack_send(struct scratch *s, __u64 id, __u32 pid, __u32 kind,
				       __u32 count, __u64 now)
{
	__u64 *sent = &stack_sent[id & (STACK_SENT_SIZE - 1)];
	__u64 wake;

	if (*sent == id)
		return;
	_Static_assert((SCOPE_MAX_FRAMES & (SCOPE_MAX_FRAMES + 1)) == 0, "a mask, for the verifier");
	barrier_var(count); /* else the compiler, which knows the bound already, drops the mask */
	count &= SCOPE_MAX_FRAMES;
	s->head.rec.type = SCOPE_REC_STACK;
	s->head.rec.size = sizeof(s->head) + count * 8;
	s->head.id = id;
	s->head.time_ns = now;
	s->head.pid = pid;
	s->head.kind = kind;
	s->head.count = count;
	wake = bpf_ringbuf_query(&stack_ring, BPF_RB_AVAIL_DATA) > stack_ring_wake_bytes ?
		       BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_output(&stack_ring, s, sizeof(s->head) + count * 8, wake))
		lose(SCOPE_LOSS_RING_STACK, 0);
	else
		*sent = id;
}

/*
 * The user stack of the running task by frame pointers, leaf first, from the registers it entered
 * the kernel with; how many addresses. Cheaper than bpf_get_stack(), which prepares for much more.
 * Ends where the chain does: at a frame that is not above the last, or that cannot be read.
 */
__noinline __u32 walk_user(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&stack_scratch, &slot);
	struct frame {
		__u64 bp, ip;
	} frame;
	__u64 bp = 0, sp = 0;
	__u32 count;

	if (!s)
		return 0;
#if defined(__TARGET_ARCH_x86)
	struct pt_regs *regs = current_user_regs();

	if (bpf_probe_read_kernel(&s->ips[0], sizeof(s->ips[0]), &regs->ip) || !s->ips[0])
		return 0;
	bpf_probe_read_kernel(&bp, sizeof(bp), &regs->bp);
	bpf_probe_read_kernel(&sp, sizeof(sp), &regs->sp);
#endif
	for (count = 1; count < SCOPE_MAX_FRAMES; count++) {
		if (bp < sp || bp & 7 || bpf_probe_read_user(&frame, sizeof(frame), (void *)bp) ||
		    !frame.ip)
			break;
		s->ips[count] = frame.ip;
		sp = bp + sizeof(frame);
		bp = frame.bp;
	}
	return count;
}

static __always_inline __u64 stack_take_user(struct who who, __u32 slot, __u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&stack_scratch, &slot);
	__u32 count;
	__u64 id;

	/* a thread that is past exit_mm() has no user memory: no loss, there is nothing */
	if (!s || !want_user_stacks || task_is_worker(who.flags) || !who.has_mm)
		return 0;
	count = walk_user(slot);
	if (!count || count > SCOPE_MAX_FRAMES) {
		lose(SCOPE_LOSS_STACK_USER, 0);
		return 0;
	}
	id = stack_hash(slot, count, who.owner);
	stack_send(s, id, who.tgid, SCOPE_STACK_USER, count, now);
	return id;
}

/* The kernel stack of the running task, by the kernel's own unwinder. */
static __always_inline __u64 stack_take_kernel(void *ctx, __u32 slot, __u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&stack_scratch, &slot);
	long bytes;
	__u64 id;

	if (!s || !want_kernel_stacks)
		return 0;
	bytes = bpf_get_stack(ctx, s->ips, sizeof(s->ips), 0);
	if (bytes <= 0) {
		lose(SCOPE_LOSS_STACK_KERNEL, 0);
		return 0;
	}
	id = stack_hash(slot, (__u32)bytes / 8, SCOPE_STACK_KERNEL);
	stack_send(s, id, 0, SCOPE_STACK_KERNEL, (__u32)bytes / 8, now);
	return id;
}

/* What a thread is waiting in, from its saved user registers and its state. */
static __always_inline __u32 task_reason(struct task_struct *task, __u32 state)
{
	__u32 reason = 0;
	long nr = -1;
	__u64 cs = 0;

	if (state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD))
		reason |= SCOPE_REASON_D;
	if (state & TASK_STOPPED_MASK)
		reason |= SCOPE_REASON_STOPPED;
	if (BPF_CORE_READ_BITFIELD(task, in_iowait))
		reason |= SCOPE_REASON_IOWAIT;
	if (task_is_worker(task->flags))
		return reason | SCOPE_REASON_KTHREAD;
#if defined(__TARGET_ARCH_x86)
	struct pt_regs *regs = task_user_regs(task);

	bpf_probe_read_kernel(&nr, sizeof(nr), &regs->orig_ax);
	/* orig_ax is -1 after an exception, the complement of the vector or a vector number after an
	 * interrupt; user mode can write it too, so only what may be a system call counts as one */
	if (nr < 0 || nr > 0xffff)
		return reason | SCOPE_REASON_FAULT;
	bpf_probe_read_kernel(&cs, sizeof(cs), &regs->cs);
	if (cs == 0x23) /* __USER32_CS, arch/x86/include/asm/segment.h */
		reason |= SCOPE_REASON_COMPAT;
#endif
	return reason | SCOPE_REASON_SYSCALL | (__u32)nr;
}

#endif
