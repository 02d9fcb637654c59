// SPDX-License-Identifier: MIT
/* Outputs: all or none of a file, in the order given; and what each is made of. */
#include "outputs.h"

#include <errno.h>

#include "check.h"
#include "handmade.h"
#include "scratch.h"

static struct handmade h;
static struct err err;

static int write_target(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	return fprintf(out, "%s%s", p->target, opts->lines ? " lines" : "") < 0 ? -EIO : 0;
}

static int write_half(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	(void)p, (void)opts;
	fputs("half", out);
	return -ENOSPC;
}

static const struct exporter whole = { .name = "whole", .write = write_target };
static const struct exporter half = { .name = "half", .write = write_half };
static const struct exporter order = {
	.name = "order",
	.needs_timeline = true,
	.write = write_target,
};

static void check_file(const char *name, const char *want)
{
	char have[64] = "";
	FILE *file = fopen(scratch_path(name), "r");

	CHECK((file != NULL) == (want != NULL));
	if (!file)
		return;
	CHECK(fgets(have, sizeof(have), file) != NULL);
	CHECK_TEXT(have, want);
	fclose(file);
}

static void each_is_written(void)
{
	struct config_output list[] = { { &whole, scratch_path("a") },
					{ &half, scratch_path("b") },
					{ &whole, scratch_path("c") } };
	struct config config = { .outputs = list, .output_count = 3, .export = { .lines = true } };
	struct outputs outputs = { 0 };

	handmade_init(&h);
	CHECK_INT(outputs_open(&outputs, &config, &err), 0);
	CHECK_INT(outputs_write_next(&outputs, &h.profile, &err), 0);
	CHECK_INT(outputs.written, 1);
	check_file("a", "pid 100 (app) lines");
	CHECK_INT(outputs_write_next(&outputs, &h.profile, &err), -ENOSPC);
	CHECK_INT(outputs.written, 1);
	CHECK_CONTAINS(err.message, "/b: No space left on device");
	outputs_free(&outputs);
	check_file("b", NULL);
	check_file("c", NULL);
}

static void a_failure_to_open_leaves_nothing(void)
{
	struct config_output list[] = { { &whole, scratch_path("d") },
					{ &whole, scratch_path("no/such") } };
	struct config config = { .outputs = list, .output_count = 2 };
	struct outputs outputs = { 0 };

	err = (struct err){ 0 };
	CHECK_INT(outputs_open(&outputs, &config, &err), -ENOENT);
	outputs_free(&outputs);
	check_file("d", NULL);
}

static void order_needs_a_timeline(void)
{
	struct config_output list[] = { { &whole, "a" }, { &order, "b" } };
	struct config config = { .outputs = list, .output_count = 1 };

	handmade_init(&h);
	err = (struct err){ 0 };
	CHECK_INT(outputs_check(&config, &h.profile, "x.scope", &err), 0);
	config.output_count = 2;
	CHECK_INT(outputs_check(&config, &h.profile, "x.scope", &err), -ENODATA);
	CHECK_TEXT(err.message,
		   "x.scope has no timeline, and order shows nothing else: capture again "
		   "with --timeline");
	h.profile.has_timeline = true;
	err = (struct err){ 0 };
	CHECK_INT(outputs_check(&config, &h.profile, "x.scope", &err), 0);
}

int main(void)
{
	scratch_make();
	CHECK_CASE(each_is_written);
	CHECK_CASE(a_failure_to_open_leaves_nothing);
	CHECK_CASE(order_needs_a_timeline);
	scratch_remove();
	return check_status();
}
