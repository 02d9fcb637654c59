// SPDX-License-Identifier: MIT
#include "elf_file.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "image_elf.h"
#include "mem.h"

/* Real files have a dozen segments, and some dozens of sections; objects one for each function. */
#define PHDRS_MAX 4096
#define SHDRS_MAX (1u << 20)
#define NAMES_MAX (1u << 20)
/* Neither method makes more than some thousand bytes of one, in what a compiler writes. */
#define UNPACK_FACTOR 4096

#ifndef ELFCOMPRESS_ZSTD /* glibc 2.37 */
#define ELFCOMPRESS_ZSTD 2
#endif

bool elf_file_read(const struct elf_file *file, uint64_t off, void *bytes, size_t count)
{
	if (off > file->size || count > file->size - off)
		return false;
	if (file->memory) {
		memcpy(bytes, file->memory + off, count);
		return true;
	}
	return image_elf_read_at(file->fd, off, bytes, count);
}

uint8_t *elf_file_load(const struct elf_file *file, uint64_t off, uint64_t bytes, uint64_t max)
{
	uint8_t *copy;

	if (!bytes || bytes > max || off > file->size || bytes > file->size - off)
		return NULL;
	copy = mem_resize_array(NULL, (size_t)bytes, 1); /* not zeroed first */
	if (elf_file_read(file, off, copy, (size_t)bytes))
		return copy;
	free(copy);
	return NULL;
}

static bool read_headers(struct elf_file *file)
{
	const Elf64_Ehdr *ehdr = &file->ehdr;

	if (!elf_file_read(file, 0, &file->ehdr, sizeof(file->ehdr)) ||
	    memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2LSB)
		return false;
	if (!ehdr->e_phnum)
		return true; /* a .dwo has none */
	if (ehdr->e_phentsize != sizeof(Elf64_Phdr) || ehdr->e_phnum > PHDRS_MAX)
		return false;
	file->phdr_count = ehdr->e_phnum;
	file->phdrs = (Elf64_Phdr *)elf_file_load(
		file, ehdr->e_phoff, file->phdr_count * sizeof(*file->phdrs), UINT64_MAX);
	return file->phdrs;
}

/* More than 65 279 sections, and the number of the one with the names: they stand in the first's.
 */
static bool count_sections(const struct elf_file *file, uint64_t *ret_count, uint32_t *ret_names)
{
	const Elf64_Ehdr *ehdr = &file->ehdr;
	Elf64_Shdr first;

	*ret_count = ehdr->e_shnum;
	*ret_names = ehdr->e_shstrndx;
	if (ehdr->e_shentsize != sizeof(Elf64_Shdr) || !ehdr->e_shoff)
		return false;
	if (ehdr->e_shnum && ehdr->e_shstrndx != SHN_XINDEX)
		return *ret_names < *ret_count;
	if (!elf_file_read(file, ehdr->e_shoff, &first, sizeof(first)))
		return false;
	if (!ehdr->e_shnum)
		*ret_count = first.sh_size;
	if (ehdr->e_shstrndx == SHN_XINDEX)
		*ret_names = first.sh_link;
	return *ret_names < *ret_count && *ret_count <= SHDRS_MAX;
}

static void read_section_headers(struct elf_file *file)
{
	const Elf64_Shdr *names;
	uint64_t count;
	uint32_t names_at;

	if (!count_sections(file, &count, &names_at))
		return;
	file->shdrs = (Elf64_Shdr *)elf_file_load(file, file->ehdr.e_shoff,
						  count * sizeof(*file->shdrs), UINT64_MAX);
	if (!file->shdrs)
		return;
	names = &file->shdrs[names_at];
	file->names = (char *)elf_file_load(file, names->sh_offset, names->sh_size, NAMES_MAX);
	if (!file->names)
		return;
	file->names_size = (size_t)names->sh_size;
	file->names[file->names_size - 1] = '\0';
	file->shdr_count = (size_t)count;
}

static int open_headers(struct elf_file *file, struct elf_file *ret_file)
{
	if (!read_headers(file)) {
		elf_file_close(file);
		return -ENOEXEC;
	}
	read_section_headers(file);
	*ret_file = *file;
	return 0;
}

int elf_file_open(int fd, uint64_t size, struct elf_file *ret_file)
{
	struct elf_file file = { .fd = fd, .size = size };

	return open_headers(&file, ret_file);
}

int elf_file_open_memory(const void *memory, uint64_t size, struct elf_file *ret_file)
{
	struct elf_file file = { .fd = -1, .memory = memory, .size = size };

	return open_headers(&file, ret_file);
}

void elf_file_close(struct elf_file *file)
{
	free(file->phdrs);
	free(file->shdrs);
	free(file->names);
	*file = (struct elf_file){ .fd = -1 };
}

const Elf64_Shdr *elf_file_section(const struct elf_file *file, const char *name)
{
	for (size_t i = 0; i < file->shdr_count; i++) {
		const Elf64_Shdr *shdr = &file->shdrs[i];

		if (shdr->sh_type != SHT_NOBITS && shdr->sh_name < file->names_size &&
		    strcmp(file->names + shdr->sh_name, name) == 0)
			return shdr;
	}
	return NULL;
}

/* What `from` unpacks to, exactly `size` bytes, or NULL. */
static uint8_t *unpack(const uint8_t *from, size_t from_size, uint64_t size, uint64_t max,
		       bool zstd)
{
	uint8_t *bytes;
	bool good;

	if (!size || size > max || size / UNPACK_FACTOR > from_size)
		return NULL;
	bytes = mem_resize_array(NULL, (size_t)size, 1);
	if (zstd) {
		good = ZSTD_decompress(bytes, (size_t)size, from, from_size) == size;
	} else {
		uLongf got = size;

		good = uncompress(bytes, &got, from, from_size) == Z_OK && got == size;
	}
	if (good)
		return bytes;
	free(bytes);
	return NULL;
}

static uint8_t *unpack_section(const uint8_t *packed, size_t packed_size, uint64_t max,
			       size_t *ret_size)
{
	Elf64_Chdr chdr;

	if (packed_size <= sizeof(chdr))
		return NULL;
	memcpy(&chdr, packed, sizeof(chdr));
	if (chdr.ch_type != ELFCOMPRESS_ZLIB && chdr.ch_type != ELFCOMPRESS_ZSTD)
		return NULL;
	*ret_size = (size_t)chdr.ch_size;
	return unpack(packed + sizeof(chdr), packed_size - sizeof(chdr), chdr.ch_size, max,
		      chdr.ch_type == ELFCOMPRESS_ZSTD);
}

/* "ZLIB" and the size, most significant byte first. */
static uint8_t *unpack_zdebug(const uint8_t *packed, size_t packed_size, uint64_t max,
			      size_t *ret_size)
{
	uint64_t size;

	if (packed_size <= 12 || memcmp(packed, "ZLIB", 4) != 0)
		return NULL;
	memcpy(&size, packed + 4, sizeof(size));
	*ret_size = (size_t)__builtin_bswap64(size);
	return unpack(packed + 12, packed_size - 12, __builtin_bswap64(size), max, false);
}

uint8_t *elf_file_load_header(const struct elf_file *file, const Elf64_Shdr *shdr, uint64_t max,
			      size_t *ret_size)
{
	_cleanup_free_ uint8_t *packed = NULL;
	uint8_t *bytes = elf_file_load(file, shdr->sh_offset, shdr->sh_size, max);

	*ret_size = bytes ? (size_t)shdr->sh_size : 0;
	if (!bytes || !(shdr->sh_flags & SHF_COMPRESSED))
		return bytes;
	packed = bytes;
	bytes = unpack_section(packed, (size_t)shdr->sh_size, max, ret_size);
	if (!bytes)
		*ret_size = 0;
	return bytes;
}

uint8_t *elf_file_load_section(const struct elf_file *file, const char *name, uint64_t max,
			       size_t *ret_size)
{
	const Elf64_Shdr *shdr = elf_file_section(file, name);
	_cleanup_free_ uint8_t *packed = NULL;
	uint8_t *bytes;
	char old[64];

	*ret_size = 0;
	if (shdr)
		return elf_file_load_header(file, shdr, max, ret_size);
	if (strncmp(name, ".debug_", 7) != 0 || strlen(name) > sizeof(old) - 2)
		return NULL;
	old[0] = '.';
	old[1] = 'z';
	strcpy(old + 2, name + 1);
	shdr = elf_file_section(file, old);
	packed = shdr ? elf_file_load(file, shdr->sh_offset, shdr->sh_size, max) : NULL;
	if (!packed)
		return NULL;
	bytes = unpack_zdebug(packed, (size_t)shdr->sh_size, max, ret_size);
	if (!bytes)
		*ret_size = 0;
	return bytes;
}
