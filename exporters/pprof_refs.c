// SPDX-License-Identifier: MIT
/*
 * What samples refer to: locations with their lines, functions, mappings.
 *
 * Addresses are those of the file (ELF vaddr), not of a process: then runs and processes merge. A
 * mapping from 0 to the end of all addresses says so: to pprof it is one that needs no relocation.
 *
 * A location is an address, and has a line for each function there: inlined calls, innermost first,
 * and the function that they are in. In the profile these are several frames of a stack; so a
 * location is a frame and, if that is inlined, the location of its parent in the stack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "labels.h"
#include "pprof_writer.h"

#define KERNEL "[kernel.kallsyms]" /* as pprof and perf call it */

/* --- locations and functions ------------------------------------------------------------------ */

/* A parent's index is smaller than its child's: its location is there already. */
static void number_locations(struct pprof_writer *w)
{
	const struct profile *p = w->profile;

	for (uint32_t i = 0; i < p->stack_count; i++) {
		struct pprof_place *place = &w->places[i];
		uint32_t frame = i ? p->stacks[i].frame : 0, parent = i ? p->stacks[i].parent : 0;
		bool inlined = parent && p->frames[frame].inlined;

		place->location =
			pairs_add(&w->locations, frame, inlined ? w->places[parent].location : 0);
		if (!place->location) {
			w->error = -ENOMEM;
			return;
		}
		place->caller = inlined ? w->places[parent].caller : parent;
	}
}

static struct pprof_image *map_image(struct pprof_writer *w, uint32_t index)
{
	struct pprof_image *image = &w->images[index];

	if (!image->mapping) {
		image->mapping = index; /* the order of ids is that of images ... */
		if (w->main_image && index < w->main_image)
			image->mapping++; /* ... but the main one is the first */
		else if (index == w->main_image)
			image->mapping = 1;
		image->functions = image->files = image->lines = true;
	}
	return image;
}

/* The line of a frame; `image` learns what is not known of it. */
static Pprof__Line make_line(struct pprof_writer *w, uint32_t index, struct pprof_image *image)
{
	const struct profile_frame *frame = &w->profile->frames[index];
	Pprof__Line line = PPROF__LINE__INIT;

	line.function_id =
		pairs_add(&w->functions, index ? frame->name : 0, index ? frame->file : 0);
	if (!line.function_id)
		w->error = -ENOMEM;
	if (!index)
		return line;
	line.line = frame->line;
	image->functions &= frame->named;
	image->files &= frame->file != 0;
	image->lines &= frame->line != 0;
	return line;
}

static void put_location(struct pprof_writer *w, uint32_t id, struct pprof_image *unmapped)
{
	const struct pair *pairs = w->locations.items;
	Pprof__Location location = PPROF__LOCATION__INIT, *entry = &location;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	size_t count = 0;
	uint32_t outer = id;
	struct pprof_image *image;
	Pprof__Line *lines, **pointers;

	for (uint32_t at = id; at; at = pairs[at].second) {
		outer = at;
		count++;
	}
	lines = calloc(count, sizeof(*lines));
	pointers = calloc(count, sizeof(*pointers));
	if (!lines || !pointers) {
		w->error = -ENOMEM;
		free(lines);
		free(pointers);
		return;
	}
	location.id = id;
	image = unmapped;
	if (pairs[outer].first) {
		const struct profile_frame *frame = &w->profile->frames[pairs[outer].first];

		if (frame->image)
			image = map_image(w, frame->image);
		location.address = frame->kind == FRAME_LABEL ? 0 : frame->offset;
	}
	location.mapping_id = image->mapping;
	image->inlined |= count > 1;
	location.line = pointers;
	for (uint32_t at = id; at; at = pairs[at].second) {
		lines[location.n_line] = make_line(w, pairs[at].first, image);
		pointers[location.n_line] = &lines[location.n_line];
		location.n_line++;
	}
	part.n_location = 1;
	part.location = &entry;
	pprof_put(w, &part);
	free(lines);
	free(pointers);
}

static void put_locations(struct pprof_writer *w)
{
	struct pprof_image unmapped = { 0 };

	for (uint32_t id = 1; id <= w->locations.count && !w->error; id++) {
		if (w->used[id])
			put_location(w, id, &unmapped);
		if (!w->error)
			w->error = gzip_error(w->gz);
	}
}

static void put_functions(struct pprof_writer *w)
{
	uint32_t no_stack =
		w->functions.count ? pprof_add_literal(w, label_table[LABEL_NO_STACK].name) : 0;

	for (uint32_t id = 1; id <= w->functions.count; id++) {
		const struct pair *pair = &w->functions.items[id];
		Pprof__Function function = PPROF__FUNCTION__INIT, *entry = &function;
		Pprof__Profile part = PPROF__PROFILE__INIT;

		function.id = id;
		function.name = pair->first ? pprof_add_string(w, pair->first) : no_stack;
		function.filename = pprof_add_known(w, pair->second);
		part.n_function = 1;
		part.function = &entry;
		pprof_put(w, &part);
	}
}

/* --- mappings --------------------------------------------------------------------------------- */

static void put_mapping(struct pprof_writer *w, uint64_t id, const struct pprof_image *image,
			uint32_t path, uint32_t build_id)
{
	Pprof__Mapping mapping = PPROF__MAPPING__INIT, *entry = &mapping;
	Pprof__Profile part = PPROF__PROFILE__INIT;
	bool is_kernel = strcmp(profile_string(w->profile, path), "[kernel]") == 0;

	mapping.id = id;
	mapping.memory_limit = UINT64_MAX;
	mapping.filename = is_kernel ? pprof_add_literal(w, KERNEL) : pprof_add_known(w, path);
	mapping.build_id = pprof_add_known(w, build_id);
	mapping.has_functions = image->functions;
	mapping.has_filenames = image->files;
	mapping.has_line_numbers = image->lines;
	mapping.has_inline_frames = image->inlined;
	part.n_mapping = 1;
	part.mapping = &entry;
	pprof_put(w, &part);
}

/* The program of the process that was longest on a CPU; of equals, the one that lived longest. */
static void choose_main(struct pprof_writer *w)
{
	const struct profile *p = w->profile;
	nsec_t best_on_ns = 0, best_alive_ns = 0;

	for (uint32_t i = 0; i < p->process_count; i++) {
		const struct profile_process *process = &p->processes[i];
		nsec_t on_ns = 0, alive_ns = 0;

		for (uint32_t t = 0; t < process->thread_count; t++) {
			on_ns += p->threads[process->first_thread + t].ns[SCOPE_ON];
			alive_ns += p->threads[process->first_thread + t].alive_ns;
		}
		if (!process->exe ||
		    (w->main_path &&
		     (on_ns < best_on_ns || (on_ns == best_on_ns && alive_ns <= best_alive_ns))))
			continue;
		w->main_path = process->exe;
		best_on_ns = on_ns;
		best_alive_ns = alive_ns;
	}
	for (uint32_t i = 1; w->main_path && i < p->image_count && !w->main_image; i++) {
		if (strcmp(profile_string(p, p->images[i].path), profile_string(p, w->main_path)) ==
		    0)
			w->main_image = i;
	}
}

static void put_mappings(struct pprof_writer *w)
{
	static const struct pprof_image no_frames;
	const struct profile *p = w->profile;

	if (w->main_image)
		put_mapping(w, 1, &w->images[w->main_image], p->images[w->main_image].path,
			    p->images[w->main_image].build_id);
	else if (w->main_path)
		put_mapping(w, p->image_count, &no_frames, w->main_path, 0);
	for (uint32_t i = 1; i < p->image_count; i++) {
		if (w->images[i].mapping && i != w->main_image)
			put_mapping(w, w->images[i].mapping, &w->images[i], p->images[i].path,
				    p->images[i].build_id);
	}
}

/* --- both ------------------------------------------------------------------------------------- */

void pprof_place_stacks(struct pprof_writer *w)
{
	w->places = calloc(w->profile->stack_count, sizeof(*w->places));
	w->images = calloc(w->profile->image_count, sizeof(*w->images));
	if (!w->places || !w->images) {
		w->error = -ENOMEM;
		return;
	}
	choose_main(w);
	number_locations(w);
	w->used = calloc((size_t)w->locations.count + 1, sizeof(*w->used));
	if (!w->used)
		w->error = -ENOMEM;
}

void pprof_put_refs(struct pprof_writer *w)
{
	put_locations(w);
	put_functions(w);
	put_mappings(w);
}
