// SPDX-License-Identifier: MIT
/*
 * replay - a fuzz target's corpus as a test: every input once, under the sanitizers.
 *
 * A corpus is one file: the inputs one behind the other, each behind its length as 32 bits.
 * `replay --split CORPUS DIRECTORY` writes them to files for a fuzzer, `replay --join DIRECTORY
 * CORPUS` makes a corpus of files, in the order of their names.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_MAX];

static FILE *open_file(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

/* The next input of a corpus; false: no more. */
static int next_input(FILE *corpus, uint32_t *ret_bytes)
{
	return fread(ret_bytes, sizeof(*ret_bytes), 1, corpus) == 1 && *ret_bytes <= INPUT_MAX &&
	       fread(input, 1, *ret_bytes, corpus) == *ret_bytes;
}

static void run(const char *path, const char *name)
{
	FILE *corpus = open_file(path, "rb");
	size_t count = 0;
	uint32_t bytes;

	for (; next_input(corpus, &bytes); count++) {
		uint8_t *exact = malloc(bytes ? bytes : 1);

		memcpy(exact, input, bytes);
		LLVMFuzzerTestOneInput(exact, bytes);
		free(exact);
	}
	if (!feof(corpus) || !count)
		printf("not ok %s - the corpus is not whole\n", name);
	else
		printf("# %zu inputs\nok %s: what a fuzzer found\n", count, name);
	fclose(corpus);
}

static void split(const char *path, const char *directory)
{
	FILE *corpus = open_file(path, "rb");
	uint32_t bytes;

	for (unsigned int i = 0; next_input(corpus, &bytes); i++) {
		char name[4096];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%05u", directory, i);
		file = open_file(name, "wb");
		fwrite(input, 1, bytes, file);
		fclose(file);
	}
	fclose(corpus);
}

static void join(const char *directory, const char *path)
{
	FILE *corpus = open_file(path, "wb");
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char name[4096];
		uint32_t bytes;
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s", directory, entries[i]->d_name);
		file = entries[i]->d_type == DT_REG ? open_file(name, "rb") : NULL;
		free(entries[i]);
		if (!file)
			continue;
		bytes = (uint32_t)fread(input, 1, INPUT_MAX, file);
		fclose(file);
		fwrite(&bytes, sizeof(bytes), 1, corpus);
		fwrite(input, 1, bytes, corpus);
	}
	if (count >= 0)
		free(entries);
	if (fclose(corpus)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--split"))
		split(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "--join"))
		join(argv[2], argv[3]);
	else
		run(argc > 1 ? argv[1] : CORPUS, TARGET);
	return 0;
}
