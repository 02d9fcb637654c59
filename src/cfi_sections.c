// SPDX-License-Identifier: MIT
#include "cfi_sections.h"

#include <errno.h>
#include <string.h>

#include "cfi_arch.h"
#include "cfi_dwarf.h"
#include "cfi_run.h"
#include "cursor.h"
#include "mem.h"

/* Real sections have some dozen MiB. */
#define NAMES_MAX   (1u << 20)
#define SECTION_MAX (128u << 20)
#define CODE_MAX    ((uint64_t)1 << 32)

#define EH_HEADER_MAX 16 /* bytes of .eh_frame_hdr: version, encodings, the first pointer */

static int compare_segments(const void *a, const void *b)
{
	const struct image_segment *x = a, *y = b;

	return x->file_off < y->file_off ? -1 : x->file_off > y->file_off;
}

static int find_code(const struct elf_file *elf, struct cfi_sections *sections)
{
	size_t count = 0;

	sections->segments = mem_alloc_array(elf->phdr_count, sizeof(*sections->segments));
	for (size_t i = 0; i < elf->phdr_count; i++) {
		const Elf64_Phdr *phdr = &elf->phdrs[i];
		uint64_t size = elf->size, bytes = phdr->p_filesz;

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

static void find_entry(const struct elf_file *elf, struct cfi_sections *sections)
{
	uint64_t vaddr = elf->ehdr.e_entry;

	for (size_t i = 0; vaddr && i < sections->segment_count; i++) {
		const struct image_segment *segment = &sections->segments[i];

		if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->file_size)
			sections->entry_off = segment->file_off + (vaddr - segment->vaddr);
	}
}

/* How much of the file is loaded at `vaddr` and behind it, and where it is. */
static uint64_t find_loaded(const struct elf_file *elf, uint64_t vaddr, uint64_t *ret_off)
{
	for (size_t i = 0; i < elf->phdr_count; i++) {
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
static void find_eh_by_segment(const struct elf_file *elf, struct cfi_section *eh)
{
	const Elf64_Phdr *phdr = elf->phdrs, *end = phdr + elf->phdr_count;
	_cleanup_free_ uint8_t *header = NULL;
	struct cfi_section section;
	struct cursor c;
	uint64_t off, bytes;

	while (phdr < end && phdr->p_type != PT_GNU_EH_FRAME)
		phdr++;
	if (phdr == end)
		return;
	section.size = phdr->p_filesz < EH_HEADER_MAX ? (size_t)phdr->p_filesz : EH_HEADER_MAX;
	section.vaddr = phdr->p_vaddr;
	section.bytes = header = elf_file_load(elf, phdr->p_offset, section.size, EH_HEADER_MAX);
	if (!header || section.size < 4 || header[0] != 1)
		return;
	c = (struct cursor){ header + 4, header + section.size, false };
	eh->vaddr = cfi_read_pointer(&c, &section, header[1]);
	bytes = c.bad ? 0 : find_loaded(elf, eh->vaddr, &off);
	if (!bytes)
		return;
	if (off < elf->size && bytes > elf->size - off)
		bytes = elf->size - off;
	if (bytes > SECTION_MAX)
		bytes = SECTION_MAX;
	eh->bytes = elf_file_load(elf, off, bytes, SECTION_MAX);
	eh->size = (size_t)bytes;
	eh->terminated = true;
}

static void find_eh(const struct elf_file *elf, struct cfi_section *eh)
{
	const Elf64_Shdr *shdr = elf_file_section(elf, ".eh_frame");

	if (shdr && !(shdr->sh_flags & SHF_COMPRESSED)) {
		eh->bytes = elf_file_load(elf, shdr->sh_offset, shdr->sh_size, SECTION_MAX);
		eh->size = (size_t)shdr->sh_size;
		eh->vaddr = shdr->sh_addr;
	}
	if (!eh->bytes)
		find_eh_by_segment(elf, eh);
}

static void find_debug(const struct elf_file *elf, struct cfi_section *debug)
{
	debug->bytes = elf_file_load_section(elf, ".debug_frame", SECTION_MAX, &debug->size);
	debug->debug = debug->bytes;
}

static void find_go(const struct elf_file *elf, struct cfi_sections *sections)
{
	const Elf64_Shdr *shdr = elf_file_section(elf, ".gopclntab"), *text;

	if (!shdr)
		shdr = elf_file_section(elf, ".data.rel.ro.gopclntab");
	if (!shdr)
		return;
	sections->go = elf_file_load(elf, shdr->sh_offset, shdr->sh_size, SECTION_MAX);
	sections->go_size = (size_t)shdr->sh_size;
	text = elf_file_section(elf, ".text");
	sections->text_vaddr = text ? text->sh_addr : 0;
}

static void find_contexts(const struct elf_file *elf, struct cfi_sections *sections)
{
	static const char name[] = "\0makecontext";
	const Elf64_Shdr *shdr = elf_file_section(elf, ".dynstr");
	_cleanup_free_ uint8_t *strings = NULL;

	if (!shdr)
		return;
	strings = elf_file_load(elf, shdr->sh_offset, shdr->sh_size, NAMES_MAX);
	sections->makes_contexts =
		strings && memmem(strings, (size_t)shdr->sh_size, name, sizeof(name));
}

int cfi_sections_read(const struct elf_file *elf, struct cfi_sections *ret_sections)
{
	struct cfi_sections sections = { 0 };
	int error = elf->ehdr.e_machine == CFI_ARCH_MACHINE && elf->phdrs
			    ? find_code(elf, &sections)
			    : -ENOEXEC;

	if (error) {
		cfi_sections_free(&sections);
		return error;
	}
	find_entry(elf, &sections);
	find_eh(elf, &sections.eh);
	find_debug(elf, &sections.debug);
	find_go(elf, &sections);
	find_contexts(elf, &sections);
	*ret_sections = sections;
	return 0;
}

void cfi_sections_free(struct cfi_sections *sections)
{
	free(sections->eh.bytes);
	free(sections->debug.bytes);
	free(sections->go);
	free(sections->segments);
	memset(sections, 0, sizeof(*sections));
}
