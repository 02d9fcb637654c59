// SPDX-License-Identifier: MIT
/* src/unnamed.c: why frames have no name, of each kind of image. */
#include "unnamed.h"

#include "check.h"
#include "mem.h"

static struct frames f;
static struct strings strings;
static const struct profile_config config;

static void begin(void)
{
	strings_init(&strings);
	f = (struct frames){ .config = &config, .strings = &strings };
	table_init(&f.jit_table, sizeof(uint32_t));
	array_push(&f.images);
	array_push(&f.sources);
}

static void end(void)
{
	array_free(&f.images);
	array_free(&f.sources);
	array_free(&f.jits);
	table_free(&f.jit_table);
	strings_free(&strings);
}

static void add_image(const struct image *image, nsec_t unnamed_ns)
{
	struct frame_source *source = array_push(&f.sources);

	source->image = image;
	source->shown = (uint32_t)f.images.count;
	array_push(&f.images)->unnamed_ns = unnamed_ns;
}

static const char *text_of(uint32_t string)
{
	return strings_get(&strings, string);
}

static void each_image_has_its_reason(void)
{
	static const struct {
		struct image image;
		const char *why;
	} rows[] = {
		{ { IMAGE_FILE, .path = "/a", .fd = -1, .why = "changed" }, "no file: changed" },
		{ { IMAGE_FILE, .path = "/a", .fd = -1, .why = "no permission" },
		  "no file: no permission" },
		{ { IMAGE_FILE, .path = "/memfd:code (deleted)", .fd = -1, .why = "deleted" },
		  "code made at run time, without a perf map or jitdump" },
		{ { IMAGE_VDSO, .path = "[vdso]", .fd = -1, .why = "not mapped here" },
		  "not mapped here" },
		{ { IMAGE_KERNEL, .path = "[kernel]", .fd = -1,
		    .why = "kernel addresses are hidden (kernel.kptr_restrict)" },
		  "kernel addresses are hidden (kernel.kptr_restrict)" },
		{ { IMAGE_KERNEL, .path = "[kernel]", .fd = 0 }, "in no symbol of /proc/kallsyms" },
		{ { IMAGE_FILE, .path = "/a", .fd = -1 }, "" }, /* not known: a stream's */
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add_image(&rows[i].image, 1);
	add_image(&rows[0].image, 0);
	unnamed_explain(&f, 100);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_TEXT(text_of(f.images.items[1 + i].why), rows[i].why);
		CHECK(!f.images.items[1 + i].debug_file && !f.images.items[1 + i].debug_package);
	}
	/* all of it has names */
	CHECK(!f.images.items[1 + ARRAY_SIZE(rows)].why);
	end();
}

static uint32_t explain_jit(const struct image *image)
{
	uint32_t instance = 7;

	table_add(&f.jit_table, &instance, NULL);
	array_push(&f.jits)->image = image;
	return unnamed_explain_anonymous(&f, instance);
}

static void each_perf_map_has_its_reason(void)
{
	static const struct image dump = { IMAGE_JITDUMP, .path = "/tmp/jit-1.dump", .fd = 5 };
	static const struct {
		struct image image;
		const char *why;
	} rows[] = {
		{ { IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1,
		    .why = "owned by another user" },
		  "/tmp/perf-1.map: owned by another user" },
		{ { IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = 5 }, "not in /tmp/perf-1.map" },
		{ { IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = 5, .why = "read up to 256 MiB" },
		  "not in /tmp/perf-1.map, which is read up to 256 MiB" },
		{ { IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1, .why = "not found",
		    .dump = &dump },
		  "not in its jitdump" },
		{ { IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1 }, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		CHECK_TEXT(text_of(explain_jit(&rows[i].image)), rows[i].why);
		CHECK(!unnamed_explain_anonymous(&f, 8));
		CHECK(!unnamed_explain_anonymous(&f, PROCS_NONE));
		end();
	}
	begin();
	CHECK_TEXT(text_of(explain_jit(NULL)), "it ended, and another process has its number");
	end();
}

int main(void)
{
	CHECK_CASE(each_image_has_its_reason);
	CHECK_CASE(each_perf_map_has_its_reason);
	return check_status();
}
