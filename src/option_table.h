/* SPDX-License-Identifier: MIT */
/*
 * option_table.h - every option, once.
 *
 * The parser (opts.c), --help, the man page and the bash completion iterate option_table. To add an
 * option: an id here, a row in option_table.c, a case in opts_apply.c.
 */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

/* Which commands know an option; a command's own bit is in its struct command. */
#define FOR_PROFILE   (1u << 0)
#define FOR_ONCPU     (1u << 1)
#define FOR_OFFCPU    (1u << 2)
#define FOR_DOCTOR    (1u << 3)
#define FOR_HELP      (1u << 4)
#define FOR_SYMBOLIZE (1u << 5)
#define FOR_EXPORT    (1u << 6)
#define FOR_REPORT    (1u << 7)
#define FOR_DIFF      (1u << 8)
#define FOR_CAPTURE   (FOR_PROFILE | FOR_ONCPU | FOR_OFFCPU)
#define FOR_NAMES     (FOR_CAPTURE | FOR_SYMBOLIZE)
#define FOR_OUTPUT    (FOR_CAPTURE | FOR_EXPORT | FOR_DIFF)
#define FOR_KEPT      (FOR_EXPORT | FOR_REPORT | FOR_DIFF) /* they read capture files */
#define FOR_ANY	      (FOR_NAMES | FOR_KEPT | FOR_DOCTOR | FOR_HELP)

enum option_id {
	OPTION_PID,
	OPTION_TID,
	OPTION_COMM,
	OPTION_CGROUP,
	OPTION_ALL,
	OPTION_CHILDREN,
	OPTION_USER,
	OPTION_DURATION,
	OPTION_FREQUENCY,
	OPTION_MIN_BLOCK,
	OPTION_USER_STACKS,
	OPTION_KERNEL_STACKS,
	OPTION_MAX_STACK,
	OPTION_USER_THREADS,
	OPTION_KERNEL_THREADS,
	OPTION_CPU,
	OPTION_MAX_OVERHEAD,
	OPTION_TIMELINE,
	OPTION_FILE,
	OPTION_OUTPUT,
	OPTION_OUTPUT_DIR,
	OPTION_PER_THREAD,
	OPTION_PER_PROCESS,
	OPTION_ANNOTATE,
	OPTION_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_EXE,
	OPTION_ADDRESSES,
	OPTION_BASENAMES,
	OPTION_INLINE,
	OPTION_NO_INLINE,
	OPTION_LINES,
	OPTION_NO_DEMANGLE,
	OPTION_DEBUGINFOD,
	OPTION_MAN,
	OPTION_BASH_COMPLETION,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT,
};

enum option_group {
	GROUP_TARGET,
	GROUP_CAPTURE,
	GROUP_OUTPUT,
	GROUP_SYMBOLIZE,
	GROUP_NAMES,
	GROUP_OTHER,
	GROUP_COUNT
};

/* What the shell offers as a value. */
enum option_values {
	VALUES_NONE,
	VALUES_FILE,
	VALUES_CGROUP,
	VALUES_FORMAT,
	VALUES_COLOR,
	VALUES_USER,
	VALUES_PID
};

struct option_row {
	char letter, other_letter; /* 0: none; two commands may mean two options by one */
	const char *name;	   /* without the dashes; NULL: only the letter */
	const char *value;	   /* in words, for the help; NULL: takes none */
	enum option_group group;
	enum option_values values;
	unsigned int commands; /* FOR_* */
	const char *text;
};

extern const struct option_row option_table[OPTION_COUNT];
extern const char *const option_group_titles[GROUP_COUNT];

#endif
