// SPDX-License-Identifier: MIT
/* Files that files name, below roots, and how many roots are kept open. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/debugged.h"
#include "image_open.h"

static const struct image_root *root_at(struct image_roots *roots, const char *path)
{
	int fd = image_open_path(AT_FDCWD, path, 0, O_DIRECTORY);

	CHECK(fd >= 0);
	return image_roots_get(roots, fd);
}

/* 0 or the error; the file is closed again. */
static int open_named(const struct image_root *root, const char *path)
{
	uint64_t size = 0;
	int fd = -1, error = image_open_named(root, path, &fd, &size);

	CHECK((fd >= 0) == !error && (size > 0) == !error);
	if (!error)
		close(fd);
	return error;
}

static void test_named(void)
{
	char path[64];
	int fd;

	begin("named");
	build("p", "none");
	CHECK(open_named(NULL, at("p")) == 0);
	CHECK(open_named(NULL, "p") == -ENOENT);
	CHECK(open_named(NULL, "") == -ENOENT);
	CHECK(open_named(NULL, at("nothing")) == -ENOENT);
	RUN("head -c 64 p > small && head -c 63 p > smaller && mkfifo fifo && ln -s p link");
	CHECK(open_named(NULL, at("small")) == 0);
	CHECK(open_named(NULL, at("smaller")) == -ENOEXEC);
	CHECK(open_named(NULL, at("fifo")) == -ENOEXEC);
	CHECK(open_named(NULL, at("link")) == 0);
	CHECK(open_named(NULL, home) == -ENOEXEC);
	CHECK(open_named(NULL, "/dev/zero") == -ENOEXEC);
	CHECK(open_named(NULL, "/proc/self/maps") == -ENOEXEC);
	if (access("/sys/kernel/notes", F_OK) == 0)
		CHECK(open_named(NULL, "/sys/kernel/notes") == -ENOEXEC);
	/* Not through /proc, not even to a good file. */
	fd = open(at("p"), O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(open_named(NULL, path) == -ELOOP);
	close(fd);
}

/* As after chroot(): absolute paths and links are below it, and places are told from it. */
static void test_below_root(void)
{
	struct image_roots *roots = image_roots_new();
	const struct image_root *root;
	uint64_t size;
	char *path;
	int fd;

	begin("below");
	build("p", "none");
	RUN("mkdir -p root/bin root2 && cp p root/bin/p && cp p root2/q");
	RUN("ln -s /bin/p root/link && ln -s '%s' root/out && ln -s ../p root/up", at("p"));
	root = root_at(roots, at("root"));
	CHECK(root && root_at(roots, at("root")) == root);
	CHECK(open_named(root, at("p")) == -ENOENT);
	CHECK(open_named(root, "/out") == -ENOENT);
	CHECK(open_named(root, "/up") == -ENOENT);
	CHECK(open_named(root, "/../root2/q") == -ENOENT);
	CHECK(image_open_named(root, "/link", &fd, &size) == 0);
	path = image_real_path(root, fd);
	CHECK_STRING(path, "/bin/p");
	free(path);
	path = image_real_path(NULL, fd);
	CHECK_STRING(path, at("root/bin/p"));
	free(path);
	close(fd);
	/* A directory whose name only begins like it. */
	CHECK(image_open_named(NULL, at("root2/q"), &fd, &size) == 0);
	path = image_real_path(root, fd);
	CHECK_STRING(path, at("root2/q"));
	free(path);
	close(fd);
	image_roots_free(&roots);
	CHECK(!roots);
	image_roots_free(&roots);
}

static void test_many_roots(void)
{
	struct image_roots *roots = image_roots_new();
	const struct image_root *last = NULL;
	size_t before = open_descriptors(), used;

	begin("many");
	build("p", "none");
	CHECK(!root_at(roots, "/") && !image_roots_get(roots, -1));
	CHECK(open_descriptors() == before);
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		CHECK(mkdir(at(name), 0755) == 0);
		CHECK(root_at(roots, at(name)) != last);
		last = root_at(roots, at(name));
		CHECK(last && root_at(roots, at(name)) == last);
	}
	used = open_descriptors() - before;
	CHECK(used > 100 && used < 300);
	/* What is there is not had; and not taken from our root instead. */
	RUN("cp p 299/p && cp p 0/p");
	CHECK(open_named(last, "/p") == -ENOENT);
	CHECK(open_named(last, at("p")) == -ENOENT);
	CHECK(open_named(root_at(roots, at("0")), "/p") == 0);
	image_roots_free(&roots);
	CHECK(open_descriptors() == before);
}

/* The same directory with other things mounted below it is another root. */
static void test_mount_namespace(void)
{
	struct image_roots *roots = image_roots_new();
	int ready[2], hold[2];
	char path[64], c;
	struct statx st;
	bool differs;
	pid_t pid;

	if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &st) || !(st.stx_mask & STATX_MNT_ID))
		case_skip("this kernel does not number mounts");
	CHECK(pipe2(ready, O_CLOEXEC) == 0 && pipe2(hold, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(hold[1]);
		_exit(unshare(CLONE_NEWNS) || write(ready[1], "x", 1) != 1 ||
		      read(hold[0], &c, 1) < 0);
	}
	close(ready[1]);
	close(hold[0]);
	if (read(ready[0], &c, 1) != 1)
		case_skip("needs root for a mount namespace");
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	differs = root_at(roots, path);
	close(hold[1]);
	close(ready[0]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(differs);
	CHECK(!root_at(roots, "/proc/self/root"));
	image_roots_free(&roots);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "image_open: what is opened by name, and what is not", test_named },
		{ "image_open: below another root", test_below_root },
		{ "image_open: more roots than are kept open", test_many_roots },
		{ "image_open: a mount namespace is another root", test_mount_namespace },
	};

	return cases_run(cases, ARRAY_SIZE(cases));
}
