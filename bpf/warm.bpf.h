/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * warm.bpf.h - what a thread's switches need of memory, asked for all at once.
 *
 * A thread that comes to a CPU after many others finds nothing of its own in the CPU's cache. The task leads to its
 * storage, that to the account, and at the switch-out to the places: each waits for the one before, and each wait is
 * some 80 ns. So where these lie is noted by the thread's number, and looked at before any of them is asked for: then
 * they come together. What the note says is believed for nothing else. Two threads whose numbers have the same last
 * bits have one note, of the one that was given a place last; a thread may be gone, and another have its number.
 */
#ifndef WARM_BPF_H
#define WARM_BPF_H

#include "core.bpf.h"

#define WARM_NOTES 16384u
#define WARM_LINE  64u
#define WARM_PLACES (1024 - STORAGE_ADDS) /* bytes; bpf/place.bpf.h, which notes down where they are, keeps to it */
/* A thread that last came so long ago, in units of 2^16 ns, is taken for cold. */
#define WARM_AFTER 31u

struct warm_note {
	__u32 tid;
	__u32 came; /* to a CPU, last; in the units above */
	__u64 storage;
	__u64 account;
	__u64 places;
};

struct warm_notes {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, WARM_NOTES * sizeof(struct warm_note));
};

extern struct warm_notes warm_notes SEC(".maps");

static __always_inline bool can_warm(void)
{
	return can_cast() && have_task_storage && bpf_core_field_exists(((struct task_struct *)0)->bpf_storage);
}

static __always_inline struct warm_note *warm_note_of(__u32 tid)
{
	struct warm_note *notes;
	__u32 zero = 0;

	notes = bpf_map_lookup_elem(&warm_notes, &zero);
	return notes ? &notes[tid & (WARM_NOTES - 1)] : NULL;
}

/* Only that it comes to the cache matters. */
static __always_inline void warm_look(__u64 address)
{
	__u64 word = kernel_word_at(word_type, address);

	barrier_var(word);
}

/* Looks at the lines that hold `bytes` of a storage's data, and at the word before them, which the kernel reads. */
static __always_inline void warm_look_all(__u64 data, __u32 bytes)
{
	for (__u32 at = 0; at < bytes + 8; at += WARM_LINE)
		warm_look(data - 8 + at);
}

/* `task` comes to this CPU at `now`. */
static __always_inline void warm_up(struct task_struct *task, __u64 now)
{
	__u32 tid = (__u32)task->pid, came = (__u32)(now >> 16), away;
	struct warm_note *note;

	if (!can_warm())
		return;
	note = warm_note_of(tid);
	if (!note || note->tid != tid)
		return;
	away = came - note->came;
	if (away) /* notes lie side by side: a line that another CPU reads is better left alone */
		note->came = came;
	if (away < WARM_AFTER)
		return;
	warm_look((__u64)&task->bpf_storage);
	warm_look(note->storage);
	warm_look_all(note->account, __builtin_offsetof(struct account, stacks_ns));
	warm_look_all(note->places, WARM_PLACES);
}

/* The storage of `task`, which runs, has its account, and these in it. */
static __always_inline void warm_note_down(struct task_struct *task, const void *places)
{
	__u32 tid = (__u32)task->pid;
	struct warm_note *note;

	if (!can_warm())
		return;
	note = warm_note_of(tid);
	if (!note)
		return;
	note->tid = tid;
	note->storage = kernel_field(&task->bpf_storage);
	note->account = (__u64)account_find(task);
	note->places = (__u64)places;
}

#endif
