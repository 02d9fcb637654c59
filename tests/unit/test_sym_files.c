// SPDX-License-Identifier: MIT
/* Debug files found where they may be, proved, and refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "../symbols/cases.c"
#include "../symbols/debugged.h"
#include "../symbols/rooted.h"
#include "../symbols/sources.h"

/* Asks a fresh image once: is the debug file this one (NULL: none)? */
static void check_debug(const char *name, const char *debug)
{
	const struct elf_file *elf;

	open_files(name);
	elf = sym_files_debug(files);
	CHECK(!elf == !debug);
	if (debug) {
		CHECK(is_file_at(elf, debug));
		CHECK(elf_file_section(elf, ".debug_info"));
		CHECK(!sym_files_why(files));
	}
	close_files();
}

/* The same for an image without one, and why; `why` has ~ in the place of the case's directory. */
static void check_refused(const char *name, const char *why)
{
	char words[1400] = "";
	const char *is, *path;

	open_files(name);
	CHECK(!sym_files_debug(files));
	is = sym_files_why(files);
	CHECK(is);
	path = strstr(is, home);
	if (path)
		snprintf(words, sizeof(words), "%.*s~%s", (int)(path - is), is,
			 path + strlen(home));
	CHECK_STRING(path ? words : is, why);
	close_files();
}

/* --- debug files ------------------------------------------------------------------------------ */

#define NO_FILE "stripped; no debug file"
#define NO_LINK "stripped; no debug file, and no build-id"

static void test_by_build_id(void)
{
	const struct elf_file *elf;
	struct opened_source opened;
	size_t before = open_descriptors();
	char *place;

	begin("id");
	build_stripped("p", ID);
	open_files("p");
	CHECK(sym_files_main(files) && sym_files_main(files)->fd == sym_files_image(files)->fd);
	CHECK(!sym_files_debug(files));
	CHECK_STRING(sym_files_why(files), NO_FILE);
	place = sym_files_place(files);
	CHECK_STRING(place, at(BUILD_ID_FILE));
	free(place);
	/* It is looked for once. */
	RUN("mv p.debug " BUILD_ID_FILE);
	CHECK(!sym_files_debug(files));
	close_files();

	check_debug("p", BUILD_ID_FILE);
	open_files("p");
	elf = sym_files_debug(files);
	RUN("rm " BUILD_ID_FILE);
	CHECK(elf && sym_files_debug(files) == elf);
	CHECK(fcntl(elf->fd, F_GETFD) & FD_CLOEXEC);
	/* Its symbols are those of the image. */
	CHECK(source_open(&opened, &sym_symtab_source, sym_files_image(files)) == -ENOENT);
	source_close(&opened);
	close_files();
	CHECK(open_descriptors() == before);
}

static void test_none_needed(void)
{
	begin("own");
	build("p", ID);
	RUN("objcopy --only-keep-debug p " BUILD_ID_FILE);
	check_debug("p", NULL);
	open_files("p");
	CHECK(!sym_files_why(files));
	close_files();
	/* Symbols alone: lines are still to be had, and nothing is to be complained of. */
	RUN("objcopy --strip-debug p");
	check_debug("p", BUILD_ID_FILE);
	RUN("rm " BUILD_ID_FILE);
	check_debug("p", NULL);
	open_files("p");
	CHECK(!sym_files_why(files));
	close_files();
}

static void test_other_build_id(void)
{
	begin("other");
	build_stripped("p", ID);
	build("q", "0x1122334455667789");
	RUN("objcopy --only-keep-debug q " BUILD_ID_FILE);
	check_refused("p", NO_FILE " (~/" BUILD_ID_FILE " is of another build)");
	build("q", "none");
	RUN("objcopy --only-keep-debug q " BUILD_ID_FILE);
	check_refused("p", NO_FILE " (~/" BUILD_ID_FILE " is of another build)");
	/* The id's beginning is not the id. */
	build("q", "0x112233445566778899");
	RUN("objcopy --only-keep-debug q " BUILD_ID_FILE);
	check_debug("p", NULL);
	RUN("cp p.debug " BUILD_ID_FILE);
	check_debug("p", BUILD_ID_FILE);
}

/* One image, three places, in this order. */
static void test_by_link(void)
{
	char below[800];

	begin("link");
	build_stripped("p", "none");
	RUN("objcopy --add-gnu-debuglink=p.debug p");
	snprintf(below, sizeof(below), "lib-debug%s", home);
	RUN("mkdir -p .%s && mkdir -p '%s' && mv p.debug '%s/p.debug'", "/.debug", below, below);
	snprintf(below, sizeof(below), "lib-debug%s/p.debug", home);
	check_debug("p", below);
	RUN("cp '%s' .debug/p.debug", below);
	check_debug("p", ".debug/p.debug");
	RUN("cp .debug/p.debug p.debug");
	check_debug("p", "p.debug");
	/* One that is not the right one does not hide the next. */
	RUN("echo >> p.debug");
	check_debug("p", ".debug/p.debug");
	RUN("rm p.debug .debug/p.debug '%s'", below);
	check_refused("p", NO_LINK);
	open_files("p");
	CHECK(!sym_files_place(files));
	close_files();
}

static void test_other_crc(void)
{
	begin("crc");
	build_stripped("p", "none");
	RUN("objcopy --add-gnu-debuglink=p.debug p");
	check_debug("p", "p.debug");
	RUN("printf x >> p.debug");
	check_refused("p", NO_LINK " (~/p.debug has another CRC "
				   "than .gnu_debuglink says)");
	/* The right CRC, and another build-id. */
	build("q", "0x99");
	RUN("objcopy --only-keep-debug q q.debug");
	build_stripped("p", ID);
	RUN("objcopy --add-gnu-debuglink=q.debug p");
	check_refused("p", NO_FILE " (~/q.debug is of another build)");
	/* The right CRC, and no build-id. */
	RUN("objcopy --remove-section .note.gnu.build-id q.debug 2>/dev/null");
	RUN("objcopy --remove-section .gnu_debuglink p && objcopy --add-gnu-debuglink=q.debug p");
	check_debug("p", "q.debug");
}

/* .gnu_debuglink by hand: `name`, and the CRC of the file at `of`. */
static void set_link(const char *image, const char *name, size_t length, const char *of)
{
	char section[600] = { 0 };
	size_t crc_at = (length + 4) & ~(size_t)3, bytes;
	char *content = file_read(at(of), &bytes);
	uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)content, (uInt)bytes);

	free(content);
	memcpy(section, name, length);
	memcpy(section + crc_at, &crc, sizeof(crc));
	set_section(image, ".gnu_debuglink", section, crc_at + sizeof(crc));
}

static void test_link_names(void)
{
	static const char *const paths[] = { "below/p.debug", "/p.debug", "../names/p.debug" };

	begin("names");
	build_stripped("p", "none");
	RUN("mkdir below && cp p.debug below/p.debug");
	set_link("p", "p.debug", 7, "p.debug");
	check_debug("p", "p.debug");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		set_link("p", paths[i], strlen(paths[i]), "p.debug");
		check_refused("p", NO_LINK " (.gnu_debuglink holds a path)");
	}
	/* A directory, no name at all, and no end of it. */
	set_link("p", ".", 1, "p.debug");
	check_refused("p", NO_LINK " (~/. is not a 64-bit ELF file)");
	set_link("p", "", 0, "p.debug");
	check_refused("p", NO_LINK);
	set_section("p", ".gnu_debuglink", "p.debug", 7);
	check_refused("p", NO_LINK);
	set_section("p", ".gnu_debuglink", "p.debug\0\x1\x2\x3", 11);
	check_refused("p", NO_LINK);
}

/* The build-id leads to the image: as good as nothing. */
static void test_image_itself(void)
{
	begin("itself");
	build_stripped("p", ID);
	RUN("ln -s '%s' " BUILD_ID_FILE, at("p"));
	check_refused("p", NO_FILE);
	RUN("cp --remove-destination p " BUILD_ID_FILE);
	open_files("p");
	CHECK(sym_files_debug(files)); /* a copy is another file: here the check is what tells */
	close_files();
}

/* None of these may be opened for reading; a fifo would wait for its writer. */
static void test_not_files(void)
{
	static const char *const targets[] = {
		"/dev/zero",  "/dev/tty",	"/dev/ptmx",
		"/proc/kmsg", "/proc/self/exe", "/sys/kernel/notes"
	};

	begin("special");
	build_stripped("p", ID);
	RUN("mkfifo " BUILD_ID_FILE);
	check_refused("p", NO_FILE " (~/" BUILD_ID_FILE " is not a 64-bit ELF file)");
	RUN("rm " BUILD_ID_FILE " && mkdir " BUILD_ID_FILE);
	check_refused("p", NO_FILE " (~/" BUILD_ID_FILE " is not a 64-bit ELF file)");
	RUN("rmdir " BUILD_ID_FILE);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		RUN("ln -sf %s " BUILD_ID_FILE, targets[i]);
		check_debug("p", NULL);
	}
	RUN("ln -sf %s " BUILD_ID_FILE, "22334455667788.debug"); /* to itself */
	check_refused("p", NO_FILE);
	RUN("rm " BUILD_ID_FILE " && mkfifo p.dwp");
	open_files("p");
	CHECK(!sym_files_package(files));
	close_files();
}

static void test_too_large(void)
{
	begin("large");
	build_stripped("p", ID);
	RUN("cp p.debug " BUILD_ID_FILE);
	if (run_at_home("truncate -s 16G " BUILD_ID_FILE))
		case_skip("no room for a sparse file of 16 GiB");
	check_debug("p", BUILD_ID_FILE);
	RUN("truncate -s +1 " BUILD_ID_FILE);
	check_refused("p", NO_FILE " (~/" BUILD_ID_FILE " is larger than 16 GiB)");
}

/* --- other roots ------------------------------------------------------------------------------ */

/*
 * A process in a root of its own, where there is another debug directory. What is known by a path
 * is found there alone, and a link does not lead out.
 */
static void test_other_root(void)
{
	char inside_debug[1400];
	const struct image *image, *second;
	struct stat st, second_st;
	struct scope_file file;
	size_t before;
	pid_t pid;
	int hold;

	begin("rooted");
	build_stripped("p", ID);
	build_stripped("q", "none");
	build("common", ALT_ID);
	set_alternate("q.debug", "../common", ALT_RAW, 6);
	RUN("objcopy --add-gnu-debuglink=q.debug q");
	snprintf(inside_debug, sizeof(inside_debug), "%s/root/%s/.build-id/11", home,
		 debug_directory);
	RUN("mkdir -p '%s' root/bin && mv p q root/bin/ && mv common root/", inside_debug);
	CHECK(stat(at("root/bin/p"), &st) == 0 && stat(at("root/bin/q"), &second_st) == 0);
	pid = start_in_root(at("root"), &hold);

	before = open_descriptors();
	images = images_new();
	file = mapped_file(&st);
	image = images_get(images, (uint32_t)pid, &file, "/bin/p");
	file = mapped_file(&second_st);
	second = images_get(images, (uint32_t)pid, &file, "/bin/q");
	CHECK(image->fd >= 0 && image->root && second->fd >= 0 && second->root == image->root);
	CHECK(open_descriptors() == before + 3); /* one for the root */
	CHECK(!open_image(images, "/proc/self/exe")->root);

	/* By build-id: there, when it is not here; a link out of it is a link inside. */
	RUN("ln -s '%s' '%s/22334455667788.debug'", at("p.debug"), inside_debug);
	files = sym_files_open(image);
	CHECK(!sym_files_debug(files));
	sym_files_close(&files);
	RUN("cp --remove-destination p.debug '%s/22334455667788.debug'", inside_debug);
	files = sym_files_open(image);
	CHECK(sym_files_debug(files));
	sym_files_close(&files);
	RUN("cp p.debug " BUILD_ID_FILE);
	files = sym_files_open(image);
	CHECK(is_file_at(sym_files_debug(files), BUILD_ID_FILE));
	sym_files_close(&files);

	/* By link: there only. */
	files = sym_files_open(second);
	CHECK(!sym_files_debug(files));
	sym_files_close(&files);
	RUN("cp q.debug root/bin/q.debug && cp q.debug root/bin/q.dwp");
	files = sym_files_open(second);
	CHECK(is_file_at(sym_files_debug(files), "root/bin/q.debug"));
	CHECK(is_file_at(sym_files_package(files), "root/bin/q.dwp"));
	CHECK(is_file_at(sym_files_alternate(files, sym_files_debug(files)), "root/common"));
	check_split(NULL, at("q.debug"), NULL);
	check_split("/bin", "q.dwp", "root/bin/q.dwp");
	sym_files_close(&files);

	/* It stays though the process ends. */
	close(hold);
	CHECK(waitpid(pid, NULL, 0) == pid);
	files = sym_files_open(second);
	check_split("/bin", "q.dwp", "root/bin/q.dwp");
	sym_files_close(&files);
	images_free(&images);
	CHECK(open_descriptors() == before - 1); /* that was `hold` */
}

/* --- hostile and odd images ------------------------------------------------------------------- */

static void test_without_file(void)
{
	struct image none = { .kind = IMAGE_FILE, .path = "x", .fd = -1, .build_id = "1122" };
	struct image anonymous = { .kind = IMAGE_ANONYMOUS, .path = "", .fd = -1 };
	struct image kernel = { .kind = IMAGE_KERNEL, .path = "[kernel]", .fd = 0 };
	const struct image *all[] = { &none, &anonymous, &kernel };
	struct elf_file file;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		files = sym_files_open(all[i]);
		CHECK(!sym_files_main(files) && !sym_files_debug(files));
		CHECK(!sym_files_minidebug(files) && !sym_files_package(files));
		CHECK(!sym_files_alternate(files, NULL) && !sym_files_why(files));
		CHECK(sym_files_split(files, NULL, "x.dwo", &file) == -ENOENT);
		sym_files_close(&files);
	}
	images = images_new();
	files = sym_files_open(images_get(images, 1, &no_file, "[vdso]"));
	CHECK(!sym_files_minidebug(files) && !sym_files_package(files));
	close_files();
}

static void test_mutations(void)
{
	const struct elf_file *debug;
	struct elf_file file;
	uint64_t seed = 7;
	size_t bytes, debug_bytes, before;
	char *good, *good_debug;

	begin("mutations");
	build_stripped("p", ID);
	set_alternate("p.debug", "p", "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	set_alternate("p", "p.debug", "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
	set_section("p", ".gnu_debugdata", "nothing", 7);
	RUN("cp p.debug " BUILD_ID_FILE " && objcopy --add-gnu-debuglink=p.debug p");
	good = file_read(at("p"), &bytes);
	good_debug = file_read(at(BUILD_ID_FILE), &debug_bytes);
	check_debug("p", BUILD_ID_FILE);
	before = open_descriptors();
	for (int round = 0; round < 300; round++) {
		bool in_debug = round % 2;
		size_t count = in_debug ? debug_bytes : bytes;
		char *bad = malloc(count);

		CHECK(bad);
		memcpy(bad, in_debug ? good_debug : good, count);
		for (uint64_t n = 1 + random_next(&seed) % 8; n; n--) {
			/* Headers, sections of links and what tells of them stand at the ends. */
			size_t where = random_next(&seed) % (n % 2 ? 64 : 2048);

			bad[(n % 3 ? where : count - 1 - where) % count] =
				(char)(n % 4 ? random_next(&seed) : 0xff);
		}
		temp_write(at(in_debug ? BUILD_ID_FILE : "p"), bad,
			   round % 5 ? count : random_next(&seed) % count);
		temp_write(at(in_debug ? "p" : BUILD_ID_FILE), in_debug ? good : good_debug,
			   in_debug ? bytes : debug_bytes);
		free(bad);
		images = images_new();
		files = sym_files_open(open_image(images, at("p")));
		debug = sym_files_debug(files);
		sym_files_alternate(files, sym_files_main(files));
		sym_files_alternate(files, debug);
		sym_files_minidebug(files);
		sym_files_package(files);
		sym_files_why(files);
		if (sym_files_split(files, "/", BUILD_ID_FILE, &file) == 0)
			sym_files_close_split(&file);
		close_files();
	}
	CHECK(open_descriptors() == before);
	free(good);
	free(good_debug);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_files: a debug file by build-id, looked for once", test_by_build_id },
		{ "sym_files: an image with debug information needs none", test_none_needed },
		{ "sym_files: a debug file of another build", test_other_build_id },
		{ "sym_files: a debug file by link, in three places", test_by_link },
		{ "sym_files: a debug file of another CRC", test_other_crc },
		{ "sym_files: links that are no names", test_link_names },
		{ "sym_files: the image is not its own debug file", test_image_itself },
		{ "sym_files: fifos, directories, devices, /proc and /sys", test_not_files },
		{ "sym_files: a file of more than 16 GiB", test_too_large },
		{ "sym_files: a process with another root", test_other_root },
		{ "sym_files: images without a file", test_without_file },
		{ "sym_files: broken images and debug files", test_mutations },
	};

	return cases_run(cases, ARRAY_SIZE(cases));
}
