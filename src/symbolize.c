// SPDX-License-Identifier: MIT
#include "symbolize.h"

#include <string.h>

#include "demangle.h"
#include "mem.h"
#include "sym_files.h"
#include "table.h"

/* The built-in sources, in the order in which they are asked. */
static const struct symsource *const builtin_sources[] = {
	&sym_kernel_source, &sym_jitdump_source, &sym_perfmap_source,
	&sym_dwarf_source,  &sym_symtab_source,	 &sym_minidebug_source,
	&sym_dynsym_source, &sym_plt_source,	 NULL,
};

/* A source is opened when the sources before it have left the first address without a name. */
struct opened {
	const struct symsource *source;
	void *state;
	bool tried;
	bool usable;
};

struct symbolizer {
	struct sym_files *files;
	const struct symbolize_options *options;
	ARRAY(struct opened) opened;
	struct table seen;   /* pointers to names as they stand in the files */
	ARRAY(char *) names; /* by the table's ids; demangled */
};

static size_t opened_resolve(struct symbolizer *s, struct opened *opened, uint64_t vaddr,
			     struct sym_name *ret_names)
{
	if (!opened->tried) {
		opened->tried = true;
		opened->usable = opened->source->open(s->files, &opened->state) == 0;
	}
	if (!opened->usable)
		return 0;
	return opened->source->resolve(opened->state, vaddr, ret_names, SYMBOLIZE_MAX);
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

/* The stub of a function, which is mangled as the function is: "@plt", or "". */
static const char *stub_suffix(const struct sym_name *name)
{
	static const char suffix[] = "@plt";
	size_t length = strlen(suffix);

	return name->name_length > length &&
			       memcmp(name->name + name->name_length - length, suffix, length) == 0
		       ? suffix
		       : "";
}

/* The name, terminated: once for all the addresses in its function. */
static const char *present(struct symbolizer *s, const struct sym_name *name)
{
	char demangled[DEMANGLE_ROOM];
	bool is_new;
	uint32_t id = table_add(&s->seen, &name->name, &is_new);
	const char *stub = stub_suffix(name);
	size_t length = name->name_length - strlen(stub);
	char *text;

	if (!is_new)
		return s->names.items[id];
	text = mem_copy_bytes(name->name, s->options->keep_mangled
						  ? name->name_length
						  : clone_length(name->name, length));
	if (!s->options->keep_mangled) {
		_cleanup_free_ char *mangled = text;

		text = mem_format("%s%s", demangle(mangled, demangled) ? demangled : mangled, stub);
	}
	*array_push(&s->names) = text;
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

static size_t ask(struct symbolizer *s, uint64_t vaddr, struct sym_name *ret_names)
{
	size_t count = 0;

	for (size_t i = 0; i < s->opened.count; i++) {
		struct sym_name names[SYMBOLIZE_MAX];
		size_t found = opened_resolve(s, &s->opened.items[i], vaddr, names);

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

struct symbolizer *symbolizer_open(const struct image *image,
				   const struct symbolize_options *options)
{
	const struct symsource *const *source =
		options->sources ? options->sources : builtin_sources;
	struct symbolizer *s = mem_alloc(sizeof(*s));

	s->files = sym_files_open(image);
	s->options = options;
	sym_files_use_debuginfod(s->files, options->debuginfod);
	table_init(&s->seen, sizeof(const char *));
	for (; *source; source++)
		if (*source != &sym_plt_source || !options->without_stubs)
			array_push(&s->opened)->source = *source;
	return s;
}

void symbolizer_close(struct symbolizer **symbolizer)
{
	struct symbolizer *s = *symbolizer;

	if (!s)
		return;
	for (size_t i = 0; i < s->opened.count; i++)
		s->opened.items[i].source->close(s->opened.items[i].state);
	array_free(&s->opened);
	for (size_t i = 0; i < s->names.count; i++)
		free(s->names.items[i]);
	array_free(&s->names);
	table_free(&s->seen);
	sym_files_close(&s->files);
	free(s);
	*symbolizer = NULL;
}

size_t symbolizer_ask(struct symbolizer *s, uint64_t vaddr,
		      struct symbol ret_symbols[SYMBOLIZE_MAX])
{
	struct sym_name names[SYMBOLIZE_MAX];
	size_t found = ask(s, vaddr, names), shown = 0;

	for (size_t i = s->options->without_inlined && found ? found - 1 : 0; i < found; i++) {
		if (!names[i].name && found > 1)
			continue; /* an inlined call of what has no name */
		ret_symbols[shown++] =
			(struct symbol){ .name = names[i].name ? present(s, &names[i]) : NULL,
					 .file = names[i].file,
					 .line = names[i].line,
					 .inlined = i + 1 < found };
	}
	return shown;
}

size_t symbolizer_bytes(const struct symbolizer *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->opened.count; i++) {
		const struct opened *opened = &s->opened.items[i];

		if (opened->usable && opened->source->bytes)
			bytes += opened->source->bytes(opened->state);
	}
	return bytes;
}

void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symbolize_options *options, symbolize_sink *sink, void *context)
{
	_cleanup_(symbolizer_close) struct symbolizer *s = symbolizer_open(image, options);

	for (size_t i = 0; i < count; i++) {
		struct symbol symbols[SYMBOLIZE_MAX];
		size_t shown = symbolizer_ask(s, vaddrs[i], symbols);

		if (shown)
			sink(context, i, symbols, shown);
	}
}
