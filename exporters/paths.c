// SPDX-License-Identifier: MIT
#include "paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static int compare_text(const void *a, const void *b, void *context)
{
	const char *const *text = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int order = strcmp(text[i], text[j]);

	return order ? order : (i > j) - (i < j);
}

int ranked_build(char *bytes, uint32_t count, struct ranked *ret_ranked)
{
	const char **text = calloc((size_t)count + 1, sizeof(*text));
	uint32_t *rank = calloc((size_t)count + 1, sizeof(*rank));
	uint32_t *order = calloc((size_t)count + 1, sizeof(*order));
	const char *next = bytes;

	if (!text || !rank || !order) {
		free(bytes);
		free(text);
		free(rank);
		free(order);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		text[i] = next;
		order[i] = i;
		next += strlen(next) + 1;
	}
	qsort_r(order, count, sizeof(*order), compare_text, text);
	for (uint32_t i = 1; i < count; i++) {
		bool same = strcmp(text[order[i - 1]], text[order[i]]) == 0;

		rank[order[i]] = rank[order[i - 1]] + !same;
	}
	free(order);
	*ret_ranked = (struct ranked){ .bytes = bytes, .text = text, .rank = rank };
	return 0;
}

void ranked_free(struct ranked *ranked)
{
	free(ranked->bytes);
	free(ranked->text);
	free(ranked->rank);
	*ranked = (struct ranked){ 0 };
}

static const char *annotation(const struct profile_frame *frame)
{
	if (frame->kind == FRAME_KERNEL)
		return "_[k]";
	return frame->inlined ? "_[i]" : "";
}

static void write_line(const struct profile *p, const struct profile_frame *frame, FILE *out)
{
	const char *path = profile_string(p, frame->file), *slash = strrchr(path, '/');

	putc_unlocked(' ', out);
	text_write_folded(out, slash ? slash + 1 : path);
	fprintf(out, ":%u", frame->line);
}

static int rank_frames(const struct profile *p, const struct export_opts *opts,
		       struct ranked *ret_frames)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);

	if (!out)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->frame_count; i++) {
		const struct profile_frame *frame = &p->frames[i];

		if (i == 0)
			fputs(label_table[LABEL_NO_STACK].name, out);
		else
			text_write_folded(out, profile_string(p, frame->name));
		if (opts->lines && frame->file && frame->line)
			write_line(p, frame, out);
		if (i && opts->annotate)
			fputs(annotation(frame), out);
		putc_unlocked('\0', out);
	}
	if (fclose(out) != 0) {
		free(bytes);
		return -ENOMEM;
	}
	return ranked_build(bytes, p->frame_count, ret_frames);
}

/* A stack among its siblings; and those of them with equal names: a node of the merged tree. */
struct sibling {
	uint32_t frame_rank;
	uint32_t stack;
};

struct node {
	uint32_t first, end; /* in merge.siblings */
};

struct merge {
	const struct paths *paths;
	uint32_t *child;       /* stacks, grouped by parent ... */
	uint32_t *first_child; /* ... from here, to the next one's first; stack_count + 1 entries */
	struct sibling *siblings; /* each stack once */
	uint32_t sibling_count;
	struct node *todo; /* a stack of nodes to visit */
	uint32_t todo_count;
};

static void merge_free(struct merge *m)
{
	free(m->child);
	free(m->first_child);
	free(m->siblings);
	free(m->todo);
}

static int merge_init(struct merge *m, const struct paths *paths)
{
	const struct profile *p = paths->profile;
	size_t count = p->stack_count;
	uint32_t *first;

	*m = (struct merge){ .paths = paths };
	m->child = calloc(count + 1, sizeof(*m->child));
	m->first_child = calloc(count + 1, sizeof(*m->first_child));
	m->siblings = calloc(count + 1, sizeof(*m->siblings));
	m->todo = calloc(count + 1, sizeof(*m->todo));
	if (!m->child || !m->first_child || !m->siblings || !m->todo) {
		merge_free(m);
		return -ENOMEM;
	}
	/* A counting sort by parent: first_child[i] is the end of i's children, then the start. */
	first = m->first_child;
	for (uint32_t i = 1; i < count; i++)
		first[p->stacks[i].parent]++;
	for (size_t i = 1; i <= count; i++)
		first[i] += first[i - 1];
	for (uint32_t i = (uint32_t)count; i-- > 1;)
		m->child[--first[p->stacks[i].parent]] = i;
	return 0;
}

static int compare_siblings(const void *a, const void *b)
{
	const struct sibling *s = a, *t = b;

	return (s->frame_rank > t->frame_rank) - (s->frame_rank < t->frame_rank);
}

static void add_sibling(struct merge *m, uint32_t stack)
{
	uint32_t frame = m->paths->profile->stacks[stack].frame;

	m->siblings[m->sibling_count++] = (struct sibling){
		.frame_rank = m->paths->frames.rank[frame],
		.stack = stack,
	};
}

static void add_children(struct merge *m, uint32_t stack)
{
	for (uint32_t i = m->first_child[stack]; i < m->first_child[stack + 1]; i++)
		add_sibling(m, m->child[i]);
}

/* Makes nodes of the siblings from `first` on; the one that comes first is on top of the to-do. */
static void push_nodes(struct merge *m, uint32_t first)
{
	uint32_t end = m->sibling_count;

	qsort(m->siblings + first, end - first, sizeof(*m->siblings), compare_siblings);
	while (end > first) {
		uint32_t begin = end - 1;

		while (begin > first &&
		       m->siblings[begin - 1].frame_rank == m->siblings[begin].frame_rank)
			begin--;
		m->todo[m->todo_count++] = (struct node){ .first = begin, .end = end };
		end = begin;
	}
}

/* Walks the merged tree in depth-first order, and numbers its nodes in that order. */
static int rank_stacks(struct paths *paths)
{
	uint32_t next_rank = 0;
	struct merge m;
	int ret;

	paths->rank = calloc((size_t)paths->profile->stack_count + 1, sizeof(*paths->rank));
	if (!paths->rank)
		return -ENOMEM;
	ret = merge_init(&m, paths);
	if (ret)
		return ret;

	/* "[no stack]" (id 0) stands beside the outermost frames, not above them. */
	add_sibling(&m, 0);
	add_children(&m, 0);
	push_nodes(&m, 0);
	while (m.todo_count) {
		struct node node = m.todo[--m.todo_count];
		uint32_t first = m.sibling_count;

		for (uint32_t i = node.first; i < node.end; i++) {
			uint32_t stack = m.siblings[i].stack;

			paths->rank[stack] = next_rank;
			if (stack)
				add_children(&m, stack);
		}
		next_rank++;
		push_nodes(&m, first);
	}
	merge_free(&m);
	return 0;
}

/* A parent's index is smaller than its child's: its depth is there already. */
static int count_frames(struct paths *paths)
{
	const struct profile *p = paths->profile;

	paths->depth = calloc((size_t)p->stack_count + 1, sizeof(*paths->depth));
	if (!paths->depth)
		return -ENOMEM;
	paths->depth[0] = paths->max_depth = 1;
	for (uint32_t i = 1; i < p->stack_count; i++) {
		uint32_t parent = p->stacks[i].parent;

		paths->depth[i] = parent ? paths->depth[parent] + 1 : 1;
		if (paths->depth[i] > paths->max_depth)
			paths->max_depth = paths->depth[i];
	}
	return 0;
}

int paths_build(const struct profile *profile, const struct export_opts *opts,
		struct paths *ret_paths)
{
	struct paths paths = { .profile = profile };
	int ret = rank_frames(profile, opts, &paths.frames);

	if (!ret)
		ret = rank_stacks(&paths);
	if (!ret)
		ret = count_frames(&paths);
	if (ret) {
		paths_free(&paths);
		return ret;
	}
	*ret_paths = paths;
	return 0;
}

void paths_free(struct paths *paths)
{
	ranked_free(&paths->frames);
	free(paths->rank);
	free(paths->depth);
	*paths = (struct paths){ 0 };
}

uint32_t paths_frames(const struct paths *paths, uint32_t stack, const char **ret_texts)
{
	const struct profile *p = paths->profile;
	uint32_t depth = paths->depth[stack];

	for (uint32_t at = depth; at-- > 0; stack = p->stacks[stack].parent)
		ret_texts[at] = paths->frames.text[p->stacks[stack].frame];
	return depth;
}
