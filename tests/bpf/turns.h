/* SPDX-License-Identifier: MIT */
/*
 * turns.h - the records of the timeline, one by one. The intervals that user space makes of them
 * are the oracle's.
 */
#ifndef TEST_TURNS_H
#define TEST_TURNS_H

#include "kernel.h"
#include "words.h"

/* expect-turn 101 T+100us [off 3us] [runq 2us] [on 1us] [taken 1us] [waker 102] [first] [short]
 * [other-on] [other-runq] [other-off]: what is not named is not there */
void turns_expect(struct words *w);
/* expect-hits 101 2: ticks that were told of one by one */
void turns_expect_hits(struct words *w);

/* Each turn of this thread waited under the stacks with which the thread left its CPU before. */
void turns_check_places(const struct truth *truth);

#endif
