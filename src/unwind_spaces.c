// SPDX-License-Identifier: MIT
#include "unwind_spaces.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "clock.h"

#define SWEEP_NS (NSEC_PER_SEC / 2) /* how often those that have ended are looked for */
#define LOOK_NS	 NSEC_PER_SEC	    /* how often one whose leader has ended is looked at */

void unwind_spaces_init(struct unwind_spaces *spaces, struct unwind_maps *maps,
			struct unwind_images *tables, struct images *images)
{
	memset(spaces, 0, sizeof(*spaces));
	spaces->maps = maps;
	spaces->tables = tables;
	spaces->images = images;
	table_init(&spaces->pids, sizeof(uint32_t));
}

static void space_free(struct unwind_space *space)
{
	if (!space)
		return;
	unwind_layout_release(&space->layout);
	free(space);
}

void unwind_spaces_free(struct unwind_spaces *spaces)
{
	for (size_t i = 0; i < spaces->current.count; i++)
		space_free(spaces->current.items[i]);
	for (size_t i = 0; i < spaces->retired.count; i++)
		space_free(spaces->retired.items[i]);
	array_free(&spaces->current);
	array_free(&spaces->retired);
	array_free(&spaces->bound);
	array_free(&spaces->leaving);
	table_free(&spaces->pids);
}

/* --- the kernel side's copy ---------------------------------------------------------------------
 */

static void erase(struct unwind_spaces *spaces, struct unwind_layout *layout, nsec_t now)
{
	if (layout->written)
		run_pool_give(&spaces->maps->map_room, layout->first, layout->written_count, now);
	layout->written = false;
}

/* To another place than before: the kernel side may be reading that. */
static bool write_layout(struct unwind_spaces *spaces, struct unwind_layout *layout, nsec_t now)
{
	uint32_t count = (uint32_t)layout->maps.count, first = 0;

	erase(spaces, layout, now);
	if (count && !run_pool_take(&spaces->maps->map_room, count, now, &first)) {
		spaces->no_room++;
		return false;
	}
	if (count)
		memcpy(spaces->maps->maps + first, layout->maps.items,
		       count * sizeof(*layout->maps.items));
	/* Whoever finds the space finds what it names. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	layout->first = first;
	layout->written_count = count;
	layout->written = true;
	return true;
}

/* Unbound where there is no room: the kernel side sends its stacks whole then. */
static void tell(struct unwind_spaces *spaces, struct unwind_space *space)
{
	struct scope_unwind_space now = { 0 };

	if (space->layout->written) {
		now.first = space->layout->first;
		now.count = space->layout->written_count;
		now.bound = 1;
	}
	if (memcmp(&now, &space->told, sizeof(now)) == 0)
		return;
	space->told = now;
	if (unwind_maps_set_space(spaces->maps, space->owner, &now))
		spaces->no_room++;
}

static void unbind(struct unwind_spaces *spaces, struct unwind_space *space)
{
	if (!space->owner)
		return;
	unwind_maps_delete_space(spaces->maps, space->owner);
	space->owner = 0;
	if (--space->layout->bound == 0)
		erase(spaces, space->layout, clock_now());
	for (size_t i = 0; i < spaces->bound.count; i++) {
		if (spaces->bound.items[i] != space)
			continue;
		spaces->bound.items[i] = spaces->bound.items[--spaces->bound.count];
		return;
	}
}

/* A process whose leader has ended lives on with its other threads, or as a zombie. */
static bool has_gone(uint32_t pid)
{
	return kill((pid_t)pid, 0) && errno == ESRCH;
}

void unwind_spaces_refuse(struct unwind_spaces *spaces, uint32_t pid, uint64_t owner)
{
	/* else it would only ask again */
	if (has_gone(pid))
		unwind_maps_delete_space(spaces->maps, owner);
}

void unwind_spaces_bind(struct unwind_spaces *spaces, struct unwind_space *space, uint64_t owner)
{
	if (space->ended_ns) /* nobody runs in it any more */
		unwind_maps_delete_space(spaces->maps, owner);
	if (space->ended_ns || !owner)
		return;
	/* Asked again: the kernel side has lost it, or its answer. */
	memset(&space->told, 0, sizeof(space->told));
	spaces->changed = true;
	if (!space->owner) {
		space->layout->bound++;
		*array_push(&spaces->bound) = space;
	}
	space->owner = owner;
}

/* --- processes ----------------------------------------------------------------------------------
 */

static struct unwind_space **slot_of(struct unwind_spaces *spaces, uint32_t pid)
{
	bool is_new;
	uint32_t id = table_add(&spaces->pids, &pid, &is_new);

	return is_new ? array_push(&spaces->current) : &spaces->current.items[id];
}

/* Its time is over; stacks of it may still come. */
static void retire(struct unwind_spaces *spaces, struct unwind_space **slot, nsec_t ended_ns)
{
	struct unwind_space *space = *slot;

	if (!space)
		return;
	unbind(spaces, space);
	space->ended_ns = ended_ns > space->since_ns ? ended_ns : space->since_ns + 1;
	*array_push(&spaces->retired) = space;
	*slot = NULL;
}

/* Takes over the reference to `layout`. */
static struct unwind_space *begin(struct unwind_spaces *spaces, uint32_t pid, nsec_t since_ns,
				  bool whole, struct unwind_layout *layout)
{
	struct unwind_space **slot = slot_of(spaces, pid), *space = mem_alloc(sizeof(*space));

	retire(spaces, slot, since_ns);
	space->pid = pid;
	space->since_ns = since_ns;
	space->whole = whole;
	space->layout = layout;
	*slot = space;
	return space;
}

static void take_fork(struct unwind_spaces *spaces, const struct scope_fork *fork)
{
	struct unwind_space *parent;

	if (fork->pid == fork->ppid) /* a thread */
		return;
	parent = unwind_spaces_find(spaces, fork->ppid, fork->time_ns);
	begin(spaces, fork->pid, fork->time_ns, parent && parent->whole,
	      parent ? unwind_layout_hold(parent->layout) : unwind_layout_new());
}

static void take_exit(struct unwind_spaces *spaces, const struct scope_exit *exit)
{
	/* The leader may leave before the others: whether it is the end is looked at later. */
	if (exit->tid == exit->pid)
		*array_push(&spaces->leaving) = (struct unwind_leaving){ exit->pid, exit->time_ns,
									 exit->time_ns + LOOK_NS };
}

/* What others share stays as it is. */
static void own_layout(struct unwind_spaces *spaces, struct unwind_space *space)
{
	struct unwind_layout *shared = space->layout;

	if (shared->references == 1)
		return;
	space->layout = unwind_layout_copy(shared);
	if (space->owner) {
		space->layout->bound++;
		if (--shared->bound == 0)
			erase(spaces, shared, clock_now());
	}
	unwind_layout_release(&shared);
}

static void take_map(struct unwind_spaces *spaces, const struct scope_map *map)
{
	struct unwind_space *space = *slot_of(spaces, map->pid);
	struct unwind_range range = {
		.start = map->start,
		.end = map->end,
		.file_off = map->file_off,
	};
	const struct image *image;

	if (!map->executable || map->start >= map->end)
		return;
	if (!space)
		space = begin(spaces, map->pid, 0, false, unwind_layout_new());
	if (!map->time_ns) /* the start's list of all */
		space->whole = true;
	image = images_get(spaces->images, map->pid, &map->file, map->path);
	if (image->kind == IMAGE_FILE || image->kind == IMAGE_VDSO)
		range.image = unwind_images_get(spaces->tables, image);
	own_layout(spaces, space);
	unwind_layout_add(space->layout, &range);
	if (space->owner && space->layout->changed)
		spaces->changed = true;
}

void unwind_spaces_take(struct unwind_spaces *spaces, const void *record)
{
	const struct scope_record *head = record;
	const struct scope_comm *comm = record;

	switch (head->type) {
	case SCOPE_REC_FORK:
		take_fork(spaces, record);
		break;
	case SCOPE_REC_COMM:
		if (comm->exec)
			begin(spaces, comm->pid, comm->time_ns, true, unwind_layout_new());
		break;
	case SCOPE_REC_EXIT:
		take_exit(spaces, record);
		break;
	case SCOPE_REC_MAP:
		take_map(spaces, record);
		break;
	}
}

struct unwind_space *unwind_spaces_find(const struct unwind_spaces *spaces, uint32_t pid,
					nsec_t time_ns)
{
	uint32_t id = table_find(&spaces->pids, &pid);
	struct unwind_space *current;

	if (id == TABLE_NONE)
		return NULL;
	current = spaces->current.items[id];
	if (current && current->since_ns <= time_ns)
		return current;
	for (size_t i = spaces->retired.count; i > 0; i--) {
		struct unwind_space *space = spaces->retired.items[i - 1];

		if (space->pid == pid && space->since_ns <= time_ns && time_ns < space->ended_ns)
			return space;
	}
	return current;
}

void unwind_spaces_want_all(struct unwind_spaces *spaces, nsec_t now)
{
	for (size_t i = 0; i < spaces->current.count; i++) {
		struct unwind_space *space = spaces->current.items[i];

		if (space && space->whole && space->owner)
			unwind_layout_want(space->layout, spaces->tables, now);
	}
}

/* --- upkeep ------------------------------------------------------------------------------------ */

static void look_at_leaving(struct unwind_spaces *spaces, nsec_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < spaces->leaving.count; i++) {
		struct unwind_leaving leaving = spaces->leaving.items[i];
		struct unwind_space **slot = slot_of(spaces, leaving.pid);

		if (!*slot || (*slot)->since_ns > leaving.ended_ns)
			continue; /* executed another program, or the number has another process */
		if (now >= leaving.look_ns && has_gone(leaving.pid)) {
			retire(spaces, slot, now);
			continue;
		}
		if (now >= leaving.look_ns)
			leaving.look_ns = now + LOOK_NS;
		spaces->leaving.items[kept++] = leaving;
	}
	spaces->leaving.count = kept;
}

static void forget_retired(struct unwind_spaces *spaces, nsec_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < spaces->retired.count; i++) {
		struct unwind_space *space = spaces->retired.items[i];

		if (now < space->ended_ns + SPACE_GRACE_NS)
			spaces->retired.items[kept++] = space;
		else
			space_free(space);
	}
	spaces->retired.count = kept;
}

/* Those that live ask for their tables; of the rest, some go. */
static void make_room(struct unwind_spaces *spaces, nsec_t now)
{
	for (size_t i = 0; i < spaces->bound.count; i++)
		unwind_layout_touch(spaces->bound.items[i]->layout, now);
	unwind_images_evict(spaces->tables, now);
}

void unwind_spaces_update(struct unwind_spaces *spaces, nsec_t now)
{
	if (now - spaces->swept_ns >= SWEEP_NS) {
		spaces->swept_ns = now;
		look_at_leaving(spaces, now);
		forget_retired(spaces, now);
	}
	if (unwind_images_full(spaces->tables))
		make_room(spaces, now);
	if (!spaces->changed && spaces->version == spaces->tables->version)
		return;
	for (size_t i = 0; i < spaces->bound.count; i++)
		if (spaces->bound.items[i]->layout->changed ||
		    !spaces->bound.items[i]->layout->written)
			unwind_layout_want(spaces->bound.items[i]->layout, spaces->tables, now);
	spaces->changed = false;
	spaces->version = spaces->tables->version;
	for (size_t i = 0; i < spaces->bound.count; i++) {
		struct unwind_layout *layout = spaces->bound.items[i]->layout;

		if (unwind_layout_compile(layout, spaces->tables) || !layout->written)
			write_layout(spaces, layout, now);
	}
	for (size_t i = 0; i < spaces->bound.count; i++)
		tell(spaces, spaces->bound.items[i]);
}
