// SPDX-License-Identifier: MIT
#include "unwinds.h"

#include <errno.h>
#include <string.h>

#include "blocked_thread.h"
#include "clock.h"
#include "mem.h"
#include "snapshot.h"
#include "stack_memory.h"
#include "unwind_spaces.h"
#include "unwind_walk.h"

#define TABLE_BYTES_MAX ((uint64_t)256 << 20)
#define RAW_BYTES_MAX	((size_t)64 << 20) /* of stacks that wait for their tables */
#define LOOKS_MAX	256u /* threads that are looked at in one go, some milliseconds */

/* A stack on its way. */
struct raw {
	struct scope_raw *record;     /* owned */
	struct unwind_layout *layout; /* of its time, held; NULL: not looked for yet */
};

struct unwinds {
	struct ingest *ingest;
	struct images *images;
	uint32_t max_frames;
	struct unwind_maps maps;
	struct unwind_images tables;
	struct unwind_spaces spaces;
	ARRAY(struct scope_space) requests;
	ARRAY(struct raw) raws;
	size_t raw_bytes;
	uint64_t *ips, *longer_ips; /* room for max_frames each */
	unsigned int looks_left;    /* at threads, in this round */
	struct unwinds_stats stats;
};

static void take_mapping(void *context, const void *record)
{
	struct unwinds *u = context;

	unwind_spaces_take(&u->spaces, record);
}

int unwinds_open(const struct unwinds_config *config, struct unwinds **ret_unwinds, struct err *err)
{
	struct unwinds *u = mem_alloc(sizeof(*u));
	int ret = unwind_maps_open(&u->maps, config->fds);

	if (ret) {
		free(u);
		return err_set(err, EXIT_CODE_FAILURE, ret, "cannot map a BPF array: %s",
			       strerror(-ret));
	}
	u->ingest = config->ingest;
	u->images = config->images;
	u->max_frames = config->max_frames;
	u->ips = mem_alloc_array(u->max_frames, sizeof(*u->ips));
	u->longer_ips = mem_alloc_array(u->max_frames, sizeof(*u->longer_ips));
	unwind_images_init(&u->tables, &u->maps,
			   config->max_bytes ? config->max_bytes : TABLE_BYTES_MAX);
	unwind_spaces_init(&u->spaces, &u->maps, &u->tables, u->images);
	ingest_listen(u->ingest, take_mapping, u);
	*ret_unwinds = u;
	return 0;
}

static void drop_raw(struct unwinds *u, struct raw *raw)
{
	u->raw_bytes -= raw->record->rec.size;
	free(raw->record);
	unwind_layout_release(&raw->layout);
}

void unwinds_close(struct unwinds **unwinds)
{
	struct unwinds *u = *unwinds;

	if (!u)
		return;
	ingest_listen(u->ingest, NULL, NULL);
	for (size_t i = 0; i < u->raws.count; i++)
		drop_raw(u, &u->raws.items[i]);
	array_free(&u->raws);
	array_free(&u->requests);
	unwind_spaces_free(&u->spaces);
	unwind_images_free(&u->tables);
	unwind_maps_close(&u->maps);
	free(u->ips);
	free(u->longer_ips);
	free(u);
	*unwinds = NULL;
}

/* --- requests ---------------------------------------------------------------------------------- */

static void take_raw(struct unwinds *u, const struct scope_raw *record)
{
	struct scope_loss_record loss = {
		.rec = { SCOPE_REC_LOSS, sizeof(loss) },
		.cause = SCOPE_LOSS_RING_STACK,
		.count = 1,
	};
	struct raw raw = { 0 };

	if (u->raw_bytes + record->rec.size > RAW_BYTES_MAX) {
		u->stats.raw_dropped++;
		ingest_record(u->ingest, &loss, sizeof(loss));
		return;
	}
	raw.record = mem_alloc(record->rec.size);
	memcpy(raw.record, record, record->rec.size);
	*array_push(&u->raws) = raw;
	u->raw_bytes += record->rec.size;
}

void unwinds_take(struct unwinds *u, const void *record, size_t bytes)
{
	const struct scope_record *head = record;
	const struct scope_raw *raw = record;

	if (bytes < sizeof(*head) || head->size != bytes)
		return;
	if (head->type == SCOPE_REC_SPACE && bytes == sizeof(struct scope_space))
		memcpy(array_push(&u->requests), record, bytes);
	else if (head->type == SCOPE_REC_RAW && bytes >= sizeof(*raw) &&
		 raw->bytes == bytes - sizeof(*raw) && raw->bytes % 8 == 0)
		take_raw(u, raw);
}

void unwinds_expect(struct unwinds *u, uint64_t owner, uint32_t pid)
{
	*array_push(&u->requests) = (struct scope_space){
		.owner = owner,
		.time_ns = clock_now(),
		.pid = pid,
	};
}

/* The mappings of processes that nobody listed (one that joined a cgroup) are read now. */
static struct unwind_space *find_whole(struct unwinds *u, uint32_t pid, nsec_t time_ns)
{
	struct unwind_space *space = unwind_spaces_find(&u->spaces, pid, time_ns);

	if (space && (space->whole || space->ended_ns))
		return space;
	snapshot_process(pid, clock_now(), u->images, u->ingest);
	space = unwind_spaces_find(&u->spaces, pid, time_ns);
	if (space)
		space->whole = true;
	return space;
}

static void answer_requests(struct unwinds *u)
{
	for (size_t i = 0; i < u->requests.count; i++) {
		const struct scope_space *request = &u->requests.items[i];
		struct unwind_space *space = find_whole(u, request->pid, request->time_ns);

		u->stats.spaces += !space || !space->owner;
		if (space)
			unwind_spaces_bind(&u->spaces, space, request->owner);
		else
			unwind_spaces_refuse(&u->spaces, request->pid, request->owner);
	}
	u->requests.count = 0;
}

/* --- walks ------------------------------------------------------------------------------------- */

static struct unwind_view view_of(const struct unwinds *u, const struct unwind_layout *layout)
{
	return (struct unwind_view){
		.maps = layout ? layout->maps.items : NULL,
		.map_count = layout ? (uint32_t)layout->maps.count : 0,
		.tables = u->maps.tables.items,
		.table_count = (uint32_t)u->maps.tables.count,
		.rules = u->maps.rules,
		.rule_count = (uint32_t)u->tables.stats.rules,
	};
}

static const uint64_t *regs_of(const struct scope_raw *raw)
{
	return (const uint64_t *)raw->regs;
}

/* What was shipped; `context` is a struct scope_raw. */
static bool read_raw(void *context, uint64_t address, uint64_t *ret_value)
{
	const struct scope_raw *raw = context;
	uint64_t sp = unwind_stack_pointer(regs_of(raw));

	if (address < sp || address - sp >= raw->bytes ||
	    raw->bytes - (address - sp) < sizeof(*ret_value))
		return false;
	memcpy(ret_value, (const char *)raw->stack + (address - sp), sizeof(*ret_value));
	return true;
}

/* What was shipped, and what lies above it in a thread that is still there. */
struct longer {
	const struct scope_raw *raw;
	struct stack_memory memory;
};

static bool read_longer(void *context, uint64_t address, uint64_t *ret_value)
{
	struct longer *longer = context;

	return read_raw((void *)longer->raw, address, ret_value) ||
	       stack_memory_read(&longer->memory, address, ret_value);
}

static bool is_unchanged(const struct scope_raw *raw, uint32_t tid)
{
	uint64_t sp = unwind_stack_pointer(regs_of(raw)), value;
	struct stack_memory memory = { .tid = tid };

	for (uint32_t i = 0; i < raw->bytes / sizeof(value); i++)
		if (!stack_memory_read(&memory, sp + i * sizeof(value), &value) ||
		    value != raw->stack[i])
			return false;
	return blocked_thread_is(raw->pid, tid, sp, unwind_address(regs_of(raw)));
}

/*
 * A stack that is larger than what was shipped can be walked to its end as long as its thread is
 * blocked there. If it has run in between and come back, to the same registers and the same memory
 * down here, the frames above are those that it will return to all the same.
 */
static void walk_longer(struct unwinds *u, const struct scope_raw *raw, struct unwind_view view,
			size_t *count, enum scope_stack_end *end)
{
	struct longer longer = { .raw = raw };
	size_t longer_count;
	enum scope_stack_end longer_end;

	longer.memory.tid = blocked_thread_find(raw->pid, unwind_stack_pointer(regs_of(raw)),
						unwind_address(regs_of(raw)), &u->looks_left);
	if (!longer.memory.tid)
		return;
	view.read = read_longer;
	view.context = &longer;
	longer_count = unwind_walk(&view, regs_of(raw), u->longer_ips, u->max_frames, &longer_end);
	if (!is_unchanged(raw, longer.memory.tid))
		return;
	memcpy(u->ips, u->longer_ips, longer_count * sizeof(*u->ips));
	*count = longer_count;
	*end = longer_end;
}

static void send_stack(struct unwinds *u, const struct scope_raw *raw, size_t count,
		       enum scope_stack_end end)
{
	struct scope_stack head = {
		.id = raw->id,
		.time_ns = raw->time_ns,
		.pid = raw->pid,
		.kind = SCOPE_STACK_USER,
		.end = (uint8_t)end,
		.count = (uint16_t)count,
	};

	ingest_stack(u->ingest, &head, u->ips);
}

/* False: a table that it may need is still to come. */
static bool walk_raw(struct unwinds *u, struct raw *raw)
{
	struct unwind_view view;
	enum scope_stack_end end;
	size_t count;

	if (raw->layout) {
		unwind_layout_compile(raw->layout, &u->tables);
		if (raw->layout->pending)
			return false;
	}
	view = view_of(u, raw->layout);
	view.read = read_raw;
	view.context = raw->record;
	count = unwind_walk(&view, regs_of(raw->record), u->ips, u->max_frames, &end);
	if (end == SCOPE_END_UNREADABLE)
		walk_longer(u, raw->record, view, &count, &end);
	send_stack(u, raw->record, count, end);
	u->stats.raw_stacks++;
	return true;
}

/* Mappings that come later are not this stack's. */
static void place_raws(struct unwinds *u, nsec_t now)
{
	for (size_t i = 0; i < u->raws.count; i++) {
		struct raw *raw = &u->raws.items[i];
		struct unwind_space *space;

		if (raw->layout)
			continue;
		space = find_whole(u, raw->record->pid, raw->record->time_ns);
		if (!space)
			continue;
		raw->layout = unwind_layout_hold(space->layout);
		unwind_layout_want(raw->layout, &u->tables, now);
	}
}

static void walk_raws(struct unwinds *u)
{
	size_t kept = 0;

	u->looks_left = LOOKS_MAX;
	for (size_t i = 0; i < u->raws.count; i++) {
		struct raw *raw = &u->raws.items[i];

		if (walk_raw(u, raw))
			drop_raw(u, raw);
		else
			u->raws.items[kept++] = *raw;
	}
	u->raws.count = kept;
}

size_t unwinds_walk_blocked(struct unwinds *u, uint32_t pid, uint32_t tid,
			    const uint64_t regs[SCOPE_RAW_REGS], uint64_t *ret_ips, size_t max,
			    enum scope_stack_end *ret_end)
{
	struct unwind_space *space = unwind_spaces_find(&u->spaces, pid, clock_now());
	struct stack_memory memory = { .tid = tid };
	struct unwind_view view;

	if (space)
		unwind_layout_compile(space->layout, &u->tables);
	view = view_of(u, space ? space->layout : NULL);
	view.read = stack_memory_read;
	view.context = &memory;
	return unwind_walk(&view, regs, ret_ips, max < u->max_frames ? max : u->max_frames,
			   ret_end);
}

const struct unwind_layout *unwinds_layout(const struct unwinds *u, uint32_t pid, nsec_t time_ns)
{
	const struct unwind_space *space = unwind_spaces_find(&u->spaces, pid, time_ns);

	return space ? space->layout : NULL;
}

/* --- the whole --------------------------------------------------------------------------------- */

void unwinds_prepare(struct unwinds *u)
{
	nsec_t now = clock_now();

	answer_requests(u);
	unwind_spaces_want_all(&u->spaces, now);
	unwind_images_collect(&u->tables, true, now);
	unwind_spaces_update(&u->spaces, clock_now());
}

void unwinds_work(struct unwinds *u)
{
	nsec_t now = clock_now();

	unwind_images_collect(&u->tables, false, now);
	answer_requests(u);
	place_raws(u, now);
	unwind_spaces_update(&u->spaces, now);
	walk_raws(u);
}

void unwinds_finish(struct unwinds *u)
{
	nsec_t now = clock_now();

	place_raws(u, now);
	unwind_images_collect(&u->tables, true, now);
	walk_raws(u);
}

int unwinds_fd(const struct unwinds *u)
{
	return unwind_images_fd(&u->tables);
}

void unwinds_stats(const struct unwinds *u, struct unwinds_stats *ret_stats)
{
	const struct unwind_images_stats *tables = &u->tables.stats;

	*ret_stats = u->stats;
	ret_stats->tables = tables->tables;
	ret_stats->rows = tables->rows;
	ret_stats->table_bytes = u->maps.arena_bytes;
	ret_stats->rules = tables->rules;
	ret_stats->unsupported_rows = tables->unsupported_rows;
	ret_stats->built = tables->built;
	ret_stats->evicted = tables->evicted;
	ret_stats->refused = tables->refused;
	ret_stats->build_ns = tables->build_ns;
	ret_stats->no_room = u->spaces.no_room;
}
