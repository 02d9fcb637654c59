// SPDX-License-Identifier: MIT
#include "tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "mem.h"
#include "thread.h"

#define BATCH 4096

static int make(struct table_pair *pair)
{
	uint32_t zero = 0;

	for (int i = 0; i < 2; i++) {
		pair->fd[i] = bpf_map_create(BPF_MAP_TYPE_HASH, pair->name, (uint32_t)pair->key_size,
					     (uint32_t)pair->value_size, pair->entries, NULL);
		if (pair->fd[i] < 0)
			return -errno;
	}
	return bpf_map_update_elem(pair->outer_fd, &zero, &pair->fd[0], BPF_ANY) ? -errno : 0;
}

static void *run(void *context)
{
	struct table_pair *pair = context;

	pair->error = make(pair);
	return NULL;
}

void tables_make(struct table_pair *pair)
{
	pair->keys = mem_alloc_array(BATCH, pair->key_size);
	pair->values = mem_alloc_array(BATCH, pair->value_size);
	pair->has_thread = thread_start(&pair->thread, run, pair);
	if (!pair->has_thread)
		run(pair);
}

int tables_await(struct table_pair *pair)
{
	if (pair->has_thread)
		pthread_join(pair->thread, NULL);
	pair->has_thread = false;
	return pair->error;
}

void tables_free(struct table_pair *pair)
{
	tables_await(pair);
	for (int i = 0; i < 2; i++) {
		if (pair->fd[i] >= 0)
			close(pair->fd[i]);
		pair->fd[i] = -1;
	}
	free(pair->keys);
	free(pair->values);
	pair->keys = pair->values = NULL;
}

/*
 * The update of a map of maps returns only when every program that may hold the old table has
 * ended (maybe_wait_bpf_programs() in kernel/bpf/syscall.c).
 */
int tables_drain(struct table_pair *pair, tables_sink *sink, void *context)
{
	int fd = pair->fd[pair->current];
	uint32_t zero = 0, position, *from = NULL, count;
	int r;

	pair->current ^= 1;
	if (bpf_map_update_elem(pair->outer_fd, &zero, &pair->fd[pair->current], BPF_ANY))
		return -errno;
	do {
		count = BATCH;
		r = bpf_map_lookup_and_delete_batch(fd, from, &position, pair->keys, pair->values,
						    &count, NULL) ? -errno : 0;
		if (r && r != -ENOENT) /* ENOENT: that was the last batch */
			return r;
		for (uint32_t i = 0; i < count; i++)
			sink(context, pair->keys + i * pair->key_size,
			     pair->values + i * pair->value_size);
		from = &position;
	} while (!r);
	return 0;
}

uint64_t tables_map_bytes(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	if (info)
		fclose(info);
	return bytes;
}
