// SPDX-License-Identifier: MIT
#include "unwind_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RULES_BYTES (SCOPE_UNWIND_RULES * sizeof(struct scope_unwind_rule))
#define MAPS_BYTES  (SCOPE_UNWIND_MAPS * sizeof(struct scope_unwind_map))

/* The map behind `fd`, or memory of our own for -1. NULL: errno says why not. */
static void *map_memory(int fd, size_t bytes)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int unwind_maps_open(struct unwind_maps *maps, const struct unwind_fds *fds)
{
	memset(maps, 0, sizeof(*maps));
	maps->in_kernel = fds != NULL;
	maps->fds = fds ? *fds : (struct unwind_fds){ -1, -1, -1, -1, -1 };
	maps->rules = map_memory(maps->fds.rules, RULES_BYTES);
	maps->maps = map_memory(maps->fds.maps, MAPS_BYTES);
	if (!maps->rules || !maps->maps) {
		int ret = -errno;

		unwind_maps_close(maps);
		return ret;
	}
	run_pool_add(&maps->map_room, 0, SCOPE_UNWIND_MAPS);
	*array_push(&maps->arenas) = (struct unwind_arena){ .fd = -1 };
	array_push(&maps->tables);
	return 0;
}

void unwind_maps_close(struct unwind_maps *maps)
{
	if (maps->rules)
		munmap(maps->rules, RULES_BYTES);
	if (maps->maps)
		munmap(maps->maps, MAPS_BYTES);
	for (size_t i = 0; i < maps->arenas.count; i++) {
		struct unwind_arena *arena = &maps->arenas.items[i];

		if (arena->bytes)
			munmap(arena->bytes, (size_t)arena->count * SCOPE_UNWIND_ELEMENT);
		if (arena->fd >= 0)
			close(arena->fd);
		run_pool_free(&arena->room);
	}
	run_pool_free(&maps->map_room);
	array_free(&maps->arenas);
	array_free(&maps->tables);
	memset(maps, 0, sizeof(*maps));
}

static int create_map(const struct unwind_maps *maps, uint32_t count)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);

	return maps->in_kernel
		       ? bpf_map_create(BPF_MAP_TYPE_ARRAY, "scope_tables", sizeof(uint32_t),
					SCOPE_UNWIND_ELEMENT, count, &opts)
		       : -1;
}

uint32_t unwind_maps_add_arena(struct unwind_maps *maps, uint32_t count)
{
	struct unwind_arena arena = { .count = count, .fd = create_map(maps, count) };
	size_t bytes = (size_t)count * SCOPE_UNWIND_ELEMENT;
	uint32_t id = (uint32_t)maps->arenas.count;

	if (id >= SCOPE_UNWIND_IMAGES || (maps->in_kernel && arena.fd < 0))
		goto fail;
	arena.bytes = map_memory(arena.fd, bytes);
	if (!arena.bytes)
		goto fail;
	if (maps->in_kernel && bpf_map_update_elem(maps->fds.images, &id, &arena.fd, BPF_ANY)) {
		munmap(arena.bytes, bytes);
		goto fail;
	}
	run_pool_add(&arena.room, 0, count);
	*array_push(&maps->arenas) = arena;
	*array_push(&maps->tables) = (struct unwind_elements){ arena.bytes, count };
	maps->arena_bytes += bytes;
	return id;
fail:
	if (arena.fd >= 0)
		close(arena.fd);
	return 0;
}

/* Before the programs are loaded nothing is remembered, and this does nothing. */
static int forget_places(struct unwind_maps *maps, uint64_t owner)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &owner, .ctx_size_in = sizeof(owner));

	return bpf_prog_test_run_opts(maps->fds.forget, &opts);
}

int unwind_maps_set_space(struct unwind_maps *maps, uint64_t owner,
			  const struct scope_unwind_space *space)
{
	int r;

	if (!maps->in_kernel)
		return 0;
	r = bpf_map_update_elem(maps->fds.spaces, &owner, space, BPF_ANY);
	return r ? r : forget_places(maps, owner);
}

void unwind_maps_delete_space(struct unwind_maps *maps, uint64_t owner)
{
	if (!maps->in_kernel)
		return;
	bpf_map_delete_elem(maps->fds.spaces, &owner);
	forget_places(maps, owner);
}
