// SPDX-License-Identifier: MIT
/* The names in the directory of --output-dir, and what is left of it. */
#include "bundle.h"

#include <dirent.h>
#include <errno.h>

#include "check.h"
#include "handmade.h"
#include "mem.h"
#include "scratch.h"

static struct handmade h;
static struct err err;

static const struct profile *make_profile(void)
{
	static char endless[10001];
	uint32_t stack;

	memset(endless, 'x', 10000);
	handmade_init(&h);
	stack = handmade_stack(&h, 0, "main");
	handmade_process(&h, 7, "../app");
	handmade_thread(&h, 7, "../app");
	handmade_thread(&h, 8, endless);
	handmade_thread(&h, 9, "/");
	handmade_process(&h, 7, "app"); /* the number again */
	handmade_thread(&h, 7, "app");
	handmade_thread(&h, 9, "a b\n\xff.c");
	for (uint32_t i = 0; i < h.profile.thread_count; i++)
		handmade_sample(&h, i, SCOPE_ON, stack, NSEC_PER_MSEC);
	return handmade_seal(&h);
}

/* The names of files that end so, sorted, each followed by a blank. */
static const char *list(const char *directory, const char *suffix)
{
	static char names[4096];
	struct dirent **entries;
	int count = scandir(scratch_path(directory), &entries, NULL, alphasort);

	names[0] = 0;
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		size_t length = strlen(name), end = strlen(suffix);

		if (name[0] != '.' && length >= end && strcmp(name + length - end, suffix) == 0) {
			strcat(names, name);
			strcat(names, " ");
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return names;
}

static int write_bundle(const char *name, size_t *ret_count)
{
	static const struct export_opts opts;
	struct bundle *bundle = NULL;
	int r;

	err = (struct err){ 0 };
	r = bundle_open(scratch_path(name), &bundle, &err);
	if (!r)
		r = bundle_write(bundle, make_profile(), &opts, &err);
	*ret_count = bundle_file_count(bundle);
	bundle_free(&bundle);
	return r;
}

static void names_are_safe_and_each_is_one(void)
{
	size_t count;

	CHECK_INT(write_bundle("out", &count), 0);
	CHECK_TEXT(list("out", ".folded"),
		   "process_7.2_app.folded process_7_app.folded profile.folded "
		   "thread_7.2_main.folded thread_7_main.folded "
		   "thread_8_xxxxxxxxxxxxxxxxxxxxxxxx.folded "
		   "thread_9.2_a-b-c.folded thread_9.folded ");
	CHECK_TEXT(list("out", "_analysis.txt"),
		   "process_7.2_app_analysis.txt process_7_app_analysis.txt "
		   "thread_7.2_main_analysis.txt thread_7_main_analysis.txt "
		   "thread_8_xxxxxxxxxxxxxxxxxxxxxxxx_analysis.txt "
		   "thread_9.2_a-b-c_analysis.txt thread_9_analysis.txt ");
	CHECK_CONTAINS(list("out", ".json"), "profile.json ");
	CHECK_CONTAINS(list("out", ".txt"), "profile.txt summary.txt ");
	CHECK(count >= 7 * 2 + 4);
}

static void it_takes_nobody_elses_files(void)
{
	size_t count;

	CHECK_INT(write_bundle("out", &count), -ENOTEMPTY);
	CHECK_INT(count, 0);
	CHECK_INT(err.code, EXIT_CODE_FAILURE);
	CHECK_CONTAINS(err.message, "is not empty");
	CHECK_CONTAINS(list("out", ".txt"), "summary.txt ");
}

static void without_a_write_nothing_stays(void)
{
	struct bundle *bundle = NULL;

	CHECK_INT(bundle_open(scratch_path("new"), &bundle, &err), 0);
	CHECK_INT(access(scratch_path("new"), F_OK), 0);
	bundle_free(&bundle);
	CHECK(access(scratch_path("new"), F_OK) < 0);
	CHECK_INT(mkdir(scratch_path("mine"), 0700), 0);
	CHECK_INT(bundle_open(scratch_path("mine"), &bundle, &err), 0);
	bundle_free(&bundle);
	CHECK_INT(access(scratch_path("mine"), F_OK), 0);
}

int main(void)
{
	scratch_make();
	CHECK_CASE(names_are_safe_and_each_is_one);
	CHECK_CASE(it_takes_nobody_elses_files);
	CHECK_CASE(without_a_write_nothing_stays);
	scratch_remove();
	return check_status();
}
