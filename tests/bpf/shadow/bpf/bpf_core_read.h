/* SPDX-License-Identifier: MIT */
/*
 * What libbpf's header of this name gives the programs, in a world whose layouts are known:
 * a relocated read is a plain one.
 */
#ifndef SHADOW_BPF_CORE_READ_H
#define SHADOW_BPF_CORE_READ_H

/* What is asked for are fields of new kernels, and task_struct.sched_info: a timeline says whether
 * this kernel has them. */
extern bool shadow_has_new_state;
#define bpf_core_field_exists(field) ((void)sizeof((field) + 0), shadow_has_new_state)

#define SHADOW_READ_1(from, a)	  ((from)->a)
#define SHADOW_READ_2(from, a, b) ((from)->a->b)
#define SHADOW_READ_PICK(one, two, name, ...) name
#define BPF_CORE_READ(from, ...)                                                                   \
	SHADOW_READ_PICK(__VA_ARGS__, SHADOW_READ_2, SHADOW_READ_1, )(from, __VA_ARGS__)
#define BPF_CORE_READ_BITFIELD(from, field) ((__u64)(from)->field)

#endif
