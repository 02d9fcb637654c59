// SPDX-License-Identifier: MIT
#include "addresses.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

enum { CHUNK = 1 << 16, DIGIT_BITS = 8, DIGITS = 64 / DIGIT_BITS, DIGIT_VALUES = 1 << DIGIT_BITS };

/* A line as far as it has been read; it may go on in the next chunk. */
struct scan {
	uint64_t value;
	uint32_t digits;
	bool prefixed, ended, garbage;
};

static int hex_digit(unsigned char c)
{
	unsigned char letter = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void scan_character(struct scan *scan, unsigned char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		scan->garbage |= scan->ended || scan->value >> 60;
		scan->value = scan->value << 4 | (unsigned int)digit;
		scan->digits++;
	} else if ((c | 0x20) == 'x' && scan->digits == 1 && !scan->value && !scan->prefixed &&
		   !scan->ended) {
		scan->prefixed = true;
		scan->digits = 0;
	} else if (is_blank(c)) {
		scan->ended |= scan->digits || scan->prefixed;
	} else {
		scan->garbage = true;
	}
}

static void end_line(struct addresses *a, struct scan *scan)
{
	if (scan->digits && !scan->garbage)
		*array_push(&a->given) =
			(struct address){ .vaddr = scan->value, .line = a->line_count };
	a->line_count++;
	*scan = (struct scan){ 0 };
}

void addresses_add(struct addresses *a, const char *line)
{
	struct scan scan = { 0 };

	while (*line)
		scan_character(&scan, (unsigned char)*line++);
	end_line(a, &scan);
}

int addresses_read(struct addresses *a, int fd)
{
	_cleanup_free_ char *chunk = mem_alloc(CHUNK);
	struct scan scan = { 0 };
	bool in_line = false;
	ssize_t got;

	while ((got = read(fd, chunk, CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (ssize_t i = 0; i < got; i++) {
			in_line = chunk[i] != '\n';
			if (in_line)
				scan_character(&scan, (unsigned char)chunk[i]);
			else if (a->line_count >= ADDRESS_NONE - 1)
				return -E2BIG;
			else
				end_line(a, &scan);
		}
	}
	if (in_line)
		end_line(a, &scan);
	return 0;
}

/* By address, digit by digit from the lowest; digits that all have in common are passed over. */
static void sort(struct address *items, size_t count)
{
	struct address *from = items, *to = mem_alloc_array(count, sizeof(*to)), *scratch = to;
	size_t(*starts)[DIGIT_VALUES] = mem_alloc_array(DIGITS, sizeof(*starts));

	for (size_t i = 0; i < count; i++) {
		for (int digit = 0; digit < DIGITS; digit++)
			starts[digit][items[i].vaddr >> digit * DIGIT_BITS & (DIGIT_VALUES - 1)]++;
	}
	for (int digit = 0; digit < DIGITS; digit++) {
		int shift = digit * DIGIT_BITS;
		size_t *start = starts[digit], sum = 0;
		struct address *swap = from;

		if (start[from[0].vaddr >> shift & (DIGIT_VALUES - 1)] == count)
			continue;
		for (int value = 0; value < DIGIT_VALUES; value++) {
			size_t found = start[value];

			start[value] = sum;
			sum += found;
		}
		for (size_t i = 0; i < count; i++)
			to[start[from[i].vaddr >> shift & (DIGIT_VALUES - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
	free(starts);
	free(scratch);
}

void addresses_settle(struct addresses *a)
{
	const struct address *given = a->given.items;
	uint64_t *unique = mem_alloc_array(a->given.count, sizeof(*unique));

	if (a->given.count)
		sort(a->given.items, a->given.count);
	a->lines = mem_alloc_array(a->line_count, sizeof(*a->lines));
	memset(a->lines, 0xff, a->line_count * sizeof(*a->lines));
	for (size_t i = 0; i < a->given.count; i++) {
		if (!i || given[i].vaddr != given[i - 1].vaddr)
			unique[a->unique_count++] = given[i].vaddr;
		a->lines[given[i].line] = a->unique_count - 1;
	}
	array_free(&a->given);
	a->unique = unique;
}

void addresses_free(struct addresses *a)
{
	array_free(&a->given);
	free(a->lines);
	free(a->unique);
	*a = (struct addresses){ 0 };
}
