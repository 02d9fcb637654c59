/* SPDX-License-Identifier: MIT */
/*
 * unwind_table.h - from an ELF file's call frame information to the table that unwinds it.
 *
 * A table has the layout of include/scope_unwind.h, ready to be copied into a map. It is made of
 * .eh_frame and, for code that has none there, of .debug_frame; code that returns from signals is
 * found by its bytes where .eh_frame says nothing of it. What the table cannot say has rule 0 and
 * is counted.
 *
 * Nothing is locked: one thread at a time builds with a set of rules. Files are hostile: they are
 * read with pread, never mapped, and cost memory and time in proportion to their sections, up to a
 * limit.
 */
#ifndef UNWIND_TABLE_H
#define UNWIND_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "cfi.h"
#include "scope_unwind.h"
#include "unwind_rule_set.h"

struct unwind_table {
	void *elements;	      /* owned; SCOPE_UNWIND_ELEMENT bytes each, index first */
	size_t element_count; /* at least 1 */
	uint64_t first_off;   /* file offset of index entry 0, a multiple of SCOPE_UNWIND_PAGE */
	uint32_t pages;	      /* index entries */
	size_t rows;
	size_t pages_dropped;	 /* with more rows than an element holds: no rule in them */
	size_t rows_unsupported; /* of rule 0 for what the file does say; `unsupported` has why */
	size_t unsupported[CFI_WHYS]; /* by enum cfi_why */
};

/*
 * Builds the table of the ELF file behind `fd`, `size` bytes large. -ENOENT: it says nothing about
 * frames. -ENOEXEC: not an ELF file of this machine. -E2BIG: larger than any real file's. -EIO:
 * cannot be read.
 */
int unwind_table_build(int fd, uint64_t size, struct unwind_rules *rules,
		       struct unwind_table *ret_table);
/* The same for an ELF file in memory: the vdso. */
int unwind_table_build_memory(const void *elf, size_t bytes, struct unwind_rules *rules,
			      struct unwind_table *ret_table);
void unwind_table_free(struct unwind_table *table); /* takes a zeroed one, leaves one */

/* The rule at `file_off`. Never NULL: rule 0 where there is none. */
const struct scope_unwind_rule *unwind_table_find(const struct unwind_table *table,
						  const struct unwind_rules *rules,
						  uint64_t file_off);

#endif
