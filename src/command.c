// SPDX-License-Identifier: MIT
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "mem.h"
#include "opts.h"

const struct command *const command_table[] = {
	&command_profile, &command_oncpu,     &command_offcpu, &command_export, &command_report,
	&command_diff,    &command_symbolize, &command_doctor, &command_help,   NULL,
};

const struct command *command_by_name(const char *name)
{
	for (size_t i = 0; command_table[i]; i++) {
		if (!strcmp(command_table[i]->name, name))
			return command_table[i];
	}
	return NULL;
}

/*
 * Closed standard descriptors would be taken by the first files opened, and messages meant for
 * stderr end in them. Opened for reading, so that writing still fails.
 */
static void keep_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void check_stdout(struct err *err)
{
	errno = 0;
	if (fflush(stdout) == EOF || ferror(stdout))
		err_set(err, EXIT_CODE_FAILURE, -EIO, "cannot write stdout: %s",
			errno ? strerror(errno) : "not all of it was taken");
}

int command_main(int argc, char *const *argv, struct err *err)
{
	const struct opts_world world = {
		.proc = "/proc",
		.sys = "/sys",
		.stdout_is_terminal = isatty(STDOUT_FILENO),
	};
	_cleanup_(opts_free) struct opts opts = { 0 };
	int code = EXIT_CODE_OK;

	keep_standard_fds();
	if (opts_parse(argc, argv, &world, &opts, err))
		return err->code;
	if (opts.version)
		printf("systemscope %s\n", SYSTEMSCOPE_VERSION);
	else if (opts.help)
		help_print(argc > 1 && command_by_name(argv[1]) ? opts.command : NULL, stdout);
	else
		code = opts.command->run(&opts, err);
	if (!err->code)
		check_stdout(err);
	return err->code ? err->code : code;
}
