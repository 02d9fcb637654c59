/* SPDX-License-Identifier: MIT */
/*
 * tables.h - two BPF hashes, of which the kernel side fills one while the other is read and emptied.
 *
 * The kernel side finds the one in use through an array of maps with one element. Nothing is read
 * or deleted under a writer: a batch lookup-and-delete on a live hash loses updates.
 */
#ifndef TABLES_H
#define TABLES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_pair {
	int outer_fd; /* the array of maps; not owned */
	int fd[2];    /* owned; -1: not made */
	unsigned current;
	size_t key_size, value_size;
	unsigned char *keys, *values; /* room for one batch */
	const char *name;
	uint32_t entries;  /* at most, in each of the two */
	pthread_t thread;  /* makes them */
	bool has_thread;
	int error;
};

#define TABLE_PAIR_NONE { .fd = { -1, -1 } }

/*
 * Begins to make those that `pair` describes (outer_fd, sizes, name, entries): to put the first in place
 * the kernel takes ten milliseconds or more, in which others have work to do.
 */
void tables_make(struct table_pair *pair);
int tables_await(struct table_pair *pair); /* until they are made; 0 or -errno */
void tables_free(struct table_pair *pair);

typedef void tables_sink(void *context, const void *key, const void *value);

/* Puts the empty table in place, then hands on and deletes all entries of the other. 0 or -errno. */
int tables_drain(struct table_pair *pair, tables_sink *sink, void *context);

uint64_t tables_map_bytes(int fd); /* kernel memory of any map */

#endif
