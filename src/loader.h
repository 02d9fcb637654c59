/* SPDX-License-Identifier: MIT */
/*
 * loader.h - the programs of a BPF object, loaded at the same time.
 *
 * The kernel verifies a program in the thread that loads it, one of ours for longer than all else takes
 * that a start is made of; libbpf loads one after the other. A loader lets libbpf make each ready, takes
 * it from it, and loads it in a thread, while the caller goes on.
 *
 *   loader_begin -> open the object -> loader_want, load the object -> loader_run -> loader_await
 *
 * There is one at a time: what libbpf asks is the process's.
 */
#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>

#include "kernel_btf.h"

struct bpf_object;
struct bpf_program;
struct loader;

/*
 * Programs of objects that are opened from here on are the loader's. `tells`: the verifier's words go to
 * stderr, how far it went, or why it refuses. NULL: libbpf will not have it.
 */
struct loader *loader_begin(bool tells);
/* When its threads are done with what they are at. Takes NULL; before the object goes. */
void loader_end(struct loader **loader);

/*
 * Asks for what the object's programs need to know of the kernel's types. Once that is read, and before
 * the object is loaded, the loader is told; `btf` stays as it is until then.
 */
void loader_want(struct bpf_object *object, struct kernel_btf *btf);
void loader_know(struct loader *loader, const struct kernel_btf *btf);

/* Begins, with the `first`, then the longest. */
void loader_run(struct loader *loader, const struct bpf_program *const *first, size_t count);
/* Until a program (NULL: each) is there. 0, or -errno: this one was refused. */
int loader_await(struct loader *loader, const struct bpf_program *program,
		 const struct bpf_program **ret_refused);

#endif
