/* SPDX-License-Identifier: MIT */
/*
 * symsource.h - where names come from.
 *
 * A source names addresses of one image. Sources are asked in the order of the table in
 * src/symbolize.c; the first that knows an address wins. To add one: src/sym_NAME.c with a
 * `const struct symsource`, and one line in that table.
 *
 * Ownership: what open() returns belongs to the caller until close(). Names are written through the
 * sink and copied there. A source never prints and never follows a path from the target: it reads
 * the descriptor that src/image.c opened.
 */
#ifndef SYMSOURCE_H
#define SYMSOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image; /* src/image.h */

/* One frame of the answer; several for one address when calls were inlined, innermost first. */
struct sym_name {
	const char *name;    /* demangled; valid until the next call */
	const char *file;    /* NULL: not known */
	uint32_t line;	     /* 0: not known */
	bool inlined;
};

struct symsource {
	const char *name; /* "symtab", "kallsyms", ... for -v and quality */
	/* 0 and *ret_state; -ENOENT: this source has nothing for the image; other -errno: broken. */
	int (*open)(const struct image *image, void **ret_state);
	/*
	 * Names of `vaddr` (the image's ELF address space). Writes up to `max` entries, returns how
	 * many; 0: inside no symbol's range. Never the nearest symbol's name.
	 */
	size_t (*resolve)(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max);
	void (*close)(void *state); /* takes NULL */
};

/* The built-in ones. */
extern const struct symsource sym_elf_source;	 /* src/sym_elf.c: .symtab and .dynsym */
extern const struct symsource sym_kernel_source; /* src/sym_kernel.c: /proc/kallsyms */

#endif
