/* SPDX-License-Identifier: MIT */
/*
 * image_path.h - the image of a file that the user names, as src/image.c has them of files that
 * processes map. It is opened with the user's own rights, and only if it is a regular file.
 */
#ifndef IMAGE_PATH_H
#define IMAGE_PATH_H

#include "err.h"
#include "image.h"

/* 0 and *ret_image, of IMAGE_FILE and with a descriptor; or -errno, and *err says why. */
int image_path_open(const char *path, struct image *ret_image, struct err *err);
void image_path_close(struct image *image); /* takes a zeroed one whose fd is -1 */

#endif
