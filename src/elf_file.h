/* SPDX-License-Identifier: MIT */
/*
 * elf_file.h - the headers of an ELF file and the bytes of its sections, by name.
 *
 * Reads by hand, with pread; nothing is mapped, since whoever owns the file can truncate it. Every
 * byte is hostile: what does not lie in the file, or is larger than the caller's bound, is as good
 * as not there. 64 bit, little endian; any machine. Compressed sections come unpacked (gABI's
 * SHF_COMPRESSED with zlib or zstd; and the older `.zdebug_NAME`).
 */
#ifndef ELF_FILE_H
#define ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read only, to all but elf_file.c. Zeroed, with fd -1, it is an empty one. */
struct elf_file {
	int fd;		       /* -1: in memory; borrowed */
	const uint8_t *memory; /* NULL: by descriptor; borrowed */
	uint64_t size;	       /* of the file */
	Elf64_Ehdr ehdr;
	Elf64_Phdr *phdrs;
	size_t phdr_count; /* may be 0 */
	Elf64_Shdr *shdrs; /* NULL: none that are whole */
	size_t shdr_count;
	char *names; /* of the sections; terminated at names_size - 1 */
	size_t names_size;
};

/*
 * By descriptor, or from `memory`, which must both outlive the result. -ENOEXEC: no ELF file, of
 * another class, or its program headers do not lie in it.
 */
int elf_file_open(int fd, uint64_t size, struct elf_file *ret_file);
int elf_file_open_memory(const void *memory, uint64_t size, struct elf_file *ret_file);
void elf_file_close(struct elf_file *file); /* takes an empty one */

/* Bytes of the file. False: not all there. */
bool elf_file_read(const struct elf_file *file, uint64_t off, void *bytes, size_t count);

/* The first section of the name that has bytes in the file, or NULL. */
const Elf64_Shdr *elf_file_section(const struct elf_file *file, const char *name);

/*
 * Bytes of the file, or of a section, unpacked; to be freed by the caller. NULL: empty, not whole,
 * more than `max`. The name begins with `.`; `.debug_NAME` is looked for as `.zdebug_NAME`, too.
 */
uint8_t *elf_file_load(const struct elf_file *file, uint64_t off, uint64_t bytes, uint64_t max);
uint8_t *elf_file_load_section(const struct elf_file *file, const char *name, uint64_t max,
			       size_t *ret_size);
uint8_t *elf_file_load_header(const struct elf_file *file, const Elf64_Shdr *shdr, uint64_t max,
			      size_t *ret_size);

#endif
