// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/* Programs that do nothing, where systemscope's do something: what being there costs by itself. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tp_btf/sched_switch")
int empty__switch(void *ctx)
{
	(void)ctx;
	return 0;
}

SEC("tp_btf/sched_wakeup")
int empty__wakeup(void *ctx)
{
	(void)ctx;
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
