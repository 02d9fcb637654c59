// SPDX-License-Identifier: MIT
/* Names of kernel functions: the rules on hand-made kallsyms text, and this kernel's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "image.h"
#include "symsource.h"

/* The source opened on `text` as if it were /proc/kallsyms. False: it refused. */
static bool open_text(struct opened_source *opened, const char *text, size_t bytes)
{
	struct image image = { .kind = IMAGE_KERNEL, .path = "[kernel]" };
	bool is_open;

	image.fd = memfd_create("kallsyms", MFD_CLOEXEC);
	CHECK(image.fd >= 0 && write(image.fd, text, bytes) == (ssize_t)bytes);
	is_open = source_open(opened, &sym_kernel_source, &image) == 0;
	close(image.fd);
	return is_open;
}

static const char fixture[] = "0000000000000000 A fixed_percpu_data\n"
			      "0000000000001000 A cpu_debug_store\n"
			      "ffffffff81000000 T startup_64\n"
			      "ffffffff81000000 T _stext\n"
			      "ffffffff81000000 T _text\n"
			      "ffffffff81000000 T __pi__text\n"
			      "ffffffff81000100 t do_one_initcall\n"
			      "ffffffff81000180 D data_ends_it\n"
			      "ffffffff810001c0 W weak_call\n"
			      "ffffffff810001c0 t a\n"
			      "ffffffff81000200 T long_name\n"
			      "ffffffff81000200 T short_b\n"
			      "ffffffff81000200 T short_a\n"
			      "ffffffff81000300 T __sched_text_start\n"
			      "ffffffff81000300 t __schedule\n"
			      "ffffffff81000400 T __sched_text_end\n"
			      "ffffffff81000480 t last_of_text\n"
			      "ffffffff81000500 T _etext\n"
			      "ffffffff81200000 R rodata_far_away\n"
			      "ffffffffc0201f00 t mod_b_last\t[b]\n"
			      "ffffffffc0200000 t mod_a_first\t[a]\n"
			      "ffffffffc0200100 t mod_a_last\t[a]\n"
			      "ffffffffc0201000 t mod_b_first\t[b]\n"
			      "ffffffffc0300ff0 t _RNvNtC6kernel4file4open\t[rusty]\n"
			      "fffffffffffff800 t at_the_top\n";

struct expected {
	uint64_t address;
	const char *name;
};

static void test_rules(void)
{
	static const struct expected expected[] = {
		{ 0, "" },
		{ 0x1000, "" },
		{ 0xffffffff80ffffff, "" },
		{ 0xffffffff81000000, "startup_64" },
		{ 0xffffffff810000ff, "startup_64" },
		{ 0xffffffff81000100, "do_one_initcall" },
		{ 0xffffffff8100017f, "do_one_initcall" },
		{ 0xffffffff81000180, "" },
		{ 0xffffffff810001c0, "weak_call" },
		{ 0xffffffff81000200, "short_a" },
		{ 0xffffffff81000300, "__schedule" },
		{ 0xffffffff810003ff, "__schedule" },
		{ 0xffffffff81000400, "" },
		{ 0xffffffff810004ff, "last_of_text" },
		{ 0xffffffff81000500, "" },
		{ 0xffffffff81100000, "" },
		{ 0xffffffff81200000, "" },
		{ 0xffffffffc02000ff, "mod_a_first" },
		{ 0xffffffffc0200100, "mod_a_last" },
		{ 0xffffffffc0200fff, "mod_a_last" },
		{ 0xffffffffc0201000, "mod_b_first" },
		{ 0xffffffffc0201f00, "mod_b_last" },
		{ 0xffffffffc0201fff, "mod_b_last" },
		{ 0xffffffffc0202000, "" },
		{ 0xffffffffc0300fff, "_RNvNtC6kernel4file4open" },
		{ 0xffffffffc0301000, "" },
		{ 0xfffffffffffff800, "at_the_top" },
		{ 0xffffffffffffff00, "at_the_top" },
	};
	struct opened_source opened;

	CHECK(open_text(&opened, fixture, sizeof(fixture) - 1));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const char *is = source_name(&opened, expected[i].address);

		if (strcmp(is, expected[i].name) != 0)
			case_fail(__FILE__, __LINE__, "at %#llx: \"%s\", should be \"%s\"",
				  (unsigned long long)expected[i].address, is, expected[i].name);
	}
	source_close(&opened);
}

static void test_hidden(void)
{
	static const char text[] = "0000000000000000 T startup_64\n0000000000000000 t b\t[m]\n";
	struct image image = { .kind = IMAGE_KERNEL, .path = "[kernel]", .fd = -1 };
	struct opened_source opened;

	CHECK(!open_text(&opened, text, sizeof(text) - 1) && !opened.state);
	source_close(&opened);
	CHECK(!open_text(&opened, "", 0));
	source_close(&opened);
	CHECK(source_open(&opened, &sym_kernel_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
	image.kind = IMAGE_FILE;
	image.fd = 0;
	CHECK(source_open(&opened, &sym_kernel_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
}

/* Cut anywhere and with bytes changed, the text may name wrongly but harms nobody. */
static void test_broken(void)
{
	char text[sizeof(fixture)];
	struct opened_source opened;
	uint64_t seed = 3;
	bool is_open;

	for (size_t cut = 0; cut < sizeof(fixture); cut++) {
		open_text(&opened, fixture, cut);
		source_close(&opened);
	}
	for (int round = 0; round < 3000; round++) {
		memcpy(text, fixture, sizeof(text));
		for (int i = 0; i < 6; i++)
			text[random_next(&seed) % sizeof(text)] = (char)random_next(&seed);
		is_open = open_text(&opened, text, sizeof(text));
		for (uint64_t off = 0; is_open && off < 0x600; off += 0x40)
			source_name(&opened, 0xffffffff81000000 + off);
		source_close(&opened);
	}
}

struct live_symbol {
	uint64_t address;
	const char *name; /* up to a tab or newline */
	char type;
};

static int compare_live(const void *a, const void *b)
{
	const struct live_symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Does the symbol at `at`, or one of the same address, bear this name? */
static bool live_agrees(const struct live_symbol *list, size_t count, size_t at, const char *name)
{
	size_t length = strlen(name), first = at;

	while (first && list[first - 1].address == list[at].address)
		first--;
	for (; first < count && list[first].address == list[at].address; first++)
		if (strncmp(list[first].name, name, length) == 0 &&
		    strchr("\t\n", list[first].name[length]))
			return true;
	return false;
}

/*
 * This kernel, by a plain reading of the text: the name is that of the nearest symbol below.
 * Modules and BPF programs are left out: they may come and go between the two readings.
 */
static void test_live(void)
{
	struct images *images = images_new();
	const struct image *kernel = images_kernel(images);
	struct live_symbol *list = NULL;
	size_t count = 0, room = 0, named = 0;
	char *text, *next;
	struct opened_source opened;

	if (kernel->fd < 0)
		case_skip("%s", kernel->why);
	CHECK(source_open(&opened, &sym_kernel_source, kernel) == 0);
	text = next = file_read("/proc/kallsyms", NULL);
	while (*next) {
		if (count == room)
			list = realloc(list, (room = room ? 2 * room : 1 << 16) * sizeof(*list));
		CHECK(list);
		list[count] = (struct live_symbol){ strtoull(next, NULL, 16), next + 19, next[17] };
		next = strchr(next, '\n');
		CHECK(next);
		count += !memchr(list[count].name, '\t', (size_t)(next - list[count].name));
		next++;
	}
	qsort(list, count, sizeof(*list), compare_live);
	for (size_t at = 0; at + 1 < count; at++) {
		uint64_t bytes = list[at + 1].address - list[at].address;
		const char *name;

		if (!strchr("tTwW", list[at].type) || !bytes || bytes > 65536)
			continue;
		name = source_name(&opened, list[at].address + at % bytes);
		if (!*name) /* a mark of the linker script */
			continue;
		named++;
		if (!live_agrees(list, count, at, name))
			case_fail(__FILE__, __LINE__, "%#llx is not %s",
				  (unsigned long long)list[at].address, name);
	}
	printf("%zu symbols, %zu of them named\n", count, named);
	CHECK(named > count / 2);
	CHECK_STRING(source_name(&opened, 0xffff800000000000), "");
	free(text);
	free(list);
	source_close(&opened);
	images_free(&images);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_kernel: ranges, marks, modules, aliases", test_rules },
		{ "sym_kernel: hidden addresses and other images", test_hidden },
		{ "sym_kernel: broken text", test_broken },
		{ "sym_kernel: this kernel's own symbols", test_live },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
