/* SPDX-License-Identifier: MIT */
/*
 * known.h - a known-answer test: start a workload whose answer is known, profile it, compare.
 *
 * Each case runs in a process of its own (known.c), with a directory of its own, and ends by
 * returning (passed), known_fail() or known_skip(). Whatever it started is killed when it ends.
 * To add one: write its function in the case_*.c it belongs to and one line in that file's table.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "checks.h"

#define KNOWN_MS 1000000ll
#define KNOWN_S  1000000000ll

struct known {
	const char *name;
	const char *systemscope; /* absolute path */
	const char *workloads;   /* absolute path of their directory */
	double slow;             /* >= 1: how many times slower than an ordinary machine this is */
	bool emulated;		 /* its processors are programs: slow, and out of step */
	char dir[PATH_MAX];      /* this case's own, empty at the start */
};

enum need {
	NEED_CGROUP2 = 1, /* a cgroup v2 hierarchy in which a directory can be made */
	NEED_DISK = 2,    /* the scratch directory lies on a disk, not in memory */
	NEED_MOUNTS = 4,  /* mounts in a namespace of one's own */
};

struct known_case {
	const char *name;
	void (*run)(struct known *k);
	unsigned int needs;   /* beside root and BPF, which all need */
	unsigned int seconds; /* at most, on an ordinary machine; 0: 60 */
};

/* Each ends with a row without a name. */
extern const struct known_case ledger_cases[], oracle_cases[], stack_cases[], target_cases[],
	error_cases[], load_cases[], unwind_cases[], names_cases[], timeline_cases[];

_Noreturn void known_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void known_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A diagnostic line. */
void known_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails with the check's text if `ok` is false. */
void known_require(bool ok, const struct doc_error *error);

/* A child that the case started on purpose and that may outlive a run of systemscope. */
void known_adopt(pid_t pid);
bool known_adopted(pid_t pid);

int64_t known_now_ns(void);
void known_sleep_ms(const struct known *k, double ms); /* times the machine's slowness */

/* `dir`/`name`, in one of a few static buffers. */
const char *known_path(const struct known *k, const char *name);
/* The path of a workload, in a static buffer. */
const char *known_workload(const struct known *k, const char *name);

#endif
