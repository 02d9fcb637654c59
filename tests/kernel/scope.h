/* SPDX-License-Identifier: MIT */
/*
 * scope.h - one run of systemscope, its output, and what it must not leave behind.
 *
 * Each run writes DIR/NAME.json and DIR/NAME.folded (scope_profile) or what the arguments say
 * (scope_start); stdout and stderr go to DIR/NAME.out and DIR/NAME.err.
 */
#ifndef SCOPE_H
#define SCOPE_H

#include "known.h"

struct scope {
	pid_t pid;
	int code;                 /* as a shell says it: 128+N for a signal; -1: still runs */
	uint32_t programs_before; /* the highest BPF program id when it was started */
	char json[PATH_MAX], folded[PATH_MAX], out[PATH_MAX], err[PATH_MAX];
};

struct scope_how {
	void (*prepare)(void *arg); /* called in the child just before the exec; may be NULL */
	void *arg;
	int stdout_fd; /* 0: the .out file */
};

/* Starts `systemscope ARGS`, argv-like, ended by NULL. */
void scope_start(struct known *k, struct scope *ret_scope, const struct scope_how *how,
		 const char *const *args);
/* Starts `systemscope profile -o JSON -o FOLDED ARGS...`; arguments end with NULL. */
void scope_profile(struct known *k, struct scope *ret_scope, ...) __attribute__((sentinel));

/* Returns once the run's programs are attached and its window has begun, as far as can be told. */
void scope_wait_armed(const struct known *k, const struct scope *scope);

/* Whether it has ended; scope_wait() is still to be called. */
bool scope_ended(const struct scope *scope);

/* Waits for the end; fails after `seconds` times slowness. Returns the exit code. */
int scope_wait(const struct known *k, struct scope *scope, double seconds);

/*
 * Waits, requires exit code 0, loads both files and requires that they balance (check_ledger,
 * check_folded) and that nothing stays behind. The caller frees the document.
 */
struct doc scope_document(const struct known *k, struct scope *scope, double seconds);
/* The same with another exit code. */
struct doc scope_document_exit(const struct known *k, struct scope *scope, double seconds,
			       int code);

/* Fails if a BPF program that appeared since the start is held by nobody, or if there is a child.
 */
void scope_require_clean(const struct known *k, const struct scope *scope);

/* Fails unless the case's directory holds exactly these names (ended by NULL), leaving out *.err,
 * *.out and *.facts. */
void scope_require_files(const struct known *k, ...) __attribute__((sentinel));

/* The whole of a small text file, at most size - 1 bytes. */
void scope_read_text(const char *path, char *buffer, size_t size);

/* The thread's row; fails if there is none. */
const struct doc_thread *scope_thread(const struct doc *doc, int tid);

#endif
