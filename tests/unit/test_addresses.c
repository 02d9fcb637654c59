// SPDX-License-Identifier: MIT
/* addresses.c: which line is an address, and what comes back in which place. */
#include "addresses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "mem.h"

#define NO_ADDRESS UINT64_MAX /* in `want` */

static struct addresses a;

/* One line by itself: its address, or NO_ADDRESS. */
static uint64_t address_of(const char *line)
{
	uint64_t vaddr;

	addresses_free(&a);
	addresses_add(&a, line);
	addresses_settle(&a);
	CHECK_INT(a.line_count, 1);
	vaddr = a.lines[0] == ADDRESS_NONE ? NO_ADDRESS : a.unique[a.lines[0]];
	CHECK_INT(a.unique_count, vaddr == NO_ADDRESS ? 0 : 1);
	return vaddr;
}

static void lines_with_an_address(void)
{
	CHECK_INT(address_of("0"), 0);
	CHECK_INT(address_of("401136"), 0x401136);
	CHECK_INT(address_of("0x401136"), 0x401136);
	CHECK_INT(address_of("0X00aBcDeF"), 0xabcdef);
	CHECK_INT(address_of(" \t12\r"), 0x12);
	CHECK_INT(address_of("ffffffff81000000"), 0xffffffff81000000);
	CHECK_INT(address_of("0xfffffffffffffffe"), 0xfffffffffffffffe);
	CHECK_INT(address_of("000000000000000000000000001"), 1);
}

static void lines_without_one(void)
{
	static const char *const lines[] = { "",     " ",      "0x",   "x12",
					     "1x2",  "0x0x12", "00x1", "12 3",
					     "0x 1", "main",   "12g",  "+12",
					     "-1",   "0 x1",   "1;2",  "10000000000000000",
					     "1\x80" };

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		CHECK_INT(address_of(lines[i]), NO_ADDRESS);
}

/* A file in memory that holds `count` bytes, read from its start. */
static void read_text(const char *text, size_t count)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	addresses_free(&a);
	CHECK_INT(write(fd, text, count), count);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	CHECK_INT(addresses_read(&a, fd), 0);
	close(fd);
	addresses_settle(&a);
}

static void expect_lines(const uint64_t *want, size_t count)
{
	CHECK_INT(a.line_count, count);
	for (size_t i = 0; i < count && i < a.line_count; i++) {
		uint32_t index = a.lines[i];

		CHECK_INT(index == ADDRESS_NONE ? NO_ADDRESS : a.unique[index], want[i]);
	}
	for (uint32_t i = 1; i < a.unique_count; i++)
		CHECK(a.unique[i - 1] < a.unique[i]);
}

static void every_line_has_its_place(void)
{
	const char text[] = "20\n10\n\nnothing\n20\n0x10\0\n1\n30";
	const uint64_t want[] = { 0x20, 0x10, NO_ADDRESS, NO_ADDRESS, 0x20, NO_ADDRESS, 1, 0x30 };

	read_text(text, sizeof(text) - 1);
	expect_lines(want, ARRAY_SIZE(want));
	CHECK_INT(a.unique_count, 4);
	read_text("", 0);
	expect_lines(NULL, 0);
	read_text("\n", 1);
	expect_lines(want + 2, 1);
	read_text("0x1", 3);
	expect_lines(want + 6, 1);
}

static void what_cannot_be_read_is_told(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	addresses_free(&a);
	CHECK_INT(addresses_read(&a, fd), -EISDIR);
	close(fd);
}

/* Lines cross the ends of chunks; digits of all places differ, or those of some only. */
static void many(void)
{
	enum { COUNT = 30000 };
	static const uint64_t masks[] = { UINT64_MAX, 0xfff, 0xff00ff0000, 0, 1ull << 63 };
	_cleanup_free_ uint64_t *want = mem_alloc_array(COUNT, sizeof(*want));
	_cleanup_free_ char *text = mem_alloc(COUNT * 20);
	uint64_t random = 88172645463325252u;

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		size_t length = 0;

		for (size_t i = 0; i < COUNT; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			want[i] = (random & masks[m]) >> (random % 3) * 4;
			length += (size_t)sprintf(text + length, "%s%llx\n", i % 2 ? "0x" : "",
						  (unsigned long long)want[i]);
		}
		read_text(text, length);
		expect_lines(want, COUNT);
	}
}

int main(void)
{
	CHECK_CASE(lines_with_an_address);
	CHECK_CASE(lines_without_one);
	CHECK_CASE(every_line_has_its_place);
	CHECK_CASE(what_cannot_be_read_is_told);
	CHECK_CASE(many);
	addresses_free(&a);
	return check_status();
}
