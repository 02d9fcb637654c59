// SPDX-License-Identifier: MIT
/*
 * signals.c - stacks through signal frames. The frame that a signal interrupted is at the address
 * where it goes on, not behind a call: the rules for that very address hold.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unwind.h"
#include "work.h"

#define STACK_BYTES (64 * 1024)

void unwind_handler(int signal);
void unwind_interrupted_call(void);
void unwind_interrupted_leaf(void);
void unwind_trap(void);

static int silence[2]; /* a pipe that nobody writes to */

FRAME void unwind_handler(int signal)
{
	(void)signal;
	unwind_self->step = 2;
	unwind_self->leaf();
	KEEP_FRAME();
}

FRAME void unwind_interrupted_call(void)
{
	char byte;

	unwind_self->step = 1;
	if (read(silence[0], &byte, 1) < 0)
		work_die("read");
	KEEP_FRAME();
}

/* No frame, and a local variable below the stack pointer, where only leaves may have one. */
FRAME void unwind_interrupted_leaf(void)
{
	struct thread *self = unwind_self;

	for (volatile uint64_t turns = 0; self->step < 2; turns++)
		self->step = 1;
}

/*
 * The trap is the first instruction of a function: the address before it belongs to another one,
 * whose frame is larger.
 */
__asm__(".text\n"
	".type unwind_before_trap,@function\n"
	"unwind_before_trap:\n"
	"	.cfi_startproc\n"
	"	sub $4096,%rsp\n"
	"	.cfi_adjust_cfa_offset 4096\n"
	"	ud2\n"
	"	.cfi_endproc\n"
	".size unwind_before_trap,.-unwind_before_trap\n"
	".globl unwind_trap\n"
	".type unwind_trap,@function\n"
	"unwind_trap:\n"
	"	.cfi_startproc\n"
	"	ud2\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size unwind_trap,.-unwind_trap\n");

FRAME void unwind_signal_call(leaf_fn *leaf)
{
	(void)leaf;
	unwind_interrupted_call();
	KEEP_FRAME();
}

FRAME void unwind_signal_leaf(leaf_fn *leaf)
{
	(void)leaf;
	unwind_interrupted_leaf();
	KEEP_FRAME();
}

/* The handler's stack may lie above the thread's: the walk goes down at the signal frame. */
FRAME void unwind_signal_stack(leaf_fn *leaf)
{
	stack_t stack = { .ss_size = STACK_BYTES };

	(void)leaf;
	stack.ss_sp =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL))
		work_die("sigaltstack");
	unwind_interrupted_call();
	KEEP_FRAME();
}

FRAME void unwind_signal_trap(leaf_fn *leaf)
{
	(void)leaf;
	unwind_trap();
	KEEP_FRAME();
}

void catch_signals(void)
{
	struct sigaction action = { .sa_handler = unwind_handler, .sa_flags = SA_ONSTACK };

	if (pipe(silence) || sigaction(SIGUSR1, &action, NULL) || sigaction(SIGILL, &action, NULL))
		work_die("signals");
}
