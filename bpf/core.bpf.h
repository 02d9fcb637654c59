/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * core.bpf.h - the ledger: what every collector shares.
 *
 * A thread's account is one struct scope_thread, made at its first event or by the iterator, and kept
 * with the task; time is added in charge.bpf.h alone. Who writes an account: the scheduler's
 * tracepoints, which the kernel serializes per task by the lock of the run queue the task belongs
 * to, and exec, in which the task itself runs. Ticks and iterators only read it.
 */
#ifndef CORE_BPF_H
#define CORE_BPF_H

#include "compat.bpf.h"
#include "scope_event.h"
#include "scope_maps.h"
#include "scope_unwind.h"

/* --- what user space sets before loading ----------------------------------------------------- */

extern const volatile __u32 filter;	       /* enum scope_filter */
extern const volatile bool want_user_threads;  /* --kernel-threads-only clears it */
extern const volatile bool want_kernel_threads;
extern const volatile bool want_user_stacks;   /* -K clears it */
extern const volatile bool want_kernel_stacks; /* -U clears it */
extern const volatile bool have_unwind;	       /* somebody answers SPACE records */
extern const volatile bool follow_children;
extern const volatile bool match_comm;	       /* --comm: look again at fork and exec */
extern const volatile char comm_wanted[SCOPE_COMM_LEN];
extern const volatile __u64 cgroup_wanted;     /* kernfs id of the v2 cgroup; 0: none */
extern const volatile __u64 min_block_ns;
extern const volatile bool want_timeline;      /* --timeline: turns and ticks one by one */
extern const volatile bool restrict_cpus;      /* -C */
extern const volatile bool want_thinning;      /* --max-overhead */
extern const volatile bool want_waits;	       /* oncpu shows none: no stacks of them */
/*
 * Without wake-ups a thread counts as blocked until it comes to a CPU, and the scheduler's count of its waits
 * says what part of that was one (charge_unwoken()). User space wants them where the kernel does not count,
 * or where it matters for each interval by itself: for the timeline, with -C and --min-block-us.
 */
extern const volatile bool want_wakeups;
extern const volatile __u32 table_entries;     /* room in a table of sums, for the nudge to drain */

/* --- what user space sets and reads while it runs ---------------------------------------------- */

extern __u64 window_start_ns;	/* ~0 until armed */
extern __u64 window_end_ns;	/* ~0 until the stop */
extern __u32 thin_step;		/* how much is left out: bpf/thin.bpf.h */
/*
 * The sum of SCOPE_MEMBER_HINT() over the members with the same last bits: mostly there is none, or one,
 * and what it says is all there is to know. The table of members lies in small pages, as all that user
 * space maps, and costs more to read than the rest of the question. Whoever writes the table adds here
 * what he changed, so that nobody's change is lost; user space has a program do it.
 */
extern __u64 member_hints[SCOPE_MEMBER_HINTS];
extern __u32 unwind_versions[SCOPE_UNWIND_VERSIONS]; /* bpf/memo.bpf.h */
extern __u64 sums_inserted;	/* since the last swap; user space clears it */
extern __u8 cpu_listed[SCOPE_MAX_CPUS];	 /* -C */

/* --- maps --------------------------------------------------------------------------------------- */

/* What a turn has gathered so far: as in struct scope_turn. The rest of it is the account's. */
struct turn {
	__u64 start_ns; /* 0: nothing yet */
	__u64 ns[SCOPE_STATES];
	__u64 taken_ns;
	__u64 waker;
	__u64 flags;
};

/* An account and a count that is odd while a writer is at it, for the iterator at the stop. */
struct account {
	struct scope_thread t;
	/* the scheduler's counts of the task's CPU time, at the last switch, and of its waits for a
	 * CPU, at the last switch-out */
	__u64 exec_ns;
	__u64 delay_ns;
	/* what was charged for its last times blocked and waiting for a CPU, and for the time blocked
	 * that ended when it came to a CPU, some of which was waiting, if no wake-up was seen */
	__u64 blocked_ns;
	__u64 waited_ns;
	__u64 unwoken_ns;
	__u32 version;
	__u32 flags; /* ACCOUNT_* */
	/* with want_thinning only: when a wait that got its stacks began last */
	__u64 stacks_ns;
	/* with want_timeline only: turn.bpf.h */
	struct turn turn;
	__u64 waker; /* who is about to wake it; written under another lock than the rest */
};

/* To a value in task storage the kernel adds so many bytes, and takes 512 for both, or 1024, or 2048. */
#define STORAGE_ADDS 80u

/*
 * What is kept with a task, in one piece: another would have to be found as well, and be waited for on a page of its
 * own where the thread comes after many others.
 */
struct task_values {
	struct account account; /* first */
	__u64 places[(1024 - STORAGE_ADDS - sizeof(struct account)) / 8]; /* bpf/place.bpf.h; 0 at first */
};

_Static_assert(sizeof(struct task_values) == 1024 - STORAGE_ADDS, "more is kept, or less, than there is room for");

#define ACCOUNT_SETTLED	  (1u << 0) /* has left a CPU since it was made: its stacks are its own */
#define ACCOUNT_CAME	  (1u << 2) /* this run and the wait before it were seen to begin */
#define ACCOUNT_TOLD	  (1u << 3) /* account_tell() told of it: user space has a record */
#define ACCOUNT_OTHER_CPU (1u << 1) /* the interval under way belongs to a CPU that -C leaves out */
#define ACCOUNT_COUNTED	  (1u << 4) /* until its first event: the iterator has made it, and counted */
#define ACCOUNT_BLOCKED	  (1u << 5) /* and it was blocked by then */

struct task_accounts {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_values);
};

struct hash_accounts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct account);
};

/*
 * The table in use, replaced by an empty one at each drain. A key belongs to one thread, whose
 * events are serialized, so values are added to without atomics. Ticks have tables of their own: where they
 * come by NMI they may interrupt an update of the other.
 */
struct sum_tables {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 1);
		__uint(key_size, sizeof(struct scope_sum_key));
		__uint(value_size, sizeof(struct scope_sum_value));
	});
};

struct tick_tables {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(max_entries, 1);
		__uint(key_size, sizeof(struct scope_tick_key));
		__uint(value_size, sizeof(__u64));
	});
};

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct loss_table {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCOPE_LOSS_COUNT);
	__type(key, __u32);
	__type(value, struct scope_loss_value);
};

struct costs {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scope_cost);
};

/* One account per CPU that adds up the dead whose record found no room. */
struct lost_threads {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scope_thread);
};

/*
 * Who is a target, one byte per tgid (or tid): 1 is a member. User space writes it through a
 * mapping. Elements of a page each, because 5.10 takes no element of 4 MiB.
 */
#define MEMBER_PAGE 4096u

struct members {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SCOPE_MEMBER_SIZE / MEMBER_PAGE);
	__uint(key_size, 4);
	__uint(value_size, MEMBER_PAGE);
};

/* Tgid to the time at which the process became a target, for those that join in mid-run. */
struct join_times {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
};

extern struct task_accounts task_accounts SEC(".maps");
extern struct hash_accounts hash_accounts SEC(".maps");
extern struct sum_tables sum_tables SEC(".maps");
extern struct tick_tables tick_tables SEC(".maps");
extern struct ring stack_ring SEC(".maps");
extern struct ring thread_ring SEC(".maps");
extern struct ring timeline_ring SEC(".maps"); /* with want_timeline only */
extern struct loss_table losses SEC(".maps");
extern struct costs costs SEC(".maps"); /* with want_thinning only; global functions have to find it */
extern struct lost_threads lost_threads SEC(".maps");
extern struct members members SEC(".maps");
extern struct join_times join_times SEC(".maps");

/* --- losses --------------------------------------------------------------------------------------- */

/* Not inlined: it is seldom called, from many places. */
__noinline int lose(__u32 cause, __u64 ns)
{
	struct scope_loss_value *l = bpf_map_lookup_elem(&losses, &cause);

	if (!l)
		return 0;
	l->count++;
	l->ns += ns;
	return 1;
}

/* --- who is a target -------------------------------------------------------------------------------- */

/* The byte of `id`; NULL never happens to an id that the kernel gives out. */
static __always_inline __u8 *member_of(__u32 id)
{
	__u32 page = id / MEMBER_PAGE;
	__u8 *bytes = bpf_map_lookup_elem(&members, &page);

	return bytes ? bytes + id % MEMBER_PAGE : NULL;
}

static __always_inline bool is_member(__u32 id)
{
	__u64 sum = member_hints[id & (SCOPE_MEMBER_HINTS - 1)];
	__u8 *m;

	if (!sum)
		return false;
	if (sum >> 32 == 1)
		return sum == SCOPE_MEMBER_HINT(id);
	m = member_of(id);
	return m && *m;
}

static __always_inline void member_hint(__u32 id, __u64 add)
{
	__sync_fetch_and_add(&member_hints[id & (SCOPE_MEMBER_HINTS - 1)], add);
}

static __always_inline void set_member(__u32 id, bool yes)
{
	__u8 *m = member_of(id);

	if (!m || *m == yes)
		return;
	*m = yes;
	member_hint(id, yes ? SCOPE_MEMBER_HINT(id) : -SCOPE_MEMBER_HINT(id));
}

/* Threads of all kinds are wanted; else it depends on their flags. */
static __always_inline bool wants_all_kinds(void)
{
	return want_user_threads && want_kernel_threads;
}

static __always_inline bool wants_kind(__u32 flags)
{
	return flags & PF_KTHREAD ? want_kernel_threads : want_user_threads;
}

static __always_inline bool is_target_id(__u32 pid, __u32 tgid, __u32 flags)
{
	/* without a filter pid 0 is nobody: a CPU's idle task */
	if (filter == SCOPE_FILTER_ALL ? !pid : !is_member(filter == SCOPE_FILTER_TID ? pid : tgid))
		return false;
	return wants_all_kinds() || wants_kind(flags);
}

/*
 * The same of a task, reading no more than is asked for: on a busy machine most of what this program
 * sees is somebody else's switch. The barriers keep the compiler from reading all first, to choose
 * then: what `filter` says is known when the verifier removes the other branches.
 */
static __always_inline bool is_target(struct task_struct *task)
{
	const __u32 by = filter;
	__u32 id;

	if (by == SCOPE_FILTER_ALL) {
		if (!task->pid)
			return false;
		barrier();
	} else {
		if (by == SCOPE_FILTER_TID) {
			id = (__u32)task->pid;
			barrier_var(id);
		} else {
			id = (__u32)task->tgid;
			barrier_var(id);
		}
		if (!is_member(id))
			return false;
	}
	return wants_all_kinds() || wants_kind(task->flags);
}

/*
 * A leader whose place a thread took by exec has that thread's tid since, and the start time that
 * the two now share: a thread has a later one than its leader.
 */
static __always_inline bool was_replaced(struct task_struct *task)
{
	return task->pid != task->tgid && task->start_time == task_leader_start(task);
}

static __always_inline __u64 mix(__u64 h)
{
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* A tid is used again, and an exec by a thread that is not the leader takes the leader's tid and
 * start time: the two together name one thread for good. */
static __always_inline __u64 thread_id(__u32 tid, __u64 start_time)
{
	__u64 id = mix(mix(start_time) + tid);

	return id ? id : 1;
}

/* What an address space is known by in the ids of its stacks: process and number of execs. */
static __always_inline __u64 owner_id(__u32 tgid, __u64 leader_start_time, __u64 execs)
{
	return mix(mix(leader_start_time + execs) + tgid);
}

/* A task as the stack reader needs it, from a trusted pointer or (raw) from any. */
struct who {
	__u32 pid, tgid, flags;
	__u64 owner;
	__u64 start_time;
	__u64 mm; /* the address of its memory's description; 0: it has none */
};

static __always_inline struct who who_is(struct task_struct *task)
{
	return (struct who){
		.pid = (__u32)task->pid,
		.tgid = (__u32)task->tgid,
		.flags = task->flags,
		.owner = owner_id((__u32)task->tgid, task_leader_start(task), task->self_exec_id),
		.start_time = task->start_time,
		.mm = task_mm(task),
	};
}

/* bpf_get_current_task_btf() is new in 5.11, so the running task is read the long way. */
static __always_inline struct who who_runs(struct task_struct *task)
{
	struct who who = {
		.pid = (__u32)BPF_CORE_READ(task, pid),
		.tgid = (__u32)BPF_CORE_READ(task, tgid),
		.flags = BPF_CORE_READ(task, flags),
		.start_time = BPF_CORE_READ(task, start_time),
		.mm = (__u64)BPF_CORE_READ(task, mm),
	};

	who.owner = owner_id(who.tgid, BPF_CORE_READ(task, group_leader, start_time),
			     BPF_CORE_READ(task, self_exec_id));
	return who;
}

/* --- accounts ------------------------------------------------------------------------------------- */

/* With have_task_storage only. NULL: there is nothing yet. */
static __always_inline struct task_values *task_values(struct task_struct *task)
{
	return bpf_task_storage_get(&task_accounts, task, NULL, 0);
}

static __always_inline struct account *account_find(struct task_struct *task)
{
	__u64 key = (__u64)task;

	if (have_task_storage)
		return (struct account *)task_values(task);
	return bpf_map_lookup_elem(&hash_accounts, &key);
}

/* No account yet, or one that was dropped. */
static __always_inline bool account_is_blank(const struct account *a)
{
	return !a || !a->t.first_ns;
}

/*
 * NULL: task storage is being written on this CPU, or its allocator, which is refilled later, is
 * empty; or the table is full. The thread's next event, or the iterator at the start, tries again,
 * and what is made then tells of all the time before: only in the window is it a loss.
 */
static __always_inline struct account *account_make(struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct account *a;

	if (have_task_storage) {
		a = bpf_task_storage_get(&task_accounts, task, NULL,
					 BPF_LOCAL_STORAGE_GET_F_CREATE);
	} else {
		static const struct account zero;

		bpf_map_update_elem(&hash_accounts, &key, &zero, BPF_NOEXIST);
		a = bpf_map_lookup_elem(&hash_accounts, &key);
	}
	if (!a && bpf_ktime_get_ns() >= window_start_ns && bpf_ktime_get_ns() < window_end_ns)
		lose(SCOPE_LOSS_THREAD_STATE, 0);
	return a;
}

/*
 * Forgets a closed account. Task storage goes with its task; deleting it here would call RCU, which may
 * wake a thread, whose account could then not be made because this one is being deleted.
 */
static __always_inline void account_drop(struct account *a, struct task_struct *task)
{
	__u64 key = (__u64)task;

	if (have_task_storage) {
		__builtin_memset(&a->t, 0, sizeof(a->t));
		a->flags = 0;
		a->stacks_ns = 0;
		a->waker = 0;
	} else {
		bpf_map_delete_elem(&hash_accounts, &key);
	}
}

static __always_inline void account_begin_write(struct account *a)
{
	a->version++;
	barrier();
}

static __always_inline void account_end_write(struct account *a)
{
	barrier();
	a->version++;
}

/* When the process of `task` became a target; 0: before the window. */
static __always_inline __u64 joined_ns(struct task_struct *task)
{
	__u32 tgid = (__u32)task->tgid;
	__u64 *at;

	if (!cgroup_wanted)
		return 0;
	at = bpf_map_lookup_elem(&join_times, &tgid);
	return at ? *at : 0;
}

static __always_inline void account_name(struct scope_thread *t, struct task_struct *task)
{
	t->tid = (__u32)(was_replaced(task) ? task->tgid : task->pid);
	t->start_time_ns = task->start_time;
	t->thread = thread_id(t->tid, task->start_time);
}

/* A name that the iterator gave stays: the task may have taken another's since. */
static __always_inline void account_identify(struct scope_thread *t, struct task_struct *task)
{
	t->rec.type = SCOPE_REC_THREAD;
	t->rec.size = sizeof(*t);
	t->pid = (__u32)task->tgid;
	if (!t->thread)
		account_name(t, task);
	t->flags = task->flags & PF_KTHREAD ? SCOPE_THREAD_KTHREAD : 0;
}

/* Time from here on belongs to this CPU: one that -C lists, or another. */
static __always_inline void account_mark_cpu(struct account *a)
{
	if (!restrict_cpus)
		return;
	if (cpu_listed[bpf_get_smp_processor_id() & (SCOPE_MAX_CPUS - 1)])
		a->flags &= ~ACCOUNT_OTHER_CPU;
	else
		a->flags |= ACCOUNT_OTHER_CPU;
}

/* From here on the scheduler's counts are compared. */
static __always_inline void account_count(struct account *a, struct task_struct *task)
{
	a->exec_ns = task->se.sum_exec_runtime;
	task_run_delay(task, &a->delay_ns);
}

/*
 * A thread's first event at `now` tells what it did before: it was in `state` since the window
 * began, or since it started or joined, whichever is latest.
 */
static __always_inline void account_open(struct account *a, struct task_struct *task,
					 enum scope_state state, __u64 now)
{
	struct scope_thread *t = &a->t;
	__u64 since = window_start_ns, joined = joined_ns(task);

	account_identify(t, task);
	if (!(a->flags & ACCOUNT_COUNTED))
		account_count(a, task);
	t->state = a->flags & ACCOUNT_BLOCKED ? SCOPE_OFF : state;
	a->flags &= ~(ACCOUNT_COUNTED | ACCOUNT_BLOCKED);
	/* one that comes after the window is as good as its end: the iterator may have told of the thread by then */
	t->first_ns = now < window_end_ns ? now : window_end_ns;
	/* not before its start: should its birth have found no room for an account */
	t->born_ns = joined > task->start_time ? joined : task->start_time;
	account_mark_cpu(a);
	if (since > now)
		since = now;
	if (since < t->born_ns)
		since = t->born_ns;
	t->since_ns = since;
}

/* A thread whose life as a target begins at `now`. */
static __always_inline void account_open_new(struct account *a, struct task_struct *task,
					     enum scope_state state, __u64 now)
{
	account_identify(&a->t, task);
	account_count(a, task);
	a->t.flags |= SCOPE_THREAD_BORN;
	a->t.state = state;
	a->t.first_ns = a->t.born_ns = a->t.since_ns = now;
	account_mark_cpu(a);
}

/* As account_begin(), at the first event. Apart from it, so that what is seldom needed lies out of its way. */
static __attribute__((noinline)) struct account *account_begin_first(struct task_struct *task, enum scope_state state,
								     __u64 now)
{
	struct account *a = account_make(task);

	if (!a)
		return NULL;
	account_begin_write(a);
	account_open(a, task, state, now);
	return a;
}

/*
 * The account of a task that has an event at `now`, to be written until account_end_write(). Its
 * first event tells that it was in `state` before, unless the iterator saw it blocked.
 */
static __always_inline struct account *account_begin(struct task_struct *task,
						     enum scope_state state, __u64 now)
{
	struct account *a = account_find(task);

	if (account_is_blank(a))
		return account_begin_first(task, state, now);
	account_begin_write(a);
	return a;
}

#endif
