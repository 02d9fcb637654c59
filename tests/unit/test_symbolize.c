// SPDX-License-Identifier: MIT
/* The batch: which source is asked, in which order, and how often. */
#include <errno.h>
#include <string.h>

#include "../symbols/cases.c"
#include "symbolize.h"

/* A source that knows the addresses of one range, by one name or several. */
struct fake {
	uint64_t start, end;
	const char *name;
	size_t frames;
	int open_ret;
	int opened, closed, asked;
};

static struct fake first, second;

static int first_open(struct sym_files *files, void **ret_state)
{
	(void)files;
	first.opened++;
	if (first.open_ret)
		return first.open_ret;
	*ret_state = &first;
	return 0;
}

static int second_open(struct sym_files *files, void **ret_state)
{
	(void)files;
	second.opened++;
	*ret_state = &second;
	return 0;
}

static size_t fake_resolve(void *state, uint64_t vaddr, struct sym_name *ret_names, size_t max)
{
	struct fake *fake = state;
	size_t count = 0;

	fake->asked++;
	if (vaddr < fake->start || vaddr >= fake->end)
		return 0;
	for (; count < fake->frames && count < max; count++)
		ret_names[count] =
			(struct sym_name){ .name = fake->name, .name_length = strlen(fake->name) };
	return count;
}

static void fake_close(void *state)
{
	struct fake *fake = state;

	if (fake)
		fake->closed++;
}

static const struct symsource first_source = { "first", first_open, fake_resolve, fake_close, NULL };
static const struct symsource second_source = { "second", second_open, fake_resolve, fake_close, NULL };
static const struct symsource *const both[] = { &first_source, &second_source, NULL };

static char answers[256];

static void note_answer(void *context, size_t index, const struct symbol *names, size_t count)
{
	size_t *calls = context;

	(*calls)++;
	snprintf(answers + strlen(answers), sizeof(answers) - strlen(answers), "%zu:%s/%zu ", index,
		 names[0].name, count);
}

static void batch(const uint64_t *vaddrs, size_t count, size_t should_calls, const char *should)
{
	struct image image = { .kind = IMAGE_FILE, .path = "x", .fd = -1 };
	const struct symbolize_options options = { .sources = both };
	size_t calls = 0;

	answers[0] = '\0';
	symbolize_batch(&image, vaddrs, count, &options, note_answer, &calls);
	CHECK(calls == should_calls);
	CHECK_STRING(answers, should);
}

static void test_order(void)
{
	static const uint64_t vaddrs[] = { 5, 10, 15, 25, 35 };

	first = (struct fake){ .start = 10, .end = 20, .name = "one", .frames = 2 };
	second = (struct fake){ .start = 0, .end = 30, .name = "two", .frames = 1 };
	batch(vaddrs, 5, 4, "0:two/1 1:one/2 2:one/2 3:two/1 ");
	CHECK(first.opened == 1 && first.closed == 1 && first.asked == 5);
	CHECK(second.opened == 1 && second.closed == 1 && second.asked == 3);
}

static void test_second_not_needed(void)
{
	static const uint64_t vaddrs[] = { 10, 19 };

	first = (struct fake){ .start = 10, .end = 20, .name = "one", .frames = 1 };
	second = (struct fake){ .start = 0, .end = 30, .name = "two", .frames = 1 };
	batch(vaddrs, 2, 2, "0:one/1 1:one/1 ");
	CHECK(second.opened == 0 && second.closed == 0);
}

static void test_broken_source(void)
{
	static const uint64_t vaddrs[] = { 1, 2 };

	first = (struct fake){ .start = 0, .end = 9, .name = "one", .frames = 1, .open_ret = -EIO };
	second = (struct fake){ .start = 2, .end = 3, .name = "two", .frames = 1 };
	batch(vaddrs, 2, 1, "1:two/1 ");
	CHECK(first.opened == 1 && first.closed == 0 && first.asked == 0);
}

static void test_demangled(void)
{
	static const uint64_t vaddrs[] = { 1, 2, 15 };
	const struct symbolize_options mangled = { .sources = both, .keep_mangled = true };
	struct image image = { .kind = IMAGE_FILE, .path = "x", .fd = -1 };
	size_t calls = 0;

	first = (struct fake){
		.start = 0, .end = 9, .name = "_RNvNtC6kernel4file4open", .frames = 1
	};
	second = (struct fake){ .start = 10, .end = 20, .name = "_Z3onev", .frames = 1 };
	batch(vaddrs, 3, 3, "0:kernel::file::open/1 1:kernel::file::open/1 2:one()/1 ");
	answers[0] = '\0';
	symbolize_batch(&image, vaddrs + 2, 1, &mangled, note_answer, &calls);
	CHECK_STRING(answers, "0:_Z3onev/1 ");
}

/* Parts and copies of a function are shown as it. */
static void test_clones(void)
{
	static const char *const names[][2] = {
		{ "f.cold", "f" },
		{ "f.part.0", "f" },
		{ "f.isra.0.constprop.12.cold", "f" },
		{ "f.lto_priv.3", "f" },
		{ "_Z3onev.constprop.0", "one()" },
		{ "f.c.1234", "f.c.1234" },
		{ "f.12", "f.12" },
		{ "f.", "f." },
		{ ".cold", ".cold" },
		{ "part.0", "part.0" },
	};
	static const uint64_t vaddrs[] = { 1 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char should[64];

		first = (struct fake){ .start = 0, .end = 9, .name = names[i][0], .frames = 1 };
		snprintf(should, sizeof(should), "0:%s/1 ", names[i][1]);
		batch(vaddrs, 1, 1, should);
	}
}

static void test_without_inlined(void)
{
	static const uint64_t vaddrs[] = { 10 };
	const struct symbolize_options options = { .sources = both, .without_inlined = true };
	struct image image = { .kind = IMAGE_FILE, .path = "x", .fd = -1 };
	size_t calls = 0;

	first = (struct fake){ .start = 10, .end = 20, .name = "one", .frames = 3 };
	second = (struct fake){ 0 };
	answers[0] = '\0';
	symbolize_batch(&image, vaddrs, 1, &options, note_answer, &calls);
	CHECK_STRING(answers, "0:one/1 ");
}

static void test_nothing(void)
{
	struct image image = { .kind = IMAGE_ANONYMOUS, .path = "", .fd = -1 };
	static const uint64_t vaddrs[] = { 0, 1, UINT64_MAX };
	const struct symbolize_options builtin = { 0 };
	size_t calls = 0;

	first = second = (struct fake){ 0 };
	batch(NULL, 0, 0, "");
	CHECK(first.opened == 0);
	/* The built-in sources have nothing for an image without a file. */
	symbolize_batch(&image, vaddrs, 3, &builtin, note_answer, &calls);
	CHECK(calls == 0);
}

int main(void)
{
	static const struct test_case cases[] = {
		{ "symbolize: the first source that knows wins", test_order },
		{ "symbolize: a source nobody needs is not opened", test_second_not_needed },
		{ "symbolize: a source that does not open is passed over", test_broken_source },
		{ "symbolize: names are demangled, unless asked not to", test_demangled },
		{ "symbolize: parts and copies of functions", test_clones },
		{ "symbolize: without the calls that were inlined", test_without_inlined },
		{ "symbolize: no addresses, no file", test_nothing },
	};

	return cases_run(cases, sizeof(cases) / sizeof(cases[0]));
}
