/* SPDX-License-Identifier: MIT */
/*
 * order.h - ids in the order of a number that each has, in linear time: for the million of samples
 * that a profile may have.
 */
#ifndef ORDER_H
#define ORDER_H

#include <stdint.h>

/*
 * Sorts `ids` by key(context, id), which is less than `keys`; of equals, the earlier stays the
 * earlier. 0 or -ENOMEM.
 */
int order_by(uint32_t *ids, uint32_t count, uint32_t (*key)(const void *context, uint32_t id),
	     const void *context, uint32_t keys);

#endif
