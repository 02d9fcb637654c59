/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * place.bpf.h - where a thread left its CPU lately, kept with the thread.
 *
 * What memo.bpf.h and kernel_memo.bpf.h remember for all threads lies in many places of memory, and each
 * of them costs an event more than all that is reckoned with it: user space maps it, or it is large, so
 * that the kernel keeps it in small pages, which the CPU has to look up anew. The few places where a
 * thread leaves its CPU again and again are kept here instead, in one piece, and are the same memos.
 *
 * They are of the thread's own: the scheduler's tracepoints alone write and read them, one at a time.
 *
 * A user place holds for the same registers, in the same memory (`mm`, until the next execve) with the
 * same mappings (`version`). What a memo's key says in one number is compared one by one, and needs no
 * look at the address space then. A thread that exits, or is within execve, has other memory than it had,
 * so that its kept stack goes first as it should (stack.bpf.h).
 *
 * A place is entered when its memo was found in the table, which is where it was sent to user space
 * from, and seen at least twice. There are none where accounts are no task storage (before 5.11).
 */
#ifndef PLACE_BPF_H
#define PLACE_BPF_H

#include "kernel_memo.bpf.h"
#include "memo.bpf.h"
#include "warm.bpf.h"

#define PLACES		   2u  /* of each kind */
#define PLACE_SLOTS	   60u /* what has more stays in the table alone */
#define PLACE_KERNEL_SLOTS 48u

struct user_place {
	__u64 ip, sp, bp;
	__u64 mm;
	struct proof proof;
	__u32 execs;
	__u32 version; /* of the owner, before the walk that is remembered */
	__u16 owner;   /* its last bits */
	__u8 count;
	__u8 steps[PLACE_SLOTS];
};

struct kernel_place {
	__u64 key;
	struct kernel_proof proof;
	__u8 places[PLACE_KERNEL_SLOTS];
};

/*
 * What a thread needs that leaves its CPU in one place lies in four lines of the cache that follow one another. No
 * two user places are of the same registers: one gives way to the other.
 */
struct places {
	__u32 next_user, next_kernel; /* which is entered next */
	struct {
		struct user_place user;
		struct kernel_place kernel;
	} at[PLACES];
};

_Static_assert(sizeof(struct places) <= sizeof(((struct task_values *)0)->places), "there is room for fewer places");

/* NULL: not now. It costs time and no stack. */
static __always_inline struct places *places_find(struct task_struct *task)
{
	struct task_values *values = task_values(task);

	return values ? (struct places *)values->places : NULL;
}

/* The same to enter one, of either kind: where they lie is noted. */
static __always_inline struct places *places_to_enter(struct task_struct *task)
{
	struct task_values *values = task_values(task);

	if (!values)
		return NULL;
	warm_note_down(task, values);
	return (struct places *)values->places;
}

/* --- user stacks ----------------------------------------------------------------------------------- */

/* 0: it is of these registers. */
static __always_inline __u64 user_place_differs(const struct user_place *p, const struct user_entry *entry)
{
	return (p->ip ^ entry->ip) | (p->sp ^ entry->sp) | (p->bp ^ entry->bp);
}

/* The number of the one of these registers, if there is any. */
static __always_inline __u64 user_place_at(const struct places *places, const struct user_entry *entry)
{
	__u64 n = 0;

	for (__u32 i = 1; i < PLACES; i++)
		n += i * is_same(user_place_differs(&places->at[i].user, entry), 0);
	return n & (PLACES - 1);
}

/* Whether the thread waited with these registers lately. */
static __always_inline bool user_place_is_known(const struct places *places, const struct user_entry *entry)
{
	return !user_place_differs(&places->at[user_place_at(places, entry)].user, entry);
}

/* Not inlined, so that the verifier does not follow each way out of its loop to the end. */
static __attribute__((noinline)) bool user_place_holds(struct walk *walk, __u32 slot, const struct user_place *p)
{
	return proof_holds(walk, slot, &p->proof, p->steps, p->count, PLACE_SLOTS);
}

/* The id of the stack of `task`, which is about to leave its CPU; 0: it has to be looked for. */
static __always_inline __u64 user_place_find(const struct places *places, struct walk *walk, __u32 slot,
					     struct task_struct *task)
{
	const struct user_entry *entry = &walk->entry;
	const struct user_place *p = &places->at[user_place_at(places, entry)].user;

	/* what is remembered is of 64-bit code */
	if (user_place_differs(p, entry) || !p->proof.id || entry_is_compat(entry) ||
	    p->mm != task_mm(task) || p->execs != (__u32)task->self_exec_id ||
	    p->version != version_of(p->owner) || !user_place_holds(walk, slot, p))
		return 0;
	return p->proof.id;
}

/* Enters what the table had, in place of what is of the same registers, or the oldest. */
static __always_inline void user_place_keep(const struct memo *memo, const struct walk *walk,
					    __u64 owner)
{
	const struct user_entry *entry = &walk->entry;
	struct task_struct *task;
	struct places *places;
	struct user_place *p;
	__u64 n;

	if (!have_task_storage || memo->count > PLACE_SLOTS)
		return;
	task = bpf_get_current_task_btf();
	places = places_to_enter(task);
	if (!places)
		return;
	n = user_place_at(places, entry);
	if (user_place_differs(&places->at[n].user, entry))
		n = places->next_user++ & (PLACES - 1);
	p = &places->at[n].user;
	p->ip = entry->ip;
	p->sp = entry->sp;
	p->bp = entry->bp;
	p->mm = task_mm(task);
	p->execs = (__u32)task->self_exec_id;
	p->owner = owner & (SCOPE_UNWIND_VERSIONS - 1);
	p->version = walk->version;
	p->proof = memo->proof;
	p->count = (__u8)memo->count;
	__builtin_memcpy(p->steps, memo->steps, sizeof(p->steps));
}

/* --- kernel stacks --------------------------------------------------------------------------------- */

/* Not inlined: it is asked for several times. */
static __attribute__((noinline)) bool kernel_place_holds(struct walk *walk, const struct kernel_place *p)
{
	return kernel_proof_holds(walk, &p->proof, p->places, PLACE_KERNEL_SLOTS);
}

/* The id of the kernel stack that the window is set to; 0: no place holds. Several may have the same key. */
static __always_inline __u64 kernel_place_find(const struct places *places, struct walk *walk,
					       __u64 key)
{
	for (__u32 i = 0; i < PLACES; i++) {
		const struct kernel_place *p = &places->at[i].kernel;

		if (p->key == key && p->proof.id && kernel_place_holds(walk, p))
			return p->proof.id;
	}
	return 0;
}

static __always_inline void kernel_place_keep(__u32 slot)
{
	const struct kernel_memo *memo = bpf_map_lookup_elem(&found_kernel_memos, &slot);
	struct kernel_place *p;
	struct places *places;
	__u32 n;

	if (!have_task_storage || !memo || memo->proof.count > PLACE_KERNEL_SLOTS)
		return;
	places = places_to_enter(bpf_get_current_task_btf());
	if (!places)
		return;
	n = places->next_kernel++ & (PLACES - 1);
	p = &places->at[n].kernel;
	p->key = memo->key;
	p->proof = memo->proof;
	__builtin_memcpy(p->places, memo->places, sizeof(p->places));
}

#endif
