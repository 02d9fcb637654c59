// SPDX-License-Identifier: MIT
#include "image_jit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "image_open.h"
#include "mapping.h"
#include "mem.h"
#include "table.h"

/* Descriptors for maps and the directories that they lie in. */
#define DESCRIPTORS_MAX 512
/* A program that changes its code all the time is not looked at as often. */
#define LOOK_NS (100 * NSEC_PER_MSEC)
/* Files have the time of a coarse clock, perhaps another machine's. */
#define STALE_S 10

/* A directory, however many processes have it as their /tmp. */
struct tmp_key {
	uint64_t inode, device;
};

struct jit_entry {
	struct image image;
	uint32_t pid;
	bool known;	 /* was seen alive; then: */
	uint32_t ns_pid; /* its number as it knows itself */
	uid_t uids[2];	 /* real, effective */
	uint64_t birth;	 /* clock ticks since boot: tells processes of one number apart */
	int64_t birth_s; /* of the real-time clock */
	int tmp_fd;	 /* not owned; -1: none */
	nsec_t looked_ns;
};

struct image_jits {
	struct table pids;
	ARRAY(struct jit_entry *) entries;
	struct table tmps; /* struct tmp_key */
	ARRAY(int) tmp_fds;
	size_t descriptors;
	struct proc_text text;
};

struct image_jits *image_jits_new(void)
{
	struct image_jits *jits = mem_alloc(sizeof(*jits));

	table_init(&jits->pids, sizeof(uint32_t));
	table_init(&jits->tmps, sizeof(struct tmp_key));
	return jits;
}

void image_jits_free(struct image_jits **jits)
{
	struct image_jits *dead = *jits;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->entries.count; i++) {
		image_close_fd(&dead->entries.items[i]->image.fd);
		free((void *)dead->entries.items[i]->image.path);
		free(dead->entries.items[i]);
	}
	for (size_t i = 0; i < dead->tmp_fds.count; i++)
		image_close_fd(&dead->tmp_fds.items[i]);
	array_free(&dead->entries);
	array_free(&dead->tmp_fds);
	table_free(&dead->pids);
	table_free(&dead->tmps);
	proc_text_free(&dead->text);
	free(dead);
	*jits = NULL;
}

/* Of a call that failed with -errno. */
static const char *failure(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
		return "no permission";
	case -EMFILE:
	case -ENFILE:
		return "too many open files";
	case -EXDEV:
		return "on another mount";
	default:
		return "not found";
	}
}

static struct jit_entry *entry_of(struct image_jits *jits, uint32_t pid)
{
	bool is_new;
	uint32_t id = table_add(&jits->pids, &pid, &is_new);
	struct jit_entry *entry;

	if (!is_new)
		return jits->entries.items[id];
	entry = mem_alloc(sizeof(*entry));
	entry->image.kind = IMAGE_JIT;
	entry->image.path = mem_format("/tmp/perf-%u.map", pid);
	entry->image.fd = -1;
	entry->image.why = "not found";
	entry->pid = entry->ns_pid = pid;
	entry->tmp_fd = -1;
	return *array_push(&jits->entries) = entry;
}

/* --- who the process is ----------------------------------------------------------------------- */

/*
 * The numbers that follow `name` at the beginning of a line, the last of them in the last place
 * where there are more: of pids the innermost is wanted. Returns how many there are.
 */
static size_t status_numbers(const char *text, const char *name, unsigned long *numbers, size_t max)
{
	size_t length = strlen(name), count = 0;
	char *end;

	while (text && strncmp(text, name, length) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	for (text = text ? text + length : ""; *text == '\t' || *text == ' '; text = end) {
		unsigned long number = strtoul(text, &end, 10);

		if (end == text)
			break;
		numbers[count < max ? count : max - 1] = number;
		count++;
	}
	return count;
}

/* Clock ticks from boot to its start: the 22nd field, the 20th after the name in parentheses. */
static bool read_birth(struct image_jits *jits, uint32_t pid, uint64_t *ret_birth)
{
	char path[32];
	char *at;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (proc_text_read(&jits->text, AT_FDCWD, path))
		return false;
	at = strrchr(jits->text.data, ')');
	for (int field = 0; at && field < 20; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	*ret_birth = strtoull(at, NULL, 10);
	return true;
}

/* The map has the number in its name. */
static void set_ns_pid(struct jit_entry *entry, uint32_t ns_pid)
{
	if (entry->ns_pid == ns_pid)
		return;
	entry->ns_pid = ns_pid;
	free((void *)entry->image.path);
	entry->image.path = mem_format("/tmp/perf-%u.map", ns_pid);
}

/* A descriptor to keep, unless there are too many. */
static bool may_keep(struct image_jits *jits, struct jit_entry *entry)
{
	if (jits->descriptors < DESCRIPTORS_MAX)
		return true;
	entry->image.why = "too many open files";
	return false;
}

/* `root` is "/proc/PID/root", or our own. As the process sees it: no link leads out. */
static void find_tmp(struct image_jits *jits, struct jit_entry *entry, const char *root)
{
	_cleanup_(image_close_fd) int root_fd = image_open_path(AT_FDCWD, root, 0, O_DIRECTORY);
	_cleanup_(image_close_fd) int fd = -1;
	struct tmp_key key = { 0 };
	struct stat st;
	uint32_t id;

	fd = root_fd < 0 ? root_fd : image_open_path(root_fd, "tmp", RESOLVE_IN_ROOT, O_DIRECTORY);
	if (fd < 0 || fstat(fd, &st)) {
		entry->image.why = failure(fd < 0 ? fd : -errno);
		return;
	}
	key.inode = st.st_ino;
	key.device = st.st_dev;
	id = table_find(&jits->tmps, &key);
	if (id == TABLE_NONE) {
		if (!may_keep(jits, entry))
			return;
		id = table_add(&jits->tmps, &key, NULL);
		*array_push(&jits->tmp_fds) = fd;
		jits->descriptors++;
		fd = -1;
	}
	entry->tmp_fd = jits->tmp_fds.items[id];
}

static void drop_map(struct image_jits *jits, struct jit_entry *entry)
{
	if (entry->image.fd < 0)
		return;
	close(entry->image.fd);
	entry->image.fd = -1;
	entry->image.size = 0;
	jits->descriptors--;
}

/* What is known of it from before stays if it is gone. */
static void look_at_process(struct image_jits *jits, struct jit_entry *entry)
{
	unsigned long uids[3], pids[1]; /* the status line of users has more than two */
	uint64_t birth;
	char path[32];

	if (!read_birth(jits, entry->pid, &birth))
		return;
	snprintf(path, sizeof(path), "/proc/%u/status", entry->pid);
	if (proc_text_read(&jits->text, AT_FDCWD, path) ||
	    status_numbers(jits->text.data, "Uid:", uids, ARRAY_SIZE(uids)) < 2)
		return;
	if (entry->known && entry->birth != birth) {
		drop_map(jits, entry);
		entry->image.dump = NULL;
		entry->tmp_fd = -1;
	}
	entry->known = true;
	entry->birth = birth;
	entry->birth_s = (int64_t)(clock_read(CLOCK_REALTIME) / NSEC_PER_SEC) -
			 (int64_t)(clock_read(CLOCK_BOOTTIME) / NSEC_PER_SEC) +
			 (int64_t)(birth / (uint64_t)sysconf(_SC_CLK_TCK));
	entry->uids[0] = (uid_t)uids[0];
	entry->uids[1] = (uid_t)uids[1];
	if (status_numbers(jits->text.data, "NSpid:", pids, ARRAY_SIZE(pids)))
		set_ns_pid(entry, (uint32_t)pids[0]);
	snprintf(path, sizeof(path), "/proc/%u/root", entry->pid);
	find_tmp(jits, entry, path);
}

/* --- its map ---------------------------------------------------------------------------------- */

static const char *refusal(const struct jit_entry *entry, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid &&
	    (!entry->known || (st->st_uid != entry->uids[0] && st->st_uid != entry->uids[1])))
		return "owned by another user";
	/* somebody else's file can be given a second name */
	if (st->st_nlink > 1)
		return "a file of several names";
	if (entry->known && st->st_mtime + STALE_S < entry->birth_s)
		return "older than the process";
	return NULL;
}

static int open_map(struct jit_entry *entry)
{
	_cleanup_(image_close_fd) int path_fd = -1;
	char name[32];
	const char *why;
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "perf-%u.map", entry->ns_pid);
	/*
	 * O_PATH has no effect on devices and FIFOs, and a link is opened as one. A file that is
	 * mounted there may be one of /proc or /sys, where to read is to act.
	 */
	path_fd =
		image_open_path(entry->tmp_fd, name, RESOLVE_BENEATH | RESOLVE_NO_XDEV, O_NOFOLLOW);
	if (path_fd < 0 || fstat(path_fd, &st)) {
		entry->image.why = failure(path_fd < 0 ? path_fd : -errno);
		return -1;
	}
	why = refusal(entry, &st);
	if (why) {
		entry->image.why = why;
		return -1;
	}
	fd = image_reopen(path_fd);
	if (fd < 0)
		entry->image.why = failure(fd);
	return fd;
}

/* What is there now takes the place of what was opened before. */
static void find_map(struct image_jits *jits, struct jit_entry *entry)
{
	int fd;

	if (entry->tmp_fd < 0 || (entry->image.fd < 0 && !may_keep(jits, entry)))
		return;
	fd = open_map(entry);
	if (fd < 0)
		return;
	drop_map(jits, entry);
	entry->image.fd = fd;
	jits->descriptors++;
}

/* --- when it is looked at --------------------------------------------------------------------- */

void image_jits_see(struct image_jits *jits, uint32_t pid, const struct image *image)
{
	struct jit_entry *entry;
	nsec_t now;

	if (image->kind != IMAGE_JITDUMP && !image_jit_is_memory(image))
		return;
	entry = entry_of(jits, pid);
	now = clock_now();
	if (!entry->looked_ns || now - entry->looked_ns >= LOOK_NS) {
		entry->looked_ns = now;
		look_at_process(jits, entry);
		if (entry->image.fd < 0)
			find_map(jits, entry);
	}
	if (image->kind == IMAGE_JITDUMP)
		entry->image.dump = image;
}

const struct image *image_jits_get(struct image_jits *jits, uint32_t pid)
{
	struct jit_entry *entry = entry_of(jits, pid);
	struct image *image = &entry->image;
	struct stat st;

	look_at_process(jits, entry);
	/* gone, or a zombie, before it was seen: most share our root */
	if (entry->tmp_fd < 0 && entry->ns_pid == pid)
		find_tmp(jits, entry, "/");
	find_map(jits, entry);
	if (image->fd >= 0 && !fstat(image->fd, &st)) {
		image->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
		image->why = image->size > IMAGE_JIT_BYTES_MAX ? "read up to 256 MiB" : NULL;
	}
	return image;
}

/* --- what images are -------------------------------------------------------------------------- */

bool image_jit_is_dump(const char *path)
{
	const char *name = strrchr(path, '/');
	size_t digits;

	if (!name || strncmp(name, "/jit-", 5) != 0)
		return false;
	digits = strspn(name + 5, "0123456789");
	name += 5 + digits;
	return digits && (strcmp(name, ".dump") == 0 || strcmp(name, ".dump (deleted)") == 0);
}

bool image_jit_is_memory(const struct image *image)
{
	static const char *const names[] = {
		"[anon", "[heap]", "[stack", "/memfd:", "/dev/zero", "/anon_hugepage", "/SYSV",
	};

	if (image->kind != IMAGE_ANONYMOUS && (image->kind != IMAGE_FILE || image->fd >= 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(image->path, names[i], strlen(names[i])) == 0)
			return true;
	return !*image->path;
}
