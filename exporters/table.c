// SPDX-License-Identifier: MIT
/* The list of exporters. To add one, see include/exporter.h. */
#include "exporter.h"

#include <string.h>

extern const struct exporter exporter_folded;
extern const struct exporter exporter_svg;
extern const struct exporter exporter_html;
extern const struct exporter exporter_pprof;
extern const struct exporter exporter_speedscope;
extern const struct exporter exporter_chrome;
extern const struct exporter exporter_json;
extern const struct exporter exporter_report;
extern const struct exporter exporter_scope;

const struct exporter *const exporter_table[] = {
	&exporter_folded,
	&exporter_svg,
	&exporter_html,
	&exporter_pprof,
	&exporter_speedscope,
	&exporter_chrome,
	&exporter_json,
	&exporter_report,
	&exporter_scope,
	NULL,
};

static size_t suffix_length(const char *path, const char *suffix)
{
	size_t length = strlen(suffix), path_length = strlen(path);

	if (length > path_length || strcmp(path + path_length - length, suffix) != 0)
		return 0;
	return length;
}

const struct exporter *exporter_for_path(const char *path)
{
	const struct exporter *best = NULL;
	size_t best_length = 0;

	for (size_t i = 0; exporter_table[i]; i++) {
		for (const char *const *suffix = exporter_table[i]->suffixes; *suffix; suffix++) {
			size_t length = suffix_length(path, *suffix);

			if (length > best_length) {
				best = exporter_table[i];
				best_length = length;
			}
		}
	}
	return best;
}

const struct exporter *exporter_by_name(const char *name)
{
	for (size_t i = 0; exporter_table[i]; i++) {
		if (strcmp(exporter_table[i]->name, name) == 0)
			return exporter_table[i];
	}
	return NULL;
}
