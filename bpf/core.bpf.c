// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/* The one definition of what core.bpf.h and stack.bpf.h declare. */
#include "core.bpf.h"
#include "place.bpf.h"
#include "stack.bpf.h"
#include "turn.bpf.h"
#include "warm.bpf.h"

const volatile bool have_task_storage = true;
const volatile bool have_task_pt_regs = true;
const volatile __u32 word_type = 1;
const volatile __u32 filter = SCOPE_FILTER_ALL;
const volatile bool want_user_threads = true;
const volatile bool want_kernel_threads = true;
const volatile bool want_user_stacks = true;
const volatile bool want_kernel_stacks = true;
const volatile bool have_unwind = true;
const volatile __u32 user_frames_max = 256;
const volatile bool follow_children = false;
const volatile bool match_comm = false;
const volatile char comm_wanted[SCOPE_COMM_LEN] = {};
const volatile __u64 cgroup_wanted = 0;
const volatile __u64 min_block_ns = 0;
const volatile bool want_timeline = false;
const volatile bool restrict_cpus = false;
const volatile bool want_thinning = false;
const volatile bool want_waits = true;
const volatile bool want_wakeups = true;
const volatile __u32 table_entries = 1;
const volatile __u64 stack_ring_wake_bytes = 0;
const volatile __u64 timeline_ring_wake_bytes = 0;

__u64 window_start_ns = ~0ull;
__u64 window_end_ns = ~0ull;
__u32 thin_step = 0;
__u64 member_hints[SCOPE_MEMBER_HINTS] SEC(".data") = {};
__u32 unwind_versions[SCOPE_UNWIND_VERSIONS] SEC(".data") = {};
__u64 sums_inserted = 0;
__u8 cpu_listed[SCOPE_MAX_CPUS] = {};
__u64 stack_sent[STACK_SENT_SIZE] = {};

struct task_accounts task_accounts SEC(".maps");
struct hash_accounts hash_accounts SEC(".maps");
struct sum_tables sum_tables SEC(".maps");
struct tick_tables tick_tables SEC(".maps");
struct ring stack_ring SEC(".maps");
struct ring thread_ring SEC(".maps");
struct ring timeline_ring SEC(".maps");
struct loss_table losses SEC(".maps");
struct costs costs SEC(".maps");
struct lost_threads lost_threads SEC(".maps");
struct members members SEC(".maps");
struct join_times join_times SEC(".maps");
struct raw_scratch raw_scratch SEC(".maps");
struct kernel_memos kernel_memos SEC(".maps");
struct found_kernel_memos found_kernel_memos SEC(".maps");
struct memos memos SEC(".maps");
struct found_memos found_memos SEC(".maps");
struct walks walks SEC(".maps");
struct warm_notes warm_notes SEC(".maps");
struct unwind_rules unwind_rules SEC(".maps");
struct unwind_maps unwind_maps SEC(".maps");
struct unwind_spaces unwind_spaces SEC(".maps");
struct unwind_images unwind_images SEC(".maps");

char LICENSE[] SEC("license") = "Dual MIT/GPL";
