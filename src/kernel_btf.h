/* SPDX-License-Identifier: MIT */
/*
 * kernel_btf.h - the kernel's description of its types, cut down to those that we ask for.
 *
 * It has some 140 000 types. libbpf indexes all of them, and goes through all of them for each type that
 * a program reads, which is most of what it does to load one. A description of a few hundred types gives
 * it the same answers: of those that are named it has whatever a field of theirs can lie in.
 *
 * A pointer in it points to void: relocations follow none.
 */
#ifndef KERNEL_BTF_H
#define KERNEL_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_BTF_PATH "/sys/kernel/btf/vmlinux"

struct kernel_btf;

struct kernel_btf *kernel_btf_new(void);
void kernel_btf_free(struct kernel_btf **btf); /* takes NULL */

/* Asks for the types of this name, with or without a suffix ___x, and for their numbers. */
void kernel_btf_want(struct kernel_btf *btf, const char *name);

/* Looks for what is wanted, once. 0 or -errno; -EINVAL: it is not what we know how to read. */
int kernel_btf_read(struct kernel_btf *btf, const char *path);

/* The number by which the kernel knows a type, by its exact name; 0: it has none, or it was not wanted. */
uint32_t kernel_btf_id(const struct kernel_btf *btf, const char *name, uint32_t kind);

/* Is this one of the values of a wanted enumeration? */
bool kernel_btf_has_value(const struct kernel_btf *btf, const char *enumeration, const char *value);

/* What was wanted as a description of its own, with numbers of its own. Valid as long as `btf`. */
const void *kernel_btf_cut(struct kernel_btf *btf, size_t *ret_bytes);

#endif
