// SPDX-License-Identifier: MIT
#include "help.h"

#include <string.h>

#include "exporter.h"

enum { COLUMNS = 79, TEXT_COLUMN = 29 };

const struct help_exit help_exits[] = {
	{ "0", "all data written; also after Ctrl-C, SIGTERM or the target's end" },
	{ "N", "with COMMAND: its own exit status, 128+N if signal N killed it, 126 or 127 if it "
	       "could not be started; 0 if systemscope ended it when --duration was over" },
	{ "1", "a failure: no such process, a file that cannot be written, ..." },
	{ "2", "a mistake in the options" },
	{ "77", "a privilege or a kernel feature is missing: systemscope doctor tells which" },
	{ NULL, NULL },
};

/* `text` wrapped at COLUMNS, from `column` on; the cursor stands at `at`. */
static void print_wrapped(FILE *out, const char *text, int column, int at)
{
	if (at >= column) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", column - at, "");
	at = column;
	while (*text) {
		int length = (int)strcspn(text, " ");

		if (at > column && at + 1 + length > COLUMNS) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", length, text);
		at += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_row(FILE *out, const char *head, const char *text)
{
	int at = fprintf(out, "  %s", head);

	/* One space between head and text would read as one phrase. */
	print_wrapped(out, text, TEXT_COLUMN, at + 1 >= TEXT_COLUMN ? TEXT_COLUMN : at);
}

void help_option_head(const struct option_row *row, char *head, size_t size)
{
	char letters[16] = "";

	if (row->letter && row->other_letter)
		snprintf(letters, sizeof(letters), "-%c, -%c", row->letter, row->other_letter);
	else if (row->letter)
		snprintf(letters, sizeof(letters), "-%c", row->letter);
	snprintf(head, size, "%s%s%s%s%s%s", letters, *letters && row->name ? ", " : "",
		 row->name ? "--" : "", row->name ? row->name : "", row->value ? " " : "",
		 row->value ? row->value : "");
}

static void print_options(unsigned int commands, FILE *out)
{
	for (int group = 0; group < GROUP_COUNT; group++) {
		bool titled = false;

		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const struct option_row *row = &option_table[i];
			char head[64], indented[80];

			if ((int)row->group != group || !(row->commands & commands))
				continue;
			if (!titled)
				fprintf(out, "\n%s:\n", option_group_titles[group]);
			titled = true;
			help_option_head(row, head, sizeof(head));
			snprintf(indented, sizeof(indented), "%s%s", row->letter ? "" : "    ",
				 head);
			print_row(out, indented, row->text);
		}
	}
}

static void print_formats(bool difference, FILE *out)
{
	fputs("\nFormats:\n", out);
	for (size_t i = 0; exporter_table[i]; i++) {
		const struct exporter *exporter = exporter_table[i];
		char head[64];
		size_t length;

		if (difference && !exporter->write_diff)
			continue;
		length = (size_t)snprintf(head, sizeof(head), "%-8s", exporter->name);
		for (size_t j = 0; exporter->suffixes[j] && length < sizeof(head); j++)
			length += (size_t)snprintf(head + length, sizeof(head) - length, "%s%s",
						   j ? ", " : " ", exporter->suffixes[j]);
		print_row(out, head, exporter->summary);
	}
}

static void print_examples(const struct command *command, FILE *out)
{
	fputs("Examples:\n", out);
	for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i].line; i++) {
		fprintf(out, "  %s\n", command->examples[i].line);
		print_wrapped(out, command->examples[i].text, 6, 0);
	}
}

void help_print(const struct command *command, FILE *out)
{
	const struct command *shown = command ? command : command_table[0];

	if (command)
		fprintf(out, "systemscope %s - %s\n\n", command->name, command->summary);
	else
		fputs("systemscope - a wall clock for programs: where every nanosecond of every\n"
		      "thread goes, on the CPU, waiting for one, or blocked\n\n", out);
	print_examples(shown, out);
	fprintf(out, "\nUsage: systemscope %s%s\n", command ? command->name : "[COMMAND]",
		command ? command->usage : " [OPTION]... [-- PROGRAM [ARG]...]");
	if (!command) {
		fputs("\nCommands:\n", out);
		for (size_t i = 0; command_table[i]; i++)
			print_row(out, command_table[i]->name, command_table[i]->summary);
	}
	print_options(shown->bit, out);
	if (shown->bit & FOR_OUTPUT)
		print_formats(shown->bit == FOR_DIFF, out);
	if (shown->bit & FOR_CAPTURE) {
		fputs("\nExit status:\n", out);
		for (size_t i = 0; help_exits[i].code; i++)
			print_row(out, help_exits[i].code, help_exits[i].text);
	}
}

/* The number that a run puts into a name is N here. */
void help_label_name(const struct label_info *label, char *name, size_t size)
{
	const char *number = strstr(label->name, "%llu");

	if (number)
		snprintf(name, size, "%.*sN%s", (int)(number - label->name), label->name,
			 number + strlen("%llu"));
	else
		snprintf(name, size, "%s", label->name);
}

void help_print_frames(FILE *out)
{
	fputs("Names in brackets stand where a function's name would. The time under them is\n"
	      "counted like any other; only its stack is not known.\n\n", out);
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		char name[64];

		help_label_name(&label_table[i], name, sizeof(name));
		fprintf(out, "  %s\n", name);
		print_wrapped(out, label_table[i].text, 6, 0);
	}
}
