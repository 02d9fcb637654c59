// SPDX-License-Identifier: MIT
#include "stacks.h"

#include <stdio.h>
#include <string.h>

#include "reasons.h"

struct tree_key {
	uint32_t parent, frame, end;
};

struct pair_key {
	struct stack_pair pair;
	uint32_t on_cpu;
};

struct reason_key {
	uint32_t reason, places;
};

/* Labels that say: there was a stack, and it is not to be had. */
static const bool label_is_loss[LABEL_COUNT] = {
	[LABEL_LOST_TABLE] = true,    [LABEL_LOST_RING] = true,	   [LABEL_NO_STACK] = true,
	[LABEL_BEFORE_WINDOW] = true, [LABEL_LOST_THREADS] = true,
};

void stacks_init(struct stacks *s, struct frames *frames, struct strings *strings,
		 const struct profile_config *config, nsec_t min_block_ns)
{
	memset(s, 0, sizeof(*s));
	s->frames = frames;
	s->strings = strings;
	s->config = config;
	s->min_block_ns = min_block_ns;
	table_init(&s->tree, sizeof(struct tree_key));
	table_init(&s->pairs, sizeof(struct pair_key));
	table_init(&s->reasons, sizeof(struct reason_key));
	array_push(&s->nodes);
	array_push(&s->facts);
	s->user_stacks = mem_alloc_array(frames->ingest->stack_data.count,
					 sizeof(*s->user_stacks));
	s->kernel_stacks = mem_alloc_array(frames->ingest->stack_data.count,
					   sizeof(*s->kernel_stacks));
}

void stacks_free(struct stacks *s)
{
	table_free(&s->tree);
	array_free(&s->tree_nodes);
	array_free(&s->nodes);
	array_free(&s->facts);
	free(s->user_stacks);
	free(s->kernel_stacks);
	table_free(&s->pairs);
	array_free(&s->pair_stacks);
	table_free(&s->reasons);
	array_free(&s->reason_names);
	array_free(&s->functions);
	array_free(&s->ids);
	array_free(&s->kinds);
}

/* --- the tree --------------------------------------------------------------------------------- */

/* A user stack's first frame or label tells how it ended. */
static void take_root(struct stack_facts *facts, const struct profile_frame *frame,
		      enum scope_stack_end end)
{
	facts->user = frame->kind == FRAME_USER || end != SCOPE_END_COMPLETE;
	facts->end = end;
}

/*
 * The node of this parent and frame; *ret_new says that it has to be made, under that number. Most
 * nodes are the only child of theirs, so a first one is not in the table.
 */
static uint32_t find_or_claim(struct stacks *s, struct tree_key key, bool *ret_new)
{
	uint32_t *only = &s->facts.items[key.parent].first_child, next = (uint32_t)s->nodes.count;
	uint32_t id;

	*ret_new = false;
	if (key.parent && *only && s->nodes.items[*only].frame == key.frame)
		return *only;
	if (key.parent && !*only) {
		*ret_new = true;
		return *only = next;
	}
	id = table_add(&s->tree, &key, ret_new);
	if (*ret_new)
		*array_push(&s->tree_nodes) = next;
	return s->tree_nodes.items[id];
}

/* `end`: of a root that stands for how the user stack ended; else COMPLETE. */
static uint32_t push_end(struct stacks *s, uint32_t parent, uint32_t frame,
			 enum scope_stack_end end)
{
	struct tree_key key = { .parent = parent, .frame = frame, .end = end };
	const struct profile_frame *of = &s->frames->frames.items[frame];
	bool is_new;
	uint32_t id = find_or_claim(s, key, &is_new);
	struct profile_stack *node;
	struct stack_facts *facts;

	if (!is_new)
		return id;
	node = array_push(&s->nodes);
	node->parent = parent;
	node->frame = frame;
	facts = array_push(&s->facts);
	*facts = s->facts.items[parent];
	facts->first_child = 0;
	if (of->kind != FRAME_LABEL) {
		facts->frames++;
		facts->unnamed += !of->named;
		facts->anonymous += frame == s->frames->anonymous;
	}
	if (!parent)
		take_root(facts, of, end);
	else if (facts->end != SCOPE_END_COMPLETE && !s->nodes.items[parent].parent)
		facts->end_image = of->image;
	return id;
}

static uint32_t push(struct stacks *s, uint32_t parent, uint32_t frame)
{
	return push_end(s, parent, frame, SCOPE_END_COMPLETE);
}

static uint32_t label_frame(struct stacks *s, enum label label)
{
	if (!s->labels[label]) {
		_cleanup_free_ char *text =
			label == LABEL_BLOCKED_UNDER ?
				mem_format(label_table[label].name,
					   (unsigned long long)(s->min_block_ns / NSEC_PER_USEC)) :
				mem_copy_string(label_table[label].name);

		s->labels[label] = frames_add_label(s->frames, text);
	}
	return s->labels[label];
}

static uint32_t push_label(struct stacks *s, uint32_t parent, enum label label)
{
	uint32_t id = push(s, parent, label_frame(s, label));

	s->facts.items[id].lost |= label_is_loss[label];
	return id;
}

uint32_t stacks_add_label(struct stacks *s, enum label label)
{
	return push_label(s, 0, label);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static uint32_t push_user(struct stacks *s, uint32_t stack)
{
	enum scope_stack_end end;
	uint32_t id = 0;

	if (stack == STACK_NONE)
		return 0;
	if (stack == STACK_LOST)
		return push_label(s, 0, LABEL_LOST_RING);
	if (s->user_stacks[stack])
		return s->user_stacks[stack];
	end = (enum scope_stack_end)s->frames->ingest->stack_data.items[stack].end;
	frames_of_stack(s->frames, stack, &s->ids);
	if (end != SCOPE_END_COMPLETE)
		id = push_end(s, 0, label_frame(s, end == SCOPE_END_TRUNCATED ? LABEL_TRUNCATED :
										LABEL_BROKEN),
			      end);
	for (size_t i = s->ids.count; i > 0; i--)
		id = push(s, id, s->ids.items[i - 1]);
	s->user_stacks[stack] = id;
	return id;
}

static const struct function_facts *facts_of_function(struct stacks *s, uint32_t frame)
{
	const struct profile_frame *f = &s->frames->frames.items[frame];
	static const struct function_facts nameless = { true, TRIM_NAMELESS, 0 };
	struct function_facts *facts;

	if (!f->named)
		return &nameless;
	while (s->functions.count <= f->name)
		array_push(&s->functions);
	facts = &s->functions.items[f->name];
	if (!facts->known) {
		facts->known = true;
		facts->kind = trim_kind_of(strings_get(s->strings, f->name));
		facts->places = reason_places_of(strings_get(s->strings, f->name));
	}
	return facts;
}

/* Sets `ids` to the frames of a kernel stack, leaf first, without those that trim.h drops. */
static void take_kernel_frames(struct stacks *s, uint32_t stack, bool on_cpu)
{
	size_t cut;

	frames_of_stack(s->frames, stack, &s->ids);
	s->kinds.count = 0;
	for (size_t i = 0; i < s->ids.count; i++)
		*array_push(&s->kinds) = facts_of_function(s, s->ids.items[i])->kind;
	cut = trim_kernel_stack(on_cpu, s->kinds.items, s->kinds.count);
	s->ids.count -= cut;
	if (cut)
		memmove(s->ids.items, s->ids.items + cut, s->ids.count * sizeof(*s->ids.items));
}

static uint32_t push_kernel(struct stacks *s, uint32_t user, uint32_t stack, bool on_cpu)
{
	uint32_t id = user;

	if (stack == STACK_NONE)
		return user;
	if (stack == STACK_LOST) {
		/* both lost: once is enough */
		if (user && s->nodes.items[user].frame == s->labels[LABEL_LOST_RING])
			return user;
		return push_label(s, user, LABEL_LOST_RING);
	}
	take_kernel_frames(s, stack, on_cpu);
	for (size_t i = s->ids.count; i > 0; i--)
		id = push(s, id, s->ids.items[i - 1]);
	return id;
}

static bool expects_stack(const struct stacks *s, enum scope_state state, bool kernel_thread)
{
	if (s->config->user_stacks && !kernel_thread)
		return true;
	/* a thread that left its CPU was in the kernel; a tick may have met user mode */
	return s->config->kernel_stacks && (state != SCOPE_ON || kernel_thread);
}

uint32_t stacks_add_pair(struct stacks *s, struct stack_pair pair, enum scope_state state,
			 bool kernel_thread)
{
	struct pair_key key = { .pair = pair, .on_cpu = state == SCOPE_ON };
	uint32_t id, stack;
	bool is_new;

	if (pair.user == STACK_NONE && pair.kernel == STACK_NONE)
		return expects_stack(s, state, kernel_thread) ?
			       stacks_add_label(s, LABEL_NO_STACK) : 0;
	id = table_add(&s->pairs, &key, &is_new);
	if (!is_new)
		return s->pair_stacks.items[id];
	stack = push_kernel(s, push_user(s, pair.user), pair.kernel, key.on_cpu);
	*array_push(&s->pair_stacks) = stack;
	return stack;
}

static uint32_t places_of_stack(struct stacks *s, uint32_t stack)
{
	struct kernel_stack *known;

	if (stack >= STACK_LOST)
		return REASON_PLACES_UNKNOWN;
	known = &s->kernel_stacks[stack];
	if (known->known)
		return known->places;
	frames_of_stack(s->frames, stack, &s->ids); /* also what is not shown tells of the place */
	known->known = true;
	known->places = REASON_PLACES_UNKNOWN;
	for (size_t i = 0; i < s->ids.count; i++) {
		known->places |= facts_of_function(s, s->ids.items[i])->places;
		if (s->frames->frames.items[s->ids.items[i]].named)
			known->places &= ~REASON_PLACES_UNKNOWN;
	}
	return known->places;
}

uint32_t stacks_add_reason(struct stacks *s, uint32_t reason, uint32_t kernel)
{
	struct reason_key key = { .places = places_of_stack(s, kernel), .reason = reason };
	char space[REASON_NAME_BYTES];
	bool is_new;
	uint32_t id = table_add(&s->reasons, &key, &is_new);

	if (is_new)
		*array_push(&s->reason_names) =
			strings_add(s->strings, reason_name(reason, key.places, space));
	return s->reason_names.items[id];
}
