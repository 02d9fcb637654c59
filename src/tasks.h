/* SPDX-License-Identifier: MIT */
/*
 * tasks.h - all target threads at the window's two edges, by the task iterator (bpf/edges.bpf.c).
 *
 * Before the start: what the kernel side will call the address spaces that are there, for the unwinder.
 * At the start: the stacks of threads that wait already, as SEEN and STACK records. At the stop:
 * every thread's account, as THREAD records.
 */
#ifndef TASKS_H
#define TASKS_H

#include "err.h"
#include "ingest.h"
#include "scope_time.h"

struct bpf_program;
struct tasks;
struct unwinds;

struct tasks *tasks_new(struct ingest *ingest);
void tasks_free(struct tasks **tasks); /* takes NULL */

/* Who walks the user stacks; NULL: they are not asked for. */
void tasks_walk_with(struct tasks *tasks, struct unwinds *unwinds);

/* Each iterator is the one of its edge. */
int tasks_before_start(struct tasks *tasks, struct bpf_program *iterator, struct err *err);
int tasks_at_start(struct tasks *tasks, struct bpf_program *iterator, struct err *err);
/* The window's end has passed. */
int tasks_at_stop(struct tasks *tasks, struct bpf_program *iterator, nsec_t start_ns,
		  nsec_t end_ns, struct err *err);

#endif
