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

#endif
