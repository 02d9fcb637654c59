// SPDX-License-Identifier: MIT
/*
 * forest.c - computes in ever other stacks, for tools/bench/folding: of 34 frames, of which every
 * other one is one of two functions, by chance: 131 072 stacks, on two threads, until it is killed.
 * Built with frame pointers, so that any profiler follows them.
 */
#include <pthread.h>
#include <stdint.h>

#define DEPTH 17
#define WORDS 2000 /* of work at the end of each path */

static void walk(uint64_t *seed, int depth);

/* clang-format off */
#define TREE(n)                                                                                    \
	__attribute__((noinline)) static void tree_##n(uint64_t *seed, int depth)                  \
	{                                                                                          \
		walk(seed, depth);                                                                 \
		__asm__ volatile("" ::: "memory"); /* no tail call */                              \
	}
TREE(0) TREE(1) TREE(2) TREE(3) TREE(4) TREE(5) TREE(6) TREE(7)
TREE(8) TREE(9) TREE(10) TREE(11) TREE(12) TREE(13) TREE(14) TREE(15)
/* clang-format on */

static void (*const trees[])(uint64_t *, int) = {
	tree_0, tree_1, tree_2,	 tree_3,  tree_4,  tree_5,  tree_6,  tree_7,
	tree_8, tree_9, tree_10, tree_11, tree_12, tree_13, tree_14, tree_15,
};

static void walk(uint64_t *seed, int depth)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	if (depth == DEPTH) {
		for (volatile int i = 0; i < WORDS; i++)
			;
	} else {
		trees[(depth * 2 + (int)(*seed >> 60 & 1)) & 15](seed, depth + 1);
	}
	__asm__ volatile("" ::: "memory");
}

static void *work(void *first)
{
	uint64_t seed = (uint64_t)(uintptr_t)first;

	for (;;)
		walk(&seed, 0);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, (void *)2))
		return 1;
	work((void *)1);
}
