/* SPDX-License-Identifier: MIT */
/* mapped.h - what a mapping's record says of a file. */
#ifndef MAPPED_H
#define MAPPED_H

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "scope_event.h"

static const struct scope_file no_file __attribute__((unused)) = { 0 };

/* Of a mapping in /proc/PID/maps: the inode's generation is not told. */
static inline struct scope_file mapped_file(const struct stat *st)
{
	return (struct scope_file){
		.inode = st->st_ino,
		.dev_major = major(st->st_dev),
		.dev_minor = minor(st->st_dev),
	};
}

#endif
