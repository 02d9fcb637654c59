/* SPDX-License-Identifier: MIT */
/*
 * maps.h - the fake kernel's maps, behind the helpers of shadow/bpf/bpf_helpers.h.
 *
 * A map is known by the address of its declaration in bpf/ (an inner map by its own). Every value
 * is an allocation of its own, so that a step outside it, or after its deletion, is an error that
 * the address sanitizer reports. Nothing is freed at the end: a timeline's process ends with it.
 */
#ifndef TEST_MAPS_H
#define TEST_MAPS_H

#include <stddef.h>

#include "vmlinux.h"

enum { WORLD_CPUS = 8 };

struct map;

/* Reads a number that __uint() declares. */
#define MAP_NUMBER(map, member) (sizeof(*(map).member) / sizeof(int))

struct map *map_add(const void *address, unsigned type, size_t key_size, size_t value_size,
		    size_t max_entries);
/* A hash that no declaration stands for, to be put into an array of maps. */
struct map *map_new_hash(size_t key_size, size_t value_size, size_t max_entries);
/* The same, of an array. */
struct map *map_new_array(size_t value_size, size_t max_entries);
void map_put_inner(const void *outer, __u32 index, struct map *inner);
void map_resize(const void *address, size_t max_entries);

typedef void map_visit_fn(void *context, const void *key, const void *value);
/* Visits every entry of a hash and empties it. */
void map_take_all(struct map *map, map_visit_fn *visit, void *context);
/* Visits every entry of a hash as it is at the moment. */
void map_each(struct map *map, map_visit_fn *visit, void *context);
/* Puts entries that nobody else uses until there is no room. */
void map_fill(struct map *map);
struct map *map_at(const void *address);
/* What the array's element is on one CPU; never NULL for a good index. */
void *map_element(const void *address, __u32 index, unsigned cpu);
size_t map_room(const void *address); /* of a hash: entries that are still free */

typedef void ring_visit_fn(void *context, const void *record, size_t bytes);
/* Takes all records out, oldest first; those of ring_fill() are dropped. */
void ring_take_all(const void *address, ring_visit_fn *visit, void *context);
void ring_fill(const void *address);

#endif
