// SPDX-License-Identifier: MIT
#include "help.h"

#include "exporter.h"

/* Roff takes a dot or a quote at the start of a line, and a backslash anywhere, for its own. */
static void put(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void put_item(FILE *out, const char *head, const char *text)
{
	fputs(".TP\n.B ", out);
	put(out, head);
	fputc('\n', out);
	put(out, text);
	fputc('\n', out);
}

static void put_commands(FILE *out)
{
	fputs(".SH COMMANDS\nOptions without a command mean\n.BR profile .\n", out);
	for (size_t i = 0; command_table[i]; i++)
		put_item(out, command_table[i]->name, command_table[i]->summary);
}

static void put_examples(FILE *out)
{
	fputs(".SH EXAMPLES\n", out);
	for (size_t i = 0; command_table[i]; i++) {
		const struct example *examples = command_table[i]->examples;

		for (size_t j = 0; j < COMMAND_EXAMPLES && examples[j].line; j++)
			put_item(out, examples[j].line, examples[j].text);
	}
}

static void put_options(FILE *out)
{
	fputs(".SH OPTIONS\n", out);
	for (int group = 0; group < GROUP_COUNT; group++) {
		fprintf(out, ".SS %s\n", option_group_titles[group]);
		for (size_t i = 0; i < OPTION_COUNT; i++) {
			char head[64];

			if ((int)option_table[i].group != group)
				continue;
			help_option_head(&option_table[i], head, sizeof(head));
			put_item(out, head, option_table[i].text);
		}
	}
}

static void put_formats(FILE *out)
{
	fputs(".SH FORMATS\n", out);
	for (size_t i = 0; exporter_table[i]; i++) {
		const struct exporter *exporter = exporter_table[i];

		fputs(".TP\n.B ", out);
		put(out, exporter->name);
		for (size_t j = 0; exporter->suffixes[j]; j++) {
			fputs(j ? ", " : " (", out);
			put(out, exporter->suffixes[j]);
		}
		fputs(exporter->suffixes[0] ? ")\n" : "\n", out);
		put(out, exporter->summary);
		fputc('\n', out);
	}
}

void help_print_man(FILE *out)
{
	fputs(".TH SYSTEMSCOPE 1 \"\" \"systemscope " SYSTEMSCOPE_VERSION "\" \"User Commands\"\n"
	      ".SH NAME\n"
	      "systemscope \\- a wall\\-clock profiler whose times add up\n"
	      ".SH SYNOPSIS\n"
	      ".B systemscope\n"
	      "[\\fICOMMAND\\fR] [\\fIOPTION\\fR]... [\\fB\\-\\-\\fR \\fIPROGRAM\\fR "
	      "[\\fIARG\\fR]...]\n"
	      ".SH DESCRIPTION\n"
	      "Accounts for every nanosecond of every thread of a process, of a program that it "
	      "starts, or of\nthe whole system: on a CPU, waiting for one, or blocked, with the "
	      "stack and the reason. For each\nthread the three add up to the time it was alive "
	      "in the window; what could not be explained is\nshown on every run.\n",
	      out);
	put_examples(out);
	put_commands(out);
	put_options(out);
	put_formats(out);
	fputs(".SH \"NAMES IN BRACKETS\"\n", out);
	for (size_t i = 0; i < LABEL_COUNT; i++) {
		char name[64];

		help_label_name(&label_table[i], name, sizeof(name));
		put_item(out, name, label_table[i].text);
	}
	fputs(".SH \"EXIT STATUS\"\n", out);
	for (size_t i = 0; help_exits[i].code; i++)
		put_item(out, help_exits[i].code, help_exits[i].text);
	fputs(".SH ENVIRONMENT\n", out);
	put_item(out, "NO_COLOR, TERM", "NO_COLOR set, or TERM=dumb: no colour, unless --color "
					"asks for it.");
	put_item(out, "SUDO_UID, SUDO_GID", "Set by sudo: COMMAND runs as this user, and files "
					    "written belong to it.");
	fputs(".SH \"SEE ALSO\"\n.BR perf (1),\n.BR proc (5)\n", out);
}
