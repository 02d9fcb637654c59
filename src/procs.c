// SPDX-License-Identifier: MIT
#include "procs.h"

#include <string.h>

/* How far up a line of forks, none followed by exec, mappings are looked for: records may tell of
 * circles, too. */
#define MAX_ANCESTORS 64

void procs_init(struct procs *p)
{
	memset(p, 0, sizeof(*p));
	strings_init(&p->strings);
	table_init(&p->files, sizeof(struct proc_file));
}

void procs_free(struct procs *p)
{
	strings_free(&p->strings);
	table_free(&p->files);
	array_free(&p->events);
	array_free(&p->maps);
	array_free(&p->sealed);
	array_free(&p->generations);
	array_free(&p->instances);
}

static struct proc_event *event_add(struct procs *p, uint16_t type, uint32_t pid, nsec_t time_ns)
{
	struct proc_event *event = array_push(&p->events);

	event->type = type;
	event->pid = pid;
	event->time_ns = time_ns;
	event->order = (uint32_t)p->events.count;
	return event;
}

void procs_add_fork(struct procs *p, const struct scope_fork *fork)
{
	if (fork->pid != fork->ppid) /* else a thread */
		event_add(p, SCOPE_REC_FORK, fork->pid, fork->time_ns)->value = fork->ppid;
}

void procs_add_comm(struct procs *p, const struct scope_comm *comm)
{
	struct proc_event *event;

	if (comm->tid != comm->pid && !comm->exec)
		return;
	event = event_add(p, SCOPE_REC_COMM, comm->pid, comm->time_ns);
	event->value = strings_add_length(&p->strings, comm->comm,
					  strnlen(comm->comm, sizeof(comm->comm)));
	event->exec = comm->exec;
}

void procs_add_exit(struct procs *p, const struct scope_exit *exit)
{
	event_add(p, SCOPE_REC_EXIT, exit->pid, exit->time_ns);
}

void procs_add_map(struct procs *p, const struct scope_map *map, const char *path, size_t length)
{
	/* perf's word for memory without a file (kernel/events/core.c, perf_event_mmap_event) */
	static const char anonymous[] = "//anon";
	struct proc_file file;
	struct proc_map *m;

	if (!map->executable || map->end <= map->start)
		return;
	if (length == sizeof(anonymous) - 1 && memcmp(path, anonymous, length) == 0)
		length = 0;
	memset(&file, 0, sizeof(file));
	file.id = map->file;
	file.path = strings_add_length(&p->strings, path, length);
	event_add(p, SCOPE_REC_MAP, map->pid, map->time_ns)->value = (uint32_t)p->maps.count;
	m = array_push(&p->maps);
	m->start = map->start;
	m->end = map->end;
	m->file_off = map->file_off;
	m->time_ns = map->time_ns;
	m->file = table_add(&p->files, &file, NULL);
}

const struct proc_file *procs_file(const struct procs *p, uint32_t file)
{
	return table_key(&p->files, file);
}

const char *procs_string(const struct procs *p, uint32_t id)
{
	return strings_get(&p->strings, id);
}

/* --- from events to instances and generations ------------------------------------------------- */

static int compare_events(const void *a, const void *b)
{
	const struct proc_event *s = a, *t = b;

	if (s->pid != t->pid)
		return s->pid < t->pid ? -1 : 1;
	if (s->time_ns != t->time_ns)
		return s->time_ns < t->time_ns ? -1 : 1;
	return (s->order > t->order) - (s->order < t->order);
}

static int compare_maps(const void *a, const void *b)
{
	const struct proc_map *s = a, *t = b;

	if (s->start != t->start)
		return s->start < t->start ? -1 : 1;
	return (s->order > t->order) - (s->order < t->order);
}

static struct proc_instance *instance_last(struct procs *p)
{
	return &p->instances.items[p->instances.count - 1];
}

static struct proc_generation *generation_last(struct procs *p)
{
	return &p->generations.items[p->generations.count - 1];
}

static void generation_begin(struct procs *p, nsec_t since_ns)
{
	struct proc_generation *g = array_push(&p->generations);

	g->since_ns = since_ns;
	g->parent = PROCS_NONE;
	g->first_map = (uint32_t)p->sealed.count;
	instance_last(p)->generation_count++;
}

static void instance_begin(struct procs *p, uint32_t pid, nsec_t since_ns)
{
	struct proc_instance *i = array_push(&p->instances);

	i->pid = pid;
	i->last_ns = ~(nsec_t)0;
	i->first_generation = (uint32_t)p->generations.count;
	generation_begin(p, since_ns);
}

/*
 * A process came to be. Mappings of time 0 may belong to it all the same: the start snapshot can
 * meet a process whose FORK is recorded too. It is another process only if one ended before.
 */
static void apply_fork(struct procs *p, const struct proc_event *event)
{
	struct proc_instance *i = instance_last(p);
	struct proc_generation *g = generation_last(p);
	bool fresh = i->generation_count == 1 && !g->since_ns && !g->ppid && !i->exit_ns;

	if (!fresh) {
		i->last_ns = i->exit_ns ? i->exit_ns : event->time_ns - 1;
		instance_begin(p, event->pid, event->time_ns);
		g = generation_last(p);
	}
	g->since_ns = event->time_ns;
	g->parent_ns = event->time_ns;
	g->ppid = event->value;
}

static bool is_file(const struct procs *p, const struct proc_map *map)
{
	return procs_string(p, procs_file(p, map->file)->path)[0] == '/';
}

static void apply_map(struct procs *p, const struct proc_event *event)
{
	struct proc_generation *g = generation_last(p);
	struct proc_map *to = array_push(&p->sealed);

	*to = p->maps.items[event->value];
	to->order = event->order;
	g->map_count++;
	if (!g->exe && is_file(p, to))
		g->exe = procs_file(p, to->file)->path;
}

static void apply_event(struct procs *p, const struct proc_event *event)
{
	if (!p->instances.count || instance_last(p)->pid != event->pid)
		instance_begin(p, event->pid, 0);
	switch (event->type) {
	case SCOPE_REC_FORK:
		apply_fork(p, event);
		break;
	case SCOPE_REC_COMM:
		if (event->exec)
			generation_begin(p, event->time_ns);
		instance_last(p)->comm = event->value;
		break;
	case SCOPE_REC_EXIT:
		instance_last(p)->exit_ns = event->time_ns;
		break;
	case SCOPE_REC_MAP:
		apply_map(p, event);
		break;
	}
}

/* The last generation that began by `time_ns`; the first holds for all time before it, too. */
static uint32_t generation_at(const struct procs *p, uint32_t instance, nsec_t time_ns)
{
	const struct proc_instance *i = &p->instances.items[instance];
	uint32_t low = i->first_generation, high = low + i->generation_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (p->generations.items[middle].since_ns <= time_ns)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void link_parent(struct procs *p, struct proc_generation *g)
{
	uint32_t instance = g->ppid ? procs_find(p, g->ppid, g->parent_ns) : PROCS_NONE;

	if (instance != PROCS_NONE)
		g->parent = generation_at(p, instance, g->parent_ns);
}

/* Ancestors without mappings of their own (a shell's sub-shell's sub-shell) are passed over. */
static void shorten_ancestry(struct procs *p, struct proc_generation *g)
{
	for (int i = 0; i < MAX_ANCESTORS && g->parent != PROCS_NONE; i++) {
		const struct proc_generation *parent = &p->generations.items[g->parent];

		if (parent->map_count || parent->parent == PROCS_NONE)
			break;
		g->parent = parent->parent;
		g->parent_ns = parent->parent_ns;
	}
}

static void sort_maps(struct procs *p, const struct proc_generation *g)
{
	struct proc_map *maps = p->sealed.items + g->first_map;
	uint64_t max_end = 0;

	if (!g->map_count)
		return;
	qsort(maps, g->map_count, sizeof(*maps), compare_maps);
	for (uint32_t i = 0; i < g->map_count; i++) {
		if (maps[i].end > max_end)
			max_end = maps[i].end;
		maps[i].max_end = max_end;
	}
}

void procs_seal(struct procs *p)
{
	if (p->is_sealed)
		return;
	p->is_sealed = true;
	if (p->events.count)
		qsort(p->events.items, p->events.count, sizeof(*p->events.items), compare_events);
	for (size_t i = 0; i < p->events.count; i++)
		apply_event(p, &p->events.items[i]);
	array_free(&p->events);
	array_free(&p->maps);
	for (size_t i = 0; i < p->generations.count; i++) {
		sort_maps(p, &p->generations.items[i]);
		link_parent(p, &p->generations.items[i]);
	}
	for (size_t i = 0; i < p->generations.count; i++)
		shorten_ancestry(p, &p->generations.items[i]);
}

/* --- lookups ---------------------------------------------------------------------------------- */

/* Instances end in time order, so the first that ends at or after `time_ns` is the one. */
uint32_t procs_find(const struct procs *p, uint32_t pid, nsec_t time_ns)
{
	size_t low = 0, high = p->instances.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct proc_instance *i = &p->instances.items[middle];

		if (i->pid < pid || (i->pid == pid && i->last_ns < time_ns))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->instances.count || p->instances.items[low].pid != pid)
		return PROCS_NONE;
	return (uint32_t)low;
}

/* Of two mappings that hold an address: the one in force at `time_ns`, else the sooner to come. */
static bool is_better(const struct proc_map *map, const struct proc_map *than, nsec_t time_ns)
{
	bool past = map->time_ns <= time_ns, than_past = than->time_ns <= time_ns;

	if (past != than_past)
		return past;
	if (map->time_ns == than->time_ns)
		return map->order > than->order;
	return past == (map->time_ns > than->time_ns);
}

static const struct proc_map *find_in_generation(const struct procs *p,
						 const struct proc_generation *g, nsec_t time_ns,
						 uint64_t address)
{
	const struct proc_map *maps = p->sealed.items + g->first_map, *best = NULL;
	size_t low = array_up_to(maps, g->map_count, start, address);

	for (; low && maps[low - 1].max_end > address; low--)
		if (maps[low - 1].end > address &&
		    (!best || is_better(&maps[low - 1], best, time_ns)))
			best = &maps[low - 1];
	return best;
}

const struct proc_map *procs_find_map(const struct procs *p, uint32_t instance, nsec_t time_ns,
				      uint64_t address)
{
	uint32_t at = generation_at(p, instance, time_ns);

	for (int i = 0; i < MAX_ANCESTORS && at != PROCS_NONE; i++) {
		const struct proc_generation *g = &p->generations.items[at];
		const struct proc_map *map;

		if (g->map_count) {
			map = find_in_generation(p, g, time_ns, address);
			if (map)
				return map;
		}
		time_ns = g->parent_ns;
		at = g->parent;
	}
	return NULL;
}

nsec_t procs_settled_ns(const struct procs *p, uint32_t instance)
{
	const struct proc_instance *i = &p->instances.items[instance];
	const struct proc_generation *g =
		&p->generations.items[i->first_generation + i->generation_count - 1];
	nsec_t settled_ns = g->since_ns; /* before that, its parent is looked at as of then */

	for (uint32_t n = 0; n < g->map_count; n++)
		if (p->sealed.items[g->first_map + n].time_ns > settled_ns)
			settled_ns = p->sealed.items[g->first_map + n].time_ns;
	return settled_ns;
}

uint32_t procs_exe(const struct procs *p, uint32_t instance)
{
	const struct proc_instance *i = &p->instances.items[instance];
	uint32_t at = i->first_generation + i->generation_count - 1;

	for (int n = 0; n < MAX_ANCESTORS && at != PROCS_NONE; n++) {
		const struct proc_generation *g = &p->generations.items[at];

		if (g->exe)
			return g->exe;
		at = g->parent;
	}
	return 0;
}
