// SPDX-License-Identifier: MIT
/*
 * sym_kernel.c - names of kernel functions from the text of /proc/kallsyms.
 *
 * kallsyms has addresses and no sizes: a function reaches to the next symbol of any kind. Where
 * nothing of the same owner (the kernel proper, or one module) follows, it reaches to the end
 * of its page, so that the last function of a module does not name what lies behind the module.
 * Symbols that mark the end of a section end the function before them and name nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "sym_files.h"
#include "sym_ranges.h"
#include "symsource.h"
#include "table.h"

#define KALLSYMS_MAX  ((size_t)256 << 20)
#define KALLSYMS_ROOM ((size_t)256 << 10)
#define PAGE_BYTES    4096u

enum { RANK_GLOBAL, RANK_WEAK, RANK_LOCAL };

struct kernel_symbol {
	struct sym_range range; /* end not yet known */
	uint32_t owner;		/* id of the module's name; 0: the kernel proper */
	bool function;
};

struct sym_kernel {
	char *text; /* owns the names */
	size_t bytes;
	struct strings modules;
	ARRAY(struct kernel_symbol) symbols;
	struct sym_ranges ranges;
};

static void sym_kernel_close(void *state)
{
	struct sym_kernel *sym = state;

	if (!sym)
		return;
	free(sym->text);
	strings_free(&sym->modules);
	array_free(&sym->symbols);
	sym_ranges_free(&sym->ranges);
	free(sym);
}

static int read_text(struct sym_kernel *sym, int fd)
{
	size_t room = 0;

	for (;;) {
		ssize_t got;

		if (sym->bytes == room) {
			if (room >= KALLSYMS_MAX)
				return -EFBIG;
			room = room ? room * 2 : KALLSYMS_ROOM;
			sym->text = mem_resize_array(sym->text, room, 1);
		}
		got = pread(fd, sym->text + sym->bytes, room - sym->bytes, (off_t)sym->bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		sym->bytes += (size_t)got;
	}
}

static bool has_suffix(const struct sym_range *range, const char *suffix)
{
	size_t length = strlen(suffix);

	return range->name_length >= length &&
	       memcmp(range->name + range->name_length - length, suffix, length) == 0;
}

/*
 * Labels of the linker script: _stext, _etext, __sched_text_start, __irqentry_text_end ..., and
 * the same again for the code that runs before relocation (__pi_).
 */
static bool is_section_mark(const struct sym_range *range)
{
	static const char *const suffixes[] = {
		"text_start", "text_end", "_stext", "_etext", "_sinittext", "_einittext", "__text",
	};

	if (range->name[0] != '_')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (has_suffix(range, suffixes[i]))
			return true;
	return range->name_length == 5 && has_suffix(range, "_text");
}

/* "ffffffff81000000 T name\t[module]", without the newline. Other lines are passed over. */
static void parse_line(struct sym_kernel *sym, char *line, size_t length)
{
	struct kernel_symbol symbol = { 0 };
	const char *module;
	char type;

	if (length < 20 || line[16] != ' ' || line[18] != ' ')
		return;
	for (size_t i = 0; i < 16; i++) {
		unsigned int c = (unsigned char)line[i];
		unsigned int digit = c - '0' < 10 ? c - '0' : c - 'a' + 10;

		if (digit > 15)
			return;
		symbol.range.start = symbol.range.start << 4 | digit;
	}
	type = line[17];
	symbol.range.name = line + 19;
	module = memchr(symbol.range.name, '\t', length - 19);
	symbol.range.name_length =
		(uint32_t)(module ? (size_t)(module - symbol.range.name) : length - 19);
	if (module)
		symbol.owner =
			strings_add_length(&sym->modules, module, (size_t)(line + length - module));
	symbol.range.rank = type == 'T' ? RANK_GLOBAL : type == 't' ? RANK_LOCAL : RANK_WEAK;
	/* What is not in the kernel's half is per-CPU or hidden. */
	if (symbol.range.start >> 63 == 0 || !symbol.range.name_length)
		return;
	symbol.function = strchr("tTwW", type) && !is_section_mark(&symbol.range);
	*array_push(&sym->symbols) = symbol;
}

/* Functions before marks of the same address, then as for all ranges. */
static int compare_symbols(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->range.start == y->range.start && x->function != y->function)
		return x->function ? -1 : 1;
	return sym_range_compare(&x->range, &y->range);
}

static void collect_ranges(struct sym_kernel *sym)
{
	const struct kernel_symbol *symbols = sym->symbols.items;
	size_t count = sym->symbols.count;

	for (size_t i = 0, next; i < count; i = next) {
		struct sym_range range = symbols[i].range;
		uint64_t page_end = (range.start | (PAGE_BYTES - 1)) + 1;

		for (next = i + 1; next < count && symbols[next].range.start == range.start;)
			next++;
		if (!symbols[i].function)
			continue;
		range.end = next < count ? symbols[next].range.start : page_end;
		if ((next == count || symbols[next].owner != symbols[i].owner) &&
		    (range.end > page_end || page_end == 0))
			range.end = page_end ? page_end : UINT64_MAX;
		*array_push(&sym->ranges) = range;
	}
}

static int sym_kernel_open(struct sym_files *files, void **ret_state)
{
	const struct image *image = sym_files_image(files);
	struct sym_kernel *sym;
	int ret;

	if (image->fd < 0 || image->kind != IMAGE_KERNEL)
		return -ENOENT;
	sym = mem_alloc(sizeof(*sym));
	strings_init(&sym->modules);
	ret = read_text(sym, image->fd);
	if (ret) {
		sym_kernel_close(sym);
		return ret;
	}
	for (size_t at = 0; at < sym->bytes;) {
		char *line = sym->text + at;
		char *end = memchr(line, '\n', sym->bytes - at);
		size_t length = end ? (size_t)(end - line) : sym->bytes - at;

		parse_line(sym, line, length);
		at += length + 1;
	}
	if (!sym->symbols.count) {
		sym_kernel_close(sym);
		return -ENOENT;
	}
	qsort(sym->symbols.items, sym->symbols.count, sizeof(*sym->symbols.items), compare_symbols);
	collect_ranges(sym);
	array_free(&sym->symbols);
	*ret_state = sym;
	return 0;
}

static size_t sym_kernel_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names,
				 size_t max)
{
	struct sym_kernel *sym = state;

	return sym_ranges_resolve(&sym->ranges, vaddr, ret_names, max);
}

const struct symsource sym_kernel_source = {
	.name = "kallsyms",
	.open = sym_kernel_open,
	.resolve = sym_kernel_resolve,
	.close = sym_kernel_close,
};
