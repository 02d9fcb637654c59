// SPDX-License-Identifier: MIT
#include "tears.h"

#include <string.h>

#include "random.h"

enum { SEEN = 16, MOST_BYTES = 256 };

static unsigned char seen[SEEN][MOST_BYTES];
static __u32 seen_count;

static void note(const void *entry, size_t bytes, __u64 *random)
{
	__u32 at = seen_count < SEEN ? seen_count++ : random_below(random, SEEN);

	memcpy(seen[at], entry, bytes);
}

static void tear(unsigned char *entry, size_t bytes, __u64 *random)
{
	const unsigned char *other = seen[random_below(random, seen_count)];
	__u32 unit = random_below(random, 2) ? 8 : 1, units = (__u32)((bytes - 8) / unit);
	__u32 from = random_below(random, units), to = from + 1;

	if (random_below(random, 2))
		to += random_below(random, units - from);
	if (!random_below(random, 4)) { /* all of another, under this key */
		from = 0;
		to = units;
	}
	memcpy(entry + 8 + from * unit, other + 8 + from * unit, (to - from) * unit);
}

void tears_make(void *table, size_t count, size_t bytes, __u64 *random)
{
	unsigned char *entry = table;

	for (size_t i = 0; i < count && bytes <= MOST_BYTES; i++, entry += bytes) {
		__u64 key;

		memcpy(&key, entry, sizeof(key));
		if (!key)
			continue;
		note(entry, bytes, random);
		tear(entry, bytes, random);
	}
}
