// SPDX-License-Identifier: MIT
/* Names from ELF symbol tables: the rules on hand-made files, and every function of real ones
 * against nm. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "image.h"
#include "symbolize.h"

/* --- hand-made files -------------------------------------------------------------------------- */

/* The comments are offsets from the start of .text.a. */
static const char rules_source[] =
	"	.section .text.a, \"ax\", @progbits\n"
	"	.globl base\n"
	"	.type base, @function\n"
	"base:	.skip 16, 0x90\n" /* 0x00 */
	"	.size base, 16\n"
	"	.skip 16, 0x90\n" /* 0x10: a gap behind a sized symbol */
	"	.globl outer\n"
	"	.type outer, @function\n"
	"outer:	.skip 16, 0x90\n" /* 0x20 */
	"	.type inner, @function\n"
	"inner:	.skip 8, 0x90\n" /* 0x30, nested */
	"	.size inner, 8\n"
	"label_in_outer:\n" /* 0x38: unsized, inside a sized one */
	"	.skip 24, 0x90\n"
	"	.size outer, 48\n" /* to 0x50 */
	"	.type left, @function\n"
	"left:	.skip 8, 0x90\n" /* 0x50 */
	"	.type right, @function\n"
	"right:	.skip 8, 0x90\n"  /* 0x58 */
	"	.size left, 16\n" /* overlaps right's first half */
	"	.skip 8, 0x90\n"
	"	.size right, 16\n" /* to 0x68 */
	"	.skip 8, 0x90\n"
	"	.globl public_name\n"
	"	.weak weak_one\n"
	"	.type public_name, @function\n"
	"	.type weak_one, @function\n"
	"	.type l, @function\n"
	"	.globl public_longer_name\n"
	"	.type public_longer_name, @function\n"
	"	.globl public_nama\n"
	"	.type public_nama, @function\n"
	"public_name:\n" /* 0x70: aliases */
	"public_longer_name:\n"
	"public_nama:\n"
	"weak_one:\n"
	"l:	.skip 16, 0x90\n"
	"	.size public_name, 16\n"
	"	.size public_longer_name, 16\n"
	"	.size public_nama, 16\n"
	"	.size weak_one, 16\n"
	"	.size l, 16\n"
	"hand_written:\n" /* 0x80: unsized, reaches to the next symbol */
	"	.skip 16, 0x90\n"
	"	.type data_in_text, @object\n"
	"data_in_text: .skip 16, 0x90\n" /* 0x90: names no code, ends no range */
	"	.size data_in_text, 16\n"
	"	.type entry, @function\n"
	"	.type whole, @function\n"
	"entry:\n" /* 0xa0: the same start, two sizes */
	"whole:	.skip 16, 0x90\n"
	"	.size entry, 8\n"
	"	.size whole, 16\n"
	"	.type too_long, @function\n"
	"too_long: .skip 8, 0x90\n" /* 0xb0: its size goes beyond the section */
	"last:	.skip 8, 0x90\n"    /* 0xb8 */
	"	.size too_long, 4096\n"
	"	.section .text.b, \"ax\", @progbits\n"
	"	.balign 64\n"
	"tail:	.skip 32, 0x90\n" /* unsized, to the section's end */
	"	.data\n"
	"	.type not_code, @function\n"
	"not_code: .skip 16\n"
	"	.size not_code, 16\n";

static const char rules_script[] = "SECTIONS {\n"
				   "  . = 0x10000;\n"
				   "  .text.a : { *(.text.a) }\n"
				   "  .text.b : { *(.text.b) }\n"
				   "  . = 0x20000;\n"
				   "  .data : { *(.data) }\n"
				   "}\n";

struct expected {
	unsigned int off;
	const char *name;
};

/* Compiles the rules, with .text.a at 0x10000, and opens them. */
static struct opened_source open_rules(struct images *images)
{
	const char *script = temp_path("rules.ld"), *output = temp_path("rules");
	char flags[600];
	struct opened_source opened;

	temp_write(script, rules_script, sizeof(rules_script) - 1);
	snprintf(flags, sizeof(flags),
		 "-nostdlib -static -no-pie -Wl,--build-id=none,-e,base,-T,'%s'", script);
	compile(output, "assembler", rules_source, flags);
	CHECK(source_open(&opened, &sym_symtab_source, open_image(images, output)) == 0);
	return opened;
}

static void test_rules(void)
{
	static const struct expected expected[] = {
		{ 0x00, "base" },
		{ 0x0f, "base" },
		{ 0x10, "" },
		{ 0x1f, "" },
		{ 0x20, "outer" },
		{ 0x2f, "outer" },
		{ 0x30, "inner" },
		{ 0x37, "inner" },
		{ 0x38, "outer" },
		{ 0x4f, "outer" },
		{ 0x50, "left" },
		{ 0x57, "left" },
		{ 0x58, "right" },
		{ 0x67, "right" },
		{ 0x68, "" },
		{ 0x6f, "" },
		{ 0x70, "public_nama" },
		{ 0x7f, "public_nama" },
		{ 0x80, "hand_written" },
		{ 0x9f, "hand_written" },
		{ 0xa0, "entry" },
		{ 0xa7, "entry" },
		{ 0xa8, "whole" },
		{ 0xaf, "whole" },
		{ 0xb0, "too_long" },
		{ 0xb8, "too_long" },
		{ 0xbf, "too_long" },
		{ 0xc0, "tail" },
		{ 0xdf, "tail" },
		{ 0xe0, "" },
		{ 0x10000, "" },
	};
	struct images *images = images_new();
	struct opened_source opened = open_rules(images);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const char *is = source_name(&opened, 0x10000 + expected[i].off);

		if (strcmp(is, expected[i].name) != 0)
			case_fail(__FILE__, __LINE__, "at %#x: \"%s\", should be \"%s\"",
				  expected[i].off, is, expected[i].name);
	}
	CHECK_STRING(source_name(&opened, 0), "");
	CHECK_STRING(source_name(&opened, UINT64_MAX), "");
	source_close(&opened);
	images_free(&images);
}

/*
 * One table of each type: a file that tells of the same table a thousand times must not have it
 * read a thousand times. Here .data becomes a .symtab with the null symbol alone.
 */
static void test_second_symtab(void)
{
	struct images *images = images_new();
	const char *output = temp_path("rules_twice");
	struct opened_source opened = open_rules(images);
	Elf64_Shdr headers[64], *symtab = NULL, *data = NULL;
	Elf64_Ehdr elf;
	size_t bytes;
	char *file;

	source_close(&opened);
	file = file_read(temp_path("rules"), &bytes);
	memcpy(&elf, file, sizeof(elf));
	CHECK(elf.e_shnum <= 64 && elf.e_shoff + elf.e_shnum * sizeof(headers[0]) <= bytes);
	memcpy(headers, file + elf.e_shoff, elf.e_shnum * sizeof(headers[0]));
	for (int i = 0; i < elf.e_shnum; i++) {
		if (headers[i].sh_type == SHT_SYMTAB)
			symtab = &headers[i];
		else if (headers[i].sh_type == SHT_PROGBITS &&
			 !(headers[i].sh_flags & SHF_EXECINSTR))
			data = &headers[i];
	}
	CHECK(symtab && data);
	CHECK(data < symtab);
	*data = *symtab;
	data->sh_size = sizeof(Elf64_Sym);
	memcpy(file + elf.e_shoff, headers, elf.e_shnum * sizeof(headers[0]));
	temp_write(output, file, bytes);
	CHECK(source_open(&opened, &sym_symtab_source, open_image(images, output)) == -ENOENT);
	source_close(&opened);
	free(file);
	images_free(&images);
}

/* Without .symtab the static functions are not listed: what is unsized must not swallow them. */
static void test_dynsym_unsized(void)
{
	static const char source[] = "	.text\n"
				     "	.globl sized, unsized\n"
				     "	.type sized, @function\n"
				     "	.type unsized, @function\n"
				     "sized:	.skip 16, 0x90\n"
				     "	.size sized, 16\n"
				     "unsized: .skip 16, 0x90\n"
				     "hidden:	.skip 16, 0x90\n";
	const char *output = temp_path("dyn.so");
	struct images *images = images_new();
	const struct image *image;
	char *text, *at;
	uint64_t base;
	struct opened_source opened;

	compile(output, "assembler", source, "-shared -nostdlib -s");
	CHECK(shell("nm -D '%s' > '%s'", output, temp_path("dyn.nm")) == 0);
	text = file_read(temp_path("dyn.nm"), NULL);
	at = strstr(text, " T sized");
	CHECK(at && at - text >= 16);
	base = strtoull(at - 16, NULL, 16);
	free(text);
	image = open_image(images, output);
	CHECK(source_open(&opened, &sym_dynsym_source, image) == 0);
	CHECK_STRING(source_name(&opened, base), "sized");
	CHECK_STRING(source_name(&opened, base + 15), "sized");
	CHECK_STRING(source_name(&opened, base + 16), "");
	CHECK_STRING(source_name(&opened, base + 32), "");
	source_close(&opened);
	images_free(&images);
}

/* Linkers differ in whether .symtab's names hold the version. */
static void test_versions(void)
{
	static const char source[] = "	.text\n"
				     "	.globl _start\n"
				     "	.type _start, @function\n"
				     "	.type call, @function\n"
				     "_start: .skip 16, 0x90\n"
				     "	.size _start, 16\n"
				     "call:	.skip 16, 0x90\n"
				     "	.size call, 16\n";
	const char *output = temp_path("version");
	struct images *images = images_new();
	const struct image *image;
	struct opened_source opened;

	if (!have_command("objcopy"))
		case_skip("no objcopy");
	compile(output, "assembler", source, "-nostdlib -static -no-pie -Wl,-Ttext=0x10000");
	CHECK(shell("objcopy --redefine-sym _start=start@V_1 --redefine-sym call=call@@V_2 '%s'",
		    output) == 0);
	CHECK(shell("grep -q call@@V_2 '%s'", output) == 0);
	image = open_image(images, output);
	CHECK(source_open(&opened, &sym_symtab_source, image) == 0);
	CHECK_STRING(source_name(&opened, 0x10000), "start");
	CHECK_STRING(source_name(&opened, 0x10010), "call");
	source_close(&opened);
	images_free(&images);
}

/* --- real files against nm -------------------------------------------------------------------- */

struct nm_symbol {
	uint64_t start, end;
	const char *name; /* into the listing, cut at the version */
};

struct nm_list {
	char *text;
	struct nm_symbol *items;
	size_t count;
};

/* Functions with a size, as nm sees them. */
static void nm_read(const char *path, const char *flags, struct nm_list *list)
{
	const char *listing = temp_path("nm");
	size_t room = 0;

	if (!have_command("nm"))
		case_skip("no nm");
	CHECK(shell("nm %s -S --defined-only '%s' 2>/dev/null | grep -v '^[^ ]* [^ ]* [^ ]*$' > "
		    "'%s'",
		    flags, path, listing) <= 1);
	list->text = file_read(listing, NULL);
	list->items = NULL;
	list->count = 0;
	for (char *line = strtok(list->text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long long start, bytes;
		char *name;
		char type;
		int at;

		if (sscanf(line, "%llx %llx %c %n", &start, &bytes, &type, &at) != 3 || !bytes ||
		    !strchr("TtWwi", type))
			continue;
		name = line + at;
		name[strcspn(name, "@")] = '\0';
		if (list->count == room) {
			room = room ? room * 2 : 4096;
			list->items = realloc(list->items, room * sizeof(*list->items));
			CHECK(list->items);
		}
		list->items[list->count++] = (struct nm_symbol){ start, start + bytes, name };
	}
}

static void nm_free(struct nm_list *list)
{
	free(list->text);
	free(list->items);
}

static int compare_nm(const void *a, const void *b)
{
	const struct nm_symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Does one of nm's symbols that hold the address bear this name? Looks `reach` back at most. */
static bool nm_agrees(const struct nm_list *list, uint64_t vaddr, const char *name, uint64_t reach,
		      bool *ret_inside)
{
	size_t low = 0, high = list->count;
	bool agrees = false;

	*ret_inside = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- > 0 && vaddr - list->items[low].start < reach) {
		const struct nm_symbol *symbol = &list->items[low];

		if (vaddr >= symbol->end)
			continue;
		*ret_inside = true;
		agrees |= strcmp(symbol->name, name) == 0;
	}
	return agrees;
}

struct nm_audit {
	const struct nm_list *list;
	const uint64_t *vaddrs;
	uint64_t reach;
	bool *named;
	size_t wrong;
	char first_wrong[300];
};

static void audit_name(void *context, size_t index, const struct symbol *names, size_t count)
{
	struct nm_audit *audit = context;
	bool inside;

	audit->named[index] = true;
	if (count == 1 &&
	    nm_agrees(audit->list, audit->vaddrs[index], names[0].name, audit->reach, &inside))
		return;
	if (!audit->wrong++)
		snprintf(audit->first_wrong, sizeof(audit->first_wrong), "%#llx \"%s\"",
			 (unsigned long long)audit->vaddrs[index], names[0].name);
}

/*
 * First, middle and last byte of every function, and the bytes before and behind it: named as
 * nm says, or not at all where nm knows nothing. Demangling is off the path: C files only.
 */
static void audit_against_nm(const char *path, const char *nm_flags)
{
	struct images *images = images_new();
	const struct image *image = open_image(images, path);
	struct nm_list list;
	struct nm_audit audit = { .list = &list };
	size_t count = 0, unique = 0, missing = 0;
	uint64_t *vaddrs;

	CHECK(image->fd >= 0);
	sym_files_set_debug_root("/nonexistent"); /* nm reads the file itself alone */
	nm_read(path, nm_flags, &list);
	if (list.count < 10)
		case_skip("%s has no symbols of this kind", path);
	qsort(list.items, list.count, sizeof(*list.items), compare_nm);
	vaddrs = calloc(5 * list.count, sizeof(*vaddrs));
	audit.named = calloc(5 * list.count, sizeof(*audit.named));
	CHECK(vaddrs && audit.named);
	for (size_t i = 0; i < list.count; i++) {
		uint64_t start = list.items[i].start, end = list.items[i].end;

		if (end - start > audit.reach)
			audit.reach = end - start;
		vaddrs[count++] = start;
		vaddrs[count++] = start + (end - start) / 2;
		vaddrs[count++] = end - 1;
		vaddrs[count++] = start - 1;
		vaddrs[count++] = end;
	}
	qsort(vaddrs, count, sizeof(*vaddrs), compare_vaddrs);
	for (size_t i = 0; i < count; i++)
		if (!unique || vaddrs[unique - 1] != vaddrs[i])
			vaddrs[unique++] = vaddrs[i];
	audit.vaddrs = vaddrs;
	symbolize_batch(image, vaddrs, unique, &(struct symbolize_options){ 0 }, audit_name,
			&audit);
	for (size_t i = 0; i < unique; i++) {
		bool inside;

		nm_agrees(&list, vaddrs[i], "", audit.reach, &inside);
		missing += inside && !audit.named[i];
	}
	printf("%s: %zu functions, %zu addresses\n", path, list.count, unique);
	if (audit.wrong || missing)
		case_fail(__FILE__, __LINE__, "%s: %zu wrong (%s), %zu without a name", path,
			  audit.wrong, audit.first_wrong, missing);
	free(vaddrs);
	free(audit.named);
	nm_free(&list);
	images_free(&images);
}

static void test_libc(void)
{
	const char *path = "/lib/x86_64-linux-gnu/libc.so.6";

	if (access(path, R_OK))
		case_skip("no %s", path);
	audit_against_nm(path, "-D");
}

static void test_bash(void)
{
	if (access("/bin/bash", R_OK))
		case_skip("no /bin/bash");
	audit_against_nm("/bin/bash", "-D");
}

/* Only unsized symbols may add names to those of nm -S: C code that has none. */
static void test_symtab(void)
{
	static const char source[] =
		"#define F(n) __attribute__((noinline)) static int s##n(int x) { return x * n + 1; "
		"}"
		" int g##n(int x); int g##n(int x) { return s##n(x) + n; }\n"
		"#define G(n) F(n##0) F(n##1) F(n##2) F(n##3) F(n##4) F(n##5) F(n##6) F(n##7)\n"
		"G(1) G(2) G(3) G(4) G(5) G(6) G(7) G(8) G(9)\n";
	const char *output = temp_path("many.so");

	compile(output, "c", source, "-O1 -shared -fPIC -nostdlib");
	audit_against_nm(output, "");
}

static void test_vdso(void)
{
	struct images *images = images_new();
	const struct image *image = images_get(images, 1, &no_file, "[vdso]");
	const char *path = temp_path("vdso");
	char *bytes;

	if (image->fd < 0)
		case_skip("no vdso: %s", image->why);
	bytes = calloc(1, image->size);
	CHECK(bytes && pread(image->fd, bytes, image->size, 0) == (ssize_t)image->size);
	temp_write(path, bytes, image->size);
	free(bytes);
	images_free(&images);
	CHECK(shell("nm -D '%s' | grep -q clock_gettime", path) == 0);
	audit_against_nm(path, "-D");
}

/* --- hostile files ---------------------------------------------------------------------------- */

static void use_file(const char *path)
{
	struct images *images = images_new();
	const struct image *image = open_image(images, path);
	struct opened_source opened;

	if (source_open(&opened, &sym_symtab_source, image) == 0) {
		for (size_t i = 0; i < image->segment_count; i++) {
			const struct image_segment *segment = &image->segments[i];

			for (uint64_t off = 0; off < segment->file_size && off < 4096; off += 8)
				source_name(&opened, segment->vaddr + off);
		}
	}
	source_close(&opened);
	images_free(&images);
}

static void test_mutations(void)
{
	const char *whole = temp_path("whole"), *broken = temp_path("broken");
	uint64_t seed = 20240229;
	size_t bytes;
	char *good, *bad;

	compile(whole, "c", "int f(int x) { return x; }\nint main(void) { return f(0); }\n",
		"-O1 -w -nostartfiles -Wl,-e,main");
	good = file_read(whole, &bytes);
	bad = malloc(bytes);
	CHECK(bad);
	for (int round = 0; round < 1500; round++) {
		uint64_t changes = 1 + random_next(&seed) % 8;

		memcpy(bad, good, bytes);
		while (changes--) {
			/* Headers, tables and their ends are where the harm is. */
			uint64_t where = random_next(&seed), at = random_next(&seed) % bytes;

			if (where % 4 == 0)
				at %= 64;
			else if (where % 4 == 1)
				at = bytes - 1 - at % 2048;
			bad[at % bytes] = (char)(where % 8 < 3 ? 0xff : random_next(&seed));
		}
		temp_write(broken, bad, bytes);
		use_file(broken);
	}
	for (size_t cut = 0; cut < bytes; cut += cut < 256 ? 1 : 97) {
		temp_write(broken, good, cut);
		use_file(broken);
	}
	free(good);
	free(bad);
}

static void test_no_symbols(void)
{
	const char *output = temp_path("bare");
	struct images *images = images_new();
	struct opened_source opened;

	compile(output, "assembler", "	.globl _start\n_start: ret\n", "-nostdlib -static -s");
	CHECK(source_open(&opened, &sym_symtab_source, open_image(images, output)) < 0);
	CHECK(opened.state == NULL);
	source_close(&opened);
	images_free(&images);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_elf: ranges, nesting, aliases, unsized, section ends", test_rules },
		{ "sym_elf: .dynsym alone does not stretch unsized symbols", test_dynsym_unsized },
		{ "sym_elf: the first table of each type alone is read", test_second_symtab },
		{ "sym_elf: symbol versions are cut off", test_versions },
		{ "sym_elf: libc's functions as nm -D has them", test_libc },
		{ "sym_elf: bash's functions as nm -D has them", test_bash },
		{ "sym_elf: .symtab with static functions as nm has them", test_symtab },
		{ "sym_elf: the vdso's functions as nm -D has them", test_vdso },
		{ "sym_elf: broken and truncated files", test_mutations },
		{ "sym_elf: a file without symbols", test_no_symbols },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
