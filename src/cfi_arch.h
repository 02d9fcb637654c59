/* SPDX-License-Identifier: MIT */
/*
 * cfi_arch.h - what differs between processors when tables are built; bpf/unwind_arch.h is its
 * other half. Only x86-64 so far.
 */
#ifndef CFI_ARCH_H
#define CFI_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CFI_ARCH_MACHINE EM_X86_64 /* elf.h */

/* System V ABI, AMD64 supplement, figure 3.36: DWARF register numbers. */
#define CFI_ARCH_REG_BX 3
#define CFI_ARCH_REG_BP 6
#define CFI_ARCH_REG_SP 7
#define CFI_ARCH_REG_RA 16
#define CFI_ARCH_REGS	16 /* those below have a place among the registers of a walk */

/* Where the kernel's signal frame has the registers, from the stack pointer of a handler that has
 * returned (struct ucontext, arch/x86/include/uapi/asm/sigcontext.h). */
#define CFI_ARCH_SIGNAL_BP 120
#define CFI_ARCH_SIGNAL_SP 160
#define CFI_ARCH_SIGNAL_RA 168

/*
 * mov $__NR_rt_sigreturn, %rax; syscall. Only the end of a signal handler runs this, in glibc, musl
 * and Go alike: the kernel takes the frame from where the stack pointer is.
 */
#define CFI_ARCH_SIGRETURN "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05"

/*
 * mov %rbx, %rsp; mov (%rsp), %rdi; test %rdi, %rdi. The first instructions of glibc's
 * __start_context (sysdeps/unix/sysv/linux/x86_64/__start_context.S), to which a coroutine's entry
 * returns: the outermost frame of its stack, though its call frame information does not say so. No
 * call leads there.
 */
#define CFI_ARCH_COROUTINE "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff"

/*
 * The CFA of a procedure linkage table as linkers say it: sp + N, and 8 more where the entry has
 * pushed its number, which byte M of 16 does: breg7 N; breg16 0; lit15; and; litM; ge; lit3; shl;
 * plus N and M are bytes 1 and 6.
 */
#define CFI_ARCH_PLT	 "\x77\x00\x80\x00\x3f\x1a\x00\x2a\x33\x24\x22"
#define CFI_ARCH_PLT_SP	 1
#define CFI_ARCH_PLT_LIT 6

/* runtime.goexit begins so: a nop, and a call. */
#define CFI_ARCH_GOEXIT "\x90\xe8"

/*
 * How Go's functions save the frame pointer, once they have made room for a frame: mov %rbp,
 * N(%rsp), with N the frame's bytes less 8, in no byte, one or four; from Go 1.21 on push %rbp,
 * which makes the room.
 */
#define CFI_ARCH_PUSH_BP   0x55
#define CFI_ARCH_STORE_BP0 "\x48\x89\x2c\x24" /* N: 0 */
#define CFI_ARCH_STORE_BP  "\x48\x89\x6c\x24" /* N: a byte */
#define CFI_ARCH_STORE_BP4 "\x48\x89\xac\x24" /* N: four bytes */

/*
 * How many bytes from `code` on until the frame pointer lies on top of a frame, whose room has just
 * been made: by what `code[-1]` ends; all up to `code[7]` is there. Negative: this function does
 * not save it.
 */
static inline int cfi_arch_bp_saved_after(const uint8_t *code, uint32_t frame_bytes)
{
	uint32_t off;

	if (frame_bytes == 8 && code[-1] == CFI_ARCH_PUSH_BP)
		return 0;
	if (frame_bytes == 8 && memcmp(code, CFI_ARCH_STORE_BP0, 4) == 0)
		return 4;
	if (memcmp(code, CFI_ARCH_STORE_BP, 4) == 0 && code[4] < 128 && code[4] == frame_bytes - 8)
		return 5;
	memcpy(&off, code + 4, sizeof(off));
	return memcmp(code, CFI_ARCH_STORE_BP4, 4) == 0 && off == frame_bytes - 8 ? 8 : -1;
}

/* A call through a register or memory, as to a function that was given. */
static inline bool cfi_arch_call_is_indirect(const uint8_t *code)
{
	return code[0] == 0xff;
}

/* How long the call is that these bytes begin with, without prefixes; 0 if they are none. */
static inline uint32_t cfi_arch_call_bytes(const uint8_t *code, uint32_t bytes)
{
	uint8_t mode, memory;

	if (bytes >= 5 && code[0] == 0xe8)
		return 5;
	if (bytes < 2 || code[0] != 0xff || (code[1] & 0x38) != 0x10)
		return 0;
	mode = code[1] >> 6;
	memory = code[1] &
		 7; /* 4: another byte says where; 5: relative to the instruction, if mode 0 */
	if (mode == 3)
		return 2;
	if (mode == 0)
		return memory == 5 ? 6 : memory == 4 ? 3 : 2;
	return (mode == 1 ? 3u : 6u) + (memory == 4 ? 1u : 0u);
}

#endif
