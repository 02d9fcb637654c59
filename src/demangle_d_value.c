// SPDX-License-Identifier: MIT
/* demangle_d_value.c - the values that D's templates have as arguments, as literals. */
#include <stdio.h>

#include "demangle_d_reader.h"

static bool is_hex(char c)
{
	return d_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* 'a', or its number: in as many digits as the type is wide. */
static void read_character(struct d_reader *r, char type)
{
	uint32_t value = d_take_number(r);
	char shown[16];

	if (type == 'a' && value >= ' ' && value <= '~')
		snprintf(shown, sizeof(shown), "'%c'", (char)value);
	else if (type == 'a')
		snprintf(shown, sizeof(shown), "'\\x%02x'", value);
	else if (type == 'u')
		snprintf(shown, sizeof(shown), "'\\u%04x'", value);
	else
		snprintf(shown, sizeof(shown), "'\\U%08x'", value);
	d_put(r, shown);
}

static void read_integer(struct d_reader *r, char type)
{
	const char *digits = r->at;
	size_t count = strspn(digits, "0123456789");

	if (type == 'a' || type == 'u' || type == 'w') {
		read_character(r, type);
		return;
	}
	if (type == 'b') {
		d_put(r, d_take_number(r) ? "true" : "false");
		return;
	}
	if (!count)
		d_fail(r);
	d_put_bytes(r, digits, count);
	if (!r->bad)
		r->at += count;
	if (type == 'h' || type == 't' || type == 'k')
		d_put(r, "u");
	else if (type == 'l')
		d_put(r, "L");
	else if (type == 'm')
		d_put(r, "uL");
}

/* Hexadecimal, with the point behind the first digit. */
static void read_real(struct d_reader *r)
{
	if (d_take(r, "NAN")) {
		d_put(r, "NaN");
		return;
	}
	if (d_take(r, "INF") || d_take(r, "NINF")) {
		d_put(r, r->at[-4] == 'N' ? "-Inf" : "Inf");
		return;
	}
	if (d_take(r, "N"))
		d_put(r, "-");
	if (!is_hex(*r->at))
		d_fail(r);
	d_put(r, "0x");
	d_put_bytes(r, r->at, 1);
	d_put(r, ".");
	while (!r->bad && is_hex(*++r->at))
		d_put_bytes(r, r->at, 1);
	if (!d_take(r, "P"))
		d_fail(r);
	d_put(r, d_take(r, "N") ? "p-" : "p");
	for (; d_is_digit(*r->at); r->at++)
		d_put_bytes(r, r->at, 1);
}

static void read_byte(struct d_reader *r)
{
	static const char escaped[] = "\t\n\v\f\r", letters[] = "tnvfr";
	char digits[3] = { 0 }, shown[3] = { '\\' };
	unsigned int value = 0;
	const char *found;

	if (!is_hex(r->at[0]) || !is_hex(r->at[1])) {
		d_fail(r);
		return;
	}
	memcpy(digits, r->at, 2);
	r->at += 2;
	sscanf(digits, "%x", &value);
	found = value ? strchr(escaped, (int)value) : NULL;
	if (value >= ' ' && value <= '~') {
		shown[0] = (char)value;
		d_put(r, shown);
	} else if (found) {
		shown[1] = letters[found - escaped];
		d_put(r, shown);
	} else {
		d_put(r, "\\x");
		d_put(r, digits);
	}
}

/* Of bytes in hexadecimal; of UTF-16 and UTF-32 its letter is shown behind it. */
static void read_string(struct d_reader *r)
{
	const char *kind = r->at++;
	uint32_t count = d_take_number(r);

	if (!d_take(r, "_"))
		d_fail(r);
	d_put(r, "\"");
	for (; count && !r->bad; count--)
		read_byte(r);
	d_put(r, "\"");
	if (*kind != 'a')
		d_put_bytes(r, kind, 1);
}

/* So many values, or pairs of them. */
static void read_values(struct d_reader *r, const char *open, const char *close, bool pairs)
{
	uint32_t count = d_take_number(r);

	d_put(r, open);
	for (uint32_t i = 0; i < count && !r->bad; i++) {
		if (i)
			d_put(r, ", ");
		d_read_value(r, 0);
		if (!pairs)
			continue;
		d_put(r, ":");
		d_read_value(r, 0);
	}
	d_put(r, close);
}

static void read_complex(struct d_reader *r)
{
	read_real(r);
	d_put(r, "+");
	if (!d_take(r, "c"))
		d_fail(r);
	read_real(r);
	d_put(r, "i");
}

void d_read_value(struct d_reader *r, char type)
{
	if (!d_enter(r))
		return;
	if (d_take(r, "n")) {
		d_put(r, "null");
	} else if (d_take(r, "N")) {
		d_put(r, "-");
		read_integer(r, type);
	} else if (d_is_digit(*r->at) || d_take(r, "i")) {
		read_integer(r, type);
	} else if (d_take(r, "e")) {
		read_real(r);
	} else if (d_take(r, "c")) {
		read_complex(r);
	} else if (*r->at && strchr("awd", *r->at)) {
		read_string(r);
	} else if (d_take(r, "A")) {
		read_values(r, "[", "]", type == 'H');
	} else if (d_take(r, "S")) {
		read_values(r, "(", ")", false);
	} else if (d_take(r, "f")) {
		d_read_symbol(r);
	} else {
		d_fail(r);
	}
	d_leave(r);
}
