/* SPDX-License-Identifier: MIT */
/*
 * The kernel's types for user space: the real vmlinux.h without what only a BPF compiler knows.
 */
#ifndef SHADOW_VMLINUX_H
#define SHADOW_VMLINUX_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#undef NULL /* the kernel's has a space more */
#define preserve_access_index annotate("relocated")
#include_next <vmlinux.h>
#undef preserve_access_index
#pragma GCC diagnostic pop

#endif
