/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vmlinux.h - the kernel's types as far as bpf/ reads them.
 *
 * Only names, types and fields that are used; libbpf relocates every access to the running
 * kernel's layout (CO-RE), so order and offsets here mean nothing. A type that ends in ___x is a
 * second shape of the same type (libbpf ignores the suffix), for fields that moved.
 */
#ifndef VMLINUX_H
#define VMLINUX_H

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
#define true  1
#define false 0
#define NULL  ((void *)0)

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
};

enum {
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_F_INNER_MAP = 4096,
};

enum {
	BPF_F_USER_STACK = 256,
};

enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};

enum {
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

enum {
	BPF_RB_AVAIL_DATA = 0,
};

/* arch/x86/include/asm/ptrace.h; also the context of perf_event programs, so not relocated there */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};

struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period;
	__u64 addr;
};

struct bpf_raw_tracepoint_args {
	__u64 args[1]; /* as many as the tracepoint has */
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct mm_struct {
	unsigned long start_stack;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

/* absent without CONFIG_SCHED_INFO */
struct sched_info {
	unsigned long pcount;
	unsigned long long run_delay;
	unsigned long long last_arrival;
	unsigned long long last_queued;
};

struct task_struct {
	unsigned int __state;
	void *stack;
	unsigned int flags;
	unsigned int on_cpu; /* int, since 7.x u8: unsigned, so that libbpf may fit the load */
	struct sched_entity se;
	struct sched_info sched_info;
	int exit_state;
	unsigned int in_iowait : 1;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	unsigned long nvcsw;
	unsigned long nivcsw;
	__u64 start_time;
	char comm[16];
	struct mm_struct *mm;
	struct css_set *cgroups;
	__u64 self_exec_id;
	void *bpf_storage; /* since 5.11 */
};

/* kernel/bpf/: the verifier's; tells a kernel since 6.15 */
struct bpf_subprog_info {
	__u8 might_sleep : 1;
};

/* tells a kernel since 6.4 */
struct kernel_clone_args {
	__u32 user_worker : 1;
};

/* before 5.14 (2f064a59a11f "sched: Change task_struct::state") */
struct task_struct___state {
	volatile long state;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
