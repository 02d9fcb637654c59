/* SPDX-License-Identifier: MIT */
/*
 * progress.h - one live line on stderr, written over four times a second and erased at the end.
 * For one thread.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "session.h"

struct progress {
	FILE *out; /* NULL: silent */
	bool shown;
};

void progress_show(struct progress *progress, const struct session_progress *now);
void progress_erase(struct progress *progress);

#endif
