// SPDX-License-Identifier: MIT
/*
 * fuzz_names - linker names, of any language. An input is one name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[DEMANGLE_ROOM];
	char *name = malloc(size + 1);
	size_t length;

	memcpy(name, data, size);
	name[size] = '\0';
	length = demangle(name, text);
	if (length >= DEMANGLE_ROOM || (length && strlen(text) > length))
		abort();
	free(name);
	return 0;
}
