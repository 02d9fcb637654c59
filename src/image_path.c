// SPDX-License-Identifier: MIT
#include "image_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_elf.h"

void image_path_close(struct image *image)
{
	if (image->fd >= 0)
		close(image->fd);
	free((void *)image->path);
	free((void *)image->segments);
	free((void *)image->build_id);
	*image = (struct image){ .fd = -1 };
}

static int cannot_open(const char *path, struct err *err)
{
	int r = -errno;

	return err_set(err, EXIT_CODE_FAILURE, r, "cannot open %s: %s", path, strerror(-r));
}

int image_path_open(const char *path, struct image *ret_image, struct err *err)
{
	/* Nobody waits for the other end of a fifo; a name without links is what lies beside it. */
	struct image image = { .kind = IMAGE_FILE,
			       .path = realpath(path, NULL),
			       .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) };
	struct stat st;
	int r;

	if (image.fd < 0 || !image.path || fstat(image.fd, &st)) {
		r = cannot_open(path, err);
	} else if (!S_ISREG(st.st_mode)) {
		r = err_set(err, EXIT_CODE_FAILURE, -EINVAL, "cannot read %s: %s: give an ELF file",
			    path, S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
	} else {
		image.size = (uint64_t)st.st_size;
		r = image_elf_read(image.fd, image.size, &image);
		if (r)
			err_set(err, EXIT_CODE_FAILURE, r,
				"cannot read %s: not an ELF program, library or debug file", path);
	}
	if (r)
		image_path_close(&image);
	else
		*ret_image = image;
	return r;
}
