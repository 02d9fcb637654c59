/* SPDX-License-Identifier: MIT */
/*
 * image_jit.h - the files that name code made at run time, for each process: its perf map, which
 * lies in its /tmp as perf-PID.map (PID as the process knows itself), and its jitdump, which it
 * maps. src/image.c owns the one struct image_jits, and opens jitdumps as it opens what is mapped.
 *
 * A process is looked at when it is first seen to have executable memory that no file backs, and
 * again from time to time when it maps more: who it is (its number in its own pid namespace, its
 * users, when it began), where its /tmp is (kept open), and whether the map is there (kept open).
 * At the end it is looked for once more, by name in that /tmp; what stands there then counts, else
 * what was open already. So the map of a process that has ended is found, and one that it took away
 * when it ended, too. Of a process that was never seen alive only our own /tmp is known.
 *
 * Who profiles is root, and /tmp is anybody's: a map is a regular file of one name, is owned by
 * root or by a user that the process runs as, and was written to since the process began. What is
 * refused has `why`. A jitdump need prove nothing: the process itself has it open.
 */
#ifndef IMAGE_JIT_H
#define IMAGE_JIT_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

/* What a perf map has beyond this is not read. */
#define IMAGE_JIT_BYTES_MAX ((uint64_t)256 << 20)
/* Nor are more functions of one process than this. */
#define IMAGE_JIT_CODES_MAX ((size_t)2 << 20)
/* Bytes. Longer names are cut: each is written out as often as it stands in a stack. */
#define IMAGE_JIT_NAME_MAX ((size_t)8192)

struct image_jits;

struct image_jits *image_jits_new(void);
void image_jits_free(struct image_jits **jits); /* takes NULL */

/* Process `pid` has mapped this executable. Looks at it if that is a jitdump, or no file's code. */
void image_jits_see(struct image_jits *jits, uint32_t pid, const struct image *image);
/* Looks for the last time: IMAGE_JIT, see images_jit(). Lives as long as `jits`. */
const struct image *image_jits_get(struct image_jits *jits, uint32_t pid);

/* Is this what a mapped jitdump is called: jit-NUMBER.dump? */
bool image_jit_is_dump(const char *path);
/*
 * Is this memory of the process's own making? Also where the kernel has a name for it, as of a
 * memfd; but not what the kernel itself maps ([vsyscall], [uprobes]): every process has some.
 */
bool image_jit_is_memory(const struct image *image);

#endif
