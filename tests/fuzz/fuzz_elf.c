// SPDX-License-Identifier: MIT
/*
 * fuzz_elf - an ELF file as a target has it mapped: its headers, all that may name its code, and
 * its table of unwind rules. An input is the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image_elf.h"
#include "sym_files.h"
#include "symbolize.h"
#include "unwind_table.h"

#define ADDRESSES 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t used; /* so that nothing is left out */

static void take_names(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		used += index + symbols[i].line;
		used += symbols[i].name ? strlen(symbols[i].name) : 0;
		used += symbols[i].file ? strlen(symbols[i].file) : 0;
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Some in each segment, ascending, each once. */
static size_t pick_addresses(const struct image *image, uint64_t *addresses)
{
	size_t count = 0, unique = 0;

	for (size_t s = 0; s < image->segment_count; s++)
		for (uint64_t off = 0; off < 1024 && count < ADDRESSES; off += 8)
			addresses[count++] = image->segments[s].vaddr + off;
	if (count)
		qsort(addresses, count, sizeof(*addresses), compare);
	for (size_t i = 0; i < count; i++)
		if (!i || addresses[i] != addresses[unique - 1])
			addresses[unique++] = addresses[i];
	return unique;
}

static void use_names(const struct image *image)
{
	static const struct symbolize_options options;
	uint64_t addresses[ADDRESSES];
	size_t count = pick_addresses(image, addresses);

	symbolize_batch(image, addresses, count, &options, take_names, NULL);
}

static void use_unwind_table(int fd, uint64_t size)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct unwind_table table;

	if (unwind_table_build(fd, size, rules, &table) == 0) {
		used += unwind_table_find(&table, rules, table.first_off) != NULL;
		unwind_table_free(&table);
	}
	unwind_rules_free(&rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = { .kind = IMAGE_FILE,
			       .path = "/nowhere/file",
			       .fd = memfd_create("input", MFD_CLOEXEC),
			       .size = size };

	sym_files_set_debug_root("/nowhere");
	if (image.fd < 0 || write(image.fd, data, size) != (ssize_t)size)
		abort();
	if (image_elf_read(image.fd, size, &image) == 0) {
		use_names(&image);
		use_unwind_table(image.fd, size);
	}
	free((void *)image.segments);
	free((void *)image.build_id);
	close(image.fd);
	return 0;
}
