/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - numbers for pairs of numbers: equal pairs get the same one, from 1 on, in the order in
 * which they came. For formats that list once what a profile has under several ids.
 *
 * A zeroed struct is empty. pairs_free() frees; what was in it may be read until then.
 */
#ifndef PAIRS_H
#define PAIRS_H

#include <stdint.h>

struct pair {
	uint32_t first, second;
};

struct pairs {
	struct pair *items;  /* by number; items[0] is none */
	uint32_t count;	     /* the last number; 0: there are none */
	uint32_t *slots;     /* numbers, by hash; 0: free */
	uint32_t slot_count; /* a power of two, at least twice `count` */
};

/* The pair's number; 0: no memory. */
uint32_t pairs_add(struct pairs *pairs, uint32_t first, uint32_t second);
/* The same; 0: it was never added. */
uint32_t pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second);
void pairs_free(struct pairs *pairs);

#endif
