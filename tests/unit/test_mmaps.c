// SPDX-License-Identifier: MIT
/* Perf records: hand-made rings, noise, and the kernel's own for a child that runs a program. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "mmaps.h"
#include "mmaps_batch.h"

#define RING 4096u

/* A ring being filled at free-running position `head`, as the kernel does. */
struct ring {
	char data[RING];
	uint64_t tail, head;
};

static void put(struct ring *ring, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ring->data[ring->head++ % RING] = ((const char *)bytes)[i];
	CHECK(ring->head - ring->tail <= RING);
}

/* A record: header, body, and the sample_id that closes each one. */
static void put_record(struct ring *ring, uint32_t type, uint16_t misc, const void *body,
		       size_t body_bytes, uint64_t time_ns)
{
	struct perf_event_header header = { type, misc, 0 };
	struct {
		uint32_t pid, tid;
		uint64_t time_ns;
	} id = { 1, 1, time_ns };

	CHECK(body_bytes % 8 == 0);
	header.size = (uint16_t)(sizeof(header) + body_bytes + sizeof(id));
	put(ring, &header, sizeof(header));
	put(ring, body, body_bytes);
	put(ring, &id, sizeof(id));
}

struct mmap2_body {
	uint32_t pid, tid;
	uint64_t start, bytes, file_off;
	uint32_t dev_major, dev_minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[64];
};

static struct mmap2_body mmap2_body(const char *path)
{
	struct mmap2_body body = {
		.pid = 10,
		.tid = 11,
		.start = 0x400000,
		.bytes = 0x2000,
		.file_off = 0x1000,
		.dev_major = 8,
		.dev_minor = 1,
		.inode = 99,
		.generation = 0x87654321,
		.protection = PROT_READ | PROT_EXEC,
	};

	strcpy(body.path, path);
	return body;
}

static void put_task(struct ring *ring, uint32_t type, uint32_t pid, uint32_t tid, uint64_t time_ns)
{
	struct {
		uint32_t pid, ppid, tid, ptid;
		uint64_t time_ns;
	} body = { pid, 1, tid, 2, time_ns };

	put_record(ring, type, 0, &body, sizeof(body), time_ns);
}

static void take(struct mmaps_batch *batch, struct ring *ring)
{
	CHECK(mmaps_batch_take(batch, ring->data, RING, ring->tail, ring->head, NULL) == 0);
	ring->tail = ring->head;
}

static void test_records(void)
{
	struct ring ring = { .tail = 8 * RING - 100, .head = 8 * RING - 100 }; /* wraps at once */
	struct mmap2_body map = mmap2_body("/usr/bin/program");
	struct mmap2_body anonymous = mmap2_body("//anon"), data = mmap2_body("/data");
	struct mmaps_batch batch = { 0 };
	struct {
		uint32_t pid, tid;
		char comm[16];
	} comm = { 10, 11, "fifteen letters" };
	struct {
		uint64_t id, count;
	} lost = { 5, 77 };

	data.protection = PROT_READ;
	put_task(&ring, PERF_RECORD_FORK, 10, 11, 100);
	put_record(&ring, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, &comm, sizeof(comm), 200);
	put_record(&ring, PERF_RECORD_COMM, 0, &comm, sizeof(comm), 250);
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, sizeof(map), 300);
	put_record(&ring, PERF_RECORD_MMAP2, 0, &anonymous, sizeof(anonymous), 310);
	put_record(&ring, PERF_RECORD_MMAP2, 0, &data, sizeof(data), 320);
	put_record(&ring, PERF_RECORD_LOST, 0, &lost, sizeof(lost), 400);
	put_record(&ring, PERF_RECORD_THROTTLE, 0, &lost, sizeof(lost), 450);
	put_task(&ring, PERF_RECORD_EXIT, 10, 11, 500);
	take(&batch, &ring);
	mmaps_batch_emit(&batch, UINT64_MAX, NULL);
	mmaps_batch_free(&batch);
	CHECK(sink_count == 7);

	struct scope_fork *fork_record = (void *)sink_records[0];
	struct scope_comm *exec_record = (void *)sink_records[1];
	struct scope_comm *comm_record = (void *)sink_records[2];
	struct scope_map *map_record = (void *)sink_records[3];
	struct scope_map *anonymous_record = (void *)sink_records[4];
	struct scope_loss_record *loss_record = (void *)sink_records[5];
	struct scope_exit *exit_record = (void *)sink_records[6];

	CHECK(fork_record->rec.type == SCOPE_REC_FORK && fork_record->time_ns == 100);
	CHECK(fork_record->pid == 10 && fork_record->tid == 11);
	CHECK(fork_record->ppid == 1 && fork_record->ptid == 2);
	CHECK(exec_record->rec.type == SCOPE_REC_COMM && exec_record->exec == 1);
	CHECK(exec_record->pid == 10 && exec_record->tid == 11 && exec_record->time_ns == 200);
	CHECK_STRING(exec_record->comm, "fifteen letters");
	CHECK(comm_record->exec == 0 && comm_record->time_ns == 250);
	CHECK(map_record->rec.type == SCOPE_REC_MAP && map_record->time_ns == 300);
	CHECK(map_record->start == 0x400000 && map_record->end == 0x402000);
	CHECK(map_record->file_off == 0x1000 && map_record->pid == 10);
	CHECK(map_record->file.inode == 99);
	CHECK(map_record->file.dev_major == 8 && map_record->file.dev_minor == 1);
	CHECK(map_record->file.generation == 0x87654321);
	CHECK(map_record->executable == 1 && map_record->path_len == 16);
	CHECK_STRING(map_record->path, "/usr/bin/program");
	CHECK_STRING(anonymous_record->path, "");
	CHECK(loss_record->rec.type == SCOPE_REC_LOSS && loss_record->count == 77);
	CHECK(loss_record->cause == SCOPE_LOSS_MMAP_RING);
	CHECK(exit_record->rec.type == SCOPE_REC_EXIT && exit_record->time_ns == 500);
}

static uint64_t time_of(size_t i)
{
	return ((struct scope_fork *)(void *)sink_records[i])->time_ns;
}

/* Two CPUs, records of one process on both: handed on by time, the youngest kept back. */
static void test_order(void)
{
	struct ring one = { 0 }, two = { 0 };
	struct mmaps_batch batch = { 0 };

	put_task(&one, PERF_RECORD_FORK, 5, 5, 10);
	put_task(&one, PERF_RECORD_FORK, 5, 6, 30);
	put_task(&one, PERF_RECORD_FORK, 5, 7, 50);
	put_task(&two, PERF_RECORD_FORK, 5, 8, 20);
	put_task(&two, PERF_RECORD_FORK, 5, 12, 20);
	put_task(&two, PERF_RECORD_FORK, 5, 9, 40);
	put_task(&two, PERF_RECORD_FORK, 5, 10, 40);
	take(&batch, &one);
	take(&batch, &two);
	mmaps_batch_emit(&batch, 30, NULL);
	CHECK(sink_count == 4);
	CHECK(time_of(0) == 10 && time_of(1) == 20 && time_of(2) == 20 && time_of(3) == 30);
	/* Equal times: as they came. */
	CHECK(((struct scope_fork *)(void *)sink_records[1])->tid == 8);

	/* Arrives late, but is older than what was kept. */
	put_task(&two, PERF_RECORD_EXIT, 5, 11, 35);
	take(&batch, &two);
	mmaps_batch_emit(&batch, UINT64_MAX, NULL);
	CHECK(sink_count == 8);
	CHECK(time_of(4) == 35 && time_of(5) == 40 && time_of(6) == 40 && time_of(7) == 50);
	mmaps_batch_emit(&batch, UINT64_MAX, NULL);
	CHECK(sink_count == 8);
	mmaps_batch_free(&batch);
}

static void test_strange_records(void)
{
	struct ring ring = { 0 };
	struct mmap2_body map = mmap2_body("/x");
	struct mmaps_batch batch = { 0 };

	map.pid = UINT32_MAX; /* the kernel's own */
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, sizeof(map), 1);
	map = mmap2_body("/x");
	map.bytes = 0;
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, sizeof(map), 1);
	map.bytes = UINT64_MAX;
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, sizeof(map), 1);
	map = mmap2_body("/x");
	memset(map.path, 'x', sizeof(map.path)); /* not terminated */
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, sizeof(map), 1);
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, 24, 1); /* too short */
	put_record(&ring, PERF_RECORD_MMAP2, 0, &map, offsetof(struct mmap2_body, path), 1);
	put_record(&ring, PERF_RECORD_COMM, 0, &map, 0, 1);
	put_record(&ring, PERF_RECORD_COMM, 0, &map, 8, 1);
	put_record(&ring, PERF_RECORD_FORK, 0, &map, 16, 1);
	put_record(&ring, PERF_RECORD_LOST, 0, &map, 8, 1);
	put_record(&ring, 4711, 0, &map, 8, 1);
	put_task(&ring, PERF_RECORD_EXIT, 0, 0, 1);
	take(&batch, &ring);
	mmaps_batch_emit(&batch, UINT64_MAX, NULL);
	CHECK(sink_count == 0);
	mmaps_batch_free(&batch);
}

static void test_wrong_sizes(void)
{
	static const uint16_t sizes[] = { 0, 4, 7, 12, 25, 4096, 65535 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct perf_event_header header = { PERF_RECORD_COMM, 0, sizes[i] };
		struct mmaps_batch batch = { 0 };
		struct ring ring = { 0 };

		put_task(&ring, PERF_RECORD_FORK, 5, 5, 10);
		put(&ring, &header, sizeof(header));
		put(&ring, ring.data, 64);
		CHECK(mmaps_batch_take(&batch, ring.data, RING, ring.tail, ring.head, NULL) ==
		      -EINVAL);
		CHECK(batch.held.count == 1); /* what came before it counts */
		mmaps_batch_free(&batch);
	}
	{
		struct mmaps_batch batch = { 0 };
		struct ring ring = { 0 };

		CHECK(mmaps_batch_take(&batch, ring.data, RING, 0, RING + 8, NULL) == -EINVAL);
		CHECK(mmaps_batch_take(&batch, ring.data, RING, 8, 0, NULL) == -EINVAL);
		CHECK(mmaps_batch_take(&batch, ring.data, RING, 0, 4, NULL) == -EINVAL);
		CHECK(batch.held.count == 0);
	}
}

static void test_noise(void)
{
	uint64_t seed = 99;

	for (int round = 0; round < 3000; round++) {
		struct mmaps_batch batch = { 0 };
		struct ring ring = { .tail = random_next(&seed) & ~7u };

		/* Plausible headers, so that the walk goes on; the bodies are noise. */
		ring.head = ring.tail;
		while (ring.head - ring.tail < 3000) {
			struct perf_event_header header;
			uint64_t words = random_next(&seed) % 20, noise;

			header.type = (uint32_t)(random_next(&seed) % 12);
			header.misc = (uint16_t)random_next(&seed);
			header.size = (uint16_t)(8 + 8 * words);
			put(&ring, &header, sizeof(header));
			while (words--) {
				noise = random_next(&seed) >> random_next(&seed) % 64;
				put(&ring, &noise, sizeof(noise));
			}
		}
		for (int i = 0; i < 4; i++)
			ring.data[random_next(&seed) % RING] = (char)random_next(&seed);
		mmaps_batch_take(&batch, ring.data, RING, ring.tail, ring.head, NULL);
		mmaps_batch_emit(&batch, UINT64_MAX, NULL);
		mmaps_batch_free(&batch);
		sink_clear();
	}
}

/* --- the kernel's own ------------------------------------------------------------------------- */

static struct mmaps *open_live(size_t ring_bytes, struct images *images)
{
	struct mmaps_config config = { .ring_bytes = ring_bytes, .images = images };
	struct mmaps *mmaps = NULL;
	struct err err = { 0 };

	if (mmaps_open(&config, &mmaps, &err)) {
		if (err.code == EXIT_CODE_UNSUPPORTED)
			case_skip("%s", err.message);
		case_fail(__FILE__, __LINE__, "%s", err.message);
	}
	return mmaps;
}

static uint32_t run_true(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
	return (uint32_t)pid;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* What a drain hands on is all that happened before it, and nothing else. */
static void check_begun(uint64_t begun_ns, uint64_t ended_ns, uint32_t pid)
{
	bool ended = false;

	for (size_t i = 0; i < sink_count; i++) {
		const struct scope_exit *record = (void *)sink_records[i];

		if (record->rec.type == SCOPE_REC_LOSS)
			continue;
		CHECK(record->time_ns <= ended_ns);
		ended |= record->rec.type == SCOPE_REC_EXIT && record->pid == pid &&
			 record->time_ns <= begun_ns;
	}
	CHECK(ended);
}

static void test_live(void)
{
	struct images *images = images_new();
	struct mmaps *mmaps = open_live(0, images);
	uint32_t pid = run_true();
	const struct scope_map *program = NULL;
	uint64_t last = 0, begun = now_ns();
	char order[32] = "";

	CHECK(mmaps_poll_fd(mmaps) >= 0);
	CHECK(mmaps_drain(mmaps, false, NULL) == 0);
	check_begun(begun, now_ns(), pid);
	CHECK(mmaps_drain(mmaps, true, NULL) == 0);
	mmaps_close(&mmaps);
	CHECK(!mmaps);
	mmaps_close(&mmaps);
	for (size_t i = 0; i < sink_count; i++) {
		const struct scope_fork *record = (void *)sink_records[i];
		const struct scope_map *map = (void *)sink_records[i];
		const struct scope_comm *comm = (void *)sink_records[i];
		bool is_map = record->rec.type == SCOPE_REC_MAP;

		if (record->rec.type == SCOPE_REC_LOSS || (is_map ? map->pid : record->pid) != pid)
			continue;
		CHECK(record->time_ns >= last);
		last = record->time_ns;
		if (is_map && strstr(map->path, "/true"))
			program = map;
		if (record->rec.type == SCOPE_REC_COMM)
			CHECK_STRING(comm->comm, "true");
		if (strlen(order) < sizeof(order) - 1)
			order[strlen(order)] = record->rec.type == SCOPE_REC_FORK   ? 'f'
					       : record->rec.type == SCOPE_REC_COMM ? 'x'
					       : is_map                             ? 'm'
										    : 'e';
	}
	/* Born, another program, its mappings (program, linker, vdso, libc ...), dead. */
	CHECK(strncmp(order, "fxmm", 4) == 0 && order[strlen(order) - 1] == 'e');
	CHECK(program && program->executable && program->file.inode);
	CHECK(program->end > program->start);
	/* The process is gone; its program is open. */
	CHECK(images_get(images, pid, &program->file, program->path)->fd >= 0);
	images_free(&images);
}

/* A ring of one page with nobody reading it overflows, and says so. */
static void test_live_loss(void)
{
	struct mmaps *mmaps = open_live(4096, NULL);
	uint64_t lost = 0;

	for (int i = 0; i < 40; i++)
		run_true();
	mmaps_drain(mmaps, true, NULL);
	/* The kernel tells of a loss with the next record that fits, on each CPU. */
	for (int i = 0; i < 10 && !lost; i++) {
		run_true();
		mmaps_drain(mmaps, true, NULL);
		for (size_t at = 0; at < sink_count; at++) {
			const struct scope_loss_record *loss = (void *)sink_records[at];

			if (loss->rec.type == SCOPE_REC_LOSS && loss->cause == SCOPE_LOSS_MMAP_RING)
				lost += loss->count;
		}
	}
	mmaps_close(&mmaps);
	CHECK(lost > 0);
}

static void test_refused(void)
{
	pid_t pid;
	int status;

	if (geteuid() != 0)
		case_skip("needs root to give it up");
	pid = fork();
	if (pid == 0) {
		struct mmaps *mmaps = NULL;
		struct err err = { 0 };
		int ret;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		ret = mmaps_open(NULL, &mmaps, &err);
		_exit(ret < 0 && !mmaps && err.code == EXIT_CODE_UNSUPPORTED && *err.message ? 0
											     : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "mmaps: every record, across the ring's end", test_records },
		{ "mmaps: by time, whatever CPU; the young wait", test_order },
		{ "mmaps: records that make no sense", test_strange_records },
		{ "mmaps: impossible sizes", test_wrong_sizes },
		{ "mmaps: noise", test_noise },
		{ "mmaps: a child that runs a program", test_live },
		{ "mmaps: an overflowing ring is counted", test_live_loss },
		{ "mmaps: without privilege", test_refused },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
