// SPDX-License-Identifier: MIT
#include "mmaps_batch.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mapping.h"

/* What sample_id_all with TID and TIME appends to every record (struct sample_id, perf_event.h). */
struct sample_id {
	uint32_t pid, tid;
	uint64_t time_ns;
};

struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t start, bytes, file_off;
	uint32_t dev_major, dev_minor;
	uint64_t inode, inode_generation;
	uint32_t protection, flags;
	char path[];
};

struct comm_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	char comm[];
};

struct task_record { /* FORK and EXIT */
	struct perf_event_header header;
	uint32_t pid, ppid;
	uint32_t tid, ptid;
	uint64_t time_ns;
};

struct lost_record {
	struct perf_event_header header;
	uint64_t id;
	uint64_t count;
};

void mmaps_batch_free(struct mmaps_batch *batch)
{
	for (size_t i = 0; i < batch->held.count; i++)
		free(batch->held.items[i].record);
	array_free(&batch->held);
}

static void copy_from_ring(void *to, const void *ring, size_t ring_bytes, uint64_t at, size_t bytes)
{
	size_t start = (size_t)(at & (ring_bytes - 1));
	size_t first = bytes < ring_bytes - start ? bytes : ring_bytes - start;

	memcpy(to, (const char *)ring + start, first);
	memcpy((char *)to + first, ring, bytes - first);
}

/* 0 and -1 stand for tasks outside our pid namespace or past their end: nobody asks for them. */
static bool pid_is_real(uint32_t pid)
{
	return pid != 0 && pid != UINT32_MAX;
}

/* `bytes`: of the record without its sample_id, here and below. */
static bool parse_mmap2(const struct mmap2_record *record, size_t bytes, struct mapping *ret_map)
{
	if (bytes <= sizeof(*record) || !(record->protection & PROT_EXEC) ||
	    !pid_is_real(record->pid) || !memchr(record->path, '\0', bytes - sizeof(*record)) ||
	    !record->bytes || record->bytes > UINT64_MAX - record->start)
		return false;
	*ret_map = (struct mapping){
		.start = record->start,
		.end = record->start + record->bytes,
		.file_off = record->file_off,
		.file = { .inode = record->inode,
			  .dev_major = record->dev_major,
			  .dev_minor = record->dev_minor,
			  .generation = (uint32_t)record->inode_generation },
		.executable = true,
		/* /proc/PID/maps has no name for it, and neither have we. */
		.path = strcmp(record->path, "//anon") == 0 ? "" : record->path,
	};
	ret_map->path_len = strlen(ret_map->path);
	return true;
}

/* At once: a program may be deleted as soon as it has ended. */
static void pin_image(const struct perf_event_header *header, struct images *images)
{
	const struct mmap2_record *record = (const void *)header;
	struct mapping map;

	if (header->type == PERF_RECORD_MMAP2 &&
	    parse_mmap2(record, header->size - sizeof(struct sample_id), &map) && map.file.inode)
		images_get(images, record->pid, &map.file, map.path);
}

int mmaps_batch_take(struct mmaps_batch *batch, const void *ring, size_t ring_bytes, uint64_t tail,
		     uint64_t head, struct images *images)
{
	if (head - tail > ring_bytes)
		return -EINVAL;
	while (tail != head) {
		struct perf_event_header header;
		struct mmaps_held *held;
		struct sample_id id;

		if (head - tail < sizeof(header))
			return -EINVAL;
		copy_from_ring(&header, ring, ring_bytes, tail, sizeof(header));
		if (header.size < sizeof(header) || header.size % 8 || header.size > head - tail)
			return -EINVAL;
		if (header.size >= sizeof(header) + sizeof(id)) {
			held = array_push(&batch->held);
			held->record = mem_alloc(header.size);
			copy_from_ring(held->record, ring, ring_bytes, tail, header.size);
			memcpy(&id, (char *)held->record + header.size - sizeof(id), sizeof(id));
			held->time_ns = id.time_ns;
			held->sequence = batch->sequence++;
			if (images)
				pin_image(held->record, images);
		}
		tail += header.size;
	}
	return 0;
}

static int compare_held(const void *a, const void *b)
{
	const struct mmaps_held *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static void emit_mmap2(const struct mmap2_record *record, size_t bytes, nsec_t time_ns,
		       struct ingest *ingest)
{
	struct mapping map;

	if (parse_mmap2(record, bytes, &map))
		mapping_send(&map, record->pid, time_ns, ingest);
}

static void emit_comm(const struct comm_record *record, size_t bytes, nsec_t time_ns,
		      struct ingest *ingest)
{
	struct scope_comm comm = {
		.rec = { SCOPE_REC_COMM, sizeof(comm) },
		.time_ns = time_ns,
		.pid = record->pid,
		.tid = record->tid,
		.exec = (record->header.misc & PERF_RECORD_MISC_COMM_EXEC) != 0,
	};
	size_t length = strnlen(record->comm, bytes - sizeof(*record));

	if (!pid_is_real(record->pid))
		return;
	if (length >= sizeof(comm.comm))
		length = sizeof(comm.comm) - 1;
	memcpy(comm.comm, record->comm, length);
	ingest_record(ingest, &comm, sizeof(comm));
}

static void emit_task(const struct task_record *record, nsec_t time_ns, struct ingest *ingest)
{
	struct scope_fork birth = {
		.rec = { SCOPE_REC_FORK, sizeof(birth) },
		.time_ns = time_ns,
		.pid = record->pid,
		.tid = record->tid,
		.ppid = record->ppid,
		.ptid = record->ptid,
	};
	struct scope_exit end = {
		.rec = { SCOPE_REC_EXIT, sizeof(end) },
		.time_ns = time_ns,
		.pid = record->pid,
		.tid = record->tid,
	};

	if (!pid_is_real(record->pid))
		return;
	if (record->header.type == PERF_RECORD_FORK)
		ingest_record(ingest, &birth, sizeof(birth));
	else
		ingest_record(ingest, &end, sizeof(end));
}

static void emit_lost(const struct lost_record *record, struct ingest *ingest)
{
	struct scope_loss_record loss = {
		.rec = { SCOPE_REC_LOSS, sizeof(loss) },
		.cause = SCOPE_LOSS_MMAP_RING,
		.count = record->count,
	};

	ingest_record(ingest, &loss, sizeof(loss));
}

static void emit_one(const struct mmaps_held *held, struct ingest *ingest)
{
	const struct perf_event_header *header = held->record;
	size_t bytes = header->size - sizeof(struct sample_id);

	switch (header->type) {
	case PERF_RECORD_MMAP2:
		emit_mmap2(held->record, bytes, held->time_ns, ingest);
		break;
	case PERF_RECORD_COMM:
		if (bytes > sizeof(struct comm_record))
			emit_comm(held->record, bytes, held->time_ns, ingest);
		break;
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		if (bytes >= sizeof(struct task_record))
			emit_task(held->record, held->time_ns, ingest);
		break;
	case PERF_RECORD_LOST:
		if (bytes >= sizeof(struct lost_record))
			emit_lost(held->record, ingest);
		break;
	default: /* throttling and the like: nothing that we asked for */
		break;
	}
}

void mmaps_batch_emit(struct mmaps_batch *batch, nsec_t until_ns, struct ingest *ingest)
{
	struct mmaps_held *items = batch->held.items;
	size_t count = batch->held.count, done = 0;

	if (!count)
		return;
	qsort(items, count, sizeof(*items), compare_held);
	for (; done < count && items[done].time_ns <= until_ns; done++) {
		emit_one(&items[done], ingest);
		free(items[done].record);
	}
	memmove(items, items + done, (count - done) * sizeof(*items));
	batch->held.count = count - done;
}
