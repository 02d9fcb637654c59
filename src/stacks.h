/* SPDX-License-Identifier: MIT */
/*
 * stacks.h - the profile's stacks: a prefix tree, root first, of pairs of user and kernel stacks.
 *
 * Invariants: node 0 is the placeholder; a parent's id is smaller than its child's; a pair always
 * gives the same id. User frames come nearer to the root than kernel frames; of kernel stacks the
 * frames that trim_kernel_stack() names are gone. User stacks whose walk ended before their outermost
 * frame have a root that says so; such roots that read alike are apart where the end differs.
 *
 * A stack of a pair whose record never came is replaced by [stack lost: ring full], in its place;
 * the other one stays. Where there is neither, the stack is [no stack] if one that this thread can
 * have was asked for, else empty (id 0): a kernel thread under -U, a tick in user mode under -K.
 */
#ifndef STACKS_H
#define STACKS_H

#include "frames.h"
#include "trim.h"

/* What a stack's frames add up to. */
struct stack_facts {
	uint32_t frames;   /* user and kernel, without labels */
	uint32_t unnamed;  /* of them */
	uint32_t anonymous; /* of these, in memory of no file */
	bool lost;	   /* has a label of a stack that was lost or unreadable */
	bool user;	   /* has user frames; then: */
	enum scope_stack_end end; /* how their walk ended */
	uint32_t end_image;	  /* where, if it is not complete: the outermost frame's */
};

struct stack_end {
	uint32_t node;
	enum scope_stack_end end;
};

/* What the name of a kernel function says of a stack that it is in. */
struct function_facts {
	bool known; /* what follows is worked out */
	enum trim_kind kind;
	uint32_t places; /* reason_places_of() */
};

struct stacks {
	struct frames *frames;
	struct strings *strings;
	const struct profile_config *config;
	nsec_t min_block_ns;

	ARRAY(struct profile_stack) nodes;
	struct table_slots tree; /* by parent and frame: of nodes that do not follow their parent */
	uint32_t tree_count;
	ARRAY(struct stack_end) ends;	/* of roots whose walk was not complete */
	uint32_t labels[LABEL_COUNT]; /* frames; 0: not used yet */
	uint32_t *user_stacks;	      /* by stack of the ingest; 0: not built yet */
	struct kernel_stack {
		bool known; /* what follows is worked out */
		uint32_t places;
	} *kernel_stacks; /* by stack of the ingest */
	ARRAY(struct function_facts) functions; /* by name (string) */
	struct known_pair *pairs; /* a cache of PAIRS_KNOWN */
	struct table reasons;
	ARRAY(uint32_t) reason_names;
	struct frame_ids ids; /* scratch */
	ARRAY(enum trim_kind) kinds; /* scratch */
};

/* No more are added; what only that needed is freed. */
void stacks_seal(struct stacks *s);

/* After frames_resolve(). */
void stacks_init(struct stacks *s, struct frames *frames, struct strings *strings,
		 const struct profile_config *config, nsec_t min_block_ns);
void stacks_free(struct stacks *s);

/* The stack of a pair that was taken in `state`. */
uint32_t stacks_add_pair(struct stacks *s, struct stack_pair pair, enum scope_state state,
			 bool kernel_thread);
uint32_t stacks_add_label(struct stacks *s, enum label label);
void stacks_facts(const struct stacks *s, uint32_t stack, struct stack_facts *ret_facts);
/* The reason (string) of a wait with this reason word in this kernel stack. */
uint32_t stacks_add_reason(struct stacks *s, uint32_t reason, uint32_t kernel);

#endif
