/* SPDX-License-Identifier: MIT */
/*
 * session.h - the order of a live capture: features, target, load, arm, drain, stop, build.
 */
#ifndef SESSION_H
#define SESSION_H

#include "config.h"
#include "err.h"
#include "profile.h"

struct launch; /* src/launch.h: COMMAND, started but held before its exec; NULL: none */

struct session_progress {
	nsec_t elapsed_ns;
	nsec_t duration_ns; /* 0: open-ended */
	uint64_t stacks;    /* distinct, so far */
	uint64_t losses;    /* so far, all causes but those that are mended */
};

struct session_hooks {
	/* about 4 a second; NULL: nobody looks */
	void (*progress)(void *context, const struct session_progress *progress);
	void *context;
};

/*
 * Runs one capture and seals its profile. Ends at the duration, at a signal that the caller watches
 * (src/signals.h), when all target processes are gone, or when COMMAND ends. If the process ends
 * meanwhile, nothing is left in the kernel: it all hangs on descriptors. *ret_profile belongs to
 * the caller (profile_free).
 */
int session_run(const struct config *config, struct launch *launch,
		const struct session_hooks *hooks, struct profile **ret_profile, struct err *err);

#endif
