/* SPDX-License-Identifier: MIT */
/*
 * profile_build.h - from the records to the sealed profile (include/profile.h).
 *
 * Completes each thread's account to the window's end, spreads exact on-CPU time over ticks
 * (largest remainder), reconciles sums with totals (the difference goes to a label), turns
 * addresses into images and names, names the reasons, and sorts.
 */
#ifndef PROFILE_BUILD_H
#define PROFILE_BUILD_H

#include "image.h"
#include "ingest.h"
#include "profile.h"
#include "symbolize.h"
#include "symsource.h"

struct profile_config {
	bool states[SCOPE_STATES]; /* samples of other states are left out; the ledger is whole */
	bool system_wide;
	bool user_stacks, kernel_stacks; /* false: not asked for; their absence is no loss */
	bool timeline;			 /* intervals were asked for */
	const char *target;		 /* copied */
	struct images *images; /* where mapped files are opened; NULL in tests: no files */
	struct namer *namer;   /* has names already, with these options; NULL: none has */
	struct symbolize_options symbols;
};

/*
 * Never fails: whatever could not be known has a label. Takes the stacks, sums and ticks out of the ingest: no
 * record may be added afterwards and no second profile built. Its lives, threads and processes stay.
 */
struct profile *profile_build(struct ingest *ingest, const struct profile_config *config);
void profile_free(struct profile **profile); /* takes NULL */

#endif
