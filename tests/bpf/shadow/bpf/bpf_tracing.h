/* SPDX-License-Identifier: MIT */
/* A tracing program as a function that takes the tracepoint's arguments themselves. */
#ifndef SHADOW_BPF_TRACING_H
#define SHADOW_BPF_TRACING_H

#define BPF_PROG(name, args...) name(void *ctx, ##args)

#endif
