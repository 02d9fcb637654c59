/* SPDX-License-Identifier: MIT */
/*
 * mem.h - memory that is there or the program ends.
 *
 * Out of memory ends the process with a message. Sizes that come from a file, a map or /proc are
 * checked against a limit by the caller before they get here. mem_* never returns NULL, except for
 * a size of 0 where noted.
 */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Before all else. Large blocks grow without being copied, and are the system's again when they are freed;
 * glibc by itself keeps what is freed once there was a large one, and puts the next ones there.
 */
void mem_init(void);

void *mem_alloc(size_t bytes);			  /* zeroed */
void *mem_alloc_array(size_t count, size_t size); /* zeroed; overflow ends the process */
void *mem_resize_array(void *old, size_t count, size_t size); /* new part not zeroed */
char *mem_copy_string(const char *string);
char *mem_copy_bytes(const void *bytes, size_t count); /* with a NUL behind them */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void mem_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

/* Frees a local when it goes out of scope: _cleanup_(mem_free_pointer) char *line = NULL; */
#define _cleanup_(function) __attribute__((cleanup(function)))
#define _cleanup_free_	    _cleanup_(mem_free_pointer)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A growable array of any type: struct { T *items; size_t count, room; }. Zero is empty.
 * array_push() returns a pointer to a new zeroed element, valid until the next push. Memory of
 * elements to come is not touched: half of a large array is never used.
 */
#define ARRAY(type)                                                                                \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count;                                                                      \
		size_t room;                                                                       \
	}

/* Room for `need` or more, not zeroed. */
void *array_grow(void *items, size_t *room, size_t need, size_t size);

#define array_push(a)                                                                              \
	((a)->items = (a)->count < (a)->room ? (a)->items                                          \
					     : array_grow((a)->items, &(a)->room, (a)->count + 1,  \
							  sizeof(*(a)->items)),                    \
	 memset(&(a)->items[(a)->count], 0, sizeof(*(a)->items)),                                  \
	 &(a)->items[(a)->count++])
/* Of items whose `member` ascends: how many have one of at most `value`. The next is the first
 * above. */
#define array_up_to(items_, count_, member, value)                                                 \
	({                                                                                         \
		size_t up_to_low = 0, up_to_high = (count_);                                       \
                                                                                                   \
		while (up_to_low < up_to_high) {                                                   \
			size_t up_to_middle = up_to_low + (up_to_high - up_to_low) / 2;            \
                                                                                                   \
			if ((items_)[up_to_middle].member <= (value))                              \
				up_to_low = up_to_middle + 1;                                      \
			else                                                                       \
				up_to_high = up_to_middle;                                         \
		}                                                                                  \
		up_to_low;                                                                         \
	})
#define array_free(a)                                                                              \
	do {                                                                                       \
		free((a)->items);                                                                  \
		(a)->items = NULL;                                                                 \
		(a)->count = (a)->room = 0;                                                        \
	} while (0)

#endif
