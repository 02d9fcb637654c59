// SPDX-License-Identifier: MIT
#include "procs.h"

#include "check.h"
#include "mem.h"

static struct procs procs;

static void fork_at(nsec_t time_ns, uint32_t pid, uint32_t ppid)
{
	procs_add_fork(&procs, &(struct scope_fork){ .time_ns = time_ns, .pid = pid, .tid = pid,
						     .ppid = ppid, .ptid = ppid });
}

static void comm_at(nsec_t time_ns, uint32_t pid, bool exec, const char *comm)
{
	struct scope_comm record = { .time_ns = time_ns, .pid = pid, .tid = pid, .exec = exec };

	memcpy(record.comm, comm, strlen(comm));
	procs_add_comm(&procs, &record);
}

static void exit_at(nsec_t time_ns, uint32_t pid, uint32_t tid)
{
	procs_add_exit(&procs, &(struct scope_exit){ .time_ns = time_ns, .pid = pid, .tid = tid });
}

static void map_at(nsec_t time_ns, uint32_t pid, uint64_t start, uint64_t end, const char *path)
{
	struct scope_map map = { .time_ns = time_ns, .start = start, .end = end, .pid = pid,
				 .executable = 1, .file.inode = 1 };

	procs_add_map(&procs, &map, path, strlen(path));
}

/* The path of what is mapped; "-": nothing. */
static const char *path_at(nsec_t time_ns, uint32_t pid, uint64_t address)
{
	uint32_t instance = procs_find(&procs, pid, time_ns);
	const struct proc_map *map;

	if (instance == PROCS_NONE)
		return "-";
	map = procs_find_map(&procs, instance, time_ns, address);
	return map ? procs_string(&procs, procs_file(&procs, map->file)->path) : "-";
}

static const char *exe_at(nsec_t time_ns, uint32_t pid)
{
	uint32_t instance = procs_find(&procs, pid, time_ns);

	return instance == PROCS_NONE ? "-" : procs_string(&procs, procs_exe(&procs, instance));
}

static void begin(void)
{
	procs_init(&procs);
}

static void end(void)
{
	procs_free(&procs);
}

static void snapshot_holds_from_the_start(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x2000, "/bin/a");
	map_at(0, 7, 0x5000, 0x6000, "/lib/b");
	procs_seal(&procs);
	CHECK_TEXT(path_at(1, 7, 0x1000), "/bin/a");
	CHECK_TEXT(path_at(900, 7, 0x1fff), "/bin/a");
	CHECK_TEXT(path_at(900, 7, 0x2000), "-");
	CHECK_TEXT(path_at(900, 7, 0xfff), "-");
	CHECK_TEXT(path_at(900, 7, 0x5800), "/lib/b");
	CHECK_TEXT(path_at(900, 8, 0x1000), "-");
	CHECK_TEXT(exe_at(900, 7), "/bin/a");
	end();
}

static void youngest_mapping_wins(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x9000, "/big");
	map_at(100, 7, 0x3000, 0x4000, "/small");
	map_at(200, 7, 0x3000, 0x4000, "/smaller");
	map_at(200, 7, 0x3800, 0x3900, "/same time, later");
	procs_seal(&procs);
	CHECK_TEXT(path_at(99, 7, 0x3000), "/big");
	CHECK_TEXT(path_at(100, 7, 0x3000), "/small");
	CHECK_TEXT(path_at(100, 7, 0x4000), "/big");
	CHECK_TEXT(path_at(300, 7, 0x3000), "/smaller");
	CHECK_TEXT(path_at(300, 7, 0x3850), "/same time, later");
	CHECK_TEXT(path_at(300, 7, 0x8fff), "/big");
	end();
}

/* A stack can be taken while the record of the mapping is under way. */
static void mapping_told_late_still_counts(void)
{
	begin();
	map_at(500, 7, 0x1000, 0x2000, "/late");
	map_at(900, 7, 0x1000, 0x2000, "/later");
	procs_seal(&procs);
	CHECK_TEXT(path_at(400, 7, 0x1800), "/late");
	CHECK_TEXT(path_at(600, 7, 0x1800), "/late");
	CHECK_TEXT(path_at(901, 7, 0x1800), "/later");
	end();
}

static void exec_voids_mappings(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x2000, "/bin/sh");
	map_at(0, 7, 0x8000, 0x9000, "/lib/c");
	comm_at(100, 7, true, "ls");
	map_at(101, 7, 0x1000, 0x2000, "/bin/ls");
	procs_seal(&procs);
	CHECK_TEXT(path_at(99, 7, 0x1000), "/bin/sh");
	CHECK_TEXT(path_at(102, 7, 0x1000), "/bin/ls");
	CHECK_TEXT(path_at(102, 7, 0x8000), "-");
	CHECK_TEXT(path_at(99, 7, 0x8000), "/lib/c");
	CHECK_TEXT(exe_at(0, 7), "/bin/ls");
	CHECK_TEXT(procs_string(&procs, procs.instances.items[0].comm), "ls");
	end();
}

static void a_new_name_without_exec_voids_nothing(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x2000, "/bin/sh");
	comm_at(100, 7, false, "other");
	procs_seal(&procs);
	CHECK_TEXT(path_at(102, 7, 0x1000), "/bin/sh");
	CHECK_TEXT(procs_string(&procs, procs.instances.items[0].comm), "other");
	end();
}

static void fork_inherits_what_was_there(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x2000, "/bin/sh");
	fork_at(100, 8, 7);
	map_at(150, 7, 0x1000, 0x2000, "/after the fork");
	fork_at(200, 9, 8);
	map_at(210, 9, 0x8000, 0x9000, "/own");
	fork_at(220, 10, 9);
	comm_at(230, 10, true, "new");
	map_at(231, 10, 0x8000, 0x9000, "/bin/new");
	procs_seal(&procs);
	CHECK_TEXT(path_at(300, 8, 0x1000), "/bin/sh");
	CHECK_TEXT(path_at(300, 9, 0x1000), "/bin/sh");
	CHECK_TEXT(path_at(300, 9, 0x8000), "/own");
	CHECK_TEXT(path_at(225, 10, 0x8000), "/own");
	CHECK_TEXT(path_at(225, 10, 0x1000), "/bin/sh");
	CHECK_TEXT(path_at(300, 10, 0x8000), "/bin/new");
	CHECK_TEXT(path_at(300, 10, 0x1000), "-");
	CHECK_TEXT(exe_at(300, 8), "/bin/sh");
	CHECK_TEXT(exe_at(300, 10), "/bin/new");
	end();
}

static void a_pid_used_again_is_another_process(void)
{
	begin();
	map_at(0, 7, 0x1000, 0x2000, "/first");
	exit_at(100, 7, 7);
	exit_at(110, 7, 8); /* a thread outlives its leader */
	fork_at(200, 7, 1);
	comm_at(201, 7, true, "second");
	map_at(202, 7, 0x1000, 0x2000, "/second");
	exit_at(300, 7, 7);
	fork_at(400, 7, 1);
	procs_seal(&procs);
	CHECK_INT(procs.instances.count, 3);
	CHECK_TEXT(path_at(50, 7, 0x1000), "/first");
	CHECK_TEXT(path_at(110, 7, 0x1000), "/first");
	CHECK_TEXT(path_at(250, 7, 0x1000), "/second");
	CHECK_TEXT(path_at(450, 7, 0x1000), "-");
	/* a task's start is a little before its FORK is told */
	CHECK_TEXT(exe_at(199, 7), "/second");
	CHECK_TEXT(exe_at(5, 7), "/first");
	end();
}

static void snapshot_of_a_process_that_was_just_forked(void)
{
	begin();
	map_at(0, 8, 0x1000, 0x2000, "/seen by the snapshot");
	fork_at(100, 8, 7);
	procs_seal(&procs);
	CHECK_INT(procs.instances.count, 1);
	CHECK_TEXT(path_at(150, 8, 0x1000), "/seen by the snapshot");
	CHECK_TEXT(exe_at(99, 8), "/seen by the snapshot");
	end();
}

static void only_executable_memory_is_kept(void)
{
	struct scope_map data = { .start = 0x1000, .end = 0x2000, .pid = 7, .executable = 0 };
	struct scope_map empty = { .start = 0x1000, .end = 0x1000, .pid = 7, .executable = 1 };

	begin();
	procs_add_map(&procs, &data, "/data", 5);
	procs_add_map(&procs, &empty, "/empty", 6);
	map_at(0, 7, 0x5000, 0x6000, "//anon");
	map_at(0, 7, 0x7000, 0x8000, "[vdso]");
	map_at(0, 7, 0x8000, 0x9000, "/bin/a");
	procs_seal(&procs);
	CHECK_TEXT(path_at(1, 7, 0x1000), "-");
	CHECK_TEXT(path_at(1, 7, 0x5000), "");
	CHECK_TEXT(path_at(1, 7, 0x7000), "[vdso]");
	CHECK_TEXT(exe_at(1, 7), "/bin/a");
	end();
}

static void circles_of_parents_end(void)
{
	begin();
	fork_at(100, 7, 8);
	fork_at(100, 8, 7);
	fork_at(100, 9, 9); /* a thread */
	procs_seal(&procs);
	CHECK_TEXT(path_at(200, 7, 0x1000), "-");
	CHECK_TEXT(path_at(200, 8, 0x1000), "-");
	CHECK_TEXT(exe_at(200, 7), "");
	CHECK_TEXT(exe_at(200, 9), "-");
	end();
}

static void long_lines_of_forks(void)
{
	begin();
	map_at(0, 1000, 0x1000, 0x2000, "/bin/sh");
	for (uint32_t i = 1; i < 5000; i++)
		fork_at(i, 1000 + i, 999 + i);
	procs_seal(&procs);
	CHECK_TEXT(path_at(9999, 5999, 0x1000), "/bin/sh");
	CHECK_TEXT(exe_at(9999, 5999), "/bin/sh");
	end();
}

static void order_of_arrival_does_not_matter(void)
{
	begin();
	map_at(202, 8, 0x1000, 0x2000, "/bin/ls");
	comm_at(200, 8, true, "ls");
	fork_at(100, 8, 7);
	map_at(0, 7, 0x1000, 0x2000, "/bin/sh");
	procs_seal(&procs);
	CHECK_TEXT(path_at(150, 8, 0x1000), "/bin/sh");
	CHECK_TEXT(path_at(250, 8, 0x1000), "/bin/ls");
	end();
}

/* 20 000 processes of 10 mappings: a few tens of bytes for each, however long the paths. */
static void memory_is_shared(void)
{
	begin();
	for (uint32_t i = 0; i < 20000; i++) {
		fork_at(i * 10, 10000 + i, 1);
		comm_at(i * 10 + 1, 10000 + i, true, "cc1");
		for (uint32_t n = 0; n < 10; n++) {
			_cleanup_free_ char *path = mem_format("/usr/lib/some/long/path/%u.so", n);

			map_at(i * 10 + 2, 10000 + i, 0x1000 * n, 0x1000 * (n + 1), path);
		}
	}
	CHECK_INT(procs.files.count, 10);
	CHECK(procs.strings.count < 20);
	procs_seal(&procs);
	CHECK_INT(procs.instances.count, 20000);
	CHECK_INT(procs.sealed.count, 200000);
	CHECK(sizeof(struct proc_map) <= 48);
	CHECK_TEXT(path_at(10 * 10 + 5, 10010, 0x9fff), "/usr/lib/some/long/path/9.so");
	end();
}

int main(void)
{
	CHECK_CASE(snapshot_holds_from_the_start);
	CHECK_CASE(youngest_mapping_wins);
	CHECK_CASE(mapping_told_late_still_counts);
	CHECK_CASE(exec_voids_mappings);
	CHECK_CASE(a_new_name_without_exec_voids_nothing);
	CHECK_CASE(fork_inherits_what_was_there);
	CHECK_CASE(a_pid_used_again_is_another_process);
	CHECK_CASE(snapshot_of_a_process_that_was_just_forked);
	CHECK_CASE(only_executable_memory_is_kept);
	CHECK_CASE(circles_of_parents_end);
	CHECK_CASE(long_lines_of_forks);
	CHECK_CASE(order_of_arrival_does_not_matter);
	CHECK_CASE(memory_is_shared);
	return check_status();
}
