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

/* How user space has it: what a timeline expects is the same. */
enum timeline_mode {
	TIMELINE_WAKEUPS, /* each wake-up is traced */
	TIMELINE_TURNS,	  /* --timeline: they are, and what each thread did is told one by one */
	TIMELINE_COUNTS,  /* none is: the scheduler's counts say how long threads waited */
	TIMELINE_MODES,
};

void timeline_run(const char *path, enum timeline_mode mode);

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
/* edges.c: that the window's edges lie ahead of who hears of them. */
void edges_run(void);

#endif
