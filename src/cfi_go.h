/* SPDX-License-Identifier: MIT */
/*
 * cfi_go.h - what a Go program says of its own code in .gopclntab, its table of functions: it is
 * there for tracebacks, so that stripping leaves it. Go 1.18 and later.
 *
 * It says how large a function's frame is at each address, as Go's .debug_frame does, and what that
 * does not: at which functions a stack ends, which go on on another stack, and to what signal
 * handlers return.
 */
#ifndef CFI_GO_H
#define CFI_GO_H

#include "cfi.h"
#include "cfi_sections.h"

/*
 * Adds to `rows` what is said of frames, and to `special` the code where that is not what counts;
 * both are empty before. Adds nothing if there is no such table, or it makes no sense.
 */
void cfi_go_read(const struct elf_file *source, const struct cfi_sections *sections,
		 const struct cfi_code *code, struct unwind_rules *rules, struct cfi_rows *rows,
		 struct cfi_rows *special);

#endif
