/* SPDX-License-Identifier: MIT */
/*
 * cfi_run.h - the machine that call frame instructions are for.
 */
#ifndef CFI_RUN_H
#define CFI_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cfi.h"
#include "cfi_rule.h"
#include "cursor.h"

/* What a common information entry says for the functions that name it. */
struct cfi_common {
	bool usable;
	bool augmented;	  /* 'z': its functions' entries hold augmentation data */
	bool signal;	  /* 'S' */
	uint8_t encoding; /* of addresses, DW_EH_PE_* */
	uint64_t code_align;
	int64_t data_align;
	struct cfi_state initial;
};

/* The code of a function. */
struct cfi_range {
	uint32_t start, end; /* offsets as in struct cfi_row; not empty */
	uint64_t vaddr;	     /* of `start` */
};

struct cfi_machine;

/* `section` and `rules` must live as long. */
struct cfi_machine *cfi_machine_new(const struct cfi_section *section, struct unwind_rules *rules);
void cfi_machine_free(struct cfi_machine **machine); /* takes NULL */

/* Runs the initial instructions, which fills common->initial. False: they make no sense. */
bool cfi_machine_begin(struct cfi_machine *machine, struct cfi_common *common,
		       struct cursor instructions);
/* Runs a function's instructions, and adds its rows and the gap behind. */
void cfi_machine_run(struct cfi_machine *machine, const struct cfi_common *common,
		     const struct cfi_range *range, struct cursor instructions,
		     struct cfi_rows *rows);

/*
 * A pointer as .eh_frame has them. `encoding` without DW_EH_PE_indirect. Fails the cursor for those
 * that do not tell an address without the process.
 */
uint64_t cfi_read_pointer(struct cursor *c, const struct cfi_section *section, uint8_t encoding);

#endif
