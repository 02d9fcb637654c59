/* SPDX-License-Identifier: MIT */
/*
 * addresses.h - addresses as tools and people write them, a line each, and the order in which a
 * batch wants them: sorted, each once.
 *
 * A line holds one number in hexadecimal, with or without 0x; blanks around it do not matter.
 * Whatever else a line holds, it is a line all the same: one that names no address.
 *
 * Zeroed is empty. Lines are added, then addresses_settle() is called, once; from then on `lines`
 * and `unique` can be read.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#define ADDRESS_NONE UINT32_MAX /* of a line: it names none */

struct addresses {
	struct {
		struct address {
			uint64_t vaddr;
			uint32_t line;
		} * items;
		size_t count, room;
	} given; /* freed by addresses_settle() */
	uint32_t line_count;
	uint32_t *lines;  /* each line's index in `unique`, or ADDRESS_NONE */
	uint64_t *unique; /* ascending */
	uint32_t unique_count;
};

/* One line, without its end. */
void addresses_add(struct addresses *a, const char *line);
/* All lines that can be read from `fd`. 0, or -errno; -E2BIG: more than can be counted. */
int addresses_read(struct addresses *a, int fd);
void addresses_settle(struct addresses *a);
void addresses_free(struct addresses *a);

#endif
