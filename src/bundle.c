// SPDX-License-Identifier: MIT
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "outfile.h"
#include "roles.h"
#include "sudo.h"
#include "summary.h"
#include "table.h"
#include "views.h"

#define NAME_BYTES 24 /* of a thread's or a process's name in a file's */

struct bundle {
	char *path;
	bool made;	     /* the directory was not there */
	bool complete;	     /* what was written may stay */
	ARRAY(char *) files; /* written */
};

/* --- the directory ---------------------------------------------------------------------------- */

static int fail(const char *path, int r, struct err *err)
{
	const char *why = strerror(-r);

	if (r == -ENOENT)
		why = "No such file or directory: make the directory above it first";
	else if (r == -ENOTDIR || r == -EEXIST)
		why = "Not a directory: choose another name";
	else if (r == -ENOTEMPTY)
		why = "it is not empty: choose another name";
	return err_set(err, EXIT_CODE_FAILURE, r, "cannot write to --output-dir %s: %s", path, why);
}

static int check_empty(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return -errno;
	while (!r && (errno = 0, entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = -ENOTEMPTY;
	}
	if (!r && errno)
		r = -errno;
	closedir(directory);
	if (!r && access(path, W_OK | X_OK) < 0)
		r = -errno;
	return r;
}

int bundle_open(const char *path, struct bundle **ret_bundle, struct err *err)
{
	struct bundle *bundle;
	bool made = mkdir(path, 0777) == 0;
	int r = made ? 0 : -errno;

	if (r == -EEXIST)
		r = check_empty(path);
	if (r)
		return fail(path, r, err);
	bundle = mem_alloc(sizeof(*bundle));
	bundle->path = mem_copy_string(path);
	bundle->made = made;
	*ret_bundle = bundle;
	return 0;
}

static int give_owner(const struct bundle *bundle)
{
	uid_t uid;
	gid_t gid;

	if (!bundle->made || !sudo_caller(&uid, &gid))
		return 0;
	return lchown(bundle->path, uid, gid) < 0 ? -errno : 0;
}

void bundle_free(struct bundle **bundle)
{
	struct bundle *b = *bundle;

	if (!b)
		return;
	for (size_t i = 0; i < b->files.count; i++) {
		if (!b->complete)
			unlink(b->files.items[i]);
		free(b->files.items[i]);
	}
	if (!b->complete && b->made)
		rmdir(b->path);
	array_free(&b->files);
	free(b->path);
	free(b);
	*bundle = NULL;
}

size_t bundle_file_count(const struct bundle *bundle)
{
	return bundle && bundle->complete ? bundle->files.count : 0;
}

/* --- names ------------------------------------------------------------------------------------ */

/* Letters and digits of ASCII stay: what is left can be typed, and means nothing to a shell. */
static char *safe_name(const char *name)
{
	char *safe = mem_alloc(NAME_BYTES + 1);
	size_t length = 0;

	for (; *name && length < NAME_BYTES; name++) {
		bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			     (*name >= '0' && *name <= '9');

		if (plain)
			safe[length++] = *name;
		else if (length && safe[length - 1] != '-')
			safe[length++] = '-';
	}
	while (length && safe[length - 1] == '-')
		length--;
	safe[length] = 0;
	return safe;
}

/* "KIND_NUMBER_NAME"; where a number was used again, the second has "KIND_NUMBER.2_NAME". `times`
 * counts by id of `used`. */
static char *stem_of(const char *kind, uint32_t number, const char *name, struct table *used,
		     uint32_t *times)
{
	_cleanup_free_ char *safe = safe_name(name);
	const char *separator = *safe ? "_" : "";
	uint32_t id = table_add(used, &number, NULL);

	if (!times[id]++)
		return mem_format("%s_%u%s%s", kind, number, separator, safe);
	return mem_format("%s_%u.%u%s%s", kind, number, times[id], separator, safe);
}

/* --- files ------------------------------------------------------------------------------------ */

struct file {
	struct bundle *bundle;
	struct outfile *out;
	char *path;
	FILE *stream;
};

static void file_free(struct file *file)
{
	outfile_free(&file->out);
	free(file->path);
}

static int file_open(struct bundle *bundle, const char *stem, const char *suffix,
		     struct file *ret_file, struct err *err)
{
	struct file file = { .bundle = bundle };
	int r;

	file.path = mem_format("%s/%s%s", bundle->path, stem, suffix);
	r = outfile_open(file.path, &file.out, err);
	if (!r)
		r = outfile_stream(file.out, &file.stream, err);
	if (r)
		file_free(&file);
	else
		*ret_file = file;
	return r;
}

/* `written`: 0, or -errno of the writer. */
static int file_close(struct file *file, int written, struct err *err)
{
	int r = outfile_commit(file->out, written, err);

	if (!r) {
		*array_push(&file->bundle->files) = file->path;
		file->path = NULL;
	}
	file_free(file);
	return r;
}

static int write_as(struct bundle *bundle, const char *stem, const char *suffix,
		    const struct exporter *exporter, const struct profile *profile,
		    const struct export_opts *opts, struct err *err)
{
	struct file file;
	int r = file_open(bundle, stem, suffix, &file, err);

	if (r)
		return r;
	return file_close(&file, exporter->write(profile, opts, file.stream), err);
}

static int write_whole(struct bundle *bundle, const struct profile *profile,
		       const struct export_opts *opts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; exporter_table[i] && !r; i++) {
		const struct exporter *exporter = exporter_table[i];

		if (!exporter->needs_timeline || profile->has_timeline)
			r = write_as(bundle, "profile", exporter->suffixes[0], exporter, profile,
				     opts, err);
	}
	return r;
}

/* What is written of a thread or a process; those that the table has. */
static const struct {
	const char *exporter, *suffix;
} part_files[] = {
	{ "folded", ".folded" },
	{ "svg", ".svg" },
	{ "report", "_analysis.txt" },
};

static int write_part(struct bundle *bundle, const char *stem, const struct profile *view,
		      const struct export_opts *opts, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(part_files) && !r; i++) {
		const struct exporter *exporter = exporter_by_name(part_files[i].exporter);

		if (exporter)
			r = write_as(bundle, stem, part_files[i].suffix, exporter, view, opts, err);
	}
	return r;
}

static int write_processes(struct bundle *bundle, struct views *views, const struct profile *p,
			   const struct export_opts *opts, struct err *err)
{
	_cleanup_free_ uint32_t *times = mem_alloc_array(p->process_count, sizeof(*times));
	struct table used;
	int r = 0;

	table_init(&used, sizeof(uint32_t));
	for (uint32_t i = 0; i < p->process_count && !r; i++) {
		const struct profile_process *process = &p->processes[i];
		_cleanup_free_ char *stem = stem_of("process", process->pid,
						    profile_string(p, process->comm), &used, times);

		r = write_part(bundle, stem, views_process(views, i), opts, err);
	}
	table_free(&used);
	return r;
}

static int write_threads(struct bundle *bundle, struct views *views, const struct profile *p,
			 const struct export_opts *opts, struct err *err)
{
	_cleanup_free_ uint32_t *times = mem_alloc_array(p->thread_count, sizeof(*times));
	struct table used;
	int r = 0;

	table_init(&used, sizeof(uint32_t));
	for (uint32_t i = 0; i < p->thread_count && !r; i++) {
		const struct profile_thread *thread = &p->threads[i];
		const char *role = role_of_thread(p, i)->name;
		_cleanup_free_ char *stem =
			stem_of("thread", thread->tid,
				*role ? role : profile_string(p, thread->comm), &used, times);

		r = write_part(bundle, stem, views_thread(views, i), opts, err);
	}
	table_free(&used);
	return r;
}

/* Last: where it is, all is there. */
static int write_summary(struct bundle *bundle, const struct profile *profile, struct err *err)
{
	static const struct summary_opts opts = { .verbose = 1 };
	struct file file;
	int r = file_open(bundle, "summary", ".txt", &file, err);

	if (r)
		return r;
	summary_print(profile, &opts, file.stream);
	return file_close(&file, 0, err);
}

int bundle_write(struct bundle *bundle, const struct profile *profile,
		 const struct export_opts *opts, struct err *err)
{
	struct views *views = views_new(profile);
	int r = write_whole(bundle, profile, opts, err);

	if (!r)
		r = write_processes(bundle, views, profile, opts, err);
	if (!r)
		r = write_threads(bundle, views, profile, opts, err);
	if (!r)
		r = write_summary(bundle, profile, err);
	views_free(&views);
	if (r)
		return r;
	r = give_owner(bundle);
	if (r)
		return fail(bundle->path, r, err);
	bundle->complete = true;
	return 0;
}
