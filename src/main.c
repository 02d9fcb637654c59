// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdio.h>

#include "command.h"
#include "mem.h"

/* What a message quotes may hold anything: it stays one line and harmless to a terminal. */
static void print_error(struct err *err)
{
	for (char *c = err->message; *c; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
	fprintf(stderr, "systemscope: %s\n", err->message);
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	int code;

	mem_init();
	code = command_main(argc, argv, &err);
	if (err.code)
		print_error(&err);
	return code;
}
