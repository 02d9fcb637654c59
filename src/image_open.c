// SPDX-License-Identifier: MIT
#include "image_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mem.h"
#include "table.h"

/* A rename anywhere, while a path with ".." in it is walked, makes the kernel give up. */
#define WALK_TRIES_MAX 16
/* Files that files name. Below: no ELF file, but nearly all that /proc holds. */
#define NAMED_MIN 64
#define NAMED_MAX ((off_t)16 << 30)
/* Descriptors for roots: a host has some dozens of containers. Beyond, what files there name is not
 * to be had. */
#define ROOTS_MAX 256

#define SELF_PATH_ROOM (sizeof("/proc/self/fd/") + 3 * sizeof(int))

struct root_key {
	uint64_t inode;
	uint64_t mount_id; /* tells mount namespaces apart; 0 before Linux 5.8 */
	uint32_t dev_major, dev_minor;
};

struct image_root {
	int fd; /* -1: there were too many */
};

struct image_roots {
	struct table keys; /* struct root_key; the first is ours */
	ARRAY(struct image_root *) items;
};

void image_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int image_open_path(int dir_fd, const char *path, uint64_t resolve, int flags)
{
	struct open_how how = { .resolve = resolve };
	long fd;

	how.flags = (unsigned int)(O_PATH | O_CLOEXEC | flags);
	for (int tries = 0; tries < WALK_TRIES_MAX; tries++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN)
			break;
	}
	return -errno;
}

static void self_path(int fd, char *ret_path)
{
	snprintf(ret_path, SELF_PATH_ROOM, "/proc/self/fd/%d", fd);
}

int image_reopen(int path_fd)
{
	char self[SELF_PATH_ROOM];
	int fd;

	self_path(path_fd, self);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* --- files that files name -------------------------------------------------------------------- */

static int check_named(int path_fd, uint64_t *ret_size)
{
	struct statfs fs;
	struct stat st;

	if (fstat(path_fd, &st) || fstatfs(path_fd, &fs))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < NAMED_MIN || fs.f_type == SYSFS_MAGIC)
		return -ENOEXEC;
	if (st.st_size > NAMED_MAX)
		return -EFBIG;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int image_open_named(const struct image_root *root, const char *path, int *ret_fd,
		     uint64_t *ret_size)
{
	_cleanup_(image_close_fd) int named = -1;
	uint64_t size;
	int error, fd;

	if (path[0] != '/' || (root && root->fd < 0))
		return -ENOENT;
	named = root ? image_open_path(root->fd, path, RESOLVE_IN_ROOT, 0)
		     : image_open_path(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS, 0);
	if (named < 0)
		return named;
	error = check_named(named, &size);
	if (error)
		return error;
	fd = image_reopen(named);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*ret_size = size;
	return 0;
}

/* What the link of /proc says, or NULL. */
static char *link_target(int fd)
{
	char self[SELF_PATH_ROOM], target[PATH_MAX];
	ssize_t bytes;

	self_path(fd, self);
	bytes = readlink(self, target, sizeof(target));
	if (bytes <= 0 || (size_t)bytes == sizeof(target) || target[0] != '/')
		return NULL;
	return mem_copy_bytes(target, (size_t)bytes);
}

char *image_real_path(const struct image_root *root, int fd)
{
	_cleanup_free_ char *below = root ? link_target(root->fd) : NULL;
	char *path = link_target(fd);
	size_t length = below ? strlen(below) : 0;

	/* It is told from the root of the mount namespace, where a root by chroot() is a directory.
	 */
	if (path && length > 1 && strncmp(path, below, length) == 0 && path[length] == '/')
		memmove(path, path + length, strlen(path + length) + 1);
	return path;
}

/* --- roots ------------------------------------------------------------------------------------ */

static bool read_key(int dir_fd, const char *path, struct root_key *ret_key)
{
	struct statx st;

	if (statx(dir_fd, path, AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &st))
		return false;
	*ret_key = (struct root_key){
		.inode = st.stx_ino,
		.mount_id = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0,
		.dev_major = st.stx_dev_major,
		.dev_minor = st.stx_dev_minor,
	};
	return true;
}

struct image_roots *image_roots_new(void)
{
	struct image_roots *roots = mem_alloc(sizeof(*roots));
	struct root_key ours = { 0 };

	table_init(&roots->keys, sizeof(ours));
	read_key(AT_FDCWD, "/", &ours);
	table_add(&roots->keys, &ours, NULL);
	*array_push(&roots->items) = NULL;
	return roots;
}

void image_roots_free(struct image_roots **roots)
{
	struct image_roots *dead = *roots;

	if (!dead)
		return;
	for (size_t i = 1; i < dead->items.count; i++) {
		image_close_fd(&dead->items.items[i]->fd);
		free(dead->items.items[i]);
	}
	array_free(&dead->items);
	table_free(&dead->keys);
	free(dead);
	*roots = NULL;
}

const struct image_root *image_roots_get(struct image_roots *roots, int fd)
{
	_cleanup_(image_close_fd) int owned = fd;
	struct root_key key;
	bool is_new;
	uint32_t id;

	if (fd < 0 || !read_key(fd, "", &key))
		return NULL;
	id = table_add(&roots->keys, &key, &is_new);
	if (is_new) {
		struct image_root *root = mem_alloc(sizeof(*root));

		root->fd = id <= ROOTS_MAX ? fd : -1;
		if (root->fd >= 0)
			owned = -1;
		*array_push(&roots->items) = root;
	}
	return roots->items.items[id];
}
