/* SPDX-License-Identifier: MIT */
/* scope_file_parts.h - private to scope_file*.c: chunks, their rows, and the end of it all. */
#ifndef SCOPE_FILE_PARTS_H
#define SCOPE_FILE_PARTS_H

#include <zlib.h>

#include "capture_file.h"
#include "cursor.h"
#include "mem.h"
#include "scope_file.h"

/* --- scope_file_chunks.c: from the file's bytes to the content of one chunk after the other --- */

enum chunk_state {
	CHUNK_WHOLE,
	CHUNK_CUT,     /* the file ends before the chunk does */
	CHUNK_DAMAGED, /* these bytes are no chunk, or not the one that was written */
	CHUNK_FAILED,  /* the file cannot be read: errno */
};

struct scope_chunks {
	FILE *in;
	z_stream inflate;
	struct scope_room {
		uint8_t *bytes;
		size_t room;
	} packed, content;
};

void scope_chunks_init(struct scope_chunks *chunks, FILE *in);
void scope_chunks_free(struct scope_chunks *chunks);
/* The next one; its content is there until the one after it. */
enum chunk_state scope_chunks_next(struct scope_chunks *chunks, uint32_t *ret_type,
				   struct cursor *ret_content);
/* Whether the file ends here. */
bool scope_chunks_end(struct scope_chunks *chunks);

/* --- scope_file_rows.c: from a chunk's content to checked rows -------------------------------- */

/* What is known of a stack besides its row. */
struct scope_depth {
	uint16_t frames;
	bool kernel; /* one of them, at least */
};

struct scope_rows {
	struct profile *profile;    /* so far; its tables and strings are those below */
	const struct profile *told; /* what the head says; its counts are those of the whole */
	uint32_t version;	    /* of the file's format */
	ARRAY(char *) strings;
	struct {
		void *items;
		size_t room;
	} tables[CAPTURE_TABLES];
	ARRAY(struct scope_depth) depths; /* of the stacks */
};

/* The columns of the head; false: some are not such. */
bool scope_rows_read_head(const struct scope_rows *rows, struct cursor *content,
			  struct profile *ret_head);
/* Takes `string` over. Returns its index. */
uint32_t scope_rows_add_string(struct scope_rows *rows, char *string);
/* Adds a chunk's rows to table `index`; false: none, since one of them breaks a rule. */
bool scope_rows_add(struct scope_rows *rows, size_t index, struct cursor *content);
/* Adds `count` rows, zeroed, and returns them; an earlier pointer to its rows is none any more. */
void *scope_rows_push(struct scope_rows *rows, size_t index, uint32_t count);

/* --- scope_file_end.c: what only the whole can tell ------------------------------------------- */

/*
 * Completes a profile of which no more rows come: the time of its threads that is in no sample goes
 * to a label. False: its samples have more time than its threads.
 */
bool scope_rows_finish(struct scope_rows *rows, nsec_t *ret_lost_ns);

#endif
