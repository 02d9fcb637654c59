// SPDX-License-Identifier: MIT
/*
 * Functions, lines and inlined calls from DWARF: what addr2line says of every address of programs
 * that are compiled here, in the ways in which compilers and linkers lay DWARF out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "image.h"
#include "symbolize.h"

static const char c_source[] = "#include <stdio.h>\n"
			       "#include <stdlib.h>\n"
			       "static volatile int sink;\n"
			       "static inline __attribute__((always_inline)) int deep(int x)\n"
			       "{\n"
			       "	for (int i = 0; i < 3; i++) {\n"
			       "		int y = x * i;\n"
			       "		sink += y;\n"
			       "	}\n"
			       "	return sink;\n"
			       "}\n"
			       "static inline __attribute__((always_inline)) int middle(int x)\n"
			       "{\n"
			       "	if (x > 3) {\n"
			       "		int z = deep(x);\n"
			       "		sink ^= z;\n"
			       "	}\n"
			       "	return deep(x + 1) * 2;\n"
			       "}\n"
			       "__attribute__((noinline)) static int outer(int x)\n"
			       "{\n"
			       "	if (__builtin_expect(x == 77, 0)) {\n"
			       "		printf(\"rare %d\\n\", middle(x));\n"
			       "		abort();\n"
			       "	}\n"
			       "	return middle(x) + deep(sink);\n"
			       "}\n"
			       "struct shape { int (*area)(int); struct { int a, b; } inner; };\n"
			       "enum kind { A, B };\n"
			       "int global_one(int x) { struct shape s = { outer, { 1, 2 } }; "
			       "return s.area(x) + s.inner.b; }\n"
			       "int main(int argc, char **argv)\n"
			       "{\n"
			       "	(void)argv;\n"
			       "#line 100 \"generated.c\"\n"
			       "	for (int i = 0; i < argc; i++)\n"
			       "		sink += global_one(i) + middle(i);\n"
			       "	return sink == 12345;\n"
			       "}\n";

static const char cxx_source[] =
	"#include <algorithm>\n"
	"#include <map>\n"
	"#include <string>\n"
	"#include <vector>\n"
	"namespace shop {\n"
	"template <class T> class shelf {\n"
	"public:\n"
	"	void put(const T &t) { items.push_back(t); }\n"
	"	T best() const { return *std::max_element(items.begin(), items.end()); }\n"
	"	struct cmp { bool operator()(const T &a, const T &b) const { return b < a; } };\n"
	"	void order() { std::sort(items.begin(), items.end(), cmp()); }\n"
	"private:\n"
	"	std::vector<T> items;\n"
	"};\n"
	"int hidden(int x) { return x * 7; }\n"
	"struct counter {\n"
	"	std::map<std::string, int> n;\n"
	"	int operator()(const std::string &s) { return ++n[s]; }\n"
	"	~counter();\n"
	"};\n"
	"counter::~counter() { n.clear(); }\n"
	"struct adder {\n"
	"	shelf<int> &to;\n"
	"	int operator()(int i) { to.put(hidden(i)); return i + 1; }\n"
	"};\n"
	"}\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	shop::shelf<int> ints;\n"
	"	shop::shelf<std::string> texts;\n"
	"	shop::counter count;\n"
	"	shop::adder add = { ints };\n"
	"	for (int i = 0; i < argc; i++) {\n"
	"		texts.put(argv[i]);\n"
	"		add(count(argv[i]));\n"
	"	}\n"
	"	ints.order();\n"
	"	texts.order();\n"
	"	return ints.best() == (int)texts.best().size();\n"
	"}\n";

/* --- our answers as addr2line writes them ------------------------------------------------------
 */

struct answers {
	const uint64_t *vaddrs;
	FILE *out;
	size_t next, inlined;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Padding between functions is in none, for us. */
static void print_unnamed(struct answers *a, size_t until)
{
	for (; a->next < until; a->next++)
		fprintf(a->out, "0x%016llx\n??\n??:0\n", (unsigned long long)a->vaddrs[a->next]);
}

static void print_answer(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	struct answers *a = context;

	print_unnamed(a, index);
	fprintf(a->out, "0x%016llx\n", (unsigned long long)a->vaddrs[index]);
	for (size_t i = 0; i < count; i++) {
		fprintf(a->out, "%s\n", symbols[i].name ? symbols[i].name : "??");
		if (symbols[i].file && symbols[i].line)
			fprintf(a->out, "%s:%u\n", base_name(symbols[i].file), symbols[i].line);
		else
			fprintf(a->out, "??:0\n");
		CHECK(symbols[i].inlined == (i + 1 < count));
	}
	a->inlined += count > 1;
	a->next = index + 1;
}

/*
 * As both sides are compared: without discriminators, with one way to say that a line is not known,
 * and with parts of a function that were put elsewhere under its own name.
 */
#define NORMALIZED "sed 's/ (discriminator [0-9]*)//; s/^.*:[?0]$/??:0/; s/[.]cold$//'"

/* Every byte of every function: what lies between them is padding, and nobody's. */
static size_t list_addresses(const char *path, const char *list, uint64_t **ret_vaddrs)
{
	unsigned long long start, bytes, last = 0;
	uint64_t *vaddrs = NULL;
	size_t count = 0, room = 0;
	FILE *functions, *out = fopen(list, "w");

	CHECK(shell("nm -n -S --defined-only '%s' | awk 'NF == 4 && $3 ~ /[tTwW]/ { print $1, $2 "
		    "}' "
		    ">'%s'",
		    path, temp_path("functions")) == 0);
	functions = fopen(temp_path("functions"), "r");
	CHECK(functions && out);
	while (fscanf(functions, "%llx %llx", &start, &bytes) == 2)
		for (unsigned long long at = start > last ? start : last; at < start + bytes;
		     at++) {
			if (count == room)
				vaddrs = realloc(vaddrs,
						 (room = room ? 2 * room : 4096) * sizeof(*vaddrs));
			CHECK(vaddrs);
			vaddrs[count++] = at;
			last = at + 1;
			fprintf(out, "%#llx\n", at);
		}
	fclose(functions);
	fclose(out);
	*ret_vaddrs = vaddrs;
	return count;
}

/* Our answers for every byte of the functions of `listed`. How many are in inlined calls. */
static size_t answer_all(const char *path, const char *listed, const char *output)
{
	struct images *images = images_new();
	const struct image *image = open_image(images, path);
	struct answers a = { .out = fopen(output, "w") };
	uint64_t *vaddrs;
	size_t count = list_addresses(listed, temp_path("list"), &vaddrs);

	CHECK(a.out && image->fd >= 0);
	a.vaddrs = vaddrs;
	symbolize_batch(image, vaddrs, count, &(struct symbolize_options){ 0 }, print_answer, &a);
	print_unnamed(&a, count);
	fclose(a.out);
	printf("%zu addresses, %zu with inlined calls\n", count, a.inlined);
	free(vaddrs);
	images_free(&images);
	return a.inlined;
}

/* `oracle`: the file that addr2line is given. Returns how many addresses are in inlined calls. */
static size_t compare(const char *path, const char *oracle)
{
	const char *should = temp_path("should"), *is = temp_path("is"), *raw = temp_path("raw");
	size_t inlined;

	if (!have_command("addr2line"))
		case_skip("no addr2line");
	inlined = answer_all(path, path, raw);
	CHECK(shell("addr2line -a -f -i -C -s -e '%s' <'%s' | " NORMALIZED " >'%s'", oracle,
		    temp_path("list"), should) == 0);
	CHECK(shell(NORMALIZED " '%s' >'%s'", raw, is) == 0);
	if (shell("cmp -s '%s' '%s'", should, is)) {
		shell("diff -U4 '%s' '%s' | tail -n +3 | head -n 12 | tr '\\n' '|' >'%s'", should,
		      is, raw);
		case_fail(__FILE__, __LINE__, "%s", file_read(raw, NULL));
	}
	return inlined;
}

static void check(const char *language, const char *source, const char *flags)
{
	const char *output = temp_path("program");

	compile(output, language, source, flags);
	CHECK(compare(output, output) > 20);
}

/* --- as compilers lay it out -------------------------------------------------------------------
 */

static void test_version_5(void)
{
	check("c", c_source, "-O2 -gdwarf-5");
}

static void test_version_4(void)
{
	check("c", c_source, "-O2 -gdwarf-4 -no-pie");
}

static void test_version_3(void)
{
	check("c", c_source, "-O2 -gdwarf-3 -gstrict-dwarf");
}

static void test_sections(void)
{
	check("c", c_source, "-O2 -gdwarf-5 -ffunction-sections -Wl,--gc-sections");
}

static void test_compressed(void)
{
	check("c", c_source, "-O2 -gdwarf-5 -gz=zlib");
	check("c", c_source, "-O2 -gdwarf-4 -gz=zlib-gnu");
}

static void test_64_bit_format(void)
{
	const char *program = temp_path("program"), *narrow = temp_path("narrow");

	compile(program, "c", c_source, "-O2 -gdwarf-5");
	CHECK(rename(program, narrow) == 0);
	compile(program, "c", c_source, "-O2 -gdwarf-5 -gdwarf64");
	CHECK(compare(program, narrow) > 20); /* addr2line cannot read it */
}

/* Paths that last through a case. */
static const char *keep_path(const char *name)
{
	static char paths[8][512];
	static size_t next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s", temp_path(name));
	return path;
}

/* The same program with `flags` more, read against one with all in it. */
static void check_split(const char *language, const char *source, const char *flags,
			const char *split_flags, const char *packer)
{
	const char *program = keep_path("program"), *whole = keep_path("whole");
	char all[256];

	compile(program, language, source, flags);
	CHECK(rename(program, whole) == 0);
	snprintf(all, sizeof(all), "%s %s", flags, split_flags);
	compile(program, language, source, all);
	CHECK(shell("ls '%s.dwo' >/dev/null", program) == 0);
	if (packer) {
		CHECK(shell("%s -e '%s' -o '%s.dwp' && rm '%s.dwo'", packer, program, program,
			    program) == 0);
	}
	CHECK(compare(program, whole) > 20);
	/* without it the functions remain, by the symbol table, and their lines */
	if (packer)
		CHECK(shell("rm '%s.dwp'", program) == 0);
	else
		CHECK(shell("rm '%s.dwo'", program) == 0);
	CHECK(answer_all(program, program, "/dev/null") == 0);
}

static void test_split(void)
{
	check_split("c", c_source, "-O2 -gdwarf-5", "-gsplit-dwarf", NULL);
	check_split("c", c_source, "-O2 -gdwarf-4", "-gsplit-dwarf", NULL);
	check_split("c++", cxx_source, "-O2 -gdwarf-4 -Wl,--no-as-needed -lstdc++", "-gsplit-dwarf",
		    NULL);
}

static void test_package(void)
{
	if (!have_command("dwp"))
		case_skip("no dwp");
	check_split("c", c_source, "-O2 -gdwarf-4", "-gsplit-dwarf", "dwp");
}

/*
 * As clang writes it: packers crash on what gcc writes, or do not end. Nor does addr2line know
 * how to read it; that the program is the same, split or not, is what we can say.
 */
static void test_package_5(void)
{
	const char *program = keep_path("program"), *whole = keep_path("whole");
	const char *answers = keep_path("answers"), *should = keep_path("should");
	char *directory = strndup(program, (size_t)(strrchr(program, '/') - program));

	if (!have_command("clang") || !have_command("llvm-dwp"))
		case_skip("no clang, or no llvm-dwp");
	temp_write(keep_path("program.c"), c_source, strlen(c_source));
	CHECK(shell("cd '%s' && clang -O2 -gdwarf-5 program.c -o whole", directory) == 0);
	CHECK(shell("cd '%s' && clang -O2 -gdwarf-5 -gsplit-dwarf program.c -o program && "
		    "timeout 20 llvm-dwp program.dwo -o program.dwp && rm program.dwo",
		    directory) == 0);
	CHECK(answer_all(whole, whole, should) > 20);
	CHECK(answer_all(program, whole, answers) > 20);
	CHECK(shell("cmp '%s' '%s'", should, answers) == 0);
	free(directory);
}

static void test_debug_file(void)
{
	const char *program = keep_path("program"), *whole = keep_path("whole");

	compile(program, "c", c_source, "-O2 -gdwarf-5");
	CHECK(shell("cp '%s' '%s' && objcopy --only-keep-debug '%s' '%s.debug' && "
		    "objcopy --strip-debug --add-gnu-debuglink='%s.debug' '%s'",
		    program, whole, program, program, program, program) == 0);
	CHECK(compare(program, whole) > 20);
}

/* Of two programs, what they have in common is moved to a third file. */
static void test_alternate(void)
{
	const char *program = keep_path("program"), *twin = keep_path("twin"),
		   *whole = keep_path("whole");

	if (!have_command("dwz"))
		case_skip("no dwz");
	compile(twin, "c++", cxx_source, "-O2 -gdwarf-4 -Wl,--no-as-needed -lstdc++");
	compile(program, "c++", cxx_source, "-O2 -gdwarf-4 -Wl,--no-as-needed -lstdc++");
	CHECK(shell("cp '%s' '%s'", program, whole) == 0);
	CHECK(shell("dwz -m '%s' '%s' '%s'", temp_path("common"), program, twin) == 0);
	CHECK(shell("readelf -SW '%s' | grep -q gnu_debugaltlink", program) == 0);
	CHECK(compare(program, whole) > 20);
}

static void test_cxx(void)
{
	/* version 4: addr2line takes the wrong file for some lines of 5 */
	check("c++", cxx_source, "-O2 -gdwarf-4 -Wl,--no-as-needed -lstdc++");
}

static void test_cxx_unoptimized(void)
{
	const char *output = temp_path("program");

	compile(output, "c++", cxx_source, "-O0 -gdwarf-4 -Wl,--no-as-needed -lstdc++");
	compare(output, output);
}

/* --- hostile files -----------------------------------------------------------------------------
 */

static void drop_answer(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	size_t *frames = context;

	(void)index;
	for (size_t i = 0; i < count; i++)
		*frames += (symbols[i].name ? strlen(symbols[i].name) : 1) +
			   (symbols[i].file ? strlen(symbols[i].file) : 0);
}

static void use_file(const char *path)
{
	struct images *images = images_new();
	const struct image *image = open_image(images, path);
	uint64_t vaddrs[512];
	size_t frames = 0, count = 0;

	for (size_t i = 0; i < image->segment_count; i++)
		for (uint64_t off = 0; off < image->segments[i].file_size && count < 512; off += 7)
			vaddrs[count++] = image->segments[i].vaddr + off;
	if (count)
		qsort(vaddrs, count, sizeof(*vaddrs), compare_vaddrs);
	symbolize_batch(image, vaddrs, count, &(struct symbolize_options){ 0 }, drop_answer,
			&frames);
	images_free(&images);
}

/* Where the DWARF sections are: the harm is done there. */
static size_t find_debug(const char *path, uint64_t offs[16], uint64_t sizes[16])
{
	size_t count = 0;
	FILE *list;

	CHECK(shell("readelf -SW '%s' | sed 's/^ *\\[ *[0-9]*\\] *//' | "
		    "awk '/^[.]debug_/ { print $4, $5 }' >'%s'",
		    path, temp_path("sections")) == 0);
	list = fopen(temp_path("sections"), "r");
	CHECK(list);
	while (count < 16 && fscanf(list, "%lx %lx", &offs[count], &sizes[count]) == 2)
		count++;
	fclose(list);
	return count;
}

static void mutate(const char *flags, int rounds)
{
	const char *whole = keep_path("whole"), *broken = keep_path("broken");
	uint64_t seed = 20251121, offs[16], sizes[16];
	size_t bytes, sections;
	char *good, *bad;

	if (!have_command("readelf"))
		case_skip("no readelf");
	compile(whole, "c", c_source, flags);
	good = file_read(whole, &bytes);
	sections = find_debug(whole, offs, sizes);
	CHECK(sections > 4);
	bad = malloc(bytes);
	CHECK(bad);
	for (int round = 0; round < rounds; round++) {
		uint64_t changes = 1 + random_next(&seed) % 6;

		memcpy(bad, good, bytes);
		while (changes--) {
			size_t in = random_next(&seed) % sections;
			uint64_t at = offs[in] + random_next(&seed) % sizes[in];
			uint64_t kind = random_next(&seed) % 4;

			CHECK(at < bytes);
			bad[at] = (char)(kind == 0   ? 0xff
					 : kind == 1 ? 0
					 : kind == 2 ? bad[at] ^ (1 << random_next(&seed) % 8)
						     : (char)random_next(&seed));
		}
		temp_write(broken, bad, bytes);
		use_file(broken);
	}
	for (size_t cut = offs[0]; cut < bytes; cut += 211) {
		temp_write(broken, good, cut);
		use_file(broken);
	}
	free(good);
	free(bad);
}

static void test_mutations(void)
{
	mutate("-O2 -gdwarf-5", 1500);
	mutate("-O2 -gdwarf-4", 1500);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_dwarf: version 5", test_version_5 },
		{ "sym_dwarf: version 4, not relocatable", test_version_4 },
		{ "sym_dwarf: version 3", test_version_3 },
		{ "sym_dwarf: functions in sections of their own, some thrown away",
		  test_sections },
		{ "sym_dwarf: compressed", test_compressed },
		{ "sym_dwarf: the 64 bit format", test_64_bit_format },
		{ "sym_dwarf: split off", test_split },
		{ "sym_dwarf: split off, in a package", test_package },
		{ "sym_dwarf: split off, in a package of version 5", test_package_5 },
		{ "sym_dwarf: in a debug file", test_debug_file },
		{ "sym_dwarf: partly in an alternate file", test_alternate },
		{ "sym_dwarf: C++", test_cxx },
		{ "sym_dwarf: C++, not optimized", test_cxx_unoptimized },
		{ "sym_dwarf: broken in every place", test_mutations },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
