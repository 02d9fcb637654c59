// SPDX-License-Identifier: MIT
/* What debug information was moved into other files: dwz's alternates, split DWARF. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/debugged.h"

/* --- what dwz moved away ---------------------------------------------------------------------- */

/* The alternate of the image itself. */
static void check_alternate(const char *name, const char *alternate)
{
	const struct elf_file *elf;

	open_files(name);
	elf = sym_files_alternate(files, sym_files_main(files));
	CHECK(!elf == !alternate);
	CHECK(!elf || is_file_at(elf, alternate));
	CHECK(sym_files_alternate(files, sym_files_main(files)) == elf);
	CHECK(!sym_files_alternate(files, NULL));
	close_files();
}

static void test_alternate(void)
{
	begin("alternate");
	build("p", ID);
	build("common", ALT_ID);
	RUN("mkdir -p sub/.dwz lib-debug/.dwz/sub");
	check_alternate("p", NULL);
	set_alternate("p", at("common"), ALT_RAW, 6);
	check_alternate("p", "common");
	RUN("mv common sub/.dwz/common");
	check_alternate("p", NULL);
	set_alternate("p", "sub/.dwz/common", ALT_RAW, 6);
	check_alternate("p", "sub/.dwz/common");
	/* The debug directory's, under the name that it has there, then by build-id. */
	RUN("cp sub/.dwz/common lib-debug/.build-id/" ALT_PATH);
	RUN("mv sub/.dwz/common lib-debug/.dwz/common");
	check_alternate("p", "lib-debug/.dwz/common");
	set_alternate("p", "nowhere/common", ALT_RAW, 6);
	check_alternate("p", "lib-debug/.build-id/" ALT_PATH);
	/* Others. */
	set_alternate("p", "lib-debug/.dwz/common", "\xaa\xbb\xcc\xdd\xee\xfe", 6);
	check_alternate("p", NULL);
	set_alternate("p", "lib-debug/.dwz/common", ALT_RAW, 5);
	check_alternate("p", NULL);
	set_alternate("p", "lib-debug/.dwz/common", ALT_RAW, 0);
	check_alternate("p", NULL);
	set_section("p", ".gnu_debugaltlink", "lib-debug/.dwz/common", 21);
	check_alternate("p", NULL);
}

/* The build-id's name is a link to the debug file, from where a name is relative. */
static void test_alternate_of_debug(void)
{
	const struct elf_file *debug, *main;

	begin("alternate_of_debug");
	build_stripped("p", ID);
	build("common", ALT_ID);
	RUN("mkdir -p lib-debug/usr/bin lib-debug/.dwz lib-debug/dwz");
	set_alternate("p.debug", "../../dwz/common", ALT_RAW, 6);
	RUN("mv common lib-debug/dwz/common && mv p.debug lib-debug/usr/bin/p.debug");
	RUN("ln -s ../../usr/bin/p.debug " BUILD_ID_FILE);
	open_files("p");
	main = sym_files_main(files);
	CHECK(!sym_files_alternate(files, main));
	debug = sym_files_debug(files);
	CHECK(is_file_at(sym_files_alternate(files, debug), "lib-debug/dwz/common"));
	CHECK(!sym_files_alternate(files, main));
	close_files();
}

/* As distributions do it. */
static void test_dwz(void)
{
	static const char *const names[] = { "p", "q" };

	begin("dwz");
	if (!have_command("dwz"))
		case_skip("no dwz");
	/* dwz moves what is worth it: types that both have. */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		compile(at(names[i]), "c",
			"#include <stdio.h>\n#include <sys/stat.h>\n"
			"int main(int argc, char **argv) { struct stat st; FILE *f = stdin;\n"
			"return stat(argv[argc - 1], &st) + fileno(f); }\n",
			i ? "-g -O0 -Wl,--build-id" : "-g -O1 -Wl,--build-id");
	}
	RUN("dwz -m common -M '%s' p q 2>&1", at("common"));
	check_alternate("p", "common");
	check_alternate("q", "common");
	open_files("q");
	CHECK(elf_file_section(sym_files_alternate(files, sym_files_main(files)), ".debug_info"));
	close_files();
}

/* --- split DWARF ------------------------------------------------------------------------------ */

static void test_package(void)
{
	begin("package");
	build_stripped("p", ID);
	build("other", "none");
	open_files("p");
	CHECK(!sym_files_package(files));
	RUN("cp other p.dwp");
	CHECK(!sym_files_package(files));
	close_files();
	open_files("p");
	CHECK(is_file_at(sym_files_package(files), "p.dwp"));
	close_files();
	RUN("mv p.debug " BUILD_ID_FILE " && mv p.dwp " BUILD_ID_FILE ".dwp");
	open_files("p");
	CHECK(is_file_at(sym_files_package(files), BUILD_ID_FILE ".dwp"));
	close_files();
}

static void test_split(void)
{
	struct elf_file file;
	size_t before;

	begin("split");
	build("p", ID);
	RUN("mkdir -p build/out out");
	compile(at("build/x.o"), "c", program, "-g -gsplit-dwarf -c");
	CHECK(access(at("build/x.dwo"), R_OK) == 0);
	RUN("mv build/x.dwo build/out/x.dwo");
	open_files("p");
	before = open_descriptors();
	check_split(at("build"), "out/x.dwo", "build/out/x.dwo");
	check_split(at("build"), at("build/out/x.dwo"), "build/out/x.dwo");
	check_split(NULL, at("build/out/x.dwo"), "build/out/x.dwo");
	check_split("build", "out/x.dwo", "build/out/x.dwo"); /* relative: to the image */
	check_split(NULL, "build/out/x.dwo", "build/out/x.dwo");
	check_split("", "build/out/x.dwo", "build/out/x.dwo");
	check_split(at("build"), "x.dwo", NULL);
	check_split(NULL, "x.dwo", NULL);
	check_split(NULL, "", NULL);
	/* Beside the image, when it was carried away from where it was built. */
	RUN("cp build/out/x.dwo out/x.dwo");
	check_split("/no/such/place", "out/x.dwo", "out/x.dwo");
	check_split(at("build"), "out/x.dwo", "build/out/x.dwo");
	RUN("mkfifo fifo && echo text > text");
	check_split(at(""), "fifo", NULL);
	check_split(at(""), "text", NULL);
	/* Its header alone is asked. */
	CHECK(sym_files_split(files, at("build"), "out/x.dwo", &file) == 0);
	CHECK(elf_file_section(&file, ".debug_info.dwo"));
	sym_files_close_split(&file);
	CHECK(open_descriptors() == before);
	close_files();
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_files: alternates by path and build-id", test_alternate },
		{ "sym_files: the alternate of a debug file behind a link",
		  test_alternate_of_debug },
		{ "sym_files: what dwz makes", test_dwz },
		{ "sym_files: packages of split DWARF", test_package },
		{ "sym_files: split DWARF", test_split },
	};

	return cases_run(cases, ARRAY_SIZE(cases));
}
