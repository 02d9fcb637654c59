// SPDX-License-Identifier: MIT
/* digest.c - the stacks with most time, for a terminal. */
#include "../exporters/text.h"
#include "../exporters/top.h"
#include "summary.h"

#define DEFAULT_COLUMNS 80

void digest_print(const struct profile *profile, const struct summary_opts *opts, FILE *out)
{
	const struct top_style style = {
		.columns = opts->columns ? opts->columns : DEFAULT_COLUMNS,
		.color = opts->color,
	};
	struct paths paths = { 0 };
	struct top top = { 0 };

	if (paths_build(profile, &(struct export_opts){ 0 }, &paths) == 0 &&
	    top_build(profile, &paths, &top) == 0) {
		fputc('\n', out); /* the summary stands above */
		top_print(&top, &style, out);
		if (top.never_ran_ns)
			fprintf(out, "Threads that never ran: %s\n\n",
				text_duration(top.never_ran_ns).bytes);
		fputs("For a flame graph run it again with -o out.folded, and then:\n"
		      "  flamegraph.pl --countname us out.folded > out.svg\n",
		      out);
	}
	top_free(&top);
	paths_free(&paths);
}
