// SPDX-License-Identifier: MIT
#include "debian.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "image_open.h"
#include "mapping.h"
#include "mem.h"

#define PATIENCE_NS	 (200 * NSEC_PER_MSEC)
#define PACKAGE_NAME_MAX 200 /* a longer one is cut */
/* Of apt's lists: the longest lines that matter are the build-ids of a kernel's modules. */
#define CHUNK ((size_t)1 << 20)

/* A line of dpkg's lists that is looked for. */
struct listed {
	const char *path;
	size_t length;
	struct debian_wanted *wanted;
};

struct search {
	struct debian_wanted *wanted;
	size_t count;
	size_t open; /* of them: what the pass has not found yet */
	ARRAY(struct listed) listed;
	nsec_t deadline_ns;
	char package[PACKAGE_NAME_MAX + 1]; /* of apt's list, the one it tells of */
};

static bool is_over(const struct search *search)
{
	return !search->open || clock_now() > search->deadline_ns;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && strcmp(name + length - end_length, end) == 0;
}

/* Calls `look` for the files of a directory whose names end so, until all is found. */
static void for_each_file(struct search *search, const char *root, const char *directory,
			  const char *end, void (*look)(struct search *, int, const char *))
{
	_cleanup_free_ char *path = mem_format("%s%s", root, directory);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && !is_over(search) && (entry = readdir(dir)))
		if (ends_with(entry->d_name, end))
			look(search, dirfd(dir), entry->d_name);
	if (dir)
		closedir(dir);
}

/* --- whose file it is ------------------------------------------------------------------------- */

/* Where /lib is a link to /usr/lib, packages may still list a file below the one or the other. */
static void list_paths(struct search *search)
{
	static const char usr[] = "/usr";

	for (size_t i = 0; i < search->count; i++) {
		struct debian_wanted *wanted = &search->wanted[i];
		size_t length = strlen(wanted->path), skip = sizeof(usr) - 1;

		*array_push(&search->listed) = (struct listed){ wanted->path, length, wanted };
		if (strncmp(wanted->path, usr, skip) == 0)
			*array_push(&search->listed) =
				(struct listed){ wanted->path + skip, length - skip, wanted };
	}
}

static struct debian_wanted *find_listed(const struct search *search, const char *line,
					 size_t length)
{
	for (size_t i = 0; i < search->listed.count; i++) {
		const struct listed *listed = &search->listed.items[i];

		if (listed->length == length && memcmp(listed->path, line, length) == 0)
			return listed->wanted;
	}
	return NULL;
}

static const char list_end[] = ".list";

/* PACKAGE.list, or PACKAGE:ARCHITECTURE.list. */
static void look_in_list(struct search *search, int dir_fd, const char *name)
{
	size_t length = strcspn(name, ":"), bare = strlen(name) - strlen(list_end);
	struct proc_text text = { 0 };
	const char *end;

	if (proc_text_read(&text, dir_fd, name) == 0) {
		for (const char *line = text.data; *line; line = *end ? end + 1 : end) {
			struct debian_wanted *wanted;

			end = strchrnul(line, '\n');
			wanted = find_listed(search, line, (size_t)(end - line));
			if (!wanted || wanted->package)
				continue;
			wanted->package = mem_format("%.*s-dbgsym",
						     (int)(length < bare ? length : bare), name);
			search->open--;
		}
	}
	proc_text_free(&text);
}

/* --- which package has its debug file --------------------------------------------------------- */

/* Words with a blank before each. */
static bool has_word(const char *words, size_t length, const char *word)
{
	size_t word_length = strlen(word);
	const char *at = memmem(words, length, word, word_length);

	return at && at > words && at[-1] == ' ' &&
	       (at + word_length == words + length || at[word_length] == ' ');
}

static void take_line(struct search *search, const char *line, size_t length)
{
	static const char package[] = "Package: ", ids[] = "Build-Ids:";
	const size_t package_length = sizeof(package) - 1, ids_length = sizeof(ids) - 1;

	if (length > package_length && memcmp(line, package, package_length) == 0)
		snprintf(search->package, sizeof(search->package), "%.*s",
			 (int)(length - package_length), line + package_length);
	if (length <= ids_length || memcmp(line, ids, ids_length) != 0)
		return;
	for (size_t i = 0; i < search->count; i++) {
		struct debian_wanted *wanted = &search->wanted[i];

		if (!wanted->package || wanted->by_build_id ||
		    !has_word(line + ids_length, length - ids_length, wanted->build_id))
			continue;
		free(wanted->package);
		wanted->package = mem_copy_string(search->package);
		wanted->by_build_id = true;
		search->open--;
	}
}

static void look_in_packages(struct search *search, int dir_fd, const char *name)
{
	_cleanup_(image_close_fd) int fd =
		openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	_cleanup_free_ char *bytes = mem_alloc(CHUNK);
	size_t used = 0;
	ssize_t got;

	search->package[0] = '\0';
	while (fd >= 0 && !is_over(search) && (got = read(fd, bytes + used, CHUNK - used)) > 0) {
		const char *line = bytes, *end;

		used += (size_t)got;
		while ((end = memchr(line, '\n', used - (size_t)(line - bytes)))) {
			take_line(search, line, (size_t)(end - line));
			line = end + 1;
		}
		used -= (size_t)(line - bytes);
		memmove(bytes, line, used);
		if (used == CHUNK)
			used = 0; /* a line that is none of those that matter */
	}
}

void debian_find_packages(const char *root, struct debian_wanted *wanted, size_t count)
{
	struct search search = {
		.wanted = wanted,
		.count = count,
		.open = count,
		.deadline_ns = clock_now() + PATIENCE_NS,
	};

	list_paths(&search);
	for_each_file(&search, root, "/var/lib/dpkg/info", list_end, look_in_list);
	search.open = count - search.open;
	for_each_file(&search, root, "/var/lib/apt/lists", "_Packages", look_in_packages);
	array_free(&search.listed);
}
