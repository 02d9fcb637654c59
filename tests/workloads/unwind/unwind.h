/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - what the parts of the workload `unwind` share (../unwind.c says what it does).
 *
 * A shape is a chain of functions between a thread's first function and a leaf; a leaf is where the
 * thread is: blocked, blocking now and then, or running. Neither returns. All functions of chains
 * have names that begin with `unwind_`, so that whoever checks tells them from libc's, and are
 * FRAMEs: not inlined, not cloned, and called in the order of the source.
 */
#ifndef UNWIND_H
#define UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __clang__
#define FRAME __attribute__((noinline))
#else
#define FRAME __attribute__((noinline, noclone, noipa))
#endif

/* Behind a call, so that it is none that a jump could replace. */
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

typedef void leaf_fn(void);

enum shape_flags {
	SHAPE_RAW = 1,	       /* leaves without a frame, which enter the kernel themselves */
	SHAPE_LOOP = 2,	       /* runs only, and is its own leaf */
	SHAPE_POKE = 4,	       /* waits for SIGUSR1, whose handler calls the leaf */
	SHAPE_OWN_STACK = 8,   /* begins on a stack of its own, and tells its facts there */
	SHAPE_INCOMPLETE = 16, /* holds code without any table: need not be whole */
	SHAPE_ASKED = 32,      /* only if asked for by name */
};

struct shape {
	const char *name;
	void (*enter)(leaf_fn *leaf);
	const char *chain; /* between the thread's function and the leaf */
	unsigned int flags;
};

extern const struct shape unwind_shapes[]; /* ends with a row without a name */

enum place { PLACE_BLOCKED, PLACE_PERIODIC, PLACE_RUNNING, PLACES };

struct thread {
	const struct shape *shape;
	enum place place;
	leaf_fn *leaf;
	int tid;
	volatile int step; /* 1: about to enter its shape; 2: in the handler */
};

/* The calling thread's. */
extern __thread struct thread *unwind_self;

/* Writes the thread's fact; `outermost` is the return address in the stack's outermost frame. */
void tell_thread(const struct thread *thread, const void *outermost);

/* From signals.c. */
void unwind_signal_call(leaf_fn *leaf);
void unwind_signal_leaf(leaf_fn *leaf);
void unwind_signal_stack(leaf_fn *leaf);
void unwind_signal_trap(leaf_fn *leaf);
void catch_signals(void);

/* plain.c, built in several ways. */
void unwind_framed(leaf_fn *leaf);	/* frame pointers, no tables */
void unwind_debug_frame(leaf_fn *leaf); /* tables in .debug_frame only */
void unwind_bare(leaf_fn *leaf);	/* neither */

/* aligned.c, built by both compilers. */
void unwind_aligned_gcc(leaf_fn *leaf);
void unwind_aligned_clang(leaf_fn *leaf);

#endif
