/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * warm.bpf.h - what a thread's switches need of memory, asked for all at once.
 *
 * A thread that comes to a CPU after many others finds nothing of its own in the CPU's cache. The task leads to its
 * storage, that to the account and, at the switch-out, the places: each waits for the one before, and each wait is
 * some 80 ns. So where these lie is noted by the thread's number, and looked at before any of them is asked for: then
 * they come together. What the note says is believed for nothing else. Two threads whose numbers have the same last
 * bits have one note, of the one that was given a place last; a thread may be gone, and another have its number.
 */
#ifndef WARM_BPF_H
#define WARM_BPF_H

#include "core.bpf.h"

#define WARM_NOTES 16384u
#define WARM_LINE  64u
/* A thread that last came so long ago, in units of 2^16 ns, is taken for cold. */
#define WARM_AFTER 31u

struct warm_note {
	__u32 tid;
	__u32 came; /* to a CPU, last; in the units above */
	__u64 storage;
	__u64 values;
} __attribute__((aligned(32))); /* each in one line */

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

/* Only that it comes to the cache matters. `type` is `word_type`. */
static __always_inline void warm_look(__u32 type, __u64 address)
{
	__u64 word = kernel_word_at(type, address);

	barrier_var(word);
}

/*
 * Looks at what is noted: the storage, and all lines of the values, from the word before them on, which the kernel
 * reads. Not inlined, so that its many instructions are out of the way where a thread was here lately.
 */
static __attribute__((noinline)) void warm_look_all(const struct warm_note *note)
{
	const __u32 type = word_type;

	warm_look(type, note->storage);
	for (__u32 at = 0; at < sizeof(struct task_values) + 8; at += WARM_LINE)
		warm_look(type, note->values - 8 + at);
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
	warm_look(word_type, (__u64)&task->bpf_storage);
	warm_look_all(note);
}

/* Of `task`, which runs, what is kept with it. */
static __always_inline void warm_note_down(struct task_struct *task, const struct task_values *values)
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
	note->values = (__u64)values;
}

#endif
