// SPDX-License-Identifier: MIT
#include <errno.h>

#include "sym_files.h"
#include "symsource.h"

static int open_dwarf(struct sym_files *files, void **ret_state)
{
	(void)files;
	(void)ret_state;
	return -ENOENT;
}

static size_t resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	(void)state;
	(void)vaddr;
	(void)ret_names;
	(void)max;
	return 0;
}

static void close_dwarf(void *state)
{
	(void)state;
}

const struct symsource sym_dwarf_source = {
	.name = "dwarf",
	.open = open_dwarf,
	.resolve = resolve,
	.close = close_dwarf,
};
