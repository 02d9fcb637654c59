// SPDX-License-Identifier: MIT
/*
 * Names for addresses of one file, in the manner of addr2line -f -C -i.
 *
 * All addresses are read before the first is answered: names are looked up in one batch, in
 * ascending order, and kept as numbers. What is written follows the order of the question.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../exporters/text.h"
#include "addresses.h"
#include "image_path.h"
#include "mem.h"
#include "opts.h"
#include "symbolize.h"
#include "table.h"

#define UNKNOWN "??"

/* Texts by their number in struct strings; 0: not known. */
struct place {
	uint32_t name, file, line;
};

struct answer {
	uint32_t first; /* in `places` */
	uint32_t count; /* 0: no name */
};

struct answers {
	bool basenames;
	struct strings texts;
	ARRAY(struct place) places;
	struct answer *by_address; /* as in struct addresses, `unique` */
	struct answer last;	   /* that was not nothing */
};

static void answers_free(struct answers *a)
{
	strings_free(&a->texts);
	array_free(&a->places);
	free(a->by_address);
}

/* Next to each other in a file means most often alike: `guess` is looked at before the table. */
static uint32_t keep_text(struct answers *a, const char *text, uint32_t guess)
{
	if (strcmp(strings_get(&a->texts, guess), text) == 0)
		return guess;
	return strings_add(&a->texts, text);
}

static const char *shown_file(const struct answers *a, const char *file)
{
	const char *slash = a->basenames ? strrchr(file, '/') : NULL;

	return slash ? slash + 1 : file;
}

static void take_names(void *context, size_t index, const struct symbol *symbols, size_t count)
{
	static const struct place nothing;
	struct answers *a = context;
	struct answer answer = { (uint32_t)a->places.count, (uint32_t)count };
	bool as_last = count == a->last.count;

	for (size_t i = 0; i < count; i++) {
		/* frames that two addresses share are the outer ones */
		struct place guess =
			count - i <= a->last.count
				? a->places.items[a->last.first + a->last.count - (count - i)]
				: nothing;
		struct place place = { 0 };

		if (symbols[i].name)
			place.name = keep_text(a, symbols[i].name, guess.name);
		if (symbols[i].file) {
			place.file = keep_text(a, shown_file(a, symbols[i].file), guess.file);
			place.line = symbols[i].line;
		}
		as_last &= memcmp(&place, &guess, sizeof(guess)) == 0;
		*array_push(&a->places) = place;
	}
	if (as_last)
		a->places.count = answer.first;
	else
		a->last = answer;
	a->by_address[index] = a->last;
}

/* --- as text ---------------------------------------------------------------------------------- */

/* Every text once, made fit to be shown: text `id` goes from ends[id - 1] to ends[id]. */
struct shown {
	char *bytes;
	size_t *ends;
};

static void shown_free(struct shown *shown)
{
	free(shown->bytes);
	free(shown->ends);
}

static void show(const struct strings *texts, struct shown *ret_shown)
{
	size_t size = 0, *ends = mem_alloc_array(texts->count, sizeof(*ends));
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, &size);

	for (uint32_t id = 0; out && id < texts->count; id++) {
		if (id)
			text_write_name(out, strings_get(texts, id));
		else
			fputs(UNKNOWN, out);
		ends[id] = (size_t)ftello(out);
	}
	if (!out || fclose(out) != 0)
		abort(); /* of lack of memory alone, which ends the program anywhere */
	*ret_shown = (struct shown){ .bytes = bytes, .ends = ends };
}

/* Collects what is written: a call of stdio for every piece would take longer than the rest. */
struct output {
	char bytes[1 << 16];
	size_t used;
	int error;
};

static void flush(struct output *out)
{
	errno = 0;
	if (!out->error && fwrite(out->bytes, 1, out->used, stdout) != out->used)
		out->error = errno ? -errno : -EIO;
	out->used = 0;
}

static void put(struct output *out, const char *bytes, size_t count)
{
	while (count) {
		size_t room = sizeof(out->bytes) - out->used, now = count < room ? count : room;

		memcpy(out->bytes + out->used, bytes, now);
		out->used += now;
		bytes += now;
		count -= now;
		if (out->used == sizeof(out->bytes))
			flush(out);
	}
}

static void put_text(struct output *out, const struct shown *shown, uint32_t id)
{
	size_t start = id ? shown->ends[id - 1] : 0;

	put(out, shown->bytes + start, shown->ends[id] - start);
}

/* addr2line's `file:?` where the file alone is known. */
static void put_place(struct output *out, const struct shown *shown, const struct place *place)
{
	char line[12], *end = line + sizeof(line), *digit = end;
	uint32_t rest = place->line;

	*--digit = '\n';
	if (!rest)
		*--digit = place->file ? '?' : '0';
	for (; rest; rest /= 10)
		*--digit = (char)('0' + rest % 10);
	*--digit = ':';
	put_text(out, shown, place->name);
	put(out, "\n", 1);
	put_text(out, shown, place->file);
	put(out, digit, (size_t)(end - digit));
}

static void put_address(struct output *out, uint64_t vaddr)
{
	char text[] = "0x0000000000000000\n";

	for (char *digit = text + sizeof(text) - 3; vaddr; vaddr >>= 4)
		*digit-- = "0123456789abcdef"[vaddr & 0xf];
	put(out, text, sizeof(text) - 1);
}

static int write_answers(const struct addresses *addresses, const struct answers *answers,
			 bool with_addresses, struct err *err)
{
	static const struct place unknown;
	_cleanup_free_ struct output *out = mem_alloc(sizeof(*out));
	_cleanup_(shown_free) struct shown shown = { 0 };

	show(&answers->texts, &shown);
	for (uint32_t line = 0; line < addresses->line_count && !out->error; line++) {
		uint32_t index = addresses->lines[line];
		struct answer answer = { 0 };

		if (index != ADDRESS_NONE)
			answer = answers->by_address[index];
		if (with_addresses)
			put_address(out, index == ADDRESS_NONE ? 0 : addresses->unique[index]);
		if (!answer.count)
			put_place(out, &shown, &unknown);
		for (size_t i = 0; i < answer.count; i++)
			put_place(out, &shown, &answers->places.items[answer.first + i]);
	}
	flush(out);
	if (!out->error)
		return 0;
	return err_set(err, EXIT_CODE_FAILURE, out->error, "cannot write stdout: %s",
		       strerror(-out->error));
}

static int read_addresses(const struct opts_symbolize *opts, struct addresses *addresses,
			  struct err *err)
{
	int r;

	for (size_t i = 0; i < opts->word_count; i++)
		addresses_add(addresses, opts->words[i]);
	r = opts->word_count ? 0 : addresses_read(addresses, STDIN_FILENO);
	if (r)
		return err_set(err, EXIT_CODE_FAILURE, r, "cannot read addresses from stdin: %s",
			       strerror(-r));
	addresses_settle(addresses);
	return 0;
}

static int run(const struct opts *opts, struct err *err)
{
	_cleanup_(image_path_close) struct image image = { .fd = -1 };
	_cleanup_(addresses_free) struct addresses addresses = { 0 };
	_cleanup_(answers_free) struct answers answers = { .basenames = opts->symbolize.basenames };
	struct symbolize_options options = opts->config.symbols;
	int r = image_path_open(opts->symbolize.exe, &image, err);

	if (!r)
		r = read_addresses(&opts->symbolize, &addresses, err);
	if (r)
		return err->code;
	strings_init(&answers.texts);
	answers.by_address = mem_alloc_array(addresses.unique_count, sizeof(*answers.by_address));
	options.without_stubs = true; /* as addr2line, for which they have no name */
	symbolize_batch(&image, addresses.unique, addresses.unique_count, &options, take_names,
			&answers);
	r = write_answers(&addresses, &answers, opts->symbolize.addresses, err);
	return r ? err->code : EXIT_CODE_OK;
}

const struct command command_symbolize = {
	.name = "symbolize",
	.summary = "names for addresses of a file, as addr2line -f -C -i",
	.usage = " -e FILE [OPTION]... [ADDRESS]...",
	.bit = FOR_SYMBOLIZE,
	.examples = {
		{ "systemscope symbolize -e ./server 0x4011a6 0x40123f",
		  "for each frame its function, and file:line below it; inlined calls come first" },
		{ "systemscope symbolize -a -s -e libc.so.6 < addresses",
		  "hexadecimal, a line each, as the ELF file counts (not as a process has them mapped)" },
		{ "systemscope symbolize --no-inline -e vmlinux ffffffff81001234",
		  "the function as the linker knows it, where addr2line without -i names the innermost" },
	},
	.run = run,
};
