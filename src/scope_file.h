/* SPDX-License-Identifier: MIT */
/*
 * scope_file.h - reads a capture file (-o FILE.scope) back into a profile.
 *
 * The file is anybody's: whatever is in it, all invariants of include/profile.h hold for the
 * profile that comes of it, and no size in it is believed before there are bytes for it. No other
 * file is opened.
 *
 * Of a file that was cut off, or is damaged, all up to that place is read. The time of its threads
 * whose stacks came after it is under [stack lost: file not whole], and counted in
 * losses[SCOPE_LOSS_FILE_CUT] or losses[SCOPE_LOSS_FILE_DAMAGED]; `quality` and what images and
 * processes say of frames without names are those of the whole capture.
 */
#ifndef SCOPE_FILE_H
#define SCOPE_FILE_H

#include <stdio.h>

#include "err.h"
#include "profile.h"

/* `path` "-": stdin. *ret_profile belongs to the caller: profile_free() (src/profile_build.h). */
int scope_file_read(const char *path, struct profile **ret_profile, struct err *err);
/* The same from where `in` stands; `name` is for messages. */
int scope_file_read_stream(FILE *in, const char *name, struct profile **ret_profile,
			   struct err *err);

#endif
