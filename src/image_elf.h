/* SPDX-License-Identifier: MIT */
/*
 * image_elf.h - what src/image.c needs of an ELF file: its executable segments and build-id. Reads
 * the headers by hand, since only the symbol side may see elfutils. The bytes are hostile.
 */
#ifndef IMAGE_ELF_H
#define IMAGE_ELF_H

#include "image.h"

/* Fills segments, segment_count and build_id (owned by the caller, free()). -ENOEXEC: not ELF. */
int image_elf_read(int fd, uint64_t size, struct image *image);

/* `count` bytes from `off`. False: they are not all there. */
bool image_elf_read_at(int fd, uint64_t off, void *bytes, size_t count);

#endif
