/* SPDX-License-Identifier: MIT */
/*
 * frames.h - from the addresses of stacks to named frames.
 *
 * In two steps, so that each image is asked for names once: frames_want() marks the stacks that the
 * profile will show, frames_resolve() places and names their addresses. From then on
 * frames_of_stack() gives a stack's frames.
 *
 * A user address is looked up in the mappings of its process at the time the stack was taken. All
 * but the leaf are return addresses: one less is inside the call. An image's offset is its ELF
 * vaddr, or the file offset where no file could be read.
 *
 * An address in memory of no file means something only within its process, and has a name if the
 * process wrote one down (src/image_jit.h). In the profile all of these are in the image [jit], by
 * address; those without a name are one frame, of no image.
 *
 * Owns nothing of the ingest, images or strings, which must outlive it; stacks and addresses of the
 * ingest need not outlive frames_seal(). Frame ids are those of the profile; element 0 of images and
 * frames is a placeholder.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "ingest_data.h"
#include "profile.h"
#include "profile_build.h"

struct frame_site; /* src/frames.c */

/* What names sites: an image, or what a process wrote of the code that it made. */
struct frame_source {
	const struct image *image;
	uint32_t shown; /* the profile's image; 0: that of all JIT code, if it is shown at all */
};

/* What names the code that a process made at run time. */
struct frame_jit {
	const struct image *image; /* IMAGE_JIT; NULL: another process has its number by now */
	uint32_t source;	   /* 0: there are no names in it */
};

struct frame_ids {
	uint32_t *items;
	size_t count, room;
};

struct frames {
	const struct ingest *ingest;
	const struct profile_config *config;
	struct strings *strings;

	struct table table; /* struct profile_frame without padding: src/frames.c */
	ARRAY(struct profile_frame) frames;
	ARRAY(struct profile_image) images;

	/* by stack of the ingest */
	struct frame_stack {
		uint32_t wanted : 1;
		uint32_t by_address : 1; /* its sites are those of its addresses, but for the leaf's */
		uint32_t site : 30;	 /* the leaf's; else the first in site_refs, of as many as
					  * addresses */
	} * stacks;
	ARRAY(uint32_t) site_refs;
	struct frame_address {
		uint32_t site; /* + 1; 0: not known */
		uint32_t instance;
	} * addresses; /* by address of the ingest, of those that are no leaf */
	nsec_t *settled_ns; /* by instance of procs: from when on its mappings stay; 0: not looked up */
	struct table site_table;
	ARRAY(struct frame_site) sites;
	ARRAY(uint32_t) site_frames; /* each site's, innermost first */

	ARRAY(struct frame_source) sources;
	const struct image *kernel;
	struct table source_table;   /* images by pointer; ids are one less than a source's */
	struct table jit_table;	     /* instances that have stacks in memory of no file */
	ARRAY(struct frame_jit) jits;
	uint32_t jit_image; /* of the profile; 0: nothing in it has a name yet */
	uint32_t anonymous; /* the frame [anonymous]; 0: there is none */
	struct frame_file {
		const struct image *image;
		uint32_t pid; /* that it was last asked for */
		uint32_t tries;
	} * files;		   /* by file of procs */
	ARRAY(struct image *) own; /* made here where the config has no images */
};

void frames_init(struct frames *f, const struct ingest *ingest, const struct profile_config *config,
		 struct strings *strings);
void frames_free(struct frames *f);
/* From now on only the tables of frames and images are asked for: no pair, and not what a stack's frames are. */
void frames_seal(struct frames *f);

/* Both stacks of an interval or tick, each an index into the ingest's, or one of these. */
#define STACK_NONE UINT32_MAX	    /* there was none */
#define STACK_LOST (UINT32_MAX - 1) /* there was one; its record never came */

struct stack_pair {
	uint32_t user, kernel;
};

struct stack_pair frames_find_pair(const struct frames *f, uint64_t ustack, uint64_t kstack);

void frames_want(struct frames *f, struct stack_pair pair);
void frames_resolve(struct frames *f);

/* Sets *ids to the frames of a wanted stack (a record that came), leaf first, inlined calls too. */
void frames_of_stack(const struct frames *f, uint32_t stack, struct frame_ids *ids);
/* The frame that a label stands in; `text` is the label's, formatted. */
uint32_t frames_add_label(struct frames *f, const char *text);

#endif
