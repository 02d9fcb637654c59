/* SPDX-License-Identifier: MIT */
/*
 * debian.h - which package of a Debian has the debug file of another package's file.
 *
 * Reads dpkg's lists of files and, where they are there and not compressed, apt's lists of
 * packages, which tell build-ids. Runs no program. Takes no longer than a fifth of a second: what
 * is not found by then is not found.
 */
#ifndef DEBIAN_H
#define DEBIAN_H

#include <stdbool.h>
#include <stddef.h>

struct debian_wanted {
	const char *path; /* of the file, without links */
	const char *build_id;
	/*
	 * NULL before; then a name, free(): of the package that has this build-id; where apt's
	 * lists tell none, that of the package which the file belongs to, with -dbgsym behind it.
	 * NULL: it belongs to none.
	 */
	char *package;
	bool by_build_id;
};

/* `root` is "", or where a test has its /var/lib. */
void debian_find_packages(const char *root, struct debian_wanted *wanted, size_t count);

#endif
