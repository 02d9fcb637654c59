/* SPDX-License-Identifier: MIT */
/*
 * tears.h - entries of a table that is written without a lock, as a CPU may find them while another is
 * at it: parts of what lies there now, and parts of what was there before, or comes.
 */
#ifndef TEST_TEARS_H
#define TEST_TEARS_H

#include <stddef.h>
#include <linux/types.h>

/*
 * Tears what lies in the table of `count` entries of `bytes` each, all of which begin with a key that
 * stays: each entry gets words of eight bytes of others that were seen before, at random.
 */
void tears_make(void *table, size_t count, size_t bytes, __u64 *random);

#endif
