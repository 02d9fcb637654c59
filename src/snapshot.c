// SPDX-License-Identifier: MIT
#include "snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mapping.h"
#include "mem.h"

#define CGROUP_DEPTH_MAX 64

/* Calls `each` for every entry of a directory that is named by a number. */
static int for_each_number(int parent_fd, const char *path,
			   void (*each)(int dir_fd, uint32_t number, void *context), void *context)
{
	int fd = openat(parent_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	while ((entry = readdir(dir))) {
		uint32_t number = proc_parse_id(entry->d_name);

		if (number)
			each(fd, number, context);
	}
	closedir(dir);
	return 0;
}

/* --- mappings and names ----------------------------------------------------------------------- */

struct walk {
	struct images *images;
	struct ingest *ingest;
	struct proc_text text; /* used again for every file */
	nsec_t time_ns;
	uint32_t pid;
	uint32_t maps_tid; /* the thread whose mappings are read: the leader may have left */
};

static void send_thread_name(int task_fd, uint32_t tid, void *context)
{
	struct walk *walk = context;
	struct scope_comm comm = {
		.rec = { SCOPE_REC_COMM, sizeof(comm) },
		.time_ns = walk->time_ns,
		.pid = walk->pid,
		.tid = tid,
	};
	char path[32];
	size_t length;

	snprintf(path, sizeof(path), "%u/comm", tid);
	if (proc_text_read(&walk->text, task_fd, path))
		return;
	length = walk->text.bytes;
	if (length && walk->text.data[length - 1] == '\n')
		length--;
	if (length >= sizeof(comm.comm)) /* workers of the kernel have longer ones here */
		length = sizeof(comm.comm) - 1;
	memcpy(comm.comm, walk->text.data, length);
	ingest_record(walk->ingest, &comm, sizeof(comm));
}

static void pin_image(struct walk *walk, const struct mapping *map)
{
	char path[MAPPING_PATH_MAX + 1];

	if (!walk->images || !map->file.inode || map->path_len > MAPPING_PATH_MAX)
		return;
	memcpy(path, map->path, map->path_len);
	path[map->path_len] = '\0';
	images_get(walk->images, walk->maps_tid, &map->file, path);
}

static void walk_process(int proc_fd, uint32_t pid, void *context)
{
	struct walk *walk = context;
	struct mapping map;
	const char *cursor;
	char path[32];

	walk->pid = pid;
	snprintf(path, sizeof(path), "%u/task", pid);
	for_each_number(proc_fd, path, send_thread_name, walk);
	if (proc_text_read_maps(&walk->text, pid, &walk->maps_tid))
		return;
	cursor = walk->text.data;
	while (mapping_next(&cursor, &map)) {
		if (!map.executable)
			continue;
		pin_image(walk, &map);
		mapping_send(&map, pid, walk->time_ns, walk->ingest);
	}
}

int snapshot_process(uint32_t pid, nsec_t time_ns, struct images *images, struct ingest *ingest)
{
	struct walk walk = { .images = images, .ingest = ingest, .time_ns = time_ns };
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), ret;
	char path[32];

	if (proc_fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "%u", pid);
	ret = faccessat(proc_fd, path, F_OK, 0) ? -ESRCH : 0;
	if (!ret)
		walk_process(proc_fd, pid, &walk);
	proc_text_free(&walk.text);
	close(proc_fd);
	return ret;
}

int snapshot_all(struct images *images, struct ingest *ingest)
{
	struct walk walk = { .images = images, .ingest = ingest };
	int ret = for_each_number(AT_FDCWD, "/proc", walk_process, &walk);

	proc_text_free(&walk.text);
	return ret;
}

/* --- who is meant ----------------------------------------------------------------------------- */

void snapshot_pids_free(struct snapshot_pids *pids)
{
	array_free(pids);
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void pids_normalize(struct snapshot_pids *pids)
{
	size_t kept = 0;

	if (!pids->count)
		return;
	qsort(pids->items, pids->count, sizeof(*pids->items), compare_pids);
	for (size_t i = 0; i < pids->count; i++)
		if (!kept || pids->items[kept - 1] != pids->items[i])
			pids->items[kept++] = pids->items[i];
	pids->count = kept;
}

struct by_comm {
	const char *comm;
	size_t length;
	struct snapshot_pids *pids;
	struct proc_text text;
};

static void match_comm(int proc_fd, uint32_t pid, void *context)
{
	struct by_comm *search = context;
	char path[32];

	snprintf(path, sizeof(path), "%u/comm", pid);
	if (proc_text_read(&search->text, proc_fd, path))
		return;
	if (search->text.bytes == search->length + 1 &&
	    memcmp(search->text.data, search->comm, search->length) == 0)
		*array_push(search->pids) = pid;
}

int snapshot_pids_by_comm(const char *comm, struct snapshot_pids *pids)
{
	struct by_comm search = {
		.comm = comm,
		.length = strnlen(comm, SCOPE_COMM_LEN - 1),
		.pids = pids,
	};
	int ret = for_each_number(AT_FDCWD, "/proc", match_comm, &search);

	proc_text_free(&search.text);
	pids_normalize(pids);
	return ret;
}

struct kinship {
	uint32_t pid, parent;
	bool taken;
};

struct families {
	ARRAY(struct kinship) items;
	struct proc_text text;
};

static void note_parent(int proc_fd, uint32_t pid, void *context)
{
	struct families *families = context;
	const char *at;
	char path[32];

	snprintf(path, sizeof(path), "%u/stat", pid);
	if (proc_text_read(&families->text, proc_fd, path))
		return;
	at = strrchr(families->text.data, ')'); /* the name before it may hold anything */
	if (!at || strlen(at) < 5)
		return;
	*array_push(&families->items) = (struct kinship){ pid, (uint32_t)strtoul(at + 4, NULL, 10),
							  false }; /* ") S PPID" */
}

static int compare_kinship(const void *a, const void *b)
{
	const struct kinship *x = a, *y = b;

	return x->parent < y->parent ? -1 : x->parent > y->parent;
}

/* Adds those whose parent is `parent`, each once; `items` are sorted by parent. */
static void add_children(struct families *families, uint32_t parent, struct snapshot_pids *pids)
{
	size_t low = 0, high = families->items.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (families->items.items[middle].parent < parent)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < families->items.count && families->items.items[low].parent == parent; low++) {
		struct kinship *child = &families->items.items[low];

		if (!child->taken)
			*array_push(pids) = child->pid;
		child->taken = true;
	}
}

int snapshot_children(struct snapshot_pids *pids)
{
	struct families families = { 0 };
	int ret = for_each_number(AT_FDCWD, "/proc", note_parent, &families);

	if (families.items.count)
		qsort(families.items.items, families.items.count, sizeof(*families.items.items),
		      compare_kinship);
	/* Grows while it is walked, generation after generation. */
	for (size_t i = 0; i < pids->count; i++)
		add_children(&families, pids->items[i], pids);
	array_free(&families.items);
	proc_text_free(&families.text);
	pids_normalize(pids);
	return ret;
}

static void add_cgroup_pids(const char *text, struct snapshot_pids *pids)
{
	while (*text) {
		char *end;
		unsigned long pid = strtoul(text, &end, 10);

		if (end == text)
			break;
		/* 0 stands for a process outside our pid namespace. */
		if (pid && pid <= SCOPE_MEMBER_SIZE)
			*array_push(pids) = (uint32_t)pid;
		text = *end ? end + 1 : end;
	}
}

static int walk_cgroup(int parent_fd, const char *name, unsigned int depth, struct proc_text *text,
		       struct snapshot_pids *pids)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), ret;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	ret = proc_text_read(text, fd, "cgroup.procs");
	if (!ret)
		add_cgroup_pids(text->data, pids);
	/* A threaded cgroup refuses (its processes are listed above it): not an error. */
	if (ret == -EOPNOTSUPP)
		ret = 0;
	while (!ret && depth < CGROUP_DEPTH_MAX && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			walk_cgroup(fd, entry->d_name, depth + 1, text, pids);
	closedir(dir);
	return ret;
}

int snapshot_cgroup(int cgroup_fd, struct snapshot_pids *pids)
{
	struct proc_text text = { 0 };
	int ret = walk_cgroup(cgroup_fd, ".", 0, &text, pids);

	proc_text_free(&text);
	pids_normalize(pids);
	return ret;
}
