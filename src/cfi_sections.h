/* SPDX-License-Identifier: MIT */
/*
 * cfi_sections.h - where an ELF file has its code and its call frame information.
 *
 * A file without section headers has .eh_frame through its program header; .debug_frame may be
 * compressed. The bytes are hostile. Go's table of functions
 * (src/cfi_go.h) is found, too.
 */
#ifndef CFI_SECTIONS_H
#define CFI_SECTIONS_H

#include "cfi.h"
#include "elf_file.h"
#include "image.h"

struct cfi_sections {
	struct cfi_section eh, debug; /* no bytes: there is none */
	uint8_t *go;		      /* .gopclntab, or NULL */
	size_t go_size;
	uint64_t text_vaddr;		/* of .text; 0: unknown */
	struct image_segment *segments; /* executable, sorted by file_off; owned */
	size_t segment_count;		/* at least 1 */
	bool makes_contexts;		/* has makecontext() among its dynamic symbols */
	uint64_t entry_off;		/* of the file: where a process begins; 0: nowhere */
	/* Byte after the last of them, less than 4 GiB after the first. */
	uint64_t end_off;
};

/*
 * -ENOEXEC: of another machine, or without code. -E2BIG: larger than any real file's. Sections that
 * cannot be read are as good as none.
 */
int cfi_sections_read(const struct elf_file *elf, struct cfi_sections *ret_sections);
void cfi_sections_free(struct cfi_sections *sections); /* takes a zeroed one */

#endif
