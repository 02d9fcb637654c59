// SPDX-License-Identifier: MIT
#include "sym_files.h"

#include <errno.h>

#include "mem.h"

struct sym_files {
	const struct image *image;
	struct elf_file main;
	bool main_tried;
};

struct sym_files *sym_files_open(const struct image *image)
{
	struct sym_files *files = mem_alloc(sizeof(*files));

	files->image = image;
	files->main.fd = -1;
	return files;
}

void sym_files_close(struct sym_files **files)
{
	if (!*files)
		return;
	elf_file_close(&(*files)->main);
	free(*files);
	*files = NULL;
}

const struct image *sym_files_image(const struct sym_files *files)
{
	return files->image;
}

const struct elf_file *sym_files_main(struct sym_files *files)
{
	const struct image *image = files->image;

	if (!files->main_tried && image->fd >= 0 &&
	    (image->kind == IMAGE_FILE || image->kind == IMAGE_VDSO))
		elf_file_open(image->fd, image->size, &files->main);
	files->main_tried = true;
	return files->main.size ? &files->main : NULL;
}

const struct elf_file *sym_files_debug(struct sym_files *files)
{
	(void)files;
	return NULL;
}

const struct elf_file *sym_files_minidebug(struct sym_files *files)
{
	(void)files;
	return NULL;
}

const struct elf_file *sym_files_alternate(struct sym_files *files, const struct elf_file *of)
{
	(void)files;
	(void)of;
	return NULL;
}

const struct elf_file *sym_files_package(struct sym_files *files)
{
	(void)files;
	return NULL;
}

int sym_files_split(struct sym_files *files, const char *directory, const char *name,
		    struct elf_file *ret_file)
{
	(void)files;
	(void)directory;
	(void)name;
	(void)ret_file;
	return -ENOENT;
}

void sym_files_close_split(struct elf_file *file)
{
	elf_file_close(file);
}

const char *sym_files_why(struct sym_files *files)
{
	(void)files;
	return NULL;
}
