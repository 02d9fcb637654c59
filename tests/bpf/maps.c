// SPDX-License-Identifier: MIT
#include "maps.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf_helpers.h>

#include "report.h"

enum { MAPS = 32, BUCKETS = 512, RING_HEADER = 8 };

struct entry {
	struct entry *next;
	void *key, *value;
};

struct record {
	struct record *next;
	struct map *ring;
	size_t bytes;
	bool filler, committed;
	unsigned char *data;
};

struct map {
	const void *address;
	unsigned type;
	size_t key_size, value_size, max_entries;
	size_t count;		   /* hash: entries; ring: bytes in use */
	struct entry **buckets;	   /* hash */
	void **elements;	   /* arrays: [cpu * max_entries + index], made when first used */
	struct map **inners;	   /* array of maps: by index */
	struct record *first, **last; /* ring */
};

static struct map *maps[MAPS];
static size_t map_count;

static void *allocate(size_t bytes)
{
	void *p = calloc(1, bytes);

	assert(p);
	return p;
}

struct map *map_at(const void *address)
{
	for (size_t i = 0; i < map_count; i++)
		if (maps[i]->address == address)
			return maps[i];
	give_up("a map that was not registered");
}

static void set_up(struct map *m)
{
	switch (m->type) {
	case BPF_MAP_TYPE_HASH:
		m->buckets = allocate(BUCKETS * sizeof(*m->buckets));
		break;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		m->elements = allocate(WORLD_CPUS * m->max_entries * sizeof(*m->elements));
		break;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		m->inners = allocate(m->max_entries * sizeof(*m->inners));
		break;
	case BPF_MAP_TYPE_RINGBUF:
		m->last = &m->first;
		break;
	default:
		break;
	}
}

struct map *map_add(const void *address, unsigned type, size_t key_size, size_t value_size,
		    size_t max_entries)
{
	struct map *m = allocate(sizeof(*m));

	assert(map_count < MAPS);
	m->address = address ? address : m;
	m->type = type;
	m->key_size = key_size;
	m->value_size = value_size;
	m->max_entries = max_entries;
	set_up(m);
	maps[map_count++] = m;
	return m;
}

struct map *map_new_hash(size_t key_size, size_t value_size, size_t max_entries)
{
	return map_add(NULL, BPF_MAP_TYPE_HASH, key_size, value_size, max_entries);
}

struct map *map_new_array(size_t value_size, size_t max_entries)
{
	return map_add(NULL, BPF_MAP_TYPE_ARRAY, sizeof(__u32), value_size, max_entries);
}

void map_put_inner(const void *outer, __u32 index, struct map *inner)
{
	struct map *m = map_at(outer);

	assert(m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS && index < m->max_entries);
	m->inners[index] = inner;
}

void map_resize(const void *address, size_t max_entries)
{
	struct map *m = map_at(address);

	assert(m->type == BPF_MAP_TYPE_HASH || m->type == BPF_MAP_TYPE_RINGBUF);
	m->max_entries = max_entries;
}

/* --- hashes ----------------------------------------------------------------------------------- */

static struct entry **hash_find(struct map *m, const void *key)
{
	const unsigned char *bytes = key;
	uint32_t h = 2166136261u;
	struct entry **at;

	for (size_t i = 0; i < m->key_size; i++)
		h = (h ^ bytes[i]) * 16777619u;
	for (at = &m->buckets[h % BUCKETS]; *at; at = &(*at)->next)
		if (!memcmp((*at)->key, key, m->key_size))
			break;
	return at;
}

static void hash_remove(struct map *m, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	free(e->key);
	free(e->value);
	free(e);
	m->count--;
}

static long hash_update(struct map *m, const void *key, const void *value, __u64 flags)
{
	struct entry **at = hash_find(m, key);

	if (*at && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!*at && flags == BPF_EXIST)
		return -ENOENT;
	if (!*at) {
		if (m->count == m->max_entries)
			return -E2BIG;
		*at = allocate(sizeof(**at));
		(*at)->key = allocate(m->key_size);
		(*at)->value = allocate(m->value_size);
		memcpy((*at)->key, key, m->key_size);
		m->count++;
	}
	memcpy((*at)->value, value, m->value_size);
	return 0;
}

void map_take_all(struct map *m, map_visit_fn *visit, void *context)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		while (m->buckets[i]) {
			visit(context, m->buckets[i]->key, m->buckets[i]->value);
			hash_remove(m, &m->buckets[i]);
		}
	}
}

void map_each(struct map *m, map_visit_fn *visit, void *context)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = m->buckets[i]; e; e = e->next)
			visit(context, e->key, e->value);
}

size_t map_room(const void *address)
{
	struct map *m = map_at(address);

	return m->max_entries - m->count;
}

void map_fill(struct map *m)
{
	unsigned char *key = allocate(m->key_size), *value = allocate(m->value_size);

	/* keys no program makes: all ones from the end */
	memset(key, 0xff, m->key_size);
	for (uint32_t i = 0; m->count < m->max_entries; i++) {
		memcpy(key, &i, sizeof(i));
		hash_update(m, key, value, BPF_ANY);
	}
	free(key);
	free(value);
}

/* --- arrays ----------------------------------------------------------------------------------- */

void *map_element(const void *address, __u32 index, unsigned cpu)
{
	struct map *m = map_at(address);
	void **at;

	if (index >= m->max_entries)
		return NULL;
	assert(cpu < WORLD_CPUS);
	at = &m->elements[(m->type == BPF_MAP_TYPE_ARRAY ? 0 : cpu) * m->max_entries + index];
	if (!*at)
		*at = allocate(m->value_size);
	return *at;
}

/* --- what programs call ----------------------------------------------------------------------- */

void *bpf_map_lookup_elem(void *map, const void *key)
{
	struct map *m = map_at(map);
	struct entry **at;
	__u32 index;

	if (m->type == BPF_MAP_TYPE_HASH) {
		at = hash_find(m, key);
		return *at ? (*at)->value : NULL;
	}
	memcpy(&index, key, sizeof(index));
	if (m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
		return index < m->max_entries ? m->inners[index] : NULL;
	return map_element(map, index, bpf_get_smp_processor_id());
}

long bpf_map_update_elem(void *map, const void *key, const void *value, __u64 flags)
{
	struct map *m = map_at(map);

	assert(m->type == BPF_MAP_TYPE_HASH);
	return hash_update(m, key, value, flags);
}

long bpf_map_delete_elem(void *map, const void *key)
{
	struct map *m = map_at(map);
	struct entry **at = hash_find(m, key);

	if (!*at)
		return -ENOENT;
	hash_remove(m, at);
	return 0;
}

/* --- rings ------------------------------------------------------------------------------------ */

static size_t room_of(size_t bytes)
{
	return RING_HEADER + (bytes + 7) / 8 * 8;
}

static struct record *ring_push(struct map *ring, size_t bytes)
{
	struct record *r;

	assert(ring->type == BPF_MAP_TYPE_RINGBUF);
	if (ring->count + room_of(bytes) > ring->max_entries)
		return NULL;
	r = allocate(sizeof(*r));
	r->ring = ring;
	r->bytes = bytes;
	r->data = allocate(bytes);
	ring->count += room_of(bytes);
	*ring->last = r;
	ring->last = &r->next;
	return r;
}

void *bpf_ringbuf_reserve(void *ring, __u64 size, __u64 flags)
{
	struct record *r = ring_push(map_at(ring), size);

	(void)flags;
	return r ? r->data : NULL;
}

void bpf_ringbuf_submit(void *data, __u64 flags)
{
	(void)flags;
	for (size_t i = 0; i < map_count; i++)
		for (struct record *r = maps[i]->first; r; r = r->next)
			if (r->data == data) {
				assert(!r->committed);
				r->committed = true;
				return;
			}
	give_up("a program submits what was not reserved");
}

long bpf_ringbuf_output(void *ring, void *data, __u64 size, __u64 flags)
{
	struct map *m = map_at(ring);
	struct record *r;

	(void)flags;
	if (room_of(size) > m->max_entries)
		return -ENOSPC;
	r = ring_push(m, size);
	if (!r)
		return -EAGAIN;
	memcpy(r->data, data, size);
	r->committed = true;
	return 0;
}

__u64 bpf_ringbuf_query(void *ring, __u64 flags)
{
	assert(flags == BPF_RB_AVAIL_DATA);
	return map_at(ring)->count;
}

void ring_take_all(const void *address, ring_visit_fn *visit, void *context)
{
	struct map *ring = map_at(address);
	struct record *r;

	while ((r = ring->first)) {
		assert(r->committed);
		ring->first = r->next;
		ring->count -= room_of(r->bytes);
		if (!r->filler)
			visit(context, r->data, r->bytes);
		free(r->data);
		free(r);
	}
	ring->last = &ring->first;
}

void ring_fill(const void *address)
{
	struct map *ring = map_at(address);
	struct record *r;

	while ((r = ring_push(ring, 8)))
		r->filler = r->committed = true;
}
