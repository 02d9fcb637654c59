// SPDX-License-Identifier: MIT
#include "demangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "demangle_d.h"

/* libiberty itself gives up on C++ names over 1 KiB: its recursion limit, which stays on. */
#define MANGLED_MAX 8192

static const char base_62[] = "0123456789abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

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

/*
 * Rust's `for<'a, 'b, ...>` is a number: its demangler counts up to it, also where it prints
 * nothing. 62 of them take one digit.
 */
static bool has_vast_binder(const char *mangled)
{
	if (strncmp(mangled, "_R", 2) != 0)
		return false;
	while ((mangled = strchr(mangled, 'G'))) {
		size_t digits = strspn(++mangled, base_62);

		if (strchr("FD", mangled[-2]) && digits > 1 && mangled[digits] == '_')
			return true;
	}
	return false;
}

size_t demangle(const char *mangled, char *buffer)
{
	struct output output = { .buffer = buffer };

	/* All the manglings begin so; most names are plain C and end here. */
	if (mangled[0] != '_' || !mangled[1] || !strchr("ZRD", mangled[1]))
		return 0;
	if (strnlen(mangled, MANGLED_MAX + 1) > MANGLED_MAX || has_vast_binder(mangled))
		return 0;
	if (mangled[1] == 'D')
		output.length = demangle_d(mangled, buffer, DEMANGLE_ROOM);
	else if (!demangle_printed(mangled, &output))
		return 0;
	if (!output.length)
		return 0;
	buffer[output.length] = '\0';
	return output.length;
}
