// SPDX-License-Identifier: MIT
#include "names_ahead.h"

#include "ingest_data.h"
#include "unwind_layout.h"

static void look_at(const struct ingest *ingest, const struct ingest_stack *stack,
		    const struct unwinds *unwinds, struct namer *namer)
{
	const struct unwind_layout *layout =
		unwinds_layout(unwinds, stack->pid, stack->time_ns);
	uint32_t at = stack->leaf;

	for (uint32_t i = 0; layout && i < stack->count; i++) {
		uint64_t address = ingest_address(ingest, at, &at) - (i ? 1 : 0), vaddr;
		const struct unwind_range *range = unwind_layout_find(layout, address);

		if (range && range->image && range->image->image->fd >= 0 &&
		    image_file_off_to_vaddr(range->image->image,
					    address - range->start + range->file_off, &vaddr))
			namer_want(namer, range->image->image, vaddr);
	}
}

void names_ahead_look(struct names_ahead *ahead, const struct ingest *ingest,
		      const struct unwinds *unwinds, struct namer *namer)
{
	for (; ahead->seen < ingest->stack_data.count; ahead->seen++) {
		const struct ingest_stack *stack = &ingest->stack_data.items[ahead->seen];

		if (stack->kind == SCOPE_STACK_USER)
			look_at(ingest, stack, unwinds, namer);
	}
	namer_hand_over(namer);
}
