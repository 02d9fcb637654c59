/* SPDX-License-Identifier: MIT */
/*
 * frame_pointer.h - the user stack of another process's blocked thread, walked along its frame
 * pointers. For threads that blocked before the window, whose registers the task iterator tells.
 * The only such walker in user space: what replaces frame pointers replaces this one function.
 */
#ifndef FRAME_POINTER_H
#define FRAME_POINTER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes up to `max` addresses, leaf (`ip`) first, and returns how many; 0 only if max is 0. The
 * thread must stay blocked meanwhile for the answer to be true; whoever calls checks that
 * afterwards. `tid` is the thread's own: a leader that has left has no memory to be read. The
 * target's memory is hostile: the walk ends at the first frame that is not above the one before.
 */
size_t frame_pointer_walk(uint32_t tid, uint64_t ip, uint64_t sp, uint64_t bp, uint64_t *ret_ips,
			  size_t max);

#endif
