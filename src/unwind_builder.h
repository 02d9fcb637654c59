/* SPDX-License-Identifier: MIT */
/*
 * unwind_builder.h - a thread that builds unwind tables, one after the other.
 *
 * It reads files and writes memory, nothing else: the rules of the maps, which only grow, and what it
 * hands back. Signals are blocked in it.
 */
#ifndef UNWIND_BUILDER_H
#define UNWIND_BUILDER_H

#include <stdbool.h>

#include "image.h"
#include "scope_time.h"
#include "unwind_table.h"

struct unwind_builder;

/* A job's result. `table` is the taker's to free. */
struct unwind_built {
	void *job;
	int error; /* 0 or -errno */
	struct unwind_table table;
	nsec_t build_ns;
};

/* `ret_rules`: SCOPE_UNWIND_RULES, written as rules are found. */
struct unwind_builder *unwind_builder_new(struct scope_unwind_rule *ret_rules);
/* Ends the thread, at the latest when the table under way is done. Takes NULL. */
void unwind_builder_free(struct unwind_builder **builder);

/* `image`, whose descriptor is open, must live as long as the builder. `job` comes back. */
void unwind_builder_add(struct unwind_builder *builder, const struct image *image, void *job);
/* The next table that is ready. False: none; with `wait`, none is on its way either. */
bool unwind_builder_take(struct unwind_builder *builder, bool wait, struct unwind_built *ret_built);
/* Readable after a table has become ready, until unwind_builder_take() says false. */
int unwind_builder_fd(const struct unwind_builder *builder);
/* How many rules are written. */
uint32_t unwind_builder_rules(struct unwind_builder *builder);

#endif
