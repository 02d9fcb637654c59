/* SPDX-License-Identifier: MIT */
/*
 * sym_files.h - the files in which the names of one image stand: the image itself, its separate
 * debug file, what dwz moved out of it, the symbols that are packed in it, and split DWARF.
 *
 * Each is looked for when it is first asked for, once. All are opened as an image is: a regular
 * file, without a terminal, a device or a fifo to wait for, and read with pread. A file that does
 * not prove that it belongs to the image (build-id, CRC, the id of a split unit) is not used.
 *
 * What is returned is owned by the sym_files and lives as long. NULL: there is none.
 */
#ifndef SYM_FILES_H
#define SYM_FILES_H

#include "elf_file.h"
#include "image.h"

struct sym_files;

/* `image` must outlive the result. Never NULL. */
struct sym_files *sym_files_open(const struct image *image);
void sym_files_close(struct sym_files **files); /* takes NULL */

const struct image *sym_files_image(const struct sym_files *files);

const struct elf_file *sym_files_main(struct sym_files *files);
/* By build-id below /usr/lib/debug/.build-id, else by .gnu_debuglink with its CRC. */
const struct elf_file *sym_files_debug(struct sym_files *files);
/* .gnu_debugdata, unpacked. */
const struct elf_file *sym_files_minidebug(struct sym_files *files);
/* Of main or debug, whichever `of` is: what its .gnu_debugaltlink leads to, by build-id. */
const struct elf_file *sym_files_alternate(struct sym_files *files, const struct elf_file *of);
/* The image's own path with .dwp behind it. */
const struct elf_file *sym_files_package(struct sym_files *files);
/*
 * A .dwo: `name` as in DW_AT_dwo_name, looked for below `directory` (DW_AT_comp_dir; may be NULL)
 * unless it is absolute. Not remembered: the caller closes it with sym_files_close_split(). 0, or
 * -errno. Whether it is the right one the caller sees by its id.
 */
int sym_files_split(struct sym_files *files, const char *directory, const char *name,
		    struct elf_file *ret_file);
void sym_files_close_split(struct elf_file *file);

/* Why there is no debug file, in words, for the report; NULL: there is one, or none is needed. */
const char *sym_files_why(struct sym_files *files);

#endif
