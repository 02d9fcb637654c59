/* SPDX-License-Identifier: MIT */
/*
 * dwarf_split.h - what a compiler split off: a unit's DIEs in a file of its own (.dwo), or in a
 * package of many (.dwp). The main file keeps a skeleton that names it, its addresses and its
 * lines.
 */
#ifndef DWARF_SPLIT_H
#define DWARF_SPLIT_H

#include "dwarf_file.h"
#include "sym_files.h"

struct dwarf_split {
	struct elf_file elf; /* of a .dwo */
	struct dwarf_file file;
	struct dwarf_unit *unit; /* opened */
};

/*
 * Finds the unit that `skeleton` (opened, with a split_name) stands for, by its id: in `package`, a
 * .dwp's sections or NULL, else in the .dwo. -ENOENT: it is nowhere.
 */
int dwarf_split_open(struct sym_files *files, const struct dwarf_file *package,
		     const struct dwarf_unit *skeleton, struct dwarf_split *ret_split);
void dwarf_split_close(struct dwarf_split *split); /* takes a zeroed one */

#endif
