// SPDX-License-Identifier: MIT
#include "symbolize.h"

#include "mem.h"

/* More calls inlined into one another at one address than this are cut (outermost). */
#define NAMES_MAX 64

/* The built-in sources, in the order in which they are asked. */
static const struct symsource *const builtin_sources[] = {
	&sym_kernel_source,
	&sym_elf_source,
	NULL,
};

/* A source is opened when the sources before it have left the first address without a name. */
struct opened {
	const struct symsource *source;
	void *state;
	bool tried;
	bool usable;
};

static size_t opened_resolve(struct opened *opened, const struct image *image, uint64_t vaddr,
			     struct sym_name *ret_names)
{
	if (!opened->tried) {
		opened->tried = true;
		opened->usable = opened->source->open(image, &opened->state) == 0;
	}
	if (!opened->usable)
		return 0;
	return opened->source->resolve(opened->state, vaddr, ret_names, NAMES_MAX);
}

void symbolize_batch(const struct image *image, const uint64_t *vaddrs, size_t count,
		     const struct symsource *const *sources, symbolize_sink *sink, void *context)
{
	ARRAY(struct opened) opened = { 0 };

	if (!sources)
		sources = builtin_sources;
	for (; *sources; sources++)
		array_push(&opened)->source = *sources;
	for (size_t i = 0; i < count; i++) {
		struct sym_name names[NAMES_MAX];
		size_t found = 0;

		for (size_t s = 0; s < opened.count && !found; s++)
			found = opened_resolve(&opened.items[s], image, vaddrs[i], names);
		if (found)
			sink(context, i, names, found);
	}
	for (size_t s = 0; s < opened.count; s++)
		opened.items[s].source->close(opened.items[s].state);
	array_free(&opened);
}
