// SPDX-License-Identifier: MIT
#include "image_elf.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#define PHDRS_MAX    4096  /* real files have about a dozen */
#define NOTES_MAX    65536 /* bytes of one note segment */
#define BUILD_ID_MAX 64    /* bytes; SHA-1 has 20 */

bool image_elf_read_at(int fd, uint64_t off, void *bytes, size_t count)
{
	for (size_t done = 0; done < count;) {
		ssize_t got = pread(fd, (char *)bytes + done, count - done, (off_t)(off + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* Where the program headers are, the same for both classes. */
struct phdr_table {
	uint64_t off;
	size_t entry_bytes;
	size_t count;
	bool wide; /* ELFCLASS64 */
};

static bool find_phdrs(int fd, uint64_t size, struct phdr_table *table)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} ehdr;
	uint64_t bytes;

	if (size < sizeof(ehdr.narrow) || !image_elf_read_at(fd, 0, &ehdr.narrow, sizeof(ehdr.narrow)))
		return false;
	if (memcmp(ehdr.ident, ELFMAG, SELFMAG) != 0 || ehdr.ident[EI_DATA] != ELFDATA2LSB)
		return false;
	table->wide = ehdr.ident[EI_CLASS] == ELFCLASS64;
	if (table->wide) {
		if (size < sizeof(ehdr.wide) || !image_elf_read_at(fd, 0, &ehdr.wide, sizeof(ehdr.wide)))
			return false;
		*table = (struct phdr_table){ ehdr.wide.e_phoff, ehdr.wide.e_phentsize,
					      ehdr.wide.e_phnum, true };
	} else if (ehdr.ident[EI_CLASS] == ELFCLASS32) {
		*table = (struct phdr_table){ ehdr.narrow.e_phoff, ehdr.narrow.e_phentsize,
					      ehdr.narrow.e_phnum, false };
	} else {
		return false;
	}
	if (table->entry_bytes != (table->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return false;
	bytes = table->entry_bytes * table->count;
	return table->count <= PHDRS_MAX && table->off <= size && bytes <= size - table->off;
}

static Elf64_Phdr phdr_at(const struct phdr_table *table, const char *bytes, size_t i)
{
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (table->wide) {
		memcpy(&wide, bytes + i * sizeof(wide), sizeof(wide));
		return wide;
	}
	memcpy(&narrow, bytes + i * sizeof(narrow), sizeof(narrow));
	return (Elf64_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_filesz = narrow.p_filesz,
		.p_align = narrow.p_align,
	};
}

static size_t round_up(size_t value, size_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* The GNU build-id among the notes in hexadecimal, or NULL. */
static char *parse_notes(const char *notes, size_t bytes, size_t align)
{
	size_t at = 0;

	while (bytes - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note; /* the same in both classes */
		size_t name, desc;
		char *hex;

		memcpy(&note, notes + at, sizeof(note));
		name = at + sizeof(note);
		if (note.n_namesz > bytes - name)
			return NULL;
		desc = round_up(name + note.n_namesz, align);
		if (desc > bytes || note.n_descsz > bytes - desc)
			return NULL;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(ELF_NOTE_GNU) ||
		    memcmp(notes + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0) {
			at = round_up(desc + note.n_descsz, align);
			if (at > bytes)
				return NULL;
			continue;
		}
		if (note.n_descsz == 0 || note.n_descsz > BUILD_ID_MAX)
			return NULL;
		hex = mem_alloc(2 * (size_t)note.n_descsz + 1);
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(hex + 2 * i, 3, "%02x", (unsigned char)notes[desc + i]);
		return hex;
	}
	return NULL;
}

static char *read_build_id(int fd, uint64_t size, const Elf64_Phdr *phdr)
{
	_cleanup_free_ char *notes = NULL;

	if (phdr->p_filesz > NOTES_MAX || phdr->p_offset > size ||
	    phdr->p_filesz > size - phdr->p_offset || phdr->p_filesz == 0)
		return NULL;
	notes = mem_alloc((size_t)phdr->p_filesz);
	if (!image_elf_read_at(fd, phdr->p_offset, notes, (size_t)phdr->p_filesz))
		return NULL;
	return parse_notes(notes, (size_t)phdr->p_filesz, phdr->p_align == 8 ? 8 : 4);
}

int image_elf_read(int fd, uint64_t size, struct image *image)
{
	_cleanup_free_ char *phdrs = NULL;
	ARRAY(struct image_segment) segments = { 0 };
	struct phdr_table table;
	char *build_id = NULL;

	if (!find_phdrs(fd, size, &table))
		return -ENOEXEC;
	if (table.count) {
		phdrs = mem_alloc_array(table.count, table.entry_bytes);
		if (!image_elf_read_at(fd, table.off, phdrs, table.count * table.entry_bytes))
			return -ENOEXEC;
	}
	for (size_t i = 0; i < table.count; i++) {
		Elf64_Phdr phdr = phdr_at(&table, phdrs, i);

		if (phdr.p_type == PT_NOTE && !build_id)
			build_id = read_build_id(fd, size, &phdr);
		if (phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X) || phdr.p_offset > size ||
		    phdr.p_filesz > size - phdr.p_offset)
			continue;
		*array_push(&segments) = (struct image_segment){
			.file_off = phdr.p_offset,
			.file_size = phdr.p_filesz,
			.vaddr = phdr.p_vaddr,
		};
	}
	image->segments = segments.items;
	image->segment_count = segments.count;
	image->build_id = build_id;
	return 0;
}
