// SPDX-License-Identifier: MIT
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The length of the well-formed UTF-8 sequence at `s` (Unicode 15, table 3-7); 0: none. */
static size_t utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;

	if (s[0] == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	}
	return length;
}

static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f);
}

/* Writes the character at `s` and returns where the next one begins. */
static const unsigned char *write_character(FILE *out, const unsigned char *s)
{
	size_t length = utf8_length(s);

	if (!length) {
		fputs(REPLACEMENT, out);
		return s + 1;
	}
	if (is_control(s)) {
		putc_unlocked('?', out);
		return s + length;
	}
	for (size_t i = 0; i < length; i++)
		putc_unlocked(s[i], out);
	return s + length;
}

void text_write_name(FILE *out, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;

	if (!*s)
		putc_unlocked('?', out);
	while (*s)
		s = write_character(out, s);
}

void text_write_folded(FILE *out, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;

	if (!*s)
		putc_unlocked('?', out);
	while (*s) {
		if (*s == ';') {
			putc_unlocked(':', out);
			s++;
		} else {
			s = write_character(out, s);
		}
	}
}

static void write_json(FILE *out, const char *name, bool script)
{
	const unsigned char *s = (const unsigned char *)name;

	putc_unlocked('"', out);
	while (*s) {
		size_t length = utf8_length(s);

		if (*s == '"' || *s == '\\') {
			putc_unlocked('\\', out);
			putc_unlocked(*s++, out);
		} else if ((length && is_control(s)) || (script && *s == '<')) {
			fprintf(out, "\\u%04x", length == 1 ? s[0] : s[1]);
			s += length;
		} else {
			s = write_character(out, s);
		}
	}
	putc_unlocked('"', out);
}

void text_write_json(FILE *out, const char *name)
{
	write_json(out, name, false);
}

void text_write_script_json(FILE *out, const char *name)
{
	write_json(out, name, true);
}

/* What XML has for a character that means something there, or may not be there; NULL: itself. */
static const char *xml_instead(const unsigned char *s)
{
	switch (*s) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case 0xef:
		return s[1] == 0xbf && s[2] >= 0xbe && s[2] <= 0xbf ? REPLACEMENT : NULL;
	}
	return NULL;
}

void text_write_xml(FILE *out, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;

	while (*s) {
		const char *instead = xml_instead(s);

		if (instead) {
			fputs(instead, out);
			s += utf8_length(s);
		} else {
			s = write_character(out, s);
		}
	}
}

void text_write_number(FILE *out, uint64_t value)
{
	char digits[20]; /* of 2^64 - 1 */
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	fwrite_unlocked(digits + first, 1, sizeof(digits) - first, out);
}

int text_check(FILE *out)
{
	if (!ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}

int text_flush(FILE *out)
{
	int ret = text_check(out);

	if (!ret && fflush(out) != 0)
		ret = text_check(out);
	return ret;
}

struct unit {
	uint64_t size;
	const char *name;
};

/*
 * Three digits in the first unit of which there are fewer than 1000; in the last one if there is
 * none. Rounded to nearest, so that what shows as 1.00 ms is not called 1000 us.
 */
static struct text_quantity format_scaled(uint64_t value, const struct unit *units, size_t count)
{
	struct text_quantity q;

	for (size_t i = 0; i < count; i++) {
		uint64_t size = units[i].size;
		uint64_t whole = value / size + (value % size * 2 >= size);
		/* Only looked at where they cannot overflow. */
		uint64_t tenths = value / size < 100 ? (value * 10 + size / 2) / size : 1000;
		uint64_t hundredths = value / size < 10 ? (value * 100 + size / 2) / size : 1000;

		if (hundredths < 1000)
			snprintf(q.bytes, sizeof(q.bytes), "%llu.%02llu %s",
				 (unsigned long long)(hundredths / 100),
				 (unsigned long long)(hundredths % 100), units[i].name);
		else if (tenths < 1000)
			snprintf(q.bytes, sizeof(q.bytes), "%llu.%llu %s",
				 (unsigned long long)(tenths / 10),
				 (unsigned long long)(tenths % 10), units[i].name);
		else
			snprintf(q.bytes, sizeof(q.bytes), "%llu %s", (unsigned long long)whole,
				 units[i].name);
		if (whole < 1000)
			break;
	}
	return q;
}

struct text_quantity text_duration(nsec_t ns)
{
	static const struct unit units[] = {
		{ NSEC_PER_USEC, "us" },
		{ NSEC_PER_MSEC, "ms" },
		{ NSEC_PER_SEC, "s" },
	};
	uint64_t seconds = ns / NSEC_PER_SEC;
	uint64_t minutes = seconds / 60;
	struct text_quantity q;

	if (ns < NSEC_PER_USEC)
		snprintf(q.bytes, sizeof(q.bytes), "%llu ns", (unsigned long long)ns);
	else if (seconds < 1000)
		q = format_scaled(ns, units, sizeof(units) / sizeof(units[0]));
	else if (minutes < 100)
		snprintf(q.bytes, sizeof(q.bytes), "%llu min %02llu s", (unsigned long long)minutes,
			 (unsigned long long)(seconds % 60));
	else
		snprintf(q.bytes, sizeof(q.bytes), "%llu h %02llu min",
			 (unsigned long long)(minutes / 60), (unsigned long long)(minutes % 60));
	return q;
}

struct text_quantity text_size(uint64_t size_bytes)
{
	static const struct unit units[] = {
		{ 1u << 10, "KiB" },
		{ 1u << 20, "MiB" },
		{ 1u << 30, "GiB" },
	};
	struct text_quantity q;

	if (size_bytes >= 1u << 10)
		return format_scaled(size_bytes, units, sizeof(units) / sizeof(units[0]));
	snprintf(q.bytes, sizeof(q.bytes), "%llu B", (unsigned long long)size_bytes);
	return q;
}

struct text_quantity text_share(uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;
	struct text_quantity q;

	if (!whole)
		snprintf(q.bytes, sizeof(q.bytes), "-");
	else if (part == 0 || part == whole)
		snprintf(q.bytes, sizeof(q.bytes), "%d %%", part ? 100 : 0);
	else if (percent < 0.1)
		snprintf(q.bytes, sizeof(q.bytes), "<0.1 %%");
	else if (percent > 99.9 && part < whole)
		snprintf(q.bytes, sizeof(q.bytes), ">99.9 %%");
	else
		snprintf(q.bytes, sizeof(q.bytes), "%.1f %%", percent);
	return q;
}
