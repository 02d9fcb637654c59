/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * raw.bpf.h - the top of the user stack as it is, for user space to walk: of address spaces whose
 * mappings or tables are not there yet.
 */
#ifndef RAW_BPF_H
#define RAW_BPF_H

#include "walk.bpf.h"

struct raw {
	struct scope_raw head;
	/* a page more, for the verifier: what is copied last may begin at the end of the others */
	__u64 stack[(SCOPE_RAW_BYTES + WALK_PAGE) / 8];
};

struct raw_scratch {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_ITER);
	__type(key, __u32);
	__type(value, struct raw);
};

extern struct raw_scratch raw_scratch SEC(".maps");

/*
 * Copies the stack of the running task from `sp` up, page by page as far as there is one, but not
 * what lies above the frame that the kernel began the program with: its arguments and environment.
 * How many bytes.
 */
__noinline __u32 raw_copy(__u32 slot, __u64 sp)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct raw *raw = bpf_map_lookup_elem(&raw_scratch, &slot);
	__u64 top = BPF_CORE_READ(task, mm, start_stack), most = SCOPE_RAW_BYTES, have = 0;

	if (!raw || sp & 7)
		return 0;
	if (sp <= top && top - sp < most)
		most = (top - sp) & ~7ull;
	for (__u32 i = 0; i <= SCOPE_RAW_BYTES / WALK_PAGE; i++) {
		__u64 bytes = WALK_PAGE - ((sp + have) & (WALK_PAGE - 1));

		if (have >= most || have > SCOPE_RAW_BYTES)
			break;
		if (bpf_probe_read_user((char *)raw->stack + have, (__u32)bytes, (void *)(sp + have)))
			break;
		have += bytes;
	}
	return have < most ? have : most;
}

/* Goes on with a hash over a part of what was copied: the verifier goes through one part. */
#define RAW_PART 1024u

__noinline __u64 raw_hash_part(__u32 slot, __u64 at, __u64 bytes, __u64 h)
{
	struct raw *raw = bpf_map_lookup_elem(&raw_scratch, &slot);
	__u64 *words;

	if (!raw || at > SCOPE_RAW_BYTES)
		return h;
	words = (__u64 *)((char *)raw->stack + at);
	for (__u32 i = 0; i < RAW_PART / 8; i++) {
		if (at + i * 8 >= bytes)
			break;
		h = hash_add(h, words[i]);
	}
	return h;
}

/* An id by what was copied, so that the same stack is sent once. */
static __always_inline __u64 raw_hash(const struct raw *raw, __u32 slot, __u64 bytes, __u64 owner)
{
	__u64 h = hash_begin(owner);

	for (int i = 0; i < SCOPE_RAW_REGS; i++)
		h = hash_add(h, raw->head.regs[i]);
	for (__u64 at = 0; at < SCOPE_RAW_BYTES && at < bytes; at += RAW_PART)
		h = raw_hash_part(slot, at, bytes, h);
	return hash_end(h, (__u32)bytes, SCOPE_ENDS);
}

#endif
