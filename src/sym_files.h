/* SPDX-License-Identifier: MIT */
/*
 * sym_files.h - the files in which the names of one image stand: the image itself, its separate
 * debug file, what dwz moved out of it, the symbols that are packed in it, and split DWARF.
 *
 * Each is looked for when it is first asked for, once. All are opened as an image is: a regular
 * file, without a terminal, a device or a fifo to wait for, and read with pread. A file that does
 * not prove that it belongs to the image (build-id, CRC, the id of a split unit) is not used.
 *
 * What is known by a build-id is looked for in our root directory, then in that of the image's
 * process, then with debuginfod; what is known by a path, in the root alone in which the file
 * that names it stands.
 *
 * What is returned is owned by the sym_files and lives as long. NULL: there is none.
 */
#ifndef SYM_FILES_H
#define SYM_FILES_H

#include "elf_file.h"
#include "image.h"

struct debuginfod; /* src/debuginfod.h */
struct sym_files;

/* `image` must outlive the result. Never NULL. */
struct sym_files *sym_files_open(const struct image *image);
void sym_files_close(struct sym_files **files); /* takes NULL */

/* To be asked last, by build-id, and to outlive `files`; NULL, as it is from the start: nobody. */
void sym_files_use_debuginfod(struct sym_files *files, struct debuginfod *debuginfod);

const struct image *sym_files_image(const struct sym_files *files);

const struct elf_file *sym_files_main(struct sym_files *files);
/*
 * By build-id below /usr/lib/debug/.build-id, else by .gnu_debuglink with its CRC, else from a
 * server. An image that has .debug_info itself has none.
 */
const struct elf_file *sym_files_debug(struct sym_files *files);
/* .gnu_debugdata, unpacked. */
const struct elf_file *sym_files_minidebug(struct sym_files *files);
/* Of main or debug, whichever `of` is: what its .gnu_debugaltlink leads to, by build-id. */
const struct elf_file *sym_files_alternate(struct sym_files *files, const struct elf_file *of);
/*
 * The image's own path with .dwp behind it, or its debug file's. Whether it is the right one the
 * caller sees by the ids in it.
 */
const struct elf_file *sym_files_package(struct sym_files *files);
/*
 * A .dwo: `name` as in DW_AT_dwo_name, looked for below `directory` (DW_AT_comp_dir; may be NULL)
 * unless it is absolute, then beside the image. Not remembered: the caller closes it with
 * sym_files_close_split(). 0, or -errno. Whether it is the right one the caller sees by its id.
 */
int sym_files_split(struct sym_files *files, const char *directory, const char *name,
		    struct elf_file *ret_file);
void sym_files_close_split(struct elf_file *file); /* takes an empty one */

/*
 * Why there is no debug file, in words, for the report; NULL: there is one, none is needed, or
 * image->why tells it. Names from the target are in it: any byte.
 */
const char *sym_files_why(struct sym_files *files);

/*
 * Where a debug file of the image is looked for first; free(). NULL: nowhere by name alone, since
 * the image has no build-id.
 */
char *sym_files_place(const struct sym_files *files);

/* Instead of /usr/lib/debug, in every root; for tests. Borrowed; NULL: as it was. */
void sym_files_set_debug_root(const char *path);

#endif
