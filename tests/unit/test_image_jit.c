// SPDX-License-Identifier: MIT
/*
 * The files that name code made at run time: found, pinned, and refused where somebody else could
 * have put them there. Maps lie in /tmp, under the numbers of children of this test: in one of its
 * own where that can be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mapped.h"
#include "../symbols/cases.c"
#include "image.h"
#include "image_jit.h"

/* A process that does nothing until it is ended; `prepare` says whether it may begin. */
struct child {
	pid_t pid;
	char map[64]; /* where its perf map belongs */
};

/* A case that fails leaves its children behind. */
static void end_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(1);
	alarm(60);
}

static bool make_own_tmp(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0;
}

static struct child start(bool (*prepare)(void))
{
	struct child child;
	int ready[2];
	char c;

	CHECK(pipe2(ready, O_CLOEXEC) == 0);
	child.pid = fork();
	CHECK(child.pid >= 0);
	if (child.pid == 0) {
		end_with_parent();
		if ((prepare && !prepare()) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	snprintf(child.map, sizeof(child.map), "/tmp/perf-%d.map", (int)child.pid);
	if (read(ready[0], &c, 1) != 1) {
		waitpid(child.pid, NULL, 0);
		child.pid = 0;
	}
	close(ready[0]);
	if (!prepare && access(child.map, F_OK) == 0)
		unlink(child.map); /* of a process that had the number before */
	return child;
}

static void end(struct child *child)
{
	kill(child->pid, SIGKILL);
	CHECK(waitpid(child->pid, NULL, 0) == child->pid);
}

static void put(const char *path, const char *text)
{
	temp_write(path, text, strlen(text));
}

/* As if it had mapped executable memory of its own. */
static void see(struct images *images, const struct child *child)
{
	images_get(images, (uint32_t)child->pid, &no_file, "");
}

static const struct image *get(struct images *images, const struct child *child)
{
	const struct image *image = images_jit(images, (uint32_t)child->pid);

	CHECK(image->kind == IMAGE_JIT);
	CHECK((image->fd < 0) == (image->why != NULL));
	return image;
}

static void check_text(const struct image *image, const char *text)
{
	char buffer[64] = "";

	if (image->fd < 0)
		case_fail(__FILE__, __LINE__, "no map: %s", image->why);
	CHECK(pread(image->fd, buffer, sizeof(buffer) - 1, 0) >= 0);
	CHECK_STRING(buffer, text);
	CHECK(image->size == strlen(text));
	CHECK(fcntl(image->fd, F_GETFD) & FD_CLOEXEC);
}

/* What is there when all is over counts, whatever was seen when it began. */
static void test_alive(void)
{
	struct images *images = images_new();
	struct child early = start(NULL), late = start(NULL), never = start(NULL);

	put(early.map, "1 1 early\n");
	see(images, &early);
	see(images, &late);
	see(images, &never);
	put(early.map, "1 1 early\n1 2 more\n");
	put(late.map, "1 1 late\n");
	check_text(get(images, &early), "1 1 early\n1 2 more\n");
	check_text(get(images, &late), "1 1 late\n");
	CHECK_STRING(get(images, &never)->why, "not found");
	put(never.map, "1 1 unseen\n");
	check_text(get(images, &never), "1 1 unseen\n");
	CHECK(unlink(early.map) == 0);
	put(early.map, "1 1 another\n");
	check_text(get(images, &early), "1 1 another\n");
	unlink(early.map);
	unlink(late.map);
	unlink(never.map);
	end(&early);
	end(&late);
	end(&never);
	images_free(&images);
}

/* Processes that are gone by then: their map is there, or was when they were last seen. */
static void test_gone(void)
{
	struct images *images = images_new();
	struct child left = start(NULL), took = start(NULL), unseen = start(NULL);

	see(images, &left);
	put(took.map, "1 1 taken away\n");
	see(images, &took);
	put(took.map, "1 1 taken away\n1 2 later\n");
	CHECK(unlink(took.map) == 0);
	put(left.map, "1 1 left\n");
	put(unseen.map, "1 1 unseen\n");
	end(&left);
	end(&took);
	end(&unseen);
	check_text(get(images, &left), "1 1 left\n");
	check_text(get(images, &took), "1 1 taken away\n1 2 later\n");
	if (geteuid() == 0) {
		check_text(get(images, &unseen), "1 1 unseen\n");
		CHECK(chown(unseen.map, 12345, 0) == 0);
		images_free(&images);
		images = images_new();
	}
	CHECK_STRING(get(images, &unseen)->why, "owned by another user");
	unlink(left.map);
	unlink(unseen.map);
	images_free(&images);
}

static void check_refused(struct child *child, const char *why)
{
	struct images *images = images_new();

	see(images, child);
	CHECK_STRING(get(images, child)->why, why);
	images_free(&images);
	unlink(child->map);
}

static void test_refused(void)
{
	struct timeval old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	const char *other = temp_path("other");
	struct child child = start(NULL);
	char second[80];

	put(other, "1 1 other\n");
	CHECK(symlink(other, child.map) == 0);
	check_refused(&child, "not a regular file");
	CHECK(mkfifo(child.map, 0666) == 0);
	check_refused(&child, "not a regular file");
	CHECK(mkdir(child.map, 0755) == 0);
	check_refused(&child, "not a regular file");
	CHECK(rmdir(child.map) == 0);
	if (mknod(child.map, S_IFCHR | 0666, makedev(1, 5)) == 0)
		check_refused(&child, "not a regular file");
	put(child.map, "1 1 stale\n");
	CHECK(utimes(child.map, old) == 0);
	check_refused(&child, "older than the process");
	put(child.map, "1 1 two names\n");
	snprintf(second, sizeof(second), "%s.second", child.map);
	CHECK(link(child.map, second) == 0);
	check_refused(&child, "a file of several names");
	unlink(second);
	end(&child);
}

/* Of two gigabytes, most of them never written. */
static void test_large(void)
{
	struct images *images = images_new();
	struct child child = start(NULL);
	const struct image *image;

	put(child.map, "1 1 large\n");
	CHECK(truncate(child.map, (off_t)2 << 30) == 0);
	see(images, &child);
	image = images_jit(images, (uint32_t)child.pid);
	CHECK(image->fd >= 0 && image->size == (uint64_t)2 << 30);
	CHECK_STRING(image->why, "read up to 256 MiB");
	unlink(child.map);
	end(&child);
	images_free(&images);
}

static bool become_another_user(void)
{
	return setresuid(12345, 12346, 12345) == 0;
}

static void test_owner(void)
{
	static const struct {
		uid_t owner;
		bool good;
	} rows[] = { { 0, true }, { 12345, true }, { 12346, true }, { 12347, false } };
	struct child child = start(become_another_user);

	if (!child.pid)
		case_skip("needs root to become another user");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct images *images = images_new();

		put(child.map, "1 1 owned\n");
		CHECK(chown(child.map, rows[i].owner, 0) == 0);
		see(images, &child);
		if (rows[i].good)
			check_text(get(images, &child), "1 1 owned\n");
		else
			CHECK_STRING(get(images, &child)->why, "owned by another user");
		images_free(&images);
		unlink(child.map);
	}
	end(&child);
}

/* A child of a child, whose number is 1 where it lives, and whose /tmp is its own. */
static bool become_contained(void)
{
	pid_t pid;
	FILE *map;

	if (!make_own_tmp() || unshare(CLONE_NEWPID))
		return false;
	pid = fork();
	if (pid < 0)
		return false;
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	end_with_parent();
	map = fopen("/tmp/perf-1.map", "w");
	return map && fputs("1 1 contained\n", map) >= 0 && fclose(map) == 0;
}

static pid_t child_of(pid_t pid)
{
	char path[64], *text;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	text = file_read(path, NULL);
	child = (pid_t)strtol(text, NULL, 10);
	free(text);
	return child;
}

/* In another mount and pid namespace; there, and when it is gone and the namespaces with it. */
static void test_contained(void)
{
	struct child outer = start(become_contained), inner;
	struct images *images = images_new();
	struct images *late = images_new();

	if (!outer.pid)
		case_skip("needs root for namespaces of its own");
	inner.pid = child_of(outer.pid);
	CHECK(inner.pid > 0);
	snprintf(inner.map, sizeof(inner.map), "/tmp/perf-%d.map", (int)inner.pid);
	see(images, &inner);
	check_text(get(images, &inner), "1 1 contained\n");
	CHECK_STRING(get(images, &inner)->path, "/tmp/perf-1.map");
	images_free(&images);
	images = images_new();
	see(images, &inner);
	/* ours, of that name, is another's */
	put(inner.map, "1 1 ours\n");
	kill(inner.pid, SIGKILL);
	CHECK(waitpid(outer.pid, NULL, 0) == outer.pid);
	check_text(get(images, &inner), "1 1 contained\n");
	/* of one that was never seen nothing else is known */
	check_text(get(late, &inner), "1 1 ours\n");
	unlink(inner.map);
	images_free(&images);
	images_free(&late);
}

/* A file of /proc, /sys or a device's file system, mounted where the map would be. */
static bool mount_over(void)
{
	char path[64];
	int fd;

	if (!make_own_tmp())
		return false;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	return fd >= 0 && mount("/proc/version", path, NULL, MS_BIND, NULL) == 0;
}

static void test_mounted(void)
{
	struct child child = start(mount_over);

	if (!child.pid)
		case_skip("needs root for namespaces of its own");
	check_refused(&child, "on another mount");
	end(&child);
}

static const struct image *map_dump(struct images *images, const struct child *child,
				    const char *path, const char *name)
{
	struct scope_file file;
	struct stat st;

	CHECK(stat(path, &st) == 0);
	file = mapped_file(&st);
	return images_get(images, (uint32_t)child->pid, &file, name);
}

/* By its name: nothing is in it when it is mapped. */
static void test_dump(void)
{
	const char *path = temp_path("jit-77.dump"), *no = temp_path("jit-x.dump");
	struct images *images = images_new();
	struct child child = start(NULL), other = start(NULL);
	const struct image *image, *dump;
	char buffer[8] = "";

	put(path, "");
	put(no, "");
	dump = map_dump(images, &child, path, path);
	CHECK(dump->kind == IMAGE_JITDUMP && dump->fd >= 0 && !dump->why);
	image = map_dump(images, &other, no, no);
	CHECK(image->kind == IMAGE_FILE && image->fd < 0);
	put(path, "later");
	CHECK(unlink(path) == 0);
	image = images_jit(images, (uint32_t)child.pid);
	CHECK(image->dump == dump && image->fd < 0);
	CHECK(pread(dump->fd, buffer, 5, 0) == 5 && strcmp(buffer, "later") == 0);
	CHECK(!images_jit(images, (uint32_t)other.pid)->dump);
	end(&child);
	end(&other);
	images_free(&images);
}

static void test_names(void)
{
	static const struct {
		const char *path;
		bool memory, dump;
	} rows[] = {
		{ "", true, false },
		{ "[anon:v8]", true, false },
		{ "[heap]", true, false },
		{ "[stack]", true, false },
		{ "[stack:12]", true, false },
		{ "[vsyscall]", false, false },
		{ "[uprobes]", false, false },
		{ "/memfd:doublemapper (deleted)", true, false },
		{ "/dev/zero (deleted)", true, false },
		{ "/anon_hugepage (deleted)", true, false },
		{ "/tmp/memfd:a", false, false },
		{ "/tmp/jit-12.dump", false, true },
		{ "/home/a/.debug/jit/b/jit-12.dump (deleted)", false, true },
		{ "jit-12.dump", false, false },
		{ "/tmp/jit-.dump", false, false },
		{ "/tmp/jit-12.dump.so", false, false },
		{ "/tmp/jit-12x.dump", false, false },
		{ "/jit-12.dump/a", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct image image = { .path = rows[i].path, .fd = -1 };

		image.kind = *image.path == '/' ? IMAGE_FILE : IMAGE_ANONYMOUS;
		if (image_jit_is_memory(&image) != rows[i].memory ||
		    image_jit_is_dump(image.path) != rows[i].dump)
			case_fail(__FILE__, __LINE__, "\"%s\"", image.path);
		image.fd = 0; /* an ELF file that somebody keeps in memory */
		image.kind = IMAGE_FILE;
		CHECK(!image_jit_is_memory(&image));
	}
}

static size_t open_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* However many maps there are. */
static void test_descriptors(void)
{
	enum { CHILDREN = 600 };
	static struct child children[CHILDREN];
	struct images *images = images_new();
	size_t before = open_descriptors(), told = 0;

	for (int i = 0; i < CHILDREN; i++) {
		children[i] = start(NULL);
		put(children[i].map, "1 1 many\n");
		see(images, &children[i]);
	}
	CHECK(open_descriptors() - before <= 512 && open_descriptors() - before > 500);
	for (int i = 0; i < CHILDREN; i++) {
		const struct image *image = get(images, &children[i]);

		told += image->fd < 0 && strcmp(image->why, "too many open files") == 0;
		unlink(children[i].map);
		end(&children[i]);
	}
	CHECK(told == CHILDREN - 511); /* one is /tmp */
	images_free(&images);
	CHECK(open_descriptors() == before);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "image_jit: a map as it is in the end", test_alive },
		{ "image_jit: of processes that are gone", test_gone },
		{ "image_jit: links, other files, old ones", test_refused },
		{ "image_jit: a map larger than what is read", test_large },
		{ "image_jit: whose a map may be", test_owner },
		{ "image_jit: in a container", test_contained },
		{ "image_jit: something mounted in its place", test_mounted },
		{ "image_jit: a jitdump", test_dump },
		{ "image_jit: what memory and dumps are called", test_names },
		{ "image_jit: the bound on descriptors", test_descriptors },
	};

	if (make_own_tmp())
		unsetenv("TMPDIR"); /* it may lie below the /tmp that is hidden now */
	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
