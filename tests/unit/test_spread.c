// SPDX-License-Identifier: MIT
#include "spread.h"

#include <stdlib.h>

#include "check.h"
#include "mem.h"

static uint64_t random_state = 42;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static void largest_remainder(void)
{
	const uint64_t thirds[] = { 1, 1, 1 };
	const uint64_t uneven[] = { 5, 3, 1 }; /* of 7: 3.89, 2.33, 0.78 */
	uint64_t parts[3];

	spread_proportional(100, thirds, 3, parts);
	CHECK(parts[0] == 34 && parts[1] == 33 && parts[2] == 33);
	spread_proportional(7, uneven, 3, parts);
	CHECK(parts[0] == 4 && parts[1] == 2 && parts[2] == 1);
	spread_proportional(0, uneven, 3, parts);
	CHECK(!parts[0] && !parts[1] && !parts[2]);
}

static void largest_numbers(void)
{
	const uint64_t weights[] = { UINT64_MAX, UINT64_MAX, UINT64_MAX };
	uint64_t parts[3];

	spread_proportional(UINT64_MAX, weights, 3, parts);
	CHECK(parts[0] == UINT64_MAX / 3 && parts[1] == UINT64_MAX / 3 &&
	      parts[2] == UINT64_MAX / 3);
}

static void no_part_is_off_by_one(void)
{
	uint64_t weights[50], parts[50];

	for (int round = 0; round < 2000; round++) {
		size_t count = 1 + draw() % ARRAY_SIZE(weights);
		uint64_t total = draw() % 1000000, sum = 0, given = 0;

		for (size_t i = 0; i < count; i++)
			sum += weights[i] = draw() % 100;
		if (!sum)
			continue;
		spread_proportional(total, weights, count, parts);
		for (size_t i = 0; i < count; i++) {
			uint64_t exact = total * weights[i] / sum;

			CHECK(parts[i] == exact || parts[i] == exact + 1);
			given += parts[i];
		}
		CHECK_INT(given, total);
		spread_proportional(total, weights, count, weights); /* in place */
		CHECK(memcmp(weights, parts, count * sizeof(*parts)) == 0);
	}
}

static void dealer_gives_each_its_own_and_all_the_distribution(void)
{
	enum { TAKERS = 1000, STACKS = 40 };
	uint64_t wants[TAKERS], weights[STACKS], total = 0, dealt[STACKS] = { 0 }, shares[STACKS];
	uint32_t stacks[STACKS], stack, pieces = 0;
	struct spread_dealer dealer;

	for (int i = 0; i < TAKERS; i++)
		total += wants[i] = draw() % 100000;
	for (uint32_t i = 0; i < STACKS; i++) {
		stacks[i] = 1000 + i;
		weights[i] = i % 5 ? draw() % 1000 : 0;
	}
	spread_proportional(total, weights, STACKS, shares);
	spread_dealer_init(&dealer, total, stacks, weights, STACKS);
	for (int i = 0; i < TAKERS; i++) {
		nsec_t left = wants[i], got;

		while ((got = spread_dealer_take(&dealer, left, &stack)) > 0) {
			dealt[stack - 1000] += got;
			left -= got;
			pieces++;
		}
		CHECK_INT(left, 0);
	}
	CHECK(memcmp(dealt, shares, sizeof(dealt)) == 0);
	CHECK(pieces <= TAKERS + STACKS);
	CHECK_INT(spread_dealer_take(&dealer, 1, &stack), 0);
	spread_dealer_free(&dealer);
}

int main(void)
{
	CHECK_CASE(largest_remainder);
	CHECK_CASE(largest_numbers);
	CHECK_CASE(no_part_is_off_by_one);
	CHECK_CASE(dealer_gives_each_its_own_and_all_the_distribution);
	return check_status();
}
