/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * scope_unwind.h - unwind tables as they lie in the kernel's maps, and what the unwinder needs to know
 * of address spaces. Shared with bpf/. User space (src/unwind_*.c) writes them, the walker
 * (bpf/unwind.h), compiled for the kernel and for user space, reads them.
 *
 * An image's table says for every code address of a file how to get from a frame to its caller. It is
 * made of elements of SCOPE_UNWIND_ELEMENT bytes, the values of one BPF array per image:
 *
 *   elements 0 .. n-1   the index: one struct scope_unwind_page per SCOPE_UNWIND_PAGE bytes of the file,
 *                       from the image's first executable page on
 *   the others          rows, sorted within each page; a page's rows lie in one element
 *
 * A row holds from its offset to the next row's. The first row of a page has offset 0, so that no
 * search ever leaves the page. Rows name rules, which all images share (`unwind_rules`).
 *
 * Addresses of code are looked up by their offset in the file, which a mapping gives without the
 * ELF headers.
 */
#ifndef SCOPE_UNWIND_H
#define SCOPE_UNWIND_H

#ifndef __bpf__
#include <assert.h>
#include <linux/types.h>
#endif

#define SCOPE_UNWIND_PAGE    4096u /* bytes of code that an index entry stands for */
#define SCOPE_UNWIND_ELEMENT 4096u /* bytes of a map element */
#define SCOPE_UNWIND_PAGES   (SCOPE_UNWIND_ELEMENT / 8) /* index entries in an element */
#define SCOPE_UNWIND_ROWS    (SCOPE_UNWIND_ELEMENT / 4) /* rows in an element, and at most in a page */
#define SCOPE_UNWIND_RULES   32768u /* room for rules of all images together; rule 0: SCOPE_CFA_NONE */
#define SCOPE_UNWIND_IMAGES  8192u  /* room for images; image 0: none */
#define SCOPE_UNWIND_MAPS    65536u /* room for mappings of all address spaces together */
#define SCOPE_UNWIND_SPACES  16384u /* room for address spaces */
#define SCOPE_UNWIND_VERSIONS 1024u /* counters of changes; address spaces share them, by their owner */
#define SCOPE_UNWIND_RAWS    1024u  /* stacks shipped whole before user space writes the space anew */

struct scope_unwind_page {
	__u32 element; /* of the image's map */
	__u16 first;   /* its first row in that element */
	__u16 count;   /* 0: no rule in this page */
};

/* A row: the offset in the page above, the rule below. */
#define SCOPE_UNWIND_ROW(offset, rule) ((__u32)(offset) << 16 | (__u32)(rule))

/* How the CFA (the canonical frame address, DWARF 5, 6.4) comes from the registers. */
enum scope_cfa {
	SCOPE_CFA_NONE,	    /* no rule, or one that cannot be said here */
	SCOPE_CFA_END,	    /* the return address is undefined: the outermost frame */
	SCOPE_CFA_SP,	    /* sp + cfa_off */
	SCOPE_CFA_BP,	    /* bp + cfa_off */
	SCOPE_CFA_REG,	    /* register `reg` (DWARF's number) + cfa_off: innermost frame only, or bx */
	SCOPE_CFA_DEREF_SP, /* *(sp + cfa_off) + add */
	SCOPE_CFA_DEREF_BP, /* *(bp + cfa_off) + add */
	SCOPE_CFA_PLT,	    /* sp + cfa_off, and 8 more from byte `add` of a 16-byte PLT entry on */
	SCOPE_CFA_SIGNAL,   /* a signal frame: all registers from the kernel's rt_sigframe at sp */
	SCOPE_CFA_BP_FAR,   /* bp + cfa_off, on another stack than sp: below it or above */
};

/* Where the caller's frame pointer is. */
enum scope_bp {
	SCOPE_BP_SAME,
	SCOPE_BP_CFA, /* saved at CFA + bp_off */
	SCOPE_BP_BP,  /* saved at the frame pointer + bp_off (functions that align their stack) */
};

/* Where the return address is. */
enum scope_ra {
	SCOPE_RA_CFA,  /* at CFA + ra_off */
	SCOPE_RA_LINK, /* still in the link register: innermost frame, and arm64's leaf functions */
};

/*
 * Where the caller's bx is (x86-64: rbx), of the registers that callees keep the one that the CFA comes
 * from in frames that call: 0, where it was; SCOPE_BX_LOST; else at CFA + bx_off, a multiple of 8.
 */
#define SCOPE_BX_LOST 1

struct scope_unwind_rule {
	__u8 cfa; /* enum scope_cfa */
	__u8 reg;
	__u8 bp; /* enum scope_bp */
	__u8 ra; /* enum scope_ra */
	__s32 cfa_off;
	__s16 bp_off;
	__s16 ra_off;
	__s16 add;
	__s16 bx_off;
};

/*
 * A mapping of code in an address space. The mappings of a space are neighbours in `unwind_maps`, sorted,
 * and do not overlap.
 */
struct scope_unwind_map {
	__u64 start, end;
	__u32 image; /* 0: no table, go by frame pointers; SCOPE_UNWIND_PENDING: there will be one */
	__u32 page;  /* index entry of `start`; all up to `end` are in the index */
};

#define SCOPE_UNWIND_PENDING 0xffffffffu

/*
 * An address space, by its owner (bpf/core.bpf.h: a process until it executes another program). The
 * kernel side adds it unbound when it first meets the owner and sends a SCOPE_REC_SPACE; user space
 * answers by writing it anew. A walk that began before still reads the old mappings: they stay as they
 * are for a while.
 */
struct scope_unwind_space {
	__u32 first, count; /* in `unwind_maps` */
	__u32 bound;	    /* 0: not answered yet */
	__u32 raws;	    /* the kernel side's: RAW records of it since it was written */
};

#ifndef __bpf__
static_assert(sizeof(struct scope_unwind_page) == 8, "map");
static_assert(sizeof(struct scope_unwind_rule) == 16, "map");
static_assert(sizeof(struct scope_unwind_map) == 24, "map");
static_assert(sizeof(struct scope_unwind_space) == 16, "map");
#endif

#endif
