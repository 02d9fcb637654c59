// SPDX-License-Identifier: MIT
#include "target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "mapping.h"
#include "mem.h"
#include "snapshot.h"

/* One process that is waited for. */
struct watch {
	uint32_t pid;
	int pidfd; /* readable at the process's end, not at its leader's; -1: none to be had */
};

#define EXEC_NS (NSEC_PER_SEC / 2) /* execve is done by then, but for a disk that hangs */

struct target {
	const struct config *config;
	struct snapshot_pids pids; /* members known in user space */
	ARRAY(struct watch) watches; /* of those that have not ended */
	int epoll_fd;		     /* of their pidfds; -1: nobody is watched */
	nsec_t missed_ns;	     /* since when no thread that was named is seen; 0: one is */
	unsigned char *listed;	     /* a bit for each process whose mappings were read */
	bool listed_all;	     /* of the whole system */
	int cgroup_fd;
	uint64_t cgroup_id;
	char *text;
};

static char *process_comm(uint32_t pid)
{
	char path[64], comm[SCOPE_COMM_LEN + 1] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return mem_copy_string("");
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = 0;
	fclose(file);
	comm[strcspn(comm, "\n")] = 0;
	return mem_copy_string(comm);
}

static char *ids_text(const struct config *c)
{
	const char *what = c->target == TARGET_TIDS ? "tid" : "pid";
	char *text = mem_format(c->id_count > 1 ? "%ss " : "%s ", what);

	for (size_t i = 0; i < c->id_count; i++) {
		_cleanup_free_ char *before = text, *comm = process_comm(c->ids[i]);

		if (i == 4) {
			text = mem_format("%s and %zu more", before, c->id_count - i);
			break;
		}
		text = mem_format("%s%s%u%s%s%s", before, i ? ", " : "", c->ids[i],
				  comm[0] ? " (" : "", comm, comm[0] ? ")" : "");
	}
	return text;
}

static char *describe(const struct config *c)
{
	switch (c->target) {
	case TARGET_PIDS:
	case TARGET_TIDS:
		return ids_text(c);
	case TARGET_COMM:
		return mem_format("processes named %s", c->comm);
	case TARGET_CGROUP:
		return mem_format("cgroup %s", c->cgroup_path);
	case TARGET_COMMAND:
		return mem_format("command %s", c->argv[0]);
	case TARGET_ALL:
		break;
	}
	return mem_copy_string("the whole system");
}

/* After a failed open: for want of a descriptor, nothing is known. */
static bool cannot_look(void)
{
	return errno == EMFILE || errno == ENFILE;
}

/* A zombie has ended as well: its state letter follows the last parenthesis. */
static bool thread_lives(uint32_t pid, uint32_t tid)
{
	char path[64], line[512];
	const char *state = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, tid);
	file = fopen(path, "re");
	if (!file && cannot_look())
		return true;
	if (file && fgets(line, sizeof(line), file))
		state = strrchr(line, ')');
	if (file)
		fclose(file);
	return state && strlen(state) > 2 && state[2] != 'Z' && state[2] != 'X';
}

/* For lack of a pidfd. The leader may have left long before the process ends. */
static bool process_lives(uint32_t pid)
{
	struct dirent *entry;
	bool lives = false;
	char path[64];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	if (!tasks && cannot_look())
		return true;
	while (tasks && !lives && (entry = readdir(tasks))) {
		uint32_t tid = proc_parse_id(entry->d_name);

		lives = tid && thread_lives(pid, tid);
	}
	if (tasks)
		closedir(tasks);
	return lives;
}

/* Whoever is not there any more is not watched. */
static void watch_process(struct target *t, uint32_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
	struct epoll_event event = { .events = EPOLLIN };

	/* not there, or by now the id of somebody's thread */
	if (fd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT))
		return;
	if (fd >= 0 && (t->epoll_fd < 0 || epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &event))) {
		close(fd);
		fd = -1;
	}
	*array_push(&t->watches) = (struct watch){ pid, fd };
}

static void watch_named(struct target *t)
{
	const struct config *c = t->config;

	if (c->target != TARGET_PIDS)
		return;
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < c->id_count; i++)
		watch_process(t, c->ids[i]);
}

static bool has_ended(const struct watch *watch)
{
	struct pollfd end = { .fd = watch->pidfd, .events = POLLIN };

	return watch->pidfd < 0 ? !process_lives(watch->pid) : poll(&end, 1, 0) > 0;
}

/* Descriptors of those that have ended would be readable for ever. */
static void forget_ended(struct target *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->watches.count; i++) {
		struct watch *watch = &t->watches.items[i];

		if (!has_ended(watch))
			t->watches.items[kept++] = *watch;
		else if (watch->pidfd >= 0)
			close(watch->pidfd);
	}
	t->watches.count = kept;
}

static bool any_thread_lives(const struct config *c, const struct tracer *tracer)
{
	for (size_t i = 0; i < c->id_count; i++)
		if (thread_lives(c->ids[i], c->ids[i]))
			return true;
	/* one that called execve goes on under its leader's id */
	for (uint32_t tid = tracer_next_member(tracer, 0); tid;
	     tid = tracer_next_member(tracer, tid))
		if (thread_lives(tid, tid))
			return true;
	return false;
}

/* execve takes the leader's id first, and makes a target of it when all is read: hence the wait. */
static bool threads_gone(struct target *t, const struct tracer *tracer)
{
	nsec_t now = clock_now();

	if (any_thread_lives(t->config, tracer))
		t->missed_ns = 0;
	else if (!t->missed_ns)
		t->missed_ns = now;
	return t->missed_ns && now - t->missed_ns >= EXEC_NS;
}

/* A cgroup v2 directory's kernfs id is its inode number (fs/kernfs/inode.c). */
static int open_cgroup(struct target *t, struct err *err)
{
	const char *path = t->config->cgroup_path;
	struct stat st;

	t->cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->cgroup_fd < 0 || fstat(t->cgroup_fd, &st))
		return err_set(err, EXIT_CODE_FAILURE, -errno, "cannot open cgroup %s: %s", path,
			       strerror(errno));
	t->cgroup_id = st.st_ino;
	return 0;
}

int target_open(const struct config *config, uint32_t command_pid, struct target **ret_target,
		struct err *err)
{
	struct target *t = mem_alloc(sizeof(*t));
	int r = 0;

	t->config = config;
	t->cgroup_fd = -1;
	t->epoll_fd = -1;
	t->listed = mem_alloc(SCOPE_MEMBER_SIZE / 8);
	t->text = describe(config);
	if (config->target == TARGET_CGROUP)
		r = open_cgroup(t, err);
	if (config->target == TARGET_COMMAND)
		*array_push(&t->pids) = command_pid;
	for (size_t i = 0; config->target == TARGET_PIDS && i < config->id_count; i++)
		*array_push(&t->pids) = config->ids[i];
	if (r) {
		target_close(&t);
		return r;
	}
	*ret_target = t;
	return 0;
}

void target_close(struct target **target)
{
	struct target *t = *target;

	if (!t)
		return;
	if (t->cgroup_fd >= 0)
		close(t->cgroup_fd);
	for (size_t i = 0; i < t->watches.count; i++)
		if (t->watches.items[i].pidfd >= 0)
			close(t->watches.items[i].pidfd);
	if (t->epoll_fd >= 0)
		close(t->epoll_fd);
	array_free(&t->watches);
	snapshot_pids_free(&t->pids);
	free(t->listed);
	free(t->text);
	free(t);
	*target = NULL;
}

uint64_t target_cgroup_id(const struct target *t)
{
	return t->cgroup_id;
}

const char *target_text(const struct target *t)
{
	return t->text;
}

int target_add_named(struct target *t, struct tracer *tracer, struct err *err)
{
	const struct config *c = t->config;
	int r = 0;

	for (size_t i = 0; !r && i < t->pids.count; i++)
		r = tracer_add_member(tracer, t->pids.items[i], err);
	for (size_t i = 0; !r && c->target == TARGET_TIDS && i < c->id_count; i++)
		r = tracer_add_member(tracer, c->ids[i], err);
	return r;
}

int target_add_found(struct target *t, struct tracer *tracer, struct err *err)
{
	const struct config *c = t->config;
	int r = 0;

	if (c->target == TARGET_COMM)
		r = snapshot_pids_by_comm(c->comm, &t->pids);
	else if (c->target == TARGET_CGROUP)
		r = snapshot_cgroup(t->cgroup_fd, &t->pids);
	else if (c->target == TARGET_PIDS && c->children)
		r = snapshot_children(&t->pids);
	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot list the processes of %s: %s",
			       t->text, strerror(-r));
	r = target_add_named(t, tracer, err);
	watch_named(t); /* last: what cannot be had for lack of descriptors is not needed */
	return r;
}

/* The process of a thread: its address space is what names the thread's frames. */
static uint32_t process_of(uint32_t tid)
{
	char path[64], line[128];
	uint32_t pid = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %u", &pid) == 1)
			break;
	if (file)
		fclose(file);
	return pid;
}

static void list_process(struct target *t, uint32_t pid, nsec_t time_ns, struct images *images,
			 struct ingest *ingest)
{
	unsigned char bit = (unsigned char)(1u << pid % 8);

	if (pid >= SCOPE_MEMBER_SIZE || t->listed[pid / 8] & bit)
		return;
	t->listed[pid / 8] |= bit;
	snapshot_process(pid, time_ns, images, ingest);
}

int target_snapshot(struct target *t, struct images *images, struct ingest *ingest)
{
	const struct config *c = t->config;

	if (c->system_wide) {
		bool again = t->listed_all;

		t->listed_all = true;
		return again ? 0 : snapshot_all(images, ingest);
	}
	/* one that is gone by now has told its mappings, or none */
	for (size_t i = 0; i < t->pids.count; i++)
		list_process(t, t->pids.items[i], 0, images, ingest);
	for (size_t i = 0; c->target == TARGET_TIDS && i < c->id_count; i++)
		list_process(t, process_of(c->ids[i]), 0, images, ingest);
	return 0;
}

/* Only a cgroup is entered by processes whose mappings nobody has told. */
void target_snapshot_joined(struct target *t, const struct tracer *tracer, struct images *images,
			    struct ingest *ingest)
{
	if (t->config->target != TARGET_CGROUP)
		return;
	for (uint32_t pid = tracer_next_member(tracer, 0); pid;
	     pid = tracer_next_member(tracer, pid))
		list_process(t, pid, clock_now(), images, ingest);
}

int target_end_fd(const struct target *t)
{
	return t->epoll_fd;
}

/* Generation after generation: while one of those watched lives, its children need no watching. */
static void watch_members(struct target *t, const struct tracer *tracer)
{
	for (uint32_t pid = tracer_next_member(tracer, 0); pid;
	     pid = tracer_next_member(tracer, pid))
		watch_process(t, pid);
	forget_ended(t);
}

bool target_gone(struct target *t, const struct tracer *tracer)
{
	if (t->config->target == TARGET_TIDS)
		return threads_gone(t, tracer);
	if (t->config->target != TARGET_PIDS)
		return false;
	forget_ended(t);
	if (!t->watches.count && t->config->children)
		watch_members(t, tracer);
	return !t->watches.count;
}
