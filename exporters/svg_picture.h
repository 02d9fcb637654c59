/* SPDX-License-Identifier: MIT */
/*
 * svg_picture.h - the flame graph as it stands in the file, for viewers that run no script: the
 * widest frames, each with its exact microseconds. exporters/assets/svg.js draws over it, and has
 * the same sizes and colours.
 */
#ifndef SVG_PICTURE_H
#define SVG_PICTURE_H

#include "flame.h"

#define SVG_WIDTH 1200
#define SVG_HEAD  58 /* title and legend */

/* A frame's place among those that may be drawn: the wider come first, then those nearer to the
 * root. */
struct svg_place {
	double weight;
	uint32_t depth;
	uint64_t visit; /* in the walk */
};

struct svg_picture {
	struct flame *flame;
	double weight[FLAME_SIDES]; /* of a microsecond: profiles of unlike windows compare by rate
				     */
	enum flame_threads threads; /* shown: those that ran, if any did */
	struct flame_times times;   /* of all that is shown */
	double total;		    /* the same, weighted */
	/* of all stacks, idle ones included: */
	uint32_t stack_count[2]; /* by enum flame_threads */
	uint64_t frame_count;	 /* over all stacks */
	/* set by svg_picture_plan(): */
	struct svg_place last;		  /* that is drawn */
	uint64_t drawn_count, node_count; /* of the tree's frames */
	uint32_t rows;
};

/* Counts, and decides what is drawn. 0 or -ENOMEM. */
int svg_picture_plan(struct flame *flame, struct svg_picture *ret_picture);
uint32_t svg_picture_height(const struct svg_picture *picture);
/* The frames; the caller looks for errors of `out`. 0 or -ENOMEM. */
int svg_picture_write(const struct svg_picture *picture, FILE *out);
/* A colour as XML writes it: of the three shares, or of the change from one side to the other. */
void svg_picture_write_colour(const struct svg_picture *picture, const struct flame_times *times,
			      FILE *out);

#endif
