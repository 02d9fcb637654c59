// SPDX-License-Identifier: MIT
/*
 * unwind-bench.c - what unwind tables of files come to: unwind-bench FILE...
 *
 * Prints for each its rows, the bytes of its table, the CPU time to build it (the best of five),
 * and how many rows have no rule; then, of all together, the rules and why rows have none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "unwind_table.h"

#define RUNS 5

static const char *const why_names[CFI_WHYS] = {
	[CFI_WHY_CFA_REGISTER] = "CFA of a register that rules cannot name",
	[CFI_WHY_CFA_EXPRESSION] = "CFA of an expression",
	[CFI_WHY_RANGE] = "offset too large",
	[CFI_WHY_SP] = "stack pointer is not the CFA",
	[CFI_WHY_BP] = "frame pointer",
	[CFI_WHY_RA] = "return address",
	[CFI_WHY_SIGNAL] = "signal frame",
	[CFI_WHY_MALFORMED] = "malformed",
	[CFI_WHY_RULES_FULL] = "no room for rules",
};

struct totals {
	size_t files, rows, bytes, unsupported[CFI_WHYS], unsupported_rows, dropped;
	double ms;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void measure(const char *path, struct unwind_rules *rules, struct totals *totals)
{
	struct unwind_table table = { 0 };
	double best_ms = 0;
	size_t bytes;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0 || fstat(fd, &st)) {
		printf("%s: %s\n", path, strerror(errno));
		return;
	}
	for (int i = 0; i < RUNS && !error; i++) {
		double start_ms = now_ms(), ms;

		unwind_table_free(&table);
		error = unwind_table_build(fd, (uint64_t)st.st_size, rules, &table);
		ms = now_ms() - start_ms;
		if (!i || ms < best_ms)
			best_ms = ms;
	}
	close(fd);
	if (error) {
		printf("%s: %s\n", path, strerror(-error));
		return;
	}
	bytes = table.element_count * SCOPE_UNWIND_ELEMENT;
	printf("%9zu rows %9zu bytes %5.2f bytes/row %8.2f ms %6zu without a rule  %s\n",
	       table.rows, bytes, (double)bytes / (double)table.rows, best_ms,
	       table.rows_unsupported, path);
	totals->files++;
	totals->rows += table.rows;
	totals->bytes += bytes;
	totals->ms += best_ms;
	totals->unsupported_rows += table.rows_unsupported;
	totals->dropped += table.pages_dropped;
	for (size_t i = 0; i < CFI_WHYS; i++)
		totals->unsupported[i] += table.unsupported[i];
	unwind_table_free(&table);
}

int main(int argc, char **argv)
{
	struct unwind_rules *rules = unwind_rules_new();
	struct totals totals = { 0 };

	for (int i = 1; i < argc; i++)
		measure(argv[i], rules, &totals);
	printf("%zu files, %zu rows, %zu bytes, %.2f ms, %u rules, %zu pages dropped\n",
	       totals.files, totals.rows, totals.bytes, totals.ms, unwind_rules_count(rules),
	       totals.dropped);
	printf("%zu rows without a rule\n", totals.unsupported_rows);
	for (size_t i = 1; i < CFI_WHYS; i++) {
		if (totals.unsupported[i])
			printf("%9zu %s\n", totals.unsupported[i], why_names[i]);
	}
	unwind_rules_free(&rules);
	return 0;
}
