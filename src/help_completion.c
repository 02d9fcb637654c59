// SPDX-License-Identifier: MIT
#include "help.h"

#include "exporter.h"

static void put_option_words(const struct command *command, FILE *out)
{
	const char *space = "";

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];

		if (!(row->commands & command->bit))
			continue;
		if (row->name)
			fprintf(out, "%s--%s", space, row->name);
		else
			fprintf(out, "%s-%c", space, row->letter);
		space = " ";
	}
}

/* The patterns of a case that the option's word matches. */
static void put_patterns(enum option_values values, FILE *out)
{
	const char *bar = "";

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];

		if (!row->value || row->values != values)
			continue;
		if (row->letter)
			fprintf(out, "%s-%c", bar, row->letter);
		if (row->letter)
			bar = "|";
		if (row->other_letter)
			fprintf(out, "%s-%c", bar, row->other_letter);
		if (row->name)
			fprintf(out, "%s--%s", bar, row->name);
		bar = "|";
	}
}

static void put_case(enum option_values values, const char *action, FILE *out)
{
	fputs("\t", out);
	put_patterns(values, out);
	fprintf(out, ")\n\t\t%s\n\t\treturn ;;\n", action);
}

/* An absolute path, or one below the cgroup v2 mount. Whole directories only: more may follow. */
#define COMPLETE_CGROUP                                                                            \
	"local directory=/ type\n"                                                                 \
	"\t\tif [[ $cur != /* ]]; then\n"                                                          \
	"\t\t\twhile read -r _ directory type _ && [[ $type != cgroup2 ]]; do :; done "            \
	"</proc/self/mounts\n"                                                                     \
	"\t\t\t[[ $type == cgroup2 ]] || return\n"                                                \
	"\t\tfi\n"                                                                                \
	"\t\tcompopt -o nospace 2>/dev/null\n"                                                    \
	"\t\tCOMPREPLY=($(cd \"$directory\" && compgen -d -S / -- \"$cur\"))"

/* A word that is no option is the file; it may lie deeper. */
#define COMPLETE_KEPT                                                                              \
	"\n\t\tif [[ $cur != -* ]]; then\n"                                                       \
	"\t\t\tCOMPREPLY=($(compgen -f -X '!*.scope' -- \"$cur\"; compgen -d -- \"$cur\"))\n"      \
	"\t\t\treturn\n"                                                                          \
	"\t\tfi"

void help_print_bash_completion(FILE *out)
{
	fputs("# bash completion for systemscope; made by: systemscope help --bash-completion\n"
	      "_systemscope()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i words\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [[ $prev == = ]]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\telif [[ $cur == = ]]; then\n"
	      "\t\tcur=\n"
	      "\tfi\n"
	      "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "\t\tif [[ ${COMP_WORDS[i]} == -- ]]; then\n"
	      "\t\t\tCOMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
	      "\t\t\treturn\n"
	      "\t\tfi\n"
	      "\tdone\n"
	      "\tcase $prev in\n"
	      "\t:)\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\treturn ;;\n", out);
	put_case(VALUES_FILE, "COMPREPLY=($(compgen -f -- \"$cur\"))", out);
	put_case(VALUES_CGROUP, COMPLETE_CGROUP, out);
	put_case(VALUES_USER, "COMPREPLY=($(compgen -u -- \"$cur\"))", out);
	put_case(VALUES_PID, "COMPREPLY=($(cd /proc && compgen -W \"$(echo [0-9]*)\" -- \"$cur\"))", out);
	put_case(VALUES_COLOR, "COMPREPLY=($(compgen -W 'auto always never' -- \"$cur\"))", out);
	put_case(VALUES_NONE, ":", out);
	fputs("\t", out);
	put_patterns(VALUES_FORMAT, out);
	fputs(")\n\t\tCOMPREPLY=($(compgen -W '", out);
	for (size_t i = 0; exporter_table[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", exporter_table[i]->name);
	fputs("' -- \"$cur\"))\n\t\treturn ;;\n\tesac\n\tcase ${COMP_WORDS[1]} in\n", out);
	for (size_t i = 1; command_table[i]; i++) {
		fprintf(out, "\t%s) words='", command_table[i]->name);
		if (command_table[i]->bit == FOR_HELP)
			for (size_t j = 0; command_table[j]; j++)
				fprintf(out, "%s ", command_table[j]->name);
		if (command_table[i]->bit == FOR_HELP)
			fputs("frames ", out);
		put_option_words(command_table[i], out);
		fputs("'", out);
		if (command_table[i]->bit & FOR_KEPT)
			fputs(COMPLETE_KEPT, out);
		fputs(" ;;\n", out);
	}
	fputs("\t*) words='", out);
	put_option_words(command_table[0], out);
	fputs("' ;;\n\tesac\n\tif ((COMP_CWORD == 1)); then\n\t\twords+=' ", out);
	for (size_t i = 0; command_table[i]; i++)
		fprintf(out, "%s ", command_table[i]->name);
	fputs("'\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	      "complete -o filenames -F _systemscope systemscope\n", out);
}
