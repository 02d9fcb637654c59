// SPDX-License-Identifier: MIT
/*
 * fuzz_scope - a capture file. An input is the file if its first byte is 0; else its chunks,
 * without what only hides them from a fuzzer: each a type, the size of its content in 16 bits, and
 * that. Whatever is read is a sound profile, and every exporter can write it.
 */
#include <stdlib.h>

#include "../lib/capture_made.h"
#include "../lib/sound.h"
#include "exporter.h"
#include "profile_build.h"
#include "scope_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_chunks(FILE *out, const uint8_t *data, size_t size)
{
	capture_put_head(out);
	while (size >= 3) {
		size_t content = (size_t)(data[1] | data[2] << 8);

		if (content > size - 3)
			content = size - 3;
		capture_put_chunk(out, data[0], data + 3, content);
		data += 3 + content;
		size -= 3 + content;
	}
}

static void use(const struct profile *profile)
{
	static const struct export_opts opts = { .per_thread = true, .lines = true };
	FILE *out = fopen("/dev/null", "w");

	check_tables(profile);
	check_threads(profile);
	check_samples(profile);
	if (check_why[0]) {
		puts(check_why);
		abort();
	}
	for (size_t i = 0; exporter_table[i]; i++) {
		if (profile->has_timeline || !exporter_table[i]->needs_timeline)
			exporter_table[i]->write(profile, &opts, out);
	}
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *profile = NULL;
	char *file = NULL;
	size_t file_size = 0;
	FILE *out = open_memstream(&file, &file_size), *in;

	if (size && data[0])
		write_chunks(out, data + 1, size - 1);
	else if (size)
		fwrite(data + 1, 1, size - 1, out);
	fclose(out);
	in = file_size ? fmemopen(file, file_size, "r") : fopen("/dev/null", "r");
	if (scope_file_read_stream(in, "input", &profile, NULL) == 0)
		use(profile);
	profile_free(&profile);
	fclose(in);
	free(file);
	return 0;
}
