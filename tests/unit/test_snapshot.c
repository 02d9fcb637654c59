// SPDX-License-Identifier: MIT
/* What /proc says: mappings, names, and who is meant by a name, a parent or a cgroup. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "mapping.h"
#include "mem.h"
#include "snapshot.h"

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

/* --- the text of maps ------------------------------------------------------------------------- */

static const char maps_fixture[] =
	"55e117264000-55e117268000 r-xp 00002000 fe:00 332383                     /usr/bin/a b\n"
	"7f76f9664000-7f76f968a000 rw-p 00000000 00:00 0 \n"
	"not a mapping at all\n"
	"7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]\n"
	"1000-1000 r-xp 00000000 00:00 0 /empty\n"
	"2000-1000 r-xp 00000000 00:00 0 /backwards\n"
	"fffffffffffffffff-1 r-xp 00000000 00:00 0 /seventeen digits\n"
	"3000-4000\n"
	"3000-4000 r-x\n"
	"3000-4000 r-xp zz 00:00 0 /x\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
	"5000-6000 r-xs fffffffff000 103:02 18446744073709551615 /end (deleted)";

static void test_parse(void)
{
	const char *cursor = maps_fixture;
	struct mapping map;

	CHECK(mapping_next(&cursor, &map));
	CHECK(map.start == 0x55e117264000 && map.end == 0x55e117268000 && map.executable);
	CHECK(map.file_off == 0x2000 && map.file.dev_major == 0xfe && map.file.dev_minor == 0);
	CHECK(map.file.inode == 332383 && map.path_len == 12 && !memcmp(map.path, "/usr/bin/a b", 12));
	CHECK(mapping_next(&cursor, &map));
	CHECK(!map.executable && map.path_len == 0 && map.file.inode == 0);
	CHECK(mapping_next(&cursor, &map));
	CHECK(map.path_len == 6 && !memcmp(map.path, "[vdso]", 6));
	CHECK(mapping_next(&cursor, &map));
	CHECK(map.start == 0xffffffffff600000 && map.executable);
	CHECK(mapping_next(&cursor, &map));
	CHECK(map.start == 0x5000 && map.file.dev_major == 0x103 && map.file.inode == UINT64_MAX);
	CHECK(map.file_off == 0xfffffffff000 && map.path_len == 14);
	CHECK(!mapping_next(&cursor, &map));
	CHECK(!mapping_next(&cursor, &map));
}

static void test_parse_noise(void)
{
	uint64_t seed = 5;

	for (int round = 0; round < 5000; round++) {
		/* On the heap and cut short, so that a read beyond the end is seen. */
		size_t bytes = random_next(&seed) % sizeof(maps_fixture);
		char *text = malloc(bytes + 1);
		const char *cursor = text;
		struct mapping map;

		CHECK(text);
		memcpy(text, maps_fixture, bytes);
		for (int i = 0; i < 4 && bytes; i++)
			text[random_next(&seed) % bytes] = "0f- :/x\n\0p"[random_next(&seed) % 10];
		text[bytes] = '\0';
		while (mapping_next(&cursor, &map)) {
			CHECK(map.start < map.end);
			CHECK(map.path >= text && map.path + map.path_len <= text + bytes);
		}
		free(text);
	}
}

static void test_long_path(void)
{
	char *path = malloc(9000);
	struct mapping map = { .start = 1, .end = 2, .path = path, .path_len = 9000 };
	const struct scope_map *record;

	CHECK(path);
	memset(path, 'a', 9000);
	CHECK(mapping_send(&map, 1, 2, NULL) == 0);
	free(path);
	record = (void *)sink_records[0];
	CHECK(record->path_len == MAPPING_PATH_MAX && strlen(record->path) == MAPPING_PATH_MAX);
}

/* --- processes -------------------------------------------------------------------------------- */

static pthread_barrier_t threads_ready, threads_done;

static void *named_thread(void *name)
{
	prctl(PR_SET_NAME, name);
	pthread_barrier_wait(&threads_ready);
	pthread_barrier_wait(&threads_done);
	return NULL;
}

static size_t count_names(const char *name, uint32_t pid)
{
	size_t count = 0;

	for (size_t i = 0; i < sink_count; i++) {
		const struct scope_comm *comm = (void *)sink_records[i];

		count += comm->rec.type == SCOPE_REC_COMM && comm->pid == pid && !comm->exec &&
			 comm->time_ns == 0 && strcmp(comm->comm, name) == 0;
	}
	return count;
}

/* Every executable line of our maps, read by sscanf, must have come, and nothing else. */
static void check_own_maps(void)
{
	char *text = file_read("/proc/self/maps", NULL);
	size_t lines = 0, maps = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long long start, end, off, inode;
		char permissions[8], path[512] = "";
		bool found = false;

		CHECK(sscanf(line, "%llx-%llx %7s %llx %*s %llu %511[^\n]", &start, &end,
			     permissions, &off, &inode, path) >= 5);
		if (permissions[2] != 'x')
			continue;
		lines++;
		for (size_t i = 0; i < sink_count && !found; i++) {
			const struct scope_map *map = (void *)sink_records[i];

			found = map->rec.type == SCOPE_REC_MAP && map->start == start &&
				map->end == end && map->file_off == off && map->file.inode == inode &&
				map->pid == self() && map->executable && map->time_ns == 0 &&
				map->path_len == strlen(path) && strcmp(map->path, path) == 0;
		}
		if (!found)
			case_fail(__FILE__, __LINE__, "not sent: %s", line);
	}
	for (size_t i = 0; i < sink_count; i++)
		maps += sink_records[i]->type == SCOPE_REC_MAP;
	CHECK(maps == lines && lines > 3);
	free(text);
}

static void test_process(void)
{
	struct images *images = images_new();
	pthread_t threads[3];

	pthread_barrier_init(&threads_ready, NULL, 4);
	pthread_barrier_init(&threads_done, NULL, 4);
	for (size_t i = 0; i < 3; i++)
		CHECK(pthread_create(&threads[i], NULL, named_thread, "odd ) name") == 0);
	pthread_barrier_wait(&threads_ready);
	CHECK(snapshot_process(self(), 0, images, NULL) == 0);
	check_own_maps();
	pthread_barrier_wait(&threads_done);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	CHECK(count_names("odd ) name", self()) == 3);
	images_free(&images);
}

static void test_no_process(void)
{
	CHECK(snapshot_process(SCOPE_MEMBER_SIZE + 1, 0, NULL, NULL) == -ESRCH);
	CHECK(sink_count == 0);
}

static void test_all(void)
{
	bool init = false, own_map = false;

	CHECK(snapshot_all(NULL, NULL) == 0);
	for (size_t i = 0; i < sink_count; i++) {
		const struct scope_comm *comm = (void *)sink_records[i];
		const struct scope_map *map = (void *)sink_records[i];

		init |= comm->rec.type == SCOPE_REC_COMM && comm->pid == 1;
		own_map |= map->rec.type == SCOPE_REC_MAP && map->pid == self();
	}
	CHECK(init && own_map);
}

/* --- who is meant ----------------------------------------------------------------------------- */

static bool holds(const struct snapshot_pids *pids, uint32_t pid)
{
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == pid)
			return true;
	return false;
}

static void check_order(const struct snapshot_pids *pids)
{
	for (size_t i = 1; i < pids->count; i++)
		CHECK(pids->items[i - 1] < pids->items[i]);
}

static uint32_t family_head; /* our own child; the others are its */

/* A child that bears a name, has `depth` generations below it, and waits to be killed. */
static uint32_t start_child(const char *name, int depth, int report)
{
	pid_t pid = fork();

	if (pid == 0) {
		uint32_t own = (uint32_t)getpid();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (depth > 0)
			start_child(name, depth - 1, report);
		if (write(report, &own, sizeof(own)) != sizeof(own))
			_exit(1);
		for (;;)
			pause();
	}
	CHECK(pid > 0);
	return (uint32_t)pid;
}

/*
 * Starts a family of 1 + depth processes; their ids, in no order. A case that fails leaves its
 * family alive until the test ends.
 */
static void start_family(const char *name, int depth, uint32_t *ret_pids)
{
	int report[2];

	CHECK(pipe2(report, O_CLOEXEC) == 0);
	family_head = start_child(name, depth, report[1]);
	for (int i = 0; i <= depth; i++)
		CHECK(read(report[0], &ret_pids[i], sizeof(*ret_pids)) == sizeof(*ret_pids));
	close(report[0]);
	close(report[1]);
}

static void end_family(const uint32_t *family, int depth)
{
	for (int i = 0; i <= depth; i++)
		kill((pid_t)family[i], SIGKILL);
	waitpid((pid_t)family_head, NULL, 0);
}

/* Our pid is part of the name: another run of this test may be under way. */
static void test_by_comm(void)
{
	struct snapshot_pids pids = { 0 };
	uint32_t family[2];
	char name[32], other[48];

	snprintf(name, sizeof(name), "a) S 1 (%07u", self()); /* 15 bytes, the most there can be */
	start_family(name, 1, family);
	CHECK(snapshot_pids_by_comm(name, &pids) == 0);
	CHECK(pids.count == 2 && holds(&pids, family[0]) && holds(&pids, family[1]));
	check_order(&pids);
	snprintf(other, sizeof(other), "%s and more", name);
	CHECK(snapshot_pids_by_comm(other, &pids) == 0);
	CHECK(pids.count == 2); /* the same, and none twice */
	snapshot_pids_free(&pids);
	name[14] = '\0';
	CHECK(snapshot_pids_by_comm(name, &pids) == 0 && pids.count == 0);
	CHECK(snapshot_pids_by_comm("", &pids) == 0 && !holds(&pids, family[0]));
	snapshot_pids_free(&pids);
	end_family(family, 1);
}

static void test_children(void)
{
	struct snapshot_pids pids = { 0 };
	uint32_t family[4];

	start_family("x) Z 1 (", 3, family);
	*array_push(&pids) = self();
	CHECK(snapshot_children(&pids) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(holds(&pids, family[i]));
	CHECK(holds(&pids, self()) && !holds(&pids, (uint32_t)getppid()) && !holds(&pids, 1));
	CHECK(pids.count == 5);
	check_order(&pids);
	/* Asked again with all of them: still the same. */
	CHECK(snapshot_children(&pids) == 0);
	CHECK(pids.count == 5);
	snapshot_pids_free(&pids);
	end_family(family, 3);
}

/* A directory tree like a cgroup's: only its form is looked at. */
static void test_cgroup_tree(void)
{
	const char *top = temp_path("cgroup");
	struct snapshot_pids pids = { 0 };
	int fd;

	CHECK(shell("mkdir -p '%s/a/b' '%s/c' && printf '7\\n3\\n' > '%s/cgroup.procs' &&"
		    " printf '5\\n0\\n' > '%s/a/cgroup.procs' && printf '3\\n9' > "
		    "'%s/a/b/cgroup.procs' &&"
		    " printf '4' > '%s/c/cgroup.procs' && ln -s .. '%s/loop'",
		    top, top, top, top, top, top, top) == 0);
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(snapshot_cgroup(fd, &pids) == 0);
	CHECK(fcntl(fd, F_GETFD) >= 0); /* still ours */
	close(fd);
	check_order(&pids);
	CHECK(pids.count == 5);
	CHECK(holds(&pids, 3) && holds(&pids, 4) && holds(&pids, 5) && holds(&pids, 7) &&
	      holds(&pids, 9));
	CHECK(!holds(&pids, 0));
	snapshot_pids_free(&pids);
	fd = open(temp_path("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(snapshot_cgroup(fd, &pids) == -ENOENT && pids.count == 0);
	close(fd);
}

/* A real one, with a child in a group below. */
static void test_cgroup_live(void)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	const char *mount = NULL;
	struct snapshot_pids pids = { 0 };
	char path[128];
	uint32_t family[1];
	int fd, ret;

	for (size_t i = 0; i < 2 && !mount; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", mounts[i]);
		if (access(path, W_OK) == 0)
			mount = mounts[i];
	}
	if (!mount)
		case_skip("no cgroup v2 directory that can be written");
	snprintf(path, sizeof(path), "%s/scope-test-%u", mount, self());
	if (mkdir(path, 0755))
		case_skip("cannot make %s: %s", path, strerror(errno));
	start_family("in a cgroup", 0, family);
	ret = shell("mkdir '%s/below' && echo %u > '%s/below/cgroup.procs'", path, family[0], path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret)
		ret = snapshot_cgroup(fd, &pids);
	close(fd);
	end_family(family, 0);
	/* The kernel may take a moment to see that the last process has left. */
	CHECK(shell("for i in 1 2 3 4 5 6 7 8 9; do rmdir '%s/below' '%s' 2>/dev/null;"
		    " test -d '%s' || exit 0; sleep 0.2; done; exit 1",
		    path, path, path) == 0);
	CHECK(ret == 0 && pids.count == 1 && pids.items[0] == family[0]);
	snapshot_pids_free(&pids);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "snapshot: lines of maps", test_parse },
		{ "snapshot: broken lines of maps", test_parse_noise },
		{ "snapshot: a path that is too long is cut", test_long_path },
		{ "snapshot: a process's mappings and threads", test_process },
		{ "snapshot: no such process", test_no_process },
		{ "snapshot: every process", test_all },
		{ "snapshot: processes by name", test_by_comm },
		{ "snapshot: children of children", test_children },
		{ "snapshot: a tree of cgroups", test_cgroup_tree },
		{ "snapshot: a process in a cgroup", test_cgroup_live },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
