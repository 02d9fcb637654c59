// SPDX-License-Identifier: MIT
#include "outputs.h"

#include <errno.h>
#include <signal.h>

#include "mem.h"

int outputs_open(struct outputs *outputs, const struct config *config, struct err *err)
{
	int r = 0;

	*outputs = (struct outputs){
		.config = config,
		.files = mem_alloc_array(config->output_count, sizeof(*outputs->files)),
	};
	for (size_t i = 0; !r && i < config->output_count; i++)
		r = outfile_open(config->outputs[i].path, &outputs->files[i], err);
	if (!r && config->output_dir)
		r = bundle_open(config->output_dir, &outputs->bundle, err);
	return r;
}

void outputs_ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

bool outputs_remain(const struct outputs *outputs)
{
	return outputs->written < outputs->config->output_count ||
	       (outputs->bundle && !bundle_file_count(outputs->bundle));
}

static int write_one(const struct outputs *outputs, const struct profile *profile, FILE *stream)
{
	const struct exporter *exporter = outputs->config->outputs[outputs->written].exporter;
	const struct export_opts *opts = &outputs->config->export;

	if (outputs->before)
		return exporter->write_diff(outputs->before, profile, opts, stream);
	return exporter->write(profile, opts, stream);
}

int outputs_write_next(struct outputs *outputs, const struct profile *profile, struct err *err)
{
	const struct config *config = outputs->config;
	struct outfile *file;
	FILE *stream;
	int r;

	if (outputs->written == config->output_count)
		return bundle_write(outputs->bundle, profile, &config->export, err);
	file = outputs->files[outputs->written];
	r = outfile_stream(file, &stream, err);
	if (r)
		return r;
	r = write_one(outputs, profile, stream);
	r = outfile_commit(file, r, err);
	if (!r)
		outputs->written++;
	return r;
}

void outputs_free(struct outputs *outputs)
{
	for (size_t i = 0; outputs->files && i < outputs->config->output_count; i++)
		outfile_free(&outputs->files[i]);
	free(outputs->files);
	bundle_free(&outputs->bundle);
	*outputs = (struct outputs){ 0 };
}

int outputs_check(const struct config *config, const struct profile *profile, const char *name,
		  struct err *err)
{
	for (size_t i = 0; i < config->output_count; i++) {
		const struct exporter *exporter = config->outputs[i].exporter;

		if (exporter->needs_timeline && !profile->has_timeline)
			return err_set(err, EXIT_CODE_FAILURE, -ENODATA,
				       "%s has no timeline, and %s shows nothing else: capture "
				       "again with --timeline", name, exporter->name);
	}
	return 0;
}
