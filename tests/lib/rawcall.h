/* SPDX-License-Identifier: MIT */
/*
 * rawcall.h - a system call made by the function that names it, without a libc function between.
 *
 * libc has no frame pointers, so a stack walked by them from inside a libc wrapper loses the
 * caller. Inlined like this, the instruction that enters the kernel lies in the function itself and
 * its chain of frame pointers is whole. Returns what the kernel returns: -errno on failure.
 */
#ifndef RAWCALL_H
#define RAWCALL_H

#include <sys/syscall.h>

#ifndef __x86_64__
#error "write this architecture's system call here"
#endif

static inline __attribute__((always_inline)) long raw_call6(long number, long a, long b, long c,
							    long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define raw_call(number, a, b, c, d)                                                               \
	raw_call6((number), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

#endif
