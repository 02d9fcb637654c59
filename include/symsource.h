/* SPDX-License-Identifier: MIT */
/*
 * symsource.h - where names come from.
 *
 * A source names addresses of one image. Sources are asked in the order of the table in
 * src/symbolize.c; the first that knows an address wins. To add one: src/sym_NAME.c with a
 * `const struct symsource`, and one line in that table.
 *
 * Ownership: what open() returns belongs to the caller until close(). A source never prints and
 * never follows a path from the target: it reads what src/sym_files.c opened.
 */
#ifndef SYMSOURCE_H
#define SYMSOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sym_files; /* src/sym_files.h */

/*
 * One frame of the answer; several for one address when calls were inlined, innermost first: all
 * but the last are inlined. Texts are valid until close().
 */
struct sym_name {
	/* As the file has it, mangled, not terminated. The same pointer is the same name. NULL:
	 * this source knows the place, and not the function. */
	const char *name;
	size_t name_length;
	const char *file; /* as the compiler was called, made absolute; NULL: not known */
	uint32_t line;	  /* in it; 0: not known */
	/* The name as it is written in the source, in a language that mangles: of the last alone. Where
	 * a later source has a mangled one, that tells more. */
	bool is_plain;
};

struct symsource {
	const char *name; /* "dwarf", "symtab", "kallsyms", ... for -v and quality */
	/* 0 and *ret_state; -ENOENT: this source has nothing for the image; other -errno: broken.
	 */
	int (*open)(struct sym_files *files, void **ret_state);
	/*
	 * Names of `vaddr` (the image's ELF address space); asked in ascending order. Writes up to
	 * `max` entries, returns how many; 0: inside no symbol's range. Never the nearest symbol's
	 * name.
	 */
	size_t (*resolve)(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max);
	void (*close)(void *state); /* takes NULL */
	/* About how much memory the state holds; NULL: not worth counting. */
	size_t (*bytes)(const void *state);
};

/* The built-in ones. */
extern const struct symsource sym_kernel_source;    /* src/sym_kernel.c: /proc/kallsyms */
extern const struct symsource sym_jitdump_source;   /* src/sym_jitdump.c: a process's jitdump */
extern const struct symsource sym_perfmap_source;   /* src/sym_perfmap.c: a process's perf map */
extern const struct symsource sym_dwarf_source;	    /* src/sym_dwarf.c: DWARF 2 to 5 */
extern const struct symsource sym_symtab_source;    /* src/sym_elf.c: .symtab */
extern const struct symsource sym_minidebug_source; /* src/sym_elf.c: .gnu_debugdata's .symtab */
extern const struct symsource sym_dynsym_source;    /* src/sym_elf.c: .dynsym */
extern const struct symsource sym_plt_source;	    /* src/sym_plt.c: entries of .plt */

#endif
