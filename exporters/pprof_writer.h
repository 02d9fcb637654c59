/* SPDX-License-Identifier: MIT */
/*
 * pprof_writer.h - what the two halves of the pprof exporter share: pprof.c writes the run, its
 * samples and strings, pprof_refs.c what samples refer to (locations, functions, mappings).
 *
 * What goes wrong is kept in `error` (-errno).
 */
#ifndef PPROF_WRITER_H
#define PPROF_WRITER_H

#include <pprof.pb-c.h>

#include "gzip.h"
#include "pairs.h"
#include "profile.h"

/* Strings of the format, by number: in the order in which they are first asked for. */
struct pprof_texts {
	FILE *out; /* each with its NUL */
	char *bytes;
	size_t size;
	uint32_t count;
	uint32_t *numbers; /* by the profile's string, and one; 0: not asked for yet */
};

/* Where a stack goes on: the location that its leaf is in, and the stack of what called that. */
struct pprof_place {
	uint32_t location, caller;
};

/* A mapping, and what is known of all locations in it. */
struct pprof_image {
	uint32_t mapping; /* id; 0: no location is in it */
	bool functions, files, lines, inlined;
};

struct pprof_bytes {
	uint8_t *data;
	size_t size, room;
};

/* Labels that many samples have, packed: those of `i` go from ends[i - 1] to ends[i]. */
struct pprof_labels {
	struct pprof_bytes bytes;
	size_t *ends;
};

struct pprof_writer {
	const struct profile *profile;
	struct gzip *gz;
	int error;
	struct pprof_texts texts;
	struct pprof_place *places; /* by stack */
	bool *used;		    /* by location: it is in a sample */
	struct pairs locations;	    /* (frame, location that it is inlined into) */
	struct pairs functions;	    /* (name, file): strings of the profile */
	struct pprof_image *images;
	uint32_t main_image; /* the main program's; 0: no frame is in it */
	uint32_t main_path;  /* string of the profile; 0: there is no program */

	uint32_t *samples;   /* in the order in which they are written */
	struct pairs states; /* (state, reason) */
	struct pprof_labels thread_labels, state_labels; /* by thread; by `states` */

	/* of the sample under way */
	uint64_t *stack; /* locations */
	size_t stack_room;
	struct pprof_bytes locations_of_stack, values;
};

/* Numbers of strings. `id` is the profile's; 0, of one that may be none, is none. */
uint32_t pprof_add_literal(struct pprof_writer *w, const char *text);
uint32_t pprof_add_string(struct pprof_writer *w, uint32_t id);
uint32_t pprof_add_known(struct pprof_writer *w, uint32_t id);

/* Writes a part of the profile: a message is the concatenation of its parts. */
void pprof_put(struct pprof_writer *w, const Pprof__Profile *part);

/* Before the samples: fills `places`, by which they are told, and chooses the main program. */
void pprof_place_stacks(struct pprof_writer *w);

/* After them: what they used. */
void pprof_put_refs(struct pprof_writer *w);

#endif
