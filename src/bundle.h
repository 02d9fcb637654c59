/* SPDX-License-Identifier: MIT */
/*
 * bundle.h - a directory with a profile in every format, and with a part for each process and each
 * thread (--output-dir).
 *
 *   profile.SUFFIX                    every format of the exporter table
 *   process_PID_NAME.folded .svg      what these processes alone did, and
 *   process_PID_NAME_analysis.txt     the report of that
 *   thread_TID_ROLE.folded .svg       the same of threads; ROLE by include/roles.h, else the name
 *   thread_TID_ROLE_analysis.txt
 *   summary.txt                       the summary, thread by thread; written last
 *
 * The directory is new or empty. bundle_open() finds out before the capture whether it can be had,
 * and makes it; each file in it is whole or not there (src/outfile.h), and without a successful
 * bundle_write() everything that was written is taken away again. Under sudo it belongs to who
 * called it.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

#include <stddef.h>

#include "err.h"
#include "exporter.h"

struct bundle;

int bundle_open(const char *path, struct bundle **ret_bundle, struct err *err);
int bundle_write(struct bundle *bundle, const struct profile *profile,
		 const struct export_opts *opts, struct err *err);
size_t bundle_file_count(const struct bundle *bundle); /* 0 unless written whole; takes NULL */
void bundle_free(struct bundle **bundle);	       /* takes NULL */

#endif
