// SPDX-License-Identifier: MIT
#include "option_table.h"

#include <stddef.h>

const char *const option_group_titles[GROUP_COUNT] = {
	[GROUP_TARGET] = "Target",
	[GROUP_CAPTURE] = "Capture",
	[GROUP_OUTPUT] = "Output",
	[GROUP_SYMBOLIZE] = "Symbolize",
	[GROUP_NAMES] = "Names",
	[GROUP_OTHER] = "Other",
};

/* clang-format off */
const struct option_row option_table[OPTION_COUNT] = {
	[OPTION_PID] = { 'p', 0, "pid", "LIST", GROUP_TARGET, VALUES_PID, FOR_CAPTURE,
		"these processes with all their threads, also those born later: 1234 or 12,34" },
	[OPTION_TID] = { 't', 0, "tid", "LIST", GROUP_TARGET, VALUES_NONE, FOR_CAPTURE,
		"these threads only" },
	[OPTION_COMM] = { 0, 0, "comm", "NAME", GROUP_TARGET, VALUES_NONE, FOR_CAPTURE,
		"processes of exactly this name; looked at again at every fork and exec" },
	[OPTION_CGROUP] = { 0, 0, "cgroup", "PATH", GROUP_TARGET, VALUES_CGROUP, FOR_CAPTURE,
		"processes in this cgroup (v2) and below: an absolute path, or relative to the "
		"cgroup v2 mount" },
	[OPTION_ALL] = { 'a', 0, "all", NULL, GROUP_TARGET, VALUES_NONE, FOR_CAPTURE,
		"the whole system (the default without COMMAND); with COMMAND this, or any target "
		"above, is profiled instead of it, for as long as it runs" },
	[OPTION_CHILDREN] = { 0, 0, "children", NULL, GROUP_TARGET, VALUES_NONE, FOR_CAPTURE,
		"with --pid: follow the processes they start (a COMMAND's always are)" },
	[OPTION_USER] = { 0, 0, "user", "NAME", GROUP_TARGET, VALUES_USER, FOR_CAPTURE,
		"run COMMAND as this user (default: who called sudo)" },

	[OPTION_DURATION] = { 'd', 0, "duration", "TIME", GROUP_CAPTURE, VALUES_NONE, FOR_CAPTURE,
		"how long: seconds (30, 0.5) or 500ms, 2m, 1h; 0: until Ctrl-C. Default 30; with "
		"COMMAND until it ends, and if TIME is over first, COMMAND is sent SIGTERM after "
		"the output is written" },
	[OPTION_FREQUENCY] = { 'F', 'f', "frequency", "HZ", GROUP_CAPTURE, VALUES_NONE,
		FOR_PROFILE | FOR_ONCPU,
		"on-CPU stacks a second and CPU (default 49); on-CPU time itself is exact" },
	[OPTION_MIN_BLOCK] = { 'm', 0, "min-block-us", "US", GROUP_CAPTURE, VALUES_NONE,
		FOR_PROFILE | FOR_OFFCPU,
		"keep no stacks of waits shorter than US microseconds; their time goes to "
		"[blocked under N us] (default 0: every wait has its stack)" },
	[OPTION_USER_STACKS] = { 'U', 0, "user-stacks-only", NULL, GROUP_CAPTURE, VALUES_NONE,
		FOR_CAPTURE, "leave out kernel frames; reasons are then told by the system call alone" },
	[OPTION_KERNEL_STACKS] = { 'K', 0, "kernel-stacks-only", NULL, GROUP_CAPTURE, VALUES_NONE,
		FOR_CAPTURE, "leave out user frames" },
	[OPTION_MAX_STACK] = { 0, 0, "max-stack", "N", GROUP_CAPTURE, VALUES_NONE, FOR_CAPTURE,
		"keep the N innermost frames of user stacks (default 256, at most 1024); deeper "
		"ones begin with [truncated]" },
	[OPTION_USER_THREADS] = { 0, 0, "user-threads-only", NULL, GROUP_CAPTURE, VALUES_NONE,
		FOR_CAPTURE, "leave out kernel threads" },
	[OPTION_KERNEL_THREADS] = { 0, 0, "kernel-threads-only", NULL, GROUP_CAPTURE, VALUES_NONE,
		FOR_CAPTURE, "leave out user threads" },
	[OPTION_CPU] = { 'C', 0, "cpu", "LIST", GROUP_CAPTURE, VALUES_NONE, FOR_CAPTURE,
		"stacks from these CPUs only (0-3,7); time on others goes to [other CPUs]" },
	[OPTION_MAX_OVERHEAD] = { 0, 0, "max-overhead", "PCT", GROUP_CAPTURE, VALUES_NONE, FOR_CAPTURE,
		"where tracing costs more than PCT % of the target's CPU time, take the stacks of fewer "
		"waits, by chance: time stays exact, that of the others is shared out (default: the stacks "
		"of all)" },
	[OPTION_TIMELINE] = { 0, 0, "timeline", NULL, GROUP_CAPTURE, VALUES_NONE, FOR_CAPTURE,
		"keep what each thread did when, not just how long; implied by an output that "
		"needs it, as chrome. Of more than half a million switches the newest are kept" },

	[OPTION_FILE] = { 'o', 0, NULL, "[FORMAT:]FILE", GROUP_OUTPUT, VALUES_FILE, FOR_OUTPUT,
		"write FILE; the format from its suffix, or as named. May be repeated; - is "
		"stdout" },
	[OPTION_OUTPUT] = { 0, 0, "output", "FORMAT", GROUP_OUTPUT, VALUES_FORMAT, FOR_OUTPUT,
		"format of stdout, or of a single -o (default: folded, or a summary if stdout is "
		"a terminal)" },
	[OPTION_OUTPUT_DIR] = { 0, 0, "output-dir", "DIR", GROUP_OUTPUT, VALUES_FILE,
		FOR_CAPTURE | FOR_EXPORT,
		"write DIR, new or empty: the profile in every format, and for each process and "
		"thread its stacks and its report" },
	[OPTION_PER_THREAD] = { 0, 0, "per-thread", NULL, GROUP_OUTPUT, VALUES_NONE, FOR_OUTPUT,
		"one root for each thread: comm-PID/TID" },
	[OPTION_PER_PROCESS] = { 0, 0, "per-process", NULL, GROUP_OUTPUT, VALUES_NONE, FOR_OUTPUT,
		"one root for each process: comm-PID" },
	[OPTION_ANNOTATE] = { 0, 0, "annotate", NULL, GROUP_OUTPUT, VALUES_NONE, FOR_OUTPUT,
		"folded: mark frames as FlameGraph does, _[k] kernel, _[i] inlined; on the leaf the "
		"state comes after it: _[k]_[o]" },
	[OPTION_COLOR] = { 0, 0, "color", "WHEN", GROUP_OUTPUT, VALUES_COLOR,
		FOR_CAPTURE | FOR_DOCTOR,
		"auto, always or never (auto: a terminal, no NO_COLOR, TERM not dumb)" },
	[OPTION_QUIET] = { 'q', 0, "quiet", NULL, GROUP_OUTPUT, VALUES_NONE, FOR_CAPTURE,
		"no summary and no progress; errors are still told" },
	[OPTION_VERBOSE] = { 'v', 0, "verbose", NULL, GROUP_OUTPUT, VALUES_NONE, FOR_CAPTURE,
		"a longer summary" },

	[OPTION_EXE] = { 'e', 0, "exe", "FILE", GROUP_SYMBOLIZE, VALUES_FILE, FOR_SYMBOLIZE,
		"the ELF file whose addresses these are: a program, a library, or a debug file" },
	[OPTION_ADDRESSES] = { 'a', 0, "addresses", NULL, GROUP_SYMBOLIZE, VALUES_NONE,
		FOR_SYMBOLIZE, "write each address before its frames" },
	[OPTION_BASENAMES] = { 's', 0, "basenames", NULL, GROUP_SYMBOLIZE, VALUES_NONE,
		FOR_SYMBOLIZE, "write files without their directories" },

	[OPTION_INLINE] = { 'i', 0, "inline", NULL, GROUP_NAMES, VALUES_NONE, FOR_NAMES,
		"calls that the compiler expanded in place are frames of their own (the default)" },
	[OPTION_NO_INLINE] = { 0, 0, "no-inline", NULL, GROUP_NAMES, VALUES_NONE, FOR_NAMES,
		"only the function that they were expanded in, and its line" },
	[OPTION_LINES] = { 0, 0, "lines", NULL, GROUP_NAMES, VALUES_NONE,
		FOR_NAMES | FOR_OUTPUT,
		"folded, svg, html, speedscope, report: frames with the line that ran, or that called: "
		"`name file.c:12`; lines of one function are then told apart (JSON, pprof and symbolize "
		"always tell them)" },
	[OPTION_NO_DEMANGLE] = { 0, 0, "no-demangle", NULL, GROUP_NAMES, VALUES_NONE, FOR_NAMES,
		"names as the linker has them: _ZN5shape4areaEv" },
	[OPTION_DEBUGINFOD] = { 0, 0, "debuginfod", NULL, GROUP_NAMES, VALUES_NONE, FOR_NAMES,
		"fetch debug files that are not here with debuginfod-find, from the servers in "
		"DEBUGINFOD_URLS: up to 30 s for a file, 60 s for all; nothing is fetched unasked" },

	[OPTION_MAN] = { 0, 0, "man", NULL, GROUP_OTHER, VALUES_NONE, FOR_HELP,
		"print the manual page (roff)" },
	[OPTION_BASH_COMPLETION] = { 0, 0, "bash-completion", NULL, GROUP_OTHER, VALUES_NONE,
		FOR_HELP, "print the completion for bash" },
	[OPTION_HELP] = { 'h', 0, "help", NULL, GROUP_OTHER, VALUES_NONE, FOR_ANY,
		"print this help" },
	[OPTION_VERSION] = { 0, 0, "version", NULL, GROUP_OTHER, VALUES_NONE, FOR_ANY,
		"print the version" },
};
/* clang-format on */
