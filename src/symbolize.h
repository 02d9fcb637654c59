/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h - names for addresses, in one batch per image.
 *
 * The caller collects all addresses of an image and asks once. Nothing is looked up twice.
 */
#ifndef SYMBOLIZE_H
#define SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "symsource.h"

/*
 * Called once per address that has a name, with 1 or more names, innermost first. `index` is the
 * address's place in the batch. The names are valid during the call only.
 */
typedef void symbolize_sink(void *context, size_t index, const struct sym_name *names,
			    size_t count);

/*
 * Resolves `count` addresses of `image` (ELF vaddr for files, absolute for the kernel, sorted
 * ascending, unique). Addresses inside no symbol are not reported. Never fails: an image without
 * symbols reports nothing. `sources` is NULL-terminated; NULL means the built-in table.
 */
void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symsource *const *sources, symbolize_sink *sink, void *context);

#endif
