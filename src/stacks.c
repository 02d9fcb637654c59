// SPDX-License-Identifier: MIT
#include "stacks.h"

#include <stdio.h>
#include <string.h>

#include "reasons.h"

struct pair_key {
	struct stack_pair pair;
	uint32_t on_cpu;
};

/*
 * What pairs came to lately. One that is not here is found in the tree; a table of all of them would take
 * more than the tree.
 */
struct known_pair {
	struct pair_key key;
	uint32_t stack; /* + 1; 0: none */
};

#define PAIRS_KNOWN (1u << 14)

struct reason_key {
	uint32_t reason, places;
};

/* Labels that say: there was a stack, and it is not to be had. */
static const bool label_is_loss[LABEL_COUNT] = {
	[LABEL_LOST_TABLE] = true,    [LABEL_LOST_RING] = true,	   [LABEL_NO_STACK] = true,
	[LABEL_BEFORE_WINDOW] = true, [LABEL_LOST_THREADS] = true, [LABEL_THINNED] = true,
};

void stacks_init(struct stacks *s, struct frames *frames, struct strings *strings,
		 const struct profile_config *config, nsec_t min_block_ns)
{
	memset(s, 0, sizeof(*s));
	s->frames = frames;
	s->strings = strings;
	s->config = config;
	s->min_block_ns = min_block_ns;
	s->pairs = mem_alloc_array(PAIRS_KNOWN, sizeof(*s->pairs));
	table_init(&s->reasons, sizeof(struct reason_key));
	array_push(&s->nodes);
	s->user_stacks = mem_alloc_array(frames->ingest->stack_data.count,
					 sizeof(*s->user_stacks));
	s->kernel_stacks = mem_alloc_array(frames->ingest->stack_data.count,
					   sizeof(*s->kernel_stacks));
}

void stacks_seal(struct stacks *s)
{
	free(s->tree.items);
	s->tree = (struct table_slots){ 0 };
	free(s->pairs);
	free(s->user_stacks);
	free(s->kernel_stacks);
	s->pairs = NULL;
	s->user_stacks = NULL;
	s->kernel_stacks = NULL;
}

void stacks_free(struct stacks *s)
{
	stacks_seal(s);
	array_free(&s->nodes);
	array_free(&s->ends);
	table_free(&s->reasons);
	array_free(&s->reason_names);
	array_free(&s->functions);
	array_free(&s->ids);
	array_free(&s->kinds);
}

/* --- the tree --------------------------------------------------------------------------------- */

/* How the walk ended of which this is the root: the first frame, or the label that tells. */
static enum scope_stack_end end_of_root(const struct stacks *s, uint32_t root)
{
	for (size_t i = 0; i < s->ends.count; i++)
		if (s->ends.items[i].node == root)
			return s->ends.items[i].end;
	return SCOPE_END_COMPLETE;
}

static uint32_t hash_of(uint32_t parent, uint32_t frame)
{
	uint64_t h = ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15u;

	return (uint32_t)((h ^ h >> 32) * 0xff51afd7ed558ccdu >> 32);
}

static bool is_node(const struct stacks *s, uint32_t id, uint32_t parent, uint32_t frame,
		    enum scope_stack_end end)
{
	const struct profile_stack *node = &s->nodes.items[id];

	return node->parent == parent && node->frame == frame &&
	       (parent || end_of_root(s, id) == end);
}

/* The slot of a node, or the free one where it belongs. */
static struct table_slot *tree_slot(struct stacks *s, uint32_t parent, uint32_t frame,
				    enum scope_stack_end end)
{
	uint32_t hash = hash_of(parent, frame), mask, at;

	slots_make_room(&s->tree, s->tree_count);
	mask = s->tree.count - 1;
	for (at = hash & mask; s->tree.items[at].id; at = (at + 1) & mask) {
		struct table_slot *slot = &s->tree.items[at];

		if (slot->hash == hash && is_node(s, slot->id, parent, frame, end))
			return slot;
	}
	s->tree.items[at].hash = hash;
	return &s->tree.items[at];
}

/*
 * `end`: of a root that stands for how the user stack ended; else COMPLETE. Most nodes are the only child of
 * theirs, and were made right after it: the tree has the others.
 */
static uint32_t push_end(struct stacks *s, uint32_t parent, uint32_t frame,
			 enum scope_stack_end end)
{
	uint32_t next = (uint32_t)s->nodes.count, follows = parent + 1;
	struct table_slot *slot;

	if (!parent || follows != next) {
		if (parent && is_node(s, follows, parent, frame, end))
			return follows;
		slot = tree_slot(s, parent, frame, end);
		if (slot->id)
			return slot->id;
		slot->id = next;
		s->tree_count++;
	}
	*array_push(&s->nodes) = (struct profile_stack){ .parent = parent, .frame = frame };
	if (end != SCOPE_END_COMPLETE)
		*array_push(&s->ends) = (struct stack_end){ .node = next, .end = end };
	return next;
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
	return push(s, parent, label_frame(s, label));
}

uint32_t stacks_add_label(struct stacks *s, enum label label)
{
	return push_label(s, 0, label);
}

static bool is_loss(const struct stacks *s, uint32_t frame)
{
	for (int label = 0; label < LABEL_COUNT; label++)
		if (label_is_loss[label] && s->labels[label] == frame)
			return true;
	return false;
}

void stacks_facts(const struct stacks *s, uint32_t stack, struct stack_facts *ret_facts)
{
	const struct profile_frame *frames = s->frames->frames.items, *f = NULL, *below = NULL;
	struct stack_facts facts = { .end = SCOPE_END_COMPLETE };
	uint32_t root = 0;

	for (uint32_t at = stack; at; root = at, at = s->nodes.items[at].parent) {
		uint32_t frame = s->nodes.items[at].frame;

		below = f;
		f = &frames[frame];
		if (f->kind != FRAME_LABEL) {
			facts.frames++;
			facts.unnamed += !f->named;
			facts.anonymous += frame == s->frames->anonymous;
		} else {
			facts.lost |= is_loss(s, frame);
		}
	}
	if (root) {
		facts.end = end_of_root(s, root);
		facts.user = f->kind == FRAME_USER || facts.end != SCOPE_END_COMPLETE;
		if (facts.end != SCOPE_END_COMPLETE && below)
			facts.end_image = below->image;
	}
	*ret_facts = facts;
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

static struct known_pair *known_pair_of(const struct stacks *s, const struct pair_key *key)
{
	uint64_t h = ((uint64_t)key->pair.user << 32 | key->pair.kernel) + key->on_cpu;

	h *= 0x9e3779b97f4a7c15u;
	return &s->pairs[(h >> 40) % PAIRS_KNOWN];
}

uint32_t stacks_add_pair(struct stacks *s, struct stack_pair pair, enum scope_state state,
			 bool kernel_thread)
{
	struct pair_key key = { .pair = pair, .on_cpu = state == SCOPE_ON };
	struct known_pair *known;

	if (pair.user == STACK_NONE && pair.kernel == STACK_NONE)
		return expects_stack(s, state, kernel_thread) ?
			       stacks_add_label(s, LABEL_NO_STACK) : 0;
	known = known_pair_of(s, &key);
	if (!known->stack || memcmp(&known->key, &key, sizeof(key)) != 0)
		*known = (struct known_pair){
			key, push_kernel(s, push_user(s, pair.user), pair.kernel, key.on_cpu) + 1
		};
	return known->stack - 1;
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
