// SPDX-License-Identifier: MIT
#include "demangle_d_reader.h"

static void reverse(char *from, char *to)
{
	while (from < to) {
		char byte = *from;

		*from++ = *--to;
		*to = byte;
	}
}

void d_swap(struct d_reader *r, size_t from, size_t middle, size_t end)
{
	if (r->bad)
		return;
	reverse(r->text + from, r->text + middle);
	reverse(r->text + middle, r->text + end);
	reverse(r->text + from, r->text + end);
}

void d_go_back(struct d_reader *r, const struct d_reader *before)
{
	uint32_t steps = r->steps;

	*r = *before;
	r->steps = steps;
}

/* In base 26: A-Z, but a-z for the last digit. */
const char *d_reference(const struct d_reader *r, const char *at, const char **ret_end)
{
	size_t from = (size_t)(at - r->start), value = 0;

	for (at++; *at >= 'A' && *at <= 'Z' && value <= from; at++)
		value = value * 26 + (size_t)(*at - 'A');
	if (*at < 'a' || *at > 'z')
		return NULL;
	value = value * 26 + (size_t)(*at - 'a');
	*ret_end = at + 1;
	return value && value <= from ? r->start + from - value : NULL;
}
