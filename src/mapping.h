/* SPDX-License-Identifier: MIT */
/*
 * mapping.h - one mapping of a process, from whoever tells of it: the text of /proc/PID/maps or a
 * perf record. The bytes come from the target (paths) and are not trusted.
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest.h"
#include "scope_event.h"
#include "scope_time.h"

#define MAPPING_PATH_MAX 4095 /* longer paths are cut: PATH_MAX without the NUL */

struct mapping {
	uint64_t start, end;
	uint64_t file_off; /* bytes */
	struct scope_file file;
	bool executable;
	const char *path; /* never NULL, not terminated; "" when anonymous */
	size_t path_len;
};

/* A whole file of /proc, read into memory that is used again for the next one. Zero is empty. */
struct proc_text {
	char *data; /* NUL-terminated after a successful proc_text_read() */
	size_t bytes;
	size_t room;
};

/* Reads `path` (relative to dir_fd, or AT_FDCWD). -EFBIG beyond 256 MiB. */
int proc_text_read(struct proc_text *text, int dir_fd, const char *path);
void proc_text_free(struct proc_text *text);

/*
 * The same for the text of a process's mappings. A leader that has left by pthread_exit() has none,
 * though its process lives on: then a thread that has is asked. *ret_tid: who answered; for its
 * files, look at /proc/TID. -ESRCH: nobody has memory (a zombie, a kernel thread).
 */
int proc_text_read_maps(struct proc_text *text, uint32_t pid, uint32_t *ret_tid);

/* The number that is the whole of `name`, an entry of /proc or a task directory; 0: it is none. */
uint32_t proc_parse_id(const char *name);

/*
 * The next line of a maps text that can be read; malformed lines are passed over. *cursor starts at
 * the text and moves on. False at the end. ret_mapping->path points into the text.
 */
bool mapping_next(const char **cursor, struct mapping *ret_mapping);

/* Hands the mapping to the sink as a struct scope_map. */
int mapping_send(const struct mapping *mapping, uint32_t pid, nsec_t time_ns,
		 struct ingest *ingest);

#endif
