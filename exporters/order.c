// SPDX-License-Identifier: MIT
#include "order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int order_by(uint32_t *ids, uint32_t count, uint32_t (*key)(const void *context, uint32_t id),
	     const void *context, uint32_t keys)
{
	uint32_t *first = calloc((size_t)keys + 1, sizeof(*first)); /* by key: where its ids go */
	uint32_t *sorted = calloc((size_t)count + 1, sizeof(*sorted));
	int ret = first && sorted ? 0 : -ENOMEM;

	if (!ret) {
		for (uint32_t i = 0; i < count; i++)
			first[key(context, ids[i]) + 1]++;
		for (uint32_t i = 0; i < keys; i++)
			first[i + 1] += first[i];
		for (uint32_t i = 0; i < count; i++)
			sorted[first[key(context, ids[i])]++] = ids[i];
		memcpy(ids, sorted, count * sizeof(*ids));
	}
	free(first);
	free(sorted);
	return ret;
}
