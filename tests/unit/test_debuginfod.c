// SPDX-License-Identifier: MIT
/* src/debuginfod.c: what a program in the place of debuginfod-find may answer, and how often it is
 * asked. */
#include "debuginfod.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../symbols/cases.c"
#include "../symbols/debugged.h"

#define HEX_ID "1122334455667788"

static struct debuginfod *asked;

/* A program of that name, alone in PATH but for what it needs itself. */
static void put_program(const char *script)
{
	char path[1400];

	CHECK(run_at_home("mkdir -p bin") == 0);
	snprintf(path, sizeof(path), "#!/bin/sh\necho \"$*\" >> %s\n%s\n", at("calls"), script);
	temp_write(at("bin/debuginfod-find"), path, strlen(path));
	CHECK(chmod(at("bin/debuginfod-find"), 0755) == 0);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", at("bin"));
	setenv("PATH", path, 1);
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
}

static void open_program(const char *script)
{
	struct err err = { 0 };

	put_program(script);
	if (debuginfod_open(&asked, &err))
		case_fail(__FILE__, __LINE__, "%s", err.message);
}

/* Asks, and there is no path. */
static void check_why(const char *id, const char *should)
{
	const char *why = NULL;

	CHECK(!debuginfod_find(asked, id, &why));
	CHECK_STRING(why, should);
}

static size_t call_count(void)
{
	size_t bytes, lines = 0;
	char *text = file_read(at("calls"), &bytes);

	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	free(text);
	return lines;
}

static void test_answers(void)
{
	const char *why = "?", *path;
	size_t before;
	char *calls;

	begin("answers");
	open_program("echo /a/path");
	before = open_descriptors();
	path = debuginfod_find(asked, HEX_ID, &why);
	CHECK_STRING(path, "/a/path");
	CHECK(!why);
	/* once */
	CHECK(debuginfod_find(asked, HEX_ID, &why) == path);
	CHECK_STRING(debuginfod_find(asked, "00ff", &why), "/a/path");
	calls = file_read(at("calls"), NULL);
	CHECK_STRING(calls, "debuginfo " HEX_ID "\ndebuginfo 00ff\n");
	free(calls);
	CHECK(open_descriptors() == before);
	debuginfod_free(&asked);
	debuginfod_free(&asked);
}

static void test_failures(void)
{
	static const struct {
		const char *script, *why;
	} rows[] = {
		{ "echo 'Server query failed: No such file' >&2; exit 1",
		  "debuginfod-find: Server query failed: No such file" },
		{ "echo first >&2; echo last >&2; echo >&2; exit 3", "debuginfod-find: last" },
		{ "exit 7", "debuginfod-find: exit code 7" },
		{ "kill -9 $$", "debuginfod-find: killed by signal 9" },
		{ "echo /a/path; exit 1", "debuginfod-find: exit code 1" },
		{ "exit 0", "debuginfod-find: its answer is not a path" },
		{ "echo a/path", "debuginfod-find: its answer is not a path" },
		{ "printf /a/path", "debuginfod-find: its answer is not a path" },
		{ "echo /a/path; echo /b", "debuginfod-find: its answer is not a path" },
		{ "printf '/a\\0/path\\n'", "debuginfod-find: its answer is not a path" },
		{ "head -c 4096 /dev/zero | tr '\\0' /; echo",
		  "debuginfod-find: its answer is not a path" },
		{ "head -c 3000000 /dev/zero | tr '\\0' /; echo",
		  "debuginfod-find: its answer is not a path" },
		{ "head -c 3000000 /dev/zero >&2; exit 2", "debuginfod-find: exit code 2" },
	};
	size_t before;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char id[8];

		snprintf(id, sizeof(id), "fail%zu", i);
		begin(id);
		before = open_descriptors();
		open_program(rows[i].script);
		check_why(HEX_ID, rows[i].why);
		check_why(HEX_ID, rows[i].why);
		CHECK(call_count() == 1);
		debuginfod_free(&asked);
		CHECK(open_descriptors() == before);
	}
}

/* One that has ended may stay as a zombie of init's. */
static bool has_ended(pid_t pid)
{
	char path[64], line[256] = "";
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = fopen(path, "re");
	if (!stat)
		return true;
	if (!fgets(line, sizeof(line), stat))
		line[0] = '\0';
	fclose(stat);
	return !line[0] || strstr(line, ") Z ");
}

/* The process whose number is in a file; a killed one is given its time. */
static bool is_alive(const char *pid_file)
{
	char *text = file_read(at(pid_file), NULL);
	pid_t pid = (pid_t)strtol(text, NULL, 10);

	free(text);
	CHECK(pid > 1);
	for (int tries = 0; tries < 500; tries++) {
		if (has_ended(pid))
			return false;
		usleep(20000);
	}
	return true;
}

/* It and what it started end, however long it took to start. */
static void test_hangs(void)
{
	nsec_t patience_ns = 200 * NSEC_PER_MSEC;
	const char *why;
	char id[8], words[100];

	begin("hangs");
	open_program("sleep 1000 & echo $! > child.new; mv child.new child; wait");
	CHECK(chdir(home) == 0);
	for (int n = 0; access("child", F_OK); n++) {
		CHECK(n < 8);
		patience_ns *= 2;
		debuginfod_set_patience(asked, patience_ns, 1000 * NSEC_PER_SEC);
		snprintf(id, sizeof(id), "%02x", n);
		CHECK(!debuginfod_find(asked, id, &why));
		snprintf(words, sizeof(words), "debuginfod-find: no answer in %d ms",
			 (int)(patience_ns / NSEC_PER_MSEC));
		CHECK_STRING(why, words);
	}
	CHECK(!is_alive("child"));
	debuginfod_free(&asked);
}

/* What one used up the next ones lack. */
static void test_time_for_all(void)
{
	char *calls;

	begin("time");
	open_program("sleep 1000");
	RUN("touch calls");
	debuginfod_set_patience(asked, 1000 * NSEC_PER_SEC, 2 * NSEC_PER_MSEC);
	check_why("00", "debuginfod-find: no answer in 2 ms");
	check_why("01", "debuginfod-find: not asked: the others took too long");
	check_why("00", "debuginfod-find: no answer in 2 ms");
	calls = file_read(at("calls"), NULL);
	CHECK(!strstr(calls, "01"));
	free(calls);
	debuginfod_free(&asked);
}

/* Its answer counts when it has ended, though what it started holds the pipe, and ends with it. */
static void test_leaves_a_child(void)
{
	const char *why;

	begin("child");
	open_program("sleep 1000 & echo $! > child; echo /a/path");
	CHECK(chdir(home) == 0);
	CHECK_STRING(debuginfod_find(asked, HEX_ID, &why), "/a/path");
	CHECK(!is_alive("child"));
	debuginfod_free(&asked);
}

/* Of a list by `ls -l`: is there one that we have, and that was not handed down to us as well? */
static bool has_ours(char *list)
{
	for (char *line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
		char *arrow = strstr(line, " -> ");
		int fd, flags;

		/* `ls` has opened what it lists */
		if (!arrow || strcmp(arrow + strlen(arrow) - 3, "/fd") == 0)
			continue;
		*arrow = '\0';
		fd = (int)strtol(strrchr(line, ' '), NULL, 10);
		flags = fcntl(fd, F_GETFD);
		if (fd > STDERR_FILENO && (flags < 0 || flags & FD_CLOEXEC))
			return true;
	}
	return false;
}

/* Nothing of ours is open in it but the three. */
static void test_starts_clean(void)
{
	const char *why;
	char *text;

	begin("clean");
	open_program("exec ls -l /proc/self/fd > fds");
	CHECK(chdir(home) == 0);
	CHECK(!debuginfod_find(asked, "01", &why));
	text = file_read(at("fds"), NULL);
	CHECK(strstr(text, " 0 -> /dev/null\n") && strstr(text, " 2 -> pipe:"));
	CHECK(!has_ours(text));
	free(text);
	debuginfod_free(&asked);
}

/* Of a thread that blocks all signals, at idle priority, in a program that ignores some. Not by a
 * shell: that gives itself signals anew. */
static void test_of_a_thread(void)
{
	static const char script[] =
		"#!/usr/bin/awk -f\n"
		"BEGIN {\n"
		"	while ((getline line < \"/proc/self/status\") > 0)\n"
		"		if (line ~ /^Sig(Blk|Ign)/) print line > \"signals\"\n"
		"	getline line < \"/proc/self/stat\"\n"
		"	split(line, fields, \" \")\n"
		"	print fields[41] > \"policy\"\n"
		"	print \"/a\"\n"
		"}\n";
	struct sched_param param = { 0 };
	sigset_t all, before;
	const char *why, *path;
	char *text;

	begin("thread");
	if (!have_command("/usr/bin/awk"))
		case_skip("no awk");
	open_program("");
	temp_write(at("bin/debuginfod-find"), script, strlen(script));
	CHECK(chdir(home) == 0);
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	sched_setscheduler(0, SCHED_IDLE, &param);
	path = debuginfod_find(asked, "01", &why);
	sched_setscheduler(0, SCHED_OTHER, &param);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	CHECK_STRING(path, "/a");
	text = file_read(at("signals"), NULL);
	CHECK(strncmp(text, "SigBlk:\t0000000000000000\nSigIgn:\t", 33) == 0);
	CHECK(!(strtoull(text + 33, NULL, 16) >> (SIGPIPE - 1) & 1));
	free(text);
	text = file_read(at("policy"), NULL);
	CHECK_STRING(text, "0\n");
	free(text);
	debuginfod_free(&asked);
}

/* As who called sudo, with that user's HOME. */
static void test_under_sudo(void)
{
	const char *why, *path;
	char *text;

	begin("sudo");
	if (geteuid() != 0)
		case_skip("needs root to become another user");
	CHECK(chmod(home, 0777) == 0 &&
	      run_at_home("chmod 755 .. && touch calls && chmod 666 calls") == 0);
	setenv("SUDO_UID", "1", 1);
	setenv("SUDO_GID", "1", 1);
	setenv("HOME", "/root", 1);
	open_program("echo $(id -u) $(id -g) $(id -G) $HOME >> calls; echo /a");
	CHECK(chdir(home) == 0);
	path = debuginfod_find(asked, HEX_ID, &why);
	unsetenv("SUDO_UID");
	unsetenv("SUDO_GID");
	CHECK_STRING(path, "/a");
	text = file_read(at("calls"), NULL);
	CHECK(strstr(text, "\n1 1 1 /"));
	CHECK(!strstr(text, "/root"));
	free(text);
	debuginfod_free(&asked);
}

static void test_refused(void)
{
	static const char *const no_urls[] = { NULL, "", "  " };
	struct err err;

	begin("refused");
	put_program("echo /a");
	for (size_t i = 0; i < ARRAY_SIZE(no_urls); i++) {
		err = (struct err){ 0 };
		if (no_urls[i])
			setenv("DEBUGINFOD_URLS", no_urls[i], 1);
		else
			unsetenv("DEBUGINFOD_URLS");
		CHECK(debuginfod_open(&asked, &err) == -EINVAL && err.code == EXIT_CODE_USAGE);
		CHECK(strstr(err.message, "DEBUGINFOD_URLS is not set"));
	}
	setenv("DEBUGINFOD_URLS", "http://127.0.0.1:1/", 1);
	RUN("chmod 644 bin/debuginfod-find");
	setenv("PATH", at("bin"), 1);
	err = (struct err){ 0 };
	CHECK(debuginfod_open(&asked, &err) == -ENOENT && err.code == EXIT_CODE_FAILURE);
	CHECK(strstr(err.message, "no debuginfod-find in PATH"));
	CHECK(!asked);
	setenv("PATH", "/usr/bin:/bin", 1);
}

/* --- its files ---------------------------------------------------------------------------------
 */

static void open_asking(const char *name)
{
	open_files(name);
	sym_files_use_debuginfod(files, asked);
}

/* It is the last to be asked, and what it names has to prove itself. */
static void test_files(void)
{
	char script[1000];
	const char *path;

	begin("files");
	build_stripped("p", ID);
	build("q", "0x1122334455667789");
	RUN("objcopy --only-keep-debug q other.debug");
	snprintf(script, sizeof(script), "echo %s", at("fetched"));
	open_program(script);
	/* not where nobody asked for it */
	open_files("p");
	CHECK(!sym_files_debug(files));
	close_files();
	CHECK(access(at("calls"), F_OK) != 0);

	RUN("cp p.debug fetched");
	open_asking("p");
	CHECK(is_file_at(sym_files_debug(files), "fetched"));
	CHECK(!sym_files_why(files));
	close_files();
	CHECK(call_count() == 1);
	/* the same answer, and not the same file */
	RUN("cp --remove-destination other.debug fetched");
	open_asking("p");
	CHECK(!sym_files_debug(files));
	path = strstr(sym_files_why(files), "fetched");
	CHECK_STRING(path, "fetched is of another build)");
	close_files();
	/* its own file is nearer */
	RUN("cp p.debug " BUILD_ID_FILE);
	open_asking("p");
	CHECK(is_file_at(sym_files_debug(files), BUILD_ID_FILE));
	close_files();
	CHECK(call_count() == 1);
	/* what has all, or no build-id, is not asked for */
	RUN("rm " BUILD_ID_FILE);
	open_asking("q");
	CHECK(!sym_files_debug(files));
	close_files();
	build_stripped("q", "none");
	open_asking("q");
	CHECK(!sym_files_debug(files));
	close_files();
	CHECK(call_count() == 1);
	debuginfod_free(&asked);
}

static void test_not_files(void)
{
	static const char *const answers[] = { "/dev/tty",	 "/dev/zero", "/proc/kmsg", "/",
					       "/proc/self/exe", "/nowhere",  "$(pwd)/fifo" };

	begin("not_files");
	build_stripped("p", ID);
	RUN("mkfifo fifo");
	CHECK(chdir(home) == 0);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		char script[100];

		snprintf(script, sizeof(script), "echo %s", answers[i]);
		open_program(script);
		open_asking("p");
		CHECK(!sym_files_debug(files));
		close_files();
		debuginfod_free(&asked);
	}
	CHECK(call_count() == ARRAY_SIZE(answers));
}

static void test_alternate(void)
{
	char script[1000];

	begin("alternate");
	build_stripped("p", ID);
	build("common", ALT_ID);
	set_alternate("p.debug", "/nowhere/common", ALT_RAW, 6);
	RUN("cp p.debug " BUILD_ID_FILE);
	snprintf(script, sizeof(script), "[ $2 = aabbccddeeff ] && echo %s", at("common"));
	open_program(script);
	open_asking("p");
	CHECK(is_file_at(sym_files_alternate(files, sym_files_debug(files)), "common"));
	close_files();
	CHECK(call_count() == 1);
	debuginfod_free(&asked);
}

static void test_why(void)
{
	begin("why");
	build_stripped("p", ID);
	open_program("echo Server query failed: gone >&2; exit 1");
	open_asking("p");
	CHECK_STRING(sym_files_why(files),
		     "stripped; no debug file (debuginfod-find: Server query failed: gone)");
	close_files();
	debuginfod_free(&asked);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "debuginfod: an answer, asked for once", test_answers },
		{ "debuginfod: answers that are none", test_failures },
		{ "debuginfod: a program that hangs", test_hangs },
		{ "debuginfod: the time for all answers", test_time_for_all },
		{ "debuginfod: a program that leaves a child", test_leaves_a_child },
		{ "debuginfod: the program starts clean", test_starts_clean },
		{ "debuginfod: asked by a thread of idle priority", test_of_a_thread },
		{ "debuginfod: under sudo", test_under_sudo },
		{ "debuginfod: no servers, no program", test_refused },
		{ "debuginfod: the last to be asked for a debug file", test_files },
		{ "debuginfod: answers that are no files", test_not_files },
		{ "debuginfod: what dwz moved out", test_alternate },
		{ "debuginfod: its words are told", test_why },
	};

	return cases_run(cases, ARRAY_SIZE(cases));
}
