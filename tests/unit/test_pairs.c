// SPDX-License-Identifier: MIT
/* exporters/pairs.h and exporters/order.h: what exporters with tables of their own share. */
#include <stdlib.h>

#include "../../exporters/order.h"
#include "../../exporters/pairs.h"
#include "check.h"

static void equal_pairs_have_one_number(void)
{
	struct pairs pairs = { 0 };

	CHECK_INT(pairs_find(&pairs, 1, 2), 0);
	CHECK_INT(pairs_add(&pairs, 1, 2), 1);
	CHECK_INT(pairs_add(&pairs, 2, 1), 2);
	CHECK_INT(pairs_add(&pairs, 0, 0), 3);
	CHECK_INT(pairs_add(&pairs, 1, 2), 1);
	CHECK_INT(pairs.count, 3);
	CHECK_INT(pairs_find(&pairs, 0, 0), 3);
	CHECK_INT(pairs_find(&pairs, 0, 1), 0);
	CHECK_INT(pairs.items[2].first, 2);
	CHECK_INT(pairs.items[2].second, 1);
	pairs_free(&pairs);
	CHECK_INT(pairs.count, 0);
}

static void many_pairs_keep_their_numbers(void)
{
	enum { SIDE = 300 };
	struct pairs pairs = { 0 };

	for (uint32_t i = 0; i < SIDE * SIDE; i++)
		CHECK_INT(pairs_add(&pairs, i / SIDE, i % SIDE), i + 1);
	for (uint32_t i = 0; i < SIDE * SIDE; i++) {
		CHECK_INT(pairs_add(&pairs, i / SIDE, i % SIDE), i + 1);
		CHECK_INT(pairs_find(&pairs, i / SIDE, i % SIDE), i + 1);
		CHECK_INT(pairs_find(&pairs, i / SIDE, i % SIDE + SIDE), 0);
	}
	CHECK_INT(pairs.count, SIDE * SIDE);
	pairs_free(&pairs);
}

static uint32_t key_of(const void *keys, uint32_t id)
{
	return ((const uint32_t *)keys)[id];
}

static void ids_are_ordered_and_equals_stay(void)
{
	static const uint32_t keys[] = { 3, 0, 2, 3, 0, 1 };
	static const uint32_t want[] = { 4, 1, 5, 2, 3, 0 };
	uint32_t ids[] = { 5, 4, 3, 2, 1, 0 };

	CHECK_INT(order_by(ids, 6, key_of, keys, 4), 0);
	CHECK(memcmp(ids, want, sizeof(ids)) == 0);
	CHECK_INT(order_by(ids, 0, key_of, keys, 0), 0);
}

int main(void)
{
	CHECK_CASE(equal_pairs_have_one_number);
	CHECK_CASE(many_pairs_keep_their_numbers);
	CHECK_CASE(ids_are_ordered_and_equals_stay);
	return check_status();
}
