// SPDX-License-Identifier: MIT
#include "table.h"

#include "check.h"
#include "mem.h"

struct key {
	uint64_t a;
	uint32_t b, pad;
};

static void ids_are_dense_and_stay(void)
{
	struct table t;
	bool good = true, is_new;

	table_init(&t, sizeof(struct key));
	CHECK_INT(table_find(&t, &(struct key){ .a = 1 }), TABLE_NONE);
	for (uint32_t i = 0; i < 10000; i++) {
		struct key key = { .a = (uint64_t)i << 40, .b = i % 7 };

		good &= table_add(&t, &key, &is_new) == i && is_new;
	}
	CHECK(good);
	for (uint32_t i = 0; i < 10000; i++) {
		struct key key = { .a = (uint64_t)i << 40, .b = i % 7 };
		const struct key *have = table_key(&t, i);

		good &= table_add(&t, &key, &is_new) == i && !is_new;
		good &= table_find(&t, &key) == i;
		good &= have->a == key.a && have->b == key.b;
		key.b += 7;
		good &= table_find(&t, &key) == TABLE_NONE;
	}
	CHECK(good);
	CHECK_INT(t.count, 10000);
	table_free(&t);
}

static void new_may_be_asked_or_not(void)
{
	uint64_t key = 5;
	struct table t;

	table_init(&t, sizeof(key));
	CHECK_INT(table_add(&t, &key, NULL), 0);
	CHECK_INT(table_add(&t, &key, NULL), 0);
	table_free(&t);
}

static void strings_are_one_each(void)
{
	struct strings s;
	uint32_t abc, ab;

	strings_init(&s);
	CHECK_INT(strings_add(&s, ""), 0);
	abc = strings_add(&s, "abc");
	ab = strings_add_length(&s, "abc", 2);
	CHECK(abc && ab && abc != ab);
	CHECK_INT(strings_add(&s, "ab"), ab);
	CHECK_INT(strings_add_length(&s, "abcd", 3), abc);
	CHECK_TEXT(strings_get(&s, ab), "ab");
	for (int i = 0; i < 5000; i++) {
		_cleanup_free_ char *text = mem_format("%d", i);

		CHECK_INT(strings_add(&s, text), 3 + i);
	}
	CHECK_INT(strings_add(&s, "4321"), 3 + 4321);
	CHECK_TEXT(strings_get(&s, abc), "abc");
	strings_free(&s);
}

int main(void)
{
	CHECK_CASE(ids_are_dense_and_stay);
	CHECK_CASE(new_may_be_asked_or_not);
	CHECK_CASE(strings_are_one_each);
	return check_status();
}
