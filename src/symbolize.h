/* SPDX-License-Identifier: MIT */
/*
 * symbolize.h - names for addresses of an image: for one after the other, or for a batch.
 *
 * What an image's files have to tell is read when it is first needed, and kept until the symbolizer is
 * closed. Addresses that ascend cost least.
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
	bool without_stubs;   /* no names of what is in no symbol table: puts@plt */
	struct debuginfod *debuginfod; /* asked for debug files that are not here; NULL: nobody is */
};

/* More calls inlined into one another at one address than this are cut (outermost). */
#define SYMBOLIZE_MAX 64

struct symbolizer;

/* Both must outlive the result. Never NULL: of an image without symbols it knows nothing. */
struct symbolizer *symbolizer_open(const struct image *image,
				   const struct symbolize_options *options);
void symbolizer_close(struct symbolizer **symbolizer); /* takes NULL */
/*
 * The symbols of one address (ELF vaddr for files, absolute for the kernel), as a sink gets them; 0:
 * nothing is known. Never the nearest symbol. They are valid until symbolizer_close().
 */
size_t symbolizer_ask(struct symbolizer *symbolizer, uint64_t vaddr,
		      struct symbol ret_symbols[SYMBOLIZE_MAX]);
/* About how much memory it holds. */
size_t symbolizer_bytes(const struct symbolizer *symbolizer);

/*
 * Called once per address of which anything is known, with 1 or more symbols, innermost first: with a
 * name, all but a single one. `index` is the address's place in the batch. The symbols are valid during
 * the call only.
 */
typedef void symbolize_sink(void *context, size_t index, const struct symbol *symbols,
			    size_t count);

/*
 * Resolves `count` addresses of `image` (sorted ascending, unique), in that order. Never fails: an
 * image without symbols reports nothing.
 */
void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symbolize_options *options, symbolize_sink *sink, void *context);

#endif
