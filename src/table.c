// SPDX-License-Identifier: MIT
#include "table.h"

#include <string.h>

#include "mem.h"

/* Eight bytes at a time, then a finalizer: the low bits choose the slot. */
static uint32_t hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u ^ length, word;

	for (; length >= sizeof(word); p += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, p, length);
	h = (h ^ word) * 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	h *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

struct table_slot *slots_free_one(const struct table_slots *slots, uint32_t hash)
{
	uint32_t mask = slots->count - 1, at = hash & mask;

	while (slots->items[at].id)
		at = (at + 1) & mask;
	return &slots->items[at];
}

void slots_make_room(struct table_slots *slots, uint32_t used)
{
	struct table_slots larger = { .count = slots->count ? slots->count * 2 : 64 };

	if (used < slots->count / 2)
		return;
	larger.items = mem_alloc_array(larger.count, sizeof(*larger.items));
	for (uint32_t i = 0; i < slots->count; i++)
		if (slots->items[i].id)
			*slots_free_one(&larger, slots->items[i].hash) = slots->items[i];
	free(slots->items);
	*slots = larger;
}

void table_init(struct table *t, size_t key_size)
{
	memset(t, 0, sizeof(*t));
	t->key_size = key_size;
}

void table_free(struct table *t)
{
	free(t->keys);
	free(t->slots.items);
	memset(t, 0, sizeof(*t));
}

void table_seal(struct table *t)
{
	free(t->slots.items);
	t->slots = (struct table_slots){ 0 };
}

const void *table_key(const struct table *t, uint32_t id)
{
	return t->keys + (size_t)id * t->key_size;
}

/* The slot that holds `key`, or the free one where it belongs. The table has slots. */
static struct table_slot *table_slot(const struct table *t, const void *key, uint32_t hash)
{
	uint32_t mask = t->slots.count - 1;

	for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
		struct table_slot *slot = &t->slots.items[at];

		if (!slot->id || (slot->hash == hash &&
				  memcmp(table_key(t, slot->id - 1), key, t->key_size) == 0))
			return slot;
	}
}

uint32_t table_find(const struct table *t, const void *key)
{
	if (!t->slots.count)
		return TABLE_NONE;
	return table_slot(t, key, hash_bytes(key, t->key_size))->id - 1; /* 0 - 1: TABLE_NONE */
}

uint32_t table_add(struct table *t, const void *key, bool *ret_new)
{
	uint32_t hash = hash_bytes(key, t->key_size);
	struct table_slot *slot;
	bool is_new;

	slots_make_room(&t->slots, t->count);
	slot = table_slot(t, key, hash);
	is_new = !slot->id;
	if (is_new) {
		if (t->count == t->room) {
			t->room = t->room ? t->room * 2 : 32;
			t->keys = mem_resize_array(t->keys, t->room, t->key_size);
		}
		memcpy(t->keys + (size_t)t->count * t->key_size, key, t->key_size);
		*slot = (struct table_slot){ ++t->count, hash };
	}
	if (ret_new)
		*ret_new = is_new;
	return slot->id - 1;
}

void strings_init(struct strings *s)
{
	memset(s, 0, sizeof(*s));
	strings_add(s, "");
}

void strings_free(struct strings *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		free(s->items[i]);
	free(s->items);
	free(s->slots.items);
	memset(s, 0, sizeof(*s));
}

uint32_t strings_add_length(struct strings *s, const char *string, size_t length)
{
	uint32_t hash = hash_bytes(string, length), mask, at;

	slots_make_room(&s->slots, s->count);
	mask = s->slots.count - 1;
	for (at = hash & mask; s->slots.items[at].id; at = (at + 1) & mask) {
		const struct table_slot *slot = &s->slots.items[at];
		const char *have = s->items[slot->id - 1];

		if (slot->hash == hash && strncmp(have, string, length) == 0 && !have[length])
			return slot->id - 1;
	}
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 32;
		s->items = mem_resize_array(s->items, s->room, sizeof(*s->items));
	}
	s->items[s->count] = mem_copy_bytes(string, length);
	s->slots.items[at] = (struct table_slot){ ++s->count, hash };
	return s->count - 1;
}

uint32_t strings_add(struct strings *s, const char *string)
{
	return strings_add_length(s, string, strlen(string));
}
