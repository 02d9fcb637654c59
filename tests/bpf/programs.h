/* SPDX-License-Identifier: MIT */
/* programs.h - the programs of bpf/ as the shadow headers make them: functions. */
#ifndef TEST_PROGRAMS_H
#define TEST_PROGRAMS_H

#include "vmlinux.h"

int sched__switch(void *ctx, bool preempt, struct task_struct *prev, struct task_struct *next);
int sched__wakeup(void *ctx, struct task_struct *task);
int sched__waking(void *ctx, struct task_struct *task);
int sched__wakeup_new(void *ctx, struct task_struct *task);
int lifecycle__fork(void *ctx, struct task_struct *parent, struct task_struct *child);
int lifecycle__exec(void *ctx, struct task_struct *task, int old_tid);
int lifecycle__lose_memory(struct bpf_raw_tracepoint_args *ctx);
int lifecycle__add(struct bpf_raw_tracepoint_args *ctx);
int lifecycle__forget(struct bpf_raw_tracepoint_args *ctx);
int lifecycle__attach(void *ctx, struct cgroup *to, const char *path, struct task_struct *task);
int oncpu__tick(struct bpf_perf_event_data *ctx);
int edges__open(struct bpf_raw_tracepoint_args *ctx);
int edges__close(void *ctx);
int edges__clock(void *ctx);
int edges__task(struct bpf_iter__task *ctx);
int edges__owners(struct bpf_iter__task *ctx);

#endif
