/* SPDX-License-Identifier: MIT */
/*
 * subject.h - a workload under observation, and the facts it tells about itself.
 *
 * A subject's facts file is read anew by each call here; a fact is a line `WORD key=value ...`.
 * Every function fails the case (known_fail) when the workload does not do its part.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "known.h"

struct subject {
	pid_t pid; /* 0 after its end */
	char pid_text[16];
	int control; /* the workload's stdin */
	char facts[PATH_MAX];
};

struct fact {
	char word[16];
	char text[480]; /* the line after the word */
};

struct facts {
	struct fact *rows;
	size_t count;
};

/* Starts workload `name` with the arguments that follow, ended by NULL. */
void subject_start(struct known *k, struct subject *ret_subject, const char *name, ...)
	__attribute__((sentinel));

/* Waits until the facts have `count` lines that begin with `word`. */
void subject_wait(const struct known *k, const struct subject *subject, const char *word,
		  size_t count);

void subject_command(const struct subject *subject, char command);
/* Lets go on who holds until the end of its stdin. */
void subject_release(struct subject *subject);
void subject_kill(struct subject *subject);
/* Waits for its own end; returns the wait status. */
int subject_join(const struct known *k, struct subject *subject);

struct facts facts_load(const char *path);
void facts_free(struct facts *facts);

/* The next fact after `after` (NULL: the first) that begins with `word`, or NULL. */
const struct fact *facts_next(const struct facts *facts, const char *word,
			      const struct fact *after);
/* The first `thread` of this role; fails if there is none. */
const struct fact *facts_role(const struct facts *facts, const char *role);

bool fact_has(const struct fact *fact, const char *key);
int64_t fact_number(const struct fact *fact, const char *key);
bool fact_is(const struct fact *fact, const char *key, const char *value);
/* The value, in a buffer of its own of the caller's. */
void fact_text(const struct fact *fact, const char *key, char *buffer, size_t size);

#endif
