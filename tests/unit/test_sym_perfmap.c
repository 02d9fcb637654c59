// SPDX-License-Identifier: MIT
/* Names from perf maps: the rules on hand-made text, hostile text, and random text by a model. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "image_jit.h"
#include "symsource.h"

static int text_fd(const char *text, size_t bytes)
{
	int fd = memfd_create("perfmap", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes);
	return fd;
}

/* The source opened on `text` as if it were a process's perf map. False: it refused. */
static bool open_text(struct opened_source *opened, const char *text, size_t bytes)
{
	struct image image = { .kind = IMAGE_JIT, .path = "/tmp/perf-1.map", .size = bytes };
	bool is_open;

	image.fd = text_fd(text, bytes);
	is_open = source_open(opened, &sym_perfmap_source, &image) == 0;
	close(image.fd);
	return is_open;
}

struct expected {
	uint64_t address;
	const char *name;
};

static void check_names(const char *text, size_t bytes, const struct expected *expected,
			size_t count)
{
	struct opened_source opened;

	CHECK(open_text(&opened, text, bytes));
	for (size_t i = 0; i < count; i++) {
		const char *is = source_name(&opened, expected[i].address);

		if (strcmp(is, expected[i].name) != 0)
			case_fail(__FILE__, __LINE__, "at %#llx: \"%s\", should be \"%s\"",
				  (unsigned long long)expected[i].address, is, expected[i].name);
	}
	source_close(&opened);
}

/* Text with NUL bytes in it, but for the last; and what it should say. */
#define CHECK_NAMES(text, ...)                                                                     \
	check_names(text, sizeof(text) - 1, (const struct expected[]){ __VA_ARGS__ },              \
		    sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

static void test_lines(void)
{
	CHECK_NAMES("1000 10 LazyCompile:*busy /tmp/a b.js:1:2\n"
		    "0x00007f0000002000 0x0000000000000020 void Main.run(int)\n"
		    "7f0000003000 b py::busy:/tmp/a b.py\n"
		    "ABCDEF000 Ff upper\n"
		    "900 8 \x1b[31mred\r\n"
		    "\t 3000\t10  blanks \n"
		    "800 10 no newline",
		    { 0xfff, "" }, { 0x1000, "LazyCompile:*busy /tmp/a b.js:1:2" },
		    { 0x100f, "LazyCompile:*busy /tmp/a b.js:1:2" }, { 0x1010, "" },
		    { 0x7f0000002000, "void Main.run(int)" },
		    { 0x7f000000201f, "void Main.run(int)" }, { 0x7f0000002020, "" },
		    { 0x7f000000300a, "py::busy:/tmp/a b.py" }, { 0x7f000000300b, "" },
		    { 0xabcdef000, "upper" }, { 0xabcdef0fe, "upper" }, { 0xabcdef0ff, "" },
		    { 0x907, "\x1b[31mred\r" }, { 0x908, "" }, { 0x3000, "" },
		    { 0x80f, "no newline" });
}

static void test_malformed(void)
{
	CHECK_NAMES("\n \n1000\n1000 \n1000 10\n1000 10 \n1000  10\t\nxyz 10 a\n1000 xyz b\n"
		    "-1000 10 c\n1000 10x d\n0x 10 e\n1000 0x f\n1000,10,g\n: 10 h\n1000 ;f i\n"
		    "1000 0 empty\n"
		    "10000000000001000 10 of 68 bits\n"
		    "ffffffffffffff00 101 beyond the end\n"
		    "1000 ffffffffffffffff wraps\n"
		    "2000 10 good\n"
		    "ffffffffffffff00 ff to the end\n"
		    "4000 10 \0no name\n"
		    "5000\0 10 no blank\n"
		    "6000 10 cut\0here\n"
		    "\0\0\0\n"
		    "00000000000000000000007000 10 zeros\n",
		    { 0, "" }, { 0x1000, "" }, { 0x100f, "" }, { 0x2000, "good" },
		    { 0xfffffffffffffffe, "to the end" }, { 0xffffffffffffffff, "" },
		    { 0x4000, "" }, { 0x5000, "" }, { 0x6000, "cut" }, { 0x7000, "zeros" });
}

/* Memory is used again: the later line has what both cover, the earlier keeps the rest. */
static void test_overlap(void)
{
	CHECK_NAMES("2000 1000 b\n"
		    "1000 800 a\n"
		    "2400 100 inside b\n"
		    "1700 a00 over a and b\n"
		    "5000 100 hidden\n"
		    "4f00 300 hides\n"
		    "6000 10 old\n"
		    "6000 10 new\n",
		    { 0x1000, "a" }, { 0x16ff, "a" }, { 0x1700, "over a and b" },
		    { 0x20ff, "over a and b" }, { 0x2100, "b" }, { 0x23ff, "b" },
		    { 0x2400, "inside b" }, { 0x24ff, "inside b" }, { 0x2500, "b" },
		    { 0x2fff, "b" }, { 0x3000, "" }, { 0x5080, "hides" }, { 0x51ff, "hides" },
		    { 0x5200, "" }, { 0x6000, "new" });
}

static void test_long(void)
{
	size_t bytes = 3 << 20;
	char *text = malloc(bytes);
	struct opened_source opened;

	/* a line of blanks, one whose name does not end, and one behind it */
	memset(text, ' ', bytes);
	memcpy(text, "1000 10", 7);
	text[1 << 20] = '\n';
	memset(text + (1 << 20) + 1, 'n', 1 << 20);
	memcpy(text + (1 << 20) + 1, "2000 10 ", 8);
	text[2 << 20] = '\n';
	memset(text + (2 << 20) + 1, '0', 1 << 19);
	memcpy(text + bytes - 14, "\n3000 10 last\n", 14);
	CHECK(open_text(&opened, text, bytes));
	CHECK(!*source_name(&opened, 0x1000));
	CHECK(strlen(source_name(&opened, 0x2000)) == IMAGE_JIT_NAME_MAX);
	CHECK_STRING(source_name(&opened, 0x3000), "last");
	source_close(&opened);
	free(text);
}

/* Of a file that is larger than the bound what lies behind is not read; it may also shrink. */
static void test_bounds(void)
{
	static const char first[] = "1000 10 first\n", second[] = "\n2000 10 second\n";
	struct image image = { .kind = IMAGE_JIT, .path = "/tmp/perf-1.map" };
	struct opened_source opened;

	image.fd = text_fd(first, sizeof(first) - 1);
	CHECK(pwrite(image.fd, second, sizeof(second) - 1, (off_t)IMAGE_JIT_BYTES_MAX - 1) ==
	      (ssize_t)sizeof(second) - 1);
	image.size = IMAGE_JIT_BYTES_MAX + sizeof(second) - 2;
	CHECK(source_open(&opened, &sym_perfmap_source, &image) == 0);
	CHECK_STRING(source_name(&opened, 0x1000), "first");
	CHECK_STRING(source_name(&opened, 0x2000), "");
	source_close(&opened);
	CHECK(ftruncate(image.fd, sizeof(first) - 1) == 0);
	image.size = 1 << 20;
	CHECK(source_open(&opened, &sym_perfmap_source, &image) == 0);
	CHECK_STRING(source_name(&opened, 0x1000), "first");
	source_close(&opened);
	close(image.fd);
}

static void test_nothing(void)
{
	struct image image = { .kind = IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1 };
	struct opened_source opened;

	CHECK(source_open(&opened, &sym_perfmap_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
	image.kind = IMAGE_FILE;
	image.fd = 0;
	CHECK(source_open(&opened, &sym_perfmap_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
	CHECK(!open_text(&opened, "", 0) && !opened.state);
	source_close(&opened);
	CHECK(!open_text(&opened, "1000 0 a\n", 9) && !opened.state);
	source_close(&opened);
}

/* As many lines as there may be, each over the others; nothing that is slow. */
static void test_many(void)
{
	size_t lines = IMAGE_JIT_CODES_MAX + 10, bytes = 0;
	char last[] = { 'a' + (char)((IMAGE_JIT_CODES_MAX - 1) % 26), '\0' };
	char *text = malloc(lines * 16);
	struct opened_source opened;

	for (size_t i = 0; i < lines; i++)
		bytes += (size_t)sprintf(text + bytes, "%zx %zx %c\n", i + 1, 2 * (lines - i),
					 'a' + (char)(i % 26));
	CHECK(open_text(&opened, text, bytes));
	CHECK_STRING(source_name(&opened, 1), "a");
	CHECK_STRING(source_name(&opened, 2), "b");
	CHECK_STRING(source_name(&opened, IMAGE_JIT_CODES_MAX), last);
	/* those behind it would have this one */
	CHECK_STRING(source_name(&opened, IMAGE_JIT_CODES_MAX + 5), last);
	source_close(&opened);
	free(text);
}

/* Random lines, painted one after the other over an array. */
static void test_model(void)
{
	enum { SPACE = 200, LINES = 60 };
	uint64_t seed = 11;

	for (int round = 0; round < 300; round++) {
		char text[LINES * 24], model[SPACE] = { 0 };
		size_t bytes = 0;
		struct opened_source opened;

		for (int i = 0; i < 1 + round % LINES; i++) {
			unsigned int start = (unsigned int)(random_next(&seed) % (SPACE - 1));
			unsigned int size =
				1 + (unsigned int)(random_next(&seed) % (SPACE - start));
			char name = (char)('A' + random_next(&seed) % 26);

			if (size > 20 && random_next(&seed) % 4)
				size = size % 20 + 1;
			bytes += (size_t)sprintf(text + bytes, "%x %x %c\n", start, size, name);
			memset(model + start, name, size);
		}
		CHECK(open_text(&opened, text, bytes));
		for (unsigned int at = 0; at < SPACE; at++) {
			const char *name = source_name(&opened, at);

			if (*name != model[at])
				case_fail(__FILE__, __LINE__, "round %d: %u is '%c', not '%c'",
					  round, at, *name ? *name : '-',
					  model[at] ? model[at] : '-');
		}
		source_close(&opened);
	}
}

static void test_broken(void)
{
	static const char good[] = "1000 10 one\n1008 20 two\n0x1000 0x7 three\nfff 2 four\n";
	struct opened_source opened;
	uint64_t seed = 5;

	for (size_t cut = 0; cut < sizeof(good); cut++) {
		open_text(&opened, good, cut);
		source_close(&opened);
	}
	for (int round = 0; round < 3000; round++) {
		char text[sizeof(good)];

		memcpy(text, good, sizeof(text));
		for (int i = 0; i < 4; i++)
			text[random_next(&seed) % sizeof(text)] = (char)random_next(&seed);
		if (open_text(&opened, text, sizeof(text)))
			for (uint64_t at = 0xff0; at < 0x1040; at++)
				source_name(&opened, at);
		source_close(&opened);
	}
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_perfmap: lines", test_lines },
		{ "sym_perfmap: lines that are none", test_malformed },
		{ "sym_perfmap: memory used again", test_overlap },
		{ "sym_perfmap: long lines and names", test_long },
		{ "sym_perfmap: bounds of the file", test_bounds },
		{ "sym_perfmap: nothing to read", test_nothing },
		{ "sym_perfmap: many lines", test_many },
		{ "sym_perfmap: random lines, by a model", test_model },
		{ "sym_perfmap: broken text", test_broken },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
