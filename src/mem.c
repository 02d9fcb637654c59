// SPDX-License-Identifier: MIT
#include "mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LARGE_BYTES = 1 << 20 };

void mem_init(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

static void *check(void *pointer)
{
	if (!pointer) {
		static const char message[] = "systemscope: out of memory\n";

		fwrite(message, 1, sizeof(message) - 1, stderr);
		_exit(1);
	}
	return pointer;
}

void *mem_alloc(size_t bytes)
{
	return check(calloc(1, bytes ? bytes : 1));
}

void *mem_alloc_array(size_t count, size_t size)
{
	return check(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize_array(void *old, size_t count, size_t size)
{
	if (!count || !size)
		count = size = 1;
	return check(reallocarray(old, count, size));
}

char *mem_copy_bytes(const void *bytes, size_t count)
{
	char *copy = mem_alloc(count + 1);

	if (count)
		memcpy(copy, bytes, count);
	return copy;
}

char *mem_copy_string(const char *string)
{
	return check(strdup(string));
}

char *mem_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return check(text);
}

void *array_grow(void *items, size_t *room, size_t need, size_t size)
{
	size_t old = *room, new = old ? old : 8;

	while (new < need) {
		if (new > SIZE_MAX / 2)
			check(NULL);
		new *= 2;
	}
	if (new == old)
		new *= 2;
	items = mem_resize_array(items, new, size);
	*room = new;
	return items;
}
