// SPDX-License-Identifier: MIT
#include "value.h"

#include <errno.h>
#include <string.h>

int value_parse_number(const char *text, size_t length, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool beyond = false;

	if (!length)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		unsigned int digit = (unsigned int)(unsigned char)text[i] - '0';

		if (digit > 9)
			return -EINVAL;
		if (digit > max || number > (max - digit) / 10)
			beyond = true;
		if (!beyond)
			number = number * 10 + digit;
	}
	if (beyond)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

static const struct {
	const char *name;
	nsec_t ns;
} units[] = {
	{ "", NSEC_PER_SEC },
	{ "s", NSEC_PER_SEC },
	{ "ms", NSEC_PER_MSEC },
	{ "us", NSEC_PER_USEC },
	{ "m", 60 * NSEC_PER_SEC },
	{ "h", 3600 * NSEC_PER_SEC },
};

/* "30", "0.5", ".25", and what follows it. */
struct decimal {
	const char *whole, *fraction, *rest;
	size_t whole_length, fraction_length;
};

static bool split_decimal(const char *text, struct decimal *ret_decimal)
{
	static const char digits[] = "0123456789";
	struct decimal d = { .whole = text, .whole_length = strspn(text, digits) };

	d.rest = text + d.whole_length;
	if (*d.rest == '.') {
		d.fraction = d.rest + 1;
		d.fraction_length = strspn(d.fraction, digits);
		d.rest = d.fraction + d.fraction_length;
	}
	*ret_decimal = d;
	return d.whole_length || d.fraction_length;
}

/* In parts of which `unit` is one. More than 0 never becomes 0: -ERANGE, as beyond `max`. */
static int scale_decimal(const struct decimal *d, uint64_t unit, uint64_t max, uint64_t *ret_parts)
{
	uint64_t whole = 0, parts, place = unit;
	bool nonzero;
	int r;

	if (d->whole_length) {
		r = value_parse_number(d->whole, d->whole_length, max / unit, &whole);
		if (r)
			return r;
	}
	parts = whole * unit;
	nonzero = whole > 0;
	for (size_t i = 0; i < d->fraction_length; i++) {
		unsigned int digit = (unsigned int)(d->fraction[i] - '0');

		nonzero |= digit > 0;
		place /= 10;
		parts += place * digit;
	}
	if (parts > max || (nonzero && !parts))
		return -ERANGE;
	*ret_parts = parts;
	return 0;
}

int value_parse_time(const char *text, nsec_t *ret_ns)
{
	struct decimal decimal;
	nsec_t unit = 0;

	if (!split_decimal(text, &decimal))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(decimal.rest, units[i].name))
			unit = units[i].ns;
	}
	return unit ? scale_decimal(&decimal, unit, VALUE_TIME_MAX_NS, ret_ns) : -EINVAL;
}

int value_parse_percent(const char *text, uint32_t *ret_ppm)
{
	struct decimal decimal;
	uint64_t ppm;
	int r;

	if (!split_decimal(text, &decimal) || (*decimal.rest && strcmp(decimal.rest, "%") != 0))
		return -EINVAL;
	r = scale_decimal(&decimal, PPM_PER_PERCENT, 100 * PPM_PER_PERCENT, &ppm);
	if (!r)
		*ret_ppm = (uint32_t)ppm;
	return r;
}

int value_parse_cpu_list(const char *text, bool *flags, size_t count)
{
	for (;;) {
		size_t length = strcspn(text, ",\n");
		const char *dash = memchr(text, '-', length);
		size_t first_length = dash ? (size_t)(dash - text) : length;
		uint64_t first, last;
		int r;

		r = value_parse_number(text, first_length, count - 1, &first);
		if (r)
			return r;
		last = first;
		if (dash) {
			r = value_parse_number(dash + 1, length - first_length - 1, count - 1,
					       &last);
			if (r)
				return r;
		}
		if (last < first)
			return -EINVAL;
		for (uint64_t cpu = first; cpu <= last; cpu++)
			flags[cpu] = true;
		text += length;
		if (*text != ',')
			break;
		text++;
	}
	return *text && strcmp(text, "\n") ? -EINVAL : 0;
}

unsigned int value_distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	unsigned int rows[3][MAX + 1];
	unsigned int *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > MAX || b_length > MAX)
		return MAX;
	for (size_t j = 0; j <= b_length; j++)
		before[j] = above[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *free_row = before;

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			unsigned int best = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = above;
		above = row;
		row = free_row;
	}
	return above[b_length];
}
