// SPDX-License-Identifier: MIT
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "sudo.h"

#define BUFFER_BYTES (1 << 16)

struct outfile {
	const char *name;
	char *path;	 /* of the regular file, links resolved; NULL: written in place */
	char *directory; /* of `path` */
	char *beside;	 /* the file's name until the commit; NULL: it has none */
	mode_t mode;	 /* of the file that is replaced; 0: there is none */
	FILE *stream;
};

static int fail(const struct outfile *file, int r, struct err *err)
{
	_cleanup_free_ char *directory = NULL;
	const char *why = strerror(-r);

	/* The words of strerror() say little about these. */
	if (r == -EACCES && file->directory) {
		directory = mem_format("Permission denied: no file can be made in %s: choose "
				       "another directory", file->directory);
		why = directory;
	} else if (r == -EBADF) {
		why = "Bad file descriptor: it is closed";
	} else if (r == -EPIPE) {
		why = "Broken pipe: its reader has gone";
	} else if (r == -EISDIR) {
		why = "Is a directory: give a file's name in it";
	} else if (r == -ENOENT) {
		why = "No such file or directory: make the directory first";
	}
	return err_set(err, EXIT_CODE_FAILURE, r, "cannot write %s: %s", file->name, why);
}

/* Until the commit a file is called .systemscope-PID-N: short, whatever the final name is. */
static char *name_beside(const char *directory)
{
	static unsigned int number;

	return mem_format("%s/.systemscope-%d-%u", directory, (int)getpid(), number++);
}

static int create_beside(struct outfile *file)
{
	char *name = name_beside(file->directory);
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0) {
		int r = -errno;

		free(name);
		return r;
	}
	file->beside = name;
	return fd;
}

static void drop_beside(struct outfile *file)
{
	if (file->beside)
		unlink(file->beside);
	free(file->beside);
	file->beside = NULL;
}

static int take_stream(struct outfile *file, int fd)
{
	/* before there is anything in it to be read */
	int r = file->mode && fchmod(fd, file->mode) < 0 ? -errno : 0;

	if (!r) {
		file->stream = fdopen(fd, "w");
		r = file->stream ? 0 : -ENOMEM;
		if (!r)
			setvbuf(file->stream, NULL, _IOFBF, BUFFER_BYTES);
	}
	if (r)
		close(fd);
	return r;
}

/* A file system without unnamed files (NFS, old overlayfs): try the directory with a named one. */
static int try_directory(struct outfile *file)
{
	int fd = create_beside(file);

	if (fd < 0)
		return fd;
	close(fd);
	drop_beside(file);
	return 0;
}

static int open_regular(struct outfile *file, const char *path)
{
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash && !slash[1])
		return -EISDIR;
	file->path = mem_copy_string(path);
	file->directory = !slash	  ? mem_copy_string(".")
			  : slash == path ? mem_copy_string("/")
					  : mem_format("%.*s", (int)(slash - path), path);
	fd = open(file->directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		return take_stream(file, fd);
	/* Kernels and file systems that do not know O_TMPFILE see a directory opened for writing. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return try_directory(file);
	return -errno;
}

/*
 * There is something of that name. Opened for writing first: then the kernel has checked its
 * permissions and its rules about links in shared directories.
 */
static int open_existing(struct outfile *file, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	char link[32], target[PATH_MAX];
	struct stat status;
	ssize_t length;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, EXIT_CODE_FAILURE, -ENOENT,
			       "cannot write %s: a symbolic link to nothing: remove it", path);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return take_stream(file, fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, target, sizeof(target) - 1);
	close(fd);
	if (length < 0)
		return -errno;
	target[length] = 0;
	file->mode = status.st_mode & 0777;
	return open_regular(file, target);
}

/* One that was closed is open for reading only by now (src/command.c). */
static int open_stdout(struct outfile *file)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	file->stream = stdout;
	return 0;
}

int outfile_open(const char *path, struct outfile **ret_file, struct err *err)
{
	struct outfile *file = mem_alloc(sizeof(*file));
	struct stat status;
	int r = 0;

	file->name = path ? path : "stdout";
	if (!path)
		r = open_stdout(file);
	else if (!lstat(path, &status))
		r = open_existing(file, path, err);
	else
		r = open_regular(file, path);
	if (r) {
		r = fail(file, r, err);
		outfile_free(&file);
		return r;
	}
	*ret_file = file;
	return 0;
}

int outfile_stream(struct outfile *file, FILE **ret_stream, struct err *err)
{
	int r = 0;

	if (!file->stream) {
		r = create_beside(file);
		if (r >= 0)
			r = take_stream(file, r);
	}
	if (r)
		return fail(file, r, err);
	*ret_stream = file->stream;
	return 0;
}

static int give_owner(struct outfile *file)
{
	uid_t uid;
	gid_t gid;

	if (!sudo_caller(&uid, &gid))
		return 0;
	return fchown(fileno(file->stream), uid, gid) < 0 ? -errno : 0;
}

/* rename() replaces, linkat() does not: an unnamed file takes a name beside first. */
static int link_beside(struct outfile *file)
{
	char link[32];
	char *name;
	int r;

	if (file->beside)
		return 0;
	name = name_beside(file->directory);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(file->stream));
	if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0) {
		r = -errno;
		free(name);
		return r;
	}
	file->beside = name;
	return 0;
}

static int close_stream(struct outfile *file)
{
	FILE *stream = file->stream;

	file->stream = NULL;
	return stream && stream != stdout && fclose(stream) == EOF ? -errno : 0;
}

int outfile_commit(struct outfile *file, int written, struct err *err)
{
	int r = written;

	errno = 0;
	if (fflush(file->stream) == EOF && errno)
		r = -errno;
	else if (!r && ferror(file->stream))
		r = -EIO;
	if (!r && file->path) {
		r = give_owner(file);
		if (!r)
			r = link_beside(file);
	}
	if (!r)
		r = close_stream(file);
	if (!r && file->path && rename(file->beside, file->path) < 0)
		r = -errno;
	if (r)
		return fail(file, r, err);
	free(file->beside);
	file->beside = NULL;
	return 0;
}

void outfile_free(struct outfile **file)
{
	struct outfile *f = *file;

	if (!f)
		return;
	close_stream(f);
	drop_beside(f);
	free(f->directory);
	free(f->path);
	free(f);
	*file = NULL;
}
