// SPDX-License-Identifier: MIT
/* Names from jitdumps: hand-made records, and what is left of them when they are broken. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/sources.h"
#include "image_jit.h"
#include "symsource.h"

enum { LOAD, MOVE, DEBUG_INFO, CLOSE, UNWINDING };

/* A jitdump in the making. */
static unsigned char dump[1 << 16];
static size_t dump_bytes;

static void put32(uint32_t value)
{
	memcpy(dump + dump_bytes, &value, sizeof(value));
	dump_bytes += sizeof(value);
}

static void put64(uint64_t value)
{
	memcpy(dump + dump_bytes, &value, sizeof(value));
	dump_bytes += sizeof(value);
}

static void put_header(uint32_t magic, uint32_t version, uint32_t bytes)
{
	dump_bytes = 0;
	put32(magic);
	put32(version);
	put32(bytes);
	put32(62); /* x86-64 */
	put32(0);
	put32(1234);
	put64(1);
	put64(0);
	memset(dump + dump_bytes, 0xee, bytes - 40);
	dump_bytes += bytes - 40;
}

static void put_record(uint32_t id, size_t bytes)
{
	put32(id);
	put32((uint32_t)(16 + bytes));
	put64(2);
}

/* The name with its end, then as much code. */
static void put_load(uint64_t start, uint64_t size, uint64_t index, const char *name,
		     size_t name_bytes, size_t code_bytes)
{
	put_record(LOAD, 40 + name_bytes + code_bytes);
	put32(1234);
	put32(1235);
	put64(start + 0x1000000); /* where it is in a file, should there be one */
	put64(start);
	put64(size);
	put64(index);
	memcpy(dump + dump_bytes, name, name_bytes);
	memset(dump + dump_bytes + name_bytes, 0xcc, code_bytes);
	dump_bytes += name_bytes + code_bytes;
}

static void put_named(uint64_t start, uint64_t size, uint64_t index, const char *name)
{
	put_load(start, size, index, name, strlen(name) + 1, size < 4096 ? size : 0);
}

static void put_move(uint64_t from, uint64_t to, uint64_t size, uint64_t index)
{
	put_record(MOVE, 48);
	put32(1234);
	put32(1235);
	put64(to);
	put64(from);
	put64(to);
	put64(size);
	put64(index);
}

static void put_begin(void)
{
	put_header(0x4a695444, 1, 40);
}

/* The source opened on the first `bytes` bytes. False: there is no name. */
static bool open_bytes(struct opened_source *opened, size_t bytes)
{
	struct image file = { .kind = IMAGE_JITDUMP, .path = "/tmp/jit-1.dump" };
	struct image image = { .kind = IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1 };
	bool is_open;

	file.fd = memfd_create("jitdump", MFD_CLOEXEC);
	image.dump = &file;
	CHECK(file.fd >= 0 && write(file.fd, dump, bytes) == (ssize_t)bytes);
	is_open = source_open(opened, &sym_jitdump_source, &image) == 0;
	close(file.fd);
	return is_open;
}

static void check_name(struct opened_source *opened, uint64_t address, const char *name)
{
	const char *is = source_name(opened, address);

	if (strcmp(is, name) != 0)
		case_fail(__FILE__, __LINE__, "at %#llx: \"%s\", should be \"%s\"",
			  (unsigned long long)address, is, name);
}

static void test_loads(void)
{
	struct opened_source opened;

	put_header(0x4a695444, 1, 56); /* one that has grown */
	put_record(DEBUG_INFO, 40);
	memset(dump + dump_bytes, 0, 40);
	dump_bytes += 40;
	put_named(0x1000, 0x100, 1, "JS:*busy /tmp/a b.js:1:2");
	put_record(UNWINDING, 24);
	memset(dump + dump_bytes, 0, 24);
	dump_bytes += 24;
	put_named(0x2000, 0x1000, 2, "two");
	put_named(0x2800, 0x10, 3, "over two");
	put_named(0x1ff0, 0x20, 4, "before two");
	put_record(77, 0); /* of some day to come */
	put_named(0x5000, 0, 5, "empty");
	put_named(0xffffffffffffff00, 0x101, 6, "wraps");
	put_named(0xfffffffffffffe00, 0x100, 7, "high");
	put_named(0x6000, 0x10, 8, "");
	put_record(CLOSE, 0);
	CHECK(open_bytes(&opened, dump_bytes));
	check_name(&opened, 0xfff, "");
	check_name(&opened, 0x1000, "JS:*busy /tmp/a b.js:1:2");
	check_name(&opened, 0x10ff, "JS:*busy /tmp/a b.js:1:2");
	check_name(&opened, 0x1100, "");
	check_name(&opened, 0x1ff0, "before two");
	check_name(&opened, 0x200f, "before two");
	check_name(&opened, 0x2010, "two");
	check_name(&opened, 0x280f, "over two");
	check_name(&opened, 0x2810, "two");
	check_name(&opened, 0x5000, "");
	check_name(&opened, 0x6000, "");
	check_name(&opened, 0xfffffffffffffeff, "high");
	check_name(&opened, 0xffffffffffffff00, "");
	source_close(&opened);
}

static void test_moves(void)
{
	struct opened_source opened;

	put_begin();
	put_named(0x1000, 0x100, 5, "five");
	put_named(0x2000, 0x100, 6, "six");
	put_move(0x1000, 0x3000, 0x100, 5);
	put_named(0x1000, 0x80, 7, "in its place");
	put_move(0x3000, 0x4000, 0x100, 5);
	put_move(0x9000, 0x5000, 0x100, 99); /* of which nobody knows */
	put_named(0x8000, 0x10, 5, "another five");
	put_move(0x8000, 0x8100, 0x10, 5);
	put_move(0x2000, 0x4080, 0x100, 6);
	CHECK(open_bytes(&opened, dump_bytes));
	check_name(&opened, 0x1000, "in its place");
	check_name(&opened, 0x1080, "five");
	check_name(&opened, 0x2000, "six");
	check_name(&opened, 0x30ff, "five");
	check_name(&opened, 0x4000, "five");
	check_name(&opened, 0x4080, "six");
	check_name(&opened, 0x417f, "six");
	check_name(&opened, 0x5000, "");
	check_name(&opened, 0x8000, "another five");
	check_name(&opened, 0x8100, "another five");
	source_close(&opened);
}

/* Names that end behind the first look at their record, and those that are too long. */
static void test_long_names(void)
{
	struct opened_source opened;
	static char name[IMAGE_JIT_NAME_MAX + 100];

	memset(name, 'n', sizeof(name));
	put_begin();
	for (size_t length = 440; length < 480; length++) {
		name[length] = '\0';
		put_load(length * 16, 16, length, name, length + 1, length % 3);
		name[length] = 'n';
	}
	name[4999] = '\0';
	put_load(0x10000, 0x10, 1, name, 5000, 0);
	name[4999] = 'n';
	name[sizeof(name) - 1] = '\0';
	put_load(0x20000, 0x10, 2, name, sizeof(name), 0);
	put_load(0x30000, 0x10, 3, name, 5000, 0); /* which does not end in its record */
	put_named(0x40000, 0x10, 4, "behind");
	CHECK(open_bytes(&opened, dump_bytes));
	for (size_t length = 440; length < 480; length++)
		CHECK(strlen(source_name(&opened, length * 16 + 15)) == length);
	CHECK(strlen(source_name(&opened, 0x10000)) == 4999);
	CHECK(strlen(source_name(&opened, 0x20000)) == IMAGE_JIT_NAME_MAX);
	check_name(&opened, 0x30000, "");
	check_name(&opened, 0x40000, "behind");
	source_close(&opened);
}

static void test_not_ours(void)
{
	struct image image = { .kind = IMAGE_JIT, .path = "/tmp/perf-1.map", .fd = -1 };
	struct opened_source opened;

	put_header(0x4454694a, 1, 40); /* of another byte order */
	put_named(0x1000, 0x10, 1, "one");
	CHECK(!open_bytes(&opened, dump_bytes) && !opened.state);
	source_close(&opened);
	put_header(0x4a695444, 2, 40);
	put_named(0x1000, 0x10, 1, "one");
	CHECK(!open_bytes(&opened, dump_bytes) && !opened.state);
	source_close(&opened);
	put_begin();
	CHECK(!open_bytes(&opened, dump_bytes) && !opened.state);
	source_close(&opened);
	CHECK(source_open(&opened, &sym_jitdump_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
	image.kind = IMAGE_JITDUMP;
	CHECK(source_open(&opened, &sym_jitdump_source, &image) == -ENOENT && !opened.state);
	source_close(&opened);
}

/* What its process has not written yet is missing; what came before is there. */
static void test_cut(void)
{
	struct opened_source opened;
	size_t one, two;

	put_begin();
	put_named(0x1000, 0x100, 1, "one");
	one = dump_bytes - 0x100; /* the name's end: code need not be there */
	put_named(0x2000, 0x100, 2, "two");
	two = dump_bytes - 0x100;
	for (size_t cut = 0; cut <= dump_bytes; cut++) {
		CHECK(open_bytes(&opened, cut) == (cut >= one));
		if (cut >= one) {
			check_name(&opened, 0x10ff, "one");
			check_name(&opened, 0x2000, cut >= two ? "two" : "");
		}
		source_close(&opened);
	}
}

static void test_broken(void)
{
	static unsigned char good[4096];
	struct opened_source opened;
	uint64_t seed = 9;
	size_t bytes;

	put_begin();
	put_named(0x1000, 0x40, 1, "one");
	put_named(0x1020, 0x40, 2, "two");
	put_move(0x1000, 0x1100, 0x40, 1);
	put_named(0x1000, 0x10, 3, "three");
	put_move(0x1020, 0x1080, 0x40, 2);
	bytes = dump_bytes;
	memcpy(good, dump, bytes);
	for (int round = 0; round < 5000; round++) {
		memcpy(dump, good, bytes);
		for (int i = 0; i < 4; i++)
			dump[12 + random_next(&seed) % (bytes - 12)] =
				random_next(&seed) % 3 ? (unsigned char)random_next(&seed) : 0xff;
		if (open_bytes(&opened, bytes))
			for (uint64_t at = 0xff0; at < 0x1150; at += 3)
				source_name(&opened, at);
		source_close(&opened);
	}
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "sym_jitdump: loads", test_loads },
		{ "sym_jitdump: moves", test_moves },
		{ "sym_jitdump: long names", test_long_names },
		{ "sym_jitdump: not ours, and nothing", test_not_ours },
		{ "sym_jitdump: cut anywhere", test_cut },
		{ "sym_jitdump: broken bytes", test_broken },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
