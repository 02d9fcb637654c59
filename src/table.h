/* SPDX-License-Identifier: MIT */
/*
 * table.h - keys to small numbers.
 *
 * table: an open-addressing hash from a fixed-size key (compared as bytes: zero the padding) to a
 * dense id, counted from 0 in order of first sight. The caller keeps an array beside it, indexed by
 * the id. Nothing is ever removed. Ids and keys live until table_free().
 *
 * strings: the same for NUL-terminated bytes; id 0 is "".
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX

/* Beside each id its hash, so that few others' keys are looked at, and none to grow. */
struct table_slot {
	uint32_t id; /* + 1; 0: free */
	uint32_t hash;
};

struct table_slots {
	struct table_slot *items;
	uint32_t count; /* a power of two, or 0; at most half of them are in use */
};

/* For who has the keys elsewhere. Room for one more than `used`: */
void slots_make_room(struct table_slots *slots, uint32_t used);
/* The first free one of a hash. */
struct table_slot *slots_free_one(const struct table_slots *slots, uint32_t hash);

struct table {
	size_t key_size;
	unsigned char *keys; /* count keys, key_size apart, in id order */
	uint32_t count, room;
	struct table_slots slots;
};

void table_init(struct table *t, size_t key_size);
void table_free(struct table *t);
/* The key's id, adding it if new; *ret_new (may be NULL) says which. */
uint32_t table_add(struct table *t, const void *key, bool *ret_new);
uint32_t table_find(const struct table *t, const void *key); /* TABLE_NONE if absent */
/* From now on only table_key() is called. */
void table_seal(struct table *t);
const void *table_key(const struct table *t, uint32_t id);

struct strings {
	char **items; /* [0] is ""; each owned */
	uint32_t count, room;
	struct table_slots slots;
};

void strings_init(struct strings *s);
void strings_free(struct strings *s);
uint32_t strings_add(struct strings *s, const char *string);
uint32_t strings_add_length(struct strings *s, const char *string, size_t length);
static inline const char *strings_get(const struct strings *s, uint32_t id)
{
	return s->items[id];
}

#endif
