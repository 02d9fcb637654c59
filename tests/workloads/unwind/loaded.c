// SPDX-License-Identifier: MIT
/* loaded.c - a library that the workload opens while it runs. */
#include "unwind.h"

void unwind_loaded(leaf_fn *leaf);
void unwind_loaded_loop(leaf_fn *leaf);
void unwind_loaded_inner(leaf_fn *leaf, int depth);

FRAME void unwind_loaded_inner(leaf_fn *leaf, int depth)
{
	if (depth > 1)
		unwind_loaded_inner(leaf, depth - 1);
	else
		leaf();
	KEEP_FRAME();
}

FRAME void unwind_loaded(leaf_fn *leaf)
{
	unwind_loaded_inner(leaf, 5);
	KEEP_FRAME();
}

FRAME static void unwind_loaded_spin(void)
{
	for (volatile uint64_t turns = 0;; turns++)
		;
}

FRAME void unwind_loaded_loop(leaf_fn *leaf)
{
	(void)leaf;
	unwind_loaded_inner(unwind_loaded_spin, 5);
	KEEP_FRAME();
}
