/* SPDX-License-Identifier: MIT */
/*
 * timeline.h - runs one timeline. The language is described in tests/bpf/README.md.
 *
 * One timeline a process: the programs' variables, the maps and the fake kernel are as they were
 * when the process began.
 */
#ifndef TEST_TIMELINE_H
#define TEST_TIMELINE_H

#include "words.h"

/* `with_turns`: as with --timeline; whatever else it expects is the same. */
void timeline_run(const char *path, bool with_turns);

/* settings.c */
void settings_take(struct words *w);

/* events.c */
void events_take(struct words *w);

/* expect.c: keeps a line that begins with expect; checks all of them when the records are in. */
void expect_add(struct words *w, int line);
void expect_check(void);

/* fuzz.c: a random but legal life of some threads, from the arming to the stop. */
void fuzz_run(struct words *w);

/* walks.c: random stacks of random code, sound and broken. */
void walks_run(struct words *w);

/* weights.c: the factors of the sums by which stacks are known again. */
void weights_run(void);

#endif
