// SPDX-License-Identifier: MIT
/* sym_plt.c: the entries that objdump finds, as it names them, in what several linkers' options
 * make. */
#include <elf.h>
#include <stdio.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "symbolize.h"

#define ENTRIES                                                                                    \
	"objdump -d '%s' 2>/dev/null | sed -n 's/^\\([0-9a-f]*\\) <\\(.*@plt\\)>:$/\\1 \\2/p' "    \
	">'%s'"

/* Calls through .plt, and of what has its address taken too: through .plt.got. */
static const char program[] = "#include <stdio.h>\n#include <stdlib.h>\n#include <time.h>\n"
			      "int (*volatile taken)(const char *) = puts;\n"
			      "void *volatile also = (void *)getenv;\n"
			      "int main(int argc, char **argv) {\n"
			      "	taken(argv[0]); puts(getenv(\"HOME\") ? \"a\" : \"b\");\n"
			      "	printf(\"%d%ld\", argc, (long)time(0)); return rand() == argc; }\n";

/* Each entry has the name that objdump gives it, from its first byte to its last. Returns how many.
 */
static size_t check_entries(const char *path, size_t bytes)
{
	struct images *images = images_new();
	struct opened_source opened;
	char name[256];
	unsigned long long vaddr;
	size_t count = 0;
	FILE *list;

	CHECK(shell(ENTRIES, path, temp_path("plt.list")) == 0);
	CHECK(source_open(&opened, &sym_plt_source, open_image(images, path)) == 0);
	list = fopen(temp_path("plt.list"), "r");
	CHECK(list);
	while (fscanf(list, "%llx %255s", &vaddr, name) == 2) {
		CHECK_STRING(source_name(&opened, vaddr), name);
		CHECK_STRING(source_name(&opened, vaddr + bytes - 1), name);
		count++;
	}
	fclose(list);
	source_close(&opened);
	images_free(&images);
	return count;
}

static void need_objdump(void)
{
	if (!have_command("objdump"))
		case_skip("no objdump");
}

static void test_lazy(void)
{
	need_objdump();
	compile(temp_path("lazy"), "c", program, "-Wl,-z,lazy -s");
	CHECK(check_entries(temp_path("lazy"), 8) >= 5);
}

static void test_now(void)
{
	need_objdump();
	compile(temp_path("now"), "c", program, "-Wl,-z,now -no-pie -s");
	CHECK(check_entries(temp_path("now"), 8) >= 3);
}

/* The jumps are in .plt.sec; .plt's entries push a number. */
static void test_branch_tracking(void)
{
	struct images *images = images_new();
	const char *path = temp_path("ibt");
	struct opened_source opened;
	unsigned long long first;
	FILE *out;

	need_objdump();
	compile(path, "c", program, "-Wl,-z,lazy -Wl,-z,ibtplt -fcf-protection -s");
	CHECK(check_entries(path, 8) >= 5);
	CHECK(shell("readelf -SW '%s' | awk '$2 == \".plt\" || $3 == \".plt\" { sub(/.*\\.plt */, "
		    "\"\"); "
		    "print $2 }' >'%s'",
		    path, temp_path("first")) == 0);
	out = fopen(temp_path("first"), "r");
	CHECK(out && fscanf(out, "%llx", &first) == 1);
	fclose(out);
	CHECK(source_open(&opened, &sym_plt_source, open_image(images, path)) == 0);
	CHECK_STRING(source_name(&opened, first), ""); /* what all of them go on to */
	CHECK(strstr(source_name(&opened, first + 16), "@plt"));
	source_close(&opened);
	images_free(&images);
}

static void test_none(void)
{
	struct images *images = images_new();
	struct opened_source opened;

	compile(temp_path("static"), "c", "int main(void) { return 0; }",
		"-nostdlib -static -e main");
	CHECK(source_open(&opened, &sym_plt_source, open_image(images, temp_path("static"))) ==
	      -ENOENT);
	source_close(&opened);
	images_free(&images);
}

static void note_name(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	char *text = context;

	CHECK(index == 0 && count == 1);
	snprintf(text, 64, "%s", symbols[0].name);
}

/* The function's name is demangled, not the stub's. */
static void test_demangled(void)
{
	static const char source[] = "	.text\n	.globl f\nf:	jmp _ZN4some4func_tEi@PLT\n"
				     "	call _ZN5words5countEi@PLT\n	ret\n";
	struct images *images = images_new();
	struct symbolize_options options = { 0 };
	const char *path = temp_path("mangled.so");
	const struct image *image;
	char text[64] = "", mangled[64] = "";
	unsigned long long first;
	uint64_t vaddr;
	FILE *list;

	need_objdump();
	compile(path, "assembler", source, "-shared -nostdlib -s");
	CHECK(shell(ENTRIES, path, temp_path("plt.list")) == 0);
	CHECK(shell("grep count '%s' > '%s'", temp_path("plt.list"), temp_path("count.list")) == 0);
	list = fopen(temp_path("count.list"), "r");
	CHECK(list && fscanf(list, "%llx", &first) == 1);
	fclose(list);
	vaddr = first;
	image = open_image(images, path);
	symbolize_batch(image, &vaddr, 1, &options, note_name, text);
	CHECK_STRING(text, "words::count(int)@plt");
	options.keep_mangled = true;
	symbolize_batch(image, &vaddr, 1, &options, note_name, mangled);
	CHECK_STRING(mangled, "_ZN5words5countEi@plt");
	images_free(&images);
}

/* Any byte of the sections may be anything. */
static void test_mutations(void)
{
	struct images *images = images_new();
	const char *path = temp_path("mutated");
	unsigned char *bytes;
	size_t count;
	unsigned int seed = 1;

	compile(temp_path("whole"), "c", program, "-Wl,-z,lazy -s");
	bytes = (void *)file_read(temp_path("whole"), &count);
	for (int round = 0; round < 300; round++) {
		struct opened_source opened;
		size_t at[8];
		unsigned char was[8];

		for (int i = 0; i < 8; i++) {
			seed = seed * 1103515245 + 12345;
			at[i] = (seed >> 4) % count;
			was[i] = bytes[at[i]];
			bytes[at[i]] = (unsigned char)(seed >> 20);
		}
		temp_write(path, (const char *)bytes, count);
		if (source_open(&opened, &sym_plt_source, open_image(images, path)) == 0)
			for (uint64_t vaddr = 0x1000; vaddr < 0x1100; vaddr += 3)
				source_name(&opened, vaddr);
		source_close(&opened);
		for (int i = 8; i-- > 0;)
			bytes[at[i]] = was[i];
		images_free(&images);
		images = images_new();
	}
	free(bytes);
	images_free(&images);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_plt: lazy binding", test_lazy },
		{ "sym_plt: binding at start", test_now },
		{ "sym_plt: indirect branch tracking", test_branch_tracking },
		{ "sym_plt: a program without", test_none },
		{ "sym_plt: C++", test_demangled },
		{ "sym_plt: mutated files", test_mutations },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
