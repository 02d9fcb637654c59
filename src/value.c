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

int value_parse_time(const char *text, nsec_t *ret_ns)
{
	static const char digits[] = "0123456789";
	size_t whole_length = strspn(text, digits), fraction_length = 0;
	const char *rest = text + whole_length;
	nsec_t unit = 0, ns, place;
	uint64_t whole = 0;
	bool nonzero;
	int r;

	if (*rest == '.') {
		fraction_length = strspn(rest + 1, digits);
		rest += 1 + fraction_length;
	}
	if (!whole_length && !fraction_length)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(rest, units[i].name))
			unit = units[i].ns;
	}
	if (!unit)
		return -EINVAL;
	if (whole_length) {
		r = value_parse_number(text, whole_length, VALUE_TIME_MAX_NS / unit, &whole);
		if (r)
			return r;
	}
	ns = whole * unit;
	nonzero = whole > 0;
	place = unit;
	for (size_t i = 0; i < fraction_length; i++) {
		unsigned int digit = (unsigned int)(text[whole_length + 1 + i] - '0');

		nonzero |= digit > 0;
		place /= 10;
		ns += place * digit;
	}
	if (ns > VALUE_TIME_MAX_NS || (nonzero && !ns))
		return -ERANGE;
	*ret_ns = ns;
	return 0;
}

int value_parse_percent(const char *text, uint32_t *ret_ppm)
{
	static const char digits[] = "0123456789";
	size_t whole_length = strspn(text, digits), fraction_length = 0;
	const char *rest = text + whole_length;
	uint32_t place = PPM_PER_PERCENT;
	uint64_t ppm = 0;
	bool nonzero;
	int r;

	if (*rest == '.') {
		fraction_length = strspn(rest + 1, digits);
		rest += 1 + fraction_length;
	}
	if ((!whole_length && !fraction_length) || (*rest && strcmp(rest, "%") != 0))
		return -EINVAL;
	if (whole_length) {
		r = value_parse_number(text, whole_length, 100, &ppm);
		if (r)
			return r;
	}
	ppm *= PPM_PER_PERCENT;
	nonzero = ppm > 0;
	for (size_t i = 0; i < fraction_length; i++) {
		unsigned int digit = (unsigned int)(text[whole_length + 1 + i] - '0');

		nonzero |= digit > 0;
		place /= 10;
		ppm += place * digit;
	}
	if (ppm > 100 * PPM_PER_PERCENT || (nonzero && !ppm))
		return -ERANGE;
	*ret_ppm = (uint32_t)ppm;
	return 0;
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
