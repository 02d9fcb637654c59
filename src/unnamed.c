// SPDX-License-Identifier: MIT
#include "unnamed.h"

#include "debian.h"
#include "image_jit.h"
#include "sym_files.h"

/* A package is looked for where an image has more than one part in so many of the frames. */
#define PACKAGE_PART 200
/* And for so many images, those with most time. */
#define PACKAGES_MAX 16

void unnamed_measure(struct frames *frames, const struct stacks *stacks,
		     const struct profile_sample *samples, size_t count)
{
	_cleanup_free_ nsec_t *through_ns =
		mem_alloc_array(stacks->nodes.count, sizeof(*through_ns));

	for (size_t i = 0; i < count; i++)
		through_ns[samples[i].stack] += samples[i].ns;
	/* a parent has a smaller number than its children */
	for (size_t i = stacks->nodes.count; i-- > 1;) {
		const struct profile_stack *node = &stacks->nodes.items[i];
		const struct profile_frame *frame = &frames->frames.items[node->frame];

		through_ns[node->parent] += through_ns[i];
		if (frame->kind != FRAME_LABEL && !frame->named)
			frames->images.items[frame->image].unnamed_ns += through_ns[i];
	}
}

/* --- why -------------------------------------------------------------------------------------- */

static void explain_file(struct frames *f, const struct image *image, struct profile_image *to)
{
	struct sym_files *files = sym_files_open(image);
	_cleanup_free_ char *place = NULL;
	const char *why;

	sym_files_use_debuginfod(files, f->config->symbols.debuginfod);
	why = sym_files_why(files);
	if (why)
		place = sym_files_place(files);
	to->why = strings_add(f->strings, why ? why : "in none of its symbols");
	to->debug_file = strings_add(f->strings, place ? place : "");
	sym_files_close(&files);
}

static void explain_image(struct frames *f, const struct image *image, struct profile_image *to)
{
	_cleanup_free_ char *text = NULL;

	if (image->fd >= 0 && image->kind != IMAGE_KERNEL) {
		explain_file(f, image, to);
		return;
	}
	if (image->fd >= 0)
		text = mem_copy_string("in no symbol of /proc/kallsyms");
	else if (image_jit_is_memory(image))
		text = mem_copy_string("code made at run time, without a perf map or jitdump");
	else if (image->why)
		text = mem_format(image->kind == IMAGE_FILE ? "no file: %s" : "%s", image->why);
	to->why = strings_add(f->strings, text ? text : "");
}

/* --- what would mend it ----------------------------------------------------------------------- */

struct lacking {
	const struct image *image;
	struct profile_image *shown;
};

/* For qsort(): most time first. */
static int compare_lacking(const void *a, const void *b)
{
	const struct lacking *s = a, *t = b;

	return (s->shown->unnamed_ns < t->shown->unnamed_ns) -
	       (s->shown->unnamed_ns > t->shown->unnamed_ns);
}

/* What a container lacks is none of our packages. */
static bool may_have_package(const struct lacking *lacking, nsec_t frames_ns)
{
	return lacking->shown->debug_file && !lacking->image->root &&
	       lacking->image->kind == IMAGE_FILE &&
	       lacking->shown->unnamed_ns > frames_ns / PACKAGE_PART;
}

static void find_packages(struct frames *f, nsec_t frames_ns)
{
	struct debian_wanted wanted[PACKAGES_MAX];
	ARRAY(struct lacking) lacking = { 0 };
	size_t count = 0;

	for (size_t i = 1; i < f->sources.count; i++) {
		const struct frame_source *source = &f->sources.items[i];
		struct lacking one = { source->image, &f->images.items[source->shown] };

		if (source->shown && may_have_package(&one, frames_ns))
			*array_push(&lacking) = one;
	}
	if (lacking.count)
		qsort(lacking.items, lacking.count, sizeof(*lacking.items), compare_lacking);
	for (; count < lacking.count && count < PACKAGES_MAX; count++)
		wanted[count] = (struct debian_wanted){
			.path = lacking.items[count].image->path,
			.build_id = lacking.items[count].image->build_id,
		};
	debian_find_packages("", wanted, count);
	for (size_t i = 0; i < count; i++) {
		if (wanted[i].package)
			lacking.items[i].shown->debug_package =
				strings_add(f->strings, wanted[i].package);
		free(wanted[i].package);
	}
	array_free(&lacking);
}

void unnamed_explain(struct frames *frames, nsec_t frames_ns)
{
	for (size_t i = 1; i < frames->sources.count; i++) {
		const struct frame_source *source = &frames->sources.items[i];
		struct profile_image *shown = &frames->images.items[source->shown];

		if (source->shown && shown->unnamed_ns)
			explain_image(frames, source->image, shown);
	}
	find_packages(frames, frames_ns);
}

uint32_t unnamed_explain_anonymous(struct frames *frames, uint32_t instance)
{
	uint32_t id = table_find(&frames->jit_table, &instance);
	const struct image *image;
	_cleanup_free_ char *text = NULL;

	if (id == TABLE_NONE)
		return 0;
	image = frames->jits.items[id].image;
	if (!image)
		text = mem_copy_string("it ended, and another process has its number");
	else if (image->dump)
		text = mem_copy_string("not in its jitdump");
	else if (image->fd >= 0)
		text = mem_format("not in %s%s%s", image->path, image->why ? ", which is " : "",
				  image->why ? image->why : "");
	else if (image->why)
		text = mem_format("%s: %s", image->path, image->why);
	return strings_add(frames->strings, text ? text : "");
}
