/* SPDX-License-Identifier: MIT */
/* sources.h - images of files, and one source of names alone, for the tests of sources. */
#ifndef SOURCES_H
#define SOURCES_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/mapped.h"
#include "cases.h"
#include "image.h"
#include "mem.h"
#include "sym_files.h"
#include "symsource.h"

static inline const struct image *open_image(struct images *images, const char *path)
{
	struct scope_file file;
	struct stat st;

	CHECK(stat(path, &st) == 0);
	file = mapped_file(&st);
	return images_get(images, (uint32_t)getpid(), &file, path);
}

/* For qsort(). */
static inline int compare_vaddrs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct opened_source {
	const struct symsource *source;
	struct sym_files *files;
	void *state;
	char *text; /* of the last name */
};

/* 0 or what open() gave; the files stay open until source_close(), in either case. */
static inline int source_open(struct opened_source *o, const struct symsource *source,
			      const struct image *image)
{
	*o = (struct opened_source){ .source = source, .files = sym_files_open(image) };
	return source->open(o->files, &o->state);
}

static inline void source_close(struct opened_source *o)
{
	o->source->close(o->state);
	sym_files_close(&o->files);
	free(o->text);
	*o = (struct opened_source){ .source = o->source };
}

/* The name of one address as the file has it; "" where there is none. Valid until the next. */
static inline const char *source_name(struct opened_source *o, uint64_t vaddr)
{
	struct sym_name name;

	if (!o->source->resolve(o->state, vaddr, &name, 1))
		return "";
	free(o->text);
	return o->text = mem_copy_bytes(name.name, name.name_length);
}

#endif
