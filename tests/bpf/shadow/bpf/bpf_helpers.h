/* SPDX-License-Identifier: MIT */
/*
 * The kernel's helpers as functions of the fake world (tests/bpf/maps.c, tests/bpf/helpers.c), and
 * the macros that declare maps. As in libbpf, a map's numbers are the sizes of its members' types, so
 * that the world reads types, sizes and room from the declarations of the programs themselves.
 */
#ifndef SHADOW_BPF_HELPERS_H
#define SHADOW_BPF_HELPERS_H

#include "vmlinux.h"

#define SEC(name)
#define __uint(name, value)  int(*name)[value]
#define __type(name, value)  __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]

#undef __always_inline
#undef __noinline
#define __always_inline inline __attribute__((always_inline))
/* Global functions of the programs' headers: each file that includes them has its own. */
#define __noinline	static __attribute__((noinline, unused))
#define __weak
#define __ksym
#define barrier()	__asm__ volatile("" ::: "memory")
#define barrier_var(var)	__asm__ volatile("" : "+r"(var))

void *bpf_map_lookup_elem(void *map, const void *key);
long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags);
long bpf_map_delete_elem(void *map, const void *key);

void *bpf_ringbuf_reserve(void *ring, __u64 size, __u64 flags);
void bpf_ringbuf_submit(void *record, __u64 flags);
long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags);
__u64 bpf_ringbuf_query(void *ring, __u64 flags);

void *bpf_task_storage_get(void *map, struct task_struct *task, void *value, __u64 flags);
long bpf_task_storage_delete(void *map, struct task_struct *task);

__u64 bpf_ktime_get_ns(void);
__u32 bpf_get_prandom_u32(void);
__u32 bpf_get_smp_processor_id(void);
__u64 bpf_get_current_task(void);
struct task_struct *bpf_get_current_task_btf(void);
long bpf_task_pt_regs(struct task_struct *task);
long bpf_probe_read_kernel(void *to, __u32 size, const void *from);
long bpf_probe_read_user(void *to, __u32 size, const void *from);
long bpf_get_stack(void *ctx, void *to, __u32 size, __u64 flags);
long bpf_get_task_stack(struct task_struct *task, void *to, __u32 size, __u64 flags);
long bpf_seq_write(struct seq_file *seq, const void *data, __u32 size);

#endif
