/* SPDX-License-Identifier: MIT */
/*
 * value.h - numbers, times and lists out of text: all of it or an error, never a prefix.
 * -EINVAL: not of that form; -ERANGE: of that form, but beyond the limit.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scope_time.h"

#define PPM_PER_PERCENT	  10000u
#define VALUE_TIME_MAX_NS (366ull * 24 * 3600 * NSEC_PER_SEC)

/* Decimal digits only: no sign, no space. */
int value_parse_number(const char *text, size_t length, uint64_t max, uint64_t *ret_number);
/* "30", "0.5" (seconds), "500ms", "2m", "1h", "10us", "3s". More than 0 never becomes 0. */
int value_parse_time(const char *text, nsec_t *ret_ns);
/* "1", "0.5", "2.5%", in millionths of the whole: at most 100 %. More than 0 never becomes 0. */
int value_parse_percent(const char *text, uint32_t *ret_ppm);
/* "0-3,7" sets those of `count` flags; the kernel's own lists have this form as well. */
int value_parse_cpu_list(const char *text, bool *flags, size_t count);

/* How many letters differ, for "did you mean": insertions, deletions, changes, swaps count 1. */
unsigned int value_distance(const char *a, const char *b);

#endif
