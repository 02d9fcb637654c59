// SPDX-License-Identifier: MIT
#include "demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* libiberty itself gives up on C++ names over 1 KiB: its recursion limit, which stays on. */
#define MANGLED_MAX 8192
/*
 * A D name of n back references can stand for 2^n copies of its longest part, and its demangler
 * cannot be stopped on the way: few references, and short names (then 4 MiB at worst).
 */
#define D_BACK_REFERENCES_MAX 12
#define D_MANGLED_MAX         1024

struct output {
	char *buffer;
	size_t length;
	jmp_buf too_long;
};

/*
 * A name of 100 bytes can stand for gigabytes (substitutions that double). The demanglers have no
 * way to be told to stop, but they hold no resource while they print: jump out.
 */
static void append(const char *bytes, size_t count, void *opaque)
{
	struct output *output = opaque;

	if (!count) /* `bytes` may be NULL then */
		return;
	if (count >= DEMANGLE_ROOM - output->length)
		longjmp(output->too_long, 1);
	memcpy(output->buffer + output->length, bytes, count);
	output->length += count;
}

static bool demangle_printed(const char *mangled, struct output *output)
{
	const int options = DMGL_PARAMS | DMGL_ANSI;

	if (setjmp(output->too_long))
		return false;
	/* Legacy Rust names are valid C++ names too: Rust first. */
	if (rust_demangle_callback(mangled, options, append, output) && output->length)
		return true;
	output->length = 0;
	return strncmp(mangled, "_Z", 2) == 0 &&
	       cplus_demangle_v3_callback(mangled, options, append, output) && output->length;
}

static bool demangle_d(const char *mangled, size_t length, struct output *output)
{
	size_t references = 0, result_length;
	char *result;

	if (strncmp(mangled, "_D", 2) != 0 || length > D_MANGLED_MAX)
		return false;
	for (const char *at = mangled; (at = strchr(at, 'Q')); at++)
		references++;
	if (references > D_BACK_REFERENCES_MAX)
		return false;
	result = dlang_demangle(mangled, DMGL_PARAMS | DMGL_ANSI);
	if (!result)
		return false;
	result_length = strlen(result);
	if (result_length && result_length < DEMANGLE_ROOM) {
		memcpy(output->buffer, result, result_length);
		output->length = result_length;
	}
	free(result);
	return output->length > 0;
}

size_t demangle(const char *mangled, char *buffer)
{
	struct output output = { .buffer = buffer };
	size_t length;

	/* All the manglings begin so; most names are plain C and end here. */
	if (mangled[0] != '_' || !mangled[1] || !strchr("ZRD", mangled[1]))
		return 0;
	length = strnlen(mangled, MANGLED_MAX + 1);
	if (length > MANGLED_MAX)
		return 0;
	if (!demangle_printed(mangled, &output) && !demangle_d(mangled, length, &output))
		return 0;
	buffer[output.length] = '\0';
	return output.length;
}
