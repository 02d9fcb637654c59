/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * kernel_memo.bpf.h - kernel stacks that need not be walked again.
 *
 * The kernel's own unwinder takes microseconds, and a thread mostly leaves its CPU where it did
 * before. Remembered of a walk are the words of the stack on which its return addresses stand, and
 * those that point into the stack, counted from the tracepoint's context up; the entry code's
 * address stands at the very top. Where they hold the same again, the stack is the same.
 *
 * Why: the walk begins in the same function, at the same place below the context, and goes from
 * frame to frame. Where a frame ends follows from its code address and the place where it begins;
 * or, if it is one that aligns itself, or was interrupted, from a pointer to that end, which it or
 * a callee has saved in a place that follows from the same. That pointer is among the words, and so
 * is the return address at the end. So if one frame is the same, the next is. The one frame that
 * neither tells the size of is that of the function which a system call enters: it moves its
 * callees by a random distance (RANDOMIZE_KSTACK_OFFSET, 5.13). It is the last but one, and nobody
 * but the entry code calls it. (With 32-bit system calls it may be another: nothing is remembered
 * of 32-bit code, also where it is preempted.) If a tracer puts its own return address on the stack
 * (kretprobes, the function graph), it is not the same.
 *
 * That the words remembered are those of the frames, and not others that happen to hold the same
 * addresses, is certain where the addresses can be found in their order in one way only. Else
 * nothing is remembered.
 */
#ifndef KERNEL_MEMO_BPF_H
#define KERNEL_MEMO_BPF_H

#include "walk.bpf.h"

#define KERNEL_MEMOS 8192u
#define KERNEL_WORDS 144u /* of a stack that is looked through */
#define KERNEL_MASK  (WALK_COPY / 8 - 1)
#define KERNEL_SLOTS WALK_KERNEL_SLOTS
#define KERNEL_TRIES 16u
#define KERNEL_OWN   2u /* frames below the context: the program's and its caller's */
/*
 * Words of the stack that one call looks at. The verifier goes through a global function once, whoever calls it:
 * through a loop of so many turns, and not of KERNEL_WORDS.
 */
#define WORDS_AT_ONCE 16u

_Static_assert(KERNEL_WORDS % WORDS_AT_ONCE == 0 && KERNEL_SLOTS % SLOTS_AT_ONCE == 0, "some would be left out");

/* What is remembered of a stack, but for the places themselves. */
struct kernel_proof {
	__u64 check; /* of the id, the places and what they hold */
	__u64 id;
	__u64 pointers; /* the sum of the weights of places that hold pointers */
	__u8 words;	/* from the context to above the last address */
	__u8 count;	/* of the places */
	bool enters;	/* the outermost address stands at the top, and is not among them */
};

/* Written without a lock, by all CPUs: `check` proves all the rest. */
struct kernel_memo {
	__u64 key;
	struct kernel_proof proof;
	__u8 places[KERNEL_SLOTS];
	/* not of the above: how often the stack of which this is the key xor the id had to be
	 * walked */
	__u32 misses;
	__u64 missed;
};

/* One element, so that an entry needs no lookup of its own. */
struct kernel_memos {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, KERNEL_MEMOS * sizeof(struct kernel_memo));
};

/* The entry that was found to hold, by slot; an id of 0: none was. */
struct found_kernel_memos {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct kernel_memo);
};

extern struct kernel_memos kernel_memos SEC(".maps");
extern struct found_kernel_memos found_kernel_memos SEC(".maps");

static __always_inline struct kernel_memo *kernel_memo_of(__u64 key)
{
	struct kernel_memo *table;
	__u32 zero = 0;

	barrier_var(key); /* else it may be masked first, and combined after: bounds are lost then */
	table = bpf_map_lookup_elem(&kernel_memos, &zero);
	return table ? &table[key & (KERNEL_MEMOS - 1)] : NULL;
}

/*
 * Sets the window to the stack of the running task: from where `ctx`, of a tracepoint, lies on it, to its
 * user registers. The pointers come back as numbers, with which one may reckon.
 */
static __always_inline void kernel_memo_look_from(struct walk *walk, void *ctx)
{
	*(volatile __u64 *)&walk->kernel_window = (__u64)ctx;
}

static __always_inline void kernel_memo_look_to(struct walk *walk, struct pt_regs *user)
{
	*(volatile __u64 *)&walk->kernel_top = (__u64)user;
}

/* Copies the first `words` of the window. */
static __always_inline bool kernel_copy(struct walk *walk, __u64 words)
{
	__u64 bytes = words * 8;

	barrier_var(bytes); /* else the compiler keeps a bound that the verifier does not see */
	return bytes <= WALK_COPY &&
	       !bpf_probe_read_kernel(walk->copy, (__u32)bytes, (void *)walk->kernel_window);
}

/* What stands at place number `i`, of the copy. */
static __always_inline __u64 kernel_slot_term(const struct walk *walk, __u64 at, __u32 i)
{
	return slot_term(i, at, walk->copy[at & KERNEL_MASK]);
}

/*
 * The same, of the stack itself where that takes no call: a copy would be of many times as much. `type` is
 * `word_type`, which is then read but once.
 */
static __always_inline __u64 kernel_slot_term_now(const struct walk *walk, __u32 type, __u64 at, __u32 i)
{
	if (type)
		return slot_term(i, at, kernel_word_at(type, walk->kernel_window + at * 8));
	return kernel_slot_term(walk, at, i);
}

/*
 * The check of a memo, where `sum` is that of what stands at its places: of a pointer counts how far from
 * the context it points. All that says how it is read is in it, since another CPU may be writing it,
 * and what is left over in the copy from another time would prove nothing.
 */
static __always_inline __u64 kernel_proof_check(const struct kernel_proof *proof,
						const struct walk *walk, __u64 sum, __u64 outermost)
{
	sum -= walk->kernel_window * proof->pointers;
	sum += slot_term(KERNEL_SLOTS, 0, outermost);
	sum += slot_term(KERNEL_SLOTS + 1, 0, proof->words);
	return mix(sum + proof->id);
}

/* What stands at the stack's top. */
static __always_inline __u64 kernel_outermost(const struct walk *walk)
{
	__u64 word = 0;

	if (can_cast())
		return kernel_word_at(word_type, walk->kernel_top - sizeof(word));
	bpf_probe_read_kernel(&word, sizeof(word), (void *)(walk->kernel_top - sizeof(word)));
	return word;
}

/*
 * Whether the stack in the window is the one that `proof` is of, which nobody writes meanwhile, nor its places,
 * for which there is `room`.
 */
static __always_inline bool kernel_proof_holds(struct walk *walk, const struct kernel_proof *proof,
					       const __u8 *places, __u32 room)
{
	const __u32 type = word_type;
	__u64 sum = 0, outermost;

	if (walk->kernel_window + proof->words * 8ull > walk->kernel_top ||
	    (!can_cast() && !kernel_copy(walk, proof->words)))
		return false;
	for (__u32 i = 0; i < room; i += SLOTS_AT_ONCE) {
		__u64 first = i;

		if (i >= proof->count)
			break;
		barrier_var(first); /* else it counts from below 0, which 7.2 takes for no bound */
		for (__u32 n = 0; n < SLOTS_AT_ONCE; n++)
			sum += kernel_slot_term_now(walk, type, places[first + n], i + n);
	}
	outermost = proof->enters ? kernel_outermost(walk) : 0;
	return kernel_proof_check(proof, walk, sum, outermost) == proof->check;
}

/* Whether the memo that was copied here holds. A global function: it is asked for twice. */
__noinline int kernel_memo_holds(__u32 slot)
{
	const struct kernel_memo *memo = bpf_map_lookup_elem(&found_kernel_memos, &slot);
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);

	return memo && walk && kernel_proof_holds(walk, &memo->proof, memo->places, KERNEL_SLOTS);
}

static __always_inline __u64 kernel_memo_try(__u32 slot, __u64 key, __u64 at, struct kernel_memo *ret_memo)
{
	const struct kernel_memo *memo = kernel_memo_of(at);

	if (!memo || memo->key != key)
		return 0;
	*ret_memo = *memo;
	if (kernel_memo_holds(slot))
		return ret_memo->proof.id;
	ret_memo->proof.id = 0;
	return 0;
}

/*
 * The remembered id of the stack in the window; 0: it has to be walked. There may be two of each
 * key, which is even: the other one lies where the odd number that follows leads.
 */
__noinline __u64 kernel_memo_find(__u32 slot, __u64 key)
{
	struct kernel_memo *found = bpf_map_lookup_elem(&found_kernel_memos, &slot);
	__u64 id;

	if (!found)
		return 0;
	found->proof.id = 0;
	id = kernel_memo_try(slot, key, key, found);
	return id ? id : kernel_memo_try(slot, key, key + 1, found);
}

/*
 * This and kernel_find_down(), kernel_find_pointers() and kernel_memo_fill() do WORDS_AT_ONCE or SLOTS_AT_ONCE
 * from number `from` on, and go on from what the walk says, which the caller sets before the first. What
 * changes with each word is kept there, where the verifier does not follow its values. They return nothing.
 *
 * Finds the place of each of the `count` addresses in the buffer, on the words of the stack in the window, in
 * their order and from below: of address number `kernel_next` and those after it.
 */
__noinline int kernel_find_up(__u32 slot, __u32 count, __u32 from)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	volatile __u64 *next;

	if (!walk)
		return 0;
	next = &walk->kernel_next;
	for (__u32 i = 0; i < WORDS_AT_ONCE; i++) {
		__u64 at = (from + i) & KERNEL_MASK, n = *next, hit;

		hit = is_same(walk->copy[at], walk->ips[n & (SCOPE_MAX_FRAMES - 1)]);
		hit &= is_less(n, count);
		/* until the next is looked for: the last one counts */
		walk->kernel_places[(n - KERNEL_OWN) & (KERNEL_SLOTS - 1)] = (__u8)at;
		*next = n + hit;
	}
	return 1;
}

/*
 * The same from above, where all were found, of the address before number `kernel_next` and those before that. What
 * is the same both ways is the only way; else `kernel_bad` is not 0 any more.
 */
__noinline int kernel_find_down(__u32 slot, __u32 from)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	volatile __u64 *next, *bad, *words;

	if (!walk)
		return 0;
	next = &walk->kernel_next;
	bad = &walk->kernel_bad;
	words = &walk->kernel_words;
	for (__u32 i = 1; i <= WORDS_AT_ONCE; i++) {
		__u64 at = (from + WORDS_AT_ONCE - i) & KERNEL_MASK, n = *next - 1, hit;

		hit = is_same(walk->copy[at], walk->ips[n & (SCOPE_MAX_FRAMES - 1)]);
		hit &= is_less(at, *words) & is_less(KERNEL_OWN - 1, n);
		*bad |= -hit & (walk->kernel_places[(n - KERNEL_OWN) & (KERNEL_SLOTS - 1)] ^ at);
		*next -= hit;
	}
	return 1;
}

/* Whether each of the `count` addresses has one place alone, which is found then. */
static __always_inline bool kernel_find_places(struct walk *walk, __u32 slot, __u32 count)
{
	walk->kernel_next = KERNEL_OWN;
	for (__u32 from = 0; from < KERNEL_WORDS; from += WORDS_AT_ONCE)
		kernel_find_up(slot, count, from);
	if (walk->kernel_next != count)
		return false;
	walk->kernel_bad = 0;
	for (__u32 i = WORDS_AT_ONCE; i <= KERNEL_WORDS; i += WORDS_AT_ONCE)
		kernel_find_down(slot, KERNEL_WORDS - i);
	return walk->kernel_next == KERNEL_OWN && !walk->kernel_bad;
}

/*
 * Whether to look for the places of a stack that had to be walked, which takes as long as the walk:
 * it comes again, and that was not often in vain. (It is where what is left over on the stack looks
 * like one of the addresses, and each time may be the last.)
 */
static __always_inline bool kernel_memo_is_worth_it(__u64 key, __u64 id)
{
	struct kernel_memo *memo = kernel_memo_of(key ^ id);

	if (!memo)
		return false;
	if (memo->missed != (key ^ id)) {
		memo->missed = key ^ id;
		memo->misses = 0;
		return false;
	}
	memo->misses++;
	return memo->misses <= KERNEL_TRIES || !(memo->misses % 32);
}

/* Adds the places of pointers into the first `words`, which the frames take up, as numbers `kernel_next` and on. */
__noinline int kernel_find_pointers(__u32 slot, __u32 words, __u32 from)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	volatile __u64 *next;

	if (!walk)
		return 0;
	next = &walk->kernel_next;
	for (__u32 i = 0; i < WORDS_AT_ONCE; i++) {
		__u64 at = (from + i) & KERNEL_MASK, n = *next, off = walk->copy[at] - walk->kernel_window, hit;

		hit = is_less(off / 8, words + 1ull) & is_less(at, words);
		walk->kernel_places[n & (KERNEL_SLOTS - 1)] = (__u8)at; /* as above */
		*next = n + hit;
	}
	return 1;
}

/*
 * Fills the places of the entry at `at`, of which those from `addresses` on are of pointers, up to `end`. Adds to
 * `kernel_sum` what stands there, and to `kernel_pointers` the weights of the latter.
 */
__noinline int kernel_memo_fill(__u32 slot, __u64 at, __u32 from, __u32 addresses, __u32 end)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct kernel_memo *memo = kernel_memo_of(at);

	if (!walk || !memo)
		return 0;
	for (__u32 i = 0; i < SLOTS_AT_ONCE; i++) {
		__u64 n = (from + i) & (KERNEL_SLOTS - 1);

		memo->places[n] = walk->kernel_places[n];
		walk->kernel_sum += kernel_slot_term(walk, walk->kernel_places[n], (__u32)n);
		walk->kernel_pointers += slot_weight(n) & (is_less(n, addresses) - 1) & -is_less(n, end);
	}
	return 1;
}

/* Remembers the walk of the stack in the window, whose `count` addresses are in the buffer, or not. */
__noinline int kernel_memo_keep(__u32 slot, __u64 key, __u32 count, __u64 id)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	struct kernel_memo *memo = kernel_memo_of(key ^ (id & 1));
	__u32 addresses = count - KERNEL_OWN, places, end;
	__u64 words, last;
	bool enters;

	if (!walk || !memo || entry_is_compat(&walk->entry) || !kernel_memo_is_worth_it(key, id) ||
	    addresses < 2 || addresses >= KERNEL_SLOTS)
		return 0;
	words = (walk->kernel_top - walk->kernel_window) / 8;
	walk->kernel_words = words;
	if (words > KERNEL_WORDS || !kernel_copy(walk, words) || !kernel_find_places(walk, slot, count))
		return 0;
	enters = walk->kernel_places[(addresses - 1) & (KERNEL_SLOTS - 1)] == words - 1;
	addresses -= enters;
	last = walk->kernel_places[(addresses - 1) & (KERNEL_SLOTS - 1)];
	walk->kernel_next = addresses;
	for (__u32 from = 0; from < KERNEL_WORDS; from += WORDS_AT_ONCE)
		kernel_find_pointers(slot, (__u32)last + 1, from);
	places = end = (__u32)walk->kernel_next;
	if (places > KERNEL_SLOTS - SLOTS_AT_ONCE)
		return 0;
	for (__u32 i = 1; i < SLOTS_AT_ONCE; i++) { /* the last as often as makes a multiple */
		if (!(places % SLOTS_AT_ONCE))
			break;
		walk->kernel_places[places & (KERNEL_SLOTS - 1)] = (__u8)last;
		places++;
	}
	memo->key = 0;
	memo->proof.id = id;
	memo->proof.enters = enters;
	memo->proof.words = (__u8)last + 1;
	memo->proof.count = (__u8)places;
	walk->kernel_sum = walk->kernel_pointers = 0;
	for (__u32 from = 0; from < KERNEL_SLOTS; from += SLOTS_AT_ONCE) {
		if (from >= places)
			break;
		kernel_memo_fill(slot, key ^ (id & 1), from, addresses, end);
	}
	memo->proof.pointers = walk->kernel_pointers;
	memo->proof.check = kernel_proof_check(&memo->proof, walk, walk->kernel_sum,
					       enters ? kernel_outermost(walk) : 0);
	memo->key = key;
	memo = kernel_memo_of(key ^ id);
	if (memo)
		memo->misses = 0; /* should it be forgotten again */
	return 1;
}

#endif
