// SPDX-License-Identifier: MIT
#include "symbolize.h"

#include <string.h>

#include "demangle.h"
#include "mem.h"
#include "sym_files.h"
#include "table.h"

/* More calls inlined into one another at one address than this are cut (outermost). */
#define NAMES_MAX 64

/* The built-in sources, in the order in which they are asked. */
static const struct symsource *const builtin_sources[] = {
	&sym_kernel_source, &sym_jitdump_source,   &sym_perfmap_source, &sym_dwarf_source,
	&sym_symtab_source, &sym_minidebug_source, &sym_dynsym_source,	NULL,
};

/* A source is opened when the sources before it have left the first address without a name. */
struct opened {
	const struct symsource *source;
	void *state;
	bool tried;
	bool usable;
};

struct batch {
	struct sym_files *files;
	const struct symbolize_options *options;
	ARRAY(struct opened) opened;
	struct table seen;   /* pointers to names as they stand in the files */
	ARRAY(char *) names; /* by the table's ids; demangled */
};

static size_t opened_resolve(struct batch *b, struct opened *opened, uint64_t vaddr,
			     struct sym_name *ret_names)
{
	if (!opened->tried) {
		opened->tried = true;
		opened->usable = opened->source->open(b->files, &opened->state) == 0;
	}
	if (!opened->usable)
		return 0;
	return opened->source->resolve(opened->state, vaddr, ret_names, NAMES_MAX);
}

/* What compilers append to a function's name for a part or a copy of it, each perhaps with a
 * number. */
static const char *const clone_suffixes[] = { ".cold",	   ".part", ".isra", ".constprop",
					      ".lto_priv", ".llvm", ".hot",  ".unlikely" };

/* Where the name ends without such suffixes. */
static size_t clone_length(const char *name, size_t length)
{
	for (;;) {
		size_t end = length, at;
		bool is_clone = false;

		while (end && name[end - 1] >= '0' && name[end - 1] <= '9')
			end--;
		if (end < length && end && name[end - 1] == '.')
			end--;
		else
			end = length;
		for (size_t i = 0; i < ARRAY_SIZE(clone_suffixes) && !is_clone; i++) {
			at = strlen(clone_suffixes[i]);
			is_clone = end > at && memcmp(name + end - at, clone_suffixes[i], at) == 0;
		}
		if (!is_clone)
			return length;
		length = end - at;
	}
}

/* The name, terminated: once for all the addresses in its function. */
static const char *present(struct batch *b, const struct sym_name *name)
{
	char demangled[DEMANGLE_ROOM];
	bool is_new;
	uint32_t id = table_add(&b->seen, &name->name, &is_new);
	char *text;

	if (!is_new)
		return b->names.items[id];
	text = mem_copy_bytes(name->name, b->options->keep_mangled
						  ? name->name_length
						  : clone_length(name->name, name->name_length));
	if (!b->options->keep_mangled && demangle(text, demangled)) {
		free(text);
		text = mem_copy_string(demangled);
	}
	*array_push(&b->names) = text;
	return text;
}

/*
 * Of what several sources know together: where one has the place without the function, or a
 * function by its plain name, another may have the symbol.
 */
static bool is_better_name(const struct sym_name *name, const struct sym_name *than)
{
	if (!name->name)
		return false;
	return !than->name || (name->name_length > 2 && strncmp(name->name, "_Z", 2) == 0);
}

static size_t ask(struct batch *b, uint64_t vaddr, struct sym_name *ret_names)
{
	size_t count = 0;

	for (size_t i = 0; i < b->opened.count; i++) {
		struct sym_name names[NAMES_MAX];
		size_t found = opened_resolve(b, &b->opened.items[i], vaddr, names);

		if (!found)
			continue;
		if (count) {
			if (is_better_name(&names[found - 1], &ret_names[count - 1])) {
				ret_names[count - 1].name = names[found - 1].name;
				ret_names[count - 1].name_length = names[found - 1].name_length;
			}
			return count;
		}
		memcpy(ret_names, names, found * sizeof(*names));
		count = found;
		if (names[found - 1].name && !names[found - 1].is_plain)
			return count;
	}
	return count;
}

void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symbolize_options *options, symbolize_sink *sink, void *context)
{
	const struct symsource *const *source =
		options->sources ? options->sources : builtin_sources;
	struct batch b = { .files = sym_files_open(image), .options = options };

	sym_files_use_debuginfod(b.files, options->debuginfod);
	table_init(&b.seen, sizeof(const char *));
	for (; *source; source++)
		array_push(&b.opened)->source = *source;
	for (size_t i = 0; i < count; i++) {
		struct sym_name names[NAMES_MAX];
		struct symbol symbols[NAMES_MAX];
		size_t found = ask(&b, vaddrs[i], names), shown = 0;

		for (size_t n = options->without_inlined && found ? found - 1 : 0; n < found; n++) {
			if (!names[n].name && found > 1)
				continue; /* an inlined call of what has no name */
			symbols[shown++] =
				(struct symbol){ .name = names[n].name ? present(&b, &names[n])
								       : NULL,
						 .file = names[n].file,
						 .line = names[n].line,
						 .inlined = n + 1 < found };
		}
		if (shown)
			sink(context, i, symbols, shown);
	}
	for (size_t s = 0; s < b.opened.count; s++)
		b.opened.items[s].source->close(b.opened.items[s].state);
	array_free(&b.opened);
	for (size_t i = 0; i < b.names.count; i++)
		free(b.names.items[i]);
	array_free(&b.names);
	table_free(&b.seen);
	sym_files_close(&b.files);
}
