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
	__u64 check; /* of the id, the slots and what they hold */
	__u64 id;
	__u32 count;
	__u32 pad;
	__u8 slots[WALK_SLOTS];
};

/* One element, so that an entry needs no lookup of its own. */
struct memos {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, MEMO_SIZE * sizeof(struct memo));
};

extern struct memos memos SEC(".maps");

static __always_inline struct memo *memo_of(__u64 key)
{
	struct memo *table;
	__u32 zero = 0;

	table = bpf_map_lookup_elem(&memos, &zero);
	return table ? &table[key & (MEMO_SIZE - 1)] : NULL;
}

static __always_inline __u64 memo_key(const struct walk *walk, __u64 owner)
{
	__u64 h = hash_begin(owner);

	h = hash_add(h, walk->w.ip);
	h = hash_add(h, walk->w.sp);
	h = hash_add(h, walk->w.bp);
	h = hash_add(h, (__u64)walk->w.first_map << 32 | walk->w.map_count);
	return h ? h : 1;
}

/* The remembered id of the stack that walk_begin() stands at; 0: it has to be walked. */
__noinline __u64 memo_find(__u32 slot, __u64 key)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct memo *memo = memo_of(key);
	__u64 h = 0, first;

	if (!walk || !memo || memo->key != key || walk->w.sp & 7)
		return 0;
	/* the walk will want this window first, should there be one */
	if (!walk_load(slot, walk->w.sp))
		return 0;
	first = (walk->w.sp - walk->window) / 8; /* at the stack's end the window begins elsewhere */
	for (__u32 i = 0; i < WALK_SLOTS; i++) {
		__u64 at, value;

		if (i >= memo->count)
			break;
		at = memo->slots[i];
		if ((first + at + 1) * 8 > walk->window_bytes)
			return 0;
		value = walk->copy[(first + at) & (WALK_WINDOW / 8 - 1)];
		h = walk_slot_hash(h, at, value);
	}
	return mix(h + memo->id) == memo->check ? memo->id : 0;
}

static __always_inline void memo_keep(const struct walk *walk, __u64 key, __u64 id)
{
	struct memo *memo = memo_of(key);

	if (!memo || walk->slot_count > WALK_SLOTS || walk->w.by_register)
		return;
	memo->key = 0;
	__builtin_memcpy(memo->slots, walk->slots, sizeof(memo->slots));
	memo->count = walk->slot_count;
	memo->id = id;
	memo->check = mix(walk->slots_hash + id);
	memo->key = key;
}

#endif
