// SPDX-License-Identifier: MIT
/* Mapped files found, pinned, told apart, and hostile ones refused. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mapped.h"
#include "../symbols/cases.c"
#include "../symbols/rooted.h"
#include "image.h"

static struct stat stat_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		case_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	return st;
}

/* As if process `pid` had mapped the file of this identity under this name. */
static const struct image *get(struct images *images, uint32_t pid, const struct stat *st,
			       const char *path)
{
	const struct scope_file file = mapped_file(st);

	return images_get(images, pid, &file, path);
}

static uint32_t self(void)
{
	return (uint32_t)getpid();
}

/* A process that is gone for good: nobody else can have its id while it is not reaped ... */
static uint32_t dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK(pid > 0);
	/* ... and it is reaped here: the id is not given again before the others were. */
	CHECK(waitpid(pid, NULL, 0) == pid);
	return (uint32_t)pid;
}

static void make_elf(const char *path)
{
	char *bytes;
	size_t count;

	bytes = file_read("/proc/self/exe", &count);
	temp_write(path, bytes, count);
	free(bytes);
}

static void test_own_binary(void)
{
	struct images *images = images_new();
	struct stat st = stat_of("/proc/self/exe");
	char path[512] = { 0 };
	const struct image *image;
	uint64_t vaddr;

	CHECK(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	image = get(images, self(), &st, path);
	CHECK(image->kind == IMAGE_FILE && image->fd >= 0 && !image->why);
	CHECK(image->size == (uint64_t)st.st_size);
	CHECK(image->segment_count >= 1);
	CHECK_STRING(image->path, path);
	CHECK(get(images, self(), &st, path) == image);
	CHECK(image_file_off_to_vaddr(image, image->segments[0].file_off, &vaddr));
	CHECK(vaddr == image->segments[0].vaddr);
	CHECK(fcntl(image->fd, F_GETFD) & FD_CLOEXEC);
	if (have_command("readelf")) {
		CHECK(image->build_id);
		CHECK(shell("readelf -n '%s' 2>/dev/null | grep -q 'Build ID: %s$'", path,
			    image->build_id) == 0);
	}
	images_free(&images);
	CHECK(!images);
	images_free(&images);
}

static void test_two_names(void)
{
	const char *one = temp_path("one"), *two = temp_path("two");
	struct images *images = images_new();
	const struct image *image;
	struct stat st;

	make_elf(one);
	CHECK(link(one, two) == 0);
	st = stat_of(one);
	image = get(images, self(), &st, one);
	CHECK(image->fd >= 0);
	CHECK(get(images, dead_pid(), &st, two) == image);
	images_free(&images);
}

static void test_changed(void)
{
	const char *path = temp_path("changed"), *other = temp_path("other");
	struct images *images = images_new();
	const struct image *image;
	struct stat st;

	make_elf(path);
	make_elf(other);
	st = stat_of(path);
	CHECK(rename(other, path) == 0);
	image = get(images, self(), &st, path);
	CHECK(image->fd == -1);
	CHECK_STRING(image->why, "changed");
	images_free(&images);
}

/* Whose number another file has by now: what is there is not what was mapped. */
static void test_inode_used_again(void)
{
	const char *path = temp_path("again");
	struct images *images = images_new();
	const struct image *earlier, *now;
	struct scope_file file;
	struct stat st;
	long version = 0;
	int fd;

	make_elf(path);
	st = stat_of(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	if (ioctl(fd, FS_IOC_GETVERSION, &version) || !(uint32_t)version) {
		close(fd);
		images_free(&images);
		case_skip("the file system tells no generations");
	}
	close(fd);
	file = mapped_file(&st);
	file.generation = (uint32_t)version + 1;
	earlier = images_get(images, self(), &file, path);
	CHECK(earlier->fd == -1);
	CHECK_STRING(earlier->why, "changed");
	file.generation = (uint32_t)version;
	now = images_get(images, self(), &file, path);
	CHECK(now != earlier && now->fd >= 0);
	/* /proc/PID/maps does not tell: it is the one that is there */
	file.generation = 0;
	CHECK(images_get(images, self(), &file, path) == now);
	file.generation = (uint32_t)version + 1;
	CHECK(images_get(images, self(), &file, path) == earlier && earlier->fd == -1);
	images_free(&images);
	images = images_new();
	file.generation = 0;
	now = images_get(images, self(), &file, path);
	file.generation = (uint32_t)version;
	CHECK(images_get(images, self(), &file, path) == now && now->fd >= 0);
	file.generation = (uint32_t)version + 1;
	CHECK(images_get(images, self(), &file, path) != now);
	images_free(&images);
}

static void test_missing(void)
{
	struct images *images = images_new();
	struct stat st = stat_of("/proc/self/exe");
	const struct image *image;

	st.st_ino = 1234567890123;
	image = get(images, self(), &st, "/no/such/file");
	CHECK(image->fd == -1);
	CHECK_STRING(image->why, "not found");
	st.st_ino++;
	image = get(images, dead_pid(), &st, "/no/such/file (deleted)");
	CHECK(image->fd == -1);
	CHECK_STRING(image->why, "deleted");
	st.st_ino++;
	image = get(images, self(), &st, "relative/path");
	CHECK(image->fd == -1);
	images_free(&images);
}

/* Deleted, but still mapped by a living process: the mapping leads to it. */
static void test_deleted(void)
{
	const char *path = temp_path("deleted");
	struct images *images = images_new();
	const struct image *image;
	char name[600];
	struct stat st;
	void *memory;
	int fd;

	make_elf(path);
	st = stat_of(path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	CHECK(memory != MAP_FAILED);
	close(fd);
	CHECK(unlink(path) == 0);
	snprintf(name, sizeof(name), "%s (deleted)", path);
	image = get(images, self(), &st, name);
	munmap(memory, 4096);
	if (image->fd < 0 && geteuid() != 0)
		case_skip("map_files needs root: %s", image->why);
	CHECK(image->fd >= 0 && image->segment_count >= 1);
	images_free(&images);
}

/* Opened while it was there, deleted since: still to be read. */
static void test_pinned(void)
{
	const char *path = temp_path("pinned");
	struct images *images = images_new();
	const struct image *image;
	struct stat st;
	char magic[4];

	make_elf(path);
	st = stat_of(path);
	image = get(images, self(), &st, path);
	CHECK(unlink(path) == 0);
	CHECK(get(images, dead_pid(), &st, path) == image && image->fd >= 0);
	CHECK(pread(image->fd, magic, 4, 0) == 4 && memcmp(magic, "\177ELF", 4) == 0);
	images_free(&images);
}

static void test_other_root(void)
{
	const char *root = temp_path("root"), *inside = temp_path("root/program");
	const char *escape = temp_path("root/escape"), *outside = temp_path("outside");
	struct images *images = images_new();
	const struct image *image;
	struct stat st, outside_st;
	pid_t pid;
	int hold;

	CHECK(mkdir(root, 0755) == 0);
	make_elf(inside);
	st = stat_of(inside);
	make_elf(outside);
	outside_st = stat_of(outside);
	CHECK(symlink(outside, escape) == 0);
	pid = start_in_root(root, &hold);

	/* A process that is gone cannot tell; the one that lives there can. */
	image = get(images, dead_pid(), &st, "/program");
	CHECK(image->fd == -1);
	CHECK(get(images, (uint32_t)pid, &st, "/program") == image);
	CHECK(image->fd >= 0 && !image->why && image->segment_count >= 1);
	/* A link that leads out is resolved inside, and leads nowhere. */
	CHECK(get(images, (uint32_t)pid, &outside_st, "/escape")->fd == -1);
	close(hold);
	CHECK(waitpid(pid, NULL, 0) == pid);
	images_free(&images);
}

static void check_refused(const char *path, const char *why)
{
	struct images *images = images_new();
	struct stat st = stat_of(path);
	const struct image *image = get(images, self(), &st, path);

	CHECK(image->fd == -1 && image->segment_count == 0);
	CHECK_STRING(image->why, why);
	images_free(&images);
}

static void test_not_elf(void)
{
	const char *path = temp_path("text");

	temp_write(path, "#!/bin/sh\n", 10);
	check_refused(path, "not an ELF file");
	temp_write(path, "", 0);
	check_refused(path, "not an ELF file");
	temp_write(path, "\177ELF", 4);
	check_refused(path, "not an ELF file");
	path = temp_path("fifo");
	CHECK(mkfifo(path, 0600) == 0);
	check_refused(path, "not a regular file"); /* and does not wait for a writer */
	check_refused("/dev/null", "not a regular file");
	check_refused("/tmp", "not a regular file");
}

static void test_mutations(void)
{
	const char *path = temp_path("broken");
	size_t bytes, head;
	uint64_t seed = 42;
	char *good = file_read("/proc/self/exe", &bytes), *bad;

	/* Headers and notes lie in front; a short file keeps this quick. */
	head = bytes < 8192 ? bytes : 8192;
	bad = malloc(head);
	CHECK(bad);
	for (int round = 0; round < 2000; round++) {
		struct images *images = images_new();
		struct stat st;
		const struct image *image;
		uint64_t vaddr;

		memcpy(bad, good, head);
		for (uint64_t n = 1 + random_next(&seed) % 6; n; n--)
			bad[random_next(&seed) % (n % 2 ? 1024 : head)] = (char)random_next(&seed);
		temp_write(path, bad, round % 3 ? head : (size_t)(random_next(&seed) % head));
		st = stat_of(path);
		image = get(images, self(), &st, path);
		for (size_t i = 0; i < image->segment_count; i++) {
			CHECK(image->segments[i].file_off <= image->size);
			CHECK(image->segments[i].file_size <=
			      image->size - image->segments[i].file_off);
		}
		image_file_off_to_vaddr(image, random_next(&seed), &vaddr);
		images_free(&images);
	}
	free(good);
	free(bad);
}

static void test_offsets(void)
{
	static const struct image_segment segments[] = { { 0x1000, 0x500, 0x401000 },
							 { 0x2000, 0x10, 0x800000 } };
	struct image image = { .path = "x", .fd = -1, .segments = segments, .segment_count = 2 };
	uint64_t vaddr = 7;

	CHECK(!image_file_off_to_vaddr(&image, 0xfff, &vaddr) && vaddr == 7);
	CHECK(image_file_off_to_vaddr(&image, 0x1000, &vaddr) && vaddr == 0x401000);
	CHECK(image_file_off_to_vaddr(&image, 0x14ff, &vaddr) && vaddr == 0x4014ff);
	CHECK(!image_file_off_to_vaddr(&image, 0x1500, &vaddr));
	CHECK(image_file_off_to_vaddr(&image, 0x200f, &vaddr) && vaddr == 0x80000f);
	CHECK(!image_file_off_to_vaddr(&image, UINT64_MAX, &vaddr));
}

static void test_labels(void)
{
	struct images *images = images_new();
	const struct image *anonymous = images_get(images, 1, &no_file, "");
	const struct image *stack = images_get(images, 1, &no_file, "[stack]");
	const struct image *vdso = images_get(images, 1, &no_file, "[vdso]");

	CHECK(anonymous->kind == IMAGE_ANONYMOUS && anonymous->fd == -1 && anonymous->why);
	CHECK(stack != anonymous && images_get(images, 2, &no_file, "[stack]") == stack);
	CHECK_STRING(stack->path, "[stack]");
	CHECK(vdso->kind == IMAGE_VDSO && images_get(images, 2, &no_file, "[vdso]") == vdso);
	CHECK((vdso->fd >= 0) == !vdso->why);
	if (vdso->fd >= 0)
		CHECK(vdso->segment_count == 1 && vdso->build_id);
	images_free(&images);
}

/* What kallsyms tells a process that may not know: no addresses, and the reason said. */
static void test_kernel(void)
{
	struct images *images = images_new();
	const struct image *kernel = images_kernel(images);
	int status;
	pid_t pid;

	CHECK(images_kernel(images) == kernel && kernel->kind == IMAGE_KERNEL);
	CHECK_STRING(kernel->path, "[kernel]");
	CHECK((kernel->fd >= 0) == !kernel->why);
	images_free(&images);
	if (geteuid() != 0)
		case_skip("needs root to give it up");
	pid = fork();
	if (pid == 0) {
		FILE *file;
		char line[256];
		bool told = false;

		if (setgid(65534) || setuid(65534))
			_exit(9);
		images = images_new();
		kernel = images_kernel(images);
		file = fopen("/proc/kallsyms", "re");
		while (file && fgets(line, sizeof(line), file))
			told |= line[0] != '0';
		if (file)
			fclose(file);
		_exit((kernel->fd >= 0) == told && (told || kernel->why) ? 0 : 1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Those for which there is no descriptor say so; the others are there. */
static void test_descriptor_limit(void)
{
	struct rlimit saved, low;
	struct images *images = images_new();
	size_t opened = 0;
	bool told = false;

	CHECK(getrlimit(RLIMIT_NOFILE, &saved) == 0);
	make_elf(temp_path("many"));
	low = (struct rlimit){ 24, saved.rlim_max };
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	for (int i = 0; i < 60; i++) {
		const char *path;
		const struct image *image;
		char name[32];
		struct stat st;

		snprintf(name, sizeof(name), "copy%d", i);
		path = temp_path(name);
		CHECK(shell("cp '%s' '%s'", temp_path("many"), path) == 0);
		st = stat_of(path);
		image = get(images, self(), &st, path);
		opened += image->fd >= 0;
		told |= image->why && strcmp(image->why, "too many open files") == 0;
	}
	setrlimit(RLIMIT_NOFILE, &saved);
	images_free(&images);
	CHECK(opened > 5 && opened < 24 && told);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "image: our own binary, its segments and build-id", test_own_binary },
		{ "image: one file under two names", test_two_names },
		{ "image: a file replaced since it was mapped", test_changed },
		{ "image: a file whose inode was another's", test_inode_used_again },
		{ "image: no file of that name", test_missing },
		{ "image: deleted but mapped", test_deleted },
		{ "image: deleted after it was opened", test_pinned },
		{ "image: a process with another root", test_other_root },
		{ "image: not ELF, not a file", test_not_elf },
		{ "image: broken and truncated headers", test_mutations },
		{ "image: file offsets to addresses", test_offsets },
		{ "image: mappings without a file, vdso", test_labels },
		{ "image: kernel, and without privilege", test_kernel },
		{ "image: the limit on descriptors", test_descriptor_limit },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
