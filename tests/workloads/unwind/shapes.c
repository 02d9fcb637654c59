// SPDX-License-Identifier: MIT
/* shapes.c - the chains of calls, and the table of them. */
#include <alloca.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind.h"
#include "work.h"

#pragma GCC diagnostic ignored "-Wvla" /* they are what is looked at */

#define PLAIN_DEPTH	200
#define ABYSS_DEPTH	700
#define BIG_DEPTH	4
#define BIG_BYTES	(24 * 1024)
#define ITEMS		64
#define COROUTINE_BYTES (64 * 1024)

/* What `enter` of the table is, for functions that take more, and what goes on over several. */
void unwind_recurse(leaf_fn *leaf, int depth);
void unwind_big(leaf_fn *leaf, int depth);
int unwind_compare(const void *a, const void *b);
void unwind_vla(leaf_fn *leaf, size_t count, int depth);
void unwind_clobber(leaf_fn *leaf, size_t count, int depth);
void unwind_coroutine_entry(void);
void unwind_never(leaf_fn *leaf);
void unwind_tail(leaf_fn *leaf);
void unwind_by_bx(leaf_fn *leaf);

FRAME void unwind_recurse(leaf_fn *leaf, int depth)
{
	if (depth > 1)
		unwind_recurse(leaf, depth - 1);
	else
		leaf();
	KEEP_FRAME();
}

FRAME static void unwind_recursion(leaf_fn *leaf)
{
	unwind_recurse(leaf, PLAIN_DEPTH);
	KEEP_FRAME();
}

FRAME static void unwind_abyss(leaf_fn *leaf)
{
	unwind_recurse(leaf, ABYSS_DEPTH);
	KEEP_FRAME();
}

FRAME static void unwind_direct(leaf_fn *leaf)
{
	leaf();
	KEEP_FRAME();
}

/* Frames larger than what is copied of a stack at once. */
FRAME void unwind_big(leaf_fn *leaf, int depth)
{
	volatile char block[BIG_BYTES];

	for (size_t i = 0; i < sizeof(block); i += 1024)
		block[i] = (char)depth;
	if (depth > 1)
		unwind_big(leaf, depth - 1);
	else
		leaf();
	block[0] = block[1024];
}

FRAME static void unwind_deep(leaf_fn *leaf)
{
	unwind_big(leaf, BIG_DEPTH);
	KEEP_FRAME();
}

FRAME int unwind_compare(const void *a, const void *b)
{
	unwind_self->leaf();
	KEEP_FRAME();
	return *(const int *)a - *(const int *)b;
}

FRAME static void unwind_qsort(leaf_fn *leaf)
{
	int items[ITEMS];

	(void)leaf;
	for (int i = 0; i < ITEMS; i++)
		items[i] = (i * 37) % ITEMS;
	qsort(items, ITEMS, sizeof(*items), unwind_compare);
	KEEP_FRAME();
}

/* The frame's address is in rbp, since the stack pointer is anywhere. */
FRAME void unwind_vla(leaf_fn *leaf, size_t count, int depth)
{
	volatile char array[count];
	volatile char *more = alloca(count * 3);

	array[0] = more[0] = (char)depth;
	unwind_clobber(leaf, count + 100, depth);
	more[0] = array[0];
}

/* The frame's address comes from the stack pointer, and rbp holds nothing that would help. */
FRAME void unwind_clobber(leaf_fn *leaf, size_t count, int depth)
{
	__asm__ volatile("mov %%rsp, %%rbp\n\tadd $8, %%rbp" ::: "rbp", "rbx", "r12", "r13");
	if (depth > 1)
		unwind_vla(leaf, count, depth - 1);
	else
		leaf();
	KEEP_FRAME();
}

FRAME static void unwind_dynamic(leaf_fn *leaf)
{
	unwind_vla(leaf, 123, 3);
	KEEP_FRAME();
}

FRAME void unwind_coroutine_entry(void)
{
	tell_thread(unwind_self, __builtin_return_address(0));
	unwind_self->step = 1;
	unwind_self->leaf();
	KEEP_FRAME();
}

FRAME static void unwind_coroutine(leaf_fn *leaf)
{
	ucontext_t here, there;

	(void)leaf;
	if (getcontext(&there))
		work_die("getcontext");
	there.uc_stack.ss_sp = calloc(1, COROUTINE_BYTES);
	there.uc_stack.ss_size = COROUTINE_BYTES;
	there.uc_link = &here;
	if (!there.uc_stack.ss_sp)
		work_die("calloc");
	makecontext(&there, unwind_coroutine_entry, 0);
	if (swapcontext(&here, &there))
		work_die("swapcontext");
	KEEP_FRAME();
}

FRAME void unwind_never(leaf_fn *leaf)
{
	leaf();
	abort();
}

/*
 * A function's last instruction is the call of one that does not return, so that the return address
 * is in the next function, whose frame is larger.
 */
__asm__(".text\n"
	".globl unwind_tail\n"
	".type unwind_tail,@function\n"
	"unwind_tail:\n"
	"	.cfi_startproc\n"
	"	sub $40,%rsp\n"
	"	.cfi_adjust_cfa_offset 40\n"
	"	call unwind_never\n"
	"	.cfi_endproc\n"
	".size unwind_tail,.-unwind_tail\n"
	".type unwind_after_tail,@function\n"
	"unwind_after_tail:\n"
	"	.cfi_startproc\n"
	"	.cfi_def_cfa_offset 4096\n"
	"	add $4088,%rsp\n"
	"	.cfi_def_cfa_offset 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size unwind_after_tail,.-unwind_after_tail\n");

/*
 * The frame's address is in rbx, since the stack is aligned: the dynamic linker's lazy resolver is
 * made like this.
 */
__asm__(".text\n"
	".globl unwind_by_bx\n"
	".type unwind_by_bx,@function\n"
	"unwind_by_bx:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	.cfi_rel_offset rbx, 0\n"
	"	mov %rsp,%rbx\n"
	"	.cfi_def_cfa_register rbx\n"
	"	and $-64,%rsp\n"
	"	sub $640,%rsp\n"
	"	call *%rdi\n"
	"	mov %rbx,%rsp\n"
	"	.cfi_def_cfa_register rsp\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size unwind_by_bx,.-unwind_by_bx\n");

FRAME static void unwind_bx(leaf_fn *leaf)
{
	unwind_by_bx(leaf);
	KEEP_FRAME();
}

FRAME static void unwind_noreturn(leaf_fn *leaf)
{
	unwind_tail(leaf);
	KEEP_FRAME();
}

/* Code that is in no file, and has a frame pointer as such code should. */
FRAME static void unwind_jit(leaf_fn *leaf)
{
	static const unsigned char code[] = {
		0x55,		  /* push %rbp */
		0x48, 0x89, 0xe5, /* mov %rsp,%rbp */
		0xff, 0xd7,	  /* call *%rdi */
		0x5d,		  /* pop %rbp */
		0xc3,		  /* ret */
	};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*made)(leaf_fn * leaf);

	if (page == MAP_FAILED)
		work_die("mmap");
	memcpy(page, code, sizeof(code));
	if (mprotect(page, 4096, PROT_READ | PROT_EXEC))
		work_die("mprotect");
	memcpy(&made, &page, sizeof(made));
	made(leaf);
	KEEP_FRAME();
}

/* Leaves in libc, in the vdso, and in the stub that calls a library's function. */
FRAME static void unwind_libc_loop(leaf_fn *leaf)
{
	static __thread volatile char block[64 * 1024];

	(void)leaf;
	for (int i = 0;; i++)
		memset((char *)block, i, sizeof(block));
}

FRAME static void unwind_vdso_loop(leaf_fn *leaf)
{
	struct timespec t;

	(void)leaf;
	for (;;)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

FRAME static void unwind_plt_loop(leaf_fn *leaf)
{
	volatile long sink = 1;

	(void)leaf;
	for (;;)
		sink = labs(sink);
}

const struct shape unwind_shapes[] = {
	{ "leaf", unwind_direct, "unwind_direct", SHAPE_RAW },
	{ "call", unwind_direct, "unwind_direct", 0 },
	{ "recursion", unwind_recursion, "unwind_recursion,unwind_recurse*200", 0 },
	{ "deep", unwind_deep, "unwind_deep,unwind_big*4", 0 },
	{ "qsort", unwind_qsort, "unwind_qsort,~,unwind_compare", 0 },
	{ "dynamic", unwind_dynamic,
	  "unwind_dynamic,unwind_vla,unwind_clobber,unwind_vla,unwind_clobber,unwind_vla,unwind_"
	  "clobber",
	  0 },
	{ "aligned_gcc", unwind_aligned_gcc,
	  "unwind_aligned_gcc,unwind_aligned_gcc_args,unwind_aligned_gcc_alloca", 0 },
	{ "aligned_clang", unwind_aligned_clang,
	  "unwind_aligned_clang,unwind_aligned_clang_args,unwind_aligned_clang_alloca", 0 },
	{ "bx", unwind_bx, "unwind_bx,unwind_by_bx", 0 },
	{ "signal_call", unwind_signal_call,
	  "unwind_signal_call,unwind_interrupted_call,~,unwind_handler", SHAPE_POKE },
	{ "signal_leaf", unwind_signal_leaf,
	  "unwind_signal_leaf,unwind_interrupted_leaf,~,unwind_handler", SHAPE_POKE },
	{ "signal_stack", unwind_signal_stack,
	  "unwind_signal_stack,unwind_interrupted_call,~,unwind_handler", SHAPE_POKE },
	{ "signal_trap", unwind_signal_trap, "unwind_signal_trap,unwind_trap,~,unwind_handler", 0 },
	{ "coroutine", unwind_coroutine, "unwind_coroutine_entry", SHAPE_OWN_STACK },
	{ "noreturn", unwind_noreturn, "unwind_noreturn,unwind_tail,unwind_never", 0 },
	{ "jit", unwind_jit, "unwind_jit,?", 0 },
	{ "framed", unwind_framed, "unwind_framed,unwind_framed_inner", 0 },
	{ "debug_frame", unwind_debug_frame, "unwind_debug_frame,unwind_debug_frame_inner", 0 },
	{ "bare", unwind_bare, "unwind_bare,unwind_bare_inner", SHAPE_INCOMPLETE },
	{ "libc_loop", unwind_libc_loop, "unwind_libc_loop,~", SHAPE_LOOP },
	{ "vdso_loop", unwind_vdso_loop, "unwind_vdso_loop,~", SHAPE_LOOP },
	{ "plt_loop", unwind_plt_loop, "unwind_plt_loop,~", SHAPE_LOOP },
	{ "abyss", unwind_abyss, "unwind_abyss,unwind_recurse*700", SHAPE_ASKED },
	{ .name = NULL },
};
