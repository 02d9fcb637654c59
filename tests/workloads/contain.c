// SPDX-License-Identifier: MIT
/*
 * contain - runs the program of --program in a container of its own: mount and process numbers of
 * its own, another root, which is in memory and holds nothing but the program, at --as PATH. --dir
 * DIR: where the root is mounted. --work-ms N is handed on. With --hold 1 all this begins when
 * stdin ends.
 *
 * Facts: `ready` at the start, `inside` with pid, as seen from outside; between, what the program
 * says: in its own numbers.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

static void make_directories(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

/* The root is moved over the one that was: pivot_root() is refused where that is an initramfs. */
static void enter_root(const char *dir, const char *program, const char *as)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s%s", dir, as) >= PATH_MAX)
		work_die("--as");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("contain", dir, "tmpfs", 0, "mode=755"))
		work_die(dir);
	make_directories(path);
	work_copy(program, path);
	if (chdir(dir) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		work_die("chroot");
}

/* Its facts go where ours go, by descriptor: there is no such path inside. */
static _Noreturn void run_inside(const char *as)
{
	const char *facts = work_option("facts", NULL), *work_ms = work_option("work-ms", NULL);
	int fd = facts ? open(facts, O_WRONLY | O_APPEND | O_CLOEXEC) : STDOUT_FILENO;

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		work_die("facts");
	enter_root(work_option("dir", ""), work_option("program", ""), as);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(as, as, work_ms ? "--work-ms" : NULL, work_ms, (char *)NULL);
	work_die(as);
}

int main(int argc, char **argv)
{
	pid_t pid;

	work_begin(argc, argv, "program as dir hold work-ms");
	work_fact("ready");
	if (work_number("hold", 0) > 0)
		work_hold();
	if (unshare(CLONE_NEWNS | CLONE_NEWPID))
		work_die("unshare");
	pid = fork();
	if (pid < 0)
		work_die("fork");
	if (!pid)
		run_inside(work_option("as", "/program"));
	work_fact("inside pid=%d", pid);
	waitpid(pid, NULL, 0);
	return 0;
}
