// SPDX-License-Identifier: MIT
/* Walks argv by option_table; what an option means stands in opts_apply.c. */
#include "opts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debuginfod.h"
#include "opts_draft.h"
#include "value.h"

/* The command's own option; where it has none by that letter, another's, which it is told. */
static const struct option_row *row_by_letter(char letter, unsigned int commands)
{
	const struct option_row *found = NULL;

	for (size_t i = 0; letter && i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];

		if (row->letter != letter && row->other_letter != letter)
			continue;
		if (row->commands & commands)
			return row;
		found = row;
	}
	return found;
}

static const struct option_row *row_by_name(const char *name, size_t length)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *known = option_table[i].name;

		if (known && strlen(known) == length && !memcmp(known, name, length))
			return &option_table[i];
	}
	return NULL;
}

/* The one a mistyped name most likely meant; NULL: nothing near. */
static const char *suggest_option(const char *name, unsigned int commands)
{
	unsigned int nearest = strlen(name) < 5 ? 2 : 3;
	const char *found = NULL;

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];
		unsigned int distance;

		if (!row->name || !(row->commands & commands))
			continue;
		if (*name && !strncmp(row->name, name, strlen(name)))
			return row->name;
		distance = value_distance(name, row->name);
		if (distance < nearest) {
			nearest = distance;
			found = row->name;
		}
	}
	return found;
}

static int unknown_option(const struct draft *draft, const char *option, const char *name,
			  struct err *err)
{
	char plain[64];
	const char *near;

	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, "="), name);
	near = suggest_option(plain, draft->opts.command->bit);
	if (near)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "unknown option %s: did you mean --%s?", option, near);
	return err_set(err, EXIT_CODE_USAGE, -EINVAL,
		       "unknown option %s: see systemscope %s --help", option,
		       draft->opts.command->name);
}

static int apply(struct draft *draft, const struct option_row *row, const char *value,
		 struct err *err)
{
	enum option_id id = (enum option_id)(row - option_table);

	if (!(row->commands & draft->opts.command->bit))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL, "%s has no option %s%s%s%s",
			       draft->opts.command->name, row->name ? "--" : "-",
			       row->name ? row->name : (char[]){ row->letter, 0 },
			       id == OPTION_FREQUENCY ? ": it takes no on-CPU stacks" : "",
			       id == OPTION_MIN_BLOCK ? ": it shows no blocked time" : "");
	return draft_apply(draft, id, value, err);
}

static int missing_value(const char *option, const struct option_row *row, struct err *err)
{
	return err_set(err, EXIT_CODE_USAGE, -EINVAL, "%s needs a value: %s %s", option, option,
		       row->value);
}

/* The value of an option that takes one: the next word, unless that is plainly an option. */
static const char *next_value(const struct draft *draft, int argc, char *const *argv, int *index)
{
	const char *next = *index + 1 < argc ? argv[*index + 1] : NULL;
	bool letter;

	if (!next || !strncmp(next, "--", 2))
		return NULL;
	letter = next[0] == '-' && next[1] && !next[2] &&
		 row_by_letter(next[1], draft->opts.command->bit);
	if (letter)
		return NULL;
	(*index)++;
	return next;
}

static int parse_long(struct draft *draft, int argc, char *const *argv, int *index,
		      struct err *err)
{
	const char *option = argv[*index], *name = option + 2;
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = row_by_name(name, length);
	const char *value = equals ? equals + 1 : NULL;

	if (!row)
		return unknown_option(draft, option, name, err);
	if (!row->value && value)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL, "--%s takes no value: leave out =%s",
			       row->name, value);
	if (row->value && !value) {
		value = next_value(draft, argc, argv, index);
		if (!value)
			return missing_value(option, row, err);
	}
	return apply(draft, row, value, err);
}

/* -p 1, -p1, -UK: letters may be joined; the first that takes a value takes the rest. */
static int parse_letters(struct draft *draft, int argc, char *const *argv, int *index,
			 struct err *err)
{
	const char *word = argv[*index];
	int r;

	if (strlen(word) > 2 && row_by_name(word + 1, strcspn(word + 1, "=")))
		return unknown_option(draft, word, word + 1, err);
	for (const char *letter = word + 1; *letter; letter++) {
		const char option[] = { '-', *letter, 0 };
		const struct option_row *row = row_by_letter(*letter, draft->opts.command->bit);
		const char *value = NULL;

		if (!row)
			return unknown_option(draft, letter == word + 1 ? word : option, word + 1,
					      err);
		if (row->value) {
			value = letter[1] ? letter + 1 : next_value(draft, argc, argv, index);
			if (!value)
				return missing_value(option, row, err);
		}
		r = apply(draft, row, value, err);
		if (r || row->value)
			return r;
	}
	return 0;
}

static int unknown_command(const char *word, struct err *err)
{
	unsigned int nearest = 3;
	const char *found = NULL;

	for (size_t i = 0; command_table[i]; i++) {
		unsigned int distance = value_distance(word, command_table[i]->name);

		if (distance < nearest) {
			nearest = distance;
			found = command_table[i]->name;
		}
	}
	if (found)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "unknown command %s: did you mean systemscope %s?", word, found);
	if (exporter_for_path(word) == exporter_by_name("scope"))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "unknown command %s: did you mean systemscope report %s?", word,
			       word);
	return err_set(err, EXIT_CODE_USAGE, -EINVAL,
		       "unknown command %s: to run a program under the profiler: "
		       "systemscope profile -- %s", word, word);
}

static int stray_word(const struct draft *draft, const char *word, struct err *err)
{
	static const enum option_id targets[] = { OPTION_PID, OPTION_TID, OPTION_COMM,
						  OPTION_CGROUP, OPTION_ALL };
	bool targeted = false;

	if (strspn(word, "0123456789,") != strlen(word)) {
		if (command_by_name(word))
			return err_set(err, EXIT_CODE_USAGE, -EINVAL,
				       "the command comes first: systemscope %s ...", word);
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "stray word %s: to run a program under the profiler, put -- before "
			       "it: -- %s", word, word);
	}
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		targeted |= draft->seen[targets[i]];
	return err_set(err, EXIT_CODE_USAGE, -EINVAL, "stray number %s: did you mean --%s %s?",
		       word, targeted ? "duration" : "pid", word);
}

static int parse_word(struct draft *draft, const char *word, struct err *err)
{
	if (draft->opts.command->bit == FOR_SYMBOLIZE) {
		*array_push(&draft->words) = word;
		return 0;
	}
	if (draft->opts.command->bit & FOR_KEPT && !draft->opts.file) {
		draft->opts.file = word;
		return 0;
	}
	if (draft->opts.command->bit == FOR_DIFF && !draft->opts.after) {
		draft->opts.after = word;
		return 0;
	}
	if (draft->opts.command->bit == FOR_DIFF)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "stray word %s: diff reads two files, and those are %s and %s", word,
			       draft->opts.file, draft->opts.after);
	if (draft->opts.command->bit & FOR_KEPT)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "stray word %s: %s reads one file, and that is %s", word,
			       draft->opts.command->name, draft->opts.file);
	if (draft->opts.command->bit != FOR_HELP) {
		if (draft->opts.command->bit & FOR_CAPTURE)
			return stray_word(draft, word, err);
		return err_set(err, EXIT_CODE_USAGE, -EINVAL, "stray word %s: %s takes none", word,
			       draft->opts.command->name);
	}
	if (draft->opts.topic)
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "stray word %s: help takes one topic", word);
	draft->opts.topic = word;
	return 0;
}

/* -h anywhere before the -- wins over whatever is wrong beside it. */
static bool asks_for_help(int argc, char *const *argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return true;
	}
	return false;
}

static int parse_command_line(struct draft *draft, char *const *rest, struct err *err)
{
	if (!(draft->opts.command->bit & FOR_CAPTURE))
		return err_set(err, EXIT_CODE_USAGE, -EINVAL, "%s runs no program: leave out --",
			       draft->opts.command->name);
	if (!rest[0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "nothing after --: give the program to run, as in -- make -j2");
	if (!rest[0][0])
		return err_set(err, EXIT_CODE_USAGE, -EINVAL,
			       "an empty name after --: give the program to run");
	draft->argv = rest;
	return 0;
}

static int parse_all(struct draft *draft, int argc, char *const *argv, int index, struct err *err)
{
	int r = 0;

	for (; !r && index < argc; index++) {
		const char *word = argv[index];

		if (!strcmp(word, "--"))
			return parse_command_line(draft, &argv[index + 1], err);
		if (word[0] == '-' && word[1] == '-')
			r = parse_long(draft, argc, argv, &index, err);
		else if (word[0] == '-' && word[1])
			r = parse_letters(draft, argc, argv, &index, err);
		else
			r = parse_word(draft, word, err);
	}
	return r;
}

static void draft_free(struct draft *draft)
{
	array_free(&draft->ids);
	array_free(&draft->files);
	array_free(&draft->words);
	opts_free(&draft->opts);
}

int opts_parse(int argc, char *const *argv, const struct opts_world *world, struct opts *ret,
	       struct err *err)
{
	_cleanup_(draft_free) struct draft draft = { .world = world };
	struct opts *opts = &draft.opts;
	int index = 1, r = 0;

	opts->command = command_table[0];
	opts->help = asks_for_help(argc, argv);
	if (argc > 1 && argv[1][0] != '-') {
		const struct command *command = command_by_name(argv[1]);

		if (command) {
			opts->command = command;
			index = 2;
		} else if (!opts->help && strspn(argv[1], "0123456789,") != strlen(argv[1])) {
			return unknown_command(argv[1], err);
		}
	}
	if (!opts->help)
		r = parse_all(&draft, argc, argv, index, err);
	if (!r && !opts->help && !opts->version)
		r = draft_check(&draft, err);
	if (r)
		return r;
	*ret = draft.opts;
	draft.opts = (struct opts){ 0 };
	return 0;
}

void opts_free(struct opts *opts)
{
	free((void *)opts->config.ids);
	free((void *)opts->config.cgroup_path);
	free((void *)opts->config.cpus);
	free((void *)opts->config.outputs);
	free((void *)opts->symbolize.words);
	debuginfod_free(&opts->config.symbols.debuginfod);
	*opts = (struct opts){ 0 };
}
