// SPDX-License-Identifier: MIT
/* Where the profile goes, and in which format. */
#include "opts_draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_FORMAT "folded"

static void list_formats(char *text, size_t size)
{
	size_t length = 0;

	text[0] = 0;
	for (size_t i = 0; exporter_table[i] && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "",
					   exporter_table[i]->name);
}

static void list_suffixes(char *text, size_t size)
{
	size_t length = 0;

	text[0] = 0;
	for (size_t i = 0; exporter_table[i]; i++) {
		for (size_t j = 0; exporter_table[i]->suffixes[j] && length < size; j++)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? ", " : "",
						   exporter_table[i]->suffixes[j]);
	}
}

static int unknown_format(const char *option, const char *value, const char *format, int length,
			  struct err *err)
{
	char known[200];

	list_formats(known, sizeof(known));
	return err_set(err, EXIT_CODE_USAGE, -EINVAL, "%s %s: unknown format %.*s: known are %s",
		       option, value, length, format, known);
}

static int unknown_suffix(const char *file, const char *path, struct err *err)
{
	char known[200];

	list_suffixes(known, sizeof(known));
	return err_set(err, EXIT_CODE_USAGE, -EINVAL,
		       "-o %s: unknown suffix: known are %s; or name the format: -o %s:%s", file,
		       known, DEFAULT_FORMAT, path);
}

static const struct exporter *exporter_by_prefix(const char *file, size_t length)
{
	char name[64];

	if (length >= sizeof(name))
		return NULL;
	memcpy(name, file, length);
	name[length] = 0;
	return exporter_by_name(name);
}

/* A FORMAT: in front; a file's own name may hold a colon, if its suffix tells the format. */
static int split_format(const char *file, const struct exporter **ret_exporter,
			const char **ret_path, struct err *err)
{
	const char *colon = strchr(file, ':');
	const struct exporter *exporter;

	*ret_exporter = NULL;
	*ret_path = file;
	if (!colon)
		return 0;
	exporter = exporter_by_prefix(file, (size_t)(colon - file));
	if (exporter) {
		*ret_exporter = exporter;
		*ret_path = colon + 1;
		return 0;
	}
	if (exporter_for_path(file) || memchr(file, '/', (size_t)(colon - file)) ||
	    memchr(file, '.', (size_t)(colon - file)))
		return 0;
	return unknown_format("-o", file, file, (int)(colon - file), err);
}

static bool is_stdout(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/fd/1") ||
	       !strcmp(path, "/proc/self/fd/1");
}

static int resolve_file(const char *file,
			const struct exporter *preferred, struct config_output *output,
			struct err *err)
{
	const struct exporter *exporter;
	const char *path;
	int r;

	r = split_format(file, &exporter, &path, err);
	if (r)
		return r;
	if (!path[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "-o %s: no file's name: give one, as in -o stacks.folded", file);
	if (exporter && preferred && exporter != preferred)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL, "-o %s and --output %s: choose one",
			       file, preferred->name);
	if (!exporter)
		exporter = preferred;
	output->path = is_stdout(path) ? NULL : path;
	if (!exporter)
		exporter = output->path ? exporter_for_path(path)
					: exporter_by_name(DEFAULT_FORMAT);
	if (!exporter)
		return unknown_suffix(file, path, err);
	output->exporter = exporter;
	return 0;
}

/* The file's name below its directory's one name; the file need not be there. NULL: no such place. */
static char *resolve_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *directory =
		slash ? mem_format("%.*s", (int)(slash - path + 1), path) : mem_copy_string(".");
	_cleanup_free_ char *real = realpath(directory, NULL);

	return real ? mem_format("%s/%s", real, slash ? slash + 1 : path) : NULL;
}

static int check_distinct(const char *one, const char *other, struct err *err)
{
	_cleanup_free_ char *real_one = NULL, *real_other = NULL;

	if (!strcmp(one, other))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "-o %s was given twice: choose two names", one);
	real_one = resolve_path(one);
	real_other = resolve_path(other);
	if (real_one && real_other && !strcmp(real_one, real_other))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "-o %s and -o %s are the same file: choose two names", one, other);
	return 0;
}

static int check_outputs(const struct draft *draft, const struct config_output *outputs,
			 size_t count, struct err *err)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		if (!outputs[i].path && outputs[i].exporter->binary &&
		    draft->world->stdout_is_terminal)
			return err_set(err, EXIT_CODE_USAGE, -EINVAL,
				       "%s is binary, and stdout a terminal: write a file: -o "
				       "FILE%s", outputs[i].exporter->name,
				       outputs[i].exporter->suffixes[0]);
		for (size_t j = 0; j < i; j++) {
			if (!outputs[i].path && !outputs[j].path)
				return err_set(err, EXIT_CODE_USAGE, -EINVAL,
					       "two outputs on stdout (-o %s, -o %s): give one of "
					       "them a file", draft->files.items[j],
					       draft->files.items[i]);
			if (!outputs[i].path || !outputs[j].path)
				continue;
			r = check_distinct(outputs[j].path, outputs[i].path, err);
			if (r)
				return r;
		}
	}
	return 0;
}

int draft_resolve_outputs(struct draft *draft, struct err *err)
{
	struct config *config = &draft->opts.config;
	const struct exporter *preferred = NULL;
	struct config_output *outputs;
	size_t count = draft->files.count;
	int r;

	if (draft->format) {
		preferred = exporter_by_name(draft->format);
		if (!preferred)
			return unknown_format("--output", draft->format, draft->format,
					      (int)strlen(draft->format), err);
		if (count > 1)
			return err_set(err, EXIT_CODE_USAGE, -EINVAL,
				       "--output %s is for stdout or a single -o, and there are "
				       "%zu: name each format: -o %s:FILE", draft->format, count,
				       draft->format);
	}
	if (!count && !preferred && (config->output_dir || draft->world->stdout_is_terminal))
		return 0;
	outputs = mem_alloc_array(count ? count : 1, sizeof(*outputs));
	config->outputs = outputs;
	config->output_count = count ? count : 1;
	if (!count)
		outputs[0].exporter = preferred ? preferred : exporter_by_name(DEFAULT_FORMAT);
	for (size_t i = 0; i < count; i++) {
		r = resolve_file(draft->files.items[i], preferred, &outputs[i], err);
		if (r)
			return r;
	}
	return check_outputs(draft, outputs, config->output_count, err);
}
