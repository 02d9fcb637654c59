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

#define USER_PLACES   4u
#define KERNEL_PLACES 3u

/* The registers of the user places, and the keys of the kernel's, stand together: all are compared. */
struct user_place_key {
	__u64 ip, sp, bp;
};

struct user_place {
	__u64 mm, execs;
	__u64 owner;
	__u32 version; /* of the owner, before the walk that is remembered */
	__u32 pad;
	struct memo memo;
};

/* With what the kernel adds, at most 1024 bytes, which is how much it takes. */
struct places {
	struct user_place_key user_keys[USER_PLACES];
	__u64 kernel_keys[KERNEL_PLACES];
	__u32 next_user, next_kernel; /* which is entered next */
	struct user_place user[USER_PLACES];
	struct kernel_memo kernel[KERNEL_PLACES];
};

struct task_places {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct places);
};

extern struct task_places task_places SEC(".maps");

/* NULL: not now. It costs time and no stack. */
static __always_inline struct places *places_make(struct task_struct *task)
{
	return bpf_task_storage_get(&task_places, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* --- user stacks ----------------------------------------------------------------------------------- */

/* 1 if so, else 0. */
static __always_inline __u64 user_place_is_at(const struct places *places, __u64 n,
					      const struct user_entry *entry)
{
	const struct user_place_key *key = &places->user_keys[n];

	return is_same((key->sp ^ entry->sp) | (key->ip ^ entry->ip) | (key->bp ^ entry->bp), 0);
}

/* The number of the one at these registers, if there is any: there are no two. */
static __always_inline __u64 user_place_at(const struct places *places, const struct user_entry *entry)
{
	__u64 n = 0;

	for (__u32 i = 1; i < USER_PLACES; i++)
		n += i * user_place_is_at(places, i, entry);
	return n & (USER_PLACES - 1);
}

/* Whether the thread waited with these registers lately. */
static __always_inline bool user_place_is_known(const struct places *places, const struct user_entry *entry)
{
	return user_place_is_at(places, user_place_at(places, entry), entry);
}

/* Not inlined, so that the verifier does not follow each way out of its loop to the end. */
static __attribute__((noinline)) bool user_memo_holds(struct walk *walk, const struct memo *memo)
{
	return memo_holds(walk, memo, walk->entry.sp);
}

/* The id of the stack of `task`, which is about to leave its CPU; 0: it has to be looked for. */
static __always_inline __u64 user_place_find(const struct places *places, struct walk *walk,
					     struct task_struct *task)
{
	__u64 n = user_place_at(places, &walk->entry);
	const struct user_place *p = &places->user[n];

	/* what is remembered is of 64-bit code */
	if (!user_place_is_at(places, n, &walk->entry) || !p->memo.id ||
	    entry_is_compat(&walk->entry) || p->mm != task_mm(task) || p->execs != task->self_exec_id ||
	    p->version != version_of(p->owner) || !user_memo_holds(walk, &p->memo))
		return 0;
	return p->memo.id;
}

/* Enters what the table had, in place of what is not true any more at these registers, or the oldest. */
static __always_inline void user_place_keep(const struct memo *memo, const struct walk *walk,
					    __u64 owner)
{
	const struct user_entry *entry = &walk->entry;
	struct task_struct *task;
	struct places *places;
	struct user_place *p;
	__u64 n;

	if (!have_task_storage)
		return;
	task = bpf_get_current_task_btf();
	places = places_make(task);
	if (!places)
		return;
	n = user_place_at(places, entry);
	if (!user_place_is_at(places, n, entry))
		n = places->next_user++ & (USER_PLACES - 1);
	p = &places->user[n];
	places->user_keys[n] = (struct user_place_key){ entry->ip, entry->sp, entry->bp };
	p->mm = task_mm(task);
	p->execs = task->self_exec_id;
	p->owner = owner;
	p->version = walk->version;
	p->memo = *memo;
}

/* --- kernel stacks --------------------------------------------------------------------------------- */

/* The id of the kernel stack that the window is set to; 0: no place holds. Several may have the same key. */
static __always_inline __u64 kernel_place_find(const struct places *places, struct walk *walk,
					       __u64 key)
{
	for (__u32 i = 0; i < KERNEL_PLACES; i++) {
		const struct kernel_memo *memo = &places->kernel[i];

		if (places->kernel_keys[i] == key && memo->id && kernel_memo_holds(walk, memo))
			return memo->id;
	}
	return 0;
}

static __always_inline void kernel_place_keep(__u32 slot)
{
	const struct kernel_memo *memo = bpf_map_lookup_elem(&found_kernel_memos, &slot);
	struct places *places;
	__u32 n;

	if (!have_task_storage || !memo)
		return;
	places = places_make(bpf_get_current_task_btf());
	if (!places)
		return;
	n = places->next_kernel++ % KERNEL_PLACES;
	barrier_var(n); /* else the compiler drops the check */
	if (n >= KERNEL_PLACES)
		return;
	places->kernel_keys[n] = memo->key;
	places->kernel[n] = *memo;
}

#endif
