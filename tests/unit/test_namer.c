// SPDX-License-Identifier: MIT
/* Names that were looked up beforehand: the same as one batch's, none twice, within a bound. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "mem.h"
#include "namer.h"
#include "sym_files.h"

#define IMAGE_BYTES 1000

static atomic_int opened, closed, asked, at_once, at_once_max;
static const char *known_name;

static int fake_open(struct sym_files *files, void **ret_state)
{
	int now = atomic_fetch_add(&at_once, 1) + 1;

	if (now > atomic_load(&at_once_max))
		atomic_store(&at_once_max, now);
	atomic_fetch_add(&opened, 1);
	*ret_state = (void *)sym_files_image(files)->path;
	return 0;
}

/* Of two calls; nothing at addresses that end in 7. */
static size_t fake_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	atomic_fetch_add(&asked, 1);
	if (vaddr % 10 == 7 || max < 2)
		return 0;
	ret_names[0] = (struct sym_name){ .name = known_name,
					  .name_length = strlen(known_name),
					  .file = "a.c",
					  .line = (uint32_t)vaddr };
	ret_names[1] = (struct sym_name){ .name = state, .name_length = strlen(state) };
	return 2;
}

static void fake_close(void *state)
{
	if (!state)
		return;
	atomic_fetch_sub(&at_once, 1);
	atomic_fetch_add(&closed, 1);
}

static size_t fake_bytes(const void *state)
{
	(void)state;
	return IMAGE_BYTES;
}

static const struct symsource fake = { "fake", fake_open, fake_resolve, fake_close, fake_bytes };
static const struct symsource *const sources[] = { &fake, NULL };

static const struct image images[] = {
	{ .kind = IMAGE_FILE, .path = "one", .fd = -1 },
	{ .kind = IMAGE_FILE, .path = "two", .fd = -1 },
	{ .kind = IMAGE_FILE, .path = "three", .fd = -1 },
};

static struct namer *begin(size_t max_bytes)
{
	const struct namer_config config = { .options = { .sources = sources },
					     .max_bytes = max_bytes };

	opened = closed = asked = at_once = at_once_max = 0;
	known_name = "inner";
	return namer_new(&config);
}

/* A moment is enough for a thread; a minute is for a machine that does something else. */
static void wait_until_asked(int count)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < 60000 && atomic_load(&asked) < count; i++)
		nanosleep(&moment, NULL);
}

static void note(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	char *text = context;

	snprintf(text + strlen(text), 512 - strlen(text), "%zu:", index);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), 512 - strlen(text), "%s%s@%s:%u,",
			 symbols[i].inlined ? "+" : "", symbols[i].name,
			 symbols[i].file ? symbols[i].file : "-", symbols[i].line);
}

static void test_same_as_a_batch(void)
{
	static const uint64_t vaddrs[] = { 1, 5, 7, 9 };
	const struct symbolize_options options = { .sources = sources };
	struct namer *namer = begin(0);
	char text[512] = "", should[512] = "";

	namer_want(namer, &images[0], 9);
	namer_want(namer, &images[0], 7);
	namer_want(namer, &images[1], 5);
	namer_want(namer, &images[0], 1);
	namer_want(namer, &images[0], 9);
	namer_hand_over(namer);
	wait_until_asked(4);
	CHECK_INT(asked, 4);
	namer_finish(namer);
	/* what stands in the files then may be gone */
	known_name = "gone";
	namer_resolve(namer, &images[0], vaddrs, 4, note, text);
	CHECK_TEXT(text, "0:+inner@a.c:1,one@-:0,1:+gone@a.c:5,one@-:0,3:+inner@a.c:9,one@-:0,");
	CHECK_INT(asked, 5); /* of address 5 alone nothing was known */
	CHECK_INT(opened, 2);
	text[0] = '\0';
	known_name = "inner";
	namer_resolve(namer, &images[1], vaddrs, 4, note, text);
	symbolize_batch(&images[1], vaddrs, 4, &options, note, should);
	CHECK_TEXT(text, should);
	namer_free(&namer);
	CHECK_INT(closed, opened);
}

/* What one portion needs is there for the next. */
static void test_kept_open(void)
{
	struct namer *namer = begin(0);
	struct namer_stats stats;

	for (uint64_t i = 0; i < 50; i++) {
		namer_want(namer, &images[i % 2], i);
		namer_hand_over(namer);
		wait_until_asked((int)i + 1);
	}
	namer_finish(namer);
	namer_stats(namer, &stats);
	CHECK_INT(asked, 50);
	CHECK_INT(opened, 2);
	CHECK_INT(stats.opened, 2);
	CHECK_INT(stats.wanted, 50);
	CHECK_INT(stats.resolved, 50);
	namer_free(&namer);
	CHECK_INT(closed, 2);
}

/*
 * Three images in turn, and room for two: not one is opened for each portion. What waited is looked up
 * all the same, in the end.
 */
static void test_bound(void)
{
	const int rounds = 400;
	struct namer *namer = begin(2 * IMAGE_BYTES);
	uint64_t vaddrs[400];
	char text[512] = "";

	for (int i = 0; i < rounds; i++) {
		const struct timespec moment = { .tv_nsec = 100000 };

		vaddrs[i] = (uint64_t)i * 10 + 7; /* nothing to note */
		for (int image = 0; image < 3; image++) {
			namer_want(namer, &images[image], vaddrs[i]);
			namer_hand_over(namer);
			nanosleep(&moment, NULL);
		}
	}
	namer_finish(namer);
	CHECK(opened <= 3 * 10); /* doubling 400 times takes 9 */
	CHECK(at_once_max <= 3); /* the third is there before another goes */
	for (int image = 0; image < 3; image++)
		namer_resolve(namer, &images[image], vaddrs, (size_t)rounds, note, text);
	CHECK_INT(asked, 3 * rounds);
	CHECK_TEXT(text, "");
	namer_free(&namer);
	CHECK_INT(closed, opened);
}

/* Ended in the midst of its work, with much left, or never used. */
static void test_ended_early(void)
{
	struct namer *namer = begin(0);
	struct namer_stats stats;

	for (uint64_t i = 0; i < 100000; i++)
		namer_want(namer, &images[i % 3], i);
	namer_hand_over(namer);
	namer_want(namer, &images[0], 1u << 20);
	namer_finish(namer);
	namer_finish(namer);
	namer_stats(namer, &stats);
	CHECK_INT(stats.wanted, 100001);
	CHECK_INT(stats.resolved, asked);
	namer_free(&namer);
	CHECK_INT(closed, opened);
	namer = begin(0);
	namer_free(&namer);
	namer_free(&namer);
	CHECK_INT(opened, 0);
}

int main(void)
{
	check_case("namer: the names are a batch's, none is looked up twice", test_same_as_a_batch);
	check_case("namer: what was opened stays open", test_kept_open);
	check_case("namer: within a bound, and not opened for each portion", test_bound);
	check_case("namer: ended early", test_ended_early);
	return check_status();
}
