/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * stack.bpf.h - the stack of the running task, as an id.
 *
 * stack_take_*() reads one stack, names it by a 64-bit hash and sends its addresses to user space
 * when that id was not sent lately. The filter of sent ids is an array that may forget (then the
 * stack is sent again) and never merges. Behind it: walk.bpf.h for user stacks, or raw.bpf.h where
 * tables are not there yet, and the kernel's own unwinder for kernel stacks.
 */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "kernel_memo.bpf.h"
#include "memo.bpf.h"
#include "raw.bpf.h"

#define STACK_SENT_SIZE (1u << 16)

extern __u64 stack_sent[STACK_SENT_SIZE];
extern const volatile __u64 stack_ring_wake_bytes;

/*
 * The id of the first `count` kernel addresses in the buffer. A global function: the verifier goes
 * through it once, not once for every state of its callers.
 */
__noinline __u64 stack_hash(__u32 slot, __u32 count)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 h = hash_begin(SCOPE_STACK_KERNEL);

	if (!walk)
		return 1;
	for (__u32 i = 0; i < SCOPE_KERNEL_FRAMES; i++) {
		if (i >= count)
			break;
		h = hash_add(h, walk->ips[i]);
	}
	return hash_end(h, count, SCOPE_END_COMPLETE);
}

static __always_inline bool stack_was_sent(__u64 id)
{
	return stack_sent[id & (STACK_SENT_SIZE - 1)] == id;
}

/* User space is woken when a quarter of the ring is in use. */
static __always_inline void stack_output(void *record, __u64 bytes, __u64 id)
{
	__u64 wake = bpf_ringbuf_query(&stack_ring, BPF_RB_AVAIL_DATA) > stack_ring_wake_bytes
			     ? BPF_RB_FORCE_WAKEUP
			     : BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_output(&stack_ring, record, bytes, wake))
		lose(SCOPE_LOSS_RING_STACK, 0);
	else
		stack_sent[id & (STACK_SENT_SIZE - 1)] = id;
}

/* Sends the buffer's addresses under their id unless they were sent lately. */
static __always_inline void stack_send(struct walk *walk, __u64 id, __u32 pid, __u32 kind,
				       __u32 end, __u64 count, __u64 now)
{
	if (stack_was_sent(id))
		return;
	barrier_var(count); /* else the compiler, which knows the bound already, drops the check */
	if (count > SCOPE_MAX_FRAMES)
		return;
	walk->head.rec.type = SCOPE_REC_STACK;
	walk->head.rec.size = sizeof(walk->head) + count * 8;
	walk->head.id = id;
	walk->head.time_ns = now;
	walk->head.pid = pid;
	walk->head.kind = kind;
	walk->head.end = end;
	walk->head.count = count;
	stack_output(&walk->head, sizeof(walk->head) + count * 8, id);
}

/* --- user stacks ----------------------------------------------------------------------------------- */

/* Asks for an address space that nothing is known of. A full ring forgets it, so that it is asked for again. */
__noinline int space_ask(__u64 owner, __u32 tgid, __u64 now)
{
	static const struct scope_unwind_space unbound;
	struct scope_space ask = {
		.rec = { SCOPE_REC_SPACE, sizeof(ask) },
		.owner = owner,
		.time_ns = now,
		.pid = tgid,
	};

	if (!bpf_map_update_elem(&unwind_spaces, &owner, &unbound, BPF_NOEXIST) &&
	    bpf_ringbuf_output(&thread_ring, &ask, sizeof(ask), BPF_RB_FORCE_WAKEUP)) {
		bpf_map_delete_elem(&unwind_spaces, &owner);
		return 0;
	}
	if (!bpf_map_lookup_elem(&unwind_spaces, &owner))
		lose(SCOPE_LOSS_SPACE_FULL, 0);
	return 1;
}

/* What is known of an address space; NULL: nothing, and nobody can be asked. */
static __always_inline struct scope_unwind_space *space_find(__u64 owner, __u32 tgid, __u64 now)
{
	struct scope_unwind_space *space = bpf_map_lookup_elem(&unwind_spaces, &owner);

	if (space || !space_ask(owner, tgid, now))
		return space;
	return bpf_map_lookup_elem(&unwind_spaces, &owner);
}

/* Fills the buffer, leaf first; how many addresses there are, at least one. */
__noinline __u32 walk_user(__u32 slot, __u64 owner)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u32 count = 0, max = user_frames_max;

	if (!walk || max > SCOPE_MAX_FRAMES)
		return 0;
	walk->hash = hash_begin(owner);
	/* by fours: the verifier goes through each turn of the loop */
	while (count + 3 < max)
		if (!walk_step(slot, count++) || !walk_step(slot, count++) ||
		    !walk_step(slot, count++) || !walk_step(slot, count++))
			return count;
	while (count < max)
		if (!walk_step(slot, count++))
			return count;
	walk->w.end = SCOPE_END_TRUNCATED; /* there is a frame more */
	return count;
}

/* Ships the stack whole, for user space to walk. */
static __always_inline __u64 raw_take(struct walk *walk, struct scope_unwind_space *space,
				      __u64 owner, __u32 tgid, __u64 now)
{
	__u32 slot = walk->slot;
	struct raw *raw = bpf_map_lookup_elem(&raw_scratch, &slot);
	__u64 bytes, id;

	if (!raw)
		return 0;
	__builtin_memcpy(raw->head.regs, walk->w.regs, sizeof(raw->head.regs));
	bytes = raw_copy(slot, walk->w.regs[UNWIND_REG_SP]);
	if (bytes > SCOPE_RAW_BYTES)
		return 0;
	id = raw_hash(raw, slot, bytes, owner);
	if (stack_was_sent(id))
		return id;
	raw->head.rec.type = SCOPE_REC_RAW;
	raw->head.rec.size = sizeof(raw->head) + bytes;
	raw->head.id = id;
	raw->head.owner = owner;
	raw->head.time_ns = now;
	raw->head.pid = tgid;
	raw->head.bytes = (__u32)bytes;
	space->raws++;
	stack_output(raw, sizeof(raw->head) + bytes, id);
	return id;
}

/* A mapping that is never told of would have every stack shipped. */
static __always_inline bool raw_may_take(const struct scope_unwind_space *space)
{
	return space && space->raws < SCOPE_UNWIND_RAWS;
}

/* The user stack of the running task, whose address space is `owner`'s; 0: lost. */
__noinline __u64 stack_walk_user(__u32 slot, __u64 owner, __u32 tgid, __u64 now)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct memo *found = bpf_map_lookup_elem(&found_memos, &slot);
	struct scope_unwind_space *space = NULL;
	struct user_entry *entry;
	__u32 count, end;
	__u64 id, key = 0;
	bool is_compat;

	if (!walk || !found)
		return 0;
	found->proof.id = 0;
	entry = &walk->entry;
	if (!user_entry_read(current_user_regs(), entry) || !entry->ip) {
		lose(SCOPE_LOSS_STACK_USER, 0);
		return 0;
	}
	is_compat = entry_is_compat(entry);
	walk->w.first_map = walk->w.map_count = 0;
	walk->w.blind = true;
	if (have_unwind && !is_compat) {
		walk->version = version_of(owner); /* first: what follows sees no less than it says */
		space = space_find(owner, tgid, now);
		if (space && space->bound) {
			walk->w.first_map = space->first;
			walk->w.map_count = space->count;
			walk->w.blind = false;
			key = memo_key(walk, entry, owner);
			id = memo_find(slot, key, found);
			if (id && stack_was_sent(id))
				return id;
			found->proof.id = 0;
		}
	}
	if (!walk_begin(slot)) {
		lose(SCOPE_LOSS_STACK_USER, 0);
		return 0;
	}
	if (is_compat)
		walk->w.bp = 0; /* 32-bit frames are not ours: the leaf alone */
	else if (!key && raw_may_take(space))
		return raw_take(walk, space, owner, tgid, now);
	count = walk_user(slot, owner);
	end = walk->w.end;
	if (end == SCOPE_END_UNMAPPED && raw_may_take(space))
		return raw_take(walk, space, owner, tgid, now);
	if (end == SCOPE_END_NO_RULE && have_unwind && walk->w.blind && !is_compat)
		end = SCOPE_END_UNMAPPED;
	id = hash_end(walk->hash, count, end);
	if (key && (end == SCOPE_END_COMPLETE || end == SCOPE_END_TRUNCATED))
		memo_keep(slot, key, id, now);
	stack_send(walk, id, tgid, SCOPE_STACK_USER, end, count, now);
	return id;
}

/*
 * A thread that exits, or that is within execve, goes on for some time without the memory that its
 * user stack was in: all that time stands under the stack that was kept the moment before.
 *
 * It may have another tid by then. A thread that calls execve takes over its leader's, and start time, and the
 * leader, which may still be on its way out, gets the thread's. So a stack that execve keeps lies by the process, where
 * one thread at a time is that far (cred_guard_mutex, fs/exec.c), and what is kept is known by its task and either
 * start time: the memory of a task comes again.
 *
 * Written and read without a lock by all threads that share the slot: `check` shows whether all of it is one writer's.
 */
struct kept_stack {
	__u64 task;
	__u64 start_time, leader_start_time; /* exit: the same */
	__u64 mm; /* execve: counts once the thread has other memory; 0, exit: once it has none */
	__u64 ustack;
	__u64 check; /* xor of the above */
};

#define KEPT_STACKS 2048

static struct kept_stack exit_stacks[KEPT_STACKS], exec_stacks[KEPT_STACKS];

static __always_inline struct kept_stack *kept_by_exit(__u32 pid)
{
	return &exit_stacks[pid & (KEPT_STACKS - 1)];
}

static __always_inline struct kept_stack *kept_by_exec(__u32 tgid)
{
	return &exec_stacks[tgid & (KEPT_STACKS - 1)];
}

/* Of the running task, as are the next two. What is in the slot is nobody's until all of it is written. */
static __always_inline void stack_keep(struct who who, __u64 ustack)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	bool exits = who.flags & PF_EXITING;
	volatile struct kept_stack *k = exits ? kept_by_exit(who.pid) : kept_by_exec(who.tgid);
	__u64 leader_start = exits ? who.start_time : BPF_CORE_READ(task, group_leader, start_time);
	__u64 mm = exits ? 0 : who.mm;

	k->task = 0;
	k->start_time = who.start_time;
	k->leader_start_time = leader_start;
	k->mm = mm;
	k->ustack = ustack;
	k->check = (__u64)task ^ who.start_time ^ leader_start ^ mm ^ ustack;
	k->task = (__u64)task;
}

/* It has memory of its own again. */
static __always_inline void stack_unkeep(__u32 tgid)
{
	struct kept_stack *k = kept_by_exec(tgid);

	if (k->task == bpf_get_current_task())
		k->task = 0;
}

static __always_inline bool stack_is_kept(struct who who, __u64 *ret_ustack)
{
	const volatile struct kept_stack *k = who.mm ? kept_by_exec(who.tgid) : kept_by_exit(who.pid);
	__u64 task = bpf_get_current_task(), start, leader_start, mm;

	if (!who.mm && k->task != task)
		k = kept_by_exit(who.tgid);
	if (k->task != task)
		return false;
	start = k->start_time;
	leader_start = k->leader_start_time;
	mm = k->mm;
	*ret_ustack = k->ustack;
	return (start == who.start_time || leader_start == who.start_time) && (!who.mm || mm != who.mm) &&
	       k->check == (task ^ start ^ leader_start ^ mm ^ *ret_ustack);
}

static __always_inline __u64 stack_take_user(struct who who, __u32 slot, __u64 now)
{
	__u64 ustack;

	if (!want_user_stacks || task_is_worker(who.flags))
		return 0;
	if (stack_is_kept(who, &ustack))
		return ustack;
	/* past exit_mm(), on a kernel that tells of an exit no sooner: no loss, there is nothing */
	if (!who.mm)
		return 0;
	return stack_walk_user(slot, who.owner, who.tgid, now);
}

/* --- kernel stacks --------------------------------------------------------------------------------- */

/* The kernel stack of the running task, by the kernel's own unwinder; 0: lost. Its addresses stay
 * in the buffer. */
static __always_inline __u64 stack_walk_kernel(void *ctx, struct walk *walk, __u32 slot,
					       __u32 *ret_count, __u64 now)
{
	long bytes = bpf_get_stack(ctx, walk->ips, SCOPE_KERNEL_FRAMES * 8, 0);
	__u64 id;

	if (bytes <= 0) {
		lose(SCOPE_LOSS_STACK_KERNEL, 0);
		return 0;
	}
	*ret_count = (__u32)bytes / 8;
	id = stack_hash(slot, *ret_count);
	stack_send(walk, id, 0, SCOPE_STACK_KERNEL, SCOPE_END_COMPLETE, (__u64)bytes / 8, now);
	return id;
}

static __always_inline __u64 stack_take_kernel(void *ctx, __u32 slot, __u64 now)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u32 count = 0;

	if (!walk || !want_kernel_stacks)
		return 0;
	return stack_walk_kernel(ctx, walk, slot, &count, now);
}

/* What kernel stacks are remembered by: where the task is in user mode, and why it leaves its CPU. */
static __always_inline __u64 kernel_key(__u64 ustack, __u32 reason)
{
	return mix(ustack + reason) & ~1ull;
}

/* The kernel stack that the window is set to, to be remembered under `key`. */
static __always_inline __u64 stack_take_kernel_at(void *ctx, struct walk *walk, __u64 key,
						  __u32 slot, __u64 now)
{
	__u32 count = 0;
	__u64 id = stack_walk_kernel(ctx, walk, slot, &count, now);

	if (id)
		kernel_memo_keep(slot, key, count, id);
	return id;
}

/*
 * What a thread is waiting in: of its state, and of its user registers. Without branches, whose every
 * combination the verifier would follow to the end.
 */
static __always_inline __u32 state_reason(struct task_struct *task, __u32 state)
{
	__u32 is_d = !!(state & TASK_UNINTERRUPTIBLE) & !(state & TASK_NOLOAD);
	__u32 is_stopped = !!(state & TASK_STOPPED_MASK);
	__u32 is_worker = task_is_worker(task->flags);

	return is_d * SCOPE_REASON_D + is_stopped * SCOPE_REASON_STOPPED +
	       (__u32)BPF_CORE_READ_BITFIELD(task, in_iowait) * SCOPE_REASON_IOWAIT +
	       is_worker * SCOPE_REASON_KTHREAD;
}

static __always_inline __u32 entry_reason(const struct user_entry *entry)
{
	if (!is_syscall(entry->orig_ax))
		return SCOPE_REASON_FAULT;
	return SCOPE_REASON_SYSCALL | (__u32)entry->orig_ax |
	       entry_is_compat(entry) * SCOPE_REASON_COMPAT;
}

#endif
