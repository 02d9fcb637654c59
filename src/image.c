// SPDX-License-Identifier: MIT
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "image_elf.h"
#include "image_jit.h"
#include "image_open.h"
#include "mapping.h"
#include "mem.h"
#include "table.h"

/* A file that several processes map and none can give is not asked for for ever. */
#define OPEN_TRIES_MAX 4
/* The vdso has a few pages; what claims more is not one. */
#define VDSO_MAX ((size_t)1 << 20)

struct file_key {
	uint64_t inode;
	uint32_t dev_major, dev_minor;
};

struct entry {
	struct image image;
	uint32_t generation;   /* of the inode; 0: not known */
	struct entry *earlier; /* another file that had the inode */
	uint32_t tried_pid; /* who was asked last */
	uint32_t tries;
	bool settled; /* opened, or known to be of no use */
};

struct images {
	struct image_roots *roots;
	struct table files;    /* struct file_key */
	struct strings labels; /* names of mappings without a file: "", "[vdso]", "[stack]" ... */
	ARRAY(struct entry *) by_file; /* the last that was seen */
	ARRAY(struct entry *) by_label;
	struct entry *kernel;
	struct image_jits *jits;
};

struct images *images_new(void)
{
	struct images *images = mem_alloc(sizeof(*images));

	images->roots = image_roots_new();
	table_init(&images->files, sizeof(struct file_key));
	strings_init(&images->labels);
	images->jits = image_jits_new();
	return images;
}

static void entry_free(struct entry *entry)
{
	if (!entry)
		return;
	image_close_fd(&entry->image.fd);
	free((void *)entry->image.path);
	free((void *)entry->image.segments);
	free((void *)entry->image.build_id);
	free(entry);
}

void images_free(struct images **images)
{
	struct images *dead = *images;

	if (!dead)
		return;
	for (size_t i = 0; i < dead->by_file.count; i++)
		for (struct entry *entry = dead->by_file.items[i], *next; entry; entry = next) {
			next = entry->earlier;
			entry_free(entry);
		}
	for (size_t i = 0; i < dead->by_label.count; i++)
		entry_free(dead->by_label.items[i]);
	entry_free(dead->kernel);
	image_jits_free(&dead->jits);
	image_roots_free(&dead->roots);
	array_free(&dead->by_file);
	array_free(&dead->by_label);
	table_free(&dead->files);
	strings_free(&dead->labels);
	free(dead);
	*images = NULL;
}

static struct entry *entry_new(enum image_kind kind, const char *path)
{
	struct entry *entry = mem_alloc(sizeof(*entry));

	entry->image.kind = kind;
	entry->image.path = mem_copy_string(path);
	entry->image.fd = -1;
	return entry;
}

/* --- finding the mapped file ------------------------------------------------------------------ */

/*
 * All candidates are opened with O_PATH; only a regular file of the right identity is then opened
 * for reading.
 */
struct search {
	struct file_key key;
	uint32_t generation; /* 0: not known */
	uint32_t pid;
	const char *path;
	int root;	 /* the process's, or -1: gone, or the file was found in ours */
	const char *why; /* the best reason so far why nothing was found */
};

/* These report another device to stat() than the one in the mapping; the inode must do. */
static bool device_differs_by_design(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	return fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC;
}

static bool is_mapped_file(int fd, const struct file_key *key)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_ino != key->inode)
		return false;
	return (major(st.st_dev) == key->dev_major && minor(st.st_dev) == key->dev_minor) ||
	       device_differs_by_design(fd);
}

static void note_failure(struct search *search, int error)
{
	if (error == -EACCES || error == -EPERM)
		search->why = "no permission";
	if (error == -EMFILE || error == -ENFILE)
		search->why = "too many open files";
}

/* 0: the file system does not tell. The kernel writes an int, whatever the request's size says. */
static uint32_t generation_of(int fd)
{
	uint32_t generation[sizeof(long) / sizeof(uint32_t)] = { 0 };

	return ioctl(fd, FS_IOC_GETVERSION, generation) ? 0 : generation[0];
}

/*
 * The file `path_fd` stands for, opened for reading, or -1. Takes the descriptor. While a file is
 * open its inode is its own, so here is the moment to ask whose it is.
 */
static int open_readable(struct search *search, int path_fd)
{
	_cleanup_(image_close_fd) int owned = path_fd;
	uint32_t generation;
	struct stat st;
	int fd;

	if (fstat(owned, &st) || !S_ISREG(st.st_mode)) {
		search->why = "not a regular file";
		return -1;
	}
	fd = image_reopen(owned);
	if (fd < 0) {
		note_failure(search, fd);
		return -1;
	}
	generation = generation_of(fd);
	if (search->generation && generation && generation != search->generation) {
		search->why = "changed";
		close(fd);
		return -1;
	}
	search->generation = generation;
	return fd;
}

/* By name, below a root directory, or the error for which it could not be opened. */
static int search_root(struct search *search, int root)
{
	int fd;

	if (search->path[0] != '/')
		return -1;
	fd = root < 0 ? root : image_open_path(root, search->path, RESOLVE_IN_ROOT, 0);
	if (fd < 0) {
		note_failure(search, fd);
		return -1;
	}
	if (!is_mapped_file(fd, &search->key)) {
		search->why = "changed";
		close(fd);
		return -1;
	}
	return open_readable(search, fd);
}

/* By the mapping itself: finds files that are deleted, replaced, or in nobody's name space. */
static int search_map_files(struct search *search)
{
	struct proc_text text = { 0 };
	struct mapping map;
	const char *cursor;
	char path[96];
	int fd = -ENOENT;
	uint32_t tid;

	if (proc_text_read_maps(&text, search->pid, &tid) == 0) {
		cursor = text.data;
		while (fd < 0 && mapping_next(&cursor, &map)) {
			if (map.file.inode != search->key.inode ||
			    map.file.dev_major != search->key.dev_major ||
			    map.file.dev_minor != search->key.dev_minor)
				continue;
			snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", tid,
				 (unsigned long long)map.start, (unsigned long long)map.end);
			fd = image_open_path(AT_FDCWD, path, 0, 0);
		}
	}
	proc_text_free(&text);
	if (fd < 0) {
		note_failure(search, fd);
		return -1;
	}
	return open_readable(search, fd);
}

static bool ends_with(const char *string, const char *end)
{
	size_t length = strlen(string), end_length = strlen(end);

	return length >= end_length && strcmp(string + length - end_length, end) == 0;
}

/* The process is gone: most share our root. */
static int search_our_root(struct search *search)
{
	_cleanup_(image_close_fd) int root = image_open_path(AT_FDCWD, "/", 0, O_DIRECTORY);
	int fd = search_root(search, root);

	if (fd >= 0) {
		image_close_fd(&search->root);
		search->root = -1;
	}
	return fd;
}

/* Leaves the process's root open, for the caller. */
static int search_file(struct search *search)
{
	char root[32];
	int fd;

	search->why = ends_with(search->path, " (deleted)") ? "deleted" : "not found";
	snprintf(root, sizeof(root), "/proc/%u/root", search->pid);
	search->root = image_open_path(AT_FDCWD, root, 0, O_DIRECTORY);
	fd = search_root(search, search->root);
	if (fd < 0)
		fd = search_our_root(search);
	if (fd < 0)
		fd = search_map_files(search);
	return fd;
}

/* --- entries ---------------------------------------------------------------------------------- */

/* Takes the descriptor. A jitdump is known by its name: nothing is in it until it is flushed. */
static void entry_take_fd(struct entry *entry, int fd)
{
	struct stat st;
	bool is_file = !fstat(fd, &st) && st.st_size >= 0;

	entry->settled = true;
	if (!is_file || image_elf_read(fd, (uint64_t)st.st_size, &entry->image)) {
		if (!is_file || !image_jit_is_dump(entry->image.path)) {
			entry->image.why = "not an ELF file";
			close(fd);
			return;
		}
		entry->image.kind = IMAGE_JITDUMP;
	}
	entry->image.fd = fd;
	entry->image.size = (uint64_t)st.st_size;
	entry->image.why = NULL;
}

static void entry_try_open(struct images *images, struct entry *entry, const struct file_key *key,
			   uint32_t pid, const char *path)
{
	struct search search = {
		.key = *key, .generation = entry->generation, .pid = pid, .path = path
	};
	int fd;

	if (entry->settled || entry->tries >= OPEN_TRIES_MAX ||
	    (entry->tries && entry->tried_pid == pid))
		return;
	entry->tries++;
	entry->tried_pid = pid;
	fd = search_file(&search);
	if (fd >= 0) {
		entry_take_fd(entry, fd);
		entry->generation = search.generation;
		entry->image.root = image_roots_get(images->roots, search.root);
	} else {
		entry->image.why = search.why;
		image_close_fd(&search.root);
	}
}

/* Every process of this kernel has the same vdso (64-bit): ours, copied. */
static void entry_load_vdso(struct entry *entry)
{
	struct proc_text text = { 0 };
	struct mapping map = { .path = "" };
	const char *cursor;
	bool found = false;
	int fd;

	entry->image.why = "not mapped here";
	if (proc_text_read(&text, AT_FDCWD, "/proc/self/maps") == 0) {
		cursor = text.data;
		while (!found && mapping_next(&cursor, &map))
			found = map.path_len == 6 && memcmp(map.path, "[vdso]", 6) == 0;
	}
	proc_text_free(&text);
	if (!found || map.end - map.start > VDSO_MAX)
		return;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, (const void *)(uintptr_t)map.start, map.end - map.start) !=
	    (ssize_t)(map.end - map.start))
		close(fd);
	else
		entry_take_fd(entry, fd);
}

static struct entry *get_label(struct images *images, const char *label)
{
	uint32_t id = strings_add(&images->labels, label);
	struct entry **slot;

	while (images->by_label.count <= id)
		*array_push(&images->by_label) = NULL;
	slot = &images->by_label.items[id];
	if (!*slot) {
		bool vdso = strcmp(label, "[vdso]") == 0;

		*slot = entry_new(vdso ? IMAGE_VDSO : IMAGE_ANONYMOUS, label);
		if (vdso)
			entry_load_vdso(*slot);
		else
			(*slot)->image.why = "no file";
	}
	return *slot;
}

static struct entry *get_file(struct images *images, const struct file_key *key,
			      uint32_t generation, const char *path)
{
	bool is_new;
	uint32_t id = table_add(&images->files, key, &is_new);
	struct entry **last = is_new ? array_push(&images->by_file) : &images->by_file.items[id];
	struct entry *entry;

	for (entry = *last; entry; entry = entry->earlier)
		if (!generation || !entry->generation || entry->generation == generation)
			return entry;
	entry = entry_new(IMAGE_FILE, path);
	entry->generation = generation;
	entry->earlier = *last;
	return *last = entry;
}

const struct image *images_get(struct images *images, uint32_t pid, const struct scope_file *file,
			       const char *path)
{
	struct file_key key = { file->inode, file->dev_major, file->dev_minor };
	struct entry *entry;

	if (file->inode == 0) {
		entry = get_label(images, path);
	} else {
		entry = get_file(images, &key, file->generation, path);
		entry_try_open(images, entry, &key, pid, path);
	}
	image_jits_see(images->jits, pid, &entry->image);
	return &entry->image;
}

const struct image *images_jit(struct images *images, uint32_t pid)
{
	return image_jits_get(images->jits, pid);
}

/* A page at a time: mostly the first line tells. */
bool image_kallsyms_tells(int fd)
{
	char text[4096];
	bool begins = true; /* a line */
	off_t at = 0;
	ssize_t got;

	while (at < 1 << 18 && (got = pread(fd, text, sizeof(text), at)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (begins && text[i] >= '8') /* the top hexadecimal digit of 16 */
				return true;
			begins = text[i] == '\n';
		}
		at += got;
	}
	return false;
}

const struct image *images_kernel(struct images *images)
{
	struct entry *entry = images->kernel;
	int fd;

	if (entry)
		return &entry->image;
	entry = images->kernel = entry_new(IMAGE_KERNEL, "[kernel]");
	fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		entry->image.why = "/proc/kallsyms cannot be opened";
	} else if (!image_kallsyms_tells(fd)) {
		entry->image.why = "kernel addresses are hidden (kernel.kptr_restrict)";
		close(fd);
	} else {
		entry->image.fd = fd;
	}
	return &entry->image;
}

bool image_file_off_to_vaddr(const struct image *image, uint64_t file_off, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *segment = &image->segments[i];

		if (file_off >= segment->file_off &&
		    file_off - segment->file_off < segment->file_size) {
			*ret_vaddr = segment->vaddr + (file_off - segment->file_off);
			return true;
		}
	}
	return false;
}
