// SPDX-License-Identifier: MIT
#include "svg_picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "colours.h"
#include "text.h"

enum {
	MARGIN = 10,
	ROW = 18,  /* a frame and the gap above it */
	FOOT = 24, /* the line below the frames */
	STEPS = 10 /* of a colour */
};

#define CHARACTER   7.25 /* width of the font, which is monospaced */
#define LABEL_LEAST 24	 /* pixels */

static const int less_colour[3] = { 120, 172, 232 }, same_colour[3] = { 226, 226, 222 },
		 more_colour[3] = { 226, 106, 40 };

/* A frame that is open while the stacks under it go by. */
struct open {
	uint32_t name; /* UINT32_MAX: the whole */
	uint32_t depth;
	double x;    /* weight to the left of it */
	double self; /* its own, without the frames above it */
	struct flame_times times;
};

struct walk {
	const struct svg_picture *picture;
	struct open *open; /* one more than the deepest stack */
	uint32_t depth;
	uint64_t visited;
	void (*visit)(struct walk *walk, struct open *frame, double weight);
	/* of the visits: */
	struct svg_place *places;
	size_t place_count, place_room;
	FILE *out;
	double drawn;
	bool no_memory;
};

static double weigh(const struct svg_picture *picture, const struct flame_times *times)
{
	double sum = 0;

	for (uint32_t side = 0; side < picture->flame->side_count; side++) {
		uint64_t side_us = 0;

		for (size_t state = 0; state < SCOPE_STATES; state++)
			side_us += times->us[side][state];
		sum += (double)side_us * picture->weight[side];
	}
	return sum;
}

static void add(struct flame_times *to, const struct flame_times *times)
{
	for (size_t side = 0; side < FLAME_SIDES; side++) {
		for (size_t state = 0; state < SCOPE_STATES; state++)
			to->us[side][state] += times->us[side][state];
	}
}

/* --- the walk --------------------------------------------------------------------------------- */

static void close_to(struct walk *w, uint32_t depth)
{
	while (w->depth > depth) {
		struct open *frame = &w->open[w->depth--];

		w->visit(w, frame, weigh(w->picture, &frame->times));
		w->visited++;
		if (frame->depth)
			add(&frame[-1].times, &frame->times);
	}
}

/* Visits every frame once, those above it first. The whole is open[0] and is visited last. */
static int walk(struct walk *w)
{
	struct flame *f = w->picture->flame;
	struct flame_stack stack;
	double x = 0;

	w->open = calloc((size_t)f->max_depth + 1, sizeof(*w->open));
	if (!w->open)
		return -ENOMEM;
	w->open[0].name = UINT32_MAX;
	flame_rewind(f, w->picture->threads);
	while (flame_next(f, &stack)) {
		double weight = weigh(w->picture, &stack.times);

		close_to(w, stack.kept);
		for (uint32_t at = stack.kept; at < stack.depth; at++)
			w->open[++w->depth] = (struct open){
				.name = stack.names[at],
				.depth = at + 1,
				.x = x,
			};
		w->open[w->depth].self += weight;
		add(&w->open[w->depth].times, &stack.times);
		x += weight;
	}
	close_to(w, 0);
	w->visit(w, &w->open[0], weigh(w->picture, &w->open[0].times));
	free(w->open);
	w->open = NULL;
	return w->no_memory ? -ENOMEM : 0;
}

/* --- the plan --------------------------------------------------------------------------------- */

static double pixel(const struct svg_picture *picture)
{
	return picture->total / (SVG_WIDTH - 2 * MARGIN);
}

static void visit_place(struct walk *w, struct open *frame, double weight)
{
	if (weight < pixel(w->picture))
		return;
	if (w->place_count == w->place_room) {
		size_t room = w->place_room ? 2 * w->place_room : 1024;
		struct svg_place *places = reallocarray(w->places, room, sizeof(*places));

		if (!places) {
			w->no_memory = true;
			return;
		}
		w->places = places;
		w->place_room = room;
	}
	w->places[w->place_count++] = (struct svg_place){ weight, frame->depth, w->visited };
}

static int compare_places(const void *a, const void *b)
{
	const struct svg_place *s = a, *t = b;

	if (s->weight < t->weight || s->weight > t->weight)
		return s->weight > t->weight ? -1 : 1;
	if (s->depth != t->depth)
		return s->depth < t->depth ? -1 : 1;
	return (s->visit > t->visit) - (s->visit < t->visit);
}

/* Counts the stacks of either kind of threads, and decides which are shown. */
static void count_stacks(struct svg_picture *picture)
{
	struct flame_times times[2] = { 0 };

	for (enum flame_threads threads = FLAME_ACTIVE; threads <= FLAME_IDLE; threads++) {
		struct flame_stack stack;

		flame_rewind(picture->flame, threads);
		while (flame_next(picture->flame, &stack)) {
			add(&times[threads], &stack.times);
			picture->stack_count[threads]++;
			picture->frame_count += stack.depth;
		}
	}
	picture->threads = picture->stack_count[FLAME_ACTIVE] ? FLAME_ACTIVE : FLAME_IDLE;
	picture->times = times[picture->threads];
	picture->total = weigh(picture, &picture->times);
}

/*
 * The file may be three times as long as the folded one: the more stacks there are, the more frames
 * are drawn.
 */
static size_t frames_drawn(const struct svg_picture *picture)
{
	uint64_t count = 300 + picture->frame_count / 16;

	return count < 2000 ? (size_t)count : 2000;
}

int svg_picture_plan(struct flame *flame, struct svg_picture *ret_picture)
{
	struct svg_picture picture = { .flame = flame, .weight = { 1, 1 } };
	struct walk w = { .picture = &picture, .visit = visit_place };
	int ret;

	if (flame->side_count > 1) {
		for (uint32_t i = 0; i < flame->side_count; i++) {
			nsec_t window_ns = flame->sides[i].lines.profile->window_ns;

			picture.weight[i] = window_ns ? 1e9 / (double)window_ns : 1;
		}
	}
	count_stacks(&picture);
	ret = walk(&w);
	if (!ret && w.place_count) {
		size_t count = frames_drawn(&picture);

		if (count > w.place_count)
			count = w.place_count;
		qsort(w.places, w.place_count, sizeof(*w.places), compare_places);
		picture.last = w.places[count - 1];
		picture.drawn_count = count;
		picture.node_count = w.visited + 1;
		for (size_t i = 0; i < count; i++) {
			if (w.places[i].depth >= picture.rows)
				picture.rows = w.places[i].depth + 1;
		}
	}
	free(w.places);
	if (!ret)
		*ret_picture = picture;
	return ret;
}

uint32_t svg_picture_height(const struct svg_picture *picture)
{
	return SVG_HEAD + picture->rows * ROW + FOOT;
}

/* --- colours ---------------------------------------------------------------------------------- */

static void write_mix(const int *const colours[], const unsigned int parts[], size_t count,
		      FILE *out)
{
	static const char digits[] = "0123456789abcdef";

	putc_unlocked('#', out);
	for (size_t i = 0; i < 3; i++) {
		unsigned int sum = STEPS / 2, value;

		for (size_t j = 0; j < count; j++)
			sum += (unsigned int)colours[j][i] * parts[j];
		value = sum / STEPS;
		putc_unlocked(digits[value >> 4], out);
		putc_unlocked(digits[value & 15], out);
	}
}

/* Of STEPS, rounded. */
static unsigned int steps(double part, double whole)
{
	return whole > 0 ? (unsigned int)(part / whole * STEPS + 0.5) : 0;
}

void svg_picture_write_colour(const struct svg_picture *picture, const struct flame_times *times,
			      FILE *out)
{
	const uint64_t(*us)[SCOPE_STATES] = times->us;

	if (picture->flame->side_count > 1) {
		uint64_t sides[FLAME_SIDES] = { us[0][0] + us[0][1] + us[0][2],
						us[1][0] + us[1][1] + us[1][2] };
		double before = (double)sides[0] * picture->weight[0];
		double after = (double)sides[1] * picture->weight[1];
		bool more = after > before;
		const int *const colours[] = { more ? more_colour : less_colour, same_colour };
		unsigned int parts[2];

		parts[0] = steps(more ? after - before : before - after, after + before);
		parts[1] = STEPS - parts[0];
		write_mix(colours, parts, 2, out);
	} else {
		const int *const colours[] = { state_colours[0], state_colours[1],
					       state_colours[2] };
		double whole = (double)us[0][SCOPE_ON] + (double)us[0][SCOPE_RUNQ] +
			       (double)us[0][SCOPE_OFF];
		unsigned int parts[SCOPE_STATES];

		parts[SCOPE_ON] = steps((double)us[0][SCOPE_ON], whole);
		parts[SCOPE_RUNQ] = steps((double)us[0][SCOPE_RUNQ], whole);
		if (parts[SCOPE_ON] + parts[SCOPE_RUNQ] > STEPS) /* two halves, both rounded up */
			parts[SCOPE_RUNQ] = STEPS - parts[SCOPE_ON];
		parts[SCOPE_OFF] = STEPS - parts[SCOPE_ON] - parts[SCOPE_RUNQ];
		write_mix(colours, parts, SCOPE_STATES, out);
	}
}

/* --- frames ----------------------------------------------------------------------------------- */

static void write_pixels(FILE *out, double value)
{
	uint64_t hundredths = (uint64_t)(value * 100 + 0.5);
	unsigned int rest = (unsigned int)(hundredths % 100);

	text_write_number(out, hundredths / 100);
	if (rest) {
		putc_unlocked('.', out);
		putc_unlocked('0' + (int)(rest / 10), out);
		if (rest % 10)
			putc_unlocked('0' + (int)(rest % 10), out);
	}
}

/* As much of the name as fits: by characters, those of Asian scripts and pictures being two wide.
 */
static void write_label(FILE *out, const char *name, double width)
{
	char label[1024];
	size_t fits = (size_t)((width - 6) / CHARACTER), used = 0, columns = 0, cut = 0;

	while (name[used] && used < sizeof(label) - 8) {
		const unsigned char *s = (const unsigned char *)name + used;
		size_t length = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

		columns += s[0] > 0xe1 ? 2 : 1;
		if (columns > fits)
			break;
		used += length;
		if (columns < fits)
			cut = used; /* there is room for the dots behind it */
	}
	memcpy(label, name, used);
	strcpy(label + (name[used] ? cut : used), name[used] ? "\xe2\x80\xa6" : "");
	text_write_xml(out, label);
}

static void write_us(FILE *out, const struct svg_picture *picture, const struct open *frame)
{
	for (uint32_t side = 0; side < picture->flame->side_count; side++) {
		for (size_t state = 0; state < SCOPE_STATES; state++) {
			if (side + state)
				putc_unlocked(',', out);
			text_write_number(out, frame->times.us[side][state]);
		}
	}
}

static void visit_draw(struct walk *w, struct open *frame, double weight)
{
	const struct svg_picture *picture = w->picture;
	double scale = 1 / pixel(picture), x = MARGIN + frame->x * scale, width = weight * scale;
	uint32_t y = SVG_HEAD + (picture->rows - 1 - frame->depth) * ROW;
	struct svg_place place = { weight, frame->depth, w->visited };

	if (compare_places(&place, &picture->last) > 0)
		return;
	w->drawn += frame->self;
	fputs("<rect x=\"", w->out);
	write_pixels(w->out, x);
	fputs("\" y=\"", w->out);
	text_write_number(w->out, y);
	fputs("\" width=\"", w->out);
	write_pixels(w->out, width > 2 ? width - 0.5 : width);
	fputs("\" height=\"17\" fill=\"", w->out);
	svg_picture_write_colour(picture, &frame->times, w->out);
	if (frame->depth) {
		fputs("\" data-name=\"", w->out);
		text_write_number(w->out, frame->name);
	}
	fputs("\" data-us=\"", w->out);
	write_us(w->out, picture, frame);
	fputs("\"/>\n", w->out);
	if (width < LABEL_LEAST)
		return;
	fputs("<text x=\"", w->out);
	write_pixels(w->out, x + 3);
	fputs("\" y=\"", w->out);
	text_write_number(w->out, y + 12);
	fputs("\">", w->out);
	write_label(w->out, frame->depth ? picture->flame->names[frame->name].text : "all", width);
	fputs("</text>\n", w->out);
}

int svg_picture_write(const struct svg_picture *picture, FILE *out)
{
	struct walk w = { .picture = picture, .visit = visit_draw, .out = out };
	double hidden;
	int ret;

	if (!picture->rows)
		return 0;
	ret = walk(&w);
	if (ret)
		return ret;
	hidden = picture->total - w.drawn;
	fprintf(out, "<text class=\"note\" x=\"%d\" y=\"%u\">", MARGIN,
		svg_picture_height(picture) - 8);
	if (hidden > picture->total * 1e-9) {
		fprintf(out, "These are the %llu widest of %llu frames; ",
			(unsigned long long)picture->drawn_count,
			(unsigned long long)picture->node_count);
		text_write_xml(
			out, text_share((uint64_t)(hidden / picture->total * 1e6), 1000000).bytes);
		fputs(" of the time ends in the others. ", out);
	}
	fputs("To zoom and to search, open this file in a browser.</text>\n", out);
	return 0;
}
