/* SPDX-License-Identifier: MIT */
/*
 * checks.h - what must hold of a profile. Each returns whether it does, and if not says why in
 * `error`. They look at the file alone and need neither root nor a kernel:
 * tests/kernel/test_checks.c shows that each sees a profile that is wrong.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include "doc.h"

/*
 * The accounts balance: on + runq + off + residual = alive to the nanosecond, |residual| <= 0.1 %
 * of alive, no thread alive longer than the window, and each state's samples add up to that state.
 */
bool check_ledger(const struct doc *doc, struct doc_error *error);

/*
 * The timeline is the ledger, in time: each thread's intervals are in order, within its life and the
 * window, do not overlap and, of each state, sum to its account, to the nanosecond. Nothing is lost.
 */
bool check_timeline(const struct doc *doc, struct doc_error *error);

/* The folded file's sum is the ledger's, rounded once; its states' are too, but for rounding a
 * line. */
bool check_folded(const struct doc *doc, const struct folded *folded, struct doc_error *error);

/* Alive and blocked for 99.9 % of the window, under kernel frames and in `function`. */
bool check_blocked(const struct doc *doc, const struct doc_thread *thread, const char *function,
		   struct doc_error *error);

/* Never blocked, and at least 95 % of its CPU time in `function`. */
bool check_spinner(const struct doc *doc, const struct doc_thread *thread, const char *function,
		   struct doc_error *error);

/* At least 99 % of the thread's time in that state has user frames, and each of them a name. */
bool check_names(const struct doc *doc, const struct doc_thread *thread, enum doc_state state,
		 struct doc_error *error);

/* low <= value <= high */
bool check_between(const char *what, int64_t value, int64_t low, int64_t high,
		   struct doc_error *error);

/* |value - expected| <= 1 % of expected + 2 us a switch; `more_ns` is allowed on top, upwards. */
bool check_close(const char *what, int64_t value, int64_t expected, int64_t switches,
		 int64_t more_ns, struct doc_error *error);

/* `part` of `whole` is `percent` +- `points`. */
bool check_share(const char *what, int64_t part, int64_t whole, double percent, double points,
		 struct doc_error *error);

/* At least 99 % of all time has a stack. */
bool check_stacks(const struct doc *doc, struct doc_error *error);

#endif
