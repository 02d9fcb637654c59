// SPDX-License-Identifier: MIT
/* Whole or not at all, whatever stands in the way. */
#include "outfile.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"
#include "scratch.h"

static bool no_unnamed_files;
static int refused_count;

/* Stands before the C library's: a file system that does not know unnamed files, on demand. */
int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(args, mode_t);
	va_end(args);
	if (no_unnamed_files && (flags & O_TMPFILE) == O_TMPFILE) {
		refused_count++;
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static const char *read_file(const char *name)
{
	static char text[256];
	FILE *file = fopen(scratch_path(name), "r");
	size_t length;

	if (!file)
		return NULL;
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = 0;
	fclose(file);
	return text;
}

static int count_files(void)
{
	DIR *directory = opendir(scratch_directory);
	int count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

/* Opens, writes `text`, and commits as if the writer had returned `written`. */
static int write_file(const char *name, const char *text, int written, struct err *err)
{
	struct outfile *file = NULL;
	FILE *stream;
	int r;

	*err = (struct err){ 0 };
	r = outfile_open(scratch_path(name), &file, err);
	if (r)
		return r;
	r = outfile_stream(file, &stream, err);
	if (!r) {
		fputs(text, stream);
		r = outfile_commit(file, written, err);
	}
	outfile_free(&file);
	return r;
}

static void appears_at_the_commit(void)
{
	struct outfile *file = NULL;
	struct err err = { 0 };
	FILE *stream;
	struct stat status;

	CHECK_INT(outfile_open(scratch_path("new"), &file, &err), 0);
	CHECK_INT(count_files(), 0);
	CHECK_INT(outfile_stream(file, &stream, &err), 0);
	fputs("text", stream);
	fflush(stream);
	CHECK(!read_file("new"));
	CHECK_INT(outfile_commit(file, 0, &err), 0);
	outfile_free(&file);
	CHECK_TEXT(read_file("new"), "text");
	CHECK_INT(count_files(), 1);
	CHECK(!stat(scratch_path("new"), &status) && (status.st_mode & 0777) == 0644);
	unlink(scratch_path("new"));
}

static void replaces_whole(void)
{
	struct err err;

	scratch_write("old", "the old text, which is longer");
	CHECK_INT(write_file("old", "new", 0, &err), 0);
	CHECK_TEXT(read_file("old"), "new");
	CHECK_INT(count_files(), 1);
	unlink(scratch_path("old"));
}

/* Also those that the umask would not give. */
static void keeps_permissions(void)
{
	static const mode_t modes[] = { 0600, 0666, 0640 };
	struct stat status;
	struct err err;

	for (size_t i = 0; i < 3; i++) {
		scratch_write("old", "old");
		CHECK_INT(chmod(scratch_path("old"), modes[i]), 0);
		CHECK_INT(write_file("old", "new", 0, &err), 0);
		CHECK_INT(stat(scratch_path("old"), &status), 0);
		CHECK_INT(status.st_mode & 0777, modes[i]);
		unlink(scratch_path("old"));
	}
}

static void failed_writer_changes_nothing(void)
{
	struct err err;

	scratch_write("old", "old");
	CHECK_INT(write_file("old", "half", -ENOSPC, &err), -ENOSPC);
	CHECK_INT(err.code, EXIT_CODE_FAILURE);
	CHECK_CONTAINS(err.message, "/old: No space left on device");
	CHECK_TEXT(read_file("old"), "old");
	CHECK_INT(count_files(), 1);
	unlink(scratch_path("old"));
}

/* The limit on a file's size stands for a full disk: writing fails in the middle. */
static void full_disk_changes_nothing(void)
{
	struct rlimit before, small;
	static char big[100000];
	struct err err;

	memset(big, 'x', sizeof(big) - 1);
	scratch_write("old", "old");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK(write_file("old", big, 0, &err) < 0);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK_CONTAINS(err.message, "/old: ");
	CHECK_TEXT(read_file("old"), "old");
	CHECK_INT(count_files(), 1);
	unlink(scratch_path("old"));
}

static void follows_links(void)
{
	struct err err;
	struct stat status;

	scratch_write("target", "old");
	CHECK_INT(symlink("target", scratch_path("link")), 0);
	CHECK_INT(write_file("link", "new", 0, &err), 0);
	CHECK(!lstat(scratch_path("link"), &status) && S_ISLNK(status.st_mode));
	CHECK_TEXT(read_file("target"), "new");
	unlink(scratch_path("target"));
	CHECK(write_file("link", "new", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "/link: a symbolic link to nothing");
	CHECK_INT(count_files(), 1);
	unlink(scratch_path("link"));
}

static void devices_are_written_in_place(void)
{
	struct outfile *file = NULL;
	struct err err = { 0 };
	FILE *stream;

	CHECK_INT(outfile_open("/dev/full", &file, &err), 0);
	CHECK_INT(outfile_stream(file, &stream, &err), 0);
	fputs("text", stream);
	CHECK_INT(outfile_commit(file, 0, &err), -ENOSPC);
	CHECK_TEXT(err.message, "cannot write /dev/full: No space left on device");
	outfile_free(&file);
	err = (struct err){ 0 };
	CHECK_INT(outfile_open("/dev/null", &file, &err), 0);
	CHECK_INT(outfile_stream(file, &stream, &err), 0);
	fputs("text", stream);
	CHECK_INT(outfile_commit(file, 0, &err), 0);
	outfile_free(&file);
}

static void pipes_are_written_in_place(void)
{
	char text[16] = "";
	struct stat status;
	struct err err;
	int fd;

	CHECK_INT(mkfifo(scratch_path("pipe"), 0644), 0);
	fd = open(scratch_path("pipe"), O_RDONLY | O_NONBLOCK);
	CHECK_INT(write_file("pipe", "text", 0, &err), 0);
	CHECK_INT(read(fd, text, sizeof(text) - 1), 4);
	CHECK_TEXT(text, "text");
	close(fd);
	CHECK(!stat(scratch_path("pipe"), &status) && S_ISFIFO(status.st_mode));
	unlink(scratch_path("pipe"));
}

static void names_what_is_wrong(void)
{
	struct err err;

	CHECK(write_file("no/such", "", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "/no/such: No such file or directory: make");
	scratch_write("file", "");
	CHECK(write_file("file/below", "", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "/file/below: Not a directory");
	CHECK(write_file(".", "", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "Is a directory");
	CHECK(write_file("missing/", "", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "Is a directory");
	unlink(scratch_path("file"));
}

static void without_unnamed_files(void)
{
	no_unnamed_files = true;
	appears_at_the_commit();
	CHECK_INT(refused_count, 1);
}

static void without_unnamed_files_fails_early(void)
{
	struct err err;

	no_unnamed_files = true;
	failed_writer_changes_nothing();
	full_disk_changes_nothing();
	CHECK(write_file("no/such", "", 0, &err) < 0);
	CHECK_CONTAINS(err.message, "/no/such: No such file or directory: make");
	no_unnamed_files = false;
}

static void belongs_to_the_caller_of_sudo(void)
{
	struct stat status;
	struct err err;

	setenv("SUDO_UID", "12345", 1);
	setenv("SUDO_GID", "54321", 1);
	CHECK_INT(write_file("mine", "", 0, &err), 0);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	CHECK(!stat(scratch_path("mine"), &status));
	CHECK_INT(status.st_uid, 12345);
	CHECK_INT(status.st_gid, 54321);
	unlink(scratch_path("mine"));
}

/* Between open and commit even SIGKILL leaves nothing. */
static void killed_process_leaves_nothing(void)
{
	struct outfile *file = NULL;
	struct err err = { 0 };
	FILE *stream;
	pid_t pid = fork();

	if (!pid) {
		outfile_open(scratch_path("killed"), &file, &err);
		outfile_stream(file, &stream, &err);
		fputs("text", stream);
		fflush(stream);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	CHECK_INT(count_files(), 0);
}

int main(void)
{
	umask(022);
	scratch_make();
	CHECK_CASE(appears_at_the_commit);
	CHECK_CASE(replaces_whole);
	CHECK_CASE(keeps_permissions);
	CHECK_CASE(failed_writer_changes_nothing);
	CHECK_CASE(full_disk_changes_nothing);
	CHECK_CASE(follows_links);
	CHECK_CASE(devices_are_written_in_place);
	CHECK_CASE(pipes_are_written_in_place);
	CHECK_CASE(names_what_is_wrong);
	CHECK_CASE(killed_process_leaves_nothing);
	if (!geteuid())
		CHECK_CASE(belongs_to_the_caller_of_sudo);
	else
		check_skip("belongs_to_the_caller_of_sudo", "needs root to give files away");
	CHECK_CASE(without_unnamed_files);
	CHECK_CASE(without_unnamed_files_fails_early);
	scratch_remove();
	return check_status();
}
