// SPDX-License-Identifier: MIT
/* Call frame information: every instruction, every form of rule. */
#include "cfi_made.h"

/* --- instructions ----------------------------------------------------------------------------- */

static void advances(void)
{
	CHECK_TEXT(rows_by(B("")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e\x10\x42\x0e\x18")), "0 sp+8 | 1 sp+16 | 3 sp+24 | 100 -");
	CHECK_TEXT(rows_by(B("\x02\x80\x0e\x10")), "0 sp+8 | 80 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x03\x81\0\x0e\x10")), "0 sp+8 | 81 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x04\x82\0\0\0\x0e\x10")), "0 sp+8 | 82 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x1d\x83\0\0\0\0\0\0\0\x0e\x10")), "0 sp+8 | 83 sp+16 | 100 -");
	/* By nothing, to the end, and beyond. */
	CHECK_TEXT(rows_by(B("\x40\x0e\x10")), "0 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x03\0\x01\x0e\x10")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x04\xff\xff\xff\xff\x0e\x10")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x1d\xff\xff\xff\xff\xff\xff\xff\xff\x0e\x10")), "0 sp+8 | 100 -");
	/* What is the same is one row. */
	CHECK_TEXT(rows_by(B("\x41\x8c\x02\x42\x0e\x08\x43\x0e\x10\x41\xcc")),
		   "0 sp+8 | 6 sp+16 | 100 -");
	/* A factor. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x04" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL),
				  B("\x41\x0e\x10")),
		   "0 sp+8 | 4 sp+16 | 100 -");
	CHECK_TEXT(rows_by_common(
			   B("\x01zR\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" DATA_ALIGN RETURN
			     "\x01" PCREL_SDATA4 INITIAL),
			   B("\x42\x0e\x10")),
		   "0 sp+8 | 100 -");
}

static void set_location(void)
{
	size_t common, from;

	start(true);
	common = put_usual_common();
	put_function(common, 0, 0x100, B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 sp+16 | 100 -");
	/* Backwards, and out of the function. */
	start(true);
	common = put_usual_common();
	put_function(common, 0, 0x100,
		     B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10\x01\x1f\x10\x40\0\0\0\0\0\x0e\x18"));
	put_function(common, 0x200, 0x100, B("\x01\x20\x10\x40\0\0\0\0\0\x0e\x10"));
	put_function(common, 0x400, 0x100, B("\x01\x20\x20\x40\0\0\0\0\0\x0e\x10"));
	CHECK_TEXT(rows_of(false), "0 sp+8 | 20 none: malformed | 100 - | 200 none: malformed | "
				   "300 - | 400 none: malformed | 500 -");
	/* In .eh_frame as addresses are there. */
	start(false);
	common = put_usual_common();
	from = begin_entry();
	put_link(common);
	put_number(CODE_VADDR - (FRAME_VADDR + section.size), 4);
	put(B("\0\x01\0\0\0\x01")); /* 0x100 bytes, no augmentation data, DW_CFA_set_loc */
	put_number(CODE_VADDR + 0x30 - (FRAME_VADDR + section.size), 4);
	put(B("\x0e\x10"));
	end_entry(from);
	CHECK_TEXT(rows_of(false), "0 sp+8 | 30 sp+16 | 100 -");
}

static void cfa_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x0c\x06\x10")), "0 bp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x0a\0")), "0 r10+0 | 100 -");
	CHECK_TEXT(rows_by(B("\x0d\x06")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x80\x02")), "0 sp+256 | 100 -");
	CHECK_TEXT(rows_by(B("\x12\x06\x7e")), "0 bp+16 | 100 -"); /* -2 times -8 */
	CHECK_TEXT(rows_by(B("\x12\x06\x02")), "0 bp-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x13\x7c")), "0 sp+32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x10\0")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x80\x80\x04\0")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x80\x80\x80\x80\x08")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\xff\xff\xff\xff\x07")), "0 sp+2147483647 | 100 -");
	/* Half of an expression cannot be changed; a whole CFA can follow one. */
	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10\x41\x0e\x20\x41\x0c\x07\x10")),
		   "0 sp+16 | 1 none: malformed | 2 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10\x41\x0d\x06")),
		   "0 sp+16 | 1 none: malformed | 100 -");
	/* None at all. */
	CHECK_TEXT(
		rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x90\x01"),
			       B("")),
		"0 none: malformed | 100 -");
}

static void register_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x86\x02")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x05\x06\x02")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x11\x06\x7e")), "0 sp+8 bp@+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x2f\x06\x02")), "0 sp+8 bp@+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\xc6")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x06\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x08\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x02\x41\x07\x06")), "0 sp+8 bp@-16 | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x06\x06")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x06\x09")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x06\x01")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x80\x80\x01")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x86\x80\x20")), "0 sp+8 bp@-32768 | 100 -");
	CHECK_TEXT(rows_by(B("\x90\x02")), "0 sp+8 ra@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x90\x80\x80\x01")), "0 none: range | 100 -");
	CHECK_TEXT(rows_by(B("\x07\x10")), "0 end | 100 -");
	CHECK_TEXT(rows_by(B("\x07\x10\x41\xd0")), "0 end | 1 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x08\x10")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\0\x09\x10\x05")), "0 sp+0 ra=r5 | 100 -"); /* vfork */
	CHECK_TEXT(rows_by(B("\x09\x10\x11")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x0c\x05\0\x09\x10\x01")), "0 none: ra | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x07\0")), "0 sp+8 | 100 -"); /* what goes without saying */
	CHECK_TEXT(rows_by(B("\x15\x07\0")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x07\x01")), "0 none: sp | 100 -");
	CHECK_TEXT(rows_by(B("\x15\x07\x7f")), "0 none: sp | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x07\x08")), "0 none: sp | 100 -");
	/* Others do not count, whatever becomes of them. */
	CHECK_TEXT(rows_by(B("\x8c\x02\x05\x0f\x02\x09\x0e\x08\x07\x0c\x10\x0d\x01\x30\x2e\x20\0")),
		   "0 sp+8 | 100 -");
}

static void the_register_of_resolvers(void)
{
	CHECK_TEXT(rows_by(B("\x0e\x10\x83\x02\x41\x0d\x03")),
		   "0 sp+16 bx@-16 | 1 r3+16 bx@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x83\x03\x41\xc3\x41\x05\x03\x04\x41\x08\x03")),
		   "0 sp+8 bx@-24 | 1 sp+8 | 2 sp+8 bx@-32 | 3 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x83\x02\x41\x09\x03\x03")), "0 sp+8 bx@-16 | 1 sp+8 | 100 -");
	/* On the stack at the start; relative to the CFA's own register. */
	CHECK_TEXT(rows_by(B("\x10\x03\x02\x40\x1c")), "0 sp+8 bx@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x30\x10\x03\x02\x77\x10")), "0 sp+48 bx@-32 | 100 -");
	/* Lost: elsewhere, too far away, unaligned, at the CFA; the rest is as good as before. */
	CHECK_TEXT(rows_by(B("\x07\x03")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x09\x03\x09")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x03\x02\x76\x78")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x83\x80\x20")), "0 sp+8 bx@-32768 | 100 -");
	CHECK_TEXT(rows_by(B("\x83\x80\x80\x01")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x03\x03\x09\xe9\x22")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x83\0")), "0 sp+8 bx? | 100 -");
	CHECK_TEXT(rows_by(B("\x14\x03\x02")), "0 sp+8 bx? | 100 -");
}

static void remembered_states(void)
{
	static char deep[300];

	CHECK_TEXT(rows_by(B("\x41\x0e\x10\x86\x02\x41\x0a\x0c\x07\x08\xc6\x41\x0b\x41\x0e\x18")),
		   "0 sp+8 | 1 sp+16 bp@-16 | 2 sp+8 | 3 sp+16 bp@-16 | 4 sp+24 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0a\x0e\x10\x0a\x0e\x18\x41\x0b\x41\x0b")),
		   "0 sp+24 | 1 sp+16 | 2 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x10\x41\x0b")), "0 sp+16 | 1 none: malformed | 100 -");
	memset(deep, 0x0a, sizeof(deep));
	CHECK_TEXT(rows_by(deep, 64), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(deep, sizeof(deep)), "0 none: malformed | 100 -");
	/* One function's does not reach the next. */
	start(false);
	{
		size_t common = put_usual_common();

		put_function(common, 0, 0x10, B("\x0a"));
		put_function(common, 0x10, 0x10, B("\x0b"));
	}
	CHECK_TEXT(rows_of(false), "0 sp+8 | 10 none: malformed | 20 -");
}

static void malformed_instructions(void)
{
	CHECK_TEXT(rows_by(B("\x41\x3f")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x17\x01\x01")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0e\x80\x80")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x04\x01\0")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0f\x05\x77\x10")), "0 sp+8 | 1 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x41\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x77")),
		   "0 sp+8 | 1 none: malformed | 100 -");
	/* A common entry's own: advances, and what makes no sense. */
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x41"),
				  B("")),
		   "");
	CHECK_TEXT(rows_by_common(B("\x01zR\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 "\x3f"),
				  B("")),
		   "");
}

/* --- expressions ------------------------------------------------------------------------------ */

static void cfa_expressions(void)
{
	/* The CFA of procedure linkage tables, with two sizes of entry, and nearly that. */
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24\x22")),
		   "0 plt+8+11 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x10\x80\0\x3f\x1a\x3a\x2a\x33\x24\x22")),
		   "0 plt+16+10 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x3b\x2a\x34\x24\x22")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0b\x77\x08\x80\0\x3f\x1a\x40\x2a\x33\x24\x22")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0a\x77\x08\x80\0\x3f\x1a\x3b\x2a\x33\x24")),
		   "0 none: expression | 100 -");

	CHECK_TEXT(rows_by(B("\x0f\x03\x76\x78\x06")), "0 *(bp-8) | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x77\x98\x01\x06\x23\x08")), "0 *(sp+152)+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x7a\0\x06")), "0 none: register | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x77\x08\x06\x06")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x77\0\x06\x0a\0\x80\x22")), "0 none: malformed | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x07\x77\0\x06\x0a\0\x80\x22")), "0 none: range | 100 -");

	CHECK_TEXT(rows_by(B("\x0f\x02\x77\x10")), "0 sp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x7a\x10")), "0 r10+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x92\x06\x10")), "0 bp+16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x23\x20")), "0 bp+32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x38\x22")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x38\x76\0\x22")), "0 bp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x76\0\x38\x1c")), "0 bp-8 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x38\x76\0\x1c")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x04\x31\x13\x76\0")), "0 bp+0 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x96\x76\0")), "0 bp+0 | 100 -");
	/* Numbers of all sizes. */
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x08\xff\x22")), "0 bp+255 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x09\xff\x22")), "0 bp-1 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x0a\xff\xff\x22")), "0 bp+65535 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x0b\xfe\xff\x22")), "0 bp-2 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x08\x76\0\x0c\xff\xff\xff\x7f\x22")), "0 bp+2147483647 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x08\x76\0\x0d\xfd\xff\xff\xff\x22")), "0 bp-3 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0c\x76\0\x0e\x09\0\0\0\0\0\0\0\x22")), "0 bp+9 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0c\x76\0\x0f\xf7\xff\xff\xff\xff\xff\xff\xff\x22")),
		   "0 bp-9 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x06\x76\0\x10\x80\x01\x22")), "0 bp+128 | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x05\x76\0\x11\x7f\x22")), "0 bp-1 | 100 -");
	/* Nothing, a number alone, too little, too much, unknown, cut. */
	CHECK_TEXT(rows_by(B("\x0f\0")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x38")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x38\x06")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x22")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x01\x13")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x23\x01")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x0a\x30\x30\x30\x30\x30\x30\x30\x30\x76\0")),
		   "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x03\x76\0\xf0")), "0 none: expression | 100 -");
	CHECK_TEXT(rows_by(B("\x0f\x02\x76\x80")), "0 none: expression | 100 -");
}

static void register_expressions(void)
{
	/* Functions that align their stack. */
	CHECK_TEXT(rows_by(B("\x0f\x03\x76\x78\x06\x10\x06\x02\x76\0")),
		   "0 *(bp-8) bp@bp+0 | 100 -");
	/* What is relative to the CFA's own register is relative to the CFA. */
	CHECK_TEXT(rows_by(B("\x0c\x06\x10\x10\x06\x02\x76\0")), "0 bp+16 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x30\x10\x06\x02\x77\x10")), "0 sp+48 bp@-32 | 100 -");
	CHECK_TEXT(rows_by(B("\x0e\x30\x10\x10\x02\x77\x28")), "0 sp+48 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x02\x77\x10\x0c\x06\x10")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x10\x02\x76\x08")), "0 none: ra | 100 -");
	/* The CFA is on the stack at the start. */
	CHECK_TEXT(rows_by(B("\x10\x06\x02\x40\x1c")), "0 sp+8 bp@-16 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x03\x09\xe8\x22")), "0 sp+8 bp@-24 | 100 -");
	/* A value that is read from memory is a place; any other is none. */
	CHECK_TEXT(rows_by(B("\x16\x06\x03\x09\xe8\x22")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x06\x04\x09\xe8\x22\x06")), "0 sp+8 bp@-24 | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x06\x06\x09\xe8\x22\x06\x23\x01")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x16\x10\x03\x77\0\x06")), "0 sp+8 | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x03\x77\0\x06")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x05\x76\0\x0a\0\x80")), "0 none: bp | 100 -");
	CHECK_TEXT(rows_by(B("\x10\x06\x04\x76\x80\x80\x02")), "0 none: range | 100 -");
}

static void signal_frames(void)
{
#define SIGNAL_COMMON B("\x01zRS\0\x01" DATA_ALIGN RETURN "\x01" PCREL_SDATA4 INITIAL)
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP SIGNAL_RA)),
		   "0 signal | 100 -");
	CHECK_TEXT(rows_by(B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP SIGNAL_RA)), "0 signal | 100 -");
	CHECK_TEXT(rows_by(B(SIGNAL_CFA SIGNAL_BP SIGNAL_RA)), "0 signal | 100 -");
	/* Others. */
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B("")), "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_RA)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON, B(SIGNAL_CFA SIGNAL_SP SIGNAL_BP)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON,
				  B(SIGNAL_CFA "\x10\x07\x03\x77\xa8\x01" SIGNAL_BP SIGNAL_RA)),
		   "0 none: signal | 100 -");
	CHECK_TEXT(rows_by_common(SIGNAL_COMMON,
				  B("\x0f\x04\x77\xb0\x01\x06" SIGNAL_SP SIGNAL_BP SIGNAL_RA)),
		   "0 none: signal | 100 -");
}

int main(void)
{
	CHECK_CASE(advances);
	CHECK_CASE(set_location);
	CHECK_CASE(cfa_instructions);
	CHECK_CASE(register_instructions);
	CHECK_CASE(the_register_of_resolvers);
	CHECK_CASE(remembered_states);
	CHECK_CASE(malformed_instructions);
	CHECK_CASE(cfa_expressions);
	CHECK_CASE(register_expressions);
	CHECK_CASE(signal_frames);
	return check_status();
}
