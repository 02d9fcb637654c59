/* SPDX-License-Identifier: MIT */
/*
 * debuginfod.h - debug files from servers, by build-id: debuginfod-find, run as a program, and only
 * where the user asked for it.
 *
 * It runs as the user who called sudo, as COMMAND does, since it keeps what it fetches below that
 * user's HOME. Its answer is a path and no more: whoever opens the file looks whether it is the
 * right one.
 *
 * Each build-id is asked for once. One answer is waited for DEBUGINFOD_EACH_NS, all of them
 * together DEBUGINFOD_ALL_NS. Not to be used by two threads at the same time.
 */
#ifndef DEBUGINFOD_H
#define DEBUGINFOD_H

#include "err.h"
#include "scope_time.h"

#define DEBUGINFOD_EACH_NS (30 * NSEC_PER_SEC)
#define DEBUGINFOD_ALL_NS  (60 * NSEC_PER_SEC)

struct debuginfod;

/* Finds the program, and asks nobody yet. -errno and *err: no servers are named, or no program. */
int debuginfod_open(struct debuginfod **ret_debuginfod, struct err *err);
void debuginfod_free(struct debuginfod **debuginfod); /* takes NULL */

/*
 * An absolute path, or NULL and in *ret_why why there is none, in words (any byte). Both are owned
 * by `debuginfod`. `build_id` is lower-case hexadecimal.
 */
const char *debuginfod_find(struct debuginfod *debuginfod, const char *build_id,
			    const char **ret_why);

/* Other times to wait; for tests. */
void debuginfod_set_patience(struct debuginfod *debuginfod, nsec_t each_ns, nsec_t all_ns);

#endif
