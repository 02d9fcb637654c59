// SPDX-License-Identifier: MIT
/* .gnu_debugdata: symbols that are packed in the image; whole, broken, and made to harm. */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>

#include "../symbols/cases.c"
#include "../symbols/debugged.h"
#include "../symbols/sources.h"

/* xz of `bytes`, as .gnu_debugdata; returns the packed bytes. */
static uint8_t *pack(const char *image, const void *bytes, size_t count, size_t *ret_size)
{
	size_t room = lzma_stream_buffer_bound(count), size = 0;
	uint8_t *packed = malloc(room);

	CHECK(packed && lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, bytes, count, packed,
						&size, room) == LZMA_OK);
	set_section(image, ".gnu_debugdata", packed, size);
	*ret_size = size;
	return packed;
}

static bool unpacks(const char *image)
{
	bool is;

	open_files(image);
	is = sym_files_minidebug(files);
	CHECK(sym_files_minidebug(files) == (is ? sym_files_minidebug(files) : NULL));
	close_files();
	return is;
}

static void test_minidebug(void)
{
	const struct elf_file *elf;
	struct opened_source opened;
	const struct image *image;
	size_t bytes, size;
	char *symbols;
	uint8_t *packed;

	begin("mini");
	build("p", ID);
	RUN("objcopy --strip-debug p p.symbols && objcopy --strip-all p");
	CHECK(!unpacks("p"));
	symbols = file_read(at("p.symbols"), &bytes);
	packed = pack("p", symbols, bytes, &size);
	open_files("p");
	image = sym_files_image(files);
	elf = sym_files_minidebug(files);
	CHECK(elf && elf->memory && elf->fd < 0 && elf->size == bytes);
	CHECK(memcmp(elf->memory, symbols, bytes) == 0);
	CHECK(elf_file_section(elf, ".symtab"));
	CHECK_STRING(sym_files_why(files), "stripped to the symbols in .gnu_debugdata; no debug "
					   "file");
	CHECK(source_open(&opened, &sym_minidebug_source, image) == 0);
	CHECK_STRING(source_name(&opened, image->segments[0].vaddr), "inner");
	source_close(&opened);
	close_files();
	/* Not an ELF file in it. */
	free(packed);
	packed = pack("p", "nothing", 7, &size);
	CHECK(!unpacks("p"));
	free(packed);
	free(symbols);
}

/* Every beginning of it, and changed bytes, which its checks see. */
static void test_minidebug_broken(void)
{
	uint64_t seed = 20260101;
	size_t bytes, size;
	char *symbols;
	uint8_t *packed, *bad;

	begin("mini_broken");
	build("p", ID);
	RUN("objcopy --strip-debug p p.symbols && objcopy --strip-all p");
	symbols = file_read(at("p.symbols"), &bytes);
	packed = pack("p", symbols, bytes, &size);
	bad = malloc(size);
	CHECK(bad && unpacks("p"));
	for (size_t cut = 1; cut < size; cut += 1 + size / 24) {
		set_section("p", ".gnu_debugdata", packed, cut);
		CHECK(!unpacks("p"));
	}
	for (int round = 0; round < 40; round++) {
		memcpy(bad, packed, size);
		bad[random_next(&seed) % size] ^= (uint8_t)(1 + random_next(&seed) % 255);
		set_section("p", ".gnu_debugdata", bad, size);
		CHECK(!unpacks("p"));
	}
	free(bad);
	free(packed);
	free(symbols);
}

/* What unpacks to thousands of times its size is no debug information. */
static void test_minidebug_bomb(void)
{
	const size_t large = (size_t)64 << 20, small = (size_t)1 << 20;
	size_t bytes, size;
	char *symbols, *padded;
	uint8_t *packed;

	begin("mini_bomb");
	build("p", ID);
	RUN("objcopy --strip-debug p p.symbols && objcopy --strip-all p");
	symbols = file_read(at("p.symbols"), &bytes);
	padded = calloc(1, large);
	CHECK(padded && bytes < small);
	memcpy(padded, symbols, bytes);
	packed = pack("p", padded, small, &size);
	CHECK(unpacks("p"));
	free(packed);
	packed = pack("p", padded, large, &size);
	CHECK(size < large / 4096);
	CHECK(!unpacks("p"));
	free(packed);
	free(padded);
	free(symbols);
}

/* A decoder takes as much memory as the stream's header says: here 4 GiB. */
static void test_minidebug_dictionary(void)
{
	size_t bytes, size, header, filter;
	char *symbols;
	uint8_t *packed;
	uint32_t crc;

	begin("mini_dictionary");
	build("p", ID);
	RUN("objcopy --strip-debug p p.symbols && objcopy --strip-all p");
	symbols = file_read(at("p.symbols"), &bytes);
	packed = pack("p", symbols, bytes, &size);
	/* Of the first block, behind the stream's: its CRC at its end, and in it the filter LZMA2
	 * (0x21) with 1 byte of properties. */
	header = ((size_t)packed[12] + 1) * 4;
	for (filter = 13; packed[filter] != 0x21 || packed[filter + 1] != 1; filter++)
		CHECK(filter < 12 + header);
	for (int pass = 0; pass < 2; pass++) {
		packed[filter + 2] = pass ? 40 : 22; /* 4 GiB; 8 MiB */
		crc = lzma_crc32(packed + 12, header - 4, 0);
		memcpy(packed + 12 + header - 4, &crc, sizeof(crc));
		set_section("p", ".gnu_debugdata", packed, size);
		CHECK(unpacks("p") == !pass);
	}
	free(packed);
	free(symbols);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_files: packed symbols", test_minidebug },
		{ "sym_files: packed symbols, cut and changed", test_minidebug_broken },
		{ "sym_files: packed symbols that unpack to too much", test_minidebug_bomb },
		{ "sym_files: packed symbols that want much memory", test_minidebug_dictionary },
	};

	return cases_run(cases, ARRAY_SIZE(cases));
}
