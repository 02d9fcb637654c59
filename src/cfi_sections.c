// SPDX-License-Identifier: MIT
#include "cfi_sections.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "cfi_arch.h"
#include "cfi_cursor.h"
#include "cfi_dwarf.h"
#include "cfi_run.h"
#include "image_elf.h"
#include "mem.h"

/* Real files have a dozen segments, some dozens of sections, and sections of some dozen MiB. */
#define PHDRS_MAX   4096
#define NAMES_MAX   (1u << 20)
#define SECTION_MAX (128u << 20)
#define CODE_MAX    ((uint64_t)1 << 32)

#define EH_HEADER_MAX 16 /* bytes of .eh_frame_hdr: version, encodings, the first pointer */

#ifndef ELFCOMPRESS_ZSTD /* glibc 2.37 */
#define ELFCOMPRESS_ZSTD 2
#endif

struct elf {
	const struct cfi_source *source;
	Elf64_Ehdr ehdr;
	Elf64_Phdr *phdrs;
	Elf64_Shdr *shdrs; /* NULL: none */
	size_t shdr_count;
	char *names; /* terminated at names_size - 1 */
	size_t names_size;
};

bool cfi_source_read(const struct cfi_source *source, uint64_t off, void *bytes, size_t count)
{
	if (off > source->size || count > source->size - off)
		return false;
	if (source->memory) {
		memcpy(bytes, source->memory + off, count);
		return true;
	}
	return image_elf_read_at(source->fd, off, bytes, count);
}

/* Bytes of the file, owned by the caller, or NULL. Not zeroed first. */
static void *read_bytes(const struct cfi_source *source, uint64_t off, uint64_t bytes, uint64_t max)
{
	void *copy;

	if (!bytes || bytes > max || off > source->size || bytes > source->size - off)
		return NULL;
	copy = mem_resize_array(NULL, (size_t)bytes, 1);
	if (cfi_source_read(source, off, copy, (size_t)bytes))
		return copy;
	free(copy);
	return NULL;
}

static int read_headers(struct elf *elf)
{
	const Elf64_Ehdr *ehdr = &elf->ehdr;

	if (!cfi_source_read(elf->source, 0, &elf->ehdr, sizeof(elf->ehdr)))
		return -ENOEXEC;
	if (memcmp(ehdr->e_ident, ELFMAG, SELFMAG) != 0 || ehdr->e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr->e_ident[EI_DATA] != ELFDATA2LSB || ehdr->e_machine != CFI_ARCH_MACHINE ||
	    ehdr->e_phentsize != sizeof(Elf64_Phdr) || ehdr->e_phnum > PHDRS_MAX)
		return -ENOEXEC;
	elf->phdrs = read_bytes(elf->source, ehdr->e_phoff,
				(uint64_t)ehdr->e_phnum * sizeof(*elf->phdrs), UINT64_MAX);
	return elf->phdrs ? 0 : -ENOEXEC;
}

/* Without section headers the program headers do. */
static void read_section_headers(struct elf *elf)
{
	const Elf64_Ehdr *ehdr = &elf->ehdr;
	const Elf64_Shdr *names;

	if (ehdr->e_shentsize != sizeof(Elf64_Shdr) || ehdr->e_shstrndx >= ehdr->e_shnum)
		return;
	elf->shdrs = read_bytes(elf->source, ehdr->e_shoff,
				(uint64_t)ehdr->e_shnum * sizeof(*elf->shdrs), UINT64_MAX);
	if (!elf->shdrs)
		return;
	names = &elf->shdrs[ehdr->e_shstrndx];
	elf->names = read_bytes(elf->source, names->sh_offset, names->sh_size, NAMES_MAX);
	if (!elf->names)
		return;
	elf->names_size = (size_t)names->sh_size;
	elf->names[elf->names_size - 1] = '\0';
	elf->shdr_count = ehdr->e_shnum;
}

static const Elf64_Shdr *find_section(const struct elf *elf, const char *name)
{
	for (size_t i = 0; i < elf->shdr_count; i++) {
		const Elf64_Shdr *shdr = &elf->shdrs[i];

		if (shdr->sh_type != SHT_NOBITS && shdr->sh_name < elf->names_size &&
		    strcmp(elf->names + shdr->sh_name, name) == 0)
			return shdr;
	}
	return NULL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct image_segment *x = a, *y = b;

	return x->file_off < y->file_off ? -1 : x->file_off > y->file_off;
}

static int find_code(const struct elf *elf, struct cfi_sections *sections)
{
	size_t count = 0;

	sections->segments = mem_alloc_array(elf->ehdr.e_phnum, sizeof(*sections->segments));
	for (size_t i = 0; i < elf->ehdr.e_phnum; i++) {
		const Elf64_Phdr *phdr = &elf->phdrs[i];
		uint64_t size = elf->source->size, bytes = phdr->p_filesz;

		if (phdr->p_type != PT_LOAD || !(phdr->p_flags & PF_X) || !bytes ||
		    phdr->p_offset >= size)
			continue;
		if (bytes > size - phdr->p_offset)
			bytes = size - phdr->p_offset;
		sections->segments[count++] =
			(struct image_segment){ phdr->p_offset, bytes, phdr->p_vaddr };
		if (sections->end_off < phdr->p_offset + bytes)
			sections->end_off = phdr->p_offset + bytes;
	}
	if (!count)
		return -ENOEXEC;
	sections->segment_count = count;
	qsort(sections->segments, count, sizeof(*sections->segments), compare_segments);
	return sections->end_off - sections->segments[0].file_off < CODE_MAX - SCOPE_UNWIND_PAGE
		       ? 0
		       : -E2BIG;
}

static void find_entry(const struct elf *elf, struct cfi_sections *sections)
{
	uint64_t vaddr = elf->ehdr.e_entry;

	for (size_t i = 0; vaddr && i < sections->segment_count; i++) {
		const struct image_segment *segment = &sections->segments[i];

		if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->file_size)
			sections->entry_off = segment->file_off + (vaddr - segment->vaddr);
	}
}

/* How much of the file is loaded at `vaddr` and behind it, and where it is. */
static uint64_t find_loaded(const struct elf *elf, uint64_t vaddr, uint64_t *ret_off)
{
	for (size_t i = 0; i < elf->ehdr.e_phnum; i++) {
		const Elf64_Phdr *phdr = &elf->phdrs[i];

		if (phdr->p_type != PT_LOAD || vaddr < phdr->p_vaddr ||
		    vaddr - phdr->p_vaddr >= phdr->p_filesz ||
		    phdr->p_offset > UINT64_MAX - phdr->p_filesz)
			continue;
		*ret_off = phdr->p_offset + (vaddr - phdr->p_vaddr);
		return phdr->p_filesz - (vaddr - phdr->p_vaddr);
	}
	return 0;
}

/* .eh_frame through .eh_frame_hdr, which only says where it begins. */
static void find_eh_by_segment(const struct elf *elf, struct cfi_section *eh)
{
	const Elf64_Phdr *phdr = elf->phdrs, *end = phdr + elf->ehdr.e_phnum;
	_cleanup_free_ uint8_t *header = NULL;
	struct cfi_section section;
	struct cfi_cursor c;
	uint64_t off, bytes;

	while (phdr < end && phdr->p_type != PT_GNU_EH_FRAME)
		phdr++;
	if (phdr == end)
		return;
	section.size = phdr->p_filesz < EH_HEADER_MAX ? (size_t)phdr->p_filesz : EH_HEADER_MAX;
	section.vaddr = phdr->p_vaddr;
	section.bytes = header =
		read_bytes(elf->source, phdr->p_offset, section.size, EH_HEADER_MAX);
	if (!header || section.size < 4 || header[0] != 1)
		return;
	c = (struct cfi_cursor){ header + 4, header + section.size, false };
	eh->vaddr = cfi_read_pointer(&c, &section, header[1]);
	bytes = c.bad ? 0 : find_loaded(elf, eh->vaddr, &off);
	if (!bytes)
		return;
	if (off < elf->source->size && bytes > elf->source->size - off)
		bytes = elf->source->size - off;
	if (bytes > SECTION_MAX)
		bytes = SECTION_MAX;
	eh->bytes = read_bytes(elf->source, off, bytes, SECTION_MAX);
	eh->size = (size_t)bytes;
	eh->terminated = true;
}

static void find_eh(const struct elf *elf, struct cfi_section *eh)
{
	const Elf64_Shdr *shdr = find_section(elf, ".eh_frame");

	if (shdr && !(shdr->sh_flags & SHF_COMPRESSED)) {
		eh->bytes = read_bytes(elf->source, shdr->sh_offset, shdr->sh_size, SECTION_MAX);
		eh->size = (size_t)shdr->sh_size;
		eh->vaddr = shdr->sh_addr;
	}
	if (!eh->bytes)
		find_eh_by_segment(elf, eh);
}

/* Puts in the place of the section's bytes what those from `head` on unpack to. */
static void unpack(struct cfi_section *section, size_t head, uint64_t size, bool zstd)
{
	const uint8_t *from = section->bytes + head;
	size_t from_size = section->size - head;
	uint8_t *bytes = NULL;
	bool good = false;

	/* Neither makes more than some thousand bytes of one, in what a compiler writes. */
	if (size && size <= SECTION_MAX && size / 4096 <= from_size) {
		bytes = mem_resize_array(NULL, (size_t)size, 1);
		if (zstd) {
			good = ZSTD_decompress(bytes, (size_t)size, from, from_size) == size;
		} else {
			uLongf got = size;

			good = uncompress(bytes, &got, from, from_size) == Z_OK && got == size;
		}
	}
	free(section->bytes);
	section->bytes = good ? bytes : NULL;
	section->size = good ? (size_t)size : 0;
	if (!good)
		free(bytes);
}

static void drop(struct cfi_section *section)
{
	free(section->bytes);
	*section = (struct cfi_section){ 0 };
}

static void unpack_section(struct cfi_section *section)
{
	Elf64_Chdr chdr;

	if (section->size <= sizeof(chdr)) {
		drop(section);
		return;
	}
	memcpy(&chdr, section->bytes, sizeof(chdr));
	if (chdr.ch_type == ELFCOMPRESS_ZLIB || chdr.ch_type == ELFCOMPRESS_ZSTD)
		unpack(section, sizeof(chdr), chdr.ch_size, chdr.ch_type == ELFCOMPRESS_ZSTD);
	else
		drop(section);
}

/* The older way: "ZLIB" and the size, most significant byte first. */
static void unpack_zdebug(struct cfi_section *section)
{
	uint64_t size;

	if (section->size <= 12 || memcmp(section->bytes, "ZLIB", 4) != 0) {
		drop(section);
		return;
	}
	memcpy(&size, section->bytes + 4, sizeof(size));
	unpack(section, 12, __builtin_bswap64(size), false);
}

static void find_debug(const struct elf *elf, struct cfi_section *debug)
{
	const Elf64_Shdr *shdr = find_section(elf, ".debug_frame");
	bool old = !shdr;

	if (old)
		shdr = find_section(elf, ".zdebug_frame");
	if (!shdr)
		return;
	debug->bytes = read_bytes(elf->source, shdr->sh_offset, shdr->sh_size, SECTION_MAX);
	debug->size = (size_t)shdr->sh_size;
	debug->debug = true;
	if (!debug->bytes)
		return;
	if (old)
		unpack_zdebug(debug);
	else if (shdr->sh_flags & SHF_COMPRESSED)
		unpack_section(debug);
}

static void find_go(const struct elf *elf, struct cfi_sections *sections)
{
	const Elf64_Shdr *shdr = find_section(elf, ".gopclntab"), *text;

	if (!shdr)
		shdr = find_section(elf, ".data.rel.ro.gopclntab");
	if (!shdr)
		return;
	sections->go = read_bytes(elf->source, shdr->sh_offset, shdr->sh_size, SECTION_MAX);
	sections->go_size = (size_t)shdr->sh_size;
	text = find_section(elf, ".text");
	sections->text_vaddr = text ? text->sh_addr : 0;
}

static void find_contexts(const struct elf *elf, struct cfi_sections *sections)
{
	static const char name[] = "\0makecontext";
	const Elf64_Shdr *shdr = find_section(elf, ".dynstr");
	_cleanup_free_ uint8_t *strings = NULL;

	if (!shdr)
		return;
	strings = read_bytes(elf->source, shdr->sh_offset, shdr->sh_size, NAMES_MAX);
	sections->makes_contexts =
		strings && memmem(strings, (size_t)shdr->sh_size, name, sizeof(name));
}

int cfi_sections_read(const struct cfi_source *source, struct cfi_sections *ret_sections)
{
	struct cfi_sections sections = { 0 };
	struct elf elf = { .source = source };
	int error;

	error = read_headers(&elf);
	if (!error)
		error = find_code(&elf, &sections);
	if (!error) {
		find_entry(&elf, &sections);
		read_section_headers(&elf);
		find_eh(&elf, &sections.eh);
		find_debug(&elf, &sections.debug);
		find_go(&elf, &sections);
		find_contexts(&elf, &sections);
		*ret_sections = sections;
	} else {
		cfi_sections_free(&sections);
	}
	free(elf.phdrs);
	free(elf.shdrs);
	free(elf.names);
	return error;
}

void cfi_sections_free(struct cfi_sections *sections)
{
	free(sections->eh.bytes);
	free(sections->debug.bytes);
	free(sections->go);
	free(sections->segments);
	memset(sections, 0, sizeof(*sections));
}
