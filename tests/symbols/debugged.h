/* SPDX-License-Identifier: MIT */
/*
 * debugged.h - for the tests of src/sym_files.c: programs with debug information here and there,
 * made with gcc and objcopy, and the files of one image at a time.
 */
#ifndef DEBUGGED_H
#define DEBUGGED_H

#include <dirent.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cases.h"
#include "image.h"
#include "mem.h"
#include "sources.h"
#include "sym_files.h"

#define ID	      "0x1122334455667788"
#define ID_PATH	      "11/22334455667788.debug"
#define BUILD_ID_FILE "lib-debug/.build-id/" ID_PATH
#define ALT_ID	      "0xaabbccddeeff"
#define ALT_PATH      "aa/bbccddeeff.debug"
#define ALT_RAW	      "\xaa\xbb\xcc\xdd\xee\xff"

/* Each case works in a directory of its own, which holds a debug directory. */
static char home[600], debug_directory[640];

static inline void begin(const char *name)
{
	snprintf(home, sizeof(home), "%s", temp_path(name));
	snprintf(debug_directory, sizeof(debug_directory), "%s/lib-debug", home);
	CHECK(shell("mkdir -p '%s/.build-id/11' '%s/.build-id/aa' '%s/.debug'", debug_directory,
		    debug_directory, home) == 0);
	sym_files_set_debug_root(debug_directory);
	if (!have_command("objcopy"))
		case_skip("no objcopy");
}

/* A path in it; valid until the next but seven. */
static inline const char *at(const char *name)
{
	static char paths[8][700];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", home, name);
	return path;
}

/* Runs it in the case's directory, and it must succeed. */
#define RUN(...) CHECK(run_at_home(__VA_ARGS__) == 0)
static inline int run_at_home(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int run_at_home(const char *format, ...)
{
	char command[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return shell("cd '%s' && %s", home, command);
}

static const char program[] =
	"__attribute__((noinline)) static int inner(int x) { return x * 3; }\n"
	"int entry(int x);\n"
	"int entry(int x) { return inner(x) + 1; }\n";

/* With debug information; `id` as ld has it: 0x..., none. */
static inline void build(const char *name, const char *id)
{
	char flags[200];

	snprintf(flags, sizeof(flags),
		 "-g -O1 -w -nostdlib -static -no-pie -Wl,-e,entry,--build-id=%s", id);
	compile(at(name), "c", program, flags);
}

/* NAME without any symbols, and NAME.debug with what it lacks. */
static inline void build_stripped(const char *name, const char *id)
{
	build(name, id);
	RUN("objcopy --only-keep-debug %s %s.debug", name, name);
	RUN("objcopy --strip-all %s", name);
}

/* An image and its files; one set at a time. */
static struct images *images;
static struct sym_files *files;

static inline void open_files(const char *name)
{
	images = images_new();
	files = sym_files_open(open_image(images, at(name)));
	CHECK(sym_files_image(files)->fd >= 0);
}

static inline void close_files(void)
{
	sym_files_close(&files);
	CHECK(!files);
	sym_files_close(&files);
	images_free(&images);
}

/* Is it the very file? */
static inline bool is_file_at(const struct elf_file *elf, const char *name)
{
	struct stat is, should;

	CHECK(elf && elf->fd >= 0);
	CHECK(fstat(elf->fd, &is) == 0 && stat(at(name), &should) == 0);
	return is.st_dev == should.st_dev && is.st_ino == should.st_ino;
}

static inline size_t open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Replaces a section, or adds it. */
static inline void set_section(const char *image, const char *section, const void *bytes,
			       size_t count)
{
	temp_write(at("section"), bytes, count);
	RUN("objcopy --remove-section %s %s", section, image);
	RUN("objcopy --add-section %s=section %s", section, image);
}

/* The image's .gnu_debugaltlink, with the id as it stands there. */
static inline void set_alternate(const char *image, const char *name, const char *id,
				 size_t id_bytes)
{
	char section[800];
	size_t length = strlen(name) + 1;

	CHECK(length + id_bytes <= sizeof(section));
	memcpy(section, name, length);
	memcpy(section + length, id, id_bytes);
	set_section(image, ".gnu_debugaltlink", section, length + id_bytes);
}

static inline void check_split(const char *directory, const char *name, const char *should)
{
	struct elf_file file = { .fd = -1 };
	int error = sym_files_split(files, directory, name, &file);

	CHECK((error == 0) == !!should);
	CHECK(!should || is_file_at(&file, should));
	sym_files_close_split(&file);
	sym_files_close_split(&file);
}

#endif
