/* SPDX-License-Identifier: MIT */
/* written.h - what an exporter, or a function that prints, writes: as a string (free() it). */
#ifndef WRITTEN_H
#define WRITTEN_H

#include <assert.h>
#include <stdlib.h>

#include "exporter.h"

static inline char *written_by(const struct exporter *exporter, const struct profile *profile,
			       const struct export_opts *opts, size_t *ret_bytes)
{
	static const struct export_opts none;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int ret;

	assert(out);
	ret = exporter->write(profile, opts ? opts : &none, out);
	fclose(out);
	if (ret) {
		free(text);
		return NULL;
	}
	if (ret_bytes)
		*ret_bytes = size;
	return text;
}

#endif
