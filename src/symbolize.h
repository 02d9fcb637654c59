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

/* One frame; several for an address when calls were inlined, innermost first. */
struct symbol {
	const char *name; /* demangled, unless that was not wanted; NULL: the line alone is known */
	const char *file; /* NULL: not known */
	uint32_t line;	  /* 0: not known */
	bool inlined;
};

struct symbolize_options {
	const struct symsource *const *sources; /* NULL-terminated; NULL: the built-in table */
	bool keep_mangled;
	bool without_inlined; /* the function that the others were inlined into alone */
	struct debuginfod *debuginfod; /* asked for debug files that are not here; NULL: nobody is */
};

/*
 * Called once per address of which anything is known, with 1 or more symbols, innermost first: with a
 * name, all but a single one. `index` is the address's place in the batch. The symbols are valid during
 * the call only.
 */
typedef void symbolize_sink(void *context, size_t index, const struct symbol *symbols,
			    size_t count);

/*
 * Resolves `count` addresses of `image` (ELF vaddr for files, absolute for the kernel, sorted
 * ascending, unique), in that order. Never the nearest symbol. Never fails: an image without symbols
 * reports nothing.
 */
void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symbolize_options *options, symbolize_sink *sink, void *context);

#endif
