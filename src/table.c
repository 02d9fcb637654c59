// SPDX-License-Identifier: MIT
#include "table.h"

#include <string.h>

#include "mem.h"

/* FNV-1a over bytes, then a 64-bit finalizer: the low bits choose the slot. */
static uint64_t hash_bytes(const void *bytes, size_t length)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 29;
}

/* The slots of a hash that is at most half full, doubled. `hash_of` tells an entry's hash. */
static void slots_rebuild(uint32_t **slots, uint32_t *slot_count, uint32_t count,
			  uint64_t (*hash_of)(const void *owner, uint32_t id), const void *owner)
{
	uint32_t mask;

	*slot_count = *slot_count ? *slot_count * 2 : 64;
	free(*slots);
	*slots = mem_alloc_array(*slot_count, sizeof(**slots));
	mask = *slot_count - 1;
	for (uint32_t id = 0; id < count; id++) {
		uint32_t at = (uint32_t)hash_of(owner, id) & mask;

		while ((*slots)[at])
			at = (at + 1) & mask;
		(*slots)[at] = id + 1;
	}
}

void table_init(struct table *t, size_t key_size)
{
	memset(t, 0, sizeof(*t));
	t->key_size = key_size;
}

void table_free(struct table *t)
{
	free(t->keys);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

const void *table_key(const struct table *t, uint32_t id)
{
	return t->keys + (size_t)id * t->key_size;
}

static uint64_t table_hash_of(const void *owner, uint32_t id)
{
	const struct table *t = owner;

	return hash_bytes(table_key(t, id), t->key_size);
}

/* The slot that holds `key`, or the free one where it belongs. The table has slots. */
static uint32_t table_slot(const struct table *t, const void *key)
{
	uint32_t mask = t->slot_count - 1;
	uint32_t at = (uint32_t)hash_bytes(key, t->key_size) & mask;

	while (t->slots[at] && memcmp(table_key(t, t->slots[at] - 1), key, t->key_size) != 0)
		at = (at + 1) & mask;
	return at;
}

uint32_t table_find(const struct table *t, const void *key)
{
	uint32_t at;

	if (!t->slot_count)
		return TABLE_NONE;
	at = table_slot(t, key);
	return t->slots[at] ? t->slots[at] - 1 : TABLE_NONE;
}

uint32_t table_add(struct table *t, const void *key, bool *ret_new)
{
	uint32_t at;
	bool is_new;

	if (t->count >= t->slot_count / 2)
		slots_rebuild(&t->slots, &t->slot_count, t->count, table_hash_of, t);
	at = table_slot(t, key);
	is_new = !t->slots[at];
	if (is_new) {
		if (t->count == t->room) {
			t->room = t->room ? t->room * 2 : 32;
			t->keys = mem_resize_array(t->keys, t->room, t->key_size);
		}
		memcpy(t->keys + (size_t)t->count * t->key_size, key, t->key_size);
		t->slots[at] = ++t->count;
	}
	if (ret_new)
		*ret_new = is_new;
	return t->slots[at] - 1;
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
	free(s->slots);
	memset(s, 0, sizeof(*s));
}

static uint64_t strings_hash_of(const void *owner, uint32_t id)
{
	const struct strings *s = owner;

	return hash_bytes(s->items[id], strlen(s->items[id]));
}

uint32_t strings_add_length(struct strings *s, const char *string, size_t length)
{
	uint32_t mask, at;

	if (s->count >= s->slot_count / 2)
		slots_rebuild(&s->slots, &s->slot_count, s->count, strings_hash_of, s);
	mask = s->slot_count - 1;
	at = (uint32_t)hash_bytes(string, length) & mask;
	for (; s->slots[at]; at = (at + 1) & mask) {
		const char *have = s->items[s->slots[at] - 1];

		if (strncmp(have, string, length) == 0 && !have[length])
			return s->slots[at] - 1;
	}
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 32;
		s->items = mem_resize_array(s->items, s->room, sizeof(*s->items));
	}
	s->items[s->count] = mem_alloc(length + 1);
	memcpy(s->items[s->count], string, length);
	s->slots[at] = ++s->count;
	return s->count - 1;
}

uint32_t strings_add(struct strings *s, const char *string)
{
	return strings_add_length(s, string, strlen(string));
}
