/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * memo.bpf.h - walks that need not be done again.
 *
 * A thread mostly blocks where it blocked before. What a walk finds follows from the registers it
 * began with, the mappings and tables, and the slots of the stack that it read: each frame's CFA
 * from the one before and these. (A saved frame pointer counts if a frame or a slot was found by it;
 * else no address that was found depends on it.) So where registers and mappings are those of a walk
 * that is remembered, and its slots hold what they held, the stack is the same. How they are read, in
 * which pieces and one how far from the other, is no part of that: it is in the check, so that what is
 * torn is not believed, and what cannot be read does not hold.
 *
 * Code is not looked at again: that there is a call before what a frame pointer led to (unwind.h) holds as long
 * as the mappings do. Where it could not be read the walk is not remembered. Of code that is made at run time and
 * written over in place a stack may so be named that a walk would no longer find, but end at what is no call.
 *
 * The table is an array that forgets and is written without a lock: an entry proves itself by a hash
 * of all that it says, and one that two CPUs wrote at once proves nothing.
 */
#ifndef MEMO_BPF_H
#define MEMO_BPF_H

#include "walk.bpf.h"

#define MEMO_SIZE  8192u
#define MEMO_TRIES 4u

/* What is remembered of a walk, but for the steps from slot to slot. */
struct proof {
	__u64 check; /* of all that follows, the steps, and what the slots hold */
	__u64 id;
	union {
		struct piece pieces[PIECES];
		__u64 all_pieces[PIECES * sizeof(struct piece) / 8];
	};
};

/*
 * A stack is read in few pieces, which leave out what lies between: a call costs as much as some hundred
 * words, and those of a caller's buffer are not in the CPU's cache either. In the copy the pieces follow one
 * another. A slot is one byte, how far it is from the last, since addresses are read mostly upwards.
 */
#define PIECE_GAP   96u			/* words that are left out: so many at least */
#define PIECE_BACK  16u			/* a piece begins so far below its first slot: frames have others there */
#define PIECE_WORDS (WALK_COPY / 8 / 2) /* of all of them */
#define STEP_BACK   32u			/* is taken from each step: a slot may lie below the last */

struct memo {
	__u64 key;	    /* of registers and mappings */
	struct proof proof; /* here the check is more by the key */
	__u16 count;
	/* not of the above: how often its key was walked for nothing, and whose place this may be next */
	__u16 misses;
	__u32 next;
	__u8 steps[WALK_SLOTS];
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

static __always_inline __u64 proof_check(const struct proof *proof, __u64 sum)
{
	for (__u32 i = 0; i < sizeof(proof->all_pieces) / 8; i++)
		sum += slot_term(WALK_SLOTS + i, 0, proof->all_pieces[i]);
	return mix(sum + proof->id);
}

/*
 * Copies the pieces of the stack at `sp`, of which each number has two. The room is twice as much, so that two
 * small bounds are enough. A global function: what follows is verified once, and not for each number of pieces.
 */
__noinline int pieces_copy(__u32 slot, __u64 sp, __u64 first, __u64 second)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 to = 0;

	if (!walk)
		return 0;
	for (__u32 i = 0; i < PIECES; i++) {
		__u64 from = (first & 0xffff) * 8, bytes = (first >> 16 & 0xffff) * 8;

		if (!bytes)
			break;
		barrier_var(bytes); /* else the compiler bounds another copy than the one it uses */
		if (bytes > PIECE_WORDS * 8 || to > PIECE_WORDS * 8 ||
		    bpf_probe_read_user((char *)walk->copy + to, (__u32)bytes, (void *)(sp + from)))
			return 0;
		to += bytes;
		first = i & 1 ? second : first >> 32;
	}
	return 1;
}

/*
 * Whether the stack that the task entered the kernel with is the one that `proof` is of, which nobody writes
 * meanwhile, nor the `count` steps, for which there is `room`.
 */
static __always_inline bool proof_holds(struct walk *walk, __u32 slot, const struct proof *proof,
					const __u8 *steps, __u32 count, __u32 room)
{
	__u64 sum = 0, at = 0, sp = walk->entry.sp;

	if (sp & 7 || !pieces_copy(slot, sp, proof->all_pieces[0], proof->all_pieces[1]))
		return false;
	for (__u32 i = 0; i < room; i += SLOTS_AT_ONCE) {
		__u64 first = i;

		if (i >= count)
			break;
		barrier_var(first); /* else it counts from below 0, which 7.2 takes for no bound */
		for (__u32 n = 0; n < SLOTS_AT_ONCE; n++) {
			at = (at + steps[first + n] - STEP_BACK) & (WALK_COPY / 8 - 1);
			sum += slot_term(i + n, at, walk->copy[at]);
		}
	}
	return proof_check(proof, sum) == proof->check;
}

/* Whether the memo that was copied here holds. A global function: what follows is verified once. */
__noinline int memo_holds(__u32 slot)
{
	const struct memo *memo = bpf_map_lookup_elem(&found_memos, &slot);
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);

	return memo && walk &&
	       proof_holds(walk, slot, &memo->proof, memo->steps, memo->count, WALK_SLOTS);
}

/*
 * The remembered id of the stack that the walk begins at; 0: it has to be walked. Another CPU may be writing
 * the entry: what is looked at is a copy, and what it proves nothing of has another check. Nor is it one
 * of another key that has come to lie there since the key was looked at: the check is more by this one.
 */
static __always_inline __u64 memo_find(__u32 slot, __u64 key, struct memo *ret_memo)
{
	const struct memo *memo = memo_of(key);

	if (!memo || memo->key != key)
		return 0;
	*ret_memo = *memo;
	ret_memo->proof.check -= key;
	if (memo_holds(slot))
		return ret_memo->proof.id;
	ret_memo->proof.id = 0;
	return 0;
}

/*
 * Adds slot number `n` to the pieces. What changes with each slot is kept in memory, where the verifier does not
 * follow its values, and there are no branches, whose every combination it would follow.
 */
static __always_inline void memo_add_slot(volatile struct walk *walk, struct memo *memo, __u64 n)
{
	__u64 at = walk->slots[n], from = walk->piece_from, end = walk->piece_end, to, step, piece, begins;

	begins = is_same(walk->pieces, 0) |
		 (is_less(end + PIECE_GAP, at) & is_less(walk->pieces, PIECES));
	walk->pieces += begins;
	walk->piece_base += (end - from) & -begins;
	end = (end & (begins - 1)) | (at & -begins);
	from = (from & (begins - 1)) |
	       ((at - PIECE_BACK) & (is_less(at, PIECE_BACK) - 1) & -begins);
	end += (at + 1 - end) & -is_less(end, at + 1);
	to = walk->piece_base + at - from;
	step = to + STEP_BACK - walk->last_to;
	walk->too_far |= is_less(at, from) | is_less(PIECE_WORDS - 1, to) | step >> 8;
	piece = (walk->pieces - 1) & (PIECES - 1);
	memo->proof.pieces[piece].from = (__u16)from;
	memo->proof.pieces[piece].words = (__u16)(end - from);
	memo->steps[n] = (__u8)step;
	walk->piece_from = from;
	walk->piece_end = end;
	walk->last_to = to;
	walk->slots_sum += slot_term(n, to, walk->values[n]);
}

/* Some slots, from number `n` on. A global function: verified once, not for each of them. */
__noinline int memo_add_slots(__u32 slot, __u32 n)
{
	struct memo *made = bpf_map_lookup_elem(&found_memos, &slot);
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 first = n;

	barrier_var(first); /* else the compiler bounds another copy than the one it uses */
	if (!made || !walk || first > WALK_SLOTS - SLOTS_AT_ONCE)
		return 0;
	for (__u32 i = 0; i < SLOTS_AT_ONCE; i++)
		memo_add_slot(walk, made, first + i);
	made->count = (__u16)(first + SLOTS_AT_ONCE);
	return 1;
}

/* Makes a memo of the walk, but for key and id; false: its slots are too many, or too far apart. */
static __always_inline bool memo_make(struct walk *walk, __u32 slot, struct memo *ret_memo)
{
	__u64 last = walk->slot_count - 1ull;

	barrier_var(last); /* else the compiler bounds another copy than the one it uses */
	if (last >= WALK_SLOTS)
		return false;
	walk_forget_bp(walk);
	for (__u32 i = 1; i < SLOTS_AT_ONCE; i++) { /* the last as often as makes a multiple */
		walk->slots[last + i] = walk->slots[last];
		walk->values[last + i] = walk->values[last];
	}
	walk->pieces = 0;
	walk->too_far = 0;
	walk->piece_base = walk->piece_from = walk->piece_end = walk->last_to = walk->slots_sum = 0;
	ret_memo->proof = (struct proof){ 0 };
	for (__u32 n = 0; n < WALK_SLOTS; n += SLOTS_AT_ONCE)
		if (n > last || !memo_add_slots(slot, n))
			break;
	return !walk->too_far;
}

/*
 * Whether to remember a walk, which takes a good part of the time of the walk itself. What others have in its
 * place gives way to what comes again: a thread that is preempted is hardly ever twice in one place. Where more
 * threads take turns than there is room for, who comes first is not always the one to be expected, but one time
 * in four: so each finds its own for once, and keeps it then (place.bpf.h). What was remembered in vain, since
 * the stack is another each time, is so less often.
 */
static __always_inline bool memo_is_worth_it(struct memo *memo, __u64 key, __u64 now)
{
	__u32 next = key >> 32 | 1;

	if (memo->key == key) {
		memo->misses++;
		return memo->misses <= MEMO_TRIES || !(memo->misses % 16);
	}
	if (!memo->key || memo->next == next)
		return true;
	if (!memo->next || !(mix(key ^ now) & 3))
		memo->next = next;
	return false;
}

/* Remembers the walk just done, or not. */
__noinline int memo_keep(__u32 slot, __u64 key, __u64 id, __u64 now)
{
	struct memo *made = bpf_map_lookup_elem(&found_memos, &slot);
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct memo *memo = memo_of(key);

	if (!memo || !walk || !made || walk->w.by_register || !memo_is_worth_it(memo, key, now) ||
	    !memo_make(walk, slot, made))
		return 0;
	made->misses = memo->key == key ? memo->misses : 0;
	made->next = 0;
	made->proof.id = id;
	made->proof.check = proof_check(&made->proof, walk->slots_sum) + key;
	memo->key = made->key = 0;
	*memo = *made;
	memo->key = key;
	made->proof.id = 0; /* it was not found */
	return 1;
}

#endif
