// SPDX-License-Identifier: MIT
/*
 * The layout is that of runtime/symtab.go (pcHeader, functab, _func), which names its versions by
 * the first four bytes:
 *
 *   header     8 bytes, then words: functions, files, address of the code, and where in the table
 *              are names, compilation units, files, programs (see below) and functions
 *   functions  for each its offset in the code and that of its description; at the end that of the
 * end
 *
 * A program is pairs of numbers of variable length: by how much the value changes, up to how many
 * bytes on it holds.
 */
#include "cfi_go.h"

#include <string.h>

#include "cfi_arch.h"
#include "cursor.h"
#include "mem.h"

#define MAGIC_1_18   0xfffffff0u
#define MAGIC_1_20   0xfffffff1u
#define HEADER_BYTES (8 + 8 * sizeof(uint64_t))

/* Offsets in a description. */
#define FUNCTION_NAME	    4
#define FUNCTION_FRAME	    16
#define FUNCTION_FLAGS_1_18 37
#define FUNCTION_FLAGS_1_20 41

#define FLAG_SP_WRITE 2 /* goes on on another stack, or aligns its own */

#define FRAME_MAX    (INT32_MAX - 8)
#define SP_WRITE_MAX 4096 /* bytes of such a function; they are assembly, and short */

#define CODE_BYTES 65536u /* read at a time */
#define SAVE_BYTES 9	  /* looked at to see the frame pointer saved: one before, eight behind */

struct go_table {
	const uint8_t *bytes;
	size_t size;
	uint64_t text_vaddr;
	uint64_t function_count;
	uint64_t names, programs, functions; /* offsets in the table */
	size_t flags_at;
};

struct go_function {
	uint32_t start, end; /* offsets in the code */
	const char *name;    /* terminated */
	uint32_t frame;	     /* its program's offset; 0: none */
	uint8_t flags;
};

struct go_reader {
	const struct elf_file *source;
	const struct cfi_code *code;
	struct unwind_rules *rules;
	struct go_table table;
	uint64_t steps_left;
	struct cfi_rows *rows, *special;
	uint8_t *code_bytes; /* CODE_BYTES of room; a part of the code, */
	uint32_t code_off;   /* from here on, */
	uint32_t code_count; /* so many of them */
};

static uint32_t number_at(const struct go_table *table, uint64_t off)
{
	uint32_t number = 0;

	if (off <= table->size - sizeof(number))
		memcpy(&number, table->bytes + off, sizeof(number));
	return number;
}

static bool read_header(const struct cfi_sections *sections, struct go_table *table)
{
	uint64_t words[8];
	uint32_t magic;

	if (sections->go_size < HEADER_BYTES)
		return false;
	*table = (struct go_table){ .bytes = sections->go, .size = sections->go_size };
	magic = number_at(table, 0);
	if ((magic != MAGIC_1_18 && magic != MAGIC_1_20) ||
	    table->bytes[6] != 1 /* byte a step */ || table->bytes[7] != sizeof(uint64_t))
		return false;
	table->flags_at = magic == MAGIC_1_18 ? FUNCTION_FLAGS_1_18 : FUNCTION_FLAGS_1_20;
	memcpy(words, table->bytes + 8, sizeof(words));
	table->function_count = words[0];
	table->text_vaddr = words[2];
	table->names = words[3];
	table->programs = words[6];
	table->functions = words[7];
	return table->names < table->size && table->programs < table->size &&
	       table->functions < table->size &&
	       table->function_count < (table->size - table->functions) / 8;
}

static bool read_function(const struct go_table *table, uint64_t i, struct go_function *function)
{
	uint64_t at = table->functions + 8 * i;
	uint64_t description = table->functions + number_at(table, at + 4);
	uint64_t name = table->names + number_at(table, description + FUNCTION_NAME);

	function->start = number_at(table, at);
	function->end = number_at(table, at + 8);
	function->frame = number_at(table, description + FUNCTION_FRAME);
	if (function->start >= function->end || description + table->flags_at >= table->size ||
	    name >= table->size || !memchr(table->bytes + name, 0, table->size - name))
		return false;
	function->flags = table->bytes[description + table->flags_at];
	function->name = (const char *)table->bytes + name;
	return true;
}

/* Where in the file the code of a function is, from the base on; 0: nowhere. */
static uint32_t find_code(const struct go_reader *r, const struct go_function *function)
{
	uint64_t vaddr = r->table.text_vaddr + function->start;
	uint64_t bytes = function->end - function->start;

	for (size_t i = 0; i < r->code->segment_count; i++) {
		const struct image_segment *segment = &r->code->segments[i];
		uint64_t in = vaddr - segment->vaddr;

		if (vaddr >= segment->vaddr && in < segment->file_size &&
		    bytes <= segment->file_size - in)
			return (uint32_t)(segment->file_off + in - r->code->base_off);
	}
	return 0;
}

/* So many bytes of the code, `off` from the base; NULL: they are not there. Functions are in order.
 */
static const uint8_t *code_at(struct go_reader *r, uint32_t off, uint32_t count)
{
	uint64_t left;

	if (off >= r->code_off && (uint64_t)off + count <= (uint64_t)r->code_off + r->code_count)
		return r->code_bytes + (off - r->code_off);
	if (r->code->base_off + off >= r->source->size)
		return NULL;
	left = r->source->size - r->code->base_off - off;
	r->code_off = off;
	r->code_count = left < CODE_BYTES ? (uint32_t)left : CODE_BYTES;
	if (!elf_file_read(r->source, r->code->base_off + off, r->code_bytes, r->code_count))
		r->code_count = 0;
	return count <= r->code_count ? r->code_bytes : NULL;
}

/* From where on a function whose frame begins at `at` has the frame pointer saved; 0: nowhere. */
static uint32_t find_bp(struct go_reader *r, uint32_t at, int64_t frame)
{
	const uint8_t *code = at ? code_at(r, at - 1, SAVE_BYTES) : NULL;
	int after = code ? cfi_arch_bp_saved_after(code + 1, (uint32_t)frame) : -1;

	return after < 0 ? 0 : at + (uint32_t)after;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/*
 * They call on the thread's own stack, and come back. The frame pointer, which what they call
 * keeps, is the goroutine's as long as they are there: their own, if they save the caller's. Up to
 * Go 1.20 the first three do not; it is then that of their caller, which is left out.
 */
static bool is_visitor(const struct go_function *function)
{
	static const char *const visitors[] = { "runtime.systemstack", "runtime.asmcgocall",
						"runtime.asmcgocall_no_g", "runtime.nanotime1",
						"time.now" };

	return is_one_of(function->name, visitors, ARRAY_SIZE(visitors));
}

/* How a frame of so many bytes is left; on another stack, by the frame pointer that it has saved.
 */
static struct scope_unwind_rule frame_rule(enum scope_cfa cfa, int64_t frame, bool saved_bp)
{
	struct scope_unwind_rule rule = { .cfa = (uint8_t)cfa,
					  .ra_off = -8,
					  .bx_off = SCOPE_BX_LOST };

	rule.cfa_off = cfa == SCOPE_CFA_SP ? (int32_t)frame + 8 : 16;
	if (saved_bp) {
		rule.bp = SCOPE_BP_CFA;
		rule.bp_off = -16;
	}
	return rule;
}

static void add_frame(struct go_reader *r, const struct go_function *function, uint32_t at,
		      int64_t frame, bool saved_bp)
{
	bool saved = saved_bp && frame >= 8;
	struct scope_unwind_rule rule = frame_rule(
		saved && is_visitor(function) ? SCOPE_CFA_BP_FAR : SCOPE_CFA_SP, frame, saved);
	struct cfi_row row = { .off = at };

	row.rule = unwind_rules_add(r->rules, &rule);
	row.why = row.rule ? CFI_OK : CFI_WHY_RULES_FULL;
	cfi_rows_add(r->rows, row);
}

/* Rows of a function whose code is `off` bytes from the base. */
static void read_frames(struct go_reader *r, const struct go_function *function, uint32_t off)
{
	const struct go_table *table = &r->table;
	struct cursor c = { table->bytes + table->programs, table->bytes + table->size, false };
	uint32_t at = off, end = off + (function->end - function->start), next;
	uint32_t saved_from = 0; /* the frame pointer; 0: it is not saved */
	int64_t frame = -1, before;

	cursor_skip(&c, function->frame);
	while (function->frame && at < end && r->steps_left) {
		uint64_t change = cursor_uleb(&c), bytes = cursor_uleb(&c);

		r->steps_left--;
		if (c.bad || (!change && at != off) || !bytes)
			break;
		/* Signed: the lowest bit says which way. */
		before = frame;
		frame += (int64_t)(change & 1 ? ~(change >> 1) : change >> 1);
		if (before == 0 && frame >= 8 && frame < FRAME_MAX && !saved_from)
			saved_from = find_bp(r, at, frame);
		next = bytes < end - at ? at + (uint32_t)bytes : end;
		if (frame >= 0 && frame < FRAME_MAX) {
			add_frame(r, function, at, frame, saved_from && saved_from <= at);
			if (saved_from > at && saved_from < next)
				add_frame(r, function, saved_from, frame, true);
		} else {
			cfi_rows_add(r->rows, (struct cfi_row){ .off = at, .gap = 1 });
		}
		at = next;
	}
	cfi_rows_add(r->rows, (struct cfi_row){ .off = at, .gap = 1 });
}

static void add_special(struct go_reader *r, enum scope_cfa cfa, uint32_t off, uint32_t end)
{
	struct scope_unwind_rule rule = { .cfa = (uint8_t)cfa };

	if (cfa == SCOPE_CFA_BP_FAR || cfa == SCOPE_CFA_SP)
		rule = frame_rule(cfa, 0, cfa == SCOPE_CFA_BP_FAR);
	cfi_rows_add(r->special,
		     (struct cfi_row){ .off = off, .rule = unwind_rules_add(r->rules, &rule) });
	cfi_rows_add(r->special, (struct cfi_row){ .off = end, .gap = 1 });
}

/*
 * A function that has gone to another stack calls from there: that stack ends with it, or, if it
 * comes back, goes on where the frame pointer says. Before, it has a frame as any other; so it is
 * the calls alone, and of them the last byte, where callers are looked up, that have rules of their
 * own. What it was given to call it calls there; what it calls by name helps it to go. Bytes that
 * only look like a call do no harm: nothing stops at their last.
 */
static void find_calls(struct go_reader *r, const struct go_function *function, uint32_t off,
		       enum scope_cfa cfa)
{
	uint32_t bytes = function->end - function->start;
	uint8_t code[SP_WRITE_MAX];

	if (bytes > sizeof(code) || !elf_file_read(r->source, r->code->base_off + off, code, bytes))
		return;
	for (uint32_t i = 0; i < bytes; i++) {
		uint32_t length = cfi_arch_call_bytes(code + i, bytes - i);

		if (length && (cfa == SCOPE_CFA_END || cfi_arch_call_is_indirect(code + i)))
			add_special(r, cfa, off + i + length - 1, off + i + length);
	}
}

static void find_special(struct go_reader *r, const struct go_function *function, uint32_t off)
{
	/* A goroutine's first frame, a thread's, the program's. */
	static const char *const outermost[] = { "runtime.goexit", "runtime.mstart",
						 "runtime.rt0_go" };
	/* Goes to the stack of the goroutine that called C, which it leaves as if that had called
	 * it. */
	static const char *const bridges[] = { "runtime.cgocallback" };
	/* What handlers return to, from Go 1.20 on and before. */
	static const char *const returns[] = { "runtime.sigreturn__sigaction",
					       "runtime.sigreturn" };
	/* Go leaves a goroutine's stack as if its first instruction were returned to. */
	static const char *const left[] = { "runtime.systemstack_switch" };
	uint32_t end = off + (function->end - function->start);

	if (is_one_of(function->name, outermost, ARRAY_SIZE(outermost)))
		add_special(r, SCOPE_CFA_END, off, end);
	else if (is_one_of(function->name, returns, ARRAY_SIZE(returns)))
		add_special(r, SCOPE_CFA_SIGNAL, off - 1, end); /* looked up minus one */
	else if (is_one_of(function->name, left, ARRAY_SIZE(left)))
		add_special(r, SCOPE_CFA_SP, off - 1, off);
	else if (is_visitor(function))
		find_calls(r, function, off, SCOPE_CFA_BP_FAR);
	else if (function->flags & FLAG_SP_WRITE &&
		 !is_one_of(function->name, bridges, ARRAY_SIZE(bridges)))
		find_calls(r, function, off, SCOPE_CFA_END);
}

/*
 * Is the code where the table says? What is at the address of runtime.goexit, since a goroutine
 * "returns" into its second instruction, begins with a nop and a call.
 */
static bool is_in_place(const struct go_reader *r)
{
	for (uint64_t i = 0; i < r->table.function_count; i++) {
		struct go_function function;
		uint8_t code[2];
		uint32_t off;

		if (!read_function(&r->table, i, &function) ||
		    strcmp(function.name, "runtime.goexit") != 0)
			continue;
		off = find_code(r, &function);
		return off && elf_file_read(r->source, r->code->base_off + off, code, 2) &&
		       memcmp(code, CFI_ARCH_GOEXIT, 2) == 0;
	}
	return false;
}

void cfi_go_read(const struct elf_file *source, const struct cfi_sections *sections,
		 const struct cfi_code *code, struct unwind_rules *rules, struct cfi_rows *rows,
		 struct cfi_rows *special)
{
	_cleanup_free_ uint8_t *code_bytes = NULL;
	struct go_reader r = { source,	     code,
			       rules,	     .steps_left = CFI_ROWS_MAX,
			       .rows = rows, .special = special };
	uint32_t last_end = 0;

	if (!sections->go || !read_header(sections, &r.table))
		return;
	if (!is_in_place(&r)) {
		r.table.text_vaddr = sections->text_vaddr;
		if (!is_in_place(&r))
			return;
	}
	r.code_bytes = code_bytes = mem_alloc(CODE_BYTES);
	for (uint64_t i = 0; i < r.table.function_count && r.steps_left; i++) {
		struct go_function function;
		uint32_t off;

		if (!read_function(&r.table, i, &function) || function.start < last_end)
			continue;
		last_end = function.end;
		off = find_code(&r, &function);
		if (off) {
			read_frames(&r, &function, off);
			find_special(&r, &function, off);
		}
	}
}
