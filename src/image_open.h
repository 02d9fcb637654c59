/* SPDX-License-Identifier: MIT */
/*
 * image_open.h - how files of a target are opened, and the root directories in which they stand.
 *
 * A path from a target may lead anywhere, and we may be root: whatever it leads to is opened with
 * O_PATH first, which has no effect on devices and fifos, and for reading only when it is known to
 * be a regular file. Errors are -errno.
 */
#ifndef IMAGE_OPEN_H
#define IMAGE_OPEN_H

#include <stdint.h>

#include "image.h"

void image_close_fd(int *fd); /* takes -1; for _cleanup_() */

/* By O_PATH, and RESOLVE_* of openat2(); `flags` are O_* besides. */
int image_open_path(int dir_fd, const char *path, uint64_t resolve, int flags);
/* What such a descriptor stands for, for reading. The caller knows that it is a regular file. */
int image_reopen(int path_fd);

/*
 * Opens a file for which a file of the target has the name. `path` is absolute and seen from `root`
 * (NULL: ours), out of which no link leads. 0: *ret_fd is the caller's. -ENOEXEC: not a regular
 * file, of a kind of which reading may act (/sys), or too small for ELF; -EFBIG: of more than 16
 * GiB.
 */
int image_open_named(const struct image_root *root, const char *path, int *ret_fd,
		     uint64_t *ret_size);
/* Where an open file stands, seen from `root`, without links; free(). NULL: not to be told. */
char *image_real_path(const struct image_root *root, int fd);

/*
 * The roots that were seen, one descriptor each, however many processes have them. They live until
 * image_roots_free().
 */
struct image_roots;

struct image_roots *image_roots_new(void);
void image_roots_free(struct image_roots **roots); /* takes NULL */
/* The root that the descriptor stands for; NULL: ours, or it is -1. Takes the descriptor. */
const struct image_root *image_roots_get(struct image_roots *roots, int fd);

#endif
