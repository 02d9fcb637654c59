/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * unwind_arch.h - what differs between processors when stacks are walked. Only x86-64 so far; arm64
 * needs: the link register of the innermost frame, the bits of pointer authentication taken off
 * return addresses, and the offsets of its own rt_sigframe.
 */
#ifndef UNWIND_ARCH_H
#define UNWIND_ARCH_H

/* System V ABI, AMD64 supplement, figure 3.36: DWARF register numbers. */
#define UNWIND_REG_BX 3
#define UNWIND_REG_BP 6
#define UNWIND_REG_SP 7
#define UNWIND_REG_IP 16

/*
 * Where the kernel saved the registers: struct ucontext at the stack pointer when the handler has
 * returned (arch/x86/include/uapi/asm/ucontext.h and sigcontext.h, struct sigcontext_64 at 40).
 */
#define UNWIND_SIGNAL_BP 120
#define UNWIND_SIGNAL_BX 128
#define UNWIND_SIGNAL_SP 160
#define UNWIND_SIGNAL_IP 168

/* Where code can be (Documentation/arch/x86/x86_64/mm.rst; nothing is mapped below vm.mmap_min_addr),
 * and how far apart frames of one stack are at most: most threads have less in all. */
#define UNWIND_CODE_MIN	 (1ull << 16)
#define UNWIND_CODE_MAX	 (1ull << 47)
#define UNWIND_FRAME_MAX (8ull << 20)

/* Whether the last of eight bytes of code are a call (Intel's manual, volume 2: E8 and FF /2). */
static __always_inline bool unwind_ends_in_call(__u64 code)
{
	/* `code` holds the byte n before the end at its bits 64 - 8 n */
	if ((code >> 24 & 0xff) == 0xe8)
		return true;
	return (code >> 48 & 0x38ff) == 0x10ff || (code >> 40 & 0x38ff) == 0x10ff ||
	       (code >> 32 & 0x38ff) == 0x10ff || (code >> 16 & 0x38ff) == 0x10ff ||
	       (code >> 8 & 0x38ff) == 0x10ff;
}

static __always_inline bool unwind_signal_frame(struct unwind_walk *w)
{
	__u64 ip, sp, bp;

	if (!unwind_read(w, w->sp + UNWIND_SIGNAL_IP, &ip) ||
	    !unwind_read(w, w->sp + UNWIND_SIGNAL_SP, &sp) ||
	    !unwind_read(w, w->sp + UNWIND_SIGNAL_BP, &bp)) {
		w->end = SCOPE_END_UNREADABLE;
		return false;
	}
	w->bx_at = w->sp + UNWIND_SIGNAL_BX;
	w->ip = ip;
	w->sp = sp;
	w->bp = bp;
	w->flags = UNWIND_EXACT;
	return true;
}

static __always_inline bool unwind_return_address(struct unwind_walk *w,
						  const struct scope_unwind_rule *rule, __u64 cfa,
						  __u64 *ret_ip)
{
	if (rule->ra == SCOPE_RA_LINK) { /* vfork() keeps it in a register, past its system call */
		if (!(w->flags & UNWIND_LEAF) || rule->reg >= SCOPE_RAW_REGS)
			return unwind_end(w, SCOPE_END_NO_RULE);
		w->by_register = 1;
		*ret_ip = w->regs[rule->reg];
		return true;
	}
	if (!unwind_read(w, unwind_at(cfa, rule->ra_off), ret_ip)) {
		w->end = SCOPE_END_UNREADABLE;
		return false;
	}
	return true;
}

#endif
