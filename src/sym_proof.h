/* SPDX-License-Identifier: MIT */
/*
 * sym_proof.h - how a file that was found where a name led to proves that it belongs to an image.
 */
#ifndef SYM_PROOF_H
#define SYM_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf_file.h"

#define BUILD_ID_MAX 64 /* bytes; SHA-1 has 20 */

struct build_id {
	uint8_t bytes[BUILD_ID_MAX];
	size_t count; /* 0: none */
};

/* `hex` as struct image has it; NULL: none. */
void build_id_parse(const char *hex, struct build_id *ret_id);

/* All zero: nothing is asked of the file. */
struct sym_proof {
	const struct build_id *id; /* NULL, or of no bytes: there is none to compare */
	bool by_crc;		   /* then the id is only not to be another one */
	uint32_t crc;		   /* zlib's, of the whole file */
};

/* What the file lacks, in words: "is of another build"; NULL: nothing. */
const char *sym_proof_refuse(const struct sym_proof *proof, const struct elf_file *elf);

#endif
