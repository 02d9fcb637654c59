/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * walk.bpf.h - the user stack of the running task, frame by frame: unwind.h over tables in maps.
 *
 * A walk lives in a slot of a per-CPU array, since global functions take no pointers before 5.13 and
 * everything else is verified once for each caller. It reads the stack through a window, a copy of
 * the next 2 KiB, which most walks never leave.
 */
#ifndef WALK_BPF_H
#define WALK_BPF_H

#include "core.bpf.h"
#include "unwind.h"

#define WALK_WINDOW 2048u
#define WALK_BELOW  256u /* kept below the address that a window is read for: the frame's other slots */
#define WALK_RED    128u /* bytes below the stack pointer that may be in use (System V ABI, AMD64) */
#define WALK_PAGE   4096u
#define WALK_COPY   8192u    /* room for what is read to see whether a stack is one that is remembered */
#define WALK_SLOTS  92u	     /* of a walk that can be remembered */
#define WALK_REACH  0x10000u /* how far above the stack pointer those are, in eight bytes: 512 KiB */
#define WALK_KERNEL_SLOTS 64u

/* Sums are made of so many terms at a time: their number is a multiple, by repeating the last place. */
#define SLOTS_AT_ONCE 4u

/* Programs that may interrupt each other on a CPU do not share a buffer. */
enum scratch_slot { SCRATCH_SCHED, SCRATCH_TICK, SCRATCH_ITER, SCRATCH_SLOTS };

/* In the stack, from so many eight bytes above the stack pointer on. */
struct piece {
	__u16 from, words;
};

#define PIECES 4u

struct walk {
	struct unwind_walk w; /* first: unwind_read() is given it and takes the rest */
	/* what every event needs, in one place */
	struct user_entry entry; /* with which the task entered the kernel */
	/* for kernel_memo.bpf.h: from the tracepoint's context to where its thread's user registers are */
	__u64 kernel_window, kernel_top;
	/* with which a thread leaves its CPU, as bpf/sched.bpf.c has found them so far */
	__u64 ustack, kstack;
	/* for bpf/thin.bpf.h: of how many alike this is the one that gets its stacks, and of how many
	 * it would be if it is a repeat, both as powers of two; or it gets none */
	__u32 thinning, thin_repeats;
	bool is_thinned;
	struct pt_regs user;
	__u64 hash;	  /* of the addresses found */
	__u64 window;	  /* address of the copy's first byte */
	__u32 window_bytes;
	__u32 slot;
	__u64 kernel_words; /* how many are copied; also for kernel_memo.bpf.h, which uses the copy as well */
	__u64 kernel_next; /* the number of the address, then of the place, that is found next */
	__u64 kernel_bad;  /* an address has more than one place */
	__u64 kernel_sum, kernel_pointers; /* of the places of the entry that is made */
	__u8 kernel_places[WALK_KERNEL_SLOTS];
	__u32 last_map;	  /* the mapping found last; SCOPE_UNWIND_MAPS: none */
	__u32 version;	  /* of the mappings, read before their place was */
	/* what it has read, for memo.bpf.h: in eight bytes above where the stack pointer was */
	__u32 slot_count; /* more than WALK_SLOTS: too many, or too far above */
	__u32 bp_slot;	  /* the number of that which `bp` is from, while nothing depends on it; 0: there is none */
	__u32 pieces;	  /* as memo_keep() makes them: how many there are yet */
	__u64 too_far;	  /* not 0: some slot is */
	__u16 slots[WALK_SLOTS + SLOTS_AT_ONCE];
	__u64 values[WALK_SLOTS + SLOTS_AT_ONCE];
	__u64 piece_base, piece_from, piece_end; /* the last piece, in the copy and above the stack pointer */
	__u64 last_to;				 /* the last slot, in the copy */
	__u64 slots_sum;
	__u64 copy[WALK_COPY / 8];
	/* what was found, leaf first, as it is sent */
	struct scope_stack head;
	__u64 ips[SCOPE_MAX_FRAMES];
};

struct walks {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct walk);
};

struct unwind_rules {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, SCOPE_UNWIND_RULES * sizeof(struct scope_unwind_rule));
};

struct unwind_maps {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, SCOPE_UNWIND_MAPS * sizeof(struct scope_unwind_map));
};

/* Preallocated, as programs of perf events need it on 5.10. */
struct unwind_spaces {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPE_UNWIND_SPACES);
	__type(key, __u64);
	__type(value, struct scope_unwind_space);
};

/* Each image's table, of its own size. */
struct unwind_images {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SCOPE_UNWIND_IMAGES);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__uint(key_size, 4);
		__uint(value_size, SCOPE_UNWIND_ELEMENT);
	});
};

extern struct walks walks SEC(".maps");
extern struct unwind_rules unwind_rules SEC(".maps");
extern struct unwind_maps unwind_maps SEC(".maps");
extern struct unwind_spaces unwind_spaces SEC(".maps");
extern struct unwind_images unwind_images SEC(".maps");
extern const volatile __u32 user_frames_max;

/* 1 if so, else 0, without the branch that the verifier would follow both ways for each word. */
static __always_inline __u64 is_same(__u64 a, __u64 b)
{
	a ^= b;
	a |= -a;
	barrier_var(a); /* else the compiler makes a branch of it after all */
	return a >> 63 ^ 1;
}

static __always_inline __u64 is_less(__u64 a, __u64 b) /* of numbers below 2^63 */
{
	a -= b;
	barrier_var(a);
	return a >> 63;
}

/* --- ids of stacks -------------------------------------------------------------------------------- */

/* Every address goes through the multiplier and a shift, so that two that differ in few bits do not
 * meet. */
static __always_inline __u64 hash_begin(__u64 seed)
{
	return seed ^ 0x632be59bd9b4e019ull;
}

static __always_inline __u64 hash_add(__u64 h, __u64 ip)
{
	h = (h ^ ip) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

/* Never 0. */
static __always_inline __u64 hash_end(__u64 h, __u32 count, __u32 end)
{
	h = mix(h + count + ((__u64)end << 32));
	return h ? h : 1;
}

/* --- what unwind.h asks for ------------------------------------------------------------------------ */

/*
 * Reads the window again for a slot at `address`: from a little below, where the other slots of the
 * frame are, or, at the stack's end, what its page has. False: the slot cannot be read.
 */
__noinline int walk_load(__u32 slot, __u64 address)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 from = address - WALK_BELOW, low, bytes;

	if (!walk)
		return 0;
	low = (walk->w.sp - WALK_RED) & ~7ull;
	if (address >= low && from < low)
		from = low;
	walk->window = from;
	walk->window_bytes = WALK_WINDOW;
	if (!bpf_probe_read_user(walk->copy, WALK_WINDOW, (void *)from))
		return 1;
	low = address & ~(WALK_PAGE - 1ull);
	if (from < low)
		from = low;
	bytes = low + WALK_PAGE - from;
	barrier_var(bytes); /* else the compiler knows the bound and drops the check */
	if (bytes > WALK_WINDOW)
		bytes = WALK_WINDOW;
	walk->window = from;
	walk->window_bytes = 0;
	if (bpf_probe_read_user(walk->copy, (__u32)bytes, (void *)from))
		return 0;
	walk->window_bytes = (__u32)bytes;
	return 1;
}

/*
 * A sum of slots, each by a factor of its own: a proof that they hold what they held. Unlike a chain of
 * hashes its terms do not wait for one another. The factors are odd, so that no change of one slot is
 * lost; and no small multiples of up to four of them add up to 0 (tests/bpf/weights.c), so that changes of
 * one size, or of twice and thrice another's, do not make up for each other. That is what the odd
 * summand is for: of multiples alone those of 2, 4 and 8 do.
 */
static __always_inline __u64 slot_weight(__u64 n)
{
	__u64 weight = n * 0x9e3779b97f4a7c15ull + 0x632be59bd9b4e019ull;

	return (weight ^ weight >> 32) | 1;
}

static __always_inline __u64 slot_term(__u64 n, __u64 at, __u64 value)
{
	return (value + (at << 48)) * slot_weight(n);
}

/* What a slot held, for who remembers walks. */
static __always_inline void walk_note(struct walk *walk, __u64 address, __u64 value)
{
	__u64 n = walk->slot_count, at = (address - walk->w.regs[UNWIND_REG_SP]) / 8;

	barrier_var(n); /* else the compiler bounds another copy than the one it uses */
	if (at >= WALK_REACH || n >= WALK_SLOTS) {
		walk->slot_count = WALK_SLOTS + 1;
		return;
	}
	walk->slots[n] = (__u16)at;
	walk->values[n] = value;
	walk->slot_count = (__u32)n + 1;
}

/* Slots are aligned: nothing pushes anything else. */
static __always_inline bool unwind_read(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	struct walk *walk = (struct walk *)w;
	__u64 at = address - walk->window;

	if (address & 7)
		return false;
	if (at >= walk->window_bytes) {
		if (!walk_load(walk->slot, address))
			return false;
		at = address - walk->window;
	}
	if (at > WALK_WINDOW - 8)
		return false;
	*ret_value = *(__u64 *)((char *)walk->copy + at);
	walk_note(walk, address, *ret_value);
	return true;
}

/*
 * Nothing depends on what was read as `bp` last: instead of it the slot noted before stands there once more. In
 * code without frame pointers the register holds anything, such as the request that is served, and is saved as any
 * other: with the slots of these hardly a stack of a server would be one that is remembered.
 */
static __always_inline void walk_forget_bp(struct walk *walk)
{
	__u64 before = walk->bp_slot - 1ull;

	barrier_var(before); /* else the compiler bounds another copy than the one it uses */
	if (before >= WALK_SLOTS - 1)
		return;
	walk->slots[before + 1] = walk->slots[before];
	walk->values[before + 1] = walk->values[before];
}

static __always_inline bool unwind_read_bp(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	struct walk *walk = (struct walk *)w;
	__u32 n = walk->slot_count;

	if (!unwind_read(w, address, ret_value))
		return false;
	walk_forget_bp(walk);
	walk->bp_slot = n;
	return true;
}

static __always_inline void unwind_use_bp(struct unwind_walk *w)
{
	((struct walk *)w)->bp_slot = 0;
}

/* Code that cannot be read may be no call once it can: a walk past it is not one to be remembered. */
static __always_inline bool unwind_read_code(struct unwind_walk *w, __u64 address, __u64 *ret_value)
{
	if (!bpf_probe_read_user(ret_value, sizeof(*ret_value), (void *)address))
		return true;
	((struct walk *)w)->slot_count = WALK_SLOTS + 1;
	return false;
}

/* The binary search for a mapping, into walk->last_map. A global function: it is asked for twice. */
__noinline int walk_find_map(__u32 slot, __u64 address)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	const struct scope_unwind_map *maps;
	__u64 low, high;
	__u32 zero = 0;

	maps = bpf_map_lookup_elem(&unwind_maps, &zero);
	if (!maps || !walk)
		return 0;
	low = walk->w.first_map;
	high = low + walk->w.map_count;
	if (low >= high || high > SCOPE_UNWIND_MAPS)
		return 0;
	low &= SCOPE_UNWIND_MAPS - 1;
	for (int i = 0; i < 16; i++) { /* SCOPE_UNWIND_MAPS is 2^16 */
		__u64 middle = (low + high) / 2 & (SCOPE_UNWIND_MAPS - 1);

		if (high - low <= 1)
			break;
		if (maps[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	if (address < maps[low].start || address >= maps[low].end)
		return 0;
	walk->last_map = (__u32)low;
	return 1;
}

/* A caller is often in the same mapping. */
static __always_inline const struct scope_unwind_map *unwind_find_map(struct unwind_walk *w,
								      __u64 address)
{
	struct walk *walk = (struct walk *)w;
	const struct scope_unwind_map *maps, *map;
	__u64 last = walk->last_map;
	__u32 zero = 0;

	maps = bpf_map_lookup_elem(&unwind_maps, &zero);
	if (!maps)
		return NULL;
	if (last < SCOPE_UNWIND_MAPS) {
		map = &maps[last];
		if (address >= map->start && address < map->end)
			return map;
	}
	if (!walk_find_map(walk->slot, address))
		return NULL;
	last = walk->last_map;
	return last < SCOPE_UNWIND_MAPS ? &maps[last] : NULL;
}

static __always_inline const void *unwind_element(__u32 image, __u32 element)
{
	void *table = bpf_map_lookup_elem(&unwind_images, &image);

	return table ? bpf_map_lookup_elem(table, &element) : NULL;
}

static __always_inline const struct scope_unwind_rule *unwind_rule(__u32 id)
{
	const struct scope_unwind_rule *rules;
	__u32 zero = 0;

	rules = bpf_map_lookup_elem(&unwind_rules, &zero);
	return rules && id < SCOPE_UNWIND_RULES ? &rules[id] : NULL;
}

/* --- a walk ---------------------------------------------------------------------------------------- */

/* To the leaf, from the registers with which the task entered the kernel; false: they cannot be read. */
__noinline int walk_begin(__u32 slot)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);

	if (!walk)
		return 0;
	if (bpf_probe_read_kernel(&walk->user, sizeof(walk->user), current_user_regs()))
		return 0;
	registers_by_number(&walk->user, walk->w.regs);
	walk->w.ip = walk->w.regs[UNWIND_REG_IP];
	walk->w.sp = walk->w.regs[UNWIND_REG_SP];
	walk->w.bp = walk->w.regs[UNWIND_REG_BP];
	walk->w.bx_at = 0;
	walk->w.flags = UNWIND_EXACT | UNWIND_LEAF;
	walk->w.by_register = 0;
	walk->window_bytes = 0;
	walk->last_map = SCOPE_UNWIND_MAPS;
	walk->slot_count = 0;
	walk->bp_slot = 0;
	walk->slot = slot;
	return 1;
}

/*
 * Notes the frame that the walk stands at as number `at`, and goes on to the next; false: there is none. A
 * global function: verified once, not once a frame.
 */
__noinline int walk_step(__u32 slot, __u32 at)
{
	struct walk *walk = bpf_map_lookup_elem(&walks, &slot);
	__u64 ip;

	if (!walk)
		return 0;
	ip = unwind_kept(&walk->w);
	walk->ips[at & (SCOPE_MAX_FRAMES - 1)] = ip;
	walk->hash = hash_add(walk->hash, ip);
	return unwind_step(&walk->w);
}

#endif
