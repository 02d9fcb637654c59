// SPDX-License-Identifier: MIT
#include "flame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED UINT32_MAX

/* A root or a frame of one side, on its way to become a name. */
struct candidate {
	const char *text;
	uint32_t *name; /* where its number goes */
	bool root;	/* a thread and a function of one name are two names */
	bool label;	/* of roots: LABEL_IDLE */
};

/* --- names ------------------------------------------------------------------------------------ */

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *s = a, *t = b;
	int order = strcmp(s->text, t->text);

	return order ? order : s->root - t->root;
}

/* Marks what lines that are shown are made of: its number is 0 instead of UNUSED. */
static void mark_used(struct flame_side *side)
{
	const struct lines *l = &side->lines;
	const struct profile *p = l->profile;

	memset(side->root_name, 0xff, p->thread_count * sizeof(*side->root_name));
	memset(side->frame_name, 0xff, p->frame_count * sizeof(*side->frame_name));
	side->idle_name = UNUSED;
	for (uint32_t i = 0; i < l->line_count; i++) {
		const struct line *line = &l->lines[i];
		uint32_t stack = line->stack;

		if (!line->us)
			continue;
		side->root_name[line->root] = 0;
		if (lines_idle_root(p, line->thread))
			side->idle_name = 0;
		do {
			side->frame_name[l->paths.frames.rank[p->stacks[stack].frame]] = 0;
			stack = p->stacks[stack].parent;
		} while (stack);
	}
}

/* Each used name of a side once. Returns how many were added. */
static uint32_t add_candidates(struct flame_side *side, struct candidate *to)
{
	const struct lines *l = &side->lines;
	const struct profile *p = l->profile;
	const char *idle = label_table[LABEL_IDLE].name;
	uint32_t count = 0;

	if (side->idle_name != UNUSED)
		to[count++] = (struct candidate){ idle, &side->idle_name, true, true };
	for (uint32_t i = 0; i < p->thread_count; i++) {
		uint32_t *name = &side->root_name[l->roots.rank[i]];
		const char *text = l->roots.text[i];

		if (*name)
			continue;
		*name = UNUSED; /* until it has its number: others have the same rank */
		if (lines_idle_root(p, i))
			text += strlen(idle) + 1;
		to[count++] = (struct candidate){ text, name, true, false };
	}
	for (uint32_t i = 0; i < p->frame_count; i++) {
		uint32_t *name = &side->frame_name[l->paths.frames.rank[i]];

		if (*name)
			continue;
		*name = UNUSED;
		to[count++] = (struct candidate){ l->paths.frames.text[i], name, false, false };
	}
	return count;
}

static const char *path_or_null(const struct profile *p, uint32_t string)
{
	return string ? profile_string(p, string) : NULL;
}

static void describe_file(struct flame_name *name, const struct profile *p,
			  const struct profile_frame *frame)
{
	const char *file = path_or_null(p, frame->file);

	if (!file)
		return;
	if (!name->file)
		name->file = file;
	if (strcmp(name->file, file) != 0) {
		name->more_files = true;
		return;
	}
	if (!frame->line)
		return;
	if (!name->first_line || frame->line < name->first_line)
		name->first_line = frame->line;
	if (frame->line > name->last_line)
		name->last_line = frame->line;
}

/* What the frames of a side tell about their names. */
static void describe_names(struct flame *f, const struct flame_side *side)
{
	static const enum flame_kind kinds[] = {
		[FRAME_USER] = FLAME_USER,
		[FRAME_KERNEL] = FLAME_KERNEL,
		[FRAME_LABEL] = FLAME_LABEL,
	};
	const struct profile *p = side->lines.profile;

	for (uint32_t i = 0; i < p->frame_count; i++) {
		const struct profile_frame *frame = &p->frames[i];
		uint32_t id = side->frame_name[side->lines.paths.frames.rank[i]];
		const char *module = path_or_null(p, p->images[frame->image].path);
		struct flame_name *name;

		if (id == UNUSED)
			continue;
		name = &f->names[id];
		name->kind = i ? kinds[frame->kind] : FLAME_LABEL;
		if (module && !name->module)
			name->module = module;
		else if (module && strcmp(name->module, module) != 0)
			name->more_modules = true;
		describe_file(name, p, frame);
	}
}

static void make_links(struct flame_side *side)
{
	const struct lines *l = &side->lines;
	const struct profile *p = l->profile;

	for (uint32_t i = 0; i < p->stack_count; i++) {
		uint32_t parent = p->stacks[i].parent;

		side->links[i] = (struct flame_link){
			.parent = parent,
			.name = side->frame_name[l->paths.frames.rank[p->stacks[i].frame]],
			.depth = i && parent ? side->links[parent].depth + 1 : 1,
		};
	}
}

static int make_names(struct flame *f)
{
	struct candidate *candidates;
	size_t room = 0;
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->side_count; i++) {
		const struct profile *p = f->sides[i].lines.profile;

		room += (size_t)p->thread_count + p->frame_count + 1;
		mark_used(&f->sides[i]);
	}
	candidates = calloc(room, sizeof(*candidates));
	f->names = calloc(room, sizeof(*f->names));
	if (!candidates || !f->names) {
		free(candidates);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < f->side_count; i++)
		count += add_candidates(&f->sides[i], candidates + count);
	qsort(candidates, count, sizeof(*candidates), compare_candidates);
	for (uint32_t i = 0; i < count; i++) {
		const struct candidate *c = &candidates[i];

		if (i && compare_candidates(c - 1, c) == 0) {
			*c->name = f->name_count - 1;
			continue;
		}
		*c->name = f->name_count;
		f->names[f->name_count++] = (struct flame_name){
			.text = c->text,
			.kind = c->label ? FLAME_LABEL : FLAME_THREAD,
		};
	}
	free(candidates);
	for (uint32_t i = 0; i < f->side_count; i++) {
		describe_names(f, &f->sides[i]);
		make_links(&f->sides[i]);
	}
	return 0;
}

/* --- stacks ----------------------------------------------------------------------------------- */

/*
 * Neighbours share most of their frames: the names of the line before stay where its path and this
 * one meet.
 */
static void read_names(struct flame_side *side, const struct line *line)
{
	const struct lines *l = &side->lines;
	uint32_t stack = line->stack, roots = 0, at;

	if (lines_idle_root(l->profile, line->thread))
		side->names[roots++] = side->idle_name;
	side->names[roots++] = side->root_name[line->root];
	if (roots != side->roots)
		side->path_depth = 0;
	side->roots = roots;
	side->depth = roots + side->links[stack].depth;
	for (at = side->depth; at > roots; at--) {
		if (at <= side->path_depth && side->path[at - 1] == stack)
			break;
		side->names[at - 1] = side->links[stack].name;
		side->path[at - 1] = stack;
		stack = side->links[stack].parent;
	}
	side->path_depth = side->depth;
}

static uint64_t us_of(const struct line *line, enum flame_threads threads)
{
	if (threads == FLAME_ALL)
		return line->us;
	return threads == FLAME_IDLE ? lines_idle_us(line) : line->us - lines_idle_us(line);
}

/* Takes the lines of one stack: up to three. */
static void load(struct flame_side *side, enum flame_threads threads)
{
	const struct lines *l = &side->lines;

	side->depth = 0;
	while (side->next < l->line_count && !side->depth) {
		const struct line *first = &l->lines[side->next], *line = first;
		uint64_t sum_us = 0;

		memset(side->us, 0, sizeof(side->us));
		for (; side->next < l->line_count; line = &l->lines[side->next]) {
			if (line->root != first->root || line->path != first->path)
				break;
			side->us[line->state] = us_of(line, threads);
			sum_us += side->us[line->state];
			side->next++;
		}
		if (sum_us)
			read_names(side, first);
	}
}

/* As the lines are sorted; a side that is through comes last. */
static int compare_sides(const struct flame_side *a, const struct flame_side *b)
{
	uint32_t i = 0;

	if (!a->depth || !b->depth)
		return !a->depth - !b->depth;
	while (i < a->depth && i < b->depth && a->names[i] == b->names[i])
		i++;
	if (i == a->depth || i == b->depth)
		return (a->depth > b->depth) - (a->depth < b->depth);
	return a->names[i] < b->names[i] ? -1 : 1;
}

void flame_rewind(struct flame *f, enum flame_threads threads)
{
	f->threads = threads;
	f->last_depth = 0;
	for (uint32_t i = 0; i < f->side_count; i++) {
		f->sides[i].next = 0;
		load(&f->sides[i], threads);
	}
}

bool flame_next(struct flame *f, struct flame_stack *ret_stack)
{
	struct flame_stack stack = { .names = f->names_now };
	struct flame_side *first = &f->sides[0], *second = &f->sides[1];
	int order = f->side_count > 1 ? compare_sides(first, second) : -1;
	const struct flame_side *from = order <= 0 ? first : second;
	uint32_t *swap = f->names_last;

	if (!from->depth)
		return false;
	stack.depth = from->depth;
	memcpy(f->names_now, from->names, from->depth * sizeof(*from->names));
	while (stack.kept < stack.depth && stack.kept < f->last_depth &&
	       f->names_now[stack.kept] == f->names_last[stack.kept])
		stack.kept++;
	f->last_depth = stack.depth;
	f->names_last = f->names_now;
	f->names_now = swap;
	if (order <= 0) {
		memcpy(stack.times.us[0], first->us, sizeof(first->us));
		load(first, f->threads);
	}
	if (order >= 0) {
		memcpy(stack.times.us[1], second->us, sizeof(second->us));
		load(second, f->threads);
	}
	*ret_stack = stack;
	return true;
}

/* --- life ------------------------------------------------------------------------------------- */

static int build_side(struct flame_side *side, const struct profile *p,
		      const struct export_opts *opts)
{
	int ret = lines_build(p, opts, &side->lines);

	if (ret)
		return ret;
	side->root_name = calloc((size_t)p->thread_count + 1, sizeof(*side->root_name));
	side->frame_name = calloc((size_t)p->frame_count + 1, sizeof(*side->frame_name));
	/* two roots above the frames */
	side->names = calloc((size_t)side->lines.paths.max_depth + 2, sizeof(*side->names));
	side->path = calloc((size_t)side->lines.paths.max_depth + 2, sizeof(*side->path));
	side->links = calloc(p->stack_count, sizeof(*side->links));
	if (!side->root_name || !side->frame_name || !side->names || !side->path || !side->links)
		return -ENOMEM;
	return 0;
}

int flame_build(const struct profile *before, const struct profile *after,
		const struct export_opts *opts, struct flame *ret_flame)
{
	const struct profile *profiles[FLAME_SIDES] = { before, after };
	struct flame f = { .side_count = after ? 2 : 1 };
	int ret = 0;

	for (uint32_t i = 0; i < f.side_count && !ret; i++) {
		ret = build_side(&f.sides[i], profiles[i], opts);
		if (f.sides[i].lines.paths.max_depth + 2 > f.max_depth)
			f.max_depth = f.sides[i].lines.paths.max_depth + 2;
	}
	f.names_now = calloc(f.max_depth, sizeof(*f.names_now));
	f.names_last = calloc(f.max_depth, sizeof(*f.names_last));
	if (!ret && (!f.names_now || !f.names_last))
		ret = -ENOMEM;
	if (!ret)
		ret = make_names(&f);
	if (ret) {
		flame_free(&f);
		return ret;
	}
	flame_rewind(&f, FLAME_ACTIVE);
	*ret_flame = f;
	return 0;
}

void flame_free(struct flame *f)
{
	for (uint32_t i = 0; i < FLAME_SIDES; i++) {
		struct flame_side *side = &f->sides[i];

		lines_free(&side->lines);
		free(side->root_name);
		free(side->frame_name);
		free(side->names);
		free(side->path);
		free(side->links);
	}
	free(f->names);
	free(f->names_now);
	free(f->names_last);
	*f = (struct flame){ 0 };
}
