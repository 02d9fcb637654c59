// SPDX-License-Identifier: MIT
#include "sym_proof.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "mem.h"

#define NOTE_MAX_BYTES	65536
#define NOTES_MAX_COUNT 64
#define CRC_CHUNK	((size_t)1 << 18)

void build_id_parse(const char *hex, struct build_id *ret_id)
{
	unsigned int byte;

	ret_id->count = 0;
	while (hex && ret_id->count < BUILD_ID_MAX &&
	       sscanf(hex + 2 * ret_id->count, "%2x", &byte) == 1)
		ret_id->bytes[ret_id->count++] = (uint8_t)byte;
}

/* Is the note of this id among the file's notes? Not by program headers: in a debug file they tell
 * of the file that it was taken from. */
static bool has_build_id(const struct elf_file *elf, const struct build_id *id)
{
	uint8_t note[sizeof(Elf64_Nhdr) + sizeof(ELF_NOTE_GNU) + BUILD_ID_MAX];
	Elf64_Nhdr header = { sizeof(ELF_NOTE_GNU), (uint32_t)id->count, NT_GNU_BUILD_ID };
	size_t note_size = sizeof(header) + sizeof(ELF_NOTE_GNU) + id->count, looked = 0;
	bool found = false;

	memcpy(note, &header, sizeof(header));
	memcpy(note + sizeof(header), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU));
	memcpy(note + sizeof(header) + sizeof(ELF_NOTE_GNU), id->bytes, id->count);
	for (size_t i = 0; !found && i < elf->shdr_count && looked < NOTES_MAX_COUNT; i++) {
		_cleanup_free_ uint8_t *notes = NULL;
		size_t size;

		if (elf->shdrs[i].sh_type != SHT_NOTE)
			continue;
		looked++;
		notes = elf_file_load_header(elf, &elf->shdrs[i], NOTE_MAX_BYTES, &size);
		found = notes && memmem(notes, size, note, note_size);
	}
	return found;
}

static bool has_crc(const struct elf_file *elf, uint32_t crc)
{
	_cleanup_free_ uint8_t *chunk = mem_alloc(CRC_CHUNK);
	uLong is = crc32(0, NULL, 0);

	for (uint64_t off = 0; off < elf->size; off += CRC_CHUNK) {
		uint64_t left = elf->size - off;
		size_t bytes = left < CRC_CHUNK ? (size_t)left : CRC_CHUNK;

		if (!elf_file_read(elf, off, chunk, bytes))
			return false;
		is = crc32(is, chunk, (uInt)bytes);
	}
	return is == crc;
}

/* The CRC is last: it is over the whole file. */
const char *sym_proof_refuse(const struct sym_proof *proof, const struct elf_file *elf)
{
	if (proof->id && proof->id->count && !has_build_id(elf, proof->id) &&
	    (!proof->by_crc || elf_file_section(elf, ".note.gnu.build-id")))
		return "is of another build";
	if (proof->by_crc && !has_crc(elf, proof->crc))
		return "has another CRC than .gnu_debuglink says";
	return NULL;
}
