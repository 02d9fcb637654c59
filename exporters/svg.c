// SPDX-License-Identifier: MIT
/*
 * svg.c - an interactive flame graph in one file: docs/formats.md says how to read its data.
 *
 * The file is a picture of the widest frames, which any viewer shows, then all stacks as numbers,
 * from which the script (assets/svg*.js) draws whatever part is looked at. Nothing in it refers to
 * anything outside. What comes from the target is text within elements and attributes, never script
 * or style.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asset.h"
#include "colours.h"
#include "exporter.h"
#include "flame.h"
#include "svg_picture.h"
#include "text.h"

ASSET(svg_css);
ASSET(svg_data_js);
ASSET(svg_looks_js);
ASSET(svg_js);

/* Readers of XML have limits on one piece of text: 10 MB in libxml2. */
#define CHUNK_BYTES 500000

/* What names refer to, by number: sorted, the first is 1. */
struct svg_paths {
	const char **paths;
	uint32_t count;
};

/* --- what is seen without the script ---------------------------------------------------------- */

static const char *kind_of_profile(const struct profile *p)
{
	if (!p->states[SCOPE_OFF])
		return "on-CPU";
	return p->states[SCOPE_ON] ? "wall-clock" : "off-CPU";
}

static void write_start(const struct profile *p, FILE *out)
{
	time_t seconds = (time_t)(p->start_realtime_ns / NSEC_PER_SEC);
	struct tm utc;
	char text[64];

	if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc))
		fputs(text, out);
}

/* "10.0 s from 2026-11-22 07:15 UTC" */
static void write_window(const struct profile *p, FILE *out)
{
	fprintf(out, "%s from ", text_duration(p->window_ns).bytes);
	write_start(p, out);
}

static uint32_t count_idle_threads(const struct profile *p)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < p->thread_count; i++)
		count += p->threads[i].never_ran;
	return count;
}

static void write_title(const struct flame *f, FILE *out)
{
	const struct profile *p = f->sides[0].lines.profile;

	text_write_xml(out, p->target);
	if (f->side_count > 1) {
		fputs(" \xe2\x86\x92 ", out);
		text_write_xml(out, f->sides[1].lines.profile->target);
	}
	fprintf(out, ": %s %s", kind_of_profile(p), f->side_count > 1 ? "difference" : "profile");
}

static void write_times(const struct svg_picture *picture, FILE *out)
{
	static const char *const names[SCOPE_STATES] = { "on CPU", "run queue", "blocked" };
	const uint64_t *us = picture->times.us[0];
	uint64_t sum_us = us[SCOPE_ON] + us[SCOPE_RUNQ] + us[SCOPE_OFF];

	for (size_t i = 0; i < SCOPE_STATES; i++) {
		if (!picture->flame->sides[0].lines.profile->states[i])
			continue;
		fprintf(out, " \xc2\xb7 %s %s (", names[i],
			text_duration(us[i] * NSEC_PER_USEC).bytes);
		text_write_xml(out, text_share(us[i], sum_us).bytes); /* it may be "<0.1 %" */
		putc_unlocked(')', out);
	}
}

static void write_subtitle(const struct svg_picture *picture, FILE *out)
{
	const struct flame *f = picture->flame;
	const struct profile *p = f->sides[0].lines.profile;
	uint32_t idle = count_idle_threads(p);

	write_window(p, out);
	if (f->side_count > 1) {
		fputs(" \xe2\x86\x92 ", out);
		write_window(f->sides[1].lines.profile, out);
		return;
	}
	fprintf(out, " \xc2\xb7 %u thread%s", p->thread_count, p->thread_count == 1 ? "" : "s");
	/* The script takes this away: it says it of what is shown at the time. */
	fputs("<tspan id=\"shown\">", out);
	if (idle && picture->threads == FLAME_ACTIVE)
		fprintf(out, ", %u idle hidden", idle);
	write_times(picture, out);
	fputs("</tspan>", out);
}

struct legend {
	const char *text;
	struct flame_times example;
	int width; /* of the text */
};

/* What colours mean. The squares get their colours as frames do. */
static void write_legend(const struct svg_picture *picture, FILE *out)
{
	static const struct legend states[] = {
		{ "on CPU", { .us = { { 1, 0, 0 } } }, 70 },
		{ "run queue", { .us = { { 0, 1, 0 } } }, 90 },
		{ "blocked: frames have the mixture of their shares",
		  { .us = { { 0, 0, 1 } } },
		  0 },
	};
	static const struct legend sides[] = {
		{ "less than before", { .us = { { 1 }, { 0 } } }, 140 },
		{ "the same", { .us = { { 1 }, { 1 } } }, 80 },
		{ "more, in time per second of the window; as wide as before and after together",
		  { .us = { { 0 }, { 1 } } },
		  0 },
	};
	struct svg_picture plain = *picture;
	bool difference = picture->flame->side_count > 1;
	const struct legend *legend = difference ? sides : states;
	int x = 10;

	plain.weight[0] = plain.weight[1] = 1;
	fputs("<g id=\"legend\">\n", out);
	for (size_t i = 0; i < 3; i++) {
		fprintf(out, "<rect x=\"%d\" y=\"44\" width=\"11\" height=\"11\" fill=\"", x);
		svg_picture_write_colour(&plain, &legend[i].example, out);
		fprintf(out, "\"/>\n<text x=\"%d\" y=\"54\">%s</text>\n", x + 15, legend[i].text);
		x += 15 + legend[i].width;
	}
	fputs("</g>\n", out);
}

static const char *const state_classes[SCOPE_STATES] = { "on", "runq", "off" }; /* of svg.css */

static void write_head(const struct svg_picture *picture, FILE *out)
{
	uint32_t height = svg_picture_height(picture);

	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<!-- SPDX-License-Identifier: MIT (style and script) -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\">\n<title>",
		SVG_WIDTH, height, SVG_WIDTH, height);
	write_title(picture->flame, out);
	fprintf(out, "</title>\n<style>\n%s", asset_svg_css);
	for (size_t state = 0; state < SCOPE_STATES; state++)
		fprintf(out, ".%s { fill: #%02x%02x%02x }\n", state_classes[state],
			(unsigned)state_colours[state][0], (unsigned)state_colours[state][1],
			(unsigned)state_colours[state][2]);
	fputs("</style>\n", out);
	fputs("<rect id=\"background\" width=\"100%\" height=\"100%\"/>\n<g id=\"picture\">\n",
	      out);
}

static void write_titles(const struct svg_picture *picture, FILE *out)
{
	fprintf(out,
		"<g id=\"head\">\n<rect id=\"curtain\" width=\"100%%\" height=\"%d\"/>\n"
		"<text id=\"title\" x=\"10\" y=\"20\">",
		SVG_HEAD);
	write_title(picture->flame, out);
	fputs("</text>\n<text id=\"subtitle\" x=\"10\" y=\"37\">", out);
	write_subtitle(picture, out);
	fputs("</text>\n", out);
	write_legend(picture, out);
	fputs("</g>\n", out);
}

/* --- the data --------------------------------------------------------------------------------- */

static void write_attribute(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, " %s=\"%llu\"", name, (unsigned long long)value);
}

/* As the script reads them: `red,green,blue` of each state. */
static void write_colours(FILE *out)
{
	for (size_t state = 0; state < SCOPE_STATES; state++)
		fprintf(out, "%s%d,%d,%d", state ? " " : " colours=\"", state_colours[state][0],
			state_colours[state][1], state_colours[state][2]);
	putc_unlocked('"', out);
}

static void begin_data(const struct svg_picture *picture, FILE *out)
{
	const struct flame *f = picture->flame;

	fputs("<metadata>\n<s:profile xmlns:s=\"urn:systemscope:svg:1\" version=\"", out);
	text_write_xml(out, f->sides[0].lines.profile->version);
	putc_unlocked('"', out);
	for (uint32_t i = 0; i < f->side_count; i++) {
		const struct profile *p = f->sides[i].lines.profile;
		const char *suffix = i ? "-after" : "";

		fprintf(out, " target%s=\"", suffix);
		text_write_xml(out, p->target);
		fprintf(out, "\" window%s-ns=\"%llu\" threads%s=\"%u\" idle-threads%s=\"%u\"",
			suffix, (unsigned long long)p->window_ns, suffix, p->thread_count, suffix,
			count_idle_threads(p));
	}
	write_attribute(out, "stacks", (uint64_t)picture->stack_count[0] + picture->stack_count[1]);
	write_attribute(out, "frames", picture->frame_count);
	write_colours(out);
	fputs(">\n", out);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each path once. `ret_paths`: to be freed. */
static int collect_paths(const struct flame *f, struct svg_paths *ret_paths)
{
	const char **paths = calloc(2 * (size_t)f->name_count + 1, sizeof(*paths));
	uint32_t count = 0, unique = 0;

	if (!paths)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->name_count; i++) {
		if (f->names[i].module)
			paths[count++] = f->names[i].module;
		if (f->names[i].file)
			paths[count++] = f->names[i].file;
	}
	qsort(paths, count, sizeof(*paths), compare_paths);
	for (uint32_t i = 0; i < count; i++) {
		if (!unique || strcmp(paths[unique - 1], paths[i]) != 0)
			paths[unique++] = paths[i];
	}
	*ret_paths = (struct svg_paths){ paths, unique };
	return 0;
}

static uint64_t path_number(const struct svg_paths *paths, const char *path)
{
	const char **found =
		bsearch(&path, paths->paths, paths->count, sizeof(path), compare_paths);

	return (uint64_t)(found - paths->paths) + 1;
}

static void write_path(FILE *out, const struct svg_paths *paths, const char *path, bool more)
{
	putc_unlocked('\t', out);
	if (path)
		text_write_number(out, path_number(paths, path));
	if (more)
		putc_unlocked('+', out);
}

/* TEXT KIND MODULE FILE LINES, with tabs; what is not known is empty. */
static void write_name(FILE *out, const struct svg_paths *paths, const struct flame_name *name)
{
	static const char kinds[] = {
		[FLAME_THREAD] = 't',
		[FLAME_USER] = 'u',
		[FLAME_KERNEL] = 'k',
		[FLAME_LABEL] = 'l',
	};

	text_write_xml(out, name->text);
	putc_unlocked('\t', out);
	putc_unlocked(kinds[name->kind], out);
	if (name->module || name->file)
		write_path(out, paths, name->module, name->more_modules);
	if (name->file)
		write_path(out, paths, name->file, name->more_files);
	if (name->first_line) {
		putc_unlocked('\t', out);
		text_write_number(out, name->first_line);
		if (name->last_line != name->first_line) {
			putc_unlocked('-', out);
			text_write_number(out, name->last_line);
		}
	}
	putc_unlocked('\n', out);
}

static int write_names(const struct flame *f, FILE *out)
{
	struct svg_paths paths;
	size_t bytes = 0;
	int ret = collect_paths(f, &paths);

	if (ret)
		return ret;
	fputs("<s:names>", out);
	for (uint32_t i = 0; i < f->name_count; i++) {
		if (bytes > CHUNK_BYTES) {
			fputs("</s:names>\n<s:names>", out);
			bytes = 0;
		}
		bytes += strlen(f->names[i].text) + 32;
		write_name(out, &paths, &f->names[i]);
	}
	fputs("</s:names>\n<s:paths>", out);
	bytes = 0;
	for (uint32_t i = 0; i < paths.count; i++) {
		if (bytes > CHUNK_BYTES) {
			fputs("</s:paths>\n<s:paths>", out);
			bytes = 0;
		}
		bytes += strlen(paths.paths[i]);
		text_write_xml(out, paths.paths[i]);
		putc_unlocked('\n', out);
	}
	fputs("</s:paths>\n", out);
	free(paths.paths);
	return text_check(out);
}

/* KEPT NAME NAME.../ON,RUNQ,OFF, and of two profiles ON,RUNQ,OFF of the other; 0 is left out. */
static void write_stack(const struct flame *f, const struct flame_stack *stack, FILE *out)
{
	uint32_t commas = 0;

	text_write_number(out, stack->kept);
	for (uint32_t at = stack->kept; at < stack->depth; at++) {
		putc_unlocked(' ', out);
		text_write_number(out, stack->names[at]);
	}
	putc_unlocked('/', out);
	for (uint32_t side = 0; side < f->side_count; side++) {
		for (size_t state = 0; state < SCOPE_STATES; state++, commas++) {
			if (!stack->times.us[side][state])
				continue;
			for (; commas; commas--)
				putc_unlocked(',', out);
			text_write_number(out, stack->times.us[side][state]);
		}
	}
	putc_unlocked('\n', out);
}

static int write_stacks(struct flame *f, enum flame_threads threads, FILE *out)
{
	const char *begin = threads == FLAME_IDLE ? "<s:stacks idle=\"1\">" : "<s:stacks>";
	struct flame_stack stack;
	size_t bytes = 0;
	int ret = 0;

	fputs(begin, out);
	flame_rewind(f, threads);
	while (!ret && flame_next(f, &stack)) {
		if (bytes > CHUNK_BYTES) {
			fprintf(out, "</s:stacks>\n%s", begin);
			bytes = 0;
		}
		bytes += 8 * ((size_t)stack.depth - stack.kept) + 32;
		write_stack(f, &stack, out);
		ret = text_check(out);
	}
	fputs("</s:stacks>\n", out);
	return ret;
}

static int write_data(const struct svg_picture *picture, FILE *out)
{
	int ret;

	begin_data(picture, out);
	ret = write_names(picture->flame, out);
	if (!ret)
		ret = write_stacks(picture->flame, FLAME_ACTIVE, out);
	if (!ret)
		ret = write_stacks(picture->flame, FLAME_IDLE, out);
	fputs("</s:profile>\n</metadata>\n", out);
	return ret;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int write_file(struct flame *flame, FILE *out)
{
	struct svg_picture picture;
	int ret = svg_picture_plan(flame, &picture);

	if (ret)
		return ret;
	write_head(&picture, out);
	ret = svg_picture_write(&picture, out);
	fputs("</g>\n", out);
	write_titles(&picture, out);
	if (!ret)
		ret = text_check(out);
	if (!ret)
		ret = write_data(&picture, out);
	if (!ret) {
		fprintf(out, "<script><![CDATA[\n%s%s%s]]></script>\n</svg>\n", asset_svg_data_js,
			asset_svg_looks_js, asset_svg_js);
		ret = text_flush(out);
	}
	return ret;
}

static int svg_write_diff(const struct profile *before, const struct profile *after,
			  const struct export_opts *opts, FILE *out)
{
	struct flame flame = { 0 };
	int ret = flame_build(before, after, opts, &flame);

	if (!ret)
		ret = write_file(&flame, out);
	flame_free(&flame);
	return ret;
}

static int svg_write(const struct profile *p, const struct export_opts *opts, FILE *out)
{
	return svg_write_diff(p, NULL, opts, out);
}

const struct exporter exporter_svg = {
	.name = "svg",
	.suffixes = { ".svg" },
	.summary = "interactive flame graph, one file, for a browser",
	.write = svg_write,
	.write_diff = svg_write_diff,
};
