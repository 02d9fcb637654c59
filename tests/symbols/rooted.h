/* SPDX-License-Identifier: MIT */
/* rooted.h - a process that sees its files below another root directory, as in a container. */
#ifndef ROOTED_H
#define ROOTED_H

#include <fcntl.h>
#include <unistd.h>

#include "cases.h"

/* A process in a root directory of its own; *ret_pipe closed lets it end. */
static inline pid_t start_in_root(const char *root, int *ret_pipe)
{
	int ready[2], hold[2];
	pid_t pid;
	char c;

	CHECK(pipe2(ready, O_CLOEXEC) == 0 && pipe2(hold, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(hold[1]);
		if (chroot(root) || chdir("/"))
			_exit(1);
		if (write(ready[1], "x", 1) != 1 || read(hold[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	close(hold[0]);
	if (read(ready[0], &c, 1) != 1)
		case_skip("chroot needs root");
	close(ready[0]);
	*ret_pipe = hold[1];
	return pid;
}

#endif
