/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * memo.bpf.h - walks that need not be done again.
 *
 * A thread mostly blocks where it blocked before. What a walk finds follows from the registers it
 * began with, the mappings and tables, and the slots of the stack that it read: each frame's CFA
 * from the one before and these. So where registers and mappings are those of a walk that is
 * remembered, and its slots hold what they held, the stack is the same.
 *
 * The table is an array that forgets and is written without a lock: an entry proves itself by a hash
 * of all that it says, and one that two CPUs wrote at once proves nothing.
 */
#ifndef MEMO_BPF_H
#define MEMO_BPF_H

#include "walk.bpf.h"

#define MEMO_SIZE 8192u

struct memo {
	__u64 key;   /* of registers and mappings */
	__u64 check; /* of the key, all that follows, and what the slots hold */
	__u64 id;
	__u32 count;
	__u32 words; /* from the stack pointer to above the last slot */
	__u8 slots[WALK_SLOTS];
};

/* One element, so that an entry needs no lookup of its own. */
struct memos {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, MEMO_SIZE * sizeof(struct memo));
};

/* The entry that was found to hold, by slot; an id of 0: none was. */
struct found_memos {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct memo);
};

extern struct memos memos SEC(".maps");
extern struct found_memos found_memos SEC(".maps");

static __always_inline struct memo *memo_of(__u64 key)
{
	struct memo *table;
	__u32 zero = 0;

	table = bpf_map_lookup_elem(&memos, &zero);
	return table ? &table[key & (MEMO_SIZE - 1)] : NULL;
}

/* How often user space has changed the mappings of address spaces with the same last bits. */
static __always_inline __u32 version_of(__u64 owner)
{
	return *(volatile __u32 *)&unwind_versions[owner & (SCOPE_UNWIND_VERSIONS - 1)];
}

/*
 * Of the mappings what the walk would go by: their place and number, and their version, read before those:
 * half a second later other mappings may have the same place. It counts when they have changed already, so
 * that for a moment the place alone tells which of the two a walk went by.
 */
static __always_inline __u64 memo_key(const struct walk *walk, const struct user_entry *entry,
				      __u64 owner)
{
	__u64 h = owner + slot_term(0, 0, entry->ip) + slot_term(1, 0, entry->sp) +
		  slot_term(2, 0, entry->bp) +
		  slot_term(3, 0, (__u64)walk->w.first_map << 32 | walk->w.map_count) +
		  slot_term(4, 0, walk->version);

	h = mix(h);
	return h ? h : 1;
}

static __always_inline __u64 memo_check(__u64 sum, __u64 key, __u64 id, __u64 words)
{
	return mix(sum + key + id + slot_term(WALK_SLOTS, 0, words));
}

/* Whether the stack at `sp` is the one that `memo`, which nobody writes meanwhile, is of. */
static __always_inline bool memo_holds(struct walk *walk, const struct memo *memo, __u64 sp)
{
	__u64 sum = 0, bytes = memo->words * 8ull;

	barrier_var(bytes); /* else the compiler bounds another copy than the one it uses */
	if (sp & 7 || bytes > WALK_WINDOW ||
	    bpf_probe_read_user(walk->copy, (__u32)bytes, (void *)sp))
		return false;
	for (__u32 i = 0; i < WALK_SLOTS; i += SLOTS_AT_ONCE) {
		__u64 first = i;

		if (i >= memo->count)
			break;
		barrier_var(first); /* else it counts from below 0, which 7.2 takes for no bound */
		for (__u32 n = 0; n < SLOTS_AT_ONCE; n++) {
			__u64 at = memo->slots[first + n];

			sum += slot_term(i + n, at, walk->copy[at]);
		}
	}
	return memo_check(sum, memo->key, memo->id, memo->words) == memo->check;
}

/*
 * The remembered id of the stack with this pointer; 0: it has to be walked. Another CPU may be writing
 * the entry: what is looked at is a copy, and what it proves nothing of has another check. Nor is it one
 * of another key that has come to lie there since the key was looked at: the check is of this one.
 */
static __always_inline __u64 memo_find(struct walk *walk, __u64 key, __u64 sp, struct memo *ret_memo)
{
	const struct memo *memo = memo_of(key);

	if (!memo || memo->key != key)
		return 0;
	*ret_memo = *memo;
	ret_memo->key = key;
	if (memo_holds(walk, ret_memo, sp))
		return ret_memo->id;
	ret_memo->id = 0;
	return 0;
}

static __always_inline void memo_keep(struct walk *walk, __u64 key, __u64 id)
{
	struct memo *memo = memo_of(key);
	__u64 last;

	if (!memo || !walk->slot_count || walk->slot_count > WALK_SLOTS || walk->w.by_register)
		return;
	last = walk->slots[(walk->slot_count - 1) & (WALK_SLOTS - 1)];
	for (__u32 i = 1; i < SLOTS_AT_ONCE; i++)
		if (walk->slot_count % SLOTS_AT_ONCE)
			walk_note_slot(walk, last, walk->last_value);
	memo->key = 0;
	__builtin_memcpy(memo->slots, walk->slots, sizeof(memo->slots));
	memo->count = walk->slot_count;
	memo->words = walk->slot_words;
	memo->id = id;
	memo->check = memo_check(walk->slots_sum, key, id, memo->words);
	memo->key = key;
}

#endif
