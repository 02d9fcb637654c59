/* SPDX-License-Identifier: MIT */
/*
 * tracks.h - the timeline by threads, and the ids that viewers know them by.
 *
 * A viewer knows a track by pid and tid for good. Of one that was used again the later processes
 * and threads have 4194304 (SCOPE_MEMBER_SIZE) added, once for each time before.
 *
 * Ownership: tracks_build() fills, tracks_free() frees (a zeroed struct too). The profile must
 * outlive the tracks.
 */
#ifndef TRACKS_H
#define TRACKS_H

#include "exporter.h"

struct tracks {
	const struct profile *profile;
	uint32_t *nth_pid; /* by process: how often its pid was used before */
	uint32_t *nth_tid; /* by thread */
	uint32_t *first;   /* by thread, and one more: its first interval, or where it would be */
};

int tracks_build(const struct profile *profile, struct tracks *ret_tracks); /* 0 or -ENOMEM */
void tracks_free(struct tracks *tracks);

uint64_t tracks_pid(const struct tracks *tracks, uint32_t process);
uint64_t tracks_tid(const struct tracks *tracks, uint32_t thread);

/*
 * The moment of a slice that is nearest to `at_ns`: within it, so that an arrow there is that
 * slice's. For chrome://tracing a slice's first moment is the last of the one before it, too.
 */
nsec_t tracks_within(const struct profile_interval *interval, nsec_t at_ns);

/*
 * A moment when `thread` ran, within a slice, as near to `at_ns` as the edges of intervals are
 * exact; false: it did not.
 */
bool tracks_ran_near(const struct tracks *tracks, uint32_t thread, nsec_t at_ns, nsec_t *ret_ns);

#endif
